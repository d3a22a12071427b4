import { unreachable } from '../kernel/assert.ts';
import { emptyMap } from '../kernel/persistent-map.ts';
import type { Machine } from '../kernel/machine-contract.ts';
import { ACCEPTED, type ProcessStart, type SystemEffect, type SystemInput } from '../kernel/system.ts';
import type { ConnectionId } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZabMessage, ZkClientMessage } from '../protocol/zookeeper-messages.ts';
import { hangUpAll, onClientAccepted, onClientClosed, onClientMessage, clientOf } from './clients.ts';
import { lookForLeader, NO_ELECTION, onElectionClosed, onElectionConnected, onFinalizeTimer, onNotification, onNotifyTimer, settledLeader } from './election.ts';
import { ackEpoch, maybeAckNewLeader, onFollowerEpochCurrent, onFollowerLogFlushed, onFollowerTick, onLeaderMessage, onQuorumConnected, startFollowing } from './follower.ts';
import { onInitTimer, onLeaderEpochAccepted, onLeaderEpochCurrent, onLeaderLogFlushed, onLeaderTick, onLearnerClosed, onLearnerMessage, proposeRequest, startLeading } from './leader.ts';
import { CLIENT_PORT, ELECTION_PORT, QUORUM_PORT, sayZab, traceZooKeeper, update, type AwaitedFlush, type Work, type ZooKeeperScope, type ZooKeeperServerConfig, type ZooKeeperState } from './state.ts';
import { flushWholeLog, onLogFlushed, readStoredState } from './transaction-log.ts';
import type { ZooKeeperTrace } from './trace.ts';

export type { ZooKeeperServerConfig, ZooKeeperState };

type Input = SystemInput<WireMessage, never>;
type Effect = SystemEffect<WireMessage, ZooKeeperTrace>;

/** One ZooKeeper server (QuorumPeer) as a pure machine. */
export const zooKeeperServer: Machine<ProcessStart<ZooKeeperServerConfig>, ZooKeeperState, Input, Effect> = {
  init(start, context) {
    const { config } = start;
    const stored = readStoredState(start.files);
    const scope: ZooKeeperScope = { context, effects: [] };
    for (const port of [CLIENT_PORT, QUORUM_PORT, ELECTION_PORT]) scope.effects.push({ type: 'listen', port });
    if (stored.tornPath !== null) {
      const last = stored.log.transactions.length;
      scope.effects.push({ type: 'resize', path: stored.tornPath, sizeBytes: last === 0 ? 0 : endOfLog(stored) });
    }
    const work: Work = { state: initialState(config, stored, context.nowMs * 256), scope, forwards: [] };
    // A killed process leaves its last entries in the page cache: they count only once they are on the device.
    flushWholeLog(work);
    lookForLeader(work);
    return { state: work.state, effects: scope.effects };
  },

  step(state, input, context) {
    const work: Work = { state, scope: { context, effects: [] }, forwards: [] };
    onInput(work, input);
    handForwardsOn(work);
    return { state: work.state, effects: work.scope.effects };
  },
};

function endOfLog(stored: ReturnType<typeof readStoredState>): number {
  const leaves = stored.log.transactions.leaves;
  const leaf = leaves[leaves.length - 1];
  return leaf?.[leaf.length - 1]?.endBytes ?? 0;
}

function initialState(config: ZooKeeperServerConfig, stored: ReturnType<typeof readStoredState>, nextSession: number): ZooKeeperState {
  const { log, tree, baseTree, acceptedEpoch, currentEpoch } = stored;
  const vote = { leader: config.myid, zxid: log.lastZxid, peerEpoch: currentEpoch };
  return {
    config, phase: 'looking', phaseSinceUs: 0, acceptedEpoch, currentEpoch, log, tree, baseTree,
    election: { ...NO_ELECTION, vote, notifyMs: config.minNotificationMs },
    leading: null, following: null, clients: emptyMap(), sessionConnections: emptyMap(), watches: emptyMap(), nextSession, awaiting: [], nextOperation: 1,
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
      return onDiskDone(work, input.operation);
    case 'signal':
      work.scope.effects.push({ type: 'exit', code: 143, reason: 'SIGTERM' });
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
      return onClientMessage(work, connection, message satisfies ZkClientMessage);
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
  if (work.state.following?.connection === connection) {
    if (!onLeaderMessage(work, message)) goLooking(work);
  } else onLearnerMessage(work, connection, message);
}

function onClosed(work: Work, input: Extract<Input, { type: 'closed' }>): void {
  const { connection, owner } = input;
  if (owner === 'election') return onElectionClosed(work, connection);
  if (owner === 'quorum') {
    if (work.state.following?.connection === connection) goLooking(work);
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
    case 'tick': {
      const goesOn = work.state.leading !== null ? onLeaderTick(work) : onFollowerTick(work);
      if (!goesOn) goLooking(work);
      return;
    }
    case 'init':
      if (work.state.phase === 'leading' && !onInitTimer(work)) goLooking(work);
      return;
    default:
      return;
  }
}

/** The election is over: lead or follow. */
function decide(work: Work, leader: number): void {
  const { config } = work.state;
  const leads = leader === config.myid;
  update(work, { phase: leads ? 'leading' : 'following', phaseSinceUs: work.scope.context.nowUs });
  if (leads) startLeading(work);
  else startFollowing(work, leader);
}

/** Back to the election: nobody is served, every quorum connection is closed. */
function goLooking(work: Work): void {
  const { leading, following, config } = work.state;
  if (leading?.stage === 'broadcast' || following?.upToDate === true) traceZooKeeper(work, { type: 'ZooKeeperQuorumLost', server: config.myid });
  hangUpAll(work);
  for (const learner of leading?.learners ?? []) work.scope.effects.push({ type: 'close', connection: learner.connection });
  if (following !== null) work.scope.effects.push({ type: 'close', connection: following.connection });
  update(work, { phase: 'looking', phaseSinceUs: work.scope.context.nowUs, leading: null, following: null });
  lookForLeader(work);
}

/** A flush is on the device; what waited for it goes on, unless the server has changed its part since. */
function onDiskDone(work: Work, operation: number): void {
  const awaited = work.state.awaiting.find((one) => one.operation === operation);
  if (awaited === undefined) return;
  update(work, { awaiting: work.state.awaiting.filter((one) => one !== awaited) });
  if (awaited.then === 'logFlushed') return onLogOnDevice(work, awaited);
  if (awaited.phaseSinceUs !== work.state.phaseSinceUs) return;
  switch (awaited.then) {
    case 'leaderEpochAccepted':
      return onLeaderEpochAccepted(work);
    case 'leaderEpochCurrent':
      return onLeaderEpochCurrent(work);
    case 'followerEpochAccepted':
      return ackEpoch(work);
    case 'followerEpochCurrent':
      return onFollowerEpochCurrent(work);
    default:
      return unreachable(awaited.then);
  }
}

function onLogOnDevice(work: Work, awaited: AwaitedFlush): void {
  const before = work.state.log.flushedZxid;
  onLogFlushed(work, awaited.coversZxid);
  const { flushedZxid } = work.state.log;
  if (work.state.leading !== null) onLeaderLogFlushed(work, flushedZxid);
  else if (work.state.following !== null) onFollowerLogFlushed(work, before, flushedZxid);
  maybeAckNewLeader(work);
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
