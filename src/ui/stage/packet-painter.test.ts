import { describe, expect, test } from 'vitest';
import type { MessageView } from '../../projection/view.ts';
import { layoutStage } from '../layout/stage-layout.ts';
import { roughMeasure } from '../layout/text-measure.ts';
import { packetsAt, packetUnder, routeCache, tagsFor } from './packet-painter.ts';

const LAYOUT = layoutStage({
  width: 1120,
  height: 712,
  brokers: [1, 2, 3].map((brokerId) => ({ host: `b${brokerId}`, brokerId })),
  servers: ['zk1', 'zk2', 'zk3'],
  producers: [{ host: 'producer-1', height: 130 }],
  consumers: [{ host: 'consumer-1', height: 110 }],
  admins: [],
  partitions: [{ key: 'orders-0', topic: 'orders', partition: 0 }],
  focus: 'orders-0',
});

function message(change: Partial<MessageView>): MessageView {
  return {
    id: 1,
    kind: 'fetch',
    from: 'b2',
    to: 'b1',
    sentUs: 1000,
    arrivesUs: 2000,
    label: 'Fetch 16',
    api: 'Fetch',
    answer: false,
    held: false,
    sizeBytes: 90,
    fields: [],
    ...change,
  };
}

function at(messages: readonly MessageView[], nowUs: number, still = false): ReturnType<typeof packetsAt> {
  return packetsAt({ layout: LAYOUT, messages, nowUs, routes: routeCache(LAYOUT), still });
}

describe('packets of a frame', () => {
  test('[R5] one is drawn from when it is sent until it arrives, and nowhere else', () => {
    expect(at([message({})], 999)).toEqual([]);
    expect(at([message({})], 1000)).toHaveLength(1);
    expect(at([message({})], 1999)).toHaveLength(1);
    expect(at([message({})], 2000)).toEqual([]);
  });

  test('[R5] half the time is half the way; going back in time goes back on the way', () => {
    const half = at([message({})], 1500)[0];
    const quarter = at([message({})], 1250)[0];
    expect((half?.along ?? 0) * 2).toBeCloseTo(half?.route.track.length ?? -1);
    expect((quarter?.along ?? 0) * 4).toBeCloseTo(half?.route.track.length ?? -1);
  });

  test('[R5] what waits for a cut cable stands before the cut, at any time', () => {
    const held = at([message({ held: true })], 99_000)[0];
    expect((held?.along ?? 0) * 4).toBeCloseTo(held?.route.track.length ?? -1);
  });

  test('[R5] with reduced motion packets stand at their place', () => {
    expect(at([message({})], 1100, true)[0]?.at).toEqual(at([message({})], 1900, true)[0]?.at);
  });

  test('[R5] a message whose way is not on the stage is not drawn', () => {
    expect(at([message({ from: 'nobody', to: 'b1' })], 1500)).toEqual([]);
  });

  test('[R6] ZooKeeper packets have no tag; a press finds the packet or its tag', () => {
    const packets = at([message({}), message({ id: 2, kind: 'zk', from: 'b1', to: 'zk1', label: 'getData' })], 1500);
    const tags = tagsFor(packets, new Map(), roughMeasure);
    expect(tags.map((tag) => tag.id)).toEqual([1]);
    const [first] = packets;
    const [tag] = tags;
    if (first === undefined || tag === undefined) throw new Error('expected a packet with a tag');
    expect(packetUnder(packets, tags, { x: first.at.x + 3, y: first.at.y })?.id).toBe(1);
    expect(packetUnder(packets, tags, { x: tag.rect.x + 2, y: tag.rect.y + 2 })?.id).toBe(1);
    expect(packetUnder(packets, tags, { x: 5, y: 5 })).toBeNull();
  });
});
