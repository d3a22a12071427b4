import { utf8Decode, utf8Encode, utf8Length } from '../kernel/bytes.ts';
import type { Zxid } from '../kernel/units.ts';

/**
 * What ZooKeeper servers and their clients say to each other. Sizes are those of the real jute records; between Workers the
 * messages travel as text (`Simplified:` the bytes themselves are not jute).
 */
export type ZooKeeperMessage = ZkClientMessage | ZkServerMessage | ZabMessage;

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
  | { readonly op: 'setWatches'; readonly relativeZxid: Zxid; readonly data: readonly string[]; readonly exists: readonly string[]; readonly children: readonly string[] };

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

export interface WireResult {
  readonly error: string | null;
  readonly failedIndex?: number;
  readonly path?: string;
  readonly data?: string;
  readonly children?: readonly string[];
  readonly stat?: WireStat;
  readonly results?: readonly WireResult[];
}

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
  | (Sized & { readonly kind: 'zkWatchEvent'; readonly event: 'created' | 'deleted' | 'dataChanged' | 'childrenChanged'; readonly path: string });

export interface ZabVote {
  readonly leader: number;
  readonly zxid: Zxid;
  readonly peerEpoch: number;
}

export type ZabState = 'looking' | 'following' | 'leading';

/** A transaction: idempotent, what every server applies in order of zxid. */
export interface ZabTransaction {
  readonly zxid: Zxid;
  readonly timeMs: number;
  readonly sessionId: string;
  /** The client's xid, so that the server it is connected to can answer it. */
  readonly xid: number;
  readonly body: TransactionBody;
}

export type TransactionBody =
  | { readonly type: 'createSession'; readonly timeoutMs: number }
  | { readonly type: 'closeSession'; readonly expired: boolean }
  | { readonly type: 'create'; readonly path: string; readonly data: string; readonly ephemeral: boolean }
  | { readonly type: 'delete'; readonly path: string }
  | { readonly type: 'setData'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly type: 'check' }
  | { readonly type: 'multi'; readonly bodies: readonly TransactionBody[] }
  | { readonly type: 'error'; readonly error: string; readonly failedIndex: number };

export type ZabMessage =
  | (Sized & { readonly kind: 'zabNotification'; readonly from: number; readonly vote: ZabVote; readonly round: number; readonly state: ZabState })
  | (Sized & { readonly kind: 'zabFollowerInfo'; readonly from: number; readonly acceptedEpoch: number })
  | (Sized & { readonly kind: 'zabLeaderInfo'; readonly epoch: number })
  | (Sized & { readonly kind: 'zabAckEpoch'; readonly currentEpoch: number; readonly lastZxid: Zxid })
  | (Sized & { readonly kind: 'zabDiff' | 'zabTrunc'; readonly zxid: Zxid })
  | (Sized & { readonly kind: 'zabSnap'; readonly zxid: Zxid; readonly snapshot: string })
  | (Sized & { readonly kind: 'zabNewLeader'; readonly epoch: number })
  | (Sized & { readonly kind: 'zabAckNewLeader'; readonly epoch: number; readonly zxid: Zxid })
  | (Sized & { readonly kind: 'zabUpToDate' })
  | (Sized & { readonly kind: 'zabProposal'; readonly transaction: ZabTransaction })
  | (Sized & { readonly kind: 'zabAck' | 'zabCommit'; readonly zxid: Zxid })
  | (Sized & { readonly kind: 'zabRequest'; readonly sessionId: string; readonly xid: number; readonly operation: WireOperation | { readonly op: 'createSession'; readonly timeoutMs: number } })
  | (Sized & { readonly kind: 'zabSynced'; readonly sessionId: string; readonly xid: number })
  | (Sized & { readonly kind: 'zabPing' })
  | (Sized & { readonly kind: 'zabPong'; readonly touched: readonly string[] })
  | (Sized & { readonly kind: 'zabRevalidate'; readonly sessionId: string; readonly timeoutMs: number })
  | (Sized & { readonly kind: 'zabRevalidated'; readonly sessionId: string; readonly valid: boolean });

/** A message without its size, which `sized` adds. */
export type Unsized<T> = T extends Sized ? Omit<T, 'sizeBytes'> : never;

