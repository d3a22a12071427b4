import { describe, expect, test } from 'vitest';
import { listPaths } from '../kernel/files.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { TraceRecord } from '../machine/contract.ts';
import {
  answer,
  ask,
  command,
  eventsOf,
  leaders,
  link,
  newEnsemble,
  run,
  runnerOf,
  serverOf,
  serverState,
  told,
  znode,
  znodes,
  type Ensemble,
} from './ensemble.test-support.ts';
import { encodeSnapshot } from './snapshot-file.ts';

const create = (path: string, data = '', kind: { ephemeral?: boolean; sequential?: boolean } = {}) =>
  ({ op: 'create', path, data, ephemeral: kind.ephemeral ?? false, sequential: kind.sequential ?? false }) as const;
const read = (path: string, watch = false) => ({ op: 'getData', path, watch }) as const;

describe('election and broadcast', () => {
  for (const size of [1, 3, 5]) {
    test(`[R1] ${size} servers elect the highest id and commit writes by majority`, () => {
      const ensemble = newEnsemble(size, 1);
      run(ensemble, 3);
      expect(leaders(ensemble)).toEqual([`zk${size}`]);
      ask(ensemble, 'c1', 'w', [create('/a', 'one'), { op: 'setData', path: '/a', data: 'two', version: 0 }, read('/a')]);
      run(ensemble, 1);
      const results = answer(ensemble, 'c1', 'w');
      expect(results?.map((result) => result.ok)).toEqual([true, true, true]);
      expect(results?.[2]).toMatchObject({ data: 'two', stat: { version: 1 } });
      for (let i = 1; i <= size; i++) expect(znode(ensemble, `zk${i}`, '/a')).toBe('two');
    });
  }

  test('[R2] the leader dies: another is elected with a higher epoch, nothing acknowledged is lost, the old one syncs', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'w', [create('/a', '1')]);
    run(ensemble, 1);
    command(ensemble, 'zk3', { type: 'kill' });
    run(ensemble, 15);
    expect(leaders(ensemble)).toEqual(['zk2']);
    ask(ensemble, 'c1', 'w2', [create('/b', '2')]);
    run(ensemble, 20);
    expect(answer(ensemble, 'c1', 'w2')?.[0]?.ok).toBe(true);
    command(ensemble, 'zk3', { type: 'start' });
    run(ensemble, 10);
    expect(leaders(ensemble)).toEqual(['zk2']);
    expect([znode(ensemble, 'zk3', '/a'), znode(ensemble, 'zk3', '/b')]).toEqual(['1', '2']);
    expect(eventsOf(ensemble, 'ZooKeeperLeaderEstablished').map((record) => 'epoch' in record.event && record.event.epoch)).toEqual([1, 2]);
    expect(told(ensemble, 'c1').some((one) => one.type === 'zkSession' && one.state === 'expired')).toBe(false);
  });

  test('[R3] no majority, no service: writes wait, sessions do not expire, and all goes on when it returns', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'e', [create('/e', '', { ephemeral: true })]);
    run(ensemble, 1);
    command(ensemble, 'zk2', { type: 'kill' });
    command(ensemble, 'zk3', { type: 'kill' });
    run(ensemble, 20);
    expect(leaders(ensemble)).toEqual([]);
    ask(ensemble, 'c1', 'w', [create('/later')]);
    run(ensemble, 40);
    expect(answer(ensemble, 'c1', 'w')).toBeNull();
    command(ensemble, 'zk2', { type: 'start' });
    run(ensemble, 15);
    expect(answer(ensemble, 'c1', 'w')?.[0]?.ok).toBe(true);
    expect(znodes(ensemble, 'zk1')).toContain('/e');
    expect(eventsOf(ensemble, 'ZooKeeperSessionClosed')).toEqual([]);
  });

  test('[R4] an acknowledged write is on the devices of a majority: power off all three, nothing is lost', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'w', [create('/safe', 'yes')]);
    run(ensemble, 0.05);
    expect(answer(ensemble, 'c1', 'w')?.[0]?.ok).toBe(true);
    for (const host of ['zk1', 'zk2', 'zk3']) command(ensemble, host, { type: 'powerOff', exactDevice: null, torn: false });
    run(ensemble, 1);
    for (const host of ['zk1', 'zk2', 'zk3']) command(ensemble, host, { type: 'start' });
    run(ensemble, 10);
    expect(['zk1', 'zk2', 'zk3'].map((host) => znode(ensemble, host, '/safe'))).toEqual(['yes', 'yes', 'yes']);
  });
});

