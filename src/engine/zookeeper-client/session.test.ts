import { NO_CODECS } from '../kernel/codecs.ts';
import { describe, expect, test } from 'vitest';
import { SOUND_DISK, type StepContext } from '../kernel/machine-contract.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { sized } from '../protocol/zookeeper-messages.ts';
import type { Unsized, WireResult, WireStat, ZkServerMessage } from '../protocol/zookeeper-types.ts';
import type { ZkOperation, ZkTold } from './contract.ts';
import { callZooKeeper, closeSession, newZooKeeperSession, onZooKeeperInput, startSession, type SessionScope, type ZooKeeperSession } from './session.ts';

type Effect = SystemEffect<WireMessage, never>;

/** A session whose servers are the test. */
interface Lone {
  session: ZooKeeperSession;
  nowMs: number;
  effects: Effect[];
  told: readonly ZkTold[];
  draws: number;
  readonly scope: SessionScope;
}

const SESSION = '0100018bcfe56800';
const TIMEOUT_MS = 18_000;
const STAT: WireStat = { czxid: 1, mzxid: 1, pzxid: 1, ctimeMs: 0, mtimeMs: 0, version: 0, cversion: 0, ephemeralOwner: null, dataLength: 0, numChildren: 0 };

function start(serverCount = 3): Lone {
  let connections = 0;
  const lone = { nowMs: 0, effects: [], told: [], draws: 0 } as unknown as Lone & { scope: SessionScope };
  const context: StepContext = {
    get nowUs() {
      return lone.nowMs * 1000;
    },
    get nowMs() {
      return lone.nowMs;
    },
    draw: () => lone.draws,
    allocate: (sizeBytes) => new Uint8Array(sizeBytes),
    codecs: NO_CODECS,
    nextConnection: () => ++connections,
    ...SOUND_DISK,
  };
  lone.scope = { context, effects: { push: (...effects: Effect[]) => lone.effects.push(...effects) } };
  const servers = Array.from({ length: serverCount }, (_, i) => ({ host: `zk${i + 1}`, port: 2181 }));
  lone.session = startSession(newZooKeeperSession({ owner: 'zookeeper', servers, sessionTimeoutMs: TIMEOUT_MS }), lone.scope);
  return lone;
}

function feed(lone: Lone, input: SystemInput<WireMessage, never>): void {
  lone.effects = [];
  const { session, told } = onZooKeeperInput(lone.session, input, lone.scope);
  Object.assign(lone, { session, told });
}

/** Lets the timer ring at its time. */
function ring(lone: Lone): void {
  lone.nowMs = Math.ceil((lone.session.alarmUs ?? 0) / 1000);
  feed(lone, { type: 'timer', owner: 'zookeeper', name: 'session' });
}

function hear(lone: Lone, message: Unsized<ZkServerMessage>): void {
  feed(lone, { type: 'received', owner: 'zookeeper', connection: lone.session.connection ?? 0, message: sized<ZkServerMessage>(message) });
}

function established(serverCount = 3, timeoutMs = TIMEOUT_MS): Lone {
  const lone = start(serverCount);
  reconnect(lone, timeoutMs);
  return lone;
}

function reconnect(lone: Lone, timeoutMs = TIMEOUT_MS): void {
  feed(lone, { type: 'connected', owner: 'zookeeper', connection: lone.session.connection ?? 0 });
  hear(lone, { kind: 'zkConnected', timeoutMs, sessionId: SESSION });
}

function lose(lone: Lone): void {
  feed(lone, { type: 'closed', owner: 'zookeeper', connection: lone.session.connection ?? 0, reason: 'reset' });
}

function call(lone: Lone, tag: string, operations: readonly ZkOperation[]): void {
  lone.effects = [];
  lone.session = callZooKeeper(lone.session, { type: 'zk', tag, operations }, lone.scope);
}

