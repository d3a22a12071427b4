import { changed, type Mutable } from '../kernel/mutable.ts';
import { arrayForEach, arrayGet, type PersistentArray } from '../kernel/persistent-array.ts';
import type { EpochMs, LeaderEpoch, Offset, PartitionId, Uuid } from '../kernel/units.ts';
import { indexOfOffset, positionAt } from './batch-list.ts';
import { encodeEpochCheckpoint, writeTextAtomically } from './checkpoint-files.ts';
import { assignEpochStart, endOffsetFor, epochForOffset, latestEpoch, truncateEpochsFromEnd, type EpochCache, type EpochEnd } from './epoch-cache.ts';
import { LEADER_EPOCH_CHECKPOINT, logDirName } from './file-names.ts';
import type { LogConfig } from './log-config.ts';
import type { LogScope } from './log-scope.ts';
import { onHighWatermarkUpdated, type ProducerStore } from './producer-store.ts';
import type { Segment } from './segment.ts';
import { firstUnstableOffset, NO_TRANSACTIONS } from './transactions.ts';

/**
 * One replica's log (UnifiedLog with its LocalLog). Offsets are ends where they are called ends: `logEndOffset` is one past the
 * last record, `highWatermark` one past the last committed one. Always logStartOffset <= highWatermark <= logEndOffset.
 */
export interface LogState {
  /** Folder: `orders-0`, or `data-1/orders-0` on a broker with several log dirs. */
  readonly dir: string;
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid | null;
  /** Number of this log within its broker, from 1; flush operations carry it. */
  readonly logId: number;
  readonly config: LogConfig;
  /** Rolled segments, ascending; the active one is apart, as it alone changes. */
  readonly rolled: PersistentArray<Segment>;
  readonly active: Segment;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly highWatermark: Offset;
  /** First offset that may not be on the device; recovery after an unclean stop starts in the segment that holds it. */
  readonly recoveryPoint: Offset;
  readonly leaderEpochs: EpochCache;
  readonly producers: ProducerStore;
  readonly pendingFlushes: readonly PendingFlush[];
  readonly nextOperation: number;
  readonly lastFlushedMs: EpochMs;
  /** Files renamed to `.deleted`, to go for good after `file.delete.delay.ms`; in order of time. */
  readonly deletions: readonly PendingDeletion[];
}

export interface PendingFlush {
  readonly operation: number;
  /** The recovery point once all files are on the device. */
  readonly recoveryPoint: Offset;
  readonly filesLeft: number;
}

export interface PendingDeletion {
  readonly dueMs: EpochMs;
  readonly paths: readonly string[];
}

/** LogOffsetMetadata: an offset with its place in the files. */
export interface OffsetPosition {
  readonly offset: Offset;
  readonly segmentBaseOffset: Offset;
  readonly positionInSegment: number;
}

/** `orders-0`, what messages call the log. */
export function logName(log: Pick<LogState, 'topic' | 'partition'>): string {
  return logDirName(log.topic, log.partition);
}

export function segmentCount(log: LogState): number {
  return log.rolled.length + 1;
}

/** Segment by index, ascending; the last one is active. Undefined outside [0, segmentCount). */
export function segmentAt(log: LogState, index: number): Segment | undefined {
  return index === log.rolled.length ? log.active : arrayGet(log.rolled, index);
}

export function segmentList(log: LogState): Segment[] {
  const list: Segment[] = [];
  arrayForEach(log.rolled, (segment) => list.push(segment));
  list.push(log.active);
  return list;
}

