import { loadCodecs } from '../codecs/load-codecs.ts';
import { codecs } from '../codecs/loaded-codecs.ts';
import { describe, expect, test } from 'vitest';
import { lanesToHex } from '../../engine/kernel/hash.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import { builtInScenario } from '../../playground/scenarios/built-in-scenarios.ts';
import { give, hashOf, newPlayer, playUntil } from '../in-process/player.ts';
import { StorageError } from '../storage/contract.ts';
import { Conductor, type RunFailure } from './conductor.ts';
import { serveHistory } from './history.ts';
import { serveMachine } from './machine-host.ts';
import type { FromHistory, FromMachine, ToHistory, ToMachine } from './messages.ts';
import { openDevice } from './open-device.ts';
import { portPair } from './test-ports.ts';

const scenario: Scenario = { ...(builtInScenario('first-look') as Scenario), commands: [] };

interface Live {
  readonly conductor: Conductor;
  readonly failures: RunFailure[];
  readonly journal: IssuedCommand[];
  readonly marks: number[];
  /** Hosts in order of the Workers started for them, and of those ended from outside. */
  readonly started: string[];
  readonly ended: string[];
  hash(): string;
}

/** The live host with every Worker in this thread: the same code, messages cloned as between Workers. */
async function live(seed: number, corrupt?: string, journalling: () => void = () => undefined): Promise<Live> {
  const failures: RunFailure[] = [];
  const journal: IssuedCommand[] = [];
  const marks: number[] = [];
  const started: string[] = [];
  const ended: string[] = [];
  let hash = (): string => '';
  const [historyPort, historyEnd] = portPair<ToHistory, FromHistory>();
  serveHistory(
    historyEnd,
    {
      opened: (world) => {
        hash = () => world.runners.map((runner) => lanesToHex(runner.state.lanes)).join();
      },
      traced: () => undefined,
      advanced: () => undefined,
      failed: () => undefined,
    },
    codecs,
  );
  const conductor = new Conductor({
    history: historyPort,
    spawn: (host) => {
      const [port, end] = portPair<ToMachine, FromMachine>();
      serveMachine(
        end,
        (boot) => {
          if (host === corrupt) Object.assign(boot.checkpoint.state, { lanes: { a: 1, b: 2 } });
          return openDevice(boot);
        },
        loadCodecs,
      );
      started.push(host);
      return { ...port, close: () => void ended.push(host) };
    },
    journal: {
      appendCommand: async (issued) => {
        journalling();
        journal.push(issued);
      },
      mark: async (mark) => void marks.push(mark.atUs),
    },
    storageOf: () => ({ kind: 'memory' }),
    markEveryUs: 1_000_000,
    failed: (failure) => failures.push(failure),
  });
  await conductor.open({ scenario, seed, commands: [], atUs: 20_000_000 }, async () => undefined);
  return { conductor, failures, journal, marks, started, ended, hash: () => hash() };
}

const STORY: readonly [number, Command][] = [
  [24_000_000, { type: 'killProcess', machine: 'b1' }],
  [26_500_000, { type: 'cutLink', from: 'b2', to: 'b3' }],
  [29_000_000, { type: 'healLink', from: 'b2', to: 'b3' }],
  [30_000_000, { type: 'addBroker', brokerId: 4 }],
  [33_000_000, { type: 'start', machine: 'b1' }],
  [38_000_000, { type: 'powerOff', machine: 'zk3' }],
];
const END_US = 42_000_000;