/** The trees of all servers, the same text for the same tree. */
function trees(ensemble: Ensemble): Set<string> {
  const all = Array.from({ length: ensemble.serverCount }, (_, i) => serverState(ensemble, `zk${i + 1}`));
  return new Set(all.map((state) => (state === null ? 'none' : Array.from(encodeSnapshot(state.tree)).join(' '))));
}

describe('catching up', () => {
  test('[R12] a server that missed a little gets DIFF, one that missed much gets SNAP, and each starts again from its own files', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    command(ensemble, 'zk1', { type: 'kill' });
    ask(
      ensemble,
      'c1',
      'few',
      Array.from({ length: 20 }, (_, i) => create(`/few${i}`)),
    );
    run(ensemble, 5);
    command(ensemble, 'zk1', { type: 'start' });
    run(ensemble, 5);
    expect([ensemble.sent['zabSnap'] ?? 0, trees(ensemble).size]).toEqual([0, 1]);
    command(ensemble, 'zk1', { type: 'kill' });
    for (let part = 0; part < 12; part++) {
      ask(
        ensemble,
        'c1',
        `many${part}`,
        Array.from({ length: 100 }, (_, i) => create(`/many${part}-${i}`)),
      );
      run(ensemble, 1);
    }
    expect(listPaths(runnerOf(ensemble, 'zk3').state.disk.cache, 'version-2/').length).toBe(6);
    command(ensemble, 'zk1', { type: 'start' });
    run(ensemble, 5);
    expect([ensemble.sent['zabSnap'], trees(ensemble).size]).toEqual([1, 1]);
    for (const host of ['zk1', 'zk2', 'zk3']) command(ensemble, host, { type: 'powerOff', exactDevice: null, torn: false });
    run(ensemble, 1);
    for (const host of ['zk1', 'zk2', 'zk3']) command(ensemble, host, { type: 'start' });
    run(ensemble, 10);
    expect([ensemble.sent['zabSnap'], trees(ensemble).size, znodes(ensemble, 'zk1').length]).toEqual([1, 1, 4 + 20 + 1200]);
  });

  test('[R12] a leader cut off keeps a write to itself; healed, it cuts it and takes the others’ history', () => {
    const ensemble = newEnsemble(3, 1);
    for (const host of ['zk1', 'zk2']) link(ensemble, 'c1', host, true);
    run(ensemble, 15);
    expect([leaders(ensemble), serverOf(ensemble, 'c1')]).toEqual([['zk3'], 'zk3']);
    for (const host of ['zk1', 'zk2']) link(ensemble, 'zk3', host, true);
    run(ensemble, 0.5);
    ask(ensemble, 'c1', 'w', [create('/x', 'once')]);
    run(ensemble, 20);
    expect(serverState(ensemble, 'zk3')?.log.lastZxid).toBeGreaterThan(serverState(ensemble, 'zk3')?.tree.lastZxid ?? 0);
    expect([leaders(ensemble), answer(ensemble, 'c1', 'w'), znode(ensemble, 'zk3', '/x')]).toEqual([['zk2'], null, null]);
    for (const host of ['zk1', 'zk2']) for (const other of ['zk3', 'c1']) link(ensemble, other, host, false);
    run(ensemble, 20);
    expect(ensemble.sent['zabTrunc']).toBe(1);
    expect(answer(ensemble, 'c1', 'w')?.[0]).toMatchObject({ ok: true, path: '/x' });
    expect(trees(ensemble).size).toBe(1);
    const state = serverState(ensemble, 'zk3');
    expect(Math.floor((state === null ? 0 : (mapGet(state.tree.nodes, '/x')?.czxid ?? 0)) / 4294967296)).toBe(2);
  });

  test('[R2] the highest id coming back does not unseat the leader that a quorum follows', () => {
    const ensemble = newEnsemble(5, 0);
    command(ensemble, 'zk5', { type: 'kill' });
    run(ensemble, 5);
    expect(leaders(ensemble)).toEqual(['zk4']);
    command(ensemble, 'zk5', { type: 'start' });
    run(ensemble, 5);
    expect([leaders(ensemble), eventsOf(ensemble, 'ZooKeeperLeaderEstablished').length]).toEqual([['zk4'], 1]);
    expect(serverState(ensemble, 'zk5')?.following?.upToDate).toBe(true);
  });
});

