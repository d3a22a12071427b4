import type { Offset } from '../kernel/units.ts';
import { batchAt, bytesAt, indexOfOffset, positionAt } from './batch-list.ts';
import { floorSegmentIndex, logName, positionOf, segmentAt, segmentCount, segmentList, type LogState } from './log-state.ts';
import { firstEntryFrom } from './segment-index.ts';
import { batchBytes, type Segment } from './segment.ts';
import { collectAbortedTxns, type AbortedTxn } from './txn-index.ts';

export interface ReadRequest {
  readonly startOffset: Offset;
  readonly maxBytes: number;
  /** Nothing at or above it is returned: the log's end for a follower, high watermark or last stable offset for a consumer. */
  readonly upperBound: Offset;
  /** Whether a first batch larger than `maxBytes` is returned all the same. */
  readonly minOneMessage: boolean;
}

export interface ReadData {
  readonly error: null;
  /** Whole batches, the first one holding `startOffset` (or the next offset that exists). They share the log's bytes. */
  readonly batches: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Where they lie: the file, and the first one's place in it. Of no meaning without batches. */
  readonly path: string;
  readonly position: number;
  /** The first batch was there but did not fit `maxBytes`. */
  readonly firstEntryIncomplete: boolean;
}

export type ReadResult = ReadData | { readonly error: 'OFFSET_OUT_OF_RANGE'; readonly message: string };

const NOTHING: ReadData = { error: null, batches: [], sizeBytes: 0, path: '', position: 0, firstEntryIncomplete: false };

/**
 * Reads from one segment, as UnifiedLog.read does. Refused below logStartOffset and above the log's end; empty at or above the bound.
 * `Simplified:` only whole batches are returned, where Kafka may cut the last one.
 */
export function readLog(log: LogState, request: ReadRequest): ReadResult {
  const { startOffset, upperBound } = request;
  if (startOffset < log.logStartOffset) {
    return outOfRange(log, startOffset, `but we only have log segments starting from offset: ${log.logStartOffset}.`);
  }
  if (startOffset > log.logEndOffset) return outOfRange(log, startOffset, `but we only have log segments upto ${log.logEndOffset}.`);
  if (startOffset >= upperBound) return NOTHING;
  for (let i = Math.max(0, floorSegmentIndex(log, startOffset)); i < segmentCount(log); i++) {
    const segment = segmentAt(log, i) ?? log.active;
    const first = indexOfOffset(segment.batches, startOffset);
    if (first < segment.batches.length) return readSegment(segment, first, request);
  }
  return NOTHING;
}

function readSegment(segment: Segment, first: number, request: ReadRequest): ReadResult {
  const end = indexOfOffset(segment.batches, request.upperBound);
  if (first >= end) return NOTHING;
  const firstSize = bytesAt(segment.batches, first).length;
  const limit = request.minOneMessage ? Math.max(request.maxBytes, firstSize) : request.maxBytes;
  if (limit < firstSize) return { ...NOTHING, firstEntryIncomplete: true };
  const startsAt = positionAt(segment.batches, first);
  const last = lastWithin(segment, { first, end, endPosition: startsAt + limit });
  const sizeBytes = positionAt(segment.batches, last) + bytesAt(segment.batches, last).length - startsAt;
  return { error: null, batches: batchBytes(segment, first, last + 1), sizeBytes, path: segment.paths.log, position: startsAt, firstEntryIncomplete: false };
}

/** The last batch in [first, end) that ends at or below a position; the first one does. */
function lastWithin(segment: Segment, range: { readonly first: number; readonly end: number; readonly endPosition: number }): number {
  let low = range.first;
  let high = range.end - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const endsAt = positionAt(segment.batches, middle) + bytesAt(segment.batches, middle).length;
    if (endsAt <= range.endPosition) low = middle;
    else high = middle - 1;
  }
  return low;
}

function outOfRange(log: LogState, offset: Offset, rest: string): ReadResult {
  return { error: 'OFFSET_OUT_OF_RANGE', message: `Received request for offset ${offset} for partition ${logName(log)}, ${rest}` };
}

/**
 * The aborted transactions that a read_committed reader of `read` must know: those with records between `startOffset` and an
 * offset that the read did not reach, as told by the offset index. So there may be more than the read itself needs (LocalLog.addAbortedTransactions).
 */
export function abortedTransactions(log: LogState, read: ReadData, startOffset: Offset): readonly AbortedTxn[] {
  if (read.path === '') return NONE_ABORTED;
  let at = Math.max(0, floorSegmentIndex(log, startOffset));
  while (segmentAt(log, at) !== undefined && segmentAt(log, at)?.paths.log !== read.path) at += 1;
  const segment = segmentAt(log, at);
  if (segment === undefined) return NONE_ABORTED;
  const unread = firstEntryFrom(segment.offsetIndex, read.position + read.sizeBytes);
  const upperBound = unread?.offset ?? segmentAt(log, at + 1)?.baseOffset ?? log.logEndOffset;
  return abortedFrom(log, at, { fetchOffset: startOffset, upperBound });
}

/** Aborted transactions with records in [from, below); their markers may lie in later segments (UnifiedLog.collectAbortedTransactions). */
export function abortedBetween(log: LogState, from: Offset, below: Offset): readonly AbortedTxn[] {
  return abortedFrom(log, Math.max(0, floorSegmentIndex(log, from)), { fetchOffset: from, upperBound: below });
}

function abortedFrom(log: LogState, firstSegment: number, range: { readonly fetchOffset: Offset; readonly upperBound: Offset }): readonly AbortedTxn[] {
  const aborted: AbortedTxn[] = [];
  for (let at = firstSegment; at < segmentCount(log); at++) {
    const found = collectAbortedTxns(segmentAt(log, at)?.txnIndex ?? null, range);
    for (const txn of found.aborted) aborted.push(txn);
    if (found.isComplete) break;
  }
  return aborted;
}

const NONE_ABORTED: readonly AbortedTxn[] = [];

/** All batches that hold an offset in [from, to), across segments: for projection and invariants, not for serving. */
export function batchesBetween(log: LogState, from: Offset, to: Offset): readonly Uint8Array[] {
  return segmentList(log).flatMap((segment) => {
    if (segment.baseOffset >= to) return [];
    const first = indexOfOffset(segment.batches, from);
    const end = indexOfOffset(segment.batches, to);
    // A batch that straddles `to` holds offsets below it, unless it only starts there.
    const straddles = end < segment.batches.length && baseOffsetAt(segment, end) < to;
    return batchBytes(segment, first, straddles ? end + 1 : end);
  });
}

function baseOffsetAt(segment: Segment, index: number): Offset {
  return batchAt(segment.batches, index).baseOffset;
}

/**
 * Bytes that a fetch from `from` up to `to` would find, for a parked fetch's minBytes. `olderSegment`: the bound lies in a newer
 * segment than the fetch offset, in which case Kafka answers at once (DelayedFetch).
 */
export function bytesBetween(log: LogState, from: Offset, to: Offset): { readonly sizeBytes: number; readonly olderSegment: boolean } {
  if (from >= to) return { sizeBytes: 0, olderSegment: false };
  const start = positionOf(log, from);
  const end = positionOf(log, to);
  if (start.segmentBaseOffset < end.segmentBaseOffset) return { sizeBytes: 0, olderSegment: true };
  return { sizeBytes: Math.max(0, end.positionInSegment - start.positionInSegment), olderSegment: false };
}
