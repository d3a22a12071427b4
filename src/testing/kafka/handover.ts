import type { Scenario } from '../../engine/world/scenario.ts';
import { ALL_CODECS, type AnyCodec } from './written-segments.ts';

/** Virtual zero lies a day back, so that nothing is old enough to be deleted. */
const DAY_MS = 86_400_000;
const STOP_BROKER_MS = 40_000;
const STOP_ZOOKEEPER_MS = 60_000;

export function topicOf(codec: AnyCodec): string {
  return `orders-${codec}`;
}

/** One broker, with the log dirs given, and one ZooKeeper server, a topic for each codec with a producer that uses it, and a clean stop of both. */
export function handoverScenario(nowMs: number, logDirs: readonly string[]): Scenario {
  return {
    format: 1,
    name: 'handover',
    title: { en: 'Handover', ko: '인계' },
    seed: 1,
    cluster: {
      mode: 'zookeeper',
      zookeeperServers: 1,
      brokers: [{ brokerId: 1 }],
      brokerConfigs: { 'log.dirs': logDirs.map((dir) => `/${dir}`).join(',') },
      timing: 'classroom',
      epochMs: nowMs - DAY_MS,
      topics: ALL_CODECS.map((codec) => ({ topic: topicOf(codec), partitionCount: 2, replicationFactor: 1 })),
      producers: ALL_CODECS.map((codec) => ({
        name: `producer-${codec}`,
        config: {
          configs: { acks: 'all', 'linger.ms': '500', ...compression(codec) },
          topic: topicOf(codec),
          recordsPerSecond: 20,
          keyCount: 5,
          valueBytes: 40,
          recordCount: 300,
        },
      })),
      consumers: [],
    },
    commands: [
      { atMs: STOP_BROKER_MS, command: { type: 'stopProcess', machine: 'b1' } },
      { atMs: STOP_ZOOKEEPER_MS, command: { type: 'stopProcess', machine: 'zk1' } },
    ],
    claims: [],
    untilMs: STOP_ZOOKEEPER_MS + 10_000,
  };
}

function compression(codec: AnyCodec): Readonly<Record<string, string>> {
  return codec === 'none' ? {} : { 'compression.type': codec };
}
