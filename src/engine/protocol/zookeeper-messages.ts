import { unreachable } from '../kernel/assert.ts';
import { DecodeError, decodeWhole, encodeWhole, readInt8, writeInt8 } from './codec.ts';
import { BOOLEAN, BUFFER, INT, LONG, record, SESSION, TEXT, vector, word, type Jute } from './jute.ts';
import { OPERATION, RESULT, responseBytes } from './zookeeper-operations.ts';
import { TRANSACTION } from './zookeeper-transactions.ts';
import type { ForwardedOperation, Unsized, WatchEventType, WireOperation, ZabState, ZabVote, ZooKeeperMessage } from './zookeeper-types.ts';

export type { ZooKeeperMessage };

type Kind = ZooKeeperMessage['kind'];
type MessageOf<K extends Kind> = Extract<ZooKeeperMessage, { kind: K }>;
type Fields<K extends Kind> = Omit<MessageOf<K>, 'kind' | 'sizeBytes'>;

const VOTE = record<ZabVote>({ leader: INT, zxid: LONG, peerEpoch: INT });
/** QuorumPeer.ServerState. */
const STATE = word<ZabState>({ looking: 0, following: 1, leading: 2 });
/** Watcher.Event.EventType. */
const EVENT = word<WatchEventType>({ created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 });

/** A client may ask anything but what servers ask for it. */
const CLIENT_OPERATION: Jute<WireOperation> = {
  size: (operation) => OPERATION.size(operation),
  write: (writer, operation) => OPERATION.write(writer, operation),
  read(reader) {
    const operation: ForwardedOperation = OPERATION.read(reader);
    if (operation.op === 'createSession') throw new DecodeError('an operation of a client, got createSession');
    return operation;
  },
};

/** A message that only says that it was sent. */
const NO_FIELDS: Jute<object> = { size: () => 0, write: () => undefined, read: () => ({}) };

const MESSAGES: { readonly [K in Kind]: Jute<Fields<K>> } = {
  zkConnect: record<Fields<'zkConnect'>>({ lastZxidSeen: LONG, timeoutMs: INT, sessionId: SESSION }),
  zkRequest: record<Fields<'zkRequest'>>({ xid: INT, operation: CLIENT_OPERATION }),
  zkPing: NO_FIELDS,
  zkConnected: record<Fields<'zkConnected'>>({ timeoutMs: INT, sessionId: SESSION }),
  zkReply: record<Fields<'zkReply'>>({ xid: INT, zxid: LONG, result: RESULT }),
  zkPong: record<Fields<'zkPong'>>({ zxid: LONG }),
  zkWatchEvent: record<Fields<'zkWatchEvent'>>({ event: EVENT, path: TEXT }),
  zabNotification: record<Fields<'zabNotification'>>({ from: INT, vote: VOTE, round: INT, state: STATE }),
  zabFollowerInfo: record<Fields<'zabFollowerInfo'>>({ from: INT, acceptedEpoch: INT }),
  zabLeaderInfo: record<Fields<'zabLeaderInfo'>>({ epoch: INT }),
  zabAckEpoch: record<Fields<'zabAckEpoch'>>({ currentEpoch: INT, lastZxid: LONG }),
  zabDiff: record<Fields<'zabDiff'>>({ zxid: LONG }),
  zabTrunc: record<Fields<'zabTrunc'>>({ zxid: LONG }),
  zabSnap: record<Fields<'zabSnap'>>({ zxid: LONG, snapshot: BUFFER }),
  zabNewLeader: record<Fields<'zabNewLeader'>>({ epoch: INT }),
  zabAckNewLeader: record<Fields<'zabAckNewLeader'>>({ epoch: INT, zxid: LONG }),
  zabUpToDate: NO_FIELDS,
  zabProposal: record<Fields<'zabProposal'>>({ transaction: TRANSACTION }),
  zabAck: record<Fields<'zabAck'>>({ zxid: LONG }),
  zabCommit: record<Fields<'zabCommit'>>({ zxid: LONG }),
  zabRequest: record<Fields<'zabRequest'>>({ sessionId: SESSION, xid: INT, operation: OPERATION }),
  zabSynced: record<Fields<'zabSynced'>>({ sessionId: SESSION, xid: INT }),
  zabPing: NO_FIELDS,
  zabPong: record<Fields<'zabPong'>>({ touched: vector(SESSION) }),
  zabRevalidate: record<Fields<'zabRevalidate'>>({ sessionId: SESSION, timeoutMs: INT }),
  zabRevalidated: record<Fields<'zabRevalidated'>>({ sessionId: SESSION, valid: BOOLEAN }),
};
const KINDS = Object.keys(MESSAGES) as Kind[];