/** Index of the last segment whose base is at or below `offset`, or -1 (LogSegments.floorSegment). */
export function floorSegmentIndex(log: LogState, offset: Offset): number {
  if (log.active.baseOffset <= offset) return log.rolled.length;
  let low = 0;
  let high = log.rolled.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((arrayGet(log.rolled, middle)?.baseOffset ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Bytes of all `.log` files. */
export function logSizeBytes(log: LogState): number {
  let sizeBytes = log.active.sizeBytes;
  arrayForEach(log.rolled, (segment) => (sizeBytes += segment.sizeBytes));
  return sizeBytes;
}

/** Where the batch that holds `offset` starts; for the log's end, the end of the active segment. */
export function positionOf(log: LogState, offset: Offset): OffsetPosition {
  const first = Math.max(0, floorSegmentIndex(log, offset));
  for (let i = first; i < segmentCount(log); i++) {
    const segment = segmentAt(log, i) ?? log.active;
    const at = indexOfOffset(segment.batches, offset);
    if (at < segment.batches.length) return { offset, segmentBaseOffset: segment.baseOffset, positionInSegment: positionAt(segment.batches, at) };
  }
  return { offset, segmentBaseOffset: log.active.baseOffset, positionInSegment: log.active.sizeBytes };
}

/**
 * Moves the high watermark to `offset`, clamped to [logStartOffset, logEndOffset]; it may go back (UnifiedLog.updateHighWatermark).
 * The same state when nothing changes.
 */
export function updateHighWatermark(log: LogState, offset: Offset): LogState {
  const highWatermark = Math.min(Math.max(offset, log.logStartOffset), log.logEndOffset);
  if (highWatermark === log.highWatermark) return log;
  const next = copyLog(log);
  next.highWatermark = highWatermark;
  if (log.producers.transactions !== NO_TRANSACTIONS) next.producers = onHighWatermarkUpdated(log.producers, highWatermark);
  return next;
}

/**
 * A copy to change before anybody sees it. Field by field, as these are the hottest copies of a broker and a spread of this many
 * fields takes thirty times as long.
 */
export function copyLog(log: LogState): Mutable<LogState> {
  return {
    dir: log.dir,
    topic: log.topic,
    partition: log.partition,
    topicId: log.topicId,
    logId: log.logId,
    config: log.config,
    rolled: log.rolled,
    active: log.active,
    logStartOffset: log.logStartOffset,
    logEndOffset: log.logEndOffset,
    highWatermark: log.highWatermark,
    recoveryPoint: log.recoveryPoint,
    leaderEpochs: log.leaderEpochs,
    producers: log.producers,
    pendingFlushes: log.pendingFlushes,
    nextOperation: log.nextOperation,
    lastFlushedMs: log.lastFlushedMs,
    deletions: log.deletions,
  };
}

/** UnifiedLog.updateConfig: the log goes by another configuration from now on; segments there are keep their index size and jitter. */
export function withLogConfig(log: LogState, config: LogConfig): LogState {
  return changed(copyLog(log), { config });
}

/** As `updateHighWatermark`, but never backwards (UnifiedLog.maybeIncrementHighWatermark). */
export function incrementHighWatermark(log: LogState, offset: Offset): LogState {
  return offset > log.highWatermark ? updateHighWatermark(log, offset) : log;
}

/**
 * Below it every transaction is decided: what read_committed sees. The first unstable offset, not below the log's start, if it lies
 * below the high watermark, else the high watermark (UnifiedLog.lastStableOffset).
 */
export function lastStableOffset(log: LogState): Offset {
  const { transactions } = log.producers;
  const firstUnstable = transactions === NO_TRANSACTIONS ? null : firstUnstableOffset(transactions);
  return firstUnstable === null ? log.highWatermark : Math.min(Math.max(firstUnstable, log.logStartOffset), log.highWatermark);
}

/** Notes that `epoch` starts at `startOffset` and flushes the checkpoint if that is news (UnifiedLog.maybeAssignEpochStartOffset). */
export function assignEpoch(log: LogState, epoch: LeaderEpoch, startOffset: Offset, scope: Pick<LogScope, 'effects'>): LogState {
  return withEpochs(log, assignEpochStart(log.leaderEpochs, { epoch, startOffset }), scope);
}

/** The same log with another epoch cache, its checkpoint rewritten if anything changed. */
export function withEpochs(log: LogState, leaderEpochs: EpochCache, scope: Pick<LogScope, 'effects'>): LogState {
  if (leaderEpochs === log.leaderEpochs) return log;
  writeEpochCheckpoint(log.dir, leaderEpochs, scope);
  return changed(copyLog(log), { leaderEpochs });
}

export function writeEpochCheckpoint(dir: string, leaderEpochs: EpochCache, scope: Pick<LogScope, 'effects'>): void {
  writeTextAtomically(`${dir}/${LEADER_EPOCH_CHECKPOINT}`, encodeEpochCheckpoint(leaderEpochs), scope);
}

/** Drops epochs that start at or beyond the log's end: what `truncateTo` does when there is nothing else to cut. */
export function dropEpochsBeyondEnd(log: LogState, scope: Pick<LogScope, 'effects'>): LogState {
  return withEpochs(log, truncateEpochsFromEnd(log.leaderEpochs, log.logEndOffset), scope);
}

/** The latest leader epoch this log knows, -1 if none. */
export function latestLeaderEpoch(log: LogState): LeaderEpoch {
  return latestEpoch(log.leaderEpochs);
}

/** Answer to OffsetsForLeaderEpoch: epoch at or below `epoch` and its end; both -1 when unknown. */
export function endOffsetForEpoch(log: LogState, epoch: LeaderEpoch): EpochEnd {
  return endOffsetFor(log.leaderEpochs, epoch, log.logEndOffset);
}

/** The leader epoch of the record at `offset` by the epoch cache, -1 if unknown. */
export function epochAt(log: LogState, offset: Offset): LeaderEpoch {
  return epochForOffset(log.leaderEpochs, offset);
}
