import { NO_CODECS } from '../kernel/codecs.ts';
import { arrayToList } from '../kernel/persistent-array.ts';
import { describe, expect, test } from 'vitest';
import { emptyTree } from '../kernel/files.ts';
import { SOUND_DISK, type StepContext } from '../kernel/machine-contract.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import { sized } from '../protocol/zookeeper-messages.ts';
import type { Unsized, ZabMessage, ZabTransaction, ZkClientMessage } from '../protocol/zookeeper-types.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { zooKeeperServer, type ZooKeeperServerConfig, type ZooKeeperState } from './server.ts';
import type { ZooKeeperTrace } from './trace.ts';

type Effect = SystemEffect<WireMessage, ZooKeeperTrace>;

const CONFIG: ZooKeeperServerConfig = {
  myid: 1,
  servers: [1, 2, 3].map((id) => ({ id, host: `zk${id}` })),
  tickTime: 2000,
  initLimit: 10,
  syncLimit: 5,
  finalizeWaitMs: 200,
  minNotificationMs: 200,
  maxNotificationMs: 60_000,
};

/** One server by itself: the test is the rest of the world. */
interface Lone {
  state: ZooKeeperState;
  nowUs: number;
  /** Effects of the last input. */
  effects: readonly Effect[];
  context: StepContext;
}

function start(): Lone {
  let connections = 0;
  const lone = { nowUs: 0, effects: [] } as unknown as Lone;
  lone.context = {
    get nowUs() {
      return lone.nowUs;
    },
    get nowMs() {
      return 1_700_000_000_000 + Math.floor(lone.nowUs / 1000);
    },
    draw: () => 0,
    allocate: (sizeBytes) => new Uint8Array(sizeBytes),
    codecs: NO_CODECS,
    nextConnection: () => ++connections,
    ...SOUND_DISK,
  };
  const step = zooKeeperServer.init({ config: CONFIG, files: emptyTree(), incarnation: 1, host: 'zk1' }, lone.context);
  Object.assign(lone, step);
  return lone;
}

function feed(lone: Lone, input: SystemInput<WireMessage, never>): void {
  lone.nowUs += 1000;
  Object.assign(lone, zooKeeperServer.step(lone.state, input, lone.context));
}

const ELECTION = 100;

function hear(lone: Lone, connection: number, message: Unsized<ZabMessage>): void {
  feed(lone, { type: 'received', owner: 'any', connection, message: sized<ZabMessage>(message) });
}

function said(lone: Lone): string[] {
  return lone.effects.flatMap((effect) => (effect.type === 'send' ? [effect.message.kind] : []));
}

function messages<K extends ZabMessage['kind']>(lone: Lone, kind: K): Extract<ZabMessage, { kind: K }>[] {
  return lone.effects.flatMap((effect) => (effect.type === 'send' && effect.message.kind === kind ? [effect.message as Extract<ZabMessage, { kind: K }>] : []));
}

function flushes(lone: Lone): { operation: number; path: string }[] {
  return lone.effects.flatMap((effect) => (effect.type === 'flush' ? [effect] : []));
}

/** The flush of `path` that the last input asked for is done. */
function flushed(lone: Lone, path: string, error: 'EIO' | null = null): void {
  const flush = flushes(lone).find((one) => one.path === path);
  expect(flush, `a flush of ${path}`).toBeDefined();
  feed(lone, { type: 'diskDone', owner: 'zk', operation: flush?.operation ?? 0, path: '', error });
}

/** Follows server 3, whose vote wins; returns the connection to it. */
function follow(lone: Lone): number {
  hear(lone, ELECTION, {
    kind: 'zabNotification',
    from: 3,
    vote: { leader: 3, zxid: lone.state.log.lastZxid, peerEpoch: lone.state.currentEpoch },
    round: lone.state.election.round,
    state: 'looking',
  });
  feed(lone, { type: 'timer', owner: 'zk', name: 'finalize' });
  const connection = lone.effects.flatMap((effect) => (effect.type === 'connect' && effect.port === 2888 ? [effect.connection] : []))[0] ?? 0;
  feed(lone, { type: 'connected', owner: 'quorum', connection });
  return connection;
}

function started(): Lone {
  const lone = start();
  flushed(lone, 'version-2/snapshot.0.tmp');
  return lone;
}

const write = (zxid: number): ZabTransaction => ({ zxid, timeMs: 1, sessionId: '0300000000000000', xid: 1, body: { type: 'createSession', timeoutMs: 4000 } });
const EPOCH_1 = 4294967296;

