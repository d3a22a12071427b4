import { describe, expect, test } from 'vitest';
import { lanesToHex } from '../../engine/kernel/hash.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import { builtInScenario } from '../../playground/scenarios/built-in-scenarios.ts';
import { give, hashOf, newPlayer, playUntil } from '../in-process/player.ts';
import { keepDevice } from '../storage/device-keeper.ts';
import { Conductor, type RunFailure } from './conductor.ts';
import { serveHistory } from './history.ts';
import { serveMachine } from './machine-host.ts';
import type { FromHistory, FromMachine, ToHistory, ToMachine } from './messages.ts';
import { portPair } from './test-ports.ts';

const scenario: Scenario = { ...(builtInScenario('first-look') as Scenario), commands: [] };

interface Live {
  readonly conductor: Conductor;
  readonly failures: RunFailure[];
  readonly journal: IssuedCommand[];
  readonly marks: number[];
  hash(): string;
}

/** The live host with every Worker in this thread: the same code, messages cloned as between Workers. */
async function live(seed: number, corrupt?: string): Promise<Live> {
  const failures: RunFailure[] = [];
  const journal: IssuedCommand[] = [];
  const marks: number[] = [];
  let hash = (): string => '';
  const [historyPort, historyEnd] = portPair<ToHistory, FromHistory>();
  serveHistory(historyEnd, {
    opened: (world) => {
      hash = () => world.runners.map((runner) => lanesToHex(runner.state.lanes)).join();
    },
    traced: () => undefined, advanced: () => undefined, failed: () => undefined,
  });
  const conductor = new Conductor({
    history: historyPort,
    spawn: (host) => {
      const [port, end] = portPair<ToMachine, FromMachine>();
      serveMachine(end, (boot) => {
        const state = boot.checkpoint.state;
        if (host === corrupt) Object.assign(state, { lanes: { a: 1, b: 2 } });
        return keepDevice({ kind: 'memory' }, { files: state.disk.device, flushSequence: state.disk.flushSequence, atUs: boot.atUs });
      });
      return port;
    },
    journal: {
      appendCommand: async (issued) => void journal.push(issued),
      mark: async (mark) => void marks.push(mark.atUs),
    },
    storageOf: () => ({ kind: 'memory' }),
    markEveryUs: 1_000_000,
    failed: (failure) => failures.push(failure),
  });
  await conductor.open({ scenario, seed, commands: [], atUs: 20_000_000 }, async () => undefined);
  return { conductor, failures, journal, marks, hash: () => hash() };
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
});
