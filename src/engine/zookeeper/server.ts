import { unreachable } from '../kernel/assert.ts';
import type { Machine, Step, StepContext } from '../kernel/machine-contract.ts';
import { emptyMap } from '../kernel/persistent-map.ts';
import { ACCEPTED, type ProcessStart, type SystemEffect, type SystemInput } from '../kernel/system.ts';
import type { ConnectionId } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZabMessage } from '../protocol/zookeeper-types.ts';
import { proposeRequest } from './broadcast.ts';
import { clientOf } from './client-table.ts';
import { hangUpAll, hangUpSilent, onClientAccepted, onClientClosed, onClientMessage } from './clients.ts';
import {
  lookForLeader,
  NO_ELECTION,
  onElectionClosed,
  onElectionConnected,
  onFinalizeTimer,
  onNotification,
  onNotifyTimer,
  settledLeader,
} from './election.ts';
import {
  connectToLeader,
  onFollowerEpochAccepted,
  onFollowerEpochCurrent,
  onFollowerLogFlushed,
  onFollowerTick,
  onLeaderClosed,
  onLeaderMessage,
  onQuorumConnected,
  startFollowing,
} from './follower.ts';
import {
  onInitTimer,
  onLeaderEpochAccepted,
  onLeaderEpochCurrent,
  onLeaderLogFlushed,
  onLeaderTick,
  onLearnerClosed,
  onLearnerMessage,
  startLeading,
} from './leader.ts';
import {
  CLIENT_PORT,
  ELECTION_PORT,
  QUORUM_PORT,
  sayZab,
  traceZooKeeper,
  update,
  type AwaitedFlush,
  type Work,
  type ZooKeeperScope,
  type ZooKeeperServerConfig,
  type ZooKeeperState,
} from './state.ts';
import { newStoredState, readStoredState, type StoredState } from './stored-state.ts';
import { flushAllFiles, onLogFlushed, writeFirstSnapshot } from './transaction-log.ts';
import type { ZooKeeperTrace } from './trace.ts';

export type { ZooKeeperServerConfig, ZooKeeperState };

type Input = SystemInput<WireMessage, never>;
type Effect = SystemEffect<WireMessage, ZooKeeperTrace>;

/** One ZooKeeper server (QuorumPeer) as a pure machine. */
export const zooKeeperServer: Machine<ProcessStart<ZooKeeperServerConfig>, ZooKeeperState, Input, Effect> = {
  init(start, context) {
    const stored = readStoredState(start.files);
    const scope: ZooKeeperScope = { context, effects: [] };
    const work: Work = { state: initialState(start.config, stored ?? newStoredState(), context), scope, forwards: [] };
    if (stored === null) scope.effects.push({ type: 'exit', code: UNEXPECTED_ERROR, reason: 'Unable to load database on disk' });
    else begin(work, stored);
    return endedByDisk(work) ?? { state: work.state, effects: scope.effects };
  },

  step(state, input, context) {
    const work: Work = { state, scope: { context, effects: [] }, forwards: [] };
    onInput(work, input);
    handForwardsOn(work);
    return endedByDisk(work) ?? { state: work.state, effects: work.scope.effects };
  },
};

/** ExitCode.UNEXPECTED_ERROR, and what a JVM ended by SIGTERM exits with. */
const UNEXPECTED_ERROR = 1;
const ENDED_BY_SIGTERM = 143;

/**
 * ZooKeeperCriticalThread: a server whose disk refuses a write ends before it says anything that relies on it. `Simplified:` in an
 * ensemble ZooKeeper stops serving and looks for a leader again, until its next write fails like this one.
 */
function endedByDisk(work: Work): Step<ZooKeeperState, Effect> | null {
  const failure = work.scope.context.diskFailure(work.scope.effects);
  if (failure === null) return null;
  const reason = `Severe unrecoverable error, from thread SyncThread:${work.state.config.myid}: ${failure.error} at ${failure.path}`;
  return { state: work.state, effects: [{ type: 'exit', code: UNEXPECTED_ERROR, reason }] };
}

