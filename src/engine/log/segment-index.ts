import { assert } from '../kernel/assert.ts';
import { arrayForEach, arrayFrom, arrayGet, arrayPush, arrayTruncate, emptyArray, type PersistentArray } from '../kernel/persistent-array.ts';
import { MAX_INT, type EpochMs, type Offset } from '../kernel/units.ts';
import { readInt32, readInt64, writeInt32, writeInt64 } from './big-endian.ts';

/** OffsetIndex: the last offset of an appended set and the file position where that set starts. */
export interface OffsetIndexEntry {
  readonly offset: Offset;
  readonly position: number;
}

/** TimeIndex: the largest timestamp so far and the last offset of the batch that holds it. */
export interface TimeIndexEntry {
  readonly timestampMs: EpochMs;
  readonly offset: Offset;
}

export type OffsetIndex = PersistentArray<OffsetIndexEntry>;
export type TimeIndex = PersistentArray<TimeIndexEntry>;

export const OFFSET_ENTRY_BYTES = 8;
export const TIME_ENTRY_BYTES = 12;
export const NO_TIMESTAMP = -1;

/** The size an index file is preallocated to: `segment.index.bytes` rounded down to whole entries. */
export function preallocatedBytes(maxIndexBytes: number, entryBytes: number): number {
  return Math.floor(maxIndexBytes / entryBytes) * entryBytes;
}

export function offsetIndexIsFull(index: OffsetIndex, maxIndexBytes: number): boolean {
  return index.length >= Math.floor(maxIndexBytes / OFFSET_ENTRY_BYTES);
}

/** One slot stays free for the entry written when the segment rolls. */
export function timeIndexIsFull(index: TimeIndex, maxIndexBytes: number): boolean {
  return index.length >= Math.floor(maxIndexBytes / TIME_ENTRY_BYTES) - 1;
}

/** Whether an offset fits the 32 bits that an entry has for it. */
export function fitsIndex(baseOffset: Offset, offset: Offset): boolean {
  return offset >= baseOffset && offset - baseOffset <= MAX_INT;
}

export function lastTimeEntry(index: TimeIndex, baseOffset: Offset): TimeIndexEntry {
  return arrayGet(index, index.length - 1) ?? { timestampMs: NO_TIMESTAMP, offset: baseOffset };
}

/** A version with the entry, or the same one if its timestamp is not above the last (TimeIndex.maybeAppend). */
export function maybeAppendTime(index: TimeIndex, entry: TimeIndexEntry, baseOffset: Offset): TimeIndex {
  const last = lastTimeEntry(index, baseOffset);
  assert(index.length === 0 || entry.offset >= last.offset, 'time index offsets that do not go back');
  return entry.timestampMs > last.timestampMs ? arrayPush(index, entry) : index;
}

/** Entries below `offset`: the largest lower bound stays unless it is `offset` itself. */
export function truncateIndex<Entry extends { readonly offset: Offset }>(index: PersistentArray<Entry>, offset: Offset): PersistentArray<Entry> {
  let kept = index.length;
  while (kept > 0 && (arrayGet(index, kept - 1)?.offset ?? 0) >= offset) kept -= 1;
  return arrayTruncate(index, kept);
}

/**
 * The entry with the largest offset at or below `target`, or the segment's start (OffsetIndex.lookup): a scan for `target` begins there.
 * Binary search; the newest entries, which the page cache always holds, are looked at first as Kafka does.
 */
export function lookupOffset(index: OffsetIndex, baseOffset: Offset, target: Offset): OffsetIndexEntry {
  return (
    arrayGet(
      index,
      lowerBound(index, WARM_OFFSET_ENTRIES, (entry) => entry.offset <= target),
    ) ?? { offset: baseOffset, position: 0 }
  );
}

