import { emptyArray, type PersistentArray } from '../kernel/persistent-array.ts';
import type { PersistentMap } from '../kernel/persistent-map.ts';
import type { Scope } from '../kernel/scope.ts';
import { sized, type Unsized, type WireOperation, type ZabMessage, type ZabState, type ZabTransaction, type ZabVote, type ZooKeeperMessage } from '../protocol/zookeeper-messages.ts';
import type { SystemEffect } from '../kernel/system.ts';
import type { ConnectionId, HostName, InstantUs, Zxid } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZooKeeperTrace } from './trace.ts';
import type { ZnodeTree } from './znode-tree.ts';

export const CLIENT_PORT = 2181;
export const QUORUM_PORT = 2888;
export const ELECTION_PORT = 3888;
export const NO_SESSION = '0000000000000000';

export interface ZooKeeperServerConfig {
  readonly myid: number;
  /** The ensemble, this server included. */
  readonly servers: readonly { readonly id: number; readonly host: HostName }[];
  readonly tickTime: number;
  readonly initLimit: number;
  readonly syncLimit: number;
  readonly finalizeWaitMs: number;
  readonly minNotificationMs: number;
  readonly maxNotificationMs: number;
}

export interface ZooKeeperState {
  readonly config: ZooKeeperServerConfig;
  readonly phase: ZabState;
  /** When the present phase began. */
  readonly phaseSinceUs: InstantUs;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  readonly log: TransactionLog;
  /** What the log starts from: the snapshot's tree. */
  readonly baseTree: ZnodeTree;
  /** Committed and applied; its `lastZxid` is the last one. */
  readonly tree: ZnodeTree;
  readonly election: ElectionState;
  readonly leading: LeadingState | null;
  readonly following: FollowingState | null;
  readonly clients: PersistentMap<ClientConnection>;
  /** Session id to the connection that speaks for it here. */
  readonly sessionConnections: PersistentMap<ConnectionId>;
  /** Paths watched, with the connections that wait, in order: `data:/path`, `child:/path`. */
  readonly watches: PersistentMap<readonly ConnectionId[]>;
  readonly nextSession: number;
  /** Files still to be written before the step they guard may go on: operation number to what then. */
  readonly awaiting: readonly AwaitedFlush[];
  readonly nextOperation: number;
}

export interface AwaitedFlush {
  readonly operation: number;
  readonly then: 'logFlushed' | 'leaderEpochAccepted' | 'followerEpochAccepted' | 'leaderEpochCurrent' | 'followerEpochCurrent';
  /** The last transaction in the file when the flush was asked for. */
  readonly coversZxid: Zxid;
  /** Void when the server has changed its phase since. */
  readonly phaseSinceUs: InstantUs;
}

/** Transactions in memory and where they end in the file. The recent ones serve DIFF; older ones are in the snapshot. */
export interface TransactionLog {
  readonly path: string;
  /** Everything up to here is in the snapshot that the log starts after. */
  readonly snapshotZxid: Zxid;
  readonly transactions: PersistentArray<LoggedTransaction>;
  readonly lastZxid: Zxid;
  readonly flushedZxid: Zxid;
  readonly flushing: boolean;
}

export interface LoggedTransaction {
  readonly transaction: ZabTransaction;
  /** File size after it. */
  readonly endBytes: number;
}

export interface ElectionState {
  readonly round: number;
  readonly vote: ZabVote;
  /** Votes of this round by server id; votes of servers that already lead or follow beside them. */
  readonly received: readonly ReceivedVote[];
  readonly settled: readonly ReceivedVote[];
  readonly notifyMs: number;
  readonly connections: readonly ElectionConnection[];
  readonly finalizing: boolean;
}

export interface ReceivedVote {
  readonly from: number;
  readonly vote: ZabVote;
  readonly round: number;
  readonly state: ZabState;
}

/** Our own connection towards a peer; what it still has to be told is only ever the latest. */
export interface ElectionConnection {
  readonly peer: number;
  readonly connection: ConnectionId;
  readonly open: boolean;
  readonly pending: boolean;
}

