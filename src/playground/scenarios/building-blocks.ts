import type { ConsumerSpec, ProducerSpec } from '../../engine/world/command.ts';
import type { ClusterSpec } from '../../engine/world/scenario.ts';

/** 14 November 2023, 22:13:20 UTC: virtual zero of the built-in scenarios, as in the recorded timelines. */
const EPOCH_MS = 1_700_000_000_000;

/** Three ZooKeeper servers and brokers 1, 2, 3 in classroom timing; the rest as given. */
export function threeBrokers(parts: Pick<ClusterSpec, 'topics' | 'producers' | 'consumers'> & Partial<ClusterSpec>): ClusterSpec {
  return {
    mode: 'zookeeper',
    zookeeperServers: 3,
    brokers: [{ brokerId: 1 }, { brokerId: 2 }, { brokerId: 3 }],
    brokerConfigs: {},
    timing: 'classroom',
    epochMs: EPOCH_MS,
    ...parts,
  };
}

/** Topic `orders` with its first replicas on brokers 1, 2, 3 in turn, so that a lesson can name them. */
export function ordersTopic(partitionCount: 1 | 2 | 3): ClusterSpec['topics'][number] {
  const assignment: Record<string, readonly number[]> = {};
  for (let partition = 0; partition < partitionCount; partition++) assignment[partition] = [0, 1, 2].map((i) => ((partition + i) % 3) + 1);
  return { topic: 'orders', partitionCount, replicationFactor: 3, configs: { 'min.insync.replicas': '2' }, assignment };
}

/** Sends keyed records to `orders` by itself. */
export function steadyProducer(recordsPerSecond: number): ProducerSpec {
  return { configs: { acks: 'all' }, topic: 'orders', recordsPerSecond, keyCount: 12, valueBytes: 24 };
}

/** Sends only what it is told to, at once. */
export function producerByHand(topic: string, configs: Readonly<Record<string, string>>): ProducerSpec {
  return { configs: { 'linger.ms': '0', ...configs }, topic, recordsPerSecond: 0, keyCount: 0, valueBytes: 0 };
}

export function consumerOf(topic: string): ConsumerSpec {
  return { configs: { 'auto.offset.reset': 'earliest' }, topic };
}
