import type { Zxid } from '../kernel/units.ts';
import type { ForwardedOperation, TransactionBody, ZabTransaction } from '../protocol/zookeeper-types.ts';
import { answerSync } from './clients.ts';
import { applyCommitted } from './commit.ts';
import { failed, prepareBody, prepareCloseSession } from './prepare.ts';
import { checkSession, dueSessions, forgetSession, setSessionClosing, trackSession } from './sessions.ts';
import { isQuorum, sayZab, traceZooKeeper, updateLeading, type ForwardedRequest, type LeadingState, type PendingSync, type Work } from './state.ts';
import { logTransaction } from './transaction-log.ts';
import { applyTransaction } from './znode-tree.ts';

/** The leader's broadcast: requests become proposals, and proposals that a quorum has on disk are committed in order. */
interface LearnerRequest extends ForwardedRequest {
  /** The server whose client asks. */
  readonly learner: number;
}

/** A write from one of our own clients or forwarded by a follower: prepared, logged and proposed. */
export function proposeRequest(work: Work, request: LearnerRequest): void {
  const { leading } = work.state;
  if (leading === null || leading.stage !== 'broadcast') return;
  if (request.operation.op === 'sync') return proposeSync(work, request);
  const { sessionId, xid } = request;
  propose(work, { sessionId, xid, body: bodyOf(work, request, leading) });
}

function bodyOf(work: Work, request: LearnerRequest, leading: LeadingState): TransactionBody {
  const { operation, sessionId, learner } = request;
  const { nowMs } = work.scope.context;
  const error = operation.op === 'createSession' || operation.op === 'closeSession' ? null : checkSession(work, sessionId, learner);
  if (error !== null) return failed(error);
  followSession(work, request);
  return prepareBody(leading.prepared, operation, { sessionId, zxid: leading.lastProposedZxid + 1, timeMs: nowMs });
}

function followSession(work: Work, request: LearnerRequest): void {
  const { sessionId, learner } = request;
  const operation: ForwardedOperation = request.operation;
  if (operation.op === 'createSession') trackSession(work, sessionId, { timeoutMs: operation.timeoutMs, owner: learner });
  if (operation.op === 'closeSession') setSessionClosing(work, sessionId);
}

function propose(work: Work, part: { readonly sessionId: string; readonly xid: number; readonly body: TransactionBody }): void {
  const { leading } = work.state;
  if (leading === null) return;
  const zxid = leading.lastProposedZxid + 1;
  const transaction: ZabTransaction = { zxid, timeMs: work.scope.context.nowMs, ...part };
  updateLeading(work, {
    lastProposedZxid: zxid,
    prepared: applyTransaction(leading.prepared, transaction).tree,
    proposals: [...leading.proposals, transaction],
  });
  logTransaction(work, transaction);
  for (const learner of leading.learners) if (learner.synchronised) sayZab(work, learner.connection, { kind: 'zabProposal', transaction });
}

function proposeSync(work: Work, request: LearnerRequest): void {
  const { leading } = work.state;
  if (leading === null) return;
  const last = leading.proposals[leading.proposals.length - 1];
  const sync: PendingSync = { afterZxid: last?.zxid ?? 0, learner: request.learner, sessionId: request.sessionId, xid: request.xid };
  if (last === undefined) return finishSync(work, sync);
  updateLeading(work, { syncs: [...leading.syncs, sync] });
}

function finishSync(work: Work, sync: PendingSync): void {
  if (sync.learner === work.state.config.myid) return answerSync(work, sync.sessionId, sync.xid);
  const learner = work.state.leading?.learners.find((one) => one.id === sync.learner);
  if (learner !== undefined) sayZab(work, learner.connection, { kind: 'zabSynced', sessionId: sync.sessionId, xid: sync.xid });
}

/** A learner has everything up to `zxid` on its disk. */
export function onAck(work: Work, from: number, zxid: Zxid): void {
  const { leading } = work.state;
  if (leading === null) return;
  updateLeading(work, { learners: leading.learners.map((one) => (one.id === from && one.ackedZxid < zxid ? { ...one, ackedZxid: zxid } : one)) });
  commitInOrder(work);
}

/** No proposal commits before its predecessor (Leader.tryToCommit); the leader's own disk counts like any other. */
export function commitInOrder(work: Work): void {
  for (;;) {
    const { leading, log, config } = work.state;
    const first = leading?.proposals[0];
    if (leading === null || first === undefined || leading.stage !== 'broadcast') return;
    const acks = leading.learners.filter((one) => one.ackedZxid >= first.zxid).length + (log.flushedZxid >= first.zxid ? 1 : 0);
    if (!isQuorum(config, acks)) return;
    updateLeading(work, { proposals: leading.proposals.slice(1) });
    for (const learner of leading.learners) if (learner.synchronised) sayZab(work, learner.connection, { kind: 'zabCommit', zxid: first.zxid });
    applyCommitted(work, first);
    if (first.body.type === 'closeSession') forgetSession(work, first.sessionId);
    finishSyncs(work, first.zxid);
  }
}

function finishSyncs(work: Work, committedZxid: Zxid): void {
  const syncs = work.state.leading?.syncs ?? [];
  if (syncs.length === 0) return;
  updateLeading(work, { syncs: syncs.filter((one) => one.afterZxid > committedZxid) });
  for (const sync of syncs) if (sync.afterZxid <= committedZxid) finishSync(work, sync);
}

/** Ends the sessions whose deadline has passed: proposals like any other, so without a quorum nothing expires. */
export function expireSessions(work: Work): void {
  for (const sessionId of dueSessions(work)) {
    const { leading, config } = work.state;
    if (leading === null) return;
    traceZooKeeper(work, { type: 'ZooKeeperSessionExpiring', server: config.myid, sessionId });
    setSessionClosing(work, sessionId);
    propose(work, { sessionId, xid: 0, body: prepareCloseSession(leading.prepared, sessionId) });
  }
}
