import { arrayGet } from '../kernel/persistent-array.ts';
import { emptyMap } from '../kernel/persistent-map.ts';
import { msToUs, type ConnectionId, type Zxid } from '../kernel/units.ts';
import type { ZabMessage } from '../protocol/zookeeper-types.ts';
import { commitInOrder, expireSessions, onAck, proposeRequest } from './broadcast.ts';
import { revalidateSession, touchSession, trackAllSessions } from './sessions.ts';
import { encodeSnapshot } from './snapshot-file.ts';
import { isQuorum, sayZab, setTimer, startOfEpoch, traceZooKeeper, update, updateLeading, type Learner, type LeadingState, type Work } from './state.ts';
import { catchUpTree, forEachAfter, indexAfter, isLogFlushed, writeAcceptedEpoch, writeCurrentEpoch } from './transaction-log.ts';

/** The leader's side of Zab before and beside the broadcast: discovery, synchronisation, learners (Leader, LearnerHandler). */

/** A current epoch in ACKEPOCH that does not count: its sender promised this epoch before. */
export const NO_VOTE_FOR_EPOCH = -1;

/** Begins to lead: everything in our own log counts as history of the new epoch. */
export function startLeading(work: Work): void {
  const { config } = work.state;
  catchUpTree(work);
  const leading: LeadingState = {
    stage: 'discovery',
    epoch: 0,
    learners: [],
    ownEpochAccepted: false,
    ownEpochCurrent: 'waiting',
    prepared: work.state.tree,
    lastProposedZxid: 0,
    proposals: [],
    sessions: emptyMap(),
    syncs: [],
  };
  update(work, { leading, following: null });
  setTimer(work, 'tick', config.tickTime / 2);
  setTimer(work, 'init', config.initLimit * config.tickTime);
  chooseEpoch(work);
}

function changeLearner(work: Work, connection: ConnectionId, change: Partial<Learner>): void {
  const { leading } = work.state;
  if (leading === null) return;
  updateLeading(work, { learners: leading.learners.map((one) => (one.connection === connection ? { ...one, ...change } : one)) });
}

/** False when this server must not lead. */
export function onLearnerMessage(work: Work, connection: ConnectionId, message: ZabMessage): boolean {
  if (message.kind === 'zabFollowerInfo') {
    onFollowerInfo(work, connection, message);
    return true;
  }
  const learner = work.state.leading?.learners.find((one) => one.connection === connection);
  if (learner === undefined) return true;
  changeLearner(work, connection, { lastHeardUs: work.scope.context.nowUs });
  switch (message.kind) {
    case 'zabAckEpoch':
      return onAckEpoch(work, learner, message);
    case 'zabAckNewLeader':
      onAckNewLeader(work, learner, message.zxid);
      return true;
    case 'zabAck':
      onAck(work, learner.id, message.zxid);
      return true;
    case 'zabRequest':
      proposeRequest(work, { sessionId: message.sessionId, xid: message.xid, operation: message.operation, learner: learner.id });
      return true;
    case 'zabPong':
      for (const sessionId of message.touched) touchSession(work, sessionId);
      return true;
    case 'zabRevalidate':
      sayZab(work, connection, { kind: 'zabRevalidated', sessionId: message.sessionId, valid: revalidateSession(work, message.sessionId, learner.id) });
      return true;
    default:
      return true;
  }
}

function onFollowerInfo(work: Work, connection: ConnectionId, message: Extract<ZabMessage, { kind: 'zabFollowerInfo' }>): void {
  const { leading } = work.state;
  // Not our follower any more: it connected to a leader that we were.
  if (leading === null) return void work.scope.effects.push({ type: 'close', connection });
  const stale = leading.learners.find((one) => one.id === message.from);
  if (stale !== undefined) dropLearner(work, stale);
  const learner: Learner = {
    id: message.from,
    connection,
    acceptedEpoch: message.acceptedEpoch,
    ackedEpoch: null,
    synchronised: false,
    ackedNewLeader: false,
    upToDate: false,
    ackedZxid: -1,
    lastHeardUs: work.scope.context.nowUs,
  };
  updateLeading(work, { learners: [...(work.state.leading?.learners ?? []), learner] });
  if (leading.ownEpochAccepted) sayZab(work, connection, { kind: 'zabLeaderInfo', epoch: leading.epoch });
  else chooseEpoch(work);
}

