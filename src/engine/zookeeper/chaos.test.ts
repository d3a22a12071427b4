import { expect, test } from 'vitest';
import { mapEntries, mapHas } from '../kernel/persistent-map.ts';
import { drawAt, streamKey } from '../kernel/random.ts';
import type { TraceRecord } from '../machine/contract.ts';
import { ask, command, leaders, link, newEnsemble, run, runnerOf, serverState, told, type Ensemble } from './ensemble.test-support.ts';
import { encodeSnapshot } from './snapshot-file.ts';
import type { ZnodeTree } from './znode-tree.ts';

const CLIENTS = ['c1', 'c2', 'c3'];
const ROUNDS = 12;

function serversOf(ensemble: Ensemble): string[] {
  return Array.from({ length: ensemble.serverCount }, (_, i) => `zk${i + 1}`);
}

function isDown(ensemble: Ensemble, host: string): boolean {
  return ['killed', 'off', 'exited'].includes(runnerOf(ensemble, host).state.process.status);
}

/** Kills, pauses, cuts and power cuts by chance, some in the middle of writes; then everything heals. */
function trouble(ensemble: Ensemble, seed: number): void {
  const key = streamKey({ seed, owner: 'trouble', purpose: 'zookeeper' });
  let n = 0;
  const pick = (bound: number): number => drawAt(key, n++) % bound;
  const servers = serversOf(ensemble);
  for (let round = 0; round < ROUNDS; round++) {
    harm(ensemble, pick);
    for (const client of CLIENTS) {
      ask(ensemble, client, `${client}-${round}`, [
        { op: 'create', path: `/${client}-${round}`, data: String(round), ephemeral: pick(4) === 0, sequential: false },
      ]);
      ask(ensemble, client, `read-${round}`, [{ op: 'getChildren', path: '/', watch: true }]);
    }
    run(ensemble, pick(3) === 0 ? pick(40) / 1000 : 0.2 + pick(60) / 10);
  }
  run(ensemble, 0.1);
  for (const host of servers) {
    for (const other of [...servers, ...CLIENTS]) if (other !== host) link(ensemble, host, other, false);
    command(ensemble, host, runnerOf(ensemble, host).state.process.status === 'paused' ? { type: 'resume' } : { type: 'start' });
  }
  run(ensemble, 60);
}

function harm(ensemble: Ensemble, pick: (bound: number) => number): void {
  const servers = serversOf(ensemble);
  const host = servers[pick(servers.length)] as string;
  const other = servers[pick(servers.length)] as string;
  const down = isDown(ensemble, host);
  const paused = runnerOf(ensemble, host).state.process.status === 'paused';
  switch (pick(9)) {
    case 0:
    case 1:
      return down ? undefined : command(ensemble, host, { type: 'kill' });
    case 2:
      return down ? undefined : command(ensemble, host, { type: 'powerOff', exactDevice: null, torn: false });
    case 3:
      return down ? undefined : command(ensemble, host, { type: paused ? 'resume' : 'pause' });
    case 4:
      return host === other ? undefined : link(ensemble, host, other, true);
    case 5:
      return link(ensemble, CLIENTS[pick(3)] as string, host, pick(2) === 0);
    case 6:
      for (const one of servers) if (pick(3) === 0 && !isDown(ensemble, one)) command(ensemble, one, { type: 'powerOff', exactDevice: null, torn: false });
      return;
    default:
      for (const one of servers) if (isDown(ensemble, one) && pick(3) > 0) command(ensemble, one, { type: 'start' });
  }
}

/** Fails at the first trace that breaks a rule: one transaction a zxid, in order on each server, one leader an epoch. */
function watchTraces(ensemble: Ensemble): void {
  const digests = new Map<number, number>();
  const leaderOf = new Map<number, number>();
  const lastZxids = new Map<number, number>();
  ensemble.onTrace = ({ event }: TraceRecord) => {
    if (event.type === 'ZooKeeperTransactionApplied') {
      expect(event.digest, `one transaction of zxid 0x${event.zxid.toString(16)}`).toBe(digests.get(event.zxid) ?? event.digest);
      digests.set(event.zxid, event.digest);
      expect(event.zxid, `zk${event.server} goes on`).toBeGreaterThan(lastZxids.get(event.server) ?? 0);
      lastZxids.set(event.server, event.zxid);
    }
    if (event.type === 'ZooKeeperLeaderEstablished') {
      expect(leaderOf.has(event.epoch), `one leader of epoch ${event.epoch}`).toBe(false);
      leaderOf.set(event.epoch, event.server);
    }
  };
}

function checkHealed(ensemble: Ensemble): void {
  expect(leaders(ensemble).length, 'a leader after healing').toBe(1);
  const states = serversOf(ensemble).map((host) => serverState(ensemble, host)?.tree as ZnodeTree);
  expect(new Set(states.map((tree) => `${tree.lastZxid} ${Array.from(encodeSnapshot(tree)).join(' ')}`)).size, 'the same tree everywhere').toBe(1);
  const tree = states[0] as ZnodeTree;
  for (const [path, node] of mapEntries(tree.nodes))
    expect(node.ephemeralOwner === null || mapHas(tree.sessions, node.ephemeralOwner), `a session for ${path}`).toBe(true);
  for (const client of CLIENTS) checkAnswers(ensemble, client, tree);
}

/** Every write is answered in the end, and what was acknowledged is there, unless it went with its session. */
function checkAnswers(ensemble: Ensemble, client: string, tree: ZnodeTree): void {
  const answers = told(ensemble, client).flatMap((one) => (one.type === 'zkAnswer' ? [one] : []));
  expect(answers.length, `answers to ${client}`).toBe(2 * ROUNDS);
  for (const { tag, results } of answers) {
    const [result] = results;
    if (result?.ok !== true || result.op !== 'create') continue;
    const { ephemeralOwner } = result.stat;
    if (ephemeralOwner === null || mapHas(tree.sessions, ephemeralOwner)) expect(mapHas(tree.nodes, `/${tag}`), `acknowledged /${tag}`).toBe(true);
  }
}

test('[R9] 100 seeds of trouble: one order of transactions, one leader an epoch, no acknowledged write lost, one tree in the end', () => {
  const failures: string[] = [];
  for (let seed = 1; seed <= 100; seed++) {
    const ensemble = newEnsemble(seed % 4 === 0 ? 5 : 3, CLIENTS.length, seed);
    try {
      watchTraces(ensemble);
      run(ensemble, 2);
      trouble(ensemble, seed);
      checkHealed(ensemble);
    } catch (error) {
      failures.push(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  expect(failures).toEqual([]);
}, 120_000);
