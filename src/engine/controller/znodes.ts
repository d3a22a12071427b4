import type { BrokerEpoch, BrokerId, ControllerEpoch, HostName, LeaderEpoch } from '../kernel/units.ts';
import type { Assignment } from './assignment.ts';

/** Kafka's znodes as the controller reads and writes them (kafka.zk.ZkData): paths and JSON. */
export const CONTROLLER_PATH = '/controller';
export const CONTROLLER_EPOCH_PATH = '/controller_epoch';
export const BROKER_IDS_PATH = '/brokers/ids';
export const TOPICS_PATH = '/brokers/topics';
export const LOG_DIR_EVENTS_PATH = '/log_dir_event_notification';
export const ISR_CHANGES_PATH = '/isr_change_notification';
export const DELETIONS_PATH = '/admin/delete_topics';
export const REASSIGNMENT_PATH = '/admin/reassign_partitions';
export const PREFERRED_ELECTION_PATH = '/admin/preferred_replica_election';
export const FEATURE_PATH = '/feature';
export const PRODUCER_ID_BLOCK_PATH = '/latest_producer_id_block';

export const brokerPath = (brokerId: BrokerId): string => `${BROKER_IDS_PATH}/${brokerId}`;
export const topicPath = (topic: string): string => `${TOPICS_PATH}/${topic}`;
export const partitionsPath = (topic: string): string => `${topicPath(topic)}/partitions`;
export const partitionPath = (topic: string, partition: number): string => `${partitionsPath(topic)}/${partition}`;
export const statePath = (topic: string, partition: number): string => `${partitionPath(topic, partition)}/state`;

export const topicConfigPath = (topic: string): string => `/config/topics/${topic}`;
export const deletionPath = (topic: string): string => `${DELETIONS_PATH}/${topic}`;

export interface LeaderAndIsr {
  /** -1: none. */
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly isr: readonly BrokerId[];
  readonly controllerEpoch: ControllerEpoch;
  /** After an unclean election, until the ISR next changes. */
  readonly recovering: boolean;
}

export interface LiveBroker {
  readonly id: BrokerId;
  /** czxid of its znode. */
  readonly epoch: BrokerEpoch;
  readonly host: HostName;
  readonly port: number;
  readonly rack: string | null;
}

/** What the znode of a topic says (TopicZNode). */
export interface TopicAssignment {
  readonly topic: string;
  /** Base64, as it stands in the znode. */
  readonly topicId: string;
  /** By partition id. */
  readonly partitions: readonly Assignment[];
}

export function encodeController(brokerId: BrokerId, timestampMs: number): string {
  return JSON.stringify({ version: 2, brokerid: brokerId, timestamp: String(timestampMs), kraftControllerEpoch: -1 });
}

/** The broker id in `/controller`, or null when it cannot be read. */
export function decodeController(data: string): BrokerId | null {
  const value = parse(data) as { brokerid?: unknown } | null;
  return typeof value?.brokerid === 'number' ? value.brokerid : null;
}

export function encodeLeaderAndIsr(state: LeaderAndIsr): string {
  const base = { version: 1, leader: state.leader, leader_epoch: state.leaderEpoch, controller_epoch: state.controllerEpoch, isr: state.isr };
  return JSON.stringify(state.recovering ? { ...base, leader_recovery_state: 1 } : base);
}

export function decodeLeaderAndIsr(data: string): LeaderAndIsr | null {
  const value = parse(data) as { leader?: number; leader_epoch?: number; isr?: number[]; controller_epoch?: number; leader_recovery_state?: number } | null;
  if (value === null || value.leader === undefined || value.leader_epoch === undefined || value.isr === undefined) return null;
  return {
    leader: value.leader,
    leaderEpoch: value.leader_epoch,
    isr: value.isr,
    controllerEpoch: value.controller_epoch ?? 0,
    recovering: value.leader_recovery_state === 1,
  };
}

export function decodeBroker(id: BrokerId, epoch: BrokerEpoch, data: string): LiveBroker | null {
  const value = parse(data) as { host?: string; port?: number; rack?: string } | null;
  if (value === null || value.host === undefined || value.port === undefined) return null;
  return { id, epoch, host: value.host, port: value.port, rack: value.rack ?? null };
}

