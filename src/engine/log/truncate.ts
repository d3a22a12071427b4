import { changed } from '../kernel/mutable.ts';
import { assert, required } from '../kernel/assert.ts';
import { arrayGet, arrayToList, arrayTruncate, emptyArray } from '../kernel/persistent-array.ts';
import type { Offset } from '../kernel/units.ts';
import { truncateEpochsFromEnd } from './epoch-cache.ts';
import type { LogScope } from './log-scope.ts';
import { copyLog, dropEpochsBeyondEnd, segmentAt, segmentCount, segmentList, updateHighWatermark, withEpochs, type LogState } from './log-state.ts';
import { onHighWatermarkUpdated, rebuildProducers, restartProducers } from './producer-store.ts';
import { producerSource } from './producer-source.ts';
import { retireSegments, retireSegmentSnapshots } from './retire.ts';
import { createSegment, truncateSegment } from './segment.ts';
import { NO_TRANSACTIONS } from './transactions.ts';

/** `truncated` is false when the log ended at or below the target already. */
export interface Truncation {
  readonly log: LogState;
  readonly truncated: boolean;
}

/**
 * Removes everything from `target` on (UnifiedLog.truncateTo). Batches go whole: one that straddles the target is removed too, and
 * the log's end is still exactly `target`. Below the first segment the whole log is wiped and restarts at the target.
 * The caller checkpoints the recovery points afterwards (LogManager.truncateTo).
 */
export function truncateTo(log: LogState, target: Offset, scope: LogScope): Truncation {
  assert(target >= 0, `an offset of 0 or more to truncate to, got ${target}`);
  // A leader that was deposed before it wrote a record leaves an epoch at its end; it must go even when no record does.
  if (target >= log.logEndOffset) return { log: dropEpochsBeyondEnd(log, scope), truncated: false };
  const first = arrayGet(log.rolled, 0) ?? log.active;
  if (first.baseOffset > target) return { log: truncateFully(log, { startAt: target }, scope), truncated: true };
  const doomed = segmentList(log).filter((segment) => segment.baseOffset > target);
  const retired = retireSegments(log, doomed, scope);
  const shortened = cutSegments(retired, { target, keptCount: segmentCount(log) - doomed.length }, scope);
  const cut = withEpochs(
    retireSegmentSnapshots(
      shortened,
      doomed.map((segment) => segment.baseOffset),
      scope,
    ),
    truncateEpochsFromEnd(log.leaderEpochs, target),
    scope,
  );
  const started: LogState = { ...cut, logStartOffset: Math.min(target, log.logStartOffset) };
  const goal = { dir: log.dir, lastOffset: target, reloadFromCleanShutdown: false, source: producerSource(started) };
  const producers = rebuildProducers(started.producers, goal, scope);
  const settled = updateHighWatermark({ ...started, producers }, log.highWatermark);
  // What was rebuilt has to hear of a high watermark at the new end, also where that is the old one.
  const complete = log.highWatermark >= target && producers.transactions !== NO_TRANSACTIONS;
  return { log: complete ? { ...settled, producers: onHighWatermarkUpdated(settled.producers, settled.highWatermark) } : settled, truncated: true };
}

function cutSegments(log: LogState, cut: { readonly target: Offset; readonly keptCount: number }, scope: LogScope): LogState {
  const last = required(segmentAt(log, cut.keptCount - 1), 'a segment at or below the target');
  return changed(copyLog(log), {
    ...endAt(log, cut.target),
    rolled: arrayTruncate(log.rolled, cut.keptCount - 1),
    active: truncateSegment(last, cut.target, scope),
  });
}

/** A new end; what was or will be flushed beyond it no longer counts. */
function endAt(log: LogState, target: Offset): Pick<LogState, 'logEndOffset' | 'recoveryPoint' | 'pendingFlushes'> {
  return {
    logEndOffset: target,
    recoveryPoint: Math.min(log.recoveryPoint, target),
    pendingFlushes: log.pendingFlushes.map((pending) => ({ ...pending, recoveryPoint: Math.min(pending.recoveryPoint, target) })),
  };
}

/** Deletes all segments and starts an empty one at `startAt` (UnifiedLog.truncateFullyAndStartAt); `logStartOffset` is the same unless given. */
export function truncateFully(log: LogState, target: { readonly startAt: Offset; readonly logStartOffset?: Offset }, scope: LogScope): LogState {
  const { startAt } = target;
  const logStartOffset = target.logStartOffset ?? startAt;
  const retired = retireSegments(log, [...arrayToList(log.rolled), log.active], scope);
  const emptied: LogState = {
    ...retired,
    ...endAt(log, startAt),
    rolled: emptyArray(),
    active: createSegment(log.dir, startAt, log.config, scope),
    logStartOffset,
    highWatermark: Math.max(startAt, logStartOffset),
  };
  const cleared = withEpochs(emptied, [], scope);
  const restarted = restartProducers(cleared.producers, log.dir, startAt, scope);
  const goal = { dir: log.dir, lastOffset: startAt, reloadFromCleanShutdown: false, source: producerSource(cleared) };
  return { ...cleared, producers: rebuildProducers(restarted, goal, scope) };
}