function hosts(lone: Lone): string[] {
  return lone.effects.flatMap((effect) => (effect.type === 'connect' ? [effect.host] : []));
}

/** What was said to the server: xid and operation, or the kind. */
function said(lone: Lone): string[] {
  return lone.effects.flatMap((effect) => {
    if (effect.type !== 'send') return [];
    return effect.message.kind === 'zkRequest' ? [`${effect.message.xid} ${effect.message.operation.op}`] : [effect.message.kind];
  });
}

const reply = (lone: Lone, xid: number, result: WireResult, zxid = 5): void => hear(lone, { kind: 'zkReply', xid, zxid, result });
const read = (path: string): ZkOperation => ({ op: 'getData', path, watch: true });

describe('connecting', () => {
  test('[R1] each server is tried once, with a pause before each but the first and a longer one after the round', () => {
    const lone = start();
    const tried = hosts(lone);
    const pauses: number[] = [];
    lone.draws = 250;
    for (let i = 0; i < 4; i++) {
      const lostMs = lone.nowMs;
      lose(lone);
      expect(hosts(lone)).toEqual([]);
      ring(lone);
      tried.push(...hosts(lone));
      pauses.push(lone.nowMs - lostMs);
    }
    expect(tried.slice(0, 3).toSorted()).toEqual(['zk1', 'zk2', 'zk3']);
    expect(tried.slice(3)).toEqual(tried.slice(0, 2));
    expect(pauses).toEqual([250, 250, 1250, 250]);
  });

  test('[R1] the order is drawn: every server comes first for somebody', () => {
    const first = [0, 1, 2, 3, 4, 5].map((draws) => {
      const lone = start();
      lone.draws = draws;
      lone.effects = [];
      lone.session = startSession(lone.session, lone.scope);
      return hosts(lone)[0];
    });
    expect(new Set(first)).toEqual(new Set(['zk1', 'zk2', 'zk3']));
  });

  test('[R1] a server that does not answer is given up after its share of the time-out', () => {
    const lone = start();
    ring(lone);
    expect(lone.nowMs).toBe(TIMEOUT_MS / 3);
    expect(lone.effects).toMatchObject([{ type: 'close' }, { type: 'setTimer' }]);
    expect(lone.session.status).toBe('waiting');
  });

  test('[R7] what comes over a connection that was given up is ignored', () => {
    const lone = established();
    const before = lone.session;
    feed(lone, { type: 'closed', owner: 'zookeeper', connection: 99, reason: 'reset' });
    feed(lone, {
      type: 'received',
      owner: 'zookeeper',
      connection: 99,
      message: sized<ZkServerMessage>({ kind: 'zkConnected', timeoutMs: 0, sessionId: SESSION }),
    });
    expect(lone.session).toBe(before);
    hear(lone, { kind: 'zabPing' } as unknown as Unsized<ZkServerMessage>);
    expect(lone.told).toMatchObject([{ type: 'zkSession', state: 'disconnected' }]);
  });
});