/** A follower of server 3 that serves clients. */
function broadcasting(): { lone: Lone; connection: number } {
  const lone = started();
  const connection = follow(lone);
  hear(lone, connection, { kind: 'zabLeaderInfo', epoch: 1 });
  flushed(lone, 'version-2/acceptedEpoch.tmp');
  hear(lone, connection, { kind: 'zabDiff', zxid: 0 });
  hear(lone, connection, { kind: 'zabNewLeader', epoch: 1 });
  flushed(lone, 'version-2/currentEpoch.tmp');
  expect(said(lone)).toEqual(['zabAckNewLeader']);
  hear(lone, connection, { kind: 'zabUpToDate' });
  return { lone, connection };
}

describe('a follower', () => {
  test('[R11] promises an epoch on disk before it says so, and only once', () => {
    const lone = started();
    const connection = follow(lone);
    expect(messages(lone, 'zabFollowerInfo')).toMatchObject([{ from: 1, acceptedEpoch: 0 }]);
    hear(lone, connection, { kind: 'zabLeaderInfo', epoch: 1 });
    expect(said(lone)).toEqual([]);
    flushed(lone, 'version-2/acceptedEpoch.tmp');
    expect(messages(lone, 'zabAckEpoch')).toMatchObject([{ currentEpoch: 0, lastZxid: 0 }]);

    feed(lone, { type: 'closed', owner: 'quorum', connection, reason: 'reset' });
    const again = follow(lone);
    hear(lone, again, { kind: 'zabLeaderInfo', epoch: 1 });
    expect(messages(lone, 'zabAckEpoch')).toMatchObject([{ currentEpoch: -1 }]);
    hear(lone, again, { kind: 'zabLeaderInfo', epoch: 0 });
    expect(lone.state.phase).toBe('looking');
  });

  test('[R11] says that its history is the epoch’s once that history and then the epoch are on disk', () => {
    const lone = started();
    const connection = follow(lone);
    hear(lone, connection, { kind: 'zabLeaderInfo', epoch: 2 });
    flushed(lone, 'version-2/acceptedEpoch.tmp');
    hear(lone, connection, { kind: 'zabDiff', zxid: EPOCH_1 + 1 });
    hear(lone, connection, { kind: 'zabProposal', transaction: write(EPOCH_1 + 1) });
    const logFlush = flushes(lone);
    expect(logFlush.map((flush) => flush.path)).toEqual(['version-2/log.100000001']);
    hear(lone, connection, { kind: 'zabNewLeader', epoch: 2 });
    expect(lone.effects).toEqual([]);
    feed(lone, { type: 'diskDone', owner: 'zk', operation: logFlush[0]?.operation ?? 0, path: '', error: null });
    expect(said(lone)).toEqual([]);
    expect(lone.state.currentEpoch).toBe(0);
    flushed(lone, 'version-2/currentEpoch.tmp');
    expect(lone.state.currentEpoch).toBe(2);
    expect(messages(lone, 'zabAckNewLeader')).toMatchObject([{ epoch: 2, zxid: EPOCH_1 + 1 }]);
  });

  test('[R4] acknowledges a proposal when it is on the device, one flush at a time', () => {
    const { lone, connection } = broadcasting();
    hear(lone, connection, { kind: 'zabProposal', transaction: write(EPOCH_1 + 1) });
    expect(said(lone)).toEqual([]);
    const first = flushes(lone)[0];
    hear(lone, connection, { kind: 'zabProposal', transaction: write(EPOCH_1 + 2) });
    hear(lone, connection, { kind: 'zabProposal', transaction: write(EPOCH_1 + 3) });
    expect(flushes(lone)).toEqual([]);
    feed(lone, { type: 'diskDone', owner: 'zk', operation: first?.operation ?? 0, path: '', error: null });
    expect(messages(lone, 'zabAck').map((ack) => ack.zxid - EPOCH_1)).toEqual([1]);
    flushed(lone, 'version-2/log.100000001');
    expect(messages(lone, 'zabAck').map((ack) => ack.zxid - EPOCH_1)).toEqual([2, 3]);
    expect(lone.state.tree.lastZxid).toBe(0);
    hear(lone, connection, { kind: 'zabCommit', zxid: EPOCH_1 + 2 });
    expect(lone.state.tree.lastZxid).toBe(EPOCH_1 + 2);
  });

  test('[R12] cuts what its leader does not know, and acknowledges when the cut is on the device', () => {
    const { lone, connection } = broadcasting();
    for (const count of [1, 2, 3]) hear(lone, connection, { kind: 'zabProposal', transaction: write(EPOCH_1 + count) });
    const sizes = arrayToList(lone.state.log.transactions).map((entry) => entry.endBytes);
    feed(lone, { type: 'closed', owner: 'quorum', connection, reason: 'reset' });
    const next = follow(lone);
    hear(lone, next, { kind: 'zabLeaderInfo', epoch: 2 });
    flushed(lone, 'version-2/acceptedEpoch.tmp');
    expect(messages(lone, 'zabAckEpoch')).toMatchObject([{ currentEpoch: 1, lastZxid: EPOCH_1 + 3 }]);
    hear(lone, next, { kind: 'zabTrunc', zxid: EPOCH_1 + 1 });
    expect(lone.effects).toContainEqual({ type: 'resize', path: 'version-2/log.100000001', sizeBytes: sizes[0] });
    const cut = flushes(lone)[0];
    expect([lone.state.log.lastZxid, lone.state.tree.lastZxid]).toEqual([EPOCH_1 + 1, EPOCH_1 + 1]);
    hear(lone, next, { kind: 'zabNewLeader', epoch: 2 });
    expect(lone.effects).toEqual([]);
    feed(lone, { type: 'diskDone', owner: 'zk', operation: cut?.operation ?? 0, path: '', error: null });
    flushed(lone, 'version-2/currentEpoch.tmp');
    expect(said(lone)).toEqual(['zabAckNewLeader']);
  });

  test('[R15] ends when its disk fails', () => {
    const { lone, connection } = broadcasting();
    hear(lone, connection, { kind: 'zabProposal', transaction: write(EPOCH_1 + 1) });
    flushed(lone, 'version-2/log.100000001', 'EIO');
    expect(lone.effects).toMatchObject([{ type: 'exit', code: 1 }]);
  });

  test('[R3] leaves a leader that is silent for longer than syncLimit', () => {
    const { lone, connection } = broadcasting();
    lone.nowUs += 9_000_000;
    feed(lone, { type: 'timer', owner: 'zk', name: 'tick' });
    expect(lone.state.phase).toBe('following');
    lone.nowUs += 1_100_000;
    feed(lone, { type: 'timer', owner: 'zk', name: 'tick' });
    expect(lone.state.phase).toBe('looking');
    expect(lone.effects).toContainEqual({ type: 'close', connection });
  });

  test('[R2] tries a leader that does not lead yet five times', () => {
    const lone = started();
    let connection = follow(lone);
    for (let attempt = 2; attempt <= 5; attempt++) {
      feed(lone, { type: 'closed', owner: 'quorum', connection, reason: 'closed' });
      expect(lone.effects).toMatchObject([{ type: 'setTimer', name: 'connect' }]);
      feed(lone, { type: 'timer', owner: 'zk', name: 'connect' });
      connection = lone.state.following?.connection ?? 0;
      expect(lone.effects).toMatchObject([{ type: 'connect', host: 'zk3', port: 2888 }]);
    }
    feed(lone, { type: 'closed', owner: 'quorum', connection, reason: 'refused' });
    expect(lone.state.phase).toBe('looking');
  });

  test('[R16] with nothing to do handles a tick and a ping, and says one word', () => {
    const { lone, connection } = broadcasting();
    const before = lone.state;
    hear(lone, connection, { kind: 'zabPing' });
    expect(said(lone)).toEqual(['zabPong']);
    feed(lone, { type: 'timer', owner: 'zk', name: 'tick' });
    expect(lone.effects).toMatchObject([{ type: 'setTimer', name: 'tick' }]);
    expect([lone.state.log, lone.state.tree, lone.state.clients]).toEqual([before.log, before.tree, before.clients]);
  });
});

