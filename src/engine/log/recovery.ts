import { copySegment } from './segment.ts';
import { changed } from '../kernel/mutable.ts';
import { arrayPush } from '../kernel/persistent-array.ts';
import { MAX_INT, NO_EPOCH, type Offset } from '../kernel/units.ts';
import { BATCH_OVERHEAD_BYTES, batchError, batchSizeBytes, LOG_OVERHEAD_BYTES } from '../protocol/record-batch.ts';
import { batchEntry, MAGIC_AT } from './batch-header.ts';
import { emptyBatches, lastOffsetAt, pushBatch, type BatchEntry, type BatchList } from './batch-list.ts';
import { assignEpochStart, latestEpoch, type EpochCache } from './epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { LogScope } from './log-scope.ts';
import type { Segment } from './segment.ts';
import {
  emptyIndex,
  encodeOffsetIndex,
  encodeTimeIndex,
  lastTimeEntry,
  maybeAppendTime,
  NO_TIMESTAMP,
  type OffsetIndex,
  type TimeIndex,
} from './segment-index.ts';

/** Smallest length field of any message format; below it a header is taken for garbage. */
const LEAST_LENGTH = 14;

/** The batch that starts at `position` of a `.log`, or null at its end, in a partial batch or in garbage (FileLogInputStream). */
export function batchBytesAt(file: Uint8Array, position: number): Uint8Array | null {
  if (position >= file.length - (MAGIC_AT + 1)) return null;
  const header = file.subarray(position, position + LOG_OVERHEAD_BYTES);
  const sizeBytes = batchSizeBytes(header);
  if (sizeBytes - LOG_OVERHEAD_BYTES < LEAST_LENGTH || position + sizeBytes > file.length) return null;
  return file.subarray(position, position + sizeBytes);
}

/** Takes a `.log` as it stands, without checking CRCs: for segments that were flushed or cleanly closed. */
export function scanBatches(file: Uint8Array): { readonly batches: BatchList; readonly sizeBytes: number } {
  let batches = emptyBatches();
  let position = 0;
  for (;;) {
    const bytes = batchBytesAt(file, position);
    if (bytes === null || bytes.length < BATCH_OVERHEAD_BYTES) break;
    const entry = batchEntry(bytes, position);
    if (batches.length > 0 && entry.baseOffset <= lastOffsetOf(batches)) break;
    batches = pushBatch(batches, entry);
    position += bytes.length;
  }
  return { batches, sizeBytes: position };
}

export interface RecoveredSegment {
  readonly segment: Segment;
  readonly leaderEpochs: EpochCache;
  readonly truncatedBytes: number;
}

/**
 * Reads a segment's `.log` from the start, checks size and CRC of each batch, cuts it at the first bad one and rebuilds both
 * indexes (LogSegment.recover). Only epochs above the latest known one are noted.
 * `Simplified:` offsets that go back or do not fit the index empty the segment; Kafka would split a segment with overflow.
 */
export function recoverSegment(
  segment: Segment,
  source: { readonly file: Uint8Array; readonly leaderEpochs: EpochCache; readonly config: LogConfig },
  scope: LogScope,
): RecoveredSegment {
  const rebuilt = rebuild(segment.baseOffset, source);
  const truncatedBytes = source.file.length - rebuilt.sizeBytes;
  if (truncatedBytes > 0) scope.effects.push({ type: 'resize', path: segment.paths.log, sizeBytes: rebuilt.sizeBytes });
  scope.effects.push({ type: 'replace', path: segment.paths.index, bytes: encodeOffsetIndex(rebuilt.offsetIndex, segment.baseOffset) });
  scope.effects.push({ type: 'replace', path: segment.paths.timeIndex, bytes: encodeTimeIndex(rebuilt.timeIndex, segment.baseOffset) });
  const recovered: Segment = changed(copySegment(segment), {
    batches: rebuilt.batches,
    sizeBytes: rebuilt.sizeBytes,
    offsetIndex: rebuilt.offsetIndex,
    timeIndex: rebuilt.timeIndex,
    indexFiles: 'trimmed',
    maxTimestampMs: rebuilt.maxTimestampMs,
    offsetOfMaxTimestamp: rebuilt.offsetOfMaxTimestamp,
    rollingTimestampMs: rebuilt.rollingTimestampMs,
  });
  return { segment: recovered, leaderEpochs: rebuilt.leaderEpochs, truncatedBytes };
}

