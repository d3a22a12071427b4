import { copyLog } from './log-state.ts';
import { changed } from '../kernel/mutable.ts';
import type { EpochMs, Offset } from '../kernel/units.ts';
import { DELETED_SUFFIX } from './file-names.ts';
import type { LogScope } from './log-scope.ts';
import type { LogState } from './log-state.ts';
import { retireSnapshots } from './producer-store.ts';
import { filesOfSegment, type Segment } from './segment.ts';

/** Renames the files of segments that are no longer part of the log to `.deleted`; they go after `file.delete.delay.ms`. */
export function retireSegments(log: LogState, segments: readonly Segment[], scope: LogScope): LogState {
  const paths: string[] = [];
  for (const segment of segments) {
    for (const path of filesOfSegment(segment)) {
      scope.effects.push({ type: 'rename', from: path, to: path + DELETED_SUFFIX });
      paths.push(path + DELETED_SUFFIX);
    }
  }
  return scheduleDeletion(log, paths, scope);
}

/** Renames the producer snapshots at the bases of deleted segments likewise. */
export function retireSegmentSnapshots(log: LogState, bases: readonly Offset[], scope: LogScope): LogState {
  const { store, paths } = retireSnapshots(log.producers, log.dir, bases, scope);
  return paths.length === 0 ? log : scheduleDeletion(changed(copyLog(log), { producers: store }), paths, scope);
}

function scheduleDeletion(log: LogState, paths: readonly string[], scope: LogScope): LogState {
  if (paths.length === 0) return log;
  const dueMs = scope.context.nowMs + log.config.fileDeleteDelayMs;
  return changed(copyLog(log), { deletions: [...log.deletions, { dueMs, paths }] });
}

/** When the next `.deleted` files are due, or null. */
export function nextDeletionMs(log: LogState): EpochMs | null {
  let next: EpochMs | null = null;
  for (const deletion of log.deletions) next = next === null ? deletion.dueMs : Math.min(next, deletion.dueMs);
  return next;
}

/** Deletes the `.deleted` files whose delay is over. */
export function deleteDueFiles(log: LogState, scope: LogScope): LogState {
  const due = log.deletions.filter((deletion) => deletion.dueMs <= scope.context.nowMs);
  if (due.length === 0) return log;
  for (const deletion of due) for (const path of deletion.paths) scope.effects.push({ type: 'delete', path });
  return changed(copyLog(log), { deletions: log.deletions.filter((deletion) => deletion.dueMs > scope.context.nowMs) });
}
