import { copySegment } from './segment.ts';
import { changed } from '../kernel/mutable.ts';
import { arrayPush } from '../kernel/persistent-array.ts';
import { MAX_INT, NO_EPOCH, type Offset } from '../kernel/units.ts';
import { BATCH_OVERHEAD_BYTES, batchError, batchSizeBytes, LOG_OVERHEAD_BYTES, magic, producerId, recordCount } from '../protocol/record-batch.ts';
import { batchEntry, MAGIC_AT, producerHeader } from './batch-header.ts';
import { batchesFrom, type BatchEntry, type BatchList } from './batch-list.ts';
import { assignEpochStart, latestEpoch, type EpochCache } from './epoch-cache.ts';
import type { LogConfig } from './log-config.ts';
import type { LogScope } from './log-scope.ts';
import { atMapEnd, noteBatches, type ProducerStore } from './producer-store.ts';
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
import { appendAbortedTxn, encodeTxnIndex, type TxnIndex } from './txn-index.ts';

/** Smallest length field of any message format; below it a header is taken for garbage. */
const LEAST_LENGTH = 14;
const MAGIC = 2;

/** The batch that starts at `position` of a `.log`, or null at its end, in a partial batch or in garbage (FileLogInputStream). */
export function batchBytesAt(file: Uint8Array, position: number): Uint8Array | null {
  if (position >= file.length - (MAGIC_AT + 1)) return null;
  const header = file.subarray(position, position + LOG_OVERHEAD_BYTES);
  const sizeBytes = batchSizeBytes(header);
  if (sizeBytes - LOG_OVERHEAD_BYTES < LEAST_LENGTH || position + sizeBytes > file.length) return null;
  return file.subarray(position, position + sizeBytes);
}

/** The offsets that a segment may hold: from its base on, below the next segment's. */
export interface OffsetRange {
  readonly from: Offset;
  readonly below: Offset;
}

/** Takes a `.log` as it stands, without checking CRCs: for segments that were flushed or cleanly closed. Ends where a header cannot be. */
export function scanBatches(file: Uint8Array, range: OffsetRange): { readonly batches: BatchList; readonly sizeBytes: number } {
  const entries: BatchEntry[] = [];
  let position = 0;
  for (;;) {
    const bytes = batchBytesAt(file, position);
    if (bytes === null || bytes.length < BATCH_OVERHEAD_BYTES || magic(bytes) !== MAGIC) break;
    const entry = batchEntry(bytes, position);
    if (!offsetsAreSound(entries, entry, range)) break;
    entries.push(entry);
    position += bytes.length;
  }
  return { batches: batchesFrom(entries), sizeBytes: position };
}

/**
 * Why recovery cut a segment: the file ends inside a batch, its length field or magic cannot be, its checksum or its offset is wrong,
 * or a control batch without a readable marker stands before the cut.
 */
export type CutReason = 'incompleteBatch' | 'recordSize' | 'magic' | 'crc' | 'offset' | 'controlRecord';

export interface RecoveredSegment {
  readonly segment: Segment;
  readonly leaderEpochs: EpochCache;
  readonly producers: ProducerStore;
  readonly truncatedBytes: number;
  /** Null when nothing was cut. */
  readonly cut: CutReason | null;
}

/** What a segment is recovered from: its `.log`, and what the segments before it left behind. */
export interface RecoverySource {
  readonly file: Uint8Array;
  /** Base of the next segment, `Infinity` for the last one. */
  readonly nextBaseOffset: Offset;
  readonly leaderEpochs: EpochCache;
  readonly producers: ProducerStore;
  readonly config: LogConfig;
}

/**
 * Reads a segment's `.log` from the start, checks size and CRC of each batch, cuts it at the first bad one and rebuilds its
 * indexes (LogSegment.recover). Only epochs above the latest known one are noted.
 * `Simplified:` a batch whose offset goes back, does not fit the index or reaches into the next segment counts as bad; Kafka looks at
 * offsets only where it indexes, and would split a segment with overflow.
 */
export function recoverSegment(segment: Segment, source: RecoverySource, scope: LogScope): RecoveredSegment {
  const { baseOffset, paths } = segment;
  const rebuilt = rebuild(segment, source);
  const truncatedBytes = source.file.length - rebuilt.sizeBytes;
  if (truncatedBytes > 0) scope.effects.push({ type: 'resize', path: paths.log, sizeBytes: rebuilt.sizeBytes });
  scope.effects.push({ type: 'replace', path: paths.index, bytes: encodeOffsetIndex(rebuilt.offsetIndex, baseOffset) });
  scope.effects.push({ type: 'replace', path: paths.timeIndex, bytes: encodeTimeIndex(rebuilt.timeIndex, baseOffset) });
  if (rebuilt.txnIndex !== null) scope.effects.push({ type: 'replace', path: paths.txnIndex, bytes: encodeTxnIndex(rebuilt.txnIndex) });
  const recovered: Segment = changed(copySegment(segment), {
    batches: batchesFrom(rebuilt.entries),
    sizeBytes: rebuilt.sizeBytes,
    offsetIndex: rebuilt.offsetIndex,
    timeIndex: rebuilt.timeIndex,
    txnIndex: rebuilt.txnIndex,
    indexFiles: 'trimmed',
    maxTimestampMs: rebuilt.maxTimestampMs,
    offsetOfMaxTimestamp: rebuilt.offsetOfMaxTimestamp,
    rollingTimestampMs: rebuilt.rollingTimestampMs,
  });
  const { leaderEpochs, producers } = rebuilt;
  return { segment: recovered, leaderEpochs, producers, truncatedBytes, cut: truncatedBytes > 0 ? rebuilt.cut : null };
}