describe('clients of a follower', () => {
  const SESSION = '0300000000000000';

  function client(lone: Lone, connection: number, message: Unsized<ZkClientMessage>): void {
    feed(lone, { type: 'received', owner: 'accepted', connection, message: sized<ZkClientMessage>(message) });
  }

  function arrive(lone: Lone, connection: number, lastZxidSeen: number): void {
    feed(lone, { type: 'accepted', connection, port: 2181, peer: 'b1' });
    client(lone, connection, { kind: 'zkConnect', lastZxidSeen, timeoutMs: 18_000, sessionId: SESSION });
  }

  test('[R14] a client that has seen more is refused', () => {
    const { lone } = broadcasting();
    arrive(lone, 60, EPOCH_1 + 1);
    expect(lone.effects).toEqual([{ type: 'close', connection: 60 }]);
  });

  test('[R3] without a quorum nobody is served', () => {
    const lone = started();
    arrive(lone, 60, 0);
    expect(lone.effects).toEqual([{ type: 'close', connection: 60 }]);
  });

  test('[R13] a session is confirmed by the leader; its older connection here is closed', () => {
    const { lone, connection } = broadcasting();
    arrive(lone, 60, 0);
    expect(messages(lone, 'zabRevalidate')).toMatchObject([{ sessionId: SESSION }]);
    hear(lone, connection, { kind: 'zabRevalidated', sessionId: SESSION, valid: true });
    expect(lone.effects).toMatchObject([{ type: 'send', connection: 60, message: { kind: 'zkConnected', sessionId: SESSION, timeoutMs: 18_000 } }]);
    arrive(lone, 61, 0);
    expect(lone.effects).toMatchObject([
      { type: 'close', connection: 60 },
      { type: 'send', connection, message: { kind: 'zabRevalidate' } },
    ]);
    hear(lone, connection, { kind: 'zabRevalidated', sessionId: SESSION, valid: false });
    expect(lone.effects).toMatchObject([
      { type: 'send', connection: 61, message: { kind: 'zkConnected', timeoutMs: 0 } },
      { type: 'close', connection: 61 },
    ]);
  });

  test('[R7] touches go to the leader with the next ping; a connection silent for its time-out is closed', () => {
    const { lone, connection } = broadcasting();
    arrive(lone, 60, 0);
    hear(lone, connection, { kind: 'zabRevalidated', sessionId: SESSION, valid: true });
    client(lone, 60, { kind: 'zkPing' });
    hear(lone, connection, { kind: 'zabPing' });
    expect(messages(lone, 'zabPong')).toMatchObject([{ touched: [SESSION] }]);
    hear(lone, connection, { kind: 'zabPing' });
    expect(messages(lone, 'zabPong')).toMatchObject([{ touched: [] }]);
    for (const passedUs of [17_000_000, 1_100_000]) {
      lone.nowUs += passedUs;
      hear(lone, connection, { kind: 'zabPing' });
      feed(lone, { type: 'timer', owner: 'zk', name: 'tick' });
    }
    expect(lone.effects[0]).toEqual({ type: 'close', connection: 60 });
  });

  test('[R14] a read waits for the write before it; one that fails is answered too', () => {
    const { lone, connection } = broadcasting();
    arrive(lone, 60, 0);
    hear(lone, connection, { kind: 'zabRevalidated', sessionId: SESSION, valid: true });
    client(lone, 60, { kind: 'zkRequest', xid: 1, operation: { op: 'delete', path: '/none', version: -1 } });
    expect(messages(lone, 'zabRequest')).toMatchObject([{ sessionId: SESSION, xid: 1 }]);
    client(lone, 60, { kind: 'zkRequest', xid: 2, operation: { op: 'exists', path: '/', watch: false } });
    expect(said(lone)).toEqual([]);
    hear(lone, connection, { kind: 'zabProposal', transaction: { ...write(EPOCH_1 + 1), body: { type: 'error', error: 'NONODE' } } });
    hear(lone, connection, { kind: 'zabCommit', zxid: EPOCH_1 + 1 });
    expect(lone.effects.filter((effect) => effect.type === 'send')).toMatchObject([
      { message: { kind: 'zkReply', xid: 1, zxid: EPOCH_1 + 1, result: { error: 'NONODE' } } },
      { message: { kind: 'zkReply', xid: 2, zxid: EPOCH_1 + 1, result: { error: null } } },
    ]);
  });
});

