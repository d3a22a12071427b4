import { describe, expect, test } from 'vitest';
import { hashString, INITIAL_LANES, mixA, mixB, type TraceLanes } from '../kernel/hash.ts';
import type { Draft } from './draft.ts';
import { foldEffect } from './fold-trace.ts';
import type { ProcessTrace } from './process-kinds.ts';

/** The words of a trace event, by the rule: its name, then every field in order, of the values of records their lengths. */
function wordsOf(event: ProcessTrace): number[] {
  const wordsOfValue = (value: unknown): number[] => {
    if (typeof value === 'string') return [hashString(value)];
    if (typeof value === 'boolean') return [value ? 1 : 2];
    if (Array.isArray(value)) return value.flatMap(wordsOfValue);
    if (typeof value !== 'number') return [];
    return value > 2147483647 || value < -2147483648 ? [value | 0, Math.floor(value / 4294967296) | 0] : [value | 0];
  };
  const wordsOfField = ([name, value]: [string, unknown]): number[] =>
    name === 'values' ? (value as string[]).map((text) => text.length) : wordsOfValue(value);
  return [hashString(event.type), ...Object.entries(event).flatMap(wordsOfField)];
}

function foldedByRule(event: ProcessTrace): TraceLanes {
  return wordsOf(event).reduce((lanes, word) => ({ a: mixA(lanes.a, word), b: mixB(lanes.b, word) }), INITIAL_LANES);
}

function folded(event: ProcessTrace): TraceLanes {
  const draft = { environment: { folds: true }, laneA: INITIAL_LANES.a, laneB: INITIAL_LANES.b } as unknown as Draft;
  foldEffect(draft, { type: 'trace', event });
  return { a: draft.laneA, b: draft.laneB };
}

describe('trace hash', () => {
  const replica = { brokerId: 2, topic: 'orders', partition: 7 };
  const EVENTS: readonly ProcessTrace[] = [
    { type: 'RecordsAppended', ...replica, role: 'leader', leaderEpoch: 3, baseOffset: 41, logEndOffset: 42, sizeBytes: 180, batchCrc: 3_057_144_490 },
    {
      type: 'RecordsAppended',
      ...replica,
      role: 'follower',
      leaderEpoch: 0,
      baseOffset: 5_000_000_000,
      logEndOffset: 5_000_000_009,
      sizeBytes: 70,
      batchCrc: 9,
    },
    { type: 'HighWatermarkAdvanced', ...replica, role: 'follower', leaderEpoch: 3, highWatermark: 4_294_967_296, previous: 17 },
    {
      type: 'RecordsAcknowledged',
      client: 'p',
      topic: 'orders',
      partition: 1,
      acks: -1,
      baseOffset: 9,
      recordCount: 2,
      values: ['v-1', 'a value of more than two dozen letters'],
    },
    {
      type: 'RecordsConsumed',
      client: 'c',
      topic: 'orders',
      partition: 1,
      baseOffset: 5_000_000_000,
      nextOffset: 5_000_000_001,
      highWatermark: 7,
      values: ['v-1'],
    },
    { type: 'SegmentRolled', ...replica, baseOffset: 12 },
  ];

  test.each(EVENTS.map((event) => [event.type, event] as const))('[R8] every field of %s counts, in order', (_type, event) => {
    expect(folded(event)).toEqual(foldedByRule(event));
  });
});
