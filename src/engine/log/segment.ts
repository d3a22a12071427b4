import { changed, type Mutable } from '../kernel/mutable.ts';
import { assert } from '../kernel/assert.ts';
import { EMPTY_BYTES } from '../kernel/bytes.ts';
import { arrayPush } from '../kernel/persistent-array.ts';
import type { EpochMs, Offset } from '../kernel/units.ts';
import {
  bytesAt,
  emptyBatches,
  indexOfOffset,
  maxTimestampAt,
  positionAt,
  pushBatch,
  truncateBatches,
  lastOffsetAt,
  type BatchEntry,
  type BatchList,
} from './batch-list.ts';
import { segmentPaths, type SegmentPaths } from './file-names.ts';
import { maxSegmentMs, type LogConfig } from './log-config.ts';
import { LOG_OWNER, type LogScope } from './log-scope.ts';
import { ABORTED_TXN_BYTES, appendAbortedTxn, encodeTxnIndex, truncateTxnIndex, type AbortedTxn, type TxnIndex } from './txn-index.ts';
import {
  emptyIndex,
  encodeOffsetEntry,
  encodeTimeEntry,
  fitsIndex,
  lastTimeEntry,
  maybeAppendTime,
  NO_TIMESTAMP,
  OFFSET_ENTRY_BYTES,
  offsetIndexIsFull,
  preallocatedBytes,
  TIME_ENTRY_BYTES,
  timeIndexIsFull,
  truncateIndex,
  type OffsetIndex,
  type TimeIndex,
} from './segment-index.ts';

/** LogSegment: a `.log` and its indexes. Positions count from the start of the `.log`. */
export interface Segment {
  readonly baseOffset: Offset;
  readonly sizeBytes: number;
  readonly batches: BatchList;
  readonly offsetIndex: OffsetIndex;
  readonly timeIndex: TimeIndex;
  readonly txnIndex: TxnIndex;
  /** Index files come into being at the first append, at full size; a roll or a close trims them to their entries. */
  readonly indexFiles: 'absent' | 'trimmed' | 'preallocated';
  readonly maxIndexBytes: number;
  /** Largest timestamp so far, -1 if none, and the last offset of the batch that holds it. */
  readonly maxTimestampMs: EpochMs;
  readonly offsetOfMaxTimestamp: Offset;
  /** Largest timestamp of the first set appended, from which `segment.ms` counts; null while empty. */
  readonly rollingTimestampMs: EpochMs | null;
  readonly bytesSinceLastIndexEntry: number;
  readonly createdMs: EpochMs;
  /** Time of the last write to the `.log`, which stands in where records carry no timestamp. */
  readonly lastModifiedMs: EpochMs;
  readonly rollJitterMs: number;
  readonly paths: SegmentPaths;
}

/** Batches appended in one go: one Produce for a leader, one Fetch answer for a follower. At most one index entry a set. Positions count from the set's start. */
export interface BatchSet {
  readonly batches: readonly BatchEntry[];
  readonly sizeBytes: number;
  readonly lastOffset: Offset;
  readonly maxTimestampMs: EpochMs;
  readonly offsetOfMaxTimestamp: Offset;
}

/** The state of an empty segment; no file is touched. */
export function emptySegment(dir: string, baseOffset: Offset, config: LogConfig, context: LogScope['context']): Segment {
  return {
    baseOffset,
    sizeBytes: 0,
    batches: emptyBatches(),
    offsetIndex: emptyIndex(),
    timeIndex: emptyIndex(),
    txnIndex: null,
    indexFiles: 'absent',
    maxIndexBytes: config.segmentIndexBytes,
    maxTimestampMs: NO_TIMESTAMP,
    offsetOfMaxTimestamp: baseOffset,
    rollingTimestampMs: null,
    bytesSinceLastIndexEntry: 0,
    createdMs: context.nowMs,
    lastModifiedMs: context.nowMs,
    rollJitterMs: config.segmentJitterMs === 0 ? 0 : context.draw('segment-jitter') % Math.min(config.segmentJitterMs, config.segmentMs),
    paths: segmentPaths(dir, baseOffset),
  };
}

/** An empty segment with its `.log`; the indexes wait for the first append. */
export function createSegment(dir: string, baseOffset: Offset, config: LogConfig, scope: LogScope): Segment {
  const segment = emptySegment(dir, baseOffset, config, scope.context);
  scope.effects.push({ type: 'append', path: segment.paths.log, bytes: EMPTY_BYTES });
  return segment;
}

