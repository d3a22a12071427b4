import { emptyTree } from '../engine/kernel/files.ts';
import { emptyDisk } from '../engine/machine/disk-state.ts';
import { describe, expect, test } from 'vitest';
import { applyDelta, wholeView } from './apply-delta.ts';
import { share } from './share.ts';
import { EMPTY_VIEW, type BrokerView, type View } from './view.ts';

function broker(brokerId: number, flushedBytes = 0): BrokerView {
  return {
    host: `b${brokerId}`,
    brokerId,
    rack: null,
    process: 'running',
    processSinceUs: 0,
    recovering: false,
    isController: false,
    session: 'connected',
    disk: { flushedBytes, dirtyBytes: 0, counters: emptyDisk(emptyTree()).counters, faults: null },
    logDirs: ['/tmp/kafka-logs'],
    replicas: [],
  };
}

const TWO: View = { ...EMPTY_VIEW, brokers: [broker(1), broker(2)] };

describe('a delta', () => {
  test('[R1] what it does not mention keeps its identity', () => {
    const next = applyDelta(TWO, { nowUs: 5 });
    expect(next.nowUs).toBe(5);
    expect(next.brokers).toBe(TWO.brokers);
    expect(next.events).toBe(TWO.events);
  });

  test('[R1] one changed row leaves the other rows the same objects', () => {
    const next = applyDelta(TWO, { nowUs: 5, brokers: { changed: [broker(2, 7)] } });
    expect(next.brokers[0]).toBe(TWO.brokers[0]);
    expect(next.brokers[1]?.disk.flushedBytes).toBe(7);
  });

  test('[R1] an equal copy is no news', () => {
    const next = applyDelta(TWO, { nowUs: 5, brokers: { changed: [structuredClone(broker(2))] }, truth: structuredClone(TWO.truth) });
    expect(next.brokers).toBe(TWO.brokers);
    expect(next.truth).toBe(TWO.truth);
  });

  test('[R2] rows come and go by the order', () => {
    const grown = applyDelta(TWO, { nowUs: 1, brokers: { order: ['b1', 'b2', 'b3'], changed: [broker(3)] } });
    expect(grown.brokers.map((row) => row.brokerId)).toEqual([1, 2, 3]);
    expect(applyDelta(grown, { nowUs: 2, brokers: { order: ['b2'], changed: [] } }).brokers.map((row) => row.brokerId)).toEqual([2]);
  });

  test('[R3] events are cut and grow again', () => {
    const event = (id: number): View['events'][number] => ({ id, atUs: id, host: 'b1', event: { type: 'ProcessKilled' } });
    const three = applyDelta(EMPTY_VIEW, { nowUs: 1, events: { keep: 0, added: [event(1), event(2), event(3)] } });
    const rewound = applyDelta(three, { nowUs: 2, events: { keep: 1, added: [event(9)] } });
    expect(rewound.events.map((row) => row.id)).toEqual([1, 9]);
  });

  test('[R4] the whole view as a delta gives the view', () => {
    expect(applyDelta(EMPTY_VIEW, wholeView(TWO))).toEqual(TWO);
  });
});

describe('share', () => {
  test('[R1] keeps equal parts, also inside changed ones', () => {
    const before = { list: [{ a: 1 }, { a: 2 }], rest: { deep: [1, 2] } };
    const after = share(before, { list: [{ a: 1 }, { a: 3 }], rest: { deep: [1, 2] } });
    expect(after.list[0]).toBe(before.list[0]);
    expect(after.rest).toBe(before.rest);
    expect(after.list[1]).toEqual({ a: 3 });
  });

  test('[R1] a shorter list or a missing key is a change', () => {
    const before = { list: [1, 2], maybe: { x: 1 } as { x: number; y?: number } };
    expect(share(before, { list: [1], maybe: { x: 1 } }).list).toEqual([1]);
    expect(share({ x: 1, y: 2 }, { x: 1 })).toEqual({ x: 1 });
  });
});
