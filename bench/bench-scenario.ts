import type { Scenario } from '../src/engine/world/scenario.ts';

/** The cluster that the numbers are about: three brokers, 12 partitions on all three, 100 records a second, one consumer of them all. */
export function benchScenario(timing: 'classroom' | 'kafka'): Scenario {
  return {
    format: 1,
    name: `bench-${timing}`,
    title: { en: `Bench, ${timing} timing`, ko: `벤치마크, ${timing} 타이밍` },
    seed: 1,
    cluster: {
      mode: 'zookeeper',
      zookeeperServers: 3,
      brokers: [{ brokerId: 1 }, { brokerId: 2 }, { brokerId: 3 }],
      brokerConfigs: {},
      timing,
      epochMs: 1_700_000_000_000,
      topics: [{ topic: 'orders', partitionCount: 12, replicationFactor: 3, configs: { 'min.insync.replicas': '2' } }],
      producers: [{ name: 'producer-1', config: { configs: { acks: 'all' }, topic: 'orders', recordsPerSecond: 100, keyCount: 200, valueBytes: 100 } }],
      consumers: [{ name: 'consumer-1', config: { configs: { 'auto.offset.reset': 'earliest' }, topic: 'orders' } }],
    },
    commands: [],
    claims: [],
    untilMs: 60_000,
  };
}
