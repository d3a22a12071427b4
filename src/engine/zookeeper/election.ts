import type { ConnectionId } from '../kernel/units.ts';
import type { ZabMessage, ZabVote } from '../protocol/zookeeper-types.ts';
import {
  ELECTION_PORT,
  isQuorum,
  sayZab,
  setTimer,
  traceZooKeeper,
  update,
  type ElectionConnection,
  type ElectionState,
  type ReceivedVote,
  type Work,
} from './state.ts';

/** Fast leader election (FastLeaderElection): votes, rounds, and the moment when a quorum agrees. */
export const NO_ELECTION: Omit<ElectionState, 'vote' | 'notifyMs'> = { round: 0, received: [], settled: [], connections: [], finalizing: false };

type Notification = Extract<ZabMessage, { kind: 'zabNotification' }>;

function updateElection(work: Work, change: Partial<ElectionState>): void {
  update(work, { election: { ...work.state.election, ...change } });
}

function ownVote(work: Work): ZabVote {
  const { config, log, currentEpoch } = work.state;
  return { leader: config.myid, zxid: log.lastZxid, peerEpoch: currentEpoch };
}

/** totalOrderPredicate: newer epoch, then longer history, then the higher id. */
export function beats(a: ZabVote, b: ZabVote): boolean {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}

/** Enters LOOKING: a new round, a vote for oneself, told to everybody. */
export function lookForLeader(work: Work): void {
  const { election, config } = work.state;
  const round = election.round + 1;
  updateElection(work, { round, vote: ownVote(work), received: [], settled: [], notifyMs: config.minNotificationMs, finalizing: false });
  traceZooKeeper(work, { type: 'ZooKeeperLooking', server: config.myid, round });
  notifyAll(work);
  considerVotes(work);
}

function notifyAll(work: Work): void {
  const { config, election } = work.state;
  for (const server of config.servers) if (server.id !== config.myid) notify(work, server.id);
  setTimer(work, 'notify', election.notifyMs);
}

/** No decision yet: say it again, less and less often. */
export function onNotifyTimer(work: Work): void {
  const { phase, election, config } = work.state;
  if (phase !== 'looking') return;
  updateElection(work, { notifyMs: Math.min(election.notifyMs * 2, config.maxNotificationMs) });
  notifyAll(work);
}

function connectionTo(work: Work, peer: number): ElectionConnection | undefined {
  return work.state.election.connections.find((one) => one.peer === peer);
}

function setConnection(work: Work, peer: number, connection: ElectionConnection | null): void {
  const others = work.state.election.connections.filter((one) => one.peer !== peer);
  updateElection(work, { connections: connection === null ? others : [...others, connection] });
}

/** Tells a peer our present vote; over a connection that is not open yet, only the latest counts. */
function notify(work: Work, peer: number): void {
  const known = connectionTo(work, peer);
  if (known === undefined) {
    const server = work.state.config.servers.find((one) => one.id === peer);
    if (server === undefined) return;
    const connection = work.scope.context.nextConnection();
    work.scope.effects.push({ type: 'connect', owner: 'election', connection, host: server.host, port: ELECTION_PORT });
    setConnection(work, peer, { peer, connection, open: false, pending: true });
  } else if (known.open) sendNotification(work, known.connection);
  else setConnection(work, peer, { ...known, pending: true });
}

function sendNotification(work: Work, connection: ConnectionId): void {
  const { config, election, phase } = work.state;
  sayZab(work, connection, { kind: 'zabNotification', from: config.myid, vote: election.vote, round: election.round, state: phase });
}

export function onElectionConnected(work: Work, connection: ConnectionId): void {
  const known = work.state.election.connections.find((one) => one.connection === connection);
  if (known === undefined) return;
  setConnection(work, known.peer, { ...known, open: true, pending: false });
  if (known.pending) sendNotification(work, connection);
}

export function onElectionClosed(work: Work, connection: ConnectionId): void {
  const known = work.state.election.connections.find((one) => one.connection === connection);
  if (known !== undefined) setConnection(work, known.peer, null);
}

export function onNotification(work: Work, message: Notification): void {
  if (work.state.phase !== 'looking') {
    // A server that looks while we do not is told whom we follow.
    if (message.state === 'looking') notify(work, message.from);
    return;
  }
  if (message.state === 'looking') onLookingVote(work, message);
  else onSettledVote(work, message);
}

function onLookingVote(work: Work, message: Notification): void {
  const { election } = work.state;
  if (message.round < election.round) return notify(work, message.from);
  if (message.round > election.round) {
    const own = ownVote(work);
    updateElection(work, { round: message.round, received: [], vote: beats(message.vote, own) ? message.vote : own, finalizing: false });
    traceVote(work);
    notifyAll(work);
  } else if (beats(message.vote, election.vote)) {
    updateElection(work, { vote: message.vote, finalizing: false });
    traceVote(work);
    notifyAll(work);
  }
  record(work, 'received', message);
  considerVotes(work);
}

function traceVote(work: Work): void {
  const { config, election } = work.state;
  traceZooKeeper(work, { type: 'ZooKeeperVoted', server: config.myid, forServer: election.vote.leader, round: election.round });
}

function record(work: Work, list: 'received' | 'settled', message: Notification): void {
  const vote: ReceivedVote = { from: message.from, vote: message.vote, round: message.round, state: message.state };
  updateElection(work, { [list]: [...work.state.election[list].filter((one) => one.from !== message.from), vote] });
}

function sameVote(a: ZabVote, b: ZabVote): boolean {
  return a.leader === b.leader && a.zxid === b.zxid && a.peerEpoch === b.peerEpoch;
}

/** A quorum agrees with our proposal: wait a moment for anything better. */
function considerVotes(work: Work): void {
  const { election, config } = work.state;
  const agreeing = 1 + election.received.filter((one) => sameVote(one.vote, election.vote)).length;
  if (!isQuorum(config, agreeing)) return updateElection(work, { finalizing: false });
  if (election.finalizing) return;
  updateElection(work, { finalizing: true });
  setTimer(work, 'finalize', config.servers.length === 1 ? 0 : config.finalizeWaitMs);
}

/** Nothing better came: the winner, or null if the quorum is gone again. */
export function onFinalizeTimer(work: Work): number | null {
  const { phase, election, config } = work.state;
  if (phase !== 'looking' || !election.finalizing) return null;
  const agreeing = 1 + election.received.filter((one) => sameVote(one.vote, election.vote)).length;
  return isQuorum(config, agreeing) ? election.vote.leader : null;
}

/** A peer that leads or follows already: join once a quorum says so and the leader itself does. */
function onSettledVote(work: Work, message: Notification): void {
  record(work, 'settled', message);
}

/** The leader that a settled quorum supports, or null. */
export function settledLeader(work: Work, message: Notification): number | null {
  const { election, config } = work.state;
  if (work.state.phase !== 'looking' || message.state === 'looking') return null;
  const { leader } = message.vote;
  const supporters = election.settled.filter((one) => one.vote.leader === leader);
  const confirmed = supporters.some((one) => one.from === leader && one.state === 'leading');
  const self = leader === config.myid ? 0 : 1;
  if (!confirmed || !isQuorum(config, supporters.length + self)) return null;
  updateElection(work, { round: Math.max(election.round, message.round), vote: message.vote });
  return leader;
}
