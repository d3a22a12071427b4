import type { BrokerId, LeaderEpoch, PartitionId } from '../../kernel/units.ts';
import { getPartition, partitionKey, type BrokerState } from '../broker-state.ts';
import { findBroker, findPartition, type LiveBroker } from '../metadata/metadata-cache.ts';
import { leaderOf, NO_LEADER } from '../replication/partition.ts';

export interface LeaderIdAndEpoch {
  readonly leaderId: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
}

/** Who leads, as a hosted replica believes, else as the metadata cache says (KafkaApis.getCurrentLeader). */
export function currentLeader(state: BrokerState, topic: string, partition: PartitionId): LeaderIdAndEpoch {
  const hosted = getPartition(state, partitionKey(topic, partition));
  if (hosted !== null) return { leaderId: leaderOf(hosted, state.identity.brokerId), leaderEpoch: hosted.leaderEpoch };
  const known = findPartition(state.metadata, topic, partition);
  return known === null ? { leaderId: NO_LEADER, leaderEpoch: -1 } : { leaderId: known.leader, leaderEpoch: known.leaderEpoch };
}

export interface NodeEndpoint {
  readonly nodeId: BrokerId;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

const NO_ENDPOINTS: readonly NodeEndpoint[] = [];

/** Addresses of these brokers as far as they are alive, each once. */
export function endpointsOf(state: BrokerState, brokerIds: readonly BrokerId[]): readonly NodeEndpoint[] {
  if (brokerIds.length === 0) return NO_ENDPOINTS;
  const endpoints: NodeEndpoint[] = [];
  for (const brokerId of brokerIds) {
    const broker = findBroker(state.metadata, brokerId);
    if (broker !== null && !endpoints.some((endpoint) => endpoint.nodeId === brokerId)) endpoints.push(endpointOf(broker));
  }
  return endpoints;
}

function endpointOf(broker: LiveBroker): NodeEndpoint {
  return { nodeId: broker.brokerId, host: broker.host, port: broker.port, rack: broker.rack };
}
