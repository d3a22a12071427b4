import { describe, expect, test } from 'vitest';
import { overlaps } from './geometry.ts';
import { spreadAlong } from './spread.ts';
import { placeTags, type TagWish } from './tag-placement.ts';
import { epochAt, spreadLabels, tankWindow } from './tank-window.ts';
import { fitText, roughMeasure } from './text-measure.ts';
import { clockText, placeMarkLabels, ticksOf, timeWindow } from './timeline-layout.ts';

describe('tags of packets', () => {
  const room = { x: 0, y: 91, width: 400, height: 18 };
  const wish = (id: number, x: number, change: Partial<TagWish> = {}): TagWish => ({
    id,
    at: { x, y: 100 },
    width: 60,
    tag: 'beside',
    room,
    weight: 1,
    before: undefined,
    ...change,
  });

  test('[R9] the right side first, the left when that is taken, none when both are', () => {
    const placed = placeTags([wish(1, 100), wish(2, 150)]);
    expect(placed.map((tag) => [tag.id, tag.place])).toEqual([
      [1, 'left'],
      [2, 'right'],
    ]);
    expect(placeTags([wish(1, 395), wish(2, 360), wish(3, 375)]).length).toBeLessThan(3);
  });

  test('[R9] no tag covers a tag or another packet, however many there are', () => {
    for (let seed = 1; seed < 40; seed++) {
      const wishes = Array.from({ length: 9 }, (_, i) => wish(i, (i * 53 * seed + seed * 17) % 400, { weight: i % 4 }));
      const placed = placeTags(wishes);
      placed.forEach((tag, i) => {
        for (const other of placed.slice(i + 1)) expect(overlaps(tag.rect, other.rect)).toBe(false);
        for (const packet of wishes)
          if (packet.id !== tag.id) expect(overlaps(tag.rect, { x: packet.at.x - 6, y: packet.at.y - 6, width: 12, height: 12 })).toBe(false);
      });
    }
  });

  test('[R9] a tag keeps its side while that is free', () => {
    expect(placeTags([wish(1, 200, { before: 'left' })])[0]?.place).toBe('left');
    expect(placeTags([wish(1, 30, { before: 'left' })])[0]?.place).toBe('right');
  });

  test('[R9] in a gutter it stands above, shifted to stay within; too wide for it, it is left out', () => {
    const gutter = { x: 100, y: 70, width: 64, height: 18 };
    expect(placeTags([wish(1, 102, { tag: 'above', room: gutter })])[0]?.rect.x).toBe(100);
    expect(placeTags([wish(1, 120, { tag: 'above', room: gutter, width: 80 })])).toEqual([]);
  });

  test('[R9] no tag where its packet has left the lane', () => {
    expect(placeTags([wish(1, 100, { at: { x: 100, y: 140 } })])).toEqual([]);
  });
});

describe('a tank', () => {
  test('[R10] shows all while it fits, then the newest, moving in steps', () => {
    expect(tankWindow(5, 20)).toEqual({ base: 0, rows: 20 });
    expect(tankWindow(18, 20).base).toBe(0);
    const bases = [19, 20, 22, 23, 24].map((end) => tankWindow(end, 20).base);
    expect(bases).toEqual([5, 5, 5, 5, 10]);
    for (let end = 0; end < 500; end++) {
      const window = tankWindow(end, 20);
      expect(end - window.base).toBeLessThanOrEqual(18);
    }
  });

  test('[R10] the epoch of a record is that of the last span that begins at or before it', () => {
    const spans = [
      { epoch: 1, startOffset: 0 },
      { epoch: 4, startOffset: 7 },
    ];
    expect([0, 6, 7, 100].map((offset) => epochAt(spans, offset))).toEqual([1, 1, 4, 4]);
    expect(epochAt([], 3)).toBe(0);
  });

  test('[R11] labels stand apart and not below the floor', () => {
    expect(spreadLabels([10, 12, 50], 16)).toEqual([10, 26, 50]);
    expect(spreadLabels([90, 95, 99], 16, 100)).toEqual([68, 84, 100]);
  });

  test('[R11] names over tanks are shifted, and made narrower only when they must', () => {
    const free = spreadAlong(
      [
        { centre: 20, width: 30 },
        { centre: 30, width: 30 },
      ],
      { from: 0, to: 100, gap: 4 },
    );
    expect(free.map((item) => item.width)).toEqual([30, 30]);
    expect((free[1]?.centre ?? 0) - (free[0]?.centre ?? 0)).toBeGreaterThanOrEqual(34);
    const tight = spreadAlong(
      [
        { centre: 20, width: 80 },
        { centre: 30, width: 40 },
      ],
      { from: 0, to: 64, gap: 4 },
    );
    expect(tight.map((item) => item.width)).toEqual([40, 20]);
    expect((tight[0]?.centre ?? 0) - 20).toBeGreaterThanOrEqual(-0.01);
    expect((tight[1]?.centre ?? 0) + 10).toBeLessThanOrEqual(64.01);
  });
});

describe('text', () => {
  const room = { width: 60, measure: roughMeasure };

  test('[R12] is cut with an ellipsis where it does not fit, whole letters only', () => {
    expect(fitText('short', { size: 12 }, room)).toBe('short');
    const cut = fitText('a rather long sentence', { size: 12 }, room);
    expect(cut.endsWith('…')).toBe(true);
    expect(roughMeasure(cut, { size: 12 })).toBeLessThanOrEqual(60);
    expect(fitText('브로커가 리더라고 믿음', { size: 12 }, room)).toMatch(/^브로커/);
    expect(fitText('wide', { size: 12 }, { width: 2, measure: roughMeasure })).toBe('…');
  });
});

describe('the timeline', () => {
  test('[R13] shows the run from its beginning, later the latest part; the present is always in it', () => {
    const span = 40_000_000;
    expect(timeWindow(0, span)).toEqual({ fromUs: 0, toUs: span });
    for (let nowUs = 0; nowUs < 400_000_000; nowUs += 1_700_000) {
      const window = timeWindow(nowUs, span);
      expect(window.toUs - window.fromUs).toBe(span);
      expect(nowUs).toBeGreaterThanOrEqual(window.fromUs);
      expect(nowUs).toBeLessThanOrEqual(window.toUs - span / 8 + 1);
    }
  });

  test('[R13] ticks stand on round times, every fifth with a label', () => {
    const ticks = ticksOf({ fromUs: 0, toUs: 40_000_000 }, 0, 1200);
    expect(ticks.filter((tick) => tick.label !== null).map((tick) => tick.label)).toEqual([
      '00:00',
      '00:05',
      '00:10',
      '00:15',
      '00:20',
      '00:25',
      '00:30',
      '00:35',
      '00:40',
    ]);
    expect(ticks[1]?.x).toBeCloseTo(30);
  });

  test('[R13] labels never touch, and the weightier stays', () => {
    const spots = placeMarkLabels(
      [
        { x: 100, width: 60, weight: 1 },
        { x: 120, width: 60, weight: 5 },
        { x: 5, width: 60, weight: 1 },
      ],
      0,
      500,
    );
    expect(spots[0]).toBeNull();
    expect(spots[1]).toEqual({ x: 90 });
    expect(spots[2]).toEqual({ x: 0 });
  });

  test.each([
    [24_310_000, 'millis', '00:24.310'],
    [61_000_000, 'seconds', '01:01'],
    [3_723_450_000, 'tenths', '1:02:03.4'],
  ] as const)('[R13] %i us as %s is %s', (atUs, detail, text) => {
    expect(clockText(atUs, detail)).toBe(text);
  });
});
