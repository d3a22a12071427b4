import type { PersistentArray } from '../kernel/persistent-array.ts';
import type { PersistentMap } from '../kernel/persistent-map.ts';
import type { Scope } from '../kernel/scope.ts';
import { sized } from '../protocol/zookeeper-messages.ts';
import type {
  ForwardedOperation,
  Unsized,
  WireOperation,
  ZabMessage,
  ZabState,
  ZabTransaction,
  ZabVote,
  ZooKeeperMessage,
} from '../protocol/zookeeper-types.ts';
import type { SystemEffect } from '../kernel/system.ts';
import type { ConnectionId, EpochMs, HostName, InstantUs, Zxid } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { LogEntry } from './log-file.ts';
import type { ZooKeeperTrace } from './trace.ts';
import type { ZnodeTree } from './znode-tree.ts';

export const CLIENT_PORT = 2181;
export const QUORUM_PORT = 2888;
export const ELECTION_PORT = 3888;
export const NO_SESSION = '0000000000000000';
/** Owner of timers and flushes of this server. */
export const OWNER = 'zk';

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
  /** When the present phase began; with `phaseCount`, what a flush asked for in an earlier phase is void. */
  readonly phaseSinceUs: InstantUs;
  readonly phaseCount: number;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  readonly log: TransactionLog;
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
  /** Sessions made here since the start, which began at `startedMs`: both are in a session's id. */
  readonly sessionCount: number;
  readonly startedMs: EpochMs;
  /** Flushes under way. */
  readonly awaiting: readonly AwaitedFlush[];
  readonly nextOperation: number;
}

/** What goes on when a flush is done. */
export type FlushThen = { readonly type: 'logFlushed' | 'fileFlushed' | 'epochAccepted' } | { readonly type: 'epochCurrent'; readonly epoch: number };

export interface AwaitedFlush {
  readonly operation: number;
  readonly then: FlushThen;
  /** The last transaction in the log when the flush was asked for. */
  readonly coversZxid: Zxid;
  readonly phaseCount: number;
}

/**
 * The transaction log: a window of transactions in memory, and the files they are in. Transactions from `baseIndex` on come after
 * the snapshot and are in `files`; those before it are in older files and only serve DIFF.
 */
export interface TransactionLog {
  /** Files after the snapshot, oldest first; the next transaction goes into the last one. */
  readonly files: readonly LogFile[];
  readonly snapshotPath: string | null;
  /** The tree of that snapshot. Snapshots only hold what was committed. */
  readonly baseTree: ZnodeTree;
  readonly baseIndex: number;
  /** Everything after this zxid is in `transactions`. */
  readonly windowZxid: Zxid;
  readonly transactions: PersistentArray<LogEntry>;
  readonly lastZxid: Zxid;
  /** A file was begun after this zxid: when the tree comes to it, a snapshot is taken. */
  readonly snapshotDueZxid: Zxid | null;
  /** On the device up to here; -1 while a cut or a snapshot is not. */
  readonly flushedZxid: Zxid;
  /** The flush under way, whose end moves `flushedZxid`. */
  readonly flushOperation: number | null;
  /** Files that the next snapshot makes superfluous. */
  readonly olderPaths: readonly string[];
}

export interface LogFile {
  readonly path: string;
  /** Index of its first transaction. */
  readonly from: number;
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
  /** 0 until a quorum's accepted epochs are known. */
  readonly epoch: number;
  readonly learners: readonly Learner[];
  readonly ownEpochAccepted: boolean;
  /** Our current epoch: waits for our log, is being written, is on the device. */
  readonly ownEpochCurrent: 'waiting' | 'writing' | 'written';
  /** The tree with every proposal applied, committed or not: requests are prepared against it. */
  readonly prepared: ZnodeTree;
  readonly lastProposedZxid: Zxid;
  /** Proposed and not committed, in order. */
  readonly proposals: readonly ZabTransaction[];
  /** Session id to what the leader tracks of it (SessionTrackerImpl). */
  readonly sessions: PersistentMap<TrackedSession>;
  readonly syncs: readonly PendingSync[];
}

export interface TrackedSession {
  readonly timeoutMs: number;
  /** A multiple of tickTime (ExpiryQueue). */
  readonly deadlineUs: InstantUs;
  /** The server that its client is connected to; null while nobody asked for it. */
  readonly owner: number | null;
  /** Its end is proposed: nothing brings it back. */
  readonly closing: boolean;
}

/** A `sync` that is answered once everything proposed before it is committed. */
export interface PendingSync {
  readonly afterZxid: Zxid;
  readonly learner: number;
  readonly sessionId: string;
  readonly xid: number;
}

export interface Learner {
  readonly id: number;
  readonly connection: ConnectionId;
  readonly acceptedEpoch: number;
  readonly ackedEpoch: { readonly currentEpoch: number; readonly lastZxid: Zxid } | null;
  /** Brought to our history, at least on its way: it gets every proposal. */
  readonly synchronised: boolean;
  readonly ackedNewLeader: boolean;
  readonly upToDate: boolean;
  /** It has everything up to here on disk. */
  readonly ackedZxid: Zxid;
  readonly lastHeardUs: InstantUs;
}

export interface FollowingState {
  readonly leader: number;
  readonly connection: ConnectionId;
  readonly stage: 'connecting' | 'discovery' | 'synchronisation' | 'broadcast';
  /** How often we connected; a leader that does not lead yet is tried again. */
  readonly attempts: number;
  readonly epoch: number;
  readonly lastHeardUs: InstantUs;
  /** NEWLEADER came when the log ended here: once that is on the device the epoch is written, then NEWLEADER acknowledged. */
  readonly newLeader: { readonly zxid: Zxid; readonly epochWriting: boolean } | null;
  /** Proposals logged or being logged, not yet applied. */
  readonly outstanding: readonly ZabTransaction[];
  /** Proposals acknowledged up to here. */
  readonly ackedZxid: Zxid;
  readonly committedZxid: Zxid;
  /** Sessions heard of since the last ping. */
  readonly touched: readonly string[];
  /** The leader said UPTODATE: what is committed is applied, and clients are served. */
  readonly upToDate: boolean;
}

export interface ClientConnection {
  readonly connection: ConnectionId;
  readonly peer: HostName;
  /** Null until the client said who it is. */
  readonly sessionId: string | null;
  readonly timeoutMs: number;
  /** False until the session is created or confirmed. */
  readonly established: boolean;
  readonly lastHeardUs: InstantUs;
  /** Requests not yet answered, in order. */
  readonly queue: readonly PendingRequest[];
  /** Keys of the watches this connection waits for. */
  readonly watching: PersistentMap<true>;
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
  readonly operation: ForwardedOperation;
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
  work.scope.effects.push({ type: 'setTimer', owner: OWNER, name, atUs: work.scope.context.nowUs + Math.floor(afterMs * 1000) });
}

export function traceZooKeeper(work: Work, event: ZooKeeperTrace): void {
  work.scope.effects.push({ type: 'trace', event });
}

/** Servers that make a majority (QuorumMaj): more than half. */
export function isQuorum(config: ZooKeeperServerConfig, count: number): boolean {
  return count > config.servers.length / 2;
}

const EPOCH_SPAN = 4294967296;

/** The upper half of a zxid. */
export function epochOf(zxid: Zxid): number {
  return Math.floor(zxid / EPOCH_SPAN);
}

/** The zxid before the first one of an epoch. */
export function startOfEpoch(epoch: number): Zxid {
  return epoch * EPOCH_SPAN;
}
