import { describe, expect, test } from 'vitest';
import { bottomOf, overlaps, rightOf, type Rect } from './geometry.ts';
import { routeOf } from './routes.ts';
import { layoutStage, type StageInput, type StageLayout } from './stage-layout.ts';

function inputOf(change: {
  width: number;
  height: number;
  brokers: number;
  servers?: number;
  producers?: number;
  consumers?: number;
  partitions?: number;
}): StageInput {
  const list = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
  return {
    width: change.width,
    height: change.height,
    brokers: list(change.brokers).map((brokerId) => ({ host: `b${brokerId}`, brokerId })),
    servers: list(change.servers ?? 3).map((id) => `zk${id}`),
    producers: list(change.producers ?? 1).map((id) => ({ host: `producer-${id}`, height: 130 })),
    consumers: list(change.consumers ?? 1).map((id) => ({ host: `consumer-${id}`, height: 110 })),
    admins: ['admin'],
    partitions: list(change.partitions ?? 3).map((id) => ({ key: `orders-${id - 1}`, topic: 'orders', partition: id - 1 })),
    focus: 'orders-0',
  };
}

const SIZES = [
  { width: 1120, height: 712 },
  { width: 1280, height: 772 },
  { width: 1024, height: 584 },
  { width: 1600, height: 900 },
];
const WIDE = SIZES.flatMap((size) =>
  [1, 2, 3, 4, 5, 6, 7, 8].map((brokers) => ({
    ...size,
    brokers,
    servers: brokers > 4 ? 5 : 3,
    producers: 1 + (brokers % 3),
    consumers: 1 + (brokers % 4),
    partitions: brokers * 3,
  })),
);

function boxesOf(layout: StageLayout): Rect[] {
  return [
    layout.strip,
    ...layout.cards,
    ...(layout.left?.boxes ?? []),
    ...(layout.right?.boxes ?? []),
    ...layout.admins,
    ...[layout.left?.add, layout.right?.add].filter((add) => add !== undefined && add !== null),
    ...(layout.legend === null ? [] : [layout.legend]),
  ];
}

