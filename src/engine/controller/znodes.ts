import type { BrokerEpoch, BrokerId, ControllerEpoch, HostName, LeaderEpoch } from '../kernel/units.ts';

/** Kafka's znodes as the controller reads and writes them (kafka.zk.ZkData): paths and JSON. */
export const CONTROLLER_PATH = '/controller';
export const CONTROLLER_EPOCH_PATH = '/controller_epoch';
export const BROKER_IDS_PATH = '/brokers/ids';
export const TOPICS_PATH = '/brokers/topics';
export const LOG_DIR_EVENTS_PATH = '/log_dir_event_notification';
export const PRODUCER_ID_BLOCK_PATH = '/latest_producer_id_block';

export const brokerPath = (brokerId: BrokerId): string => `${BROKER_IDS_PATH}/${brokerId}`;
export const topicPath = (topic: string): string => `${TOPICS_PATH}/${topic}`;
export const partitionsPath = (topic: string): string => `${topicPath(topic)}/partitions`;
export const partitionPath = (topic: string, partition: number): string => `${partitionsPath(topic)}/${partition}`;
export const statePath = (topic: string, partition: number): string => `${partitionPath(topic, partition)}/state`;

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

export interface TopicAssignment {
  readonly topic: string;
  /** Base64, as it stands in the znode. */
  readonly topicId: string;
  /** Replicas by partition id. */
  readonly partitions: readonly (readonly BrokerId[])[];
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
  const value = parse(data) as { topic_id?: string; partitions?: Record<string, number[]> } | null;
  if (value === null || value.partitions === undefined) return null;
  const partitions: (readonly number[])[] = [];
  for (const [id, replicas] of Object.entries(value.partitions)) partitions[Number(id)] = replicas;
  return { topic, topicId: value.topic_id ?? '', partitions };
}

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