function begin(work: Work, stored: StoredState): void {
  const { effects } = work.scope;
  for (const port of [CLIENT_PORT, QUORUM_PORT, ELECTION_PORT]) effects.push({ type: 'listen', port });
  for (const { path, sizeBytes } of stored.cut) effects.push(sizeBytes === 0 ? { type: 'delete', path } : { type: 'resize', path, sizeBytes });
  // A killed process leaves its last entries in the page cache: they count only once they are on the device.
  if (stored.isNew) writeFirstSnapshot(work);
  else flushAllFiles(work);
  lookForLeader(work);
}

function initialState(config: ZooKeeperServerConfig, stored: StoredState, context: StepContext): ZooKeeperState {
  const { log, tree, acceptedEpoch, currentEpoch } = stored;
  const vote = { leader: config.myid, zxid: log.lastZxid, peerEpoch: currentEpoch };
  return {
    config,
    phase: 'looking',
    phaseSinceUs: context.nowUs,
    phaseCount: 0,
    acceptedEpoch,
    currentEpoch,
    log,
    tree,
    election: { ...NO_ELECTION, vote, notifyMs: config.minNotificationMs },
    leading: null,
    following: null,
    clients: emptyMap(),
    sessionConnections: emptyMap(),
    watches: emptyMap(),
    sessionCount: 0,
    startedMs: context.nowMs,
    awaiting: [],
    nextOperation: 1,
  };
}

function onInput(work: Work, input: Input): void {
  switch (input.type) {
    case 'accepted':
      return onAccepted(work, input);
    case 'connected':
      return input.owner === 'election' ? onElectionConnected(work, input.connection) : onQuorumConnected(work, input.connection);
    case 'received':
      return onReceived(work, input.connection, input.message);
    case 'closed':
      return onClosed(work, input);
    case 'timer':
      return onTimer(work, input.name);
    case 'diskDone':
      return onDiskDone(work, input);
    case 'signal':
      work.scope.effects.push({ type: 'exit', code: ENDED_BY_SIGTERM, reason: 'SIGTERM' });
      return;
    case 'command':
      return;
    default:
      return unreachable(input);
  }
}

function onAccepted(work: Work, input: Extract<Input, { type: 'accepted' }>): void {
  if (input.port === CLIENT_PORT) return onClientAccepted(work, input.connection, input.peer);
  if (input.port === QUORUM_PORT && work.state.leading === null) work.scope.effects.push({ type: 'close', connection: input.connection });
}

function onReceived(work: Work, connection: ConnectionId, message: WireMessage): void {
  switch (message.kind) {
    case 'zkConnect':
    case 'zkRequest':
    case 'zkPing':
      return onClientMessage(work, connection, message);
    case 'zabNotification':
      return onVote(work, message);
    case 'request':
    case 'response':
    case 'zkConnected':
    case 'zkReply':
    case 'zkPong':
    case 'zkWatchEvent':
      // Not for a ZooKeeper server: whoever says it speaks the wrong protocol.
      work.scope.effects.push({ type: 'close', connection });
      return;
    default:
      return onZab(work, connection, message);
  }
}

function onVote(work: Work, message: Extract<ZabMessage, { kind: 'zabNotification' }>): void {
  onNotification(work, message);
  const leader = settledLeader(work, message);
  if (leader !== null) decide(work, leader);
}

function onZab(work: Work, connection: ConnectionId, message: ZabMessage): void {
  const goesOn = work.state.following?.connection === connection ? onLeaderMessage(work, message) : onLearnerMessage(work, connection, message);
  if (!goesOn) goLooking(work);
}

function onClosed(work: Work, input: Extract<Input, { type: 'closed' }>): void {
  const { connection, owner } = input;
  if (owner === 'election') return onElectionClosed(work, connection);
  if (owner === 'quorum') {
    if (work.state.following?.connection === connection && !onLeaderClosed(work)) goLooking(work);
    return;
  }
  if (owner === ACCEPTED && clientOf(work, connection) !== undefined) return onClientClosed(work, connection);
  onLearnerClosed(work, connection);
}