function dropLearner(work: Work, learner: Learner): void {
  work.scope.effects.push({ type: 'close', connection: learner.connection });
  onLearnerClosed(work, learner.connection);
}

export function onLearnerClosed(work: Work, connection: ConnectionId): void {
  const { leading } = work.state;
  if (leading !== null) updateLeading(work, { learners: leading.learners.filter((one) => one.connection !== connection) });
}

/** With a quorum's accepted epochs known, the new epoch is one above all of them; ours is on disk before anybody hears it. */
function chooseEpoch(work: Work): void {
  const { leading, config, acceptedEpoch } = work.state;
  if (leading === null || leading.epoch > 0 || !isQuorum(config, leading.learners.length + 1)) return;
  const epoch = leading.learners.reduce((greatest, one) => Math.max(greatest, one.acceptedEpoch), acceptedEpoch) + 1;
  updateLeading(work, { epoch });
  writeAcceptedEpoch(work, epoch);
}

export function onLeaderEpochAccepted(work: Work): void {
  const { leading } = work.state;
  if (leading === null) return;
  updateLeading(work, { ownEpochAccepted: true });
  for (const learner of leading.learners) sayZab(work, learner.connection, { kind: 'zabLeaderInfo', epoch: leading.epoch });
  maybeSynchronise(work);
}

function onAckEpoch(work: Work, learner: Learner, message: Extract<ZabMessage, { kind: 'zabAckEpoch' }>): boolean {
  const { leading, currentEpoch, log } = work.state;
  if (leading === null) return true;
  const ahead = message.currentEpoch > currentEpoch || (message.currentEpoch === currentEpoch && message.lastZxid > log.lastZxid);
  // A follower that knows more than we do, before we are established: the election was wrong, look again.
  if (leading.stage === 'discovery' && ahead) return false;
  changeLearner(work, learner.connection, { ackedEpoch: { currentEpoch: message.currentEpoch, lastZxid: message.lastZxid } });
  if (leading.stage === 'discovery') maybeSynchronise(work);
  else synchroniseLearner(work, learner.connection, message.lastZxid);
  return true;
}

/** A quorum accepted the epoch: bring each of them to our history, then NEWLEADER. */
function maybeSynchronise(work: Work): void {
  const { leading, config } = work.state;
  if (leading === null || leading.stage !== 'discovery' || !leading.ownEpochAccepted) return;
  const votes = leading.learners.filter((one) => one.ackedEpoch !== null && one.ackedEpoch.currentEpoch !== NO_VOTE_FOR_EPOCH);
  if (!isQuorum(config, votes.length + 1)) return;
  updateLeading(work, { stage: 'synchronisation', lastProposedZxid: startOfEpoch(leading.epoch) });
  for (const learner of leading.learners) if (learner.ackedEpoch !== null) synchroniseLearner(work, learner.connection, learner.ackedEpoch.lastZxid);
  maybeWriteCurrentEpoch(work);
}

/** Our history is on disk before we say that it is the epoch's. */
export function maybeWriteCurrentEpoch(work: Work): void {
  const { leading, log } = work.state;
  if (leading === null || leading.stage !== 'synchronisation' || leading.ownEpochCurrent !== 'waiting' || !isLogFlushed(log)) return;
  updateLeading(work, { ownEpochCurrent: 'writing' });
  writeCurrentEpoch(work, leading.epoch);
}

export function onLeaderEpochCurrent(work: Work): void {
  updateLeading(work, { ownEpochCurrent: 'written' });
  maybeEstablish(work);
}