describe('znodes', () => {
  test('[R5] errors, versions, sequential names, multi all or nothing', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'w', [
      create('/p'),
      create('/p/s-', '', { sequential: true }),
      create('/p/s-', '', { sequential: true }),
      create('/p'),
      create('/x/y'),
      { op: 'delete', path: '/p', version: -1 },
      { op: 'setData', path: '/p', data: 'v', version: 7 },
      create('/e', '', { ephemeral: true }),
      create('/e/child'),
      { op: 'multi', operations: [create('/m1'), { op: 'check', path: '/p', version: 5 }, create('/m2')] },
      { op: 'multi', operations: [create('/m1'), { op: 'setData', path: '/m1', data: 'x', version: 0 }] },
    ]);
    run(ensemble, 1);
    expect(answer(ensemble, 'c1', 'w')?.map((result) => (result.ok ? ('path' in result ? result.path : result.op) : result.error))).toEqual([
      '/p',
      '/p/s-0000000000',
      '/p/s-0000000001',
      'NODEEXISTS',
      'NONODE',
      'NOTEMPTY',
      'BADVERSION',
      '/e',
      'NOCHILDRENFOREPHEMERALS',
      'BADVERSION',
      'multi',
    ]);
    expect(znodes(ensemble, 'zk1')).toEqual([
      '/',
      '/e',
      '/m1',
      '/p',
      '/p/s-0000000000',
      '/p/s-0000000001',
      '/zookeeper',
      '/zookeeper/config',
      '/zookeeper/quota',
    ]);
  });

  test('[R6] watches fire once, before newer data, also for what happened while disconnected', () => {
    const ensemble = newEnsemble(3, 2);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'r', [
      { op: 'exists', path: '/w', watch: true },
      { op: 'getChildren', path: '/', watch: true },
    ]);
    run(ensemble, 1);
    ask(ensemble, 'c2', 'w', [create('/w', '1'), { op: 'setData', path: '/w', data: '2', version: -1 }]);
    run(ensemble, 1);
    const fired = (): string[] => told(ensemble, 'c1').flatMap((one) => (one.type === 'zkWatch' ? [`${one.kind} ${one.path}`] : []));
    expect(fired()).toEqual(['created /w', 'childrenChanged /']);
    ask(ensemble, 'c1', 'r2', [read('/w', true)]);
    run(ensemble, 1);
    for (const host of ['zk1', 'zk2', 'zk3']) link(ensemble, 'c1', host, true);
    run(ensemble, 8);
    ask(ensemble, 'c2', 'w2', [{ op: 'setData', path: '/w', data: '3', version: -1 }]);
    run(ensemble, 1);
    for (const host of ['zk1', 'zk2', 'zk3']) link(ensemble, 'c1', host, false);
    run(ensemble, 10);
    expect(fired().at(-1)).toBe('dataChanged /w');
    expect(fired().length).toBe(3);
  });
});

describe('order', () => {
  test('[R14] reads wait for the writes before them, and sync for everything proposed', () => {
    const ensemble = newEnsemble(3, 2);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'w', [
      create('/n', '0'),
      ...[1, 2, 3].flatMap((i) => [{ op: 'setData', path: '/n', data: String(i), version: -1 } as const, read('/n')]),
    ]);
    run(ensemble, 1);
    expect(answer(ensemble, 'c1', 'w')?.flatMap((result) => (result.ok && result.op === 'getData' ? [result.data] : []))).toEqual(['1', '2', '3']);
    ask(ensemble, 'c1', 'more', [{ op: 'setData', path: '/n', data: 'fresh', version: -1 }]);
    run(ensemble, 0.004);
    ask(ensemble, 'c2', 'synced', [{ op: 'sync', path: '/n' }, read('/n')]);
    run(ensemble, 1);
    expect(answer(ensemble, 'c2', 'synced')?.[1]).toMatchObject({ data: 'fresh' });
  });
});