describe('an open session', () => {
  test('[R2] is pinged when quiet for a third of the negotiated time-out, and its connection given up after two thirds of silence', () => {
    const lone = established(3, 12_000);
    ring(lone);
    expect([lone.nowMs, said(lone)]).toEqual([4000, ['zkPing']]);
    lone.nowMs = 4100;
    hear(lone, { kind: 'zkPong', zxid: 9 });
    expect(lone.session.lastZxid).toBe(9);
    ring(lone);
    expect([lone.nowMs, said(lone)]).toEqual([8000, ['zkPing']]);
    ring(lone);
    expect([lone.nowMs, said(lone)]).toEqual([12_000, ['zkPing']]);
    ring(lone);
    expect(lone.nowMs).toBe(12_100);
    expect(lone.told).toEqual([{ type: 'zkSession', state: 'disconnected', sessionId: SESSION }]);
  });

  test('[R2] something said puts the ping off; the timer is set no more often than it rings', () => {
    const lone = established();
    lone.nowMs = 5000;
    call(lone, 'a', [{ op: 'sync', path: '/' }]);
    expect(lone.effects.map((effect) => effect.type)).toEqual(['send']);
    reply(lone, 1, { error: null });
    expect(lone.effects).toEqual([]);
    ring(lone);
    expect([lone.nowMs, said(lone)]).toEqual([6000, []]);
    ring(lone);
    expect([lone.nowMs, said(lone)]).toEqual([11_000, ['zkPing']]);
  });

  test('[R3] sends operations in order and answers a call as a whole', () => {
    const lone = established();
    call(lone, 'first', [
      { op: 'create', path: '/a', data: '', ephemeral: false, sequential: false },
      { op: 'delete', path: '/b', version: 3 },
    ]);
    expect(said(lone)).toEqual(['1 create', '2 delete']);
    call(lone, 'second', [{ op: 'sync', path: '/' }]);
    expect(said(lone)).toEqual(['3 sync']);
    reply(lone, 1, { error: null, path: '/a', stat: STAT });
    expect(lone.told).toEqual([]);
    reply(lone, 2, { error: 'BADVERSION' });
    expect(lone.told).toEqual([
      {
        type: 'zkAnswer',
        tag: 'first',
        results: [
          { ok: true, op: 'create', path: '/a', stat: STAT },
          { ok: false, op: 'delete', error: 'BADVERSION' },
        ],
      },
    ]);
    reply(lone, 3, { error: null });
    expect(lone.told).toEqual([{ type: 'zkAnswer', tag: 'second', results: [{ ok: true, op: 'sync' }] }]);
  });

  test('[R3] asks again what was not answered, in the same order, on the next connection', () => {
    const lone = established();
    call(lone, 'first', [
      { op: 'sync', path: '/' },
      { op: 'delete', path: '/b', version: -1 },
    ]);
    reply(lone, 1, { error: null });
    lose(lone);
    call(lone, 'second', [{ op: 'sync', path: '/' }]);
    expect(said(lone)).toEqual([]);
    ring(lone);
    reconnect(lone);
    expect(lone.told).toEqual([{ type: 'zkSession', state: 'connected', sessionId: SESSION }]);
    expect(said(lone)).toEqual(['3 delete', '4 sync']);
    reply(lone, 2, { error: null });
    expect(lone.told).toEqual([]);
    reply(lone, 3, { error: 'NONODE' });
    expect(lone.told).toMatchObject([{ tag: 'first', results: [{ ok: true }, { ok: false, error: 'NONODE' }] }]);
  });

  test('[R4] learns of its end on reconnecting: calls fail, watches are void, a new session opens at once', () => {
    const lone = established();
    call(lone, 'watch', [read('/a')]);
    reply(lone, 1, { error: null, data: 'x', stat: STAT });
    call(lone, 'lost', [
      { op: 'sync', path: '/' },
      { op: 'delete', path: '/b', version: -1 },
    ]);
    reply(lone, 2, { error: null });
    lose(lone);
    ring(lone);
    feed(lone, { type: 'connected', owner: 'zookeeper', connection: lone.session.connection ?? 0 });
    expect(lone.effects).toMatchObject([{ type: 'send', message: { kind: 'zkConnect', sessionId: SESSION, lastZxidSeen: 5 } }]);
    hear(lone, { kind: 'zkConnected', timeoutMs: 0, sessionId: '0000000000000000' });
    expect(lone.told).toEqual([
      { type: 'zkSession', state: 'expired', sessionId: null },
      {
        type: 'zkAnswer',
        tag: 'lost',
        results: [
          { ok: true, op: 'sync' },
          { ok: false, op: 'delete', error: 'SESSIONEXPIRED' },
        ],
      },
    ]);
    expect(lone.effects.map((effect) => effect.type)).toEqual(expect.arrayContaining(['close', 'connect']));
    feed(lone, { type: 'connected', owner: 'zookeeper', connection: lone.session.connection ?? 0 });
    expect(lone.effects).toMatchObject([{ type: 'send', message: { kind: 'zkConnect', sessionId: '0000000000000000', lastZxidSeen: 0 } }]);
    hear(lone, { kind: 'zkConnected', timeoutMs: TIMEOUT_MS, sessionId: '0200000000000001' });
    expect(lone.told).toEqual([{ type: 'zkSession', state: 'established', sessionId: '0200000000000001' }]);
    expect(said(lone)).toEqual([]);
  });
});

