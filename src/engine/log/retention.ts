import { changed } from '../kernel/mutable.ts';
import { arrayFrom, arrayToList } from '../kernel/persistent-array.ts';
import type { EpochMs, Offset } from '../kernel/units.ts';
import { truncateEpochsFromStart } from './epoch-cache.ts';
import type { LogScope } from './log-scope.ts';
import { copyLog, logSizeBytes, segmentList, withEpochs, type LogState } from './log-state.ts';
import { onLogStartIncremented } from './producer-store.ts';
import { retireSegments, retireSegmentSnapshots } from './retire.ts';
import { rollSegment } from './roll.ts';
import { retentionTimestampMs, type Segment } from './segment.ts';

export type DeletionReason = 'logStartOffset' | 'retention.bytes' | 'retention.ms';

export interface SegmentsDeleted {
  readonly reason: DeletionReason;
  readonly baseOffsets: readonly Offset[];
}

export type LogStartIncrement =
  | { readonly log: LogState; readonly error: null; readonly changed: boolean }
  | { readonly log: LogState; readonly error: 'OFFSET_OUT_OF_RANGE'; readonly changed: false };

/** Raises logStartOffset (retention, DeleteRecords, the leader's value); beyond the high watermark it is refused (UnifiedLog.maybeIncrementLogStartOffset). */
export function incrementLogStartOffset(log: LogState, offset: Offset, scope: Pick<LogScope, 'effects'>): LogStartIncrement {
  if (offset > log.highWatermark) return { log, error: 'OFFSET_OUT_OF_RANGE', changed: false };
  if (offset <= log.logStartOffset) return { log, error: null, changed: false };
  const raised: LogState = changed(copyLog(log), {
    logStartOffset: offset,
    recoveryPoint: Math.max(log.recoveryPoint, offset),
    producers: onLogStartIncremented(log.producers, offset),
  });
  return { log: withEpochs(raised, truncateEpochsFromStart(log.leaderEpochs, offset), scope), error: null, changed: true };
}

/**
 * One run of `kafka-log-retention` on this log: segments below logStartOffset, then by size, then by time; the last two only with
 * cleanup.policy delete (UnifiedLog.deleteOldSegments).
 */
export function deleteOldSegments(log: LogState, scope: LogScope): { readonly log: LogState; readonly deleted: readonly SegmentsDeleted[] } {
  const deleted: SegmentsDeleted[] = [];
  const run = (current: LogState, reason: DeletionReason): LogState => {
    const doomed = deletableSegments(current, retentionRule(current, reason, scope.context.nowMs));
    if (doomed.length === 0) return current;
    deleted.push({ reason, baseOffsets: doomed.map((segment) => segment.baseOffset) });
    return deleteSegments(current, doomed, scope);
  };
  let kept = run(log, 'logStartOffset');
  if (kept.config.delete) {
    kept = run(kept, 'retention.bytes');
    kept = run(kept, 'retention.ms');
  }
  return { log: kept, deleted };
}

type RetentionRule = (segment: Segment, next: Segment | undefined) => boolean;

function retentionRule(log: LogState, reason: DeletionReason, nowMs: EpochMs): RetentionRule {
  const { retentionBytes, retentionMs } = log.config;
  if (reason === 'logStartOffset') return (_, next) => next !== undefined && next.baseOffset <= log.logStartOffset;
  if (reason === 'retention.ms') return (segment) => retentionMs >= 0 && nowMs - retentionTimestampMs(segment) > retentionMs;
  let excessBytes = retentionBytes < 0 ? -1 : logSizeBytes(log) - retentionBytes;
  return (segment) => {
    if (excessBytes - segment.sizeBytes < 0) return false;
    excessBytes -= segment.sizeBytes;
    return true;
  };
}

/** From the oldest on, as long as the rule holds and everything in the segment is committed. An empty last segment stays. */
function deletableSegments(log: LogState, rule: RetentionRule): readonly Segment[] {
  const segments = segmentList(log);
  const doomed: Segment[] = [];
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    const end = next?.baseOffset ?? log.logEndOffset;
    if (log.highWatermark < end || !rule(segment, next)) break;
    if (next === undefined && segment.sizeBytes === 0) break;
    doomed.push(segment);
  }
  return doomed;
}

function deleteSegments(log: LogState, doomed: readonly Segment[], scope: LogScope): LogState {
  // There is always a segment: if all go, a new active one is rolled first.
  const rolled = doomed.length === log.rolled.length + 1 ? rollSegment(log, 0, scope) : log;
  const left = arrayToList(rolled.rolled).slice(doomed.length);
  const newStart = left[0]?.baseOffset ?? rolled.active.baseOffset;
  const started = incrementLogStartOffset(rolled, newStart, scope).log;
  const removed = retireSegments({ ...started, rolled: arrayFrom(left) }, doomed, scope);
  return retireSegmentSnapshots(
    removed,
    doomed.map((segment) => segment.baseOffset),
    scope,
  );
}