/** The message with the size that ZooKeeper's own record of it has, length prefix included. */
export function sized<T extends ZooKeeperMessage>(message: Unsized<T>): T {
  return { ...message, sizeBytes: sizeOf(message) } as unknown as T;
}

/** A client's connection: an int32 length, then a header with xid and type, or xid, zxid and error. */
const REQUEST_HEADER_BYTES = 4 + 8;
const REPLY_HEADER_BYTES = 4 + 16;
const PASSWORD_BYTES = 4 + 16;
/** QuorumPacket: type, zxid, length of the data, no authentication. */
const PACKET_BYTES = 4 + 8 + 4 + 4;

function sizeOf(message: Unsized<ZooKeeperMessage>): number {
  switch (message.kind) {
    case 'zkConnect':
      return 4 + 4 + 8 + 4 + 8 + PASSWORD_BYTES + 1;
    case 'zkConnected':
      return 4 + 4 + 4 + 8 + PASSWORD_BYTES + 1;
    case 'zkRequest':
      return 4 + 4 + OPERATION.size(message.operation);
    case 'zkReply':
      return REPLY_HEADER_BYTES + responseBytes(message.result);
    case 'zkPing':
      return REQUEST_HEADER_BYTES;
    case 'zkPong':
      return REPLY_HEADER_BYTES;
    case 'zkWatchEvent':
      return REPLY_HEADER_BYTES + 8 + TEXT.size(message.path);
    case 'zabNotification':
      // Length, state, leader, zxid, election epoch, peer epoch, version, length of no configuration.
      return 4 + 4 + 8 + 8 + 8 + 8 + 4 + 4;
    case 'zabFollowerInfo':
      return PACKET_BYTES + 20;
    case 'zabLeaderInfo':
    case 'zabAckEpoch':
      return PACKET_BYTES + 4;
    case 'zabSnap':
      // The snapshot follows the packet, and a signature the snapshot.
      return PACKET_BYTES + message.snapshot.length + TEXT.size('BenWasHere');
    case 'zabProposal':
      return PACKET_BYTES + TRANSACTION.size(message.transaction);
    case 'zabRequest':
      return PACKET_BYTES + 8 + 4 + OPERATION.size(message.operation);
    case 'zabPong':
      return PACKET_BYTES + message.touched.length * 12;
    case 'zabRevalidate':
      return PACKET_BYTES + 12;
    case 'zabRevalidated':
      return PACKET_BYTES + 9;
    case 'zabDiff':
    case 'zabTrunc':
    case 'zabNewLeader':
    case 'zabAckNewLeader':
    case 'zabUpToDate':
    case 'zabAck':
    case 'zabCommit':
    case 'zabSynced':
    case 'zabPing':
      return PACKET_BYTES;
    default:
      return unreachable(message);
  }
}

/**
 * A message as bytes, for the way between two Workers: its kind, then its fields in jute.
 * `Simplified:` headers are not ZooKeeper's, whose replies can only be read by who knows the question; records inside are.
 */
export function encodeZooKeeperMessage(message: ZooKeeperMessage): Uint8Array {
  const fields = MESSAGES[message.kind] as Jute<object>;
  return encodeWhole(1 + fields.size(message), (writer) => {
    writeInt8(writer, KINDS.indexOf(message.kind));
    fields.write(writer, message);
  });
}

/** What `encodeZooKeeperMessage` wrote. Throws `DecodeError` for anything else. */
export function decodeZooKeeperMessage(bytes: Uint8Array): ZooKeeperMessage {
  return decodeWhole(bytes, (reader) => {
    const kind = KINDS[readInt8(reader)];
    if (kind === undefined) throw new DecodeError('a kind of ZooKeeper message');
    const fields = (MESSAGES[kind] as Jute<object>).read(reader);
    return sized<ZooKeeperMessage>({ kind, ...fields } as unknown as Unsized<ZooKeeperMessage>);
  });
}