export function decodeTopic(topic: string, data: string): TopicAssignment | null {
  const value = parse(data) as {
    topic_id?: string;
    partitions?: Record<string, number[]>;
    adding_replicas?: Record<string, number[]>;
    removing_replicas?: Record<string, number[]>;
  } | null;
  if (value === null || value.partitions === undefined) return null;
  const partitions: Assignment[] = [];
  for (const [id, replicas] of Object.entries(value.partitions))
    partitions[Number(id)] = { replicas, adding: value.adding_replicas?.[id] ?? [], removing: value.removing_replicas?.[id] ?? [] };
  return { topic, topicId: value.topic_id ?? '', partitions };
}

/** TopicZNode, version 3; `partitions` are all of the topic's. */
export function encodeTopic(topicId: string, partitions: readonly ({ readonly partition: number } & Assignment)[]): string {
  const byId = (pick: (one: Assignment) => readonly BrokerId[]): Record<string, readonly BrokerId[]> =>
    Object.fromEntries(partitions.flatMap((one) => (pick(one).length > 0 ? [[String(one.partition), pick(one)]] : [])));
  return JSON.stringify({
    version: 3,
    topic_id: topicId,
    partitions: byId((one) => one.replicas),
    adding_replicas: byId((one) => one.adding),
    removing_replicas: byId((one) => one.removing),
  });
}

/** The overrides in `/config/topics/T`; none where it cannot be read. */
export function decodeTopicConfigs(data: string): Readonly<Record<string, string>> {
  return (parse(data) as { config?: Record<string, string> } | null)?.config ?? {};
}

export interface StoredReassignment {
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly BrokerId[];
}

/** `/admin/reassign_partitions`; what is not of that form is left out. */
export function decodeReassignment(data: string): readonly StoredReassignment[] {
  const partitions = (parse(data) as { partitions?: unknown } | null)?.partitions;
  if (!Array.isArray(partitions)) return [];
  return (partitions as Partial<StoredReassignment>[]).flatMap(({ topic, partition, replicas }) =>
    topic === undefined || partition === undefined || !Array.isArray(replicas) ? [] : [{ topic, partition, replicas }],
  );
}

export function encodeReassignment(partitions: readonly StoredReassignment[]): string {
  return JSON.stringify({ version: 1, partitions });
}

/** Topics and partitions as `/admin/preferred_replica_election` and `/isr_change_notification` name them. */
export function decodePartitions(data: string): readonly { readonly topic: string; readonly partition: number }[] {
  const partitions = (parse(data) as { partitions?: unknown } | null)?.partitions;
  if (!Array.isArray(partitions)) return [];
  return (partitions as { topic?: string; partition?: number }[]).flatMap(({ topic, partition }) =>
    topic === undefined || partition === undefined ? [] : [{ topic, partition }],
  );
}

/** FeatureZNode of inter.broker.protocol.version 3.9: no finalized feature, and features are on. */
export const FEATURE_DATA = '{"version":2,"status":1,"features":{}}';

/** The broker that an event in `/log_dir_event_notification` is about, or null when it cannot be read (LogDirEventNotificationSequenceZNode). */
export function decodeLogDirEvent(data: string): BrokerId | null {
  const value = parse(data) as { broker?: unknown; event?: unknown } | null;
  return typeof value?.broker === 'number' && value.event === 1 ? value.broker : null;
}

export interface ProducerIdBlock {
  readonly brokerId: BrokerId;
  readonly firstId: number;
  readonly lastId: number;
}

export function encodeProducerIdBlock(block: ProducerIdBlock): string {
  return JSON.stringify({ version: 1, broker: block.brokerId, block_start: String(block.firstId), block_end: String(block.lastId) });
}

/** The block that was given out last, or null before the first. */
export function decodeProducerIdBlock(data: string): ProducerIdBlock | null {
  const value = parse(data) as { broker?: number; block_start?: string; block_end?: string } | null;
  if (value === null || value.broker === undefined || value.block_start === undefined || value.block_end === undefined) return null;
  return { brokerId: value.broker, firstId: Number(value.block_start), lastId: Number(value.block_end) };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    // Kafka treats a znode it cannot parse as absent data and logs it; so does its caller here.
    return null;
  }
}