interface Rebuilt {
  readonly entries: BatchEntry[];
  sizeBytes: number;
  offsetIndex: OffsetIndex;
  timeIndex: TimeIndex;
  txnIndex: TxnIndex;
  maxTimestampMs: number;
  offsetOfMaxTimestamp: Offset;
  rollingTimestampMs: number | null;
  leaderEpochs: EpochCache;
  producers: ProducerStore;
  cut: CutReason | null;
}

function rebuild(segment: Segment, source: RecoverySource): Rebuilt {
  const { baseOffset } = segment;
  const rebuilt = nothingRebuilt(segment, source);
  let lastIndexedAt = 0;
  while (rebuilt.cut === null) {
    const bytes = batchBytesAt(source.file, rebuilt.sizeBytes);
    rebuilt.cut = bytes === null ? endReason(source.file, rebuilt.sizeBytes) : batchReason(bytes);
    if (bytes === null || rebuilt.cut !== null) break;
    const entry = batchEntry(bytes, rebuilt.sizeBytes);
    if (!offsetsAreSound(rebuilt.entries, entry, { from: baseOffset, below: source.nextBaseOffset })) {
      rebuilt.cut = 'offset';
      break;
    }
    noteTimestamp(rebuilt, entry);
    if (entry.position - lastIndexedAt > source.config.indexIntervalBytes) {
      rebuilt.offsetIndex = arrayPush(rebuilt.offsetIndex, { offset: entry.lastOffset, position: entry.position });
      noteTimeEntry(rebuilt, baseOffset);
      lastIndexedAt = entry.position;
    }
    rebuilt.entries.push(entry);
    rebuilt.sizeBytes += bytes.length;
    if (entry.leaderEpoch > NO_EPOCH && entry.leaderEpoch > latestEpoch(rebuilt.leaderEpochs)) {
      rebuilt.leaderEpochs = assignEpochStart(rebuilt.leaderEpochs, { epoch: entry.leaderEpoch, startOffset: entry.baseOffset });
    }
    noteProducer(rebuilt, entry);
  }
  noteTimeEntry(rebuilt, baseOffset);
  return rebuilt;
}

function nothingRebuilt(segment: Segment, source: RecoverySource): Rebuilt {
  return {
    entries: [],
    sizeBytes: 0,
    offsetIndex: emptyIndex(),
    timeIndex: emptyIndex(),
    // A `.txnindex` that is there is emptied, not deleted.
    txnIndex: segment.txnIndex === null ? null : [],
    maxTimestampMs: NO_TIMESTAMP,
    offsetOfMaxTimestamp: segment.baseOffset,
    rollingTimestampMs: null,
    leaderEpochs: source.leaderEpochs,
    producers: source.producers,
    cut: null,
  };
}

/** Why there is no whole batch at `position`; null at the file's very end. */
function endReason(file: Uint8Array, position: number): CutReason | null {
  if (position === file.length) return null;
  if (position >= file.length - (MAGIC_AT + 1)) return 'incompleteBatch';
  return batchSizeBytes(file.subarray(position, position + LOG_OVERHEAD_BYTES)) - LOG_OVERHEAD_BYTES < LEAST_LENGTH ? 'recordSize' : 'incompleteBatch';
}

function batchReason(bytes: Uint8Array): CutReason | null {
  if (batchError(bytes) === null) return null;
  if (magic(bytes) !== MAGIC) return 'magic';
  return bytes.length < BATCH_OVERHEAD_BYTES ? 'recordSize' : 'crc';
}

/** LogSegment.updateProducerState. A control batch that cannot be read stays, but nothing behind it does. */
function noteProducer(rebuilt: Rebuilt, entry: BatchEntry): void {
  const endOffset = entry.lastOffset + 1;
  if (producerId(entry.bytes) < 0) {
    rebuilt.producers = atMapEnd(rebuilt.producers, endOffset);
    return;
  }
  const header = producerHeader(entry.bytes);
  if (header.isControl && header.marker === null && recordCount(entry.bytes) > 0) {
    rebuilt.cut = 'controlRecord';
    return;
  }
  const { store, aborted } = noteBatches(rebuilt.producers, [header], endOffset);
  rebuilt.producers = store;
  for (const txn of aborted) rebuilt.txnIndex = appendAbortedTxn(rebuilt.txnIndex, txn);
}

/** The offset lies outside the CRC, so a batch with a good CRC may still carry a wrong one. */
function offsetsAreSound(before: readonly BatchEntry[], entry: BatchEntry, range: OffsetRange): boolean {
  if (entry.baseOffset < range.from || entry.lastOffset < entry.baseOffset) return false;
  if (entry.lastOffset >= range.below || entry.lastOffset - range.from > MAX_INT) return false;
  return entry.baseOffset > (before[before.length - 1]?.lastOffset ?? -1);
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
