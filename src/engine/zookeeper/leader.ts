import { arrayToList } from '../kernel/persistent-array.ts';
import { emptyMap, mapGet, mapKeys } from '../kernel/persistent-map.ts';
import type { ConnectionId, Zxid } from '../kernel/units.ts';
import type { TransactionBody, ZabMessage, ZabTransaction } from '../protocol/zookeeper-messages.ts';
import { applyCommitted } from './commit.ts';
import { answerSync } from './clients.ts';
import { prepareBody } from './prepare.ts';
import { forgetDeadline, touchSession } from './sessions.ts';
import { isQuorum, sayZab, setTimer, traceZooKeeper, update, updateLeading, type ForwardedRequest, type Learner, type LeadingState, type Work } from './state.ts';
import { ACCEPTED_EPOCH_FILE, CURRENT_EPOCH_FILE, encodeTree, logTransaction, replayLog, writeEpoch } from './transaction-log.ts';
import { applyTransaction } from './znode-tree.ts';

/** The leader's side of Zab: discovery, synchronisation, broadcast, and the sessions that only a leader may end. */
const EPOCH_SPAN = 4294967296;

export function epochOf(zxid: Zxid): number {
  return Math.floor(zxid / EPOCH_SPAN);
}

/** Begins to lead: everything in our own log counts as history of the new epoch. */
export function startLeading(work: Work): void {
  const { config } = work.state;
  const tree = replayLog(work);
  update(work, { tree });
  const leading: LeadingState = {
    stage: 'discovery', epoch: 0, learners: [], ownEpochAccepted: false, ownEpochCurrent: false, prepared: tree, nextZxid: 0, proposals: [], deadlines: emptyMap(), syncs: [],
  };
  update(work, { leading, following: null });
  setTimer(work, 'tick', config.tickTime / 2);
  setTimer(work, 'init', config.initLimit * config.tickTime);
  chooseEpoch(work);
}

function learnerOf(work: Work, connection: ConnectionId): Learner | undefined {
  return work.state.leading?.learners.find((one) => one.connection === connection);
}

function changeLearner(work: Work, connection: ConnectionId, change: Partial<Learner>): void {
  const { leading } = work.state;
  if (leading === null) return;
  updateLeading(work, { learners: leading.learners.map((one) => (one.connection === connection ? { ...one, ...change } : one)) });
}

export function onLearnerMessage(work: Work, connection: ConnectionId, message: ZabMessage): void {
  if (message.kind === 'zabFollowerInfo') return onFollowerInfo(work, connection, message);
  const learner = learnerOf(work, connection);
  if (learner === undefined) return;
  changeLearner(work, connection, { lastHeardUs: work.scope.context.nowUs });
  switch (message.kind) {
    case 'zabAckEpoch':
      return onAckEpoch(work, learner, message);
    case 'zabAckNewLeader':
      return onAckNewLeader(work, learner, message.zxid);
    case 'zabAck':
      return onAck(work, learner.id, message.zxid);
    case 'zabRequest':
      return proposeRequest(work, { ...message, learner: learner.id });
    case 'zabPong':
      for (const sessionId of message.touched) touchSession(work, sessionId);
      return;
    case 'zabRevalidate': {
      const valid = mapGet(work.state.tree.sessions, message.sessionId) !== undefined;
      if (valid) touchSession(work, message.sessionId);
      return sayZab(work, connection, { kind: 'zabRevalidated', sessionId: message.sessionId, valid });
    }
    default:
      return;
  }
}

function onFollowerInfo(work: Work, connection: ConnectionId, message: Extract<ZabMessage, { kind: 'zabFollowerInfo' }>): void {
  const { leading } = work.state;
  if (leading === null) return;
  const stale = leading.learners.find((one) => one.id === message.from);
  if (stale !== undefined) work.scope.effects.push({ type: 'close', connection: stale.connection });
  const learner: Learner = { id: message.from, connection, acceptedEpoch: message.acceptedEpoch, ackedEpoch: null, ackedNewLeader: false, upToDate: false, lastHeardUs: work.scope.context.nowUs };
  updateLeading(work, { learners: [...leading.learners.filter((one) => one.id !== message.from), learner] });
  if (leading.stage === 'discovery' && !leading.ownEpochAccepted) return chooseEpoch(work);
  sayZab(work, connection, { kind: 'zabLeaderInfo', epoch: leading.epoch });
}