/** Gives the segment index files of full size, so that entries can be added. */
export function preallocateIndexes(segment: Segment, scope: LogScope): Segment {
  if (segment.indexFiles === 'preallocated') return segment;
  scope.effects.push({ type: 'resize', path: segment.paths.index, sizeBytes: preallocatedBytes(segment.maxIndexBytes, OFFSET_ENTRY_BYTES) });
  scope.effects.push({ type: 'resize', path: segment.paths.timeIndex, sizeBytes: preallocatedBytes(segment.maxIndexBytes, TIME_ENTRY_BYTES) });
  return changed(copySegment(segment), { indexFiles: 'preallocated' });
}

/** Whether a set must go to a new segment (LogSegment.shouldRoll): size, age by message timestamps, full index, offset too far from the base. */
export function shouldRoll(segment: Segment, set: BatchSet, config: LogConfig, nowMs: EpochMs): boolean {
  if (segment.sizeBytes > config.segmentBytes - set.sizeBytes) return true;
  if (segment.sizeBytes > 0 && waitedForRollMs(segment, set.maxTimestampMs, nowMs) > maxSegmentMs(config) - segment.rollJitterMs) return true;
  if (offsetIndexIsFull(segment.offsetIndex, segment.maxIndexBytes) || timeIndexIsFull(segment.timeIndex, segment.maxIndexBytes)) return true;
  return !fitsIndex(segment.baseOffset, set.lastOffset);
}

function waitedForRollMs(segment: Segment, setTimestampMs: EpochMs, nowMs: EpochMs): number {
  const first = segment.rollingTimestampMs;
  return first !== null && first >= 0 ? setTimestampMs - first : nowMs - segment.createdMs;
}

/** Writes a set at the end (LogSegment.append). More than `index.interval.bytes` since the last entry: the set is indexed. */
export function appendToSegment(before: Segment, set: BatchSet, config: LogConfig, scope: LogScope): Segment {
  assert(set.batches.length > 0, 'a set with at least one batch');
  const segment = preallocateIndexes(before, scope);
  let { batches } = segment;
  for (const entry of set.batches) {
    batches = pushBatch(batches, placed(entry, segment.sizeBytes));
    scope.effects.push({ type: 'append', path: segment.paths.log, bytes: entry.bytes });
  }
  const indexed = segment.bytesSinceLastIndexEntry > config.indexIntervalBytes;
  const grown = growSegment(segment, { set, batches, indexed, nowMs: scope.context.nowMs });
  return indexed ? addIndexEntries(grown, { offset: set.lastOffset, position: segment.sizeBytes }, scope) : grown;
}

/** An entry of a set, which counts positions from its own start, in its place in the segment. */
function placed(entry: BatchEntry, setStartsAt: number): BatchEntry {
  return {
    baseOffset: entry.baseOffset,
    lastOffset: entry.lastOffset,
    position: setStartsAt + entry.position,
    sizeBytes: entry.sizeBytes,
    maxTimestampMs: entry.maxTimestampMs,
    leaderEpoch: entry.leaderEpoch,
    bytes: entry.bytes,
  };
}

/** The segment after a set. */
function growSegment(
  segment: Segment,
  by: { readonly set: BatchSet; readonly batches: BatchList; readonly indexed: boolean; readonly nowMs: EpochMs },
): Segment {
  const { set } = by;
  const next = copySegment(segment);
  next.sizeBytes += set.sizeBytes;
  next.batches = by.batches;
  if (set.maxTimestampMs > segment.maxTimestampMs) {
    next.maxTimestampMs = set.maxTimestampMs;
    next.offsetOfMaxTimestamp = set.offsetOfMaxTimestamp;
  }
  if (segment.sizeBytes === 0) next.rollingTimestampMs = set.maxTimestampMs;
  next.bytesSinceLastIndexEntry = (by.indexed ? 0 : segment.bytesSinceLastIndexEntry) + set.sizeBytes;
  next.lastModifiedMs = by.nowMs;
  return next;
}

