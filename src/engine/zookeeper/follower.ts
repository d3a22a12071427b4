import { msToUs, type ConnectionId } from '../kernel/units.ts';
import type { ZabMessage, ZabTransaction } from '../protocol/zookeeper-types.ts';
import { answerSync, onRevalidated } from './clients.ts';
import { applyCommitted } from './commit.ts';
import { NO_VOTE_FOR_EPOCH } from './leader.ts';
import { QUORUM_PORT, sayZab, setTimer, traceZooKeeper, update, updateFollowing, type FollowingState, type Work } from './state.ts';
import { catchUpTree, installSnapshot, logTransaction, truncateLog, writeAcceptedEpoch, writeCurrentEpoch } from './transaction-log.ts';

/** The follower's side of Zab (Learner, Follower). */

/** Learner.connectToLeader: how often, and how long between. */
const CONNECT_ATTEMPTS = 5;
const CONNECT_PAUSE_MS = 100;
/** ExitCode.QUORUM_PACKET_ERROR. */
const QUORUM_PACKET_ERROR = 13;

/** What our log holds counts until the leader cuts it. */
export function startFollowing(work: Work, leader: number): void {
  catchUpTree(work);
  const { tree, log } = work.state;
  const following: FollowingState = {
    leader,
    connection: 0,
    stage: 'connecting',
    attempts: 0,
    epoch: 0,
    lastHeardUs: work.scope.context.nowUs,
    newLeader: null,
    outstanding: [],
    ackedZxid: log.lastZxid,
    committedZxid: tree.lastZxid,
    touched: [],
    upToDate: false,
  };
  update(work, { following, leading: null });
  connectToLeader(work);
  setTimer(work, 'tick', work.state.config.tickTime / 2);
}

export function connectToLeader(work: Work): void {
  const { following, config } = work.state;
  if (following === null || following.stage !== 'connecting') return;
  const server = config.servers.find((one) => one.id === following.leader);
  const connection = work.scope.context.nextConnection();
  updateFollowing(work, { connection, attempts: following.attempts + 1 });
  work.scope.effects.push({ type: 'connect', owner: 'quorum', connection, host: server?.host ?? '', port: QUORUM_PORT });
}

/** The connection to the leader is gone. One that said nothing yet may still be on its way to leading: try again. False to look for a leader. */
export function onLeaderClosed(work: Work): boolean {
  const { following } = work.state;
  if (following === null || following.epoch > 0 || following.attempts >= CONNECT_ATTEMPTS) return false;
  updateFollowing(work, { stage: 'connecting', connection: 0 });
  setTimer(work, 'connect', CONNECT_PAUSE_MS);
  return true;
}

/** Every half tick: has the leader been silent for too long? */
export function onFollowerTick(work: Work): boolean {
  const { following, config } = work.state;
  if (following === null) return true;
  const ticks = following.stage === 'broadcast' ? config.syncLimit : config.initLimit;
  if (work.scope.context.nowUs - following.lastHeardUs > msToUs(ticks * config.tickTime)) return false;
  setTimer(work, 'tick', config.tickTime / 2);
  return true;
}

export function onQuorumConnected(work: Work, connection: ConnectionId): void {
  const { following, acceptedEpoch, config } = work.state;
  if (following === null || following.connection !== connection) return;
  updateFollowing(work, { stage: 'discovery' });
  sayZab(work, connection, { kind: 'zabFollowerInfo', from: config.myid, acceptedEpoch });
}

/** Returns false where the follower must look for a leader again. */
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
      return onOtherHistory(work, truncateLog(work, message.zxid));
    case 'zabSnap':
      return onOtherHistory(work, installSnapshot(work, message.zxid, message.snapshot));
    case 'zabProposal':
      return onProposal(work, message.transaction);
    case 'zabCommit':
      return onCommit(work, message.zxid);
    case 'zabNewLeader':
      updateFollowing(work, { newLeader: { zxid: work.state.log.lastZxid, epochWriting: false } });
      maybeWriteEpoch(work);
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