/** With a quorum's accepted epochs known, the new epoch is one above all of them; ours is on disk before anybody hears it. */
function chooseEpoch(work: Work): void {
  const { leading, config, acceptedEpoch } = work.state;
  if (leading === null || leading.epoch > 0 || !isQuorum(config, leading.learners.length + 1)) return;
  const epoch = leading.learners.reduce((greatest, one) => Math.max(greatest, one.acceptedEpoch ?? 0), acceptedEpoch) + 1;
  updateLeading(work, { epoch });
  update(work, { acceptedEpoch: epoch });
  writeEpoch(work, ACCEPTED_EPOCH_FILE, epoch, 'leaderEpochAccepted');
}

export function onLeaderEpochAccepted(work: Work): void {
  const { leading } = work.state;
  if (leading === null) return;
  updateLeading(work, { ownEpochAccepted: true });
  for (const learner of leading.learners) sayZab(work, learner.connection, { kind: 'zabLeaderInfo', epoch: leading.epoch });
  maybeSynchronise(work);
}

function onAckEpoch(work: Work, learner: Learner, message: Extract<ZabMessage, { kind: 'zabAckEpoch' }>): void {
  const { leading, currentEpoch, log } = work.state;
  if (leading === null) return;
  const ahead = message.currentEpoch > currentEpoch || (message.currentEpoch === currentEpoch && message.lastZxid > log.lastZxid);
  // A follower that knows more than we do before we are established: the election was wrong, look again.
  if (leading.stage === 'discovery' && ahead) return updateLeading(work, { epoch: -1 });
  changeLearner(work, learner.connection, { ackedEpoch: { currentEpoch: message.currentEpoch, lastZxid: message.lastZxid } });
  if (leading.stage === 'discovery') return maybeSynchronise(work);
  synchroniseLearner(work, learner.connection, message.lastZxid);
}

/** A quorum accepted the epoch: bring each of them to our history, then NEWLEADER. */
function maybeSynchronise(work: Work): void {
  const { leading, config } = work.state;
  if (leading === null || leading.stage !== 'discovery' || !leading.ownEpochAccepted) return;
  const acked = leading.learners.filter((one) => one.ackedEpoch !== null);
  if (!isQuorum(config, acked.length + 1)) return;
  updateLeading(work, { stage: 'synchronisation', nextZxid: leading.epoch * EPOCH_SPAN });
  for (const learner of acked) synchroniseLearner(work, learner.connection, learner.ackedEpoch?.lastZxid ?? 0);
  writeEpoch(work, CURRENT_EPOCH_FILE, leading.epoch, 'leaderEpochCurrent');
}

export function onLeaderEpochCurrent(work: Work): void {
  const { leading } = work.state;
  if (leading === null) return;
  update(work, { currentEpoch: leading.epoch });
  updateLeading(work, { ownEpochCurrent: true });
  maybeEstablish(work);
}

/** LearnerHandler.syncFollower: nothing, DIFF, TRUNC or SNAP, then NEWLEADER. */
function synchroniseLearner(work: Work, connection: ConnectionId, peerLastZxid: Zxid): void {
  const { leading, log } = work.state;
  if (leading === null) return;
  const mine = arrayToList(log.transactions).map((one) => one.transaction);
  const known = peerLastZxid === log.snapshotZxid || mine.some((one) => one.zxid === peerLastZxid);
  const reachable = peerLastZxid >= log.snapshotZxid;
  if (!reachable) sendSnapshot(work, connection);
  else {
    const common = known ? peerLastZxid : mine.reduce((best, one) => (one.zxid < peerLastZxid ? Math.max(best, one.zxid) : best), log.snapshotZxid);
    if (!known) sayZab(work, connection, { kind: 'zabTrunc', zxid: common });
    else sayZab(work, connection, { kind: 'zabDiff', zxid: log.lastZxid });
    for (const transaction of mine) {
      if (transaction.zxid <= common) continue;
      sayZab(work, connection, { kind: 'zabProposal', transaction });
      if (transaction.zxid <= work.state.tree.lastZxid) sayZab(work, connection, { kind: 'zabCommit', zxid: transaction.zxid });
    }
  }
  sayZab(work, connection, { kind: 'zabNewLeader', epoch: leading.epoch });
}