/** A copy to change, field by field: a spread of this many fields would cost more than the rest of an append. */
export function copySegment(segment: Segment): Mutable<Segment> {
  return {
    baseOffset: segment.baseOffset,
    sizeBytes: segment.sizeBytes,
    batches: segment.batches,
    offsetIndex: segment.offsetIndex,
    timeIndex: segment.timeIndex,
    txnIndex: segment.txnIndex,
    indexFiles: segment.indexFiles,
    maxIndexBytes: segment.maxIndexBytes,
    maxTimestampMs: segment.maxTimestampMs,
    offsetOfMaxTimestamp: segment.offsetOfMaxTimestamp,
    rollingTimestampMs: segment.rollingTimestampMs,
    bytesSinceLastIndexEntry: segment.bytesSinceLastIndexEntry,
    createdMs: segment.createdMs,
    lastModifiedMs: segment.lastModifiedMs,
    rollJitterMs: segment.rollJitterMs,
    paths: segment.paths,
  };
}

function addIndexEntries(segment: Segment, entry: { readonly offset: Offset; readonly position: number }, scope: LogScope): Segment {
  const bytes = scope.context.allocate(OFFSET_ENTRY_BYTES);
  encodeOffsetEntry(bytes, 0, entry, segment.baseOffset);
  scope.effects.push({ type: 'append', path: segment.paths.index, bytes });
  return addMaxTimestampEntry(changed(copySegment(segment), { offsetIndex: arrayPush(segment.offsetIndex, entry) }), scope);
}

/** Adds the largest timestamp to the time index unless it is there already. */
function addMaxTimestampEntry(segment: Segment, scope: LogScope): Segment {
  const entry = { timestampMs: segment.maxTimestampMs, offset: segment.offsetOfMaxTimestamp };
  const timeIndex = maybeAppendTime(segment.timeIndex, entry, segment.baseOffset);
  if (timeIndex === segment.timeIndex) return segment;
  const bytes = scope.context.allocate(TIME_ENTRY_BYTES);
  encodeTimeEntry(bytes, 0, entry, segment.baseOffset);
  scope.effects.push({ type: 'append', path: segment.paths.timeIndex, bytes });
  return changed(copySegment(segment), { timeIndex });
}

/** Notes aborted transactions; the first one makes the `.txnindex` (LogSegment.updateTxnIndex). */
export function appendToTxnIndex(segment: Segment, aborted: readonly AbortedTxn[], scope: LogScope): Segment {
  if (aborted.length === 0) return segment;
  let { txnIndex } = segment;
  for (const txn of aborted) txnIndex = appendAbortedTxn(txnIndex, txn);
  scope.effects.push({ type: 'append', path: segment.paths.txnIndex, bytes: encodeTxnIndex(aborted) });
  return changed(copySegment(segment), { txnIndex });
}

/** Notes the largest timestamp and trims the indexes to their entries: at a roll and at a close. Index files that never came to be stay absent. */
export function sealIndexes(before: Segment, scope: LogScope): Segment {
  if (before.indexFiles !== 'preallocated') return before;
  const segment = addMaxTimestampEntry(before, scope);
  scope.effects.push({ type: 'resize', path: segment.paths.index, sizeBytes: segment.offsetIndex.length * OFFSET_ENTRY_BYTES });
  scope.effects.push({ type: 'resize', path: segment.paths.timeIndex, sizeBytes: segment.timeIndex.length * TIME_ENTRY_BYTES });
  return changed(copySegment(segment), { indexFiles: 'trimmed' });
}

/**
 * Cuts the segment at the start of the batch that holds `offset` and makes it fit to be the active one (LogSegment.truncateTo).
 * `Simplified:` index slots past the cut become zeros at once, where Kafka leaves the old entries until they are overwritten.
 */
export function truncateSegment(segment: Segment, offset: Offset, scope: LogScope): Segment {
  const kept = indexOfOffset(segment.batches, offset);
  const cutAt = kept === segment.batches.length ? segment.sizeBytes : positionAt(segment.batches, kept);
  const batches = truncateBatches(segment.batches, kept);
  const offsetIndex = truncateIndex(segment.offsetIndex, offset);
  const timeIndex = truncateIndex(segment.timeIndex, offset);
  const txnIndex = truncateTxnIndex(segment.txnIndex, offset);
  cutIndexFiles(segment, { offsetIndex, timeIndex, txnIndex }, scope);
  if (cutAt < segment.sizeBytes) scope.effects.push({ type: 'resize', path: segment.paths.log, sizeBytes: cutAt });
  const cut: Segment = changed(copySegment(segment), {
    batches,
    offsetIndex,
    timeIndex,
    txnIndex,
    sizeBytes: cutAt,
    indexFiles: 'preallocated',
    bytesSinceLastIndexEntry: 0,
    createdMs: cutAt === 0 ? scope.context.nowMs : segment.createdMs,
    lastModifiedMs: cutAt < segment.sizeBytes ? scope.context.nowMs : segment.lastModifiedMs,
    rollingTimestampMs: cutAt === 0 ? null : segment.rollingTimestampMs,
  });
  return segment.maxTimestampMs >= 0 ? { ...cut, ...largestTimestamp(cut) } : cut;
}

