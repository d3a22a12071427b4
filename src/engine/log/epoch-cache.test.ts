import { describe, expect, test } from 'vitest';
import { assignEpochStart, endOffsetFor, epochForOffset, truncateEpochsFromEnd, truncateEpochsFromStart, type EpochCache } from './epoch-cache.ts';

const cacheOf = (...pairs: readonly (readonly [number, number])[]): EpochCache =>
  pairs.reduce<EpochCache>((cache, [epoch, startOffset]) => assignEpochStart(cache, { epoch, startOffset }), []);
const pairsOf = (cache: EpochCache): (readonly [number, number])[] => cache.map((entry) => [entry.epoch, entry.startOffset]);

describe('the epoch cache', () => {
  test('[R11] of several epochs without a record only the last stays', () => {
    expect(pairsOf(cacheOf([0, 0], [1, 4], [2, 4], [3, 4]))).toEqual([
      [0, 0],
      [3, 4],
    ]);
  });

  test('[R11] the latest epoch again changes nothing, unless it starts lower', () => {
    const cache = cacheOf([0, 0], [2, 10]);
    expect(assignEpochStart(cache, { epoch: 2, startOffset: 15 })).toBe(cache);
    expect(pairsOf(assignEpochStart(cache, { epoch: 2, startOffset: 7 }))).toEqual([
      [0, 0],
      [2, 7],
    ]);
  });

  test('[R11] an older epoch takes the newer ones out', () => {
    expect(pairsOf(cacheOf([0, 0], [3, 10], [5, 20], [4, 30]))).toEqual([
      [0, 0],
      [3, 10],
      [4, 30],
    ]);
    expect(pairsOf(cacheOf([2, 8], [6, 3]))).toEqual([[6, 3]]);
  });

  test('[R11] answers to OffsetsForLeaderEpoch', () => {
    const cache = cacheOf([2, 10], [4, 20], [7, 30]);
    const answer = (epoch: number): readonly number[] => {
      const end = endOffsetFor(cache, epoch, 42);
      return [end.leaderEpoch, end.endOffset];
    };
    expect(answer(7)).toEqual([7, 42]);
    expect(answer(4)).toEqual([4, 30]);
    expect(answer(5)).toEqual([4, 30]);
    expect(answer(1)).toEqual([1, 10]);
    expect(answer(8)).toEqual([-1, -1]);
    expect(answer(-1)).toEqual([-1, -1]);
    expect(endOffsetFor([], 0, 42)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  });

  test('[R11] cuts at the end drop entries that start there, cuts at the start move the one that holds it', () => {
    const cache = cacheOf([2, 10], [4, 20], [7, 30]);
    expect(pairsOf(truncateEpochsFromEnd(cache, 20))).toEqual([[2, 10]]);
    expect(truncateEpochsFromEnd(cache, 31)).toBe(cache);
    expect(pairsOf(truncateEpochsFromStart(cache, 25))).toEqual([
      [4, 25],
      [7, 30],
    ]);
    expect(pairsOf(truncateEpochsFromStart(cache, 20))).toEqual([
      [4, 20],
      [7, 30],
    ]);
    expect(truncateEpochsFromStart(cache, 10)).toBe(cache);
    expect(truncateEpochsFromStart(cache, 5)).toBe(cache);
  });

  test('[R11] the epoch of an offset', () => {
    const cache = cacheOf([2, 10], [4, 20]);
    expect([9, 10, 19, 20, 99].map((offset) => epochForOffset(cache, offset))).toEqual([-1, 2, 2, 4, 4]);
  });
});
