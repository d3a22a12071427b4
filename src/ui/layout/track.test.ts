import { describe, expect, test } from 'vitest';
import { pointAlong, progressOf, reversed, stretchOf, trackPath, trackThrough } from './track.ts';

const CORNER = trackThrough([
  { x: 0, y: 0 },
  { x: 100, y: 0 },
  { x: 100, y: 50 },
]);

describe('a track', () => {
  test('[R7] begins and ends at its ends, and rounds its corners', () => {
    expect(pointAlong(CORNER, -5)).toEqual({ x: 0, y: 0 });
    expect(pointAlong(CORNER, 9999)).toEqual({ x: 100, y: 50 });
    expect(CORNER.length).toBeLessThan(150);
    expect(CORNER.length).toBeGreaterThan(140);
    expect(trackPath(CORNER).startsWith('M0,0L')).toBe(true);
  });

  test('[R7] equal steps along it are equal distances', () => {
    const straight = trackThrough([
      { x: 10, y: 5 },
      { x: 110, y: 5 },
    ]);
    expect(pointAlong(straight, 25)).toEqual({ x: 35, y: 5 });
    expect(pointAlong(reversed(straight), 25)).toEqual({ x: 85, y: 5 });
  });

  test('[R7] a tail follows the corner', () => {
    const tail = stretchOf(CORNER, 80, CORNER.length - 10);
    expect(tail[0]).toEqual(pointAlong(CORNER, 80));
    expect(tail.length).toBeGreaterThan(3);
    expect(tail.every((point) => point.x <= 100 && point.y <= 50)).toBe(true);
  });

  test('[R7] points in one place count once', () => {
    expect(
      trackThrough([
        { x: 0, y: 0 },
        { x: 0, y: 0 },
        { x: 10, y: 0 },
      ]).points,
    ).toHaveLength(2);
  });
});

describe('where a message is', () => {
  const message = { sentUs: 1000, arrivesUs: 3000 };

  test.each([
    [500, 0],
    [1000, 0],
    [2000, 0.5],
    [3000, 1],
    [9000, 1],
  ])('[R8] at %i it has come %f of its way', (nowUs, progress) => {
    expect(progressOf(message, nowUs)).toBe(progress);
  });

  test('[R8] a message that takes no time is at one end or the other', () => {
    expect(progressOf({ sentUs: 5, arrivesUs: 5 }, 4)).toBe(0);
    expect(progressOf({ sentUs: 5, arrivesUs: 5 }, 5)).toBe(1);
  });
});
