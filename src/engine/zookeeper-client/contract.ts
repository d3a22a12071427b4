import type { Zxid } from '../kernel/units.ts';

/** Operations a client may ask of ZooKeeper. Data is UTF-8 text (Kafka's znodes are JSON or numbers). `version` -1 matches any. */
export type ZkOperation =
  | { readonly op: 'create'; readonly path: string; readonly data: string; readonly ephemeral: boolean; readonly sequential: boolean }
  | { readonly op: 'delete'; readonly path: string; readonly version: number }
  | { readonly op: 'setData'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly op: 'getData'; readonly path: string; readonly watch: boolean }
  | { readonly op: 'exists'; readonly path: string; readonly watch: boolean }
  | { readonly op: 'getChildren'; readonly path: string; readonly watch: boolean }
  | { readonly op: 'sync'; readonly path: string }
  /** All or nothing. `check` only here. */
  | { readonly op: 'multi'; readonly operations: readonly ZkMultiOperation[] };
export type ZkMultiOperation =
  Extract<ZkOperation, { op: 'create' | 'delete' | 'setData' }> | { readonly op: 'check'; readonly path: string; readonly version: number };

export type ZkErrorName =
  | 'CONNECTIONLOSS'
  | 'NONODE'
  | 'BADVERSION'
  | 'NOCHILDRENFOREPHEMERALS'
  | 'NODEEXISTS'
  | 'NOTEMPTY'
  | 'SESSIONEXPIRED'
  | 'RUNTIMEINCONSISTENCY'
  | 'INVALIDACL'
  | 'BADARGUMENTS';

/** ZooKeeper's Stat. */
export interface ZkStat {
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  readonly pzxid: Zxid;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  /** Session id (16 hex digits) that owns this ephemeral, or null. */
  readonly ephemeralOwner: string | null;
  readonly dataLength: number;
  readonly numChildren: number;
}

/** One answer per operation, in order. `path` of a create is the real one (with its sequence). */
export type ZkResult =
  | { readonly ok: true; readonly op: 'create'; readonly path: string; readonly stat: ZkStat }
  | { readonly ok: true; readonly op: 'delete' | 'sync' | 'check' }
  | { readonly ok: true; readonly op: 'setData' | 'exists'; readonly stat: ZkStat }
  | { readonly ok: true; readonly op: 'getData'; readonly data: string; readonly stat: ZkStat }
  /** Children sorted by code unit. */
  | { readonly ok: true; readonly op: 'getChildren'; readonly children: readonly string[]; readonly stat: ZkStat }
  | { readonly ok: true; readonly op: 'multi'; readonly results: readonly ZkResult[] }
  /** In a failed multi the error is that of the first failing operation, `failedIndex` its place. */
  | { readonly ok: false; readonly op: ZkOperation['op'] | 'check'; readonly error: ZkErrorName; readonly failedIndex?: number };

/**
 * What users of the process's one ZooKeeper session (broker part, controller part) ask and are told. The session lives in the process.
 * `tag` is the asker's own and comes back; operations of one call are pipelined in order.
 * On connection loss the process keeps unsent and unanswered calls and asks again once reconnected
 * (KafkaZkClient.retryRequestsUntilConnected), so a part only ever sees final results or SESSIONEXPIRED.
 */
export interface ZkCall {
  readonly type: 'zk';
  readonly tag: string;
  readonly operations: readonly ZkOperation[];
}
export interface ZkAnswer {
  readonly type: 'zkAnswer';
  readonly tag: string;
  readonly results: readonly ZkResult[];
}
export type ZkWatchKind = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged';
export interface ZkWatchFired {
  readonly type: 'zkWatch';
  readonly kind: ZkWatchKind;
  readonly path: string;
}
/** `connected` also after a reconnect within the session; `established` with a new session. Expiry is learned on reconnect only. */
export interface ZkSessionChanged {
  readonly type: 'zkSession';
  readonly state: 'established' | 'connected' | 'disconnected' | 'expired';
  readonly sessionId: string | null;
}
export type ZkTold = ZkAnswer | ZkWatchFired | ZkSessionChanged;