/** The message with the size of its jute record, length prefix included. */
export function sized<T extends ZooKeeperMessage>(message: Unsized<T>): T {
  return { ...message, sizeBytes: sizeOf(message as Unsized<ZooKeeperMessage>) } as unknown as T;
}

const STAT_BYTES = 68;
const PACKET_BYTES = 4 + 4 + 8 + 4;

function sizeOf(message: Unsized<ZooKeeperMessage>): number {
  switch (message.kind) {
    case 'zkConnect':
      return 4 + 4 + 8 + 4 + 8 + 20 + 1;
    case 'zkConnected':
      return 4 + 4 + 4 + 8 + 20 + 1;
    case 'zkRequest':
      return 12 + sizeOfOperation(message.operation);
    case 'zkReply':
      return 4 + 16 + sizeOfResult(message.result);
    case 'zkPing':
      return 12;
    case 'zkPong':
      return 20;
    case 'zkWatchEvent':
      return 20 + 8 + 4 + utf8Length(message.path);
    case 'zabNotification':
      return 4 + 48;
    case 'zabProposal':
      return PACKET_BYTES + sizeOfTransaction(message.transaction);
    case 'zabRequest':
      return PACKET_BYTES + 16 + (message.operation.op === 'createSession' ? 4 : sizeOfOperation(message.operation));
    case 'zabSnap':
      return PACKET_BYTES + message.snapshot.length;
    case 'zabPong':
      return PACKET_BYTES + message.touched.length * 12;
    default:
      return PACKET_BYTES + 16;
  }
}

/** Bytes of a transaction with its header in the log and in a proposal. */
export function sizeOfTransaction(transaction: ZabTransaction): number {
  return 32 + sizeOfBody(transaction.body);
}

function sizeOfBody(body: TransactionBody): number {
  switch (body.type) {
    case 'create':
      return 4 + utf8Length(body.path) + 4 + utf8Length(body.data) + 4 + 31 + 5;
    case 'setData':
      return 4 + utf8Length(body.path) + 4 + utf8Length(body.data) + 4;
    case 'delete':
      return 4 + utf8Length(body.path);
    case 'multi':
      return body.bodies.reduce((sum, inner) => sum + 9 + sizeOfBody(inner), 9);
    case 'createSession':
    case 'closeSession':
    case 'check':
    case 'error':
      return 4;
  }
}

function sizeOfOperation(operation: WireOperation): number {
  switch (operation.op) {
    case 'create':
      return 4 + utf8Length(operation.path) + 4 + utf8Length(operation.data) + 35;
    case 'setData':
      return 4 + utf8Length(operation.path) + 4 + utf8Length(operation.data) + 4;
    case 'delete':
    case 'check':
      return 8 + utf8Length(operation.path);
    case 'getData':
    case 'exists':
    case 'getChildren':
      return 5 + utf8Length(operation.path);
    case 'sync':
      return 4 + utf8Length(operation.path);
    case 'multi':
      return operation.operations.reduce((sum, inner) => sum + 9 + sizeOfOperation(inner), 9);
    case 'closeSession':
      return 0;
    case 'setWatches':
      return 20 + [...operation.data, ...operation.exists, ...operation.children].reduce((sum, path) => sum + 4 + utf8Length(path), 0);
  }
}

function sizeOfResult(result: WireResult): number {
  let sizeBytes = result.stat === undefined ? 0 : STAT_BYTES;
  if (result.path !== undefined) sizeBytes += 4 + utf8Length(result.path);
  if (result.data !== undefined) sizeBytes += 4 + utf8Length(result.data);
  for (const child of result.children ?? []) sizeBytes += 4 + utf8Length(child);
  for (const inner of result.results ?? []) sizeBytes += 9 + sizeOfResult(inner);
  return sizeBytes;
}

/** A message as bytes, for the way between two Workers. */
export function encodeZooKeeperMessage(message: ZooKeeperMessage): Uint8Array {
  return utf8Encode(JSON.stringify(message));
}

/** What `encodeZooKeeperMessage` wrote. */
export function decodeZooKeeperMessage(bytes: Uint8Array): ZooKeeperMessage {
  return JSON.parse(utf8Decode(bytes)) as ZooKeeperMessage;
}