/** The epoch is promised on disk before it is acknowledged: no older leader can win us back, and no other one of the same epoch. */
function onLeaderInfo(work: Work, epoch: number): boolean {
  const { acceptedEpoch } = work.state;
  if (epoch < acceptedEpoch) return false;
  updateFollowing(work, { epoch });
  if (epoch === acceptedEpoch) ackEpoch(work, NO_VOTE_FOR_EPOCH);
  else writeAcceptedEpoch(work, epoch);
  return true;
}

export function onFollowerEpochAccepted(work: Work): void {
  ackEpoch(work, work.state.currentEpoch);
}

function ackEpoch(work: Work, currentEpoch: number): void {
  const { following, log } = work.state;
  if (following !== null) sayZab(work, following.connection, { kind: 'zabAckEpoch', currentEpoch, lastZxid: log.lastZxid });
}

/** Our log and tree are now what the leader made them; a server that cannot follow it ends. */
function onOtherHistory(work: Work, done: boolean): boolean {
  if (!done) work.scope.effects.push({ type: 'exit', code: QUORUM_PACKET_ERROR, reason: 'Not able to truncate the log' });
  const { lastZxid } = work.state.tree;
  updateFollowing(work, { stage: 'synchronisation', outstanding: [], ackedZxid: lastZxid, committedZxid: lastZxid });
  return true;
}

/** Logged, and acknowledged once it is on the device. */
function onProposal(work: Work, transaction: ZabTransaction): boolean {
  const { following, log } = work.state;
  if (following === null || transaction.zxid <= log.lastZxid) return true;
  updateFollowing(work, { outstanding: [...following.outstanding, transaction] });
  logTransaction(work, transaction);
  return true;
}

export function onFollowerLogFlushed(work: Work): void {
  const { following, log } = work.state;
  if (following === null) return;
  if (following.stage !== 'broadcast') return maybeWriteEpoch(work);
  for (const { zxid } of following.outstanding)
    if (zxid > following.ackedZxid && zxid <= log.flushedZxid) sayZab(work, following.connection, { kind: 'zabAck', zxid });
  updateFollowing(work, { ackedZxid: Math.max(following.ackedZxid, log.flushedZxid) });
}

/** What came before NEWLEADER is on the device: only now may we say that our history is the epoch's. */
function maybeWriteEpoch(work: Work): void {
  const { following, currentEpoch, log } = work.state;
  if (following === null || following.newLeader === null || following.newLeader.epochWriting || log.flushedZxid < following.newLeader.zxid) return;
  if (currentEpoch === following.epoch) return ackNewLeader(work);
  updateFollowing(work, { newLeader: { ...following.newLeader, epochWriting: true } });
  writeCurrentEpoch(work, following.epoch);
}

export function onFollowerEpochCurrent(work: Work): void {
  ackNewLeader(work);
}

function ackNewLeader(work: Work): void {
  const { following, log } = work.state;
  if (following === null || following.stage !== 'synchronisation') return;
  const ackedZxid = Math.max(following.newLeader?.zxid ?? 0, log.flushedZxid);
  sayZab(work, following.connection, { kind: 'zabAckNewLeader', epoch: following.epoch, zxid: ackedZxid });
  updateFollowing(work, { stage: 'broadcast', newLeader: null, ackedZxid });
}

function onCommit(work: Work, zxid: number): boolean {
  const { following } = work.state;
  if (following === null) return true;
  updateFollowing(work, { committedZxid: Math.max(following.committedZxid, zxid) });
  if (following.upToDate) applyCommittedSoFar(work);
  return true;
}

function applyCommittedSoFar(work: Work): void {
  for (;;) {
    const { following } = work.state;
    const first = following?.outstanding[0];
    if (following === null || first === undefined || first.zxid > following.committedZxid) return;
    updateFollowing(work, { outstanding: following.outstanding.slice(1) });
    applyCommitted(work, first);
  }
}

/** A quorum is synchronised: the leader's history is committed, and clients may come. */
function onUpToDate(work: Work): boolean {
  const { following, config } = work.state;
  if (following === null) return true;
  traceZooKeeper(work, { type: 'ZooKeeperFollowing', server: config.myid, leader: following.leader, epoch: following.epoch });
  updateFollowing(work, { upToDate: true });
  applyCommittedSoFar(work);
  return true;
}