/** The entry with the largest timestamp at or below `timestampMs`, or (-1, base): all records before it are older (TimeIndex.lookup). */
export function lookupTimestamp(index: TimeIndex, baseOffset: Offset, timestampMs: EpochMs): TimeIndexEntry {
  const at = lowerBound(index, WARM_TIME_ENTRIES, (entry) => entry.timestampMs <= timestampMs);
  return arrayGet(index, at) ?? { timestampMs: NO_TIMESTAMP, offset: baseOffset };
}

/** The first entry at or behind a position, or null: an offset that a read of the bytes before it does not reach (OffsetIndex.fetchUpperBoundOffset). */
export function firstEntryFrom(index: OffsetIndex, position: number): OffsetIndexEntry | null {
  return arrayGet(index, lowerBound(index, 0, (entry) => entry.position < position) + 1) ?? null;
}

/** Entries in the last 8192 bytes of an index (AbstractIndex.warmEntries). */
const WARM_OFFSET_ENTRIES = 8192 / OFFSET_ENTRY_BYTES;
const WARM_TIME_ENTRIES = Math.floor(8192 / TIME_ENTRY_BYTES);

/** Index of the last entry that `isBelow`, which holds for a prefix of them; -1 if for none. */
function lowerBound<Entry>(index: PersistentArray<Entry>, warmEntries: number, isBelow: (entry: Entry) => boolean): number {
  const holds = (at: number): boolean => {
    const entry = arrayGet(index, at);
    return entry !== undefined && isBelow(entry);
  };
  const firstWarm = index.length - 1 - warmEntries;
  let low = warmEntries > 0 && holds(firstWarm) ? firstWarm : -1;
  let high = low >= 0 || firstWarm < 0 ? index.length : firstWarm;
  if (warmEntries === 0) high = index.length;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

export function encodeOffsetEntry(target: Uint8Array, at: number, entry: OffsetIndexEntry, baseOffset: Offset): void {
  writeInt32(target, at, entry.offset - baseOffset);
  writeInt32(target, at + 4, entry.position);
}

export function encodeTimeEntry(target: Uint8Array, at: number, entry: TimeIndexEntry, baseOffset: Offset): void {
  writeInt64(target, at, entry.timestampMs);
  writeInt32(target, at + 8, entry.offset - baseOffset);
}

/** The whole `.index` file, trimmed. */
export function encodeOffsetIndex(index: OffsetIndex, baseOffset: Offset): Uint8Array {
  const bytes = new Uint8Array(index.length * OFFSET_ENTRY_BYTES);
  arrayForEach(index, (entry, at) => encodeOffsetEntry(bytes, at * OFFSET_ENTRY_BYTES, entry, baseOffset));
  return bytes;
}

/** The whole `.timeindex` file, trimmed. */
export function encodeTimeIndex(index: TimeIndex, baseOffset: Offset): Uint8Array {
  const bytes = new Uint8Array(index.length * TIME_ENTRY_BYTES);
  arrayForEach(index, (entry, at) => encodeTimeEntry(bytes, at * TIME_ENTRY_BYTES, entry, baseOffset));
  return bytes;
}

export function decodeOffsetIndex(bytes: Uint8Array, baseOffset: Offset): OffsetIndex {
  const entries: OffsetIndexEntry[] = [];
  for (let at = 0; at + OFFSET_ENTRY_BYTES <= bytes.length; at += OFFSET_ENTRY_BYTES) {
    entries.push({ offset: baseOffset + readInt32(bytes, at), position: readInt32(bytes, at + 4) });
  }
  return arrayFrom(entries);
}

export function decodeTimeIndex(bytes: Uint8Array, baseOffset: Offset): TimeIndex {
  const entries: TimeIndexEntry[] = [];
  for (let at = 0; at + TIME_ENTRY_BYTES <= bytes.length; at += TIME_ENTRY_BYTES) {
    entries.push({ timestampMs: readInt64(bytes, at), offset: baseOffset + readInt32(bytes, at + 8) });
  }
  return arrayFrom(entries);
}

export function emptyIndex<Entry>(): PersistentArray<Entry> {
  return emptyArray();
}