describe('live host', () => {
  test('[R1] windows over Workers give the same hashes as one thread, whatever the frames, and history agrees at every mark', async () => {
    for (const seed of [3, 4]) {
      const run = await live(seed);
      let frame = 0;
      for (const [atUs, command] of STORY) {
        while (run.conductor.nowUs < atUs) await run.conductor.advanceTo(Math.min(atUs, run.conductor.nowUs + 16_667 * (1 + (frame++ % 5)) * seed));
        expect((await run.conductor.command(command)).ok).toBe(true);
      }
      await run.conductor.advanceTo(END_US);
      await run.conductor.findNext(1);
      expect(run.failures).toEqual([]);
      expect(run.marks.length).toBeGreaterThan(15);
      expect(run.journal.map((issued) => [issued.atUs, issued.command])).toEqual(STORY);

      const player = newPlayer(scenario, { seed });
      for (const [atUs, command] of STORY) {
        playUntil(player, atUs / 1000);
        expect(give(player, command)).toBeNull();
      }
      playUntil(player, END_US / 1000);
      expect(run.hash()).toBe(player.world.runners.map((runner) => lanesToHex(runner.state.lanes)).join());
      expect(hashOf(player)).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  test('[R2] a command that makes no sense is refused in plain words and changes nothing', async () => {
    const run = await live(1);
    expect(await run.conductor.command({ type: 'killProcess', machine: 'b9' })).toEqual({ ok: false, reason: 'There is no machine named b9.' });
    expect((await run.conductor.command({ type: 'start', machine: 'b1' })).ok).toBe(false);
    expect(run.journal).toEqual([]);
  });

  test('[R3] a machine that differs from the history stops the run as a bug', async () => {
    const run = await live(1, 'b2');
    await run.conductor.advanceTo(23_000_000);
    await run.conductor.findNext(1);
    expect(run.failures.map((failure) => [failure.kind, failure.where])).toEqual([['divergence', 'b2']]);
  });

  test('[R5] a kill leaves the Worker; power off ends it, and a start, or a bit that flips on its disk, brings a new one that goes on as one thread would', async () => {
    const run = await live(5);
    const machines = run.started.length;
    const story: readonly [number, Command][] = [
      [22_000_000, { type: 'killProcess', machine: 'b2' }],
      [24_000_000, { type: 'powerOff', machine: 'b1' }],
      [28_000_000, { type: 'corruptPage', machine: 'b1', path: 'orders-0/00000000000000000000.log', page: 0, byte: 70 }],
      [31_000_000, { type: 'start', machine: 'b1' }],
      [36_000_000, { type: 'start', machine: 'b2' }],
    ];
    const player = newPlayer(scenario, { seed: 5 });
    for (const [atUs, command] of story) {
      await run.conductor.advanceTo(atUs);
      expect((await run.conductor.command(command)).ok).toBe(true);
      playUntil(player, atUs / 1000);
      give(player, command);
    }
    await run.conductor.advanceTo(END_US);
    playUntil(player, END_US / 1000);
    expect(run.failures).toEqual([]);
    expect((await run.conductor.hashes()).hash).toBe(hashOf(player));
    expect(run.started.slice(machines)).toEqual(['b1', 'b1']);
    expect(run.ended).toEqual(['b1', 'b1']);
  });

  test('[R6] after its storage failed a run goes on from the history, where it stood, with the command that met the failure', async () => {
    let full = false;
    const run = await live(6, undefined, () => {
      if (full) throw new StorageError({ kind: 'quota', message: 'no room' });
    });
    await run.conductor.advanceTo(23_000_000);
    full = true;
    await expect(run.conductor.command({ type: 'killProcess', machine: 'b1' })).rejects.toThrow('no room');
    await run.conductor.advanceTo(24_000_000);
    expect(run.conductor.nowUs).toBe(23_000_000);
    expect(run.failures).toMatchObject([{ kind: 'storage', atUs: 23_000_000 }]);
    await run.conductor.reseat();
    await run.conductor.advanceTo(END_US);
    const player = newPlayer(scenario, { seed: 6 });
    playUntil(player, 23_000);
    give(player, { type: 'killProcess', machine: 'b1' });
    playUntil(player, END_US / 1000);
    expect((await run.conductor.hashes()).hash).toBe(hashOf(player));
    expect(run.failures).toHaveLength(1);
  });
});
