import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from './codec.ts';
import { decodeZooKeeperMessage, encodeZooKeeperMessage, sized } from './zookeeper-messages.ts';
import { decodeTransaction, encodeTransaction } from './zookeeper-transactions.ts';
import {
  ZK_ERROR_CODES,
  type TransactionBody,
  type Unsized,
  type WireErrorName,
  type WireOperation,
  type WireResult,
  type WireStat,
  type ZabTransaction,
  type ZooKeeperMessage,
} from './zookeeper-types.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const path = text.map((name) => `/${name}`);
const version = fc.integer({ min: -1, max: 2_000_000_000 });
const zxid = fc.tuple(fc.nat(2_000_000), fc.nat()).map(([epoch, count]) => epoch * 4294967296 + count);
const time = fc.nat(4_000_000_000).map((seconds) => seconds * 1000);
const session = fc.tuple(fc.nat(0xfffffff), fc.nat()).map(([high, low]) => `f${high.toString(16).padStart(7, '0')}${low.toString(16).padStart(8, '0')}`);
const xid = fc.integer({ min: -8, max: 2_000_000_000 });
const error = fc.constantFrom(...(Object.keys(ZK_ERROR_CODES) as WireErrorName[]));

const simple: fc.Arbitrary<WireOperation> = fc.oneof(
  fc.record({ op: fc.constant('create' as const), path, data: text, ephemeral: fc.boolean(), sequential: fc.boolean() }),
  fc.record({ op: fc.constantFrom('delete' as const, 'check' as const), path, version }),
  fc.record({ op: fc.constant('setData' as const), path, data: text, version }),
);
const operation: fc.Arbitrary<WireOperation> = fc.oneof(
  simple,
  fc.record({ op: fc.constantFrom('getData' as const, 'exists' as const, 'getChildren' as const), path, watch: fc.boolean() }),
  fc.record({ op: fc.constant('sync' as const), path }),
  fc.record({ op: fc.constant('multi' as const), operations: fc.array(simple, { maxLength: 4 }) }),
  fc.constant({ op: 'closeSession' } as const),
  fc.record({
    op: fc.constant('setWatches' as const),
    relativeZxid: zxid,
    data: fc.array(path, { maxLength: 3 }),
    exists: fc.array(path, { maxLength: 3 }),
    children: fc.array(path, { maxLength: 3 }),
  }),
);
const stat: fc.Arbitrary<WireStat> = fc.record({
  czxid: zxid,
  mzxid: zxid,
  pzxid: zxid,
  ctimeMs: time,
  mtimeMs: time,
  version,
  cversion: version,
  ephemeralOwner: fc.option(session),
  dataLength: fc.nat(),
  numChildren: fc.nat(),
});
const part: fc.Arbitrary<WireResult> = fc.oneof(
  fc.record({ error: fc.constant(null), path, stat }),
  fc.record({ error: fc.constant(null), data: text, stat }),
  fc.record({ error: fc.constant(null), children: fc.array(text), stat }),
  fc.record({ error, failedIndex: fc.nat(9) }),
  fc.record({ error }),
  fc.record({ error: fc.constant(null) }),
);
const result: fc.Arbitrary<WireResult> = fc.oneof(part, fc.record({ error: fc.constant(null), results: fc.array(part, { maxLength: 3 }) }));
const singleBody: fc.Arbitrary<TransactionBody> = fc.oneof(
  fc.record({ type: fc.constant('create' as const), path, data: text, ephemeral: fc.boolean(), parentCVersion: fc.nat() }),
  fc.record({ type: fc.constant('delete' as const), path }),
  fc.record({ type: fc.constant('setData' as const), path, data: text, version }),
  fc.record({ type: fc.constant('check' as const), path, version }),
);
const body: fc.Arbitrary<TransactionBody> = fc.oneof(
  singleBody,
  fc.record({ type: fc.constant('createSession' as const), timeoutMs: fc.nat() }),
  fc.record({ type: fc.constant('closeSession' as const), paths: fc.array(path, { maxLength: 3 }) }),
  fc.record({ type: fc.constant('multi' as const), bodies: fc.array(singleBody, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('error' as const), error }),
  fc.record({ type: fc.constant('failedMulti' as const), error, failedIndex: fc.nat(3), operationCount: fc.integer({ min: 4, max: 6 }) }),
);
const transaction: fc.Arbitrary<ZabTransaction> = fc.record({ zxid, timeMs: time, sessionId: session, xid, body });
const epoch = fc.nat(2_000_000);
const id = fc.integer({ min: 1, max: 5 });

type Kind = ZooKeeperMessage['kind'];
type FieldsOf<K extends Kind> = Omit<Extract<ZooKeeperMessage, { kind: K }>, 'kind' | 'sizeBytes'>;
const FIELDS: { readonly [K in Kind]: fc.Arbitrary<FieldsOf<K>> } = {
  zkConnect: fc.record({ lastZxidSeen: zxid, timeoutMs: fc.nat(), sessionId: session }),
  zkRequest: fc.record({ xid, operation }),
  zkPing: fc.constant({}),
  zkConnected: fc.record({ timeoutMs: fc.nat(), sessionId: session }),
  zkReply: fc.record({ xid, zxid, result }),
  zkPong: fc.record({ zxid }),
  zkWatchEvent: fc.record({ event: fc.constantFrom('created' as const, 'deleted' as const, 'dataChanged' as const, 'childrenChanged' as const), path }),
  zabNotification: fc.record({
    from: id,
    vote: fc.record({ leader: id, zxid, peerEpoch: epoch }),
    round: fc.nat(),
    state: fc.constantFrom('looking' as const, 'following' as const, 'leading' as const),
  }),
  zabFollowerInfo: fc.record({ from: id, acceptedEpoch: epoch }),
  zabLeaderInfo: fc.record({ epoch }),
  zabAckEpoch: fc.record({ currentEpoch: fc.integer({ min: -1, max: 99 }), lastZxid: zxid }),
  zabDiff: fc.record({ zxid }),
  zabTrunc: fc.record({ zxid }),
  zabSnap: fc.record({ zxid, snapshot: fc.uint8Array({ maxLength: 40 }) }),
  zabNewLeader: fc.record({ epoch }),
  zabAckNewLeader: fc.record({ epoch, zxid }),
  zabUpToDate: fc.constant({}),
  zabProposal: fc.record({ transaction }),
  zabAck: fc.record({ zxid }),
  zabCommit: fc.record({ zxid }),
  zabRequest: fc.record({
    sessionId: session,
    xid,
    operation: fc.oneof(operation, fc.record({ op: fc.constant('createSession' as const), timeoutMs: fc.nat() })),
  }),
  zabSynced: fc.record({ sessionId: session, xid }),
  zabPing: fc.constant({}),
  zabPong: fc.record({ touched: fc.array(session, { maxLength: 4 }) }),
  zabRevalidate: fc.record({ sessionId: session, timeoutMs: fc.nat() }),
  zabRevalidated: fc.record({ sessionId: session, valid: fc.boolean() }),
};
const KINDS = Object.keys(FIELDS) as Kind[];

function messageOf(kind: Kind): fc.Arbitrary<ZooKeeperMessage> {
  return FIELDS[kind].map((fields) => sized<ZooKeeperMessage>({ kind, ...fields } as unknown as Unsized<ZooKeeperMessage>));
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('ZooKeeper’s messages', () => {
  test.each(KINDS)('[R10] %s comes back as it was', (kind) => {
    fc.assert(
      fc.property(messageOf(kind), (message) => {
        expect(message.sizeBytes).toBeGreaterThanOrEqual(12);
        expect(decodeZooKeeperMessage(encodeZooKeeperMessage(message))).toEqual(message);
      }),
      { numRuns: 40 },
    );
  });

  test('[R10] sizes are those of ZooKeeper’s own packets', () => {
    // Length, xid, type, path, data, one access list entry, flags.
    const create = sized({ kind: 'zkRequest', xid: 1, operation: { op: 'create', path: '/a', data: 'xyz', ephemeral: false, sequential: false } });
    expect(create.sizeBytes).toBe(4 + 4 + 4 + (4 + 2) + (4 + 3) + (4 + 4 + 4 + 5 + 4 + 6) + 4);
    expect(sized({ kind: 'zkRequest', xid: 1, operation: { op: 'exists', path: '/a', watch: true } }).sizeBytes).toBe(4 + 4 + 4 + 6 + 1);
    expect(sized({ kind: 'zkConnect', lastZxidSeen: 0, timeoutMs: 1, sessionId: '0000000000000000' }).sizeBytes).toBe(49);
    expect(sized({ kind: 'zkReply', xid: 1, zxid: 1, result: { error: 'NONODE' } }).sizeBytes).toBe(20);
    expect(sized({ kind: 'zkPing' }).sizeBytes).toBe(12);
    expect(sized({ kind: 'zabPong', touched: ['0100000000000000'] }).sizeBytes).toBe(20 + 12);
  });

  test('[R3] [R10] bytes that are cut, lengthened or of no kind are refused', () => {
    const bytes = encodeZooKeeperMessage(
      sized({ kind: 'zkRequest', xid: 3, operation: { op: 'multi', operations: [{ op: 'delete', path: '/a', version: 1 }] } }),
    );
    for (let end = 0; end < bytes.length; end++) expect(() => decodeZooKeeperMessage(bytes.slice(0, end))).toThrow(DecodeError);
    expect(() => decodeZooKeeperMessage(Uint8Array.of(...bytes, 0))).toThrow(DecodeError);
    expect(() => decodeZooKeeperMessage(Uint8Array.of(99))).toThrow(DecodeError);
  });

  test('[R3] [R10] damaged bytes are read or refused, never more', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KINDS).chain(messageOf), fc.nat(), fc.nat(255), (message, at, byte) => {
        const bytes = encodeZooKeeperMessage(message);
        bytes[at % bytes.length] = byte;
        try {
          decodeZooKeeperMessage(bytes);
        } catch (refusal) {
          expect(refusal).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('transactions', () => {
  test('[R10] a transaction’s bytes are TxnHeader and its record', () => {
    const bytes = encodeTransaction({
      zxid: 0x100000002,
      timeMs: 0x18bcfe56800,
      sessionId: '0100018bcfe56800',
      xid: 7,
      body: { type: 'create', path: '/a', data: 'x', ephemeral: true, parentCVersion: 3 },
    });
    expect(hex(bytes)).toBe(
      [
        '0100018bcfe56800',
        '00000007',
        '0000000100000002',
        '0000018bcfe56800',
        '00000001',
        '00000002',
        '2f61',
        '00000001',
        '78',
        '00000001',
        '0000001f',
        '00000005',
        '776f726c64',
        '00000006',
        '616e796f6e65',
        '01',
        '00000003',
      ].join(''),
    );
  });

  test('[R10] a znode without data has null, as Kafka’s folders have', () => {
    const create = (data: string): Uint8Array =>
      encodeTransaction({
        zxid: 1,
        timeMs: 0,
        sessionId: '0100000000000000',
        xid: 1,
        body: { type: 'create', path: '/a', data, ephemeral: false, parentCVersion: 1 },
      });
    expect(hex(create('').slice(38, 42))).toBe('ffffffff');
    expect(hex(create('x').slice(38, 43))).toBe('0000000178');
    expect(decodeTransaction(create('')).body).toMatchObject({ data: '' });
  });

  test('[R10] a multi that failed has an error for each operation', () => {
    const bytes = encodeTransaction({
      zxid: 1,
      timeMs: 0,
      sessionId: '0100000000000000',
      xid: 1,
      body: { type: 'failedMulti', error: 'BADVERSION', failedIndex: 1, operationCount: 3 },
    });
    expect(hex(bytes.slice(28))).toBe(
      ['0000000e', '00000003', 'ffffffff00000004', '00000000', 'ffffffff00000004', 'ffffff99', 'ffffffff00000004', 'fffffffe'].join(''),
    );
  });

  test('[R10] every transaction comes back as it was', () => {
    fc.assert(
      fc.property(transaction, (one) => {
        expect(decodeTransaction(encodeTransaction(one))).toEqual(one);
      }),
      { numRuns: 200 },
    );
  });
});
