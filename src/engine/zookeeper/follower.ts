import type { ConnectionId } from '../kernel/units.ts';
import type { ZabMessage, ZabTransaction } from '../protocol/zookeeper-messages.ts';
import { answerSync, onRevalidated } from './clients.ts';
import { applyCommitted } from './commit.ts';
import { QUORUM_PORT, sayZab, setTimer, traceZooKeeper, update, updateFollowing, type FollowingState, type Work } from './state.ts';
import { ACCEPTED_EPOCH_FILE, CURRENT_EPOCH_FILE, installSnapshot, logTransaction, replayLog, truncateLog, writeEpoch } from './transaction-log.ts';

/** The follower's side of Zab. Returns false where it must look for a leader again. */
export function startFollowing(work: Work, leader: number): void {
  const { config } = work.state;
  // Whatever our log holds counts until the leader cuts it.
  update(work, { tree: replayLog(work) });
  const server = config.servers.find((one) => one.id === leader);
  const connection = work.scope.context.nextConnection();
  const following: FollowingState = { leader, connection, stage: 'connecting', epoch: 0, lastHeardUs: work.scope.context.nowUs, outstanding: [], committedZxid: work.state.tree.lastZxid, touched: [], upToDate: false };
  update(work, { following, leading: null });
  work.scope.effects.push({ type: 'connect', owner: 'quorum', connection, host: server?.host ?? '', port: QUORUM_PORT });
  setTimer(work, 'tick', config.tickTime / 2);
}

/** Every half tick: has the leader been silent for too long? */
export function onFollowerTick(work: Work): boolean {
  const { following, config } = work.state;
  if (following === null) return true;
  const ticks = following.stage === 'broadcast' ? config.syncLimit : config.initLimit;
  if (work.scope.context.nowUs - following.lastHeardUs > ticks * config.tickTime * 1000) return false;
  setTimer(work, 'tick', config.tickTime / 2);
  return true;
}

export function onQuorumConnected(work: Work, connection: ConnectionId): void {
  const { following, acceptedEpoch, config } = work.state;
  if (following === null || following.connection !== connection) return;
  updateFollowing(work, { stage: 'discovery', lastHeardUs: work.scope.context.nowUs });
  sayZab(work, connection, { kind: 'zabFollowerInfo', from: config.myid, acceptedEpoch });
}

export function onLeaderMessage(work: Work, message: ZabMessage): boolean {
  const { following } = work.state;
  if (following === null) return true;
  updateFollowing(work, { lastHeardUs: work.scope.context.nowUs });
  switch (message.kind) {
    case 'zabLeaderInfo':
      return onLeaderInfo(work, message.epoch);
    case 'zabDiff':
      updateFollowing(work, { stage: 'synchronisation' });
      return true;
    case 'zabTrunc':
      return onTrunc(work, message.zxid);
    case 'zabSnap':
      updateFollowing(work, { stage: 'synchronisation', outstanding: [], committedZxid: message.zxid });
      update(work, { tree: installSnapshot(work, message.zxid, message.snapshot) });
      return true;
    case 'zabProposal':
      return onProposal(work, message.transaction);
    case 'zabCommit':
      return onCommit(work, message.zxid);
    case 'zabNewLeader':
      writeEpoch(work, CURRENT_EPOCH_FILE, message.epoch, 'followerEpochCurrent');
      return true;
    case 'zabUpToDate':
      return onUpToDate(work);
    case 'zabPing':
      sayZab(work, following.connection, { kind: 'zabPong', touched: following.touched });
      updateFollowing(work, { touched: [] });
      return true;
    case 'zabRevalidated':
      onRevalidated(work, message.sessionId, message.valid);
      return true;
    case 'zabSynced':
      answerSync(work, message.sessionId, message.xid);
      return true;
    default:
      return true;
  }
}

/** The epoch is promised on disk before it is acknowledged: no older leader can win us back. */
function onLeaderInfo(work: Work, epoch: number): boolean {
  const { acceptedEpoch } = work.state;
  if (epoch < acceptedEpoch) return false;
  updateFollowing(work, { epoch });
  if (epoch === acceptedEpoch) {
    ackEpoch(work);
    return true;
  }
  update(work, { acceptedEpoch: epoch });
  writeEpoch(work, ACCEPTED_EPOCH_FILE, epoch, 'followerEpochAccepted');
  return true;
}

export function ackEpoch(work: Work): void {
  const { following, currentEpoch, log } = work.state;
  if (following === null) return;
  sayZab(work, following.connection, { kind: 'zabAckEpoch', currentEpoch, lastZxid: log.lastZxid });
}

/** Transactions that the leader never saw go: from the log, and from the tree, which is built again from what is left. */
function onTrunc(work: Work, zxid: number): boolean {
  if (!truncateLog(work, zxid)) return false;
  const tree = replayLog(work);
  update(work, { tree });
  updateFollowing(work, { stage: 'synchronisation', outstanding: [], committedZxid: tree.lastZxid });
  return true;
}

/** Logged and on the device before it is acknowledged. */
function onProposal(work: Work, transaction: ZabTransaction): boolean {
  const { following, log } = work.state;
  if (following === null || transaction.zxid <= log.lastZxid) return true;
  updateFollowing(work, { outstanding: [...following.outstanding, transaction] });
  logTransaction(work, transaction);
  return true;
}

export function onFollowerLogFlushed(work: Work, fromZxid: number, toZxid: number): void {
  const { following } = work.state;
  if (following === null || following.stage !== 'broadcast') return;
  for (const transaction of following.outstanding) {
    if (transaction.zxid > fromZxid && transaction.zxid <= toZxid) sayZab(work, following.connection, { kind: 'zabAck', zxid: transaction.zxid });
  }
  maybeAckNewLeader(work);
}

function onCommit(work: Work, zxid: number): boolean {
  const { following } = work.state;
  if (following === null) return true;
  updateFollowing(work, { committedZxid: Math.max(following.committedZxid, zxid) });
  applyCommittedSoFar(work);
  return true;
}

function applyCommittedSoFar(work: Work): void {
  for (;;) {
    const { following } = work.state;
    const first = following?.outstanding[0];
    if (following === null || following === undefined || first === undefined || first.zxid > following.committedZxid) return;
    updateFollowing(work, { outstanding: following.outstanding.slice(1) });
    applyCommitted(work, first);
  }
}

/** Our epoch is on disk; once the log is too, NEWLEADER is acknowledged. */
export function onFollowerEpochCurrent(work: Work): void {
  const { following } = work.state;
  if (following === null) return;
  update(work, { currentEpoch: following.epoch });
  maybeAckNewLeader(work);
}

export function maybeAckNewLeader(work: Work): void {
  const { following, currentEpoch, log } = work.state;
  if (following === null || following.stage !== 'synchronisation' || currentEpoch !== following.epoch || log.flushedZxid < log.lastZxid) return;
  sayZab(work, following.connection, { kind: 'zabAckNewLeader', epoch: following.epoch, zxid: log.flushedZxid });
  updateFollowing(work, { stage: 'broadcast' });
}

/** A quorum is synchronised: all history is committed, and clients may come. */
function onUpToDate(work: Work): boolean {
  const { following, config } = work.state;
  if (following === null) return true;
  traceZooKeeper(work, { type: 'ZooKeeperFollowing', server: config.myid, leader: following.leader, epoch: following.epoch });
  const history = following.outstanding.filter((one) => Math.floor(one.zxid / 4294967296) < following.epoch);
  const last = history[history.length - 1];
  if (last !== undefined) onCommit(work, last.zxid);
  updateFollowing(work, { upToDate: true });
  return true;
}

