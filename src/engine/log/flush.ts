import { changed } from '../kernel/mutable.ts';
import type { DiskError } from '../kernel/system.ts';
import type { Offset } from '../kernel/units.ts';
import type { LogScope } from './log-scope.ts';
import { copyLog, floorSegmentIndex, segmentAt, segmentCount, type LogState } from './log-state.ts';
import { flushSegment } from './segment.ts';

/** Flush operations of log n are numbered from n * 2^20, so that `diskDone` finds its log. Operation 0 is nobody's. */
const OPERATIONS_PER_LOG = 1048576;

/** The log that an operation of a `diskDone` with owner `log` belongs to; 0 for operations that nobody waits for. */
export function logIdOfOperation(operation: number): number {
  return Math.floor(operation / OPERATIONS_PER_LOG);
}

/** Flushes everything written so far (UnifiedLog.flush); the recovery point follows when the device is done. */
export function flushLog(log: LogState, scope: LogScope): LogState {
  return flushUpTo(log, log.logEndOffset, scope);
}

/**
 * Asks the device for all segments from the recovery point's to the last one that starts below `offset`. When all are done,
 * the recovery point becomes `offset`. Nothing happens if that much was asked for already.
 */
export function flushUpTo(log: LogState, offset: Offset, scope: LogScope): LogState {
  if (offset <= requestedRecoveryPoint(log)) return log;
  const operation = log.logId * OPERATIONS_PER_LOG + log.nextOperation;
  let filesLeft = 0;
  for (let i = Math.max(0, floorSegmentIndex(log, log.recoveryPoint)); i < segmentCount(log); i++) {
    const segment = segmentAt(log, i);
    if (segment === undefined || segment.baseOffset >= offset) break;
    filesLeft += flushSegment(segment, operation, scope);
  }
  const pending = { operation, recoveryPoint: offset, filesLeft };
  return changed(copyLog(log), { pendingFlushes: [...log.pendingFlushes, pending], nextOperation: (log.nextOperation + 1) % OPERATIONS_PER_LOG });
}

/** The recovery point once all flushes under way are done. */
export function requestedRecoveryPoint(log: LogState): Offset {
  let offset = log.recoveryPoint;
  for (const pending of log.pendingFlushes) offset = Math.max(offset, pending.recoveryPoint);
  return offset;
}

/** The operation whose completion makes everything below `offset` durable, or null if it is durable or was never asked for. */
export function flushAwaiting(log: LogState, offset: Offset): number | null {
  if (offset <= log.recoveryPoint) return null;
  return log.pendingFlushes.find((pending) => pending.recoveryPoint >= offset)?.operation ?? null;
}

/** One file of a flush is done. An error leaves the recovery point where it is; the broker takes the log dir offline. */
export function onFlushDone(log: LogState, operation: number, error: DiskError | null, scope: LogScope): LogState {
  const done = log.pendingFlushes.find((pending) => pending.operation === operation);
  if (done === undefined) return log;
  if (error !== null) return changed(copyLog(log), { pendingFlushes: log.pendingFlushes.filter((pending) => pending !== done) });
  if (done.filesLeft > 1) {
    const pendingFlushes = log.pendingFlushes.map((pending) => (pending === done ? { ...pending, filesLeft: pending.filesLeft - 1 } : pending));
    return changed(copyLog(log), { pendingFlushes });
  }
  const pendingFlushes = log.pendingFlushes.filter((pending) => pending !== done);
  if (done.recoveryPoint <= log.recoveryPoint) return changed(copyLog(log), { pendingFlushes });
  return changed(copyLog(log), { pendingFlushes, recoveryPoint: done.recoveryPoint, lastFlushedMs: scope.context.nowMs });
}