export interface LeadingState {
  readonly stage: 'discovery' | 'synchronisation' | 'broadcast';
  readonly epoch: number;
  readonly learners: readonly Learner[];
  readonly ownEpochAccepted: boolean;
  readonly ownEpochCurrent: boolean;
  /** The tree with every proposal applied, committed or not: requests are prepared against it. */
  readonly prepared: ZnodeTree;
  readonly nextZxid: Zxid;
  readonly proposals: readonly Proposal[];
  /** Session id to its deadline, a multiple of tickTime (ExpiryQueue). */
  readonly deadlines: PersistentMap<InstantUs>;
  readonly syncs: readonly { readonly afterZxid: Zxid; readonly learner: number; readonly sessionId: string; readonly xid: number }[];
}

export interface Learner {
  readonly id: number;
  readonly connection: ConnectionId;
  readonly acceptedEpoch: number | null;
  readonly ackedEpoch: { readonly currentEpoch: number; readonly lastZxid: Zxid } | null;
  readonly ackedNewLeader: boolean;
  readonly upToDate: boolean;
  readonly lastHeardUs: InstantUs;
}

export interface Proposal {
  readonly transaction: ZabTransaction;
  /** Servers that have it on disk. */
  readonly acks: readonly number[];
}

export interface FollowingState {
  readonly leader: number;
  readonly connection: ConnectionId;
  readonly stage: 'connecting' | 'discovery' | 'synchronisation' | 'broadcast';
  readonly epoch: number;
  readonly lastHeardUs: InstantUs;
  /** Proposals logged or being logged, not yet committed. */
  readonly outstanding: readonly ZabTransaction[];
  /** COMMITs received, applied as far as the log is known. */
  readonly committedZxid: Zxid;
  /** Sessions heard of since the last ping. */
  readonly touched: readonly string[];
  /** The leader said UPTODATE: clients are served. */
  readonly upToDate: boolean;
}

export interface ClientConnection {
  readonly connection: ConnectionId;
  readonly peer: HostName;
  readonly sessionId: string | null;
  readonly timeoutMs: number;
  /** False until the session is created or confirmed. */
  readonly established: boolean;
  /** Requests not yet answered, in order. */
  readonly queue: readonly PendingRequest[];
  /** Watches this connection waits for. */
  readonly watching: readonly string[];
}

export interface PendingRequest {
  readonly xid: number;
  readonly operation: WireOperation;
}

export type ZooKeeperScope = Scope<SystemEffect<WireMessage, ZooKeeperTrace>>;

/** One step in the making: the state is replaced, never changed. */
export interface Work {
  state: ZooKeeperState;
  readonly scope: ZooKeeperScope;
  /** Writes for the leader, in order; handed on when the input is done with. */
  readonly forwards: ForwardedRequest[];
}

/** A request that only the leader may order. */
export interface ForwardedRequest {
  readonly sessionId: string;
  readonly xid: number;
  readonly operation: WireOperation | { readonly op: 'createSession'; readonly timeoutMs: number };
}

/** True while clients are served: only in a quorum that is up to date. */
export function isServing(state: ZooKeeperState): boolean {
  return state.leading?.stage === 'broadcast' || state.following?.upToDate === true;
}

export function update(work: Work, change: Partial<ZooKeeperState>): void {
  work.state = { ...work.state, ...change };
}

export function updateLeading(work: Work, change: Partial<LeadingState>): void {
  const { leading } = work.state;
  if (leading !== null) update(work, { leading: { ...leading, ...change } });
}

export function updateFollowing(work: Work, change: Partial<FollowingState>): void {
  const { following } = work.state;
  if (following !== null) update(work, { following: { ...following, ...change } });
}

export function say<T extends ZooKeeperMessage>(work: Work, connection: ConnectionId, message: Unsized<T>): void {
  work.scope.effects.push({ type: 'send', connection, message: sized<T>(message) });
}

export function sayZab(work: Work, connection: ConnectionId, message: Unsized<ZabMessage>): void {
  say<ZabMessage>(work, connection, message);
}

export function setTimer(work: Work, name: string, afterMs: number): void {
  work.scope.effects.push({ type: 'setTimer', owner: 'zk', name, atUs: work.scope.context.nowUs + Math.floor(afterMs * 1000) });
}

export function traceZooKeeper(work: Work, event: ZooKeeperTrace): void {
  work.scope.effects.push({ type: 'trace', event });
}

/** Servers that make a majority (QuorumMaj): more than half. */
export function isQuorum(config: ZooKeeperServerConfig, count: number): boolean {
  return count > config.servers.length / 2;
}

export const NO_TRANSACTIONS: PersistentArray<LoggedTransaction> = emptyArray();