interface Rebuilt {
  batches: BatchList;
  sizeBytes: number;
  offsetIndex: OffsetIndex;
  timeIndex: TimeIndex;
  maxTimestampMs: number;
  offsetOfMaxTimestamp: Offset;
  rollingTimestampMs: number | null;
  leaderEpochs: EpochCache;
}

function rebuild(baseOffset: Offset, source: { readonly file: Uint8Array; readonly leaderEpochs: EpochCache; readonly config: LogConfig }): Rebuilt {
  const rebuilt = nothingRebuilt(baseOffset, source.leaderEpochs);
  let lastIndexedAt = 0;
  for (;;) {
    const bytes = batchBytesAt(source.file, rebuilt.sizeBytes);
    if (bytes === null || batchError(bytes) !== null) break;
    const entry = batchEntry(bytes, rebuilt.sizeBytes);
    if (!offsetsAreSound(rebuilt, entry, baseOffset)) return nothingRebuilt(baseOffset, source.leaderEpochs);
    noteTimestamp(rebuilt, entry);
    if (entry.position - lastIndexedAt > source.config.indexIntervalBytes) {
      rebuilt.offsetIndex = arrayPush(rebuilt.offsetIndex, { offset: entry.lastOffset, position: entry.position });
      noteTimeEntry(rebuilt, baseOffset);
      lastIndexedAt = entry.position;
    }
    rebuilt.batches = pushBatch(rebuilt.batches, entry);
    rebuilt.sizeBytes += bytes.length;
    if (entry.leaderEpoch > NO_EPOCH && entry.leaderEpoch > latestEpoch(rebuilt.leaderEpochs)) {
      rebuilt.leaderEpochs = assignEpochStart(rebuilt.leaderEpochs, { epoch: entry.leaderEpoch, startOffset: entry.baseOffset });
    }
  }
  noteTimeEntry(rebuilt, baseOffset);
  return rebuilt;
}

function nothingRebuilt(baseOffset: Offset, leaderEpochs: EpochCache): Rebuilt {
  return {
    batches: emptyBatches(),
    sizeBytes: 0,
    offsetIndex: emptyIndex(),
    timeIndex: emptyIndex(),
    maxTimestampMs: NO_TIMESTAMP,
    offsetOfMaxTimestamp: baseOffset,
    rollingTimestampMs: null,
    leaderEpochs,
  };
}

/** The offset lies outside the CRC, so a batch with a good CRC may still carry a wrong one. */
function offsetsAreSound(rebuilt: Rebuilt, entry: BatchEntry, baseOffset: Offset): boolean {
  if (entry.baseOffset < baseOffset || entry.lastOffset - baseOffset > MAX_INT) return false;
  return rebuilt.batches.length === 0 || entry.baseOffset > lastOffsetOf(rebuilt.batches);
}

function noteTimestamp(rebuilt: Rebuilt, entry: BatchEntry): void {
  if (rebuilt.rollingTimestampMs === null) rebuilt.rollingTimestampMs = entry.maxTimestampMs;
  if (entry.maxTimestampMs <= rebuilt.maxTimestampMs) return;
  rebuilt.maxTimestampMs = entry.maxTimestampMs;
  rebuilt.offsetOfMaxTimestamp = entry.lastOffset;
}

function noteTimeEntry(rebuilt: Rebuilt, baseOffset: Offset): void {
  const last = lastTimeEntry(rebuilt.timeIndex, baseOffset);
  if (rebuilt.maxTimestampMs <= last.timestampMs) return;
  rebuilt.timeIndex = maybeAppendTime(rebuilt.timeIndex, { timestampMs: rebuilt.maxTimestampMs, offset: rebuilt.offsetOfMaxTimestamp }, baseOffset);
}

function lastOffsetOf(batches: BatchList): Offset {
  return lastOffsetAt(batches, batches.length - 1);
}