describe('sessions', () => {
  test('[R7] a dead client’s ephemerals go 12 to 21 s after its death; a closed session’s at once', () => {
    for (const seed of [1, 2, 3, 4]) {
      const ensemble = newEnsemble(3, 2, seed);
      run(ensemble, 3 + seed * 0.7);
      ask(ensemble, 'c1', 'e', [create('/e1', '', { ephemeral: true })]);
      ask(ensemble, 'c2', 'e', [create('/e2', '', { ephemeral: true })]);
      run(ensemble, 1);
      command(ensemble, 'c2', { type: 'client', command: { close: true } as never });
      run(ensemble, 0.5);
      expect(znodes(ensemble, 'zk1')).not.toContain('/e2');
      const killedUs = ensemble.nowUs;
      command(ensemble, 'c1', { type: 'kill' });
      run(ensemble, 30);
      const closed = eventsOf(ensemble, 'ZooKeeperSessionClosed').find((record) => 'expired' in record.event && record.event.expired) as TraceRecord;
      const seconds = (closed.id.atUs - killedUs) / 1e6;
      expect(seconds).toBeGreaterThan(12);
      expect(seconds).toBeLessThan(21);
      expect(znodes(ensemble, 'zk1')).not.toContain('/e1');
    }
  });

  test('[R13] a write that comes late over the connection its client has left is refused', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'first', [create('/n')]);
    run(ensemble, 1);
    const left = serverOf(ensemble, 'c1');
    link(ensemble, 'c1', left, true);
    ask(ensemble, 'c1', 'late', [{ op: 'setData', path: '/n', data: 'late', version: -1 }]);
    run(ensemble, 15);
    expect([serverOf(ensemble, 'c1') === left, answer(ensemble, 'c1', 'late')?.[0]?.ok]).toEqual([false, true]);
    ask(ensemble, 'c1', 'newer', [{ op: 'setData', path: '/n', data: 'newer', version: -1 }]);
    run(ensemble, 0.5);
    link(ensemble, 'c1', left, false);
    run(ensemble, 3);
    expect(['zk1', 'zk2', 'zk3'].map((host) => znode(ensemble, host, '/n'))).toEqual(['newer', 'newer', 'newer']);
    const kinds = eventsOf(ensemble, 'ZooKeeperTransactionApplied').flatMap(({ event }) =>
      event.type === 'ZooKeeperTransactionApplied' && event.server === 1 ? [event.kind] : [],
    );
    expect(kinds).toEqual(['createSession', 'create', 'setData', 'setData', 'error']);
    expect(
      told(ensemble, 'c1')
        .filter((one) => one.type === 'zkSession')
        .map((one) => one.state),
    ).toEqual(['established', 'disconnected', 'connected']);
  });

  test('[R7] a session lives on under a new leader, with its full time-out again', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'e', [create('/e', '', { ephemeral: true })]);
    run(ensemble, 1);
    command(ensemble, 'c1', { type: 'kill' });
    run(ensemble, 10);
    command(ensemble, 'zk3', { type: 'kill' });
    run(ensemble, 17);
    expect([leaders(ensemble), znodes(ensemble, 'zk1').includes('/e')]).toEqual([['zk2'], true]);
    run(ensemble, 5);
    expect(znodes(ensemble, 'zk1')).not.toContain('/e');
  });

  test('[R8] a client cut off for long learns of its expiry on reconnecting and gets a new session', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    for (const host of ['zk1', 'zk2', 'zk3']) link(ensemble, 'c1', host, true);
    run(ensemble, 40);
    expect(told(ensemble, 'c1').map((one) => one.type === 'zkSession' && one.state)).toEqual(['established', 'disconnected']);
    for (const host of ['zk1', 'zk2', 'zk3']) link(ensemble, 'c1', host, false);
    run(ensemble, 20);
    expect(told(ensemble, 'c1').map((one) => one.type === 'zkSession' && one.state)).toEqual(['established', 'disconnected', 'expired', 'established']);
  });
});