/** The snapshot holds the committed part; what is proposed and not committed follows as proposals. */
function sendSnapshot(work: Work, connection: ConnectionId): void {
  const { tree, log } = work.state;
  sayZab(work, connection, { kind: 'zabSnap', zxid: tree.lastZxid, snapshot: encodeTree(tree) });
  for (const { transaction } of arrayToList(log.transactions)) if (transaction.zxid > tree.lastZxid) sayZab(work, connection, { kind: 'zabProposal', transaction });
}

function onAckNewLeader(work: Work, learner: Learner, zxid: Zxid): void {
  changeLearner(work, learner.connection, { ackedNewLeader: true });
  const { leading } = work.state;
  if (leading?.stage === 'broadcast') {
    changeLearner(work, learner.connection, { upToDate: true });
    sayZab(work, learner.connection, { kind: 'zabUpToDate' });
    // What it had on disk by then counts as acknowledged too.
    for (const proposal of leading.proposals) if (proposal.transaction.zxid <= zxid) onAck(work, learner.id, proposal.transaction.zxid);
    return;
  }
  maybeEstablish(work);
}

/** A quorum acknowledged NEWLEADER, our own epoch is on disk: the ensemble serves. */
function maybeEstablish(work: Work): void {
  const { leading, config, tree, log } = work.state;
  if (leading === null || leading.stage !== 'synchronisation' || !leading.ownEpochCurrent || log.flushedZxid < log.lastZxid) return;
  const acked = leading.learners.filter((one) => one.ackedNewLeader);
  if (!isQuorum(config, acked.length + 1)) return;
  updateLeading(work, { stage: 'broadcast', prepared: tree, learners: leading.learners.map((one) => (one.ackedNewLeader ? { ...one, upToDate: true } : one)) });
  traceZooKeeper(work, { type: 'ZooKeeperLeaderEstablished', server: config.myid, epoch: leading.epoch, followers: acked.map((one) => one.id) });
  for (const sessionId of mapKeys(tree.sessions)) touchSession(work, sessionId);
  for (const learner of acked) sayZab(work, learner.connection, { kind: 'zabUpToDate' });
}

/** A write from one of our own clients or forwarded by a follower: prepared, logged and proposed. */
export function proposeRequest(work: Work, request: ForwardedRequest & { readonly learner: number }): void {
  const { leading } = work.state;
  if (leading === null || leading.stage !== 'broadcast') return;
  const { operation } = request;
  if (operation.op === 'sync') return proposeSync(work, request);
  if (operation.op !== 'createSession') touchSession(work, request.sessionId);
  const { nowMs } = work.scope.context;
  const body = prepareBody(leading.prepared, operation, { sessionId: request.sessionId, zxid: leading.nextZxid + 1, timeMs: nowMs });
  propose(work, { sessionId: request.sessionId, xid: request.xid, body });
}

function propose(work: Work, part: { sessionId: string; xid: number; body: TransactionBody }): void {
  const { leading, config } = work.state;
  if (leading === null) return;
  const zxid = leading.nextZxid + 1;
  const transaction: ZabTransaction = { zxid, timeMs: work.scope.context.nowMs, ...part };
  updateLeading(work, { nextZxid: zxid, prepared: applyTransaction(leading.prepared, transaction).tree, proposals: [...leading.proposals, { transaction, acks: [] }] });
  logTransaction(work, transaction);
  for (const learner of leading.learners) if (learner.ackedEpoch !== null && learner.id !== config.myid) sayZab(work, learner.connection, { kind: 'zabProposal', transaction });
}

/** Answered once everything proposed before it is committed. */
function proposeSync(work: Work, request: ForwardedRequest & { readonly learner: number }): void {
  const { leading } = work.state;
  if (leading === null) return;
  const last = leading.proposals[leading.proposals.length - 1];
  const sync = { afterZxid: last?.transaction.zxid ?? 0, learner: request.learner, sessionId: request.sessionId, xid: request.xid };
  if (last === undefined) return finishSync(work, sync);
  updateLeading(work, { syncs: [...leading.syncs, sync] });
}