/** LearnerHandler.syncFollower: DIFF, TRUNC or SNAP, the transactions after it, then NEWLEADER. */
function synchroniseLearner(work: Work, connection: ConnectionId, peerLastZxid: Zxid): void {
  const { leading, log, tree } = work.state;
  if (leading === null) return;
  changeLearner(work, connection, { synchronised: true });
  let commonZxid = arrayGet(log.transactions, indexAfter(log.transactions, peerLastZxid) - 1)?.transaction.zxid ?? log.windowZxid;
  if (peerLastZxid < log.windowZxid) {
    // Only what is committed goes into a snapshot: a log can be cut, a snapshot cannot.
    const committed = leading.stage === 'broadcast' ? tree : log.baseTree;
    commonZxid = committed.lastZxid;
    sayZab(work, connection, { kind: 'zabSnap', zxid: commonZxid, snapshot: encodeSnapshot(committed) });
  } else if (commonZxid === peerLastZxid) sayZab(work, connection, { kind: 'zabDiff', zxid: log.lastZxid });
  else sayZab(work, connection, { kind: 'zabTrunc', zxid: commonZxid });
  forEachAfter(log, commonZxid, (transaction) => {
    sayZab(work, connection, { kind: 'zabProposal', transaction });
    if (transaction.zxid <= tree.lastZxid) sayZab(work, connection, { kind: 'zabCommit', zxid: transaction.zxid });
  });
  sayZab(work, connection, { kind: 'zabNewLeader', epoch: leading.epoch });
}

function onAckNewLeader(work: Work, learner: Learner, zxid: Zxid): void {
  changeLearner(work, learner.connection, { ackedNewLeader: true });
  if (work.state.leading?.stage !== 'broadcast') return maybeEstablish(work);
  changeLearner(work, learner.connection, { upToDate: true });
  sayZab(work, learner.connection, { kind: 'zabUpToDate' });
  onAck(work, learner.id, zxid);
}

/** A quorum acknowledged NEWLEADER, our own epoch is on disk: the ensemble serves. */
function maybeEstablish(work: Work): void {
  const { leading, config, tree } = work.state;
  if (leading === null || leading.stage !== 'synchronisation' || leading.ownEpochCurrent !== 'written') return;
  const acked = leading.learners.filter((one) => one.ackedNewLeader);
  if (!isQuorum(config, acked.length + 1)) return;
  updateLeading(work, { stage: 'broadcast', prepared: tree, learners: leading.learners.map((one) => (one.ackedNewLeader ? { ...one, upToDate: true } : one)) });
  traceZooKeeper(work, { type: 'ZooKeeperLeaderEstablished', server: config.myid, epoch: leading.epoch, followers: acked.map((one) => one.id) });
  trackAllSessions(work);
  for (const learner of acked) sayZab(work, learner.connection, { kind: 'zabUpToDate' });
}

/** Our own log reached the device: the leader acknowledges like any other. */
export function onLeaderLogFlushed(work: Work): void {
  maybeWriteCurrentEpoch(work);
  commitInOrder(work);
}

/** Every half tick: pings, learners that fell silent, sessions that ran out, and whether a quorum is still with us. False when it is not. */
export function onLeaderTick(work: Work): boolean {
  const { config } = work.state;
  dropSilentLearners(work);
  const { leading } = work.state;
  if (leading === null) return true;
  for (const learner of leading.learners) if (learner.synchronised) sayZab(work, learner.connection, { kind: 'zabPing' });
  if (leading.stage === 'broadcast') {
    if (!isQuorum(config, leading.learners.filter((one) => one.upToDate).length + 1)) return false;
    expireSessions(work);
  }
  setTimer(work, 'tick', config.tickTime / 2);
  return true;
}

/** A learner may be silent for syncLimit, while it is being synchronised for initLimit. */
function dropSilentLearners(work: Work): void {
  const { leading, config } = work.state;
  for (const learner of leading?.learners ?? []) {
    const limitMs = (learner.upToDate ? config.syncLimit : config.initLimit) * config.tickTime;
    if (learner.lastHeardUs + msToUs(limitMs) < work.scope.context.nowUs) dropLearner(work, learner);
  }
}

/** Discovery and synchronisation took longer than initLimit: false, give up. */
export function onInitTimer(work: Work): boolean {
  return work.state.leading === null || work.state.leading.stage === 'broadcast';
}
