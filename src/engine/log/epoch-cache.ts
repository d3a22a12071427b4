import type { LeaderEpoch, Offset } from '../kernel/units.ts';
import { NO_EPOCH } from '../kernel/units.ts';

/** A leader epoch and the first offset written (or to be written) in it. */
export interface EpochEntry {
  readonly epoch: LeaderEpoch;
  readonly startOffset: Offset;
}

/** LeaderEpochFileCache: epochs and start offsets, both strictly ascending. A change gives a new array; no change the same one. */
export type EpochCache = readonly EpochEntry[];

export const UNDEFINED_OFFSET = -1;

/** An epoch and where it ends; both -1 when nothing is known. */
export interface EpochEnd {
  readonly leaderEpoch: LeaderEpoch;
  readonly endOffset: Offset;
}

export function latestEpoch(cache: EpochCache): LeaderEpoch {
  return cache[cache.length - 1]?.epoch ?? NO_EPOCH;
}

/**
 * Notes that `epoch` starts at `startOffset`, unless the latest entry is this epoch with a start at or below it. Entries that
 * would no longer ascend go first, so of several epochs without a record only the last stays.
 */
export function assignEpochStart(cache: EpochCache, entry: EpochEntry): EpochCache {
  const last = cache[cache.length - 1];
  if (last !== undefined && last.epoch === entry.epoch && last.startOffset <= entry.startOffset) return cache;
  let kept = cache.length;
  while (kept > 0) {
    const tail = cache[kept - 1];
    if (tail === undefined || (tail.epoch < entry.epoch && tail.startOffset < entry.startOffset)) break;
    kept -= 1;
  }
  return [...cache.slice(0, kept), entry];
}

/** Without the entries that start at `endOffset` or later. */
export function truncateEpochsFromEnd(cache: EpochCache, endOffset: Offset): EpochCache {
  let kept = cache.length;
  while (kept > 0 && (cache[kept - 1]?.startOffset ?? 0) >= endOffset) kept -= 1;
  return kept === cache.length ? cache : cache.slice(0, kept);
}

/** Without the epochs that end at or below `startOffset`; the one that holds it is moved to start there. */
export function truncateEpochsFromStart(cache: EpochCache, startOffset: Offset): EpochCache {
  let passed = 0;
  while (passed < cache.length && (cache[passed]?.startOffset ?? 0) <= startOffset) passed += 1;
  const holder = cache[passed - 1];
  if (holder === undefined) return cache;
  if (passed === 1 && holder.startOffset === startOffset) return cache;
  return [{ epoch: holder.epoch, startOffset }, ...cache.slice(passed)];
}

/**
 * Where `requested` ends: (e, logEndOffset) for the latest epoch; else the largest known epoch at or below it with the start of
 * the first one above; (requested, that start) when all known epochs are above; undefined when none is above.
 */
export function endOffsetFor(cache: EpochCache, requested: LeaderEpoch, logEndOffset: Offset): EpochEnd {
  const undefinedEnd = { leaderEpoch: NO_EPOCH, endOffset: UNDEFINED_OFFSET };
  if (requested === NO_EPOCH) return undefinedEnd;
  if (cache.length > 0 && latestEpoch(cache) === requested) return { leaderEpoch: requested, endOffset: logEndOffset };
  const above = cache.findIndex((entry) => entry.epoch > requested);
  const higher = cache[above];
  if (higher === undefined) return undefinedEnd;
  const floor = cache[above - 1];
  return { leaderEpoch: floor === undefined ? requested : floor.epoch, endOffset: higher.startOffset };
}

/** The epoch that `offset` belongs to, or -1 below the first entry. */
export function epochForOffset(cache: EpochCache, offset: Offset): LeaderEpoch {
  let epoch: LeaderEpoch = NO_EPOCH;
  for (const entry of cache) {
    if (entry.startOffset > offset) break;
    epoch = entry.epoch;
  }
  return epoch;
}