describe('a stage', () => {
  test.each(WIDE)('[R1] nothing overlaps and nothing is outside: $brokers brokers at $width x $height', (change) => {
    const layout = layoutStage(inputOf(change));
    const boxes = boxesOf(layout);
    boxes.forEach((box, i) => {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(rightOf(box)).toBeLessThanOrEqual(change.width);
      expect(bottomOf(box)).toBeLessThanOrEqual(change.height);
      for (const other of boxes.slice(i + 1)) expect(overlaps(box, other), `${JSON.stringify(box)} and ${JSON.stringify(other)}`).toBe(false);
    });
  });

  test.each(WIDE)('[R2] ways run in lanes and gutters, never over a box: $brokers brokers at $width x $height', (change) => {
    const layout = layoutStage(inputOf(change));
    const solid = [...layout.cards, ...(layout.left?.boxes ?? []), ...(layout.right?.boxes ?? [])];
    for (const [from, to, kind] of pairsOf(layout)) {
      const route = routeOf(layout, from, to, kind);
      if (route === null) continue;
      for (const point of route.track.points) {
        const inside = solid.find((box) => point.x > box.x + 1 && point.x < rightOf(box) - 1 && point.y > box.y + 1 && point.y < bottomOf(box) - 1);
        expect(inside, `${from} to ${to} at ${point.x}, ${point.y}`).toBeUndefined();
      }
    }
  });

  test.each(WIDE)('[R2] a tag beside a packet never stands over a card or a client: $brokers brokers at $width x $height', (change) => {
    const layout = layoutStage(inputOf(change));
    const solid = [...layout.cards, ...(layout.left?.boxes ?? []), ...(layout.right?.boxes ?? [])];
    for (const [from, to, kind] of pairsOf(layout)) {
      const route = routeOf(layout, from, to, kind);
      if (route === null || route.tagRoom === null || route.tag !== 'beside') continue;
      for (const box of solid) expect(overlaps(route.tagRoom, box, 3), `${from} to ${to}`).toBe(false);
    }
  });

  test('[R3] everybody can reach everybody he speaks with', () => {
    const layout = layoutStage(inputOf({ width: 1120, height: 712, brokers: 6, producers: 2, consumers: 2 }));
    for (const [from, to, kind] of pairsOf(layout)) {
      const route = routeOf(layout, from, to, kind);
      expect(route, `${from} to ${to}`).not.toBeNull();
      expect(route?.track.length).toBeGreaterThan(5);
    }
  });

  test('[R4] tanks stay within their card and beside one another, in the order of partitions', () => {
    for (const change of WIDE) {
      const { card } = layoutStage(inputOf(change));
      card.slots.forEach((slot, i) => {
        const next = card.slots[i + 1];
        expect(slot.x + slot.width).toBeLessThanOrEqual(card.width - 4);
        if (next !== undefined && next.top === slot.top) expect(slot.x + slot.width).toBeLessThanOrEqual(next.x + 0.01);
      });
      expect(card.slots.length + card.hiddenCount).toBe(change.partitions);
      expect(card.slots[0]?.form).toBe('focus');
    }
  });

  test('[R4] many partitions stand as bars in rows: none is left out, none covers another', () => {
    for (const brokers of [3, 6]) {
      const { card } = layoutStage(inputOf({ width: 1120, height: 712, brokers, partitions: 70 }));
      expect(card.hiddenCount).toBe(0);
      const tanks = card.slots.map((slot) => ({ x: slot.x, y: slot.top, width: slot.width, height: slot.height }));
      tanks.forEach((tank, i) => {
        expect(rightOf(tank)).toBeLessThanOrEqual(card.width - 4);
        expect(bottomOf(tank)).toBeLessThanOrEqual(card.tankTop + card.tankHeight + 25);
        tanks.slice(i + 1).forEach((other) => expect(overlaps(tank, other)).toBe(false));
      });
    }
  });

  test('[R5] what a broker shows ends within its card', () => {
    for (const change of WIDE) {
      const { card } = layoutStage(inputOf(change));
      expect(card.beliefTop + card.beliefHeight).toBeLessThanOrEqual(card.height);
      if (card.diskTop !== null) expect(card.diskTop + 15).toBeLessThanOrEqual(card.height);
    }
  });

  test('[R6] on a phone too, ways run in lanes and everybody reaches everybody he speaks with', () => {
    const layout = layoutStage(inputOf({ width: 390, height: 514, brokers: 3, producers: 2, consumers: 2 }));
    const solid = [...layout.cards, ...(layout.left?.boxes ?? []), ...(layout.right?.boxes ?? [])];
    expect(layout.left?.boxes).toHaveLength(2);
    for (const [from, to, kind] of pairsOf({ ...layout, admins: [] })) {
      const route = routeOf(layout, from, to, kind);
      expect(route, `${from} to ${to}`).not.toBeNull();
      for (const point of route?.track.points ?? []) {
        expect(solid.some((box) => point.x > box.x + 1 && point.x < rightOf(box) - 1 && point.y > box.y + 1 && point.y < bottomOf(box) - 1)).toBe(false);
      }
    }
  });

  test('[R6] a phone shows one partition, clients in a line where there is room for it, and nothing overlaps', () => {
    for (const brokers of [1, 2, 3, 5]) {
      const layout = layoutStage(inputOf({ width: 390, height: 514, brokers }));
      expect(layout.form).toBe('phone');
      expect(layout.left === null).toBe(brokers > 3);
      expect(layout.card.slots).toHaveLength(1);
      const boxes = boxesOf(layout);
      boxes.forEach((box, i) => boxes.slice(i + 1).forEach((other) => expect(overlaps(box, other)).toBe(false)));
      expect(layout.card.beliefTop + layout.card.beliefHeight).toBeLessThanOrEqual(layout.card.height);
    }
  });
});

type Pair = readonly [from: string, to: string, kind: 'fetch' | 'control' | 'zk' | 'produce'];

function pairsOf(layout: StageLayout): Pair[] {
  const pairs: Pair[] = [];
  for (const a of layout.cards) {
    for (const b of layout.cards) if (a.host !== b.host) pairs.push([a.host, b.host, 'fetch'], [a.host, b.host, 'control']);
    for (const server of layout.servers) pairs.push([a.host, server.host, 'zk'], [server.host, a.host, 'zk']);
    for (const box of [...(layout.left?.boxes ?? []), ...layout.admins]) pairs.push([box.host, a.host, 'produce'], [a.host, box.host, 'produce']);
    for (const box of layout.right?.boxes ?? []) pairs.push([box.host, a.host, 'fetch'], [a.host, box.host, 'fetch']);
  }
  return pairs;
}