describe('a leader', () => {
  /** Server 2 votes for us, and nobody better comes. */
  function leading(): Lone {
    const lone = started();
    hear(lone, ELECTION, { kind: 'zabNotification', from: 2, vote: lone.state.election.vote, round: 1, state: 'looking' });
    feed(lone, { type: 'timer', owner: 'zk', name: 'finalize' });
    expect(lone.state.phase).toBe('leading');
    return lone;
  }

  test('[R11] counts no follower that promised the epoch to somebody else', () => {
    const lone = leading();
    feed(lone, { type: 'accepted', connection: 50, port: 2888, peer: 'zk2' });
    hear(lone, 50, { kind: 'zabFollowerInfo', from: 2, acceptedEpoch: 4 });
    flushed(lone, 'version-2/acceptedEpoch.tmp');
    expect(messages(lone, 'zabLeaderInfo')).toMatchObject([{ epoch: 5 }]);
    hear(lone, 50, { kind: 'zabAckEpoch', currentEpoch: -1, lastZxid: 0 });
    expect(lone.state.leading?.stage).toBe('discovery');
    hear(lone, 51, { kind: 'zabFollowerInfo', from: 3, acceptedEpoch: 0 });
    hear(lone, 51, { kind: 'zabAckEpoch', currentEpoch: 0, lastZxid: 0 });
    expect(lone.state.leading?.stage).toBe('synchronisation');
    expect(said(lone)).toEqual(['zabDiff', 'zabNewLeader', 'zabDiff', 'zabNewLeader']);
  });

  test('[R2] gives up when a follower knows more than it does', () => {
    const lone = leading();
    hear(lone, 50, { kind: 'zabFollowerInfo', from: 2, acceptedEpoch: 0 });
    flushed(lone, 'version-2/acceptedEpoch.tmp');
    hear(lone, 50, { kind: 'zabAckEpoch', currentEpoch: 1, lastZxid: EPOCH_1 });
    expect(lone.state.phase).toBe('looking');
    expect(lone.effects).toContainEqual({ type: 'close', connection: 50 });
  });
});