describe('watches', () => {
  test('[R5] what a read left is set again after a reconnect, what fired is not', () => {
    const lone = established();
    call(lone, 'r', [
      read('/data'),
      { op: 'exists', path: '/none', watch: true },
      read('/gone'),
      { op: 'getChildren', path: '/c', watch: true },
      { op: 'exists', path: '/there', watch: true },
      { op: 'getData', path: '/quiet', watch: false },
    ]);
    reply(lone, 1, { error: null, data: '', stat: STAT });
    reply(lone, 2, { error: 'NONODE' });
    reply(lone, 3, { error: 'NONODE' });
    reply(lone, 4, { error: null, children: [], stat: STAT });
    reply(lone, 5, { error: null, stat: STAT });
    reply(lone, 6, { error: null, data: '', stat: STAT }, 77);
    hear(lone, { kind: 'zkWatchEvent', event: 'dataChanged', path: '/there' });
    expect(lone.told).toEqual([{ type: 'zkWatch', kind: 'dataChanged', path: '/there' }]);
    lose(lone);
    ring(lone);
    reconnect(lone);
    expect(lone.effects).toContainEqual(
      expect.objectContaining({
        type: 'send',
        message: expect.objectContaining({ xid: -8, operation: { op: 'setWatches', relativeZxid: 77, data: ['/data'], exists: ['/none'], children: ['/c'] } }),
      }),
    );
    hear(lone, { kind: 'zkWatchEvent', event: 'deleted', path: '/c' });
    hear(lone, { kind: 'zkWatchEvent', event: 'childrenChanged', path: '/data' });
    reply(lone, -8, { error: null });
    lose(lone);
    ring(lone);
    reconnect(lone);
    expect(lone.effects).toContainEqual(
      expect.objectContaining({
        message: expect.objectContaining({ operation: { op: 'setWatches', relativeZxid: 77, data: ['/data'], exists: ['/none'], children: [] } }),
      }),
    );
  });
});

describe('closing', () => {
  test('[R6] tells the server, and is over when it answers', () => {
    const lone = established();
    call(lone, 'late', [{ op: 'sync', path: '/' }]);
    lone.effects = [];
    lone.session = closeSession(lone.session, lone.scope);
    expect(said(lone)).toEqual(['2 closeSession']);
    reply(lone, 1, { error: null });
    expect([lone.session.status, lone.told]).toEqual(['closing', []]);
    reply(lone, 2, { error: null });
    expect(lone.session.status).toBe('closed');
  });

  test.each(['hangs up', 'is silent'])('[R6] is over when the server %s', (how) => {
    const lone = established();
    lone.session = closeSession(lone.session, lone.scope);
    if (how === 'hangs up') lose(lone);
    else for (let rings = 0; rings < 3 && lone.session.status === 'closing'; rings++) ring(lone);
    expect([lone.session.status, lone.told]).toEqual(['closed', []]);
    expect(lone.nowMs).toBe(how === 'hangs up' ? 0 : 12_000);
  });

  test('[R6] is over at once when nobody can be told', () => {
    const lone = established();
    lose(lone);
    lone.session = closeSession(lone.session, lone.scope);
    ring(lone);
    expect([lone.session.status, lone.effects]).toEqual(['closed', []]);
  });
});
