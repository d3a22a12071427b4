import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { openIndexedDbDisk } from './indexed-db-disk.ts';
import { openIndexedDbRuns } from './indexed-db-runs.ts';
import { MemoryRuns, newMemoryRunsContent, type MemoryRunsContent } from './memory-runs.ts';
import { destroyMachineDatabases, openRuns, openRunsOrMemory, type Locks } from './open-runs.ts';
import { machineDatabaseName } from './runs-contract.ts';
import { describeRunsContract, EXAMPLE_SCENARIO } from './runs-suite.ts';

const contents = new Map<string, MemoryRunsContent>();

describeRunsContract('MemoryRuns', {
  async open(name) {
    const content = contents.get(name) ?? newMemoryRunsContent();
    contents.set(name, content);
    return new MemoryRuns(content);
  },
});

describeRunsContract('IndexedDbRuns', {
  async open(name) {
    const opened = await openIndexedDbRuns(name);
    if (!opened.ok) throw new Error(opened.problem.message);
    return opened.store;
  },
});

/** One origin's locks, as several tabs share them. */
function sharedLocks(): Locks {
  const tails = new Map<string, Promise<void>>();
  return {
    async request(name, options, held) {
      const before = tails.get(name) ?? Promise.resolve();
      const aborted = new Promise<never>((_, reject) => options.signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))));
      await Promise.race([before, aborted]);
      const mine = held();
      tails.set(name, mine);
      await mine;
    },
  };
}

describe('one tab at a time', () => {
  test('[R17] a second tab is told, and runs in memory', async () => {
    const locks = sharedLocks();
    const first = await openRuns({ locks, graceMs: 5, database: 'tabs' });
    expect(first.ok).toBe(true);
    expect(await openRuns({ locks, graceMs: 5, database: 'tabs' })).toMatchObject({ ok: false, problem: { kind: 'otherTab' } });
    const second = await openRunsOrMemory({ locks, graceMs: 5, database: 'tabs' });
    expect(second.problem?.kind).toBe('otherTab');
    expect((await second.store.createRun({ engineVersion: 1, seed: 1, scenario: EXAMPLE_SCENARIO })).run.id).toBe(1);
    if (first.ok) await first.store.close();
  });

  test('[R17] a tab that closes gives the list to the next, also to one that waits for it', async () => {
    const locks = sharedLocks();
    const first = await openRuns({ locks, graceMs: 5, database: 'handover' });
    if (!first.ok) throw new Error(first.problem.message);
    const { run } = await first.store.createRun({ engineVersion: 1, seed: 1, scenario: EXAMPLE_SCENARIO });
    const waiting = openRuns({ locks, graceMs: 2000, database: 'handover' });
    await first.store.close();
    const second = await waiting;
    if (!second.ok) throw new Error(second.problem.message);
    expect((await second.store.listRuns()).map((one) => one.id)).toEqual([run.id]);
    await second.store.close();
  });

  test('[R17] a page that cannot lock says so, and runs in memory', async () => {
    expect(await openRuns({ locks: undefined })).toMatchObject({ ok: false, problem: { kind: 'refused' } });
  });

  test('[R16] the disks of a forgotten run go, those of others stay', async () => {
    for (const name of [machineDatabaseName(1, 'b1'), machineDatabaseName(1, 'zk1'), machineDatabaseName(11, 'b1')]) {
      const opened = await openIndexedDbDisk(name);
      if (opened.ok) await opened.store.close();
    }
    await destroyMachineDatabases(1);
    const names = (await indexedDB.databases()).map((one) => one.name);
    expect(names).toContain(machineDatabaseName(11, 'b1'));
    expect(names).not.toContain(machineDatabaseName(1, 'b1'));
    expect(names).not.toContain(machineDatabaseName(1, 'zk1'));
  });
});
