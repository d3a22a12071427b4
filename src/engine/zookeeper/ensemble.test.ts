import { describe, expect, test } from 'vitest';
import type { TraceRecord } from '../machine/contract.ts';
import { drawAt, streamKey } from '../kernel/random.ts';
import { answer, ask, command, eventsOf, leaders, link, newEnsemble, run, runnerOf, told, znode, znodes, type Ensemble } from './ensemble.test-support.ts';

const create = (path: string, data = '', kind: { ephemeral?: boolean; sequential?: boolean } = {}) => ({ op: 'create', path, data, ephemeral: kind.ephemeral ?? false, sequential: kind.sequential ?? false }) as const;
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
    for (const host of ['zk1', 'zk2', 'zk3']) command(ensemble, host, { type: 'powerOff', exactDevice: null });
    run(ensemble, 1);
    for (const host of ['zk1', 'zk2', 'zk3']) command(ensemble, host, { type: 'start' });
    run(ensemble, 10);
    expect(['zk1', 'zk2', 'zk3'].map((host) => znode(ensemble, host, '/safe'))).toEqual(['yes', 'yes', 'yes']);
  });
});

describe('znodes', () => {
  test('[R5] errors, versions, sequential names, multi all or nothing', () => {
    const ensemble = newEnsemble(3, 1);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'w', [
      create('/p'), create('/p/s-', '', { sequential: true }), create('/p/s-', '', { sequential: true }), create('/p'), create('/x/y'), { op: 'delete', path: '/p', version: -1 }, { op: 'setData', path: '/p', data: 'v', version: 7 },
      create('/e', '', { ephemeral: true }), create('/e/child'),
      { op: 'multi', operations: [create('/m1'), { op: 'check', path: '/p', version: 5 }, create('/m2')] }, { op: 'multi', operations: [create('/m1'), { op: 'setData', path: '/m1', data: 'x', version: 0 }] },
    ]);
    run(ensemble, 1);
    expect(answer(ensemble, 'c1', 'w')?.map((result) => (result.ok ? ('path' in result ? result.path : result.op) : result.error))).toEqual([
      '/p', '/p/s-0000000000', '/p/s-0000000001', 'NODEEXISTS', 'NONODE', 'NOTEMPTY', 'BADVERSION', '/e', 'NOCHILDRENFOREPHEMERALS', 'BADVERSION', 'multi',
    ]);
    expect(znodes(ensemble, 'zk1')).toEqual(['/', '/e', '/m1', '/p', '/p/s-0000000000', '/p/s-0000000001', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']);
  });

  test('[R6] watches fire once, before newer data, also for what happened while disconnected', () => {
    const ensemble = newEnsemble(3, 2);
    run(ensemble, 3);
    ask(ensemble, 'c1', 'r', [{ op: 'exists', path: '/w', watch: true }, { op: 'getChildren', path: '/', watch: true }]);
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

/** Kills, pauses, cuts and power cuts by chance; then everything heals. */
function trouble(ensemble: Ensemble, seed: number): void {
  const key = streamKey({ seed, owner: 'trouble', purpose: 'zookeeper' });
  let n = 0;
  const pick = (bound: number): number => drawAt(key, n++) % bound;
  const servers = Array.from({ length: ensemble.serverCount }, (_, i) => `zk${i + 1}`);
  for (let round = 0; round < 12; round++) {
    const host = servers[pick(servers.length)] as string;
    const { status } = runnerOf(ensemble, host).state.process;
    const down = status === 'killed' || status === 'off' || status === 'exited';
    const other = servers[pick(servers.length)] as string;
    switch (pick(6)) {
      case 0:
        if (!down) command(ensemble, host, { type: 'kill' });
        break;
      case 1:
        if (!down) command(ensemble, host, { type: 'powerOff', exactDevice: null });
        break;
      case 2:
        if (!down) command(ensemble, host, status === 'paused' ? { type: 'resume' } : { type: 'pause' });
        break;
      case 3:
        if (other !== host) link(ensemble, host, other, true);
        break;
      case 4:
        if (other !== host) link(ensemble, host, other, false);
        break;
      default:
        if (down) command(ensemble, host, { type: 'start' });
    }
    for (const client of ['c1', 'c2']) ask(ensemble, client, `${client}-${round}`, [create(`/${client}-${round}`, String(round))]);
    run(ensemble, 0.5 + pick(80) / 10);
  }
  for (const host of servers) {
    for (const other of servers) if (other > host) link(ensemble, host, other, false);
    if (runnerOf(ensemble, host).state.process.status === 'paused') command(ensemble, host, { type: 'resume' });
    else command(ensemble, host, { type: 'start' });
  }
  run(ensemble, 60);
}

test('[R9] 100 seeds of trouble: one order of transactions on all servers, one leader an epoch, no acknowledged write lost', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const ensemble = newEnsemble(seed % 4 === 0 ? 5 : 3, 2, seed);
    const digests = new Map<number, number>();
    const epochLeaders = new Map<number, number>();
    ensemble.onTrace = ({ event }) => {
      if (event.type === 'ZooKeeperTransactionApplied') {
        const known = digests.get(event.zxid);
        if (known !== undefined && known !== event.digest) throw new Error(`seed ${seed}: two transactions of zxid 0x${event.zxid.toString(16)}`);
        digests.set(event.zxid, event.digest);
      }
      if (event.type === 'ZooKeeperLeaderEstablished') {
        if (epochLeaders.has(event.epoch)) throw new Error(`seed ${seed}: two leaders of epoch ${event.epoch}`);
        epochLeaders.set(event.epoch, event.server);
      }
    };
    run(ensemble, 2);
    trouble(ensemble, seed);
    expect(leaders(ensemble).length, `seed ${seed}: a leader after healing`).toBe(1);
    const all = Array.from({ length: ensemble.serverCount }, (_, i) => JSON.stringify(znodes(ensemble, `zk${i + 1}`)));
    expect(new Set(all).size, `seed ${seed}: the same tree on all servers`).toBe(1);
    for (const client of ['c1', 'c2']) {
      for (const one of told(ensemble, client)) {
        if (one.type !== 'zkAnswer') continue;
        const path = `/${one.tag}`;
        if (one.results[0]?.ok === true) expect(znodes(ensemble, 'zk1'), `seed ${seed}: acknowledged ${path}`).toContain(path);
      }
    }
  }
}, 120_000);
