import type { EpochMs, Offset } from '../../kernel/units.ts';
import { floorSegmentIndex, lastStableOffset, segmentAt, segmentCount, segmentList, type LogState } from '../log-state.ts';
import { retentionTimestampMs, type Segment } from '../segment.ts';

/** What there is to clean in a log (LogToClean). */
export interface Cleanable {
  readonly firstDirtyOffset: Offset;
  /** Base offset of the segment where cleaning must end. */
  readonly firstUncleanableOffset: Offset;
  /** The checkpoint is not within the log: it must be written anew (forceUpdateCheckpoint). */
  readonly isOutOfRange: boolean;
  readonly cleanBytes: number;
  readonly cleanableBytes: number;
  /** cleanableBytes over both; 0 for an empty log. */
  readonly dirtyRatio: number;
  /** Something is older than `max.compaction.lag.ms`. */
  readonly isOverdue: boolean;
}

/** Segments from the one that holds `from` to the last that begins below `to` (LocalLog.logSegments). */
export function segmentsBetween(log: LogState, from: Offset, to: Offset): readonly Segment[] {
  const segments: Segment[] = [];
  for (let i = Math.max(0, floorSegmentIndex(log, from)); i < segmentCount(log); i++) {
    const segment = segmentAt(log, i);
    if (segment === undefined || segment.baseOffset >= to) break;
    segments.push(segment);
  }
  return segments;
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
}

/** LogCleanerManager.cleanableOffsets and calculateCleanableBytes. `checkpointed` is what `cleaner-offset-checkpoint` says; null if nothing. */
export function cleanableOf(log: LogState, checkpointed: Offset | null, nowMs: EpochMs): Cleanable {
  const { config } = log;
  const known = checkpointed ?? log.logStartOffset;
  // A checkpoint outside the log means that the log was cut or deleted behind its back.
  const firstDirtyOffset = known < log.logStartOffset || known > log.logEndOffset ? log.logStartOffset : known;
  const dirty = log.active.baseOffset < firstDirtyOffset ? [] : segmentsBetween(log, firstDirtyOffset, log.active.baseOffset);
  const young = config.minCompactionLagMs > 0 ? dirty.find((segment) => retentionTimestampMs(segment) > nowMs - config.minCompactionLagMs) : undefined;
  const uncleanable = Math.min(lastStableOffset(log), log.active.baseOffset, young?.baseOffset ?? Infinity);
  const end = firstSegmentFrom(log, Math.max(firstDirtyOffset, uncleanable)).baseOffset;
  const cleanableBytes = sizeOf(segmentsBetween(log, Math.min(firstDirtyOffset, end), end));
  const cleanBytes = sizeOf(segmentList(log).filter((segment) => segment.baseOffset < firstDirtyOffset));
  const total = cleanBytes + cleanableBytes;
  const oldest = dirty.reduce(
    (least, segment) => ((segment.rollingTimestampMs ?? 0) > 0 ? Math.min(least, segment.rollingTimestampMs ?? least) : least),
    Infinity,
  );
  return {
    firstDirtyOffset,
    // Whole segments only: what lies in the one that holds the limit is not looked at, as a record beyond the limit may yet be cut.
    firstUncleanableOffset: end,
    isOutOfRange: known !== firstDirtyOffset,
    cleanBytes,
    cleanableBytes,
    dirtyRatio: total === 0 ? 0 : cleanableBytes / total,
    isOverdue: oldest < nowMs - config.maxCompactionLagMs,
  };
}

/** The segment that holds an offset, or the active one beyond the rolled ones. */
function firstSegmentFrom(log: LogState, offset: Offset): Segment {
  return segmentAt(log, Math.max(0, floorSegmentIndex(log, offset))) ?? log.active;
}

/** Whether a cleaning is due: dirty enough, or something overdue (LogCleanerManager.grabFilthiestCompactedLog). */
export function isDue(log: LogState, cleanable: Cleanable): boolean {
  if (!log.config.compact || cleanable.cleanBytes + cleanable.cleanableBytes === 0) return false;
  return (cleanable.isOverdue && cleanable.cleanableBytes > 0) || cleanable.dirtyRatio > log.config.minCleanableDirtyRatio;
}