function onTimer(work: Work, name: string): void {
  switch (name) {
    case 'notify':
      return onNotifyTimer(work);
    case 'finalize': {
      const leader = onFinalizeTimer(work);
      if (leader !== null) decide(work, leader);
      return;
    }
    case 'connect':
      return connectToLeader(work);
    case 'tick':
      return onTick(work);
    case 'init':
      if (work.state.phase === 'leading' && !onInitTimer(work)) goLooking(work);
      return;
    default:
      return;
  }
}

/** Twice in each tickTime, while leading or following. */
function onTick(work: Work): void {
  if (work.state.phase === 'looking') return;
  hangUpSilent(work);
  const goesOn = work.state.leading !== null ? onLeaderTick(work) : onFollowerTick(work);
  if (!goesOn) goLooking(work);
}

/** The election is over: lead or follow. */
function decide(work: Work, leader: number): void {
  const leads = leader === work.state.config.myid;
  enterPhase(work, leads ? 'leading' : 'following');
  if (leads) startLeading(work);
  else startFollowing(work, leader);
}

function enterPhase(work: Work, phase: ZooKeeperState['phase']): void {
  update(work, { phase, phaseSinceUs: work.scope.context.nowUs, phaseCount: work.state.phaseCount + 1 });
}

/** Back to the election: nobody is served, every quorum connection is closed. */
function goLooking(work: Work): void {
  const { leading, following, config } = work.state;
  if (leading?.stage === 'broadcast' || following?.upToDate === true) traceZooKeeper(work, { type: 'ZooKeeperQuorumLost', server: config.myid });
  hangUpAll(work);
  for (const learner of leading?.learners ?? []) work.scope.effects.push({ type: 'close', connection: learner.connection });
  if (following !== null) work.scope.effects.push({ type: 'close', connection: following.connection });
  enterPhase(work, 'looking');
  update(work, { leading: null, following: null });
  lookForLeader(work);
}

/** A flush is on the device, or failed, which no server survives: it could not keep what it acknowledges. */
function onDiskDone(work: Work, input: Extract<Input, { type: 'diskDone' }>): void {
  const awaited = work.state.awaiting.find((one) => one.operation === input.operation);
  if (awaited === undefined) return;
  if (input.error !== null) return void work.scope.effects.push({ type: 'exit', code: UNEXPECTED_ERROR, reason: `Severe unrecoverable error: ${input.error}` });
  update(work, { awaiting: work.state.awaiting.filter((one) => one !== awaited) });
  onFlushed(work, awaited);
}

/** What waited for a flush goes on, unless the server has changed its part since. */
function onFlushed(work: Work, awaited: AwaitedFlush): void {
  const { then } = awaited;
  const isSamePhase = awaited.phaseCount === work.state.phaseCount;
  const leads = work.state.leading !== null;
  switch (then.type) {
    case 'logFlushed':
      onLogFlushed(work, awaited);
      return leads ? onLeaderLogFlushed(work) : onFollowerLogFlushed(work);
    case 'epochAccepted':
      if (isSamePhase) (leads ? onLeaderEpochAccepted : onFollowerEpochAccepted)(work);
      return;
    case 'epochCurrent':
      update(work, { currentEpoch: Math.max(work.state.currentEpoch, then.epoch) });
      if (isSamePhase) (leads ? onLeaderEpochCurrent : onFollowerEpochCurrent)(work);
      return;
    case 'fileFlushed':
      return;
    default:
      return unreachable(then);
  }
}

/** Writes of our clients go to the leader, in order: to ourselves or over the quorum connection. */
function handForwardsOn(work: Work): void {
  for (let i = 0; i < work.forwards.length; i++) {
    const request = work.forwards[i];
    const { leading, following, config } = work.state;
    if (request === undefined) return;
    if (leading !== null) proposeRequest(work, { ...request, learner: config.myid });
    else if (following !== null) sayZab(work, following.connection, { kind: 'zabRequest', ...request });
  }
}
