import { describe, expect, test } from 'vitest';
import { mapGet } from '../../engine/kernel/persistent-map.ts';
import { batchesBetween } from '../../engine/log/read.ts';
import { codecOf, recordCount } from '../../engine/protocol/record-batch.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { World } from '../../engine/world/world-state.ts';
import { recordsOfReplica } from '../../projection/facts.ts';
import { firstLook } from '../../playground/scenarios/first-look.ts';
import { newPlayer, playUntil } from './player.ts';

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

/** One producer a codec and one that leaves it to the topic; enough records a second that a batch holds several. */
function scenario(): Scenario {
  const configs = { acks: 'all', 'enable.idempotence': 'false' };
  const load = { recordsPerSecond: 20, keyCount: 3, valueBytes: 120 };
  const topics = [
    ...CODECS.map((codec) => ({ topic: `t-${codec}` })),
    { topic: 'recoded', configs: { 'compression.type': 'zstd' } },
    { topic: 'opened', configs: { 'compression.type': 'uncompressed' } },
  ];
  return {
    ...firstLook,
    cluster: {
      ...firstLook.cluster,
      topics: topics.map((topic) => ({ ...topic, partitionCount: 1, replicationFactor: 3 })),
      producers: [
        ...CODECS.map((codec) => ({ name: `p-${codec}`, config: { configs: { ...configs, 'compression.type': codec }, topic: `t-${codec}`, ...load } })),
        { name: 'p-plain', config: { configs, topic: 'recoded', ...load } },
        { name: 'p-opened', config: { configs: { ...configs, 'compression.type': 'lz4' }, topic: 'opened', ...load } },
      ],
      consumers: [{ name: 'consumer-1', config: { configs: { 'auto.offset.reset': 'earliest' }, topic: 't-zstd' } }],
    },
    commands: [],
  };
}

function batchesOf(world: World, brokerId: number, topic: string): readonly Uint8Array[] {
  const runner = world.runners.find((one) => one.environment.spec.host === `b${brokerId}`);
  const process = runner?.state.process.state;
  const log = process?.kind === 'kafka' && process.state.broker !== null ? mapGet(process.state.broker.partitions, `${topic}-0`)?.log : undefined;
  return log === undefined ? [] : batchesBetween(log, 0, log.logEndOffset);
}

describe('compressed batches', () => {
  const player = newPlayer(scenario());
  playUntil(player, 45_000);
  const { world } = player;

  test.each(CODECS)('[R1] %s: kept as they came on every replica, smaller than their records, and read back whole', (codec) => {
    const batches = batchesOf(world, 1, `t-${codec}`);
    expect(batches.length).toBeGreaterThan(5);
    expect(new Set(batches.map(codecOf))).toEqual(new Set([codec]));
    const values = recordsOfReplica(world, 1, `t-${codec}-0`)?.map((record) => record.value) ?? [];
    expect(values).toHaveLength(batches.reduce((sum, batch) => sum + recordCount(batch), 0));
    expect(new Set(values).size).toBe(values.length);
    const followers = [2, 3].map((id) => batchesOf(world, id, `t-${codec}`));
    for (const copy of followers) {
      // One of them may lead, and be a batch ahead.
      expect(copy.length).toBeGreaterThan(5);
      copy.slice(0, batches.length).forEach((batch, i) => expect(batch).toEqual(batches[i]));
    }
    const producer = world.runners.find((one) => one.environment.spec.host === `p-${codec}`)?.state.process.state;
    if (producer?.kind !== 'producer') throw new Error('a producer expected');
    const { compressed } = producer.state;
    expect(compressed.compressedBytes).toBeLessThan(compressed.recordBytes * 0.8);
    expect(compressed.cpuUs).toBeGreaterThan(0);
    expect(producer.state.acknowledged).toBeGreaterThan(100);
  });

  test("[R1] a topic's own compression.type wins over the producer's, in both directions", () => {
    expect(new Set(batchesOf(world, 1, 'recoded').map(codecOf))).toEqual(new Set(['zstd']));
    expect(new Set(batchesOf(world, 1, 'opened').map(codecOf))).toEqual(new Set(['none']));
    expect(recordsOfReplica(world, 2, 'recoded-0')?.length ?? 0).toBeGreaterThan(100);
  });

  test('[R1] a consumer reads what was compressed', () => {
    const consumer = world.runners.find((one) => one.environment.spec.host === 'consumer-1')?.state.process.state;
    if (consumer?.kind !== 'consumer') throw new Error('a consumer expected');
    expect(mapGet(consumer.state.partitions, 't-zstd-0')?.consumed ?? 0).toBeGreaterThan(100);
  });
});
