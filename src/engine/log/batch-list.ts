import { assert, required } from '../kernel/assert.ts';
import { arrayFrom, arrayGet, arrayPush, arrayTruncate, emptyArray, type PersistentArray } from '../kernel/persistent-array.ts';
import type { EpochMs, LeaderEpoch, Offset } from '../kernel/units.ts';

/** One record batch in a segment: what is asked often of its header, and its bytes (shared, never rewritten). */
export interface BatchEntry {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  /** Where the batch starts in its segment's `.log`. */
  readonly position: number;
  readonly sizeBytes: number;
  readonly maxTimestampMs: EpochMs;
  readonly leaderEpoch: LeaderEpoch;
  readonly bytes: Uint8Array;
}

/** 64 batches as columns. */
export interface SealedChunk {
  readonly baseOffsets: Float64Array;
  readonly lastOffsets: Float64Array;
  readonly positions: Float64Array;
  readonly sizes: Float64Array;
  readonly maxTimestamps: Float64Array;
  readonly leaderEpochs: Int32Array;
  readonly bytes: readonly Uint8Array[];
}

/**
 * The batches of a segment, in order of offset: sealed chunks of 64 and an open one. An append copies at most the open
 * chunk's 63 references; versions share everything sealed.
 */
export interface BatchList {
  readonly length: number;
  readonly sealed: PersistentArray<SealedChunk>;
  readonly open: readonly BatchEntry[];
}

const CHUNK_BITS = 6;
export const CHUNK_BATCHES = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_BATCHES - 1;

const EMPTY: BatchList = { length: 0, sealed: emptyArray(), open: [] };

export function emptyBatches(): BatchList {
  return EMPTY;
}

/** A list made in one go, as a start does: entries in order of offset, each right behind the one before. */
export function batchesFrom(entries: readonly BatchEntry[]): BatchList {
  const sealed: SealedChunk[] = [];
  let from = 0;
  for (; from + CHUNK_BATCHES <= entries.length; from += CHUNK_BATCHES) sealed.push(sealChunk(entries.slice(from, from + CHUNK_BATCHES)));
  return { length: entries.length, sealed: arrayFrom(sealed), open: entries.slice(from) };
}

/** A version with `entry` at the end. Its offsets must lie above the last ones and its position right behind them. */
export function pushBatch(list: BatchList, entry: BatchEntry): BatchList {
  assert(list.length === 0 || entry.baseOffset > lastOffsetAt(list, list.length - 1), 'a batch above the last one');
  const open = list.open.slice();
  open.push(entry);
  if (open.length < CHUNK_BATCHES) return { length: list.length + 1, sealed: list.sealed, open };
  return { length: list.length + 1, sealed: arrayPush(list.sealed, sealChunk(open)), open: EMPTY.open };
}

/** The first `length` batches. */
export function truncateBatches(list: BatchList, length: number): BatchList {
  assert(length >= 0 && length <= list.length, `a length within [0, ${list.length}], got ${length}`);
  if (length === list.length) return list;
  const openStart = list.sealed.length << CHUNK_BITS;
  if (length >= openStart) return { length, sealed: list.sealed, open: list.open.slice(0, length - openStart) };
  const open: BatchEntry[] = [];
  for (let i = length & ~CHUNK_MASK; i < length; i++) open.push(batchAt(list, i));
  return { length, sealed: arrayTruncate(list.sealed, length >> CHUNK_BITS), open };
}

export function batchAt(list: BatchList, index: number): BatchEntry {
  const chunk = arrayGet(list.sealed, index >> CHUNK_BITS);
  if (chunk === undefined) return openEntry(list, index);
  const at = index & CHUNK_MASK;
  return {
    baseOffset: column(chunk.baseOffsets, at),
    lastOffset: column(chunk.lastOffsets, at),
    position: column(chunk.positions, at),
    sizeBytes: column(chunk.sizes, at),
    maxTimestampMs: column(chunk.maxTimestamps, at),
    leaderEpoch: column(chunk.leaderEpochs, at),
    bytes: required(chunk.bytes[at], 'bytes of a sealed batch'),
  };
}

export function lastOffsetAt(list: BatchList, index: number): Offset {
  const chunk = arrayGet(list.sealed, index >> CHUNK_BITS);
  return chunk === undefined ? openEntry(list, index).lastOffset : column(chunk.lastOffsets, index & CHUNK_MASK);
}

export function positionAt(list: BatchList, index: number): number {
  const chunk = arrayGet(list.sealed, index >> CHUNK_BITS);
  return chunk === undefined ? openEntry(list, index).position : column(chunk.positions, index & CHUNK_MASK);
}

export function maxTimestampAt(list: BatchList, index: number): EpochMs {
  const chunk = arrayGet(list.sealed, index >> CHUNK_BITS);
  return chunk === undefined ? openEntry(list, index).maxTimestampMs : column(chunk.maxTimestamps, index & CHUNK_MASK);
}

export function bytesAt(list: BatchList, index: number): Uint8Array {
  const chunk = arrayGet(list.sealed, index >> CHUNK_BITS);
  if (chunk === undefined) return openEntry(list, index).bytes;
  return required(chunk.bytes[index & CHUNK_MASK], 'bytes of a sealed batch');
}

/** Index of the first batch whose last offset is `offset` or more; the length if there is none. */
export function indexOfOffset(list: BatchList, offset: Offset): number {
  const { open } = list;
  // Nearly everybody asks about the end of the log, which the open chunk holds.
  const newest = open[open.length - 1];
  if (newest !== undefined && newest.lastOffset < offset) return list.length;
  let low = 0;
  let high = list.length;
  const oldestOpen = open[0];
  if (oldestOpen !== undefined && oldestOpen.lastOffset < offset) return indexInOpen(list, offset);
  if (newest !== undefined) high -= open.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lastOffsetAt(list, middle) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first batch that starts at `position` or behind it; the length if there is none. */
export function indexOfPosition(list: BatchList, position: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (positionAt(list, middle) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `indexOfOffset` for an offset above the first batch of the open chunk and not above its last; most are near its end. */
function indexInOpen(list: BatchList, offset: Offset): number {
  let at = list.open.length - 1;
  while (at > 0 && (list.open[at - 1]?.lastOffset ?? 0) >= offset) at -= 1;
  return list.length - list.open.length + at;
}

function openEntry(list: BatchList, index: number): BatchEntry {
  return required(list.open[index - (list.sealed.length << CHUNK_BITS)], 'an index below the number of batches');
}

function column(values: Float64Array | Int32Array, at: number): number {
  return values[at] ?? 0;
}

function sealChunk(entries: readonly BatchEntry[]): SealedChunk {
  const chunk = {
    baseOffsets: new Float64Array(CHUNK_BATCHES),
    lastOffsets: new Float64Array(CHUNK_BATCHES),
    positions: new Float64Array(CHUNK_BATCHES),
    sizes: new Float64Array(CHUNK_BATCHES),
    maxTimestamps: new Float64Array(CHUNK_BATCHES),
    leaderEpochs: new Int32Array(CHUNK_BATCHES),
    bytes: entries.map((entry) => entry.bytes),
  };
  entries.forEach((entry, at) => {
    chunk.baseOffsets[at] = entry.baseOffset;
    chunk.lastOffsets[at] = entry.lastOffset;
    chunk.positions[at] = entry.position;
    chunk.sizes[at] = entry.sizeBytes;
    chunk.maxTimestamps[at] = entry.maxTimestampMs;
    chunk.leaderEpochs[at] = entry.leaderEpoch;
  });
  return chunk;
}
