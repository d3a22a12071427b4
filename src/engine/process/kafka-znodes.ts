import type { EpochMs, HostName } from '../kernel/units.ts';
import type { ZkOperation } from '../zookeeper-client/contract.ts';

/** ZkData.PersistentZkPaths with their parents, in the order in which Kafka comes to make them. */
const PERSISTENT_PATHS: readonly string[] = [
  '/consumers',
  '/brokers',
  '/brokers/ids',
  '/brokers/topics',
  '/config',
  '/config/changes',
  '/admin',
  '/admin/delete_topics',
  '/brokers/seqid',
  '/isr_change_notification',
  '/latest_producer_id_block',
  '/log_dir_event_notification',
  '/config/topics',
  '/config/clients',
  '/config/users',
  '/config/brokers',
  '/config/ips',
];

export const CLUSTER_ID_PATH = '/cluster/id';
export const TOPICS_PATH = '/brokers/topics';

/** Creates what is missing; NODEEXISTS is the usual answer. */
export function topLevelPathOperations(): readonly ZkOperation[] {
  return PERSISTENT_PATHS.map((path) => ({ op: 'create', path, data: '', ephemeral: false, sequential: false }));
}

/** KafkaZkClient.createOrGetClusterId: whoever comes first names the cluster, and all read the name. */
export function clusterIdOperations(proposedId: string): readonly ZkOperation[] {
  return [
    { op: 'create', path: '/cluster', data: '', ephemeral: false, sequential: false },
    { op: 'create', path: CLUSTER_ID_PATH, data: `{"version":"1","id":"${proposedId}"}`, ephemeral: false, sequential: false },
    { op: 'getData', path: CLUSTER_ID_PATH, watch: false },
  ];
}

/** The id in `/cluster/id`, or null for data that is no such JSON (ClusterIdZNode.fromJson). */
export function decodeClusterId(data: string): string | null {
  try {
    const parsed: unknown = JSON.parse(data);
    const id = typeof parsed === 'object' && parsed !== null && 'id' in parsed ? parsed.id : null;
    return typeof id === 'string' ? id : null;
  } catch {
    return null;
  }
}

export function brokerIdPath(brokerId: number): string {
  return `/brokers/ids/${brokerId}`;
}

/** BrokerIdZNode, version 5. */
export function encodeBrokerInfo(broker: { readonly host: HostName; readonly port: number; readonly rack: string | null }, nowMs: EpochMs): string {
  const { host, port, rack } = broker;
  return JSON.stringify({
    version: 5,
    host,
    port,
    jmx_port: -1,
    timestamp: String(nowMs),
    endpoints: [`PLAINTEXT://${host}:${port}`],
    listener_security_protocol_map: { PLAINTEXT: 'PLAINTEXT' },
    ...(rack === null ? {} : { rack }),
    features: {},
  });
}