function cutIndexFiles(segment: Segment, cut: Pick<Segment, 'offsetIndex' | 'timeIndex' | 'txnIndex'>, scope: LogScope): void {
  const { index, timeIndex, txnIndex } = segment.paths;
  if (cut.txnIndex !== segment.txnIndex) scope.effects.push({ type: 'resize', path: txnIndex, sizeBytes: (cut.txnIndex?.length ?? 0) * ABORTED_TXN_BYTES });
  if (cut.offsetIndex.length < segment.offsetIndex.length) {
    scope.effects.push({ type: 'resize', path: index, sizeBytes: cut.offsetIndex.length * OFFSET_ENTRY_BYTES });
  }
  if (cut.timeIndex.length < segment.timeIndex.length) {
    scope.effects.push({ type: 'resize', path: timeIndex, sizeBytes: cut.timeIndex.length * TIME_ENTRY_BYTES });
  }
  scope.effects.push({ type: 'resize', path: index, sizeBytes: preallocatedBytes(segment.maxIndexBytes, OFFSET_ENTRY_BYTES) });
  scope.effects.push({ type: 'resize', path: timeIndex, sizeBytes: preallocatedBytes(segment.maxIndexBytes, TIME_ENTRY_BYTES) });
}

/** The last time index entry, or a larger timestamp in a batch behind it (LogSegment.readLargestTimestamp). */
function largestTimestamp(segment: Segment): Pick<Segment, 'maxTimestampMs' | 'offsetOfMaxTimestamp'> {
  const last = lastTimeEntry(segment.timeIndex, segment.baseOffset);
  let maxTimestampMs = last.timestampMs;
  let offsetOfMaxTimestamp = last.offset;
  for (let i = indexOfOffset(segment.batches, last.offset); i < segment.batches.length; i++) {
    if (maxTimestampAt(segment.batches, i) <= maxTimestampMs) continue;
    maxTimestampMs = maxTimestampAt(segment.batches, i);
    offsetOfMaxTimestamp = lastOffsetAt(segment.batches, i);
  }
  return { maxTimestampMs, offsetOfMaxTimestamp };
}

/** The files that a segment has on the disk. */
export function filesOfSegment(segment: Segment): string[] {
  const { log, index, timeIndex, txnIndex } = segment.paths;
  const paths = segment.indexFiles === 'absent' ? [log] : [log, index, timeIndex];
  if (segment.txnIndex !== null) paths.push(txnIndex);
  return paths;
}

/** Flushes `.log` and indexes under one operation; returns how many files were asked for. */
export function flushSegment(segment: Segment, operation: number, scope: LogScope): number {
  const paths = filesOfSegment(segment);
  for (const path of paths) scope.effects.push({ type: 'flush', owner: LOG_OWNER, operation, path });
  return paths.length;
}

/** One past the last offset in the segment; its base offset when empty. */
export function nextOffset(segment: Segment): Offset {
  return segment.batches.length === 0 ? segment.baseOffset : lastOffsetAt(segment.batches, segment.batches.length - 1) + 1;
}

/** Largest record timestamp, or the time of the last write where there is none: what retention goes by. */
export function retentionTimestampMs(segment: Segment): EpochMs {
  return segment.maxTimestampMs >= 0 ? segment.maxTimestampMs : segment.lastModifiedMs;
}

/** Bytes of the batches [from, to) of a segment, in order. */
export function batchBytes(segment: Segment, from: number, to: number): Uint8Array[] {
  const bytes: Uint8Array[] = [];
  for (let i = from; i < to; i++) bytes.push(bytesAt(segment.batches, i));
  return bytes;
}
