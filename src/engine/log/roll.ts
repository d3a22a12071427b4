import { copyLog } from './log-state.ts';
import { changed } from '../kernel/mutable.ts';
import { assert } from '../kernel/assert.ts';
import { arrayPush } from '../kernel/persistent-array.ts';
import type { Offset } from '../kernel/units.ts';
import { flushUpTo } from './flush.ts';
import { LOG_OWNER, UNAWAITED_OPERATION, type LogScope } from './log-scope.ts';
import type { LogState } from './log-state.ts';
import { takeSnapshot } from './producer-store.ts';
import { retireSegments } from './retire.ts';
import { createSegment, sealIndexes } from './segment.ts';

/**
 * Starts a new active segment at max(`expectedOffset`, logEndOffset): the old one's indexes are trimmed, a producer snapshot is
 * written at the new base, and both are flushed in the background, after which the recovery point is the new base (UnifiedLog.roll).
 */
export function rollSegment(log: LogState, expectedOffset: Offset, scope: LogScope): LogState {
  const baseOffset = Math.max(expectedOffset, log.logEndOffset);
  const rolled = log.active.baseOffset === baseOffset ? replaceEmptyActive(log, scope) : sealActive(log, baseOffset, scope);
  const { store, path } = takeSnapshot({ ...rolled.producers, mapEndOffset: baseOffset }, log.dir, scope);
  if (path !== null) scope.effects.push({ type: 'flush', owner: LOG_OWNER, operation: UNAWAITED_OPERATION, path });
  return flushUpTo({ ...rolled, producers: store }, baseOffset, scope);
}

function sealActive(log: LogState, baseOffset: Offset, scope: LogScope): LogState {
  assert(baseOffset > log.active.baseOffset, 'a new segment above the active one');
  const rolled = arrayPush(log.rolled, sealIndexes(log.active, scope));
  return changed(copyLog(log), { rolled, active: createSegment(log.dir, baseOffset, log.config, scope) });
}

/** An empty active segment that must roll (its index is full at no entries, or offsets would not fit) is made anew under the same name. */
function replaceEmptyActive(log: LogState, scope: LogScope): LogState {
  assert(log.active.sizeBytes === 0, 'an empty active segment to replace');
  const retired = retireSegments(log, [log.active], scope);
  return { ...retired, active: createSegment(log.dir, log.active.baseOffset, log.config, scope) };
}
