import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../kernel/persistent-map.ts';
import type { InstantUs } from '../kernel/units.ts';
import type { WireErrorName } from '../protocol/zookeeper-types.ts';
import { updateFollowing, updateLeading, type TrackedSession, type Work } from './state.ts';

/** SessionTrackerImpl: only the leader decides that a session has expired; followers tell it whom they heard of. */

/** A session begins, or is known again under a new leader: with its full time-out. */
export function trackSession(work: Work, sessionId: string, facts: { readonly timeoutMs: number; readonly owner: number | null }): void {
  const { leading } = work.state;
  if (leading === null) return;
  const session: TrackedSession = { ...facts, deadlineUs: deadlineUs(work, facts.timeoutMs), closing: false };
  updateLeading(work, { sessions: mapSet(leading.sessions, sessionId, session) });
}

/** A new leader tracks every session of the tree. */
export function trackAllSessions(work: Work): void {
  updateLeading(work, { sessions: emptyMap() });
  for (const [sessionId, timeoutMs] of mapEntries(work.state.tree.sessions)) trackSession(work, sessionId, { timeoutMs, owner: null });
}

/** ExpiryQueue: rounded up to the next multiple of tickTime. */
function deadlineUs(work: Work, timeoutMs: number): InstantUs {
  const tickUs = work.state.config.tickTime * 1000;
  return (Math.floor((work.scope.context.nowUs + timeoutMs * 1000) / tickUs) + 1) * tickUs;
}

/** A session was heard of: the leader moves its deadline, a follower remembers it for the next ping. */
export function touchSession(work: Work, sessionId: string): void {
  const { leading, following } = work.state;
  if (following !== null && !following.touched.includes(sessionId)) updateFollowing(work, { touched: [...following.touched, sessionId] });
  const session = leading === null ? undefined : mapGet(leading.sessions, sessionId);
  if (session === undefined || session.closing) return;
  const deadline = deadlineUs(work, session.timeoutMs);
  if (deadline !== session.deadlineUs) putSession(work, sessionId, { ...session, deadlineUs: deadline });
}

function putSession(work: Work, sessionId: string, session: TrackedSession): void {
  const { leading } = work.state;
  if (leading !== null) updateLeading(work, { sessions: mapSet(leading.sessions, sessionId, session) });
}

/** Whether a server may ask something for a session: not when it is over, nor when its client has moved to another server. */
export function checkSession(work: Work, sessionId: string, owner: number): WireErrorName | null {
  const session = mapGet(trackedSessions(work), sessionId);
  if (session === undefined || session.closing) return 'SESSIONEXPIRED';
  if (session.owner === null) putSession(work, sessionId, { ...session, owner });
  return session.owner === null || session.owner === owner ? null : 'SESSIONMOVED';
}

/** A client has come to `owner` with its session: false when the session is over. */
export function revalidateSession(work: Work, sessionId: string, owner: number): boolean {
  const session = mapGet(trackedSessions(work), sessionId);
  if (session === undefined || session.closing) return false;
  putSession(work, sessionId, { ...session, owner });
  touchSession(work, sessionId);
  return true;
}

function trackedSessions(work: Work): PersistentMap<TrackedSession> {
  return work.state.leading?.sessions ?? emptyMap();
}

export function setSessionClosing(work: Work, sessionId: string): void {
  const session = mapGet(trackedSessions(work), sessionId);
  if (session !== undefined) putSession(work, sessionId, { ...session, closing: true });
}

export function forgetSession(work: Work, sessionId: string): void {
  const { leading } = work.state;
  if (leading !== null) updateLeading(work, { sessions: mapDelete(leading.sessions, sessionId) });
}

/** Sessions whose deadline has passed, in order of their ids. */
export function dueSessions(work: Work): string[] {
  const { nowUs } = work.scope.context;
  return mapEntries(trackedSessions(work)).flatMap(([sessionId, session]) => (!session.closing && session.deadlineUs <= nowUs ? [sessionId] : []));
}
