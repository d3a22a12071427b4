import type { Zxid } from '../kernel/units.ts';

/** ZooKeeper's error codes (KeeperException.Code) that a server may answer. */
export const ZK_ERROR_CODES = {
  RUNTIMEINCONSISTENCY: -2,
  CONNECTIONLOSS: -4,
  BADARGUMENTS: -8,
  NONODE: -101,
  BADVERSION: -103,
  NOCHILDRENFOREPHEMERALS: -108,
  NODEEXISTS: -110,
  NOTEMPTY: -111,
  SESSIONEXPIRED: -112,
  INVALIDACL: -114,
  SESSIONMOVED: -118,
} as const;
export type WireErrorName = keyof typeof ZK_ERROR_CODES;

/** An operation as it travels; the same shape as a user's `ZkOperation`, with the protocol's own three added. */
export type WireOperation =
  | { readonly op: 'create'; readonly path: string; readonly data: string; readonly ephemeral: boolean; readonly sequential: boolean }
  | { readonly op: 'delete'; readonly path: string; readonly version: number }
  | { readonly op: 'setData'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly op: 'check'; readonly path: string; readonly version: number }
  | { readonly op: 'getData' | 'exists' | 'getChildren'; readonly path: string; readonly watch: boolean }
  | { readonly op: 'sync'; readonly path: string }
  | { readonly op: 'multi'; readonly operations: readonly WireOperation[] }
  | { readonly op: 'closeSession' }
  | {
      readonly op: 'setWatches';
      readonly relativeZxid: Zxid;
      readonly data: readonly string[];
      readonly exists: readonly string[];
      readonly children: readonly string[];
    };

/** What only servers ask of each other: a new session. */
export type ForwardedOperation = WireOperation | { readonly op: 'createSession'; readonly timeoutMs: number };

/** ZooKeeper's Stat. */
export interface WireStat {
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  readonly pzxid: Zxid;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly ephemeralOwner: string | null;
  readonly dataLength: number;
  readonly numChildren: number;
}

/** An answer: an error, or what the operation gives. Fields that it does not give are not there. */
export interface WireResult {
  readonly error: WireErrorName | null;
  readonly failedIndex?: number;
  readonly path?: string;
  readonly data?: string;
  readonly children?: readonly string[];
  readonly stat?: WireStat;
  readonly results?: readonly WireResult[];
}

/** A transaction: idempotent, what every server applies in order of zxid (TxnHeader and its record). */
export interface ZabTransaction {
  readonly zxid: Zxid;
  readonly timeMs: number;
  /** 16 hex digits. */
  readonly sessionId: string;
  /** The client's xid, so that the server it is connected to can answer it; 0 for what the leader asked for itself. */
  readonly xid: number;
  readonly body: TransactionBody;
}

export type TransactionBody =
  | { readonly type: 'createSession'; readonly timeoutMs: number }
  /** With xid 0 the session expired, else its client closed it. `paths` are its ephemerals. */
  | { readonly type: 'closeSession'; readonly paths: readonly string[] }
  | { readonly type: 'create'; readonly path: string; readonly data: string; readonly ephemeral: boolean; readonly parentCVersion: number }
  | { readonly type: 'delete'; readonly path: string }
  | { readonly type: 'setData'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly type: 'check'; readonly path: string; readonly version: number }
  | { readonly type: 'multi'; readonly bodies: readonly TransactionBody[] }
  | { readonly type: 'error'; readonly error: WireErrorName }
  /** A multi of which nothing happened, as the operation at `failedIndex` was refused. */
  | { readonly type: 'failedMulti'; readonly error: WireErrorName; readonly failedIndex: number; readonly operationCount: number };

export interface ZabVote {
  readonly leader: number;
  readonly zxid: Zxid;
  readonly peerEpoch: number;
}

export type ZabState = 'looking' | 'following' | 'leading';

/** Every message knows the size of its jute record, length prefix included. */
interface Sized {
  readonly sizeBytes: number;
}

export type ZkClientMessage =
  | (Sized & { readonly kind: 'zkConnect'; readonly lastZxidSeen: Zxid; readonly timeoutMs: number; readonly sessionId: string })
  | (Sized & { readonly kind: 'zkRequest'; readonly xid: number; readonly operation: WireOperation })
  | (Sized & { readonly kind: 'zkPing' });

export type ZkServerMessage =
  /** A timeout of 0 says that the session is gone. */
  | (Sized & { readonly kind: 'zkConnected'; readonly timeoutMs: number; readonly sessionId: string })
  | (Sized & { readonly kind: 'zkReply'; readonly xid: number; readonly zxid: Zxid; readonly result: WireResult })
  | (Sized & { readonly kind: 'zkPong'; readonly zxid: Zxid })
  | (Sized & { readonly kind: 'zkWatchEvent'; readonly event: WatchEventType; readonly path: string });

export type WatchEventType = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged';

export type ZabMessage =
  | (Sized & { readonly kind: 'zabNotification'; readonly from: number; readonly vote: ZabVote; readonly round: number; readonly state: ZabState })
  | (Sized & { readonly kind: 'zabFollowerInfo'; readonly from: number; readonly acceptedEpoch: number })
  | (Sized & { readonly kind: 'zabLeaderInfo'; readonly epoch: number })
  /** A current epoch of -1: the epoch was promised before, so this is no vote for it. */
  | (Sized & { readonly kind: 'zabAckEpoch'; readonly currentEpoch: number; readonly lastZxid: Zxid })
  | ZabPoint<'zabDiff'>
  | ZabPoint<'zabTrunc'>
  /** `snapshot` is the content of a snapshot file. */
  | (Sized & { readonly kind: 'zabSnap'; readonly zxid: Zxid; readonly snapshot: Uint8Array })
  | (Sized & { readonly kind: 'zabNewLeader'; readonly epoch: number })
  | (Sized & { readonly kind: 'zabAckNewLeader'; readonly epoch: number; readonly zxid: Zxid })
  | (Sized & { readonly kind: 'zabUpToDate' })
  | (Sized & { readonly kind: 'zabProposal'; readonly transaction: ZabTransaction })
  | ZabPoint<'zabAck'>
  | ZabPoint<'zabCommit'>
  | (Sized & { readonly kind: 'zabRequest'; readonly sessionId: string; readonly xid: number; readonly operation: ForwardedOperation })
  | (Sized & { readonly kind: 'zabSynced'; readonly sessionId: string; readonly xid: number })
  | (Sized & { readonly kind: 'zabPing' })
  | (Sized & { readonly kind: 'zabPong'; readonly touched: readonly string[] })
  | (Sized & { readonly kind: 'zabRevalidate'; readonly sessionId: string; readonly timeoutMs: number })
  | (Sized & { readonly kind: 'zabRevalidated'; readonly sessionId: string; readonly valid: boolean });

type ZabPoint<Kind extends string> = Sized & { readonly kind: Kind; readonly zxid: Zxid };

/** What ZooKeeper servers and their clients say to each other. */
export type ZooKeeperMessage = ZkClientMessage | ZkServerMessage | ZabMessage;

/** A message without its size, which `sized` adds. */
export type Unsized<T> = T extends Sized ? Omit<T, 'sizeBytes'> : never;
