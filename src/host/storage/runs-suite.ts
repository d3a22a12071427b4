import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import { GREATEST_RUN_COUNT, journalOf, type RunRecord, type RunsStore } from './runs-contract.ts';

/** One kind of runs store under test. Each `open` of a name finds what earlier ones of that name left. */
export interface RunsHarness {
  open(name: string): Promise<RunsStore>;
}

export const EXAMPLE_SCENARIO: Scenario = {
  format: 1,
  name: 'example',
  title: { en: 'Example', ko: '예' },
  seed: 7,
  cluster: {
    mode: 'zookeeper',
    zookeeperServers: 1,
    brokers: [{ brokerId: 1 }],
    brokerConfigs: {},
    timing: 'classroom',
    epochMs: 1_700_000_000_000,
    topics: [],
    producers: [],
    consumers: [],
  },
  commands: [],
  claims: [],
  untilMs: 1000,
};

const RUN: Omit<RunRecord, 'id'> = { engineVersion: 1, seed: 7, scenario: EXAMPLE_SCENARIO };

export function issuedCommand(id: number, atUs = id * 10): IssuedCommand {
  const command: Command = id % 2 === 0 ? { type: 'killProcess', machine: 'b1' } : { type: 'start', machine: 'b1' };
  return { id, atUs, command };
}

/** Every rule of the `RunsStore` port, for any store behind it. */
export function describeRunsContract(kind: string, harness: RunsHarness): void {
  let number = 0;
  const freshName = (): string => `${kind}-${++number}`;

  describe(`${kind} as a list of runs`, () => {
    test('[R14] a run, its commands and its latest mark are there after reopening', async () => {
      const name = freshName();
      const store = await harness.open(name);
      const { run } = await store.createRun(RUN);
      const journal = journalOf(store, { run: run.id, branch: 0 });
      await journal.appendCommand(issuedCommand(0));
      await journal.mark({ atUs: 250_000, flushSequences: { b1: 3 } });
      await journal.appendCommand(issuedCommand(1));
      await journal.mark({ atUs: 500_000, flushSequences: { b1: 9 }, hashes: { b1: '00ff00ff00ff00ff' } });
      await store.close();
      const again = await harness.open(name);
      expect(await again.loadRun(run.id)).toEqual({
        run: { id: run.id, ...RUN },
        branch: 0,
        branches: [0],
        commands: [issuedCommand(0), issuedCommand(1)],
        mark: { atUs: 500_000, flushSequences: { b1: 9 }, hashes: { b1: '00ff00ff00ff00ff' } },
      });
      await again.close();
    });

    test('[R14] runs are listed newest first, and a number is never used again', async () => {
      const store = await harness.open(freshName());
      const first = (await store.createRun(RUN)).run;
      const second = (await store.createRun({ ...RUN, seed: 8 })).run;
      expect(await store.listRuns()).toEqual([second, first]);
      await store.deleteRun(second.id);
      const third = (await store.createRun(RUN)).run;
      expect(third.id).toBeGreaterThan(second.id);
      expect(await store.loadRun(second.id)).toBeNull();
      await store.close();
    });

    test('[R14] commands come in order, none twice and none left out', async () => {
      const store = await harness.open(freshName());
      const { run } = await store.createRun(RUN);
      await store.appendCommand({ run: run.id, branch: 0 }, issuedCommand(0));
      await expect(store.appendCommand({ run: run.id, branch: 0 }, issuedCommand(2))).rejects.toThrow(/command 1 to come next/);
      await store.close();
    });

    test('[R15] a branch shares the commands it grew from and goes its own way, as does its parent', async () => {
      const store = await harness.open(freshName());
      const { run } = await store.createRun(RUN);
      const trunk = { run: run.id, branch: 0 };
      for (const id of [0, 1, 2]) await store.appendCommand(trunk, issuedCommand(id));
      const branch = await store.fork(trunk, 2);
      await store.appendCommand(branch, issuedCommand(2, 777));
      await store.appendCommand(trunk, issuedCommand(3));
      const twig = await store.fork(branch, 3);
      await store.appendCommand(twig, issuedCommand(3, 888));
      expect((await store.loadRun(run.id, branch.branch))?.commands).toEqual([issuedCommand(0), issuedCommand(1), issuedCommand(2, 777)]);
      expect((await store.loadRun(run.id, twig.branch))?.commands.map((issued) => issued.atUs)).toEqual([0, 10, 777, 888]);
      const whole = await store.loadRun(run.id);
      expect(whole?.commands.map((issued) => issued.atUs)).toEqual([0, 10, 20, 30]);
      expect(whole?.branches).toEqual([0, 1, 2]);
      expect(await store.loadRun(run.id, 9)).toBeNull();
      await store.close();
    });

    test('[R16] past the greatest number of runs the oldest is forgotten, with all that belongs to it', async () => {
      const store = await harness.open(freshName());
      const first = (await store.createRun(RUN)).run;
      await store.appendCommand({ run: first.id, branch: 0 }, issuedCommand(0));
      for (let i = 1; i < GREATEST_RUN_COUNT; i++) expect((await store.createRun(RUN)).forgotten).toEqual([]);
      expect((await store.createRun(RUN)).forgotten).toEqual([first.id]);
      expect(await store.loadRun(first.id)).toBeNull();
      expect((await store.listRuns()).length).toBe(GREATEST_RUN_COUNT);
      await expect(store.appendCommand({ run: first.id, branch: 0 }, issuedCommand(1))).rejects.toMatchObject({
        name: 'StorageError',
        problem: { kind: 'lost' },
      });
    });

    test('[R14] a closed store refuses, with a StorageError', async () => {
      const store = await harness.open(freshName());
      await store.close();
      await expect(store.listRuns()).rejects.toMatchObject({ name: 'StorageError', problem: { kind: 'lost' } });
    });

    test('[R15] any forks and commands give what a naive model gives', async () => {
      const step = fc.record({ branch: fc.nat(5), fork: fc.boolean(), keep: fc.nat(10) });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
          const store = await harness.open(freshName());
          const { run } = await store.createRun(RUN);
          const model: number[][] = [[]];
          for (const [i, one] of steps.entries()) {
            const branch = one.branch % model.length;
            const commands = model[branch] ?? [];
            if (one.fork) {
              const keep = Math.min(one.keep, commands.length);
              expect(await store.fork({ run: run.id, branch }, keep)).toEqual({ run: run.id, branch: model.length });
              model.push(commands.slice(0, keep));
            } else {
              await store.appendCommand({ run: run.id, branch }, issuedCommand(commands.length, i));
              commands.push(i);
            }
          }
          for (const [branch, commands] of model.entries())
            expect((await store.loadRun(run.id, branch))?.commands.map((issued) => issued.atUs)).toEqual(commands);
          await store.close();
        }),
        { numRuns: 20 },
      );
    });
  });
}
