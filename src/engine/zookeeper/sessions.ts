import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { InstantUs } from '../kernel/units.ts';
import { updateFollowing, updateLeading, type Work } from './state.ts';

/** A session was heard of: the leader moves its deadline, a follower remembers it for the next ping. */
export function touchSession(work: Work, sessionId: string, timeoutMs?: number): void {
  const { leading, following, tree, config } = work.state;
  if (following !== null && !following.touched.includes(sessionId)) updateFollowing(work, { touched: [...following.touched, sessionId] });
  const timeout = timeoutMs ?? mapGet(tree.sessions, sessionId);
  if (leading === null || timeout === undefined) return;
  // ExpiryQueue: rounded up to the next multiple of tickTime.
  const tickUs = config.tickTime * 1000;
  const deadlineUs: InstantUs = (Math.floor((work.scope.context.nowUs + timeout * 1000) / tickUs) + 1) * tickUs;
  if (mapGet(leading.deadlines, sessionId) !== deadlineUs) updateLeading(work, { deadlines: mapSet(leading.deadlines, sessionId, deadlineUs) });
}

export function forgetDeadline(work: Work, sessionId: string): void {
  const { leading } = work.state;
  if (leading !== null) updateLeading(work, { deadlines: mapDelete(leading.deadlines, sessionId) });
}