function finishSync(work: Work, sync: LeadingState['syncs'][number]): void {
  if (sync.learner === work.state.config.myid) return answerSync(work, sync.sessionId, sync.xid);
  const learner = work.state.leading?.learners.find((one) => one.id === sync.learner);
  if (learner !== undefined) sayZab(work, learner.connection, { kind: 'zabSynced', sessionId: sync.sessionId, xid: sync.xid });
}

/** Our own log reached the device up to `zxid`: the leader acknowledges like any other. */
export function onLeaderLogFlushed(work: Work, zxid: Zxid): void {
  maybeEstablish(work);
  for (const proposal of work.state.leading?.proposals ?? []) if (proposal.transaction.zxid <= zxid) onAck(work, work.state.config.myid, proposal.transaction.zxid);
}

function onAck(work: Work, from: number, zxid: Zxid): void {
  const { leading } = work.state;
  if (leading === null || leading.stage !== 'broadcast') return;
  const proposals = leading.proposals.map((one) => (one.transaction.zxid === zxid && !one.acks.includes(from) ? { ...one, acks: [...one.acks, from] } : one));
  updateLeading(work, { proposals });
  commitInOrder(work);
}

/** No proposal commits before its predecessor (Leader.tryToCommit). */
function commitInOrder(work: Work): void {
  for (;;) {
    const { leading, config } = work.state;
    const first = leading?.proposals[0];
    if (leading === null || leading === undefined || first === undefined || !isQuorum(config, first.acks.length)) return;
    updateLeading(work, { proposals: leading.proposals.slice(1) });
    const { zxid } = first.transaction;
    for (const learner of leading.learners) if (learner.ackedEpoch !== null) sayZab(work, learner.connection, { kind: 'zabCommit', zxid });
    if (first.transaction.body.type === 'createSession') touchSession(work, first.transaction.sessionId, first.transaction.body.timeoutMs);
    applyCommitted(work, first.transaction);
    if (first.transaction.body.type === 'closeSession') forgetDeadline(work, first.transaction.sessionId);
    const syncs = work.state.leading?.syncs ?? [];
    updateLeading(work, { syncs: syncs.filter((one) => one.afterZxid > zxid) });
    for (const sync of syncs) if (sync.afterZxid <= zxid) finishSync(work, sync);
  }
}

/** Every half tick: pings, sessions that ran out, and whether a quorum is still with us. False when it is not. */
export function onLeaderTick(work: Work): boolean {
  const { leading, config } = work.state;
  if (leading === null) return true;
  const { nowUs } = work.scope.context;
  if (leading.epoch < 0) return false;
  for (const learner of leading.learners) if (learner.upToDate) sayZab(work, learner.connection, { kind: 'zabPing' });
  if (leading.stage === 'broadcast') {
    const limitUs = nowUs - config.syncLimit * config.tickTime * 1000;
    const heard = leading.learners.filter((one) => one.upToDate && one.lastHeardUs >= limitUs);
    if (!isQuorum(config, heard.length + 1)) return false;
    expireSessions(work);
  }
  setTimer(work, 'tick', config.tickTime / 2);
  return true;
}

function expireSessions(work: Work): void {
  const { leading, config } = work.state;
  if (leading === null) return;
  for (const sessionId of mapKeys(leading.deadlines)) {
    if ((mapGet(leading.deadlines, sessionId) ?? Infinity) > work.scope.context.nowUs) continue;
    traceZooKeeper(work, { type: 'ZooKeeperSessionExpiring', server: config.myid, sessionId });
    forgetDeadline(work, sessionId);
    propose(work, { sessionId, xid: 0, body: { type: 'closeSession', expired: true } });
  }
}

/** Discovery and synchronisation took longer than initLimit: false, give up. */
export function onInitTimer(work: Work): boolean {
  return work.state.leading === null || work.state.leading.stage === 'broadcast';
}

export function onLearnerClosed(work: Work, connection: ConnectionId): void {
  const { leading } = work.state;
  if (leading !== null) updateLeading(work, { learners: leading.learners.filter((one) => one.connection !== connection) });
}

