import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { assert } from '../../engine/kernel/assert.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import { StorageError, type Opened } from './contract.ts';
import { openDatabase, type Watched } from './open-database.ts';
import {
  GREATEST_RUN_COUNT,
  type BranchOfRun,
  type BranchRow,
  type RunId,
  type RunMark,
  type RunRecord,
  type RunsStore,
  type StoredRun,
} from './runs-contract.ts';
import { Serial } from './serial.ts';

const SCHEMA_VERSION = 1;
export const RUNS_DATABASE = 'highwater-runs';

interface RunsSchema extends DBSchema {
  /** Numbered by the store itself: a number is never used again. */
  runs: { key: number; value: Omit<RunRecord, 'id'> };
  /** [run, branch] */
  branches: { key: [number, number]; value: BranchRow };
  /** [run, branch, n] */
  commands: { key: [number, number, number]; value: IssuedCommand };
  /** [run, branch] */
  marks: { key: [number, number]; value: RunMark };
}

type Database = IDBPDatabase<RunsSchema>;
type StoreName = 'runs' | 'branches' | 'commands' | 'marks';
const STORES: StoreName[] = ['runs', 'branches', 'commands', 'marks'];

/** Opens, or creates, the list of runs. Whoever calls holds the lock that keeps other tabs away. */
export async function openIndexedDbRuns(name: string = RUNS_DATABASE): Promise<Opened<RunsStore>> {
  const opened = await openDatabase<RunsSchema>((callbacks) =>
    openDB<RunsSchema>(name, SCHEMA_VERSION, {
      ...callbacks,
      upgrade(database) {
        database.createObjectStore('runs', { autoIncrement: true });
        for (const store of ['branches', 'commands', 'marks'] as const) database.createObjectStore(store);
      },
    }),
  );
  return opened.ok ? { ok: true, store: new IndexedDbRuns(opened.store) } : opened;
}

class IndexedDbRuns implements RunsStore {
  private readonly database: Database;
  private readonly serial = new Serial();

  constructor(watched: Watched<Database>) {
    this.database = watched.database;
    watched.onLost((error) => this.serial.fail(error));
  }

  createRun(run: Omit<RunRecord, 'id'>): Promise<{ run: RunRecord; forgotten: readonly RunId[] }> {
    return this.serial.run(async () => {
      const transaction = this.database.transaction(STORES, 'readwrite', { durability: 'strict' });
      const row: Omit<RunRecord, 'id'> = { engineVersion: run.engineVersion, seed: run.seed, scenario: run.scenario };
      const id = await transaction.objectStore('runs').add(row);
      await transaction.objectStore('branches').add({ run: id, branch: 0, parent: null, commandCount: 0 }, [id, 0]);
      const ids = await transaction.objectStore('runs').getAllKeys();
      const forgotten = ids.slice(0, Math.max(0, ids.length - GREATEST_RUN_COUNT));
      for (const old of forgotten) await removeRun((store) => transaction.objectStore(store), old);
      await transaction.done;
      return { run: { id, ...row }, forgotten };
    });
  }

  listRuns(): Promise<readonly RunRecord[]> {
    return this.serial.run(async () => {
      const transaction = this.database.transaction('runs', 'readonly');
      const [ids, rows] = await Promise.all([transaction.store.getAllKeys(), transaction.store.getAll(), transaction.done]);
      const runs: RunRecord[] = [];
      rows.forEach((row, i) => runs.push({ id: ids[i] ?? 0, ...row }));
      return runs.reverse();
    });
  }

  loadRun(id: RunId, branch = 0): Promise<StoredRun | null> {
    return this.serial.run(async () => {
      const transaction = this.database.transaction(STORES, 'readonly');
      const commandStore = transaction.objectStore('commands');
      const [row, branches, keys, issued, mark] = await Promise.all([
        transaction.objectStore('runs').get(id),
        transaction.objectStore('branches').getAll(startsWith(id)),
        commandStore.getAllKeys(startsWith(id)),
        commandStore.getAll(startsWith(id)),
        transaction.objectStore('marks').get([id, branch]),
        transaction.done,
      ]);
      const commands = issued.map((one, i): CommandRow => ({ issued: one, branch: keys[i]?.[1] ?? 0 }));
      if (row === undefined || !branches.some((one) => one.branch === branch)) return null;
      return { run: { id, ...row }, branch, branches: branches.map((one) => one.branch), commands: commandsOf(branches, commands, branch), mark: mark ?? null };
    });
  }

  appendCommand(at: BranchOfRun, issued: IssuedCommand): Promise<void> {
    return this.serial.run(async () => {
      const transaction = this.database.transaction(['branches', 'commands'], 'readwrite', { durability: 'strict' });
      const commands = transaction.objectStore('commands');
      const row = await transaction.objectStore('branches').get([at.run, at.branch]);
      if (row === undefined) throw runForgotten(at);
      const own = await commands.count(startsWith(at.run, at.branch));
      assert(issued.id === row.commandCount + own, `command ${row.commandCount + own} to come next, got ${issued.id}`);
      await commands.add(issued, [at.run, at.branch, issued.id]);
      await transaction.done;
    });
  }

  putMark(at: BranchOfRun, mark: RunMark): Promise<void> {
    return this.serial.run(async () => {
      const transaction = this.database.transaction(['branches', 'marks'], 'readwrite', { durability: 'relaxed' });
      if ((await transaction.objectStore('branches').getKey([at.run, at.branch])) === undefined) throw runForgotten(at);
      await transaction.objectStore('marks').put(mark, [at.run, at.branch]);
      await transaction.done;
    });
  }

  fork(from: BranchOfRun, commandCount: number): Promise<BranchOfRun> {
    return this.serial.run(async () => {
      const transaction = this.database.transaction(['branches', 'commands'], 'readwrite', { durability: 'strict' });
      const branches = transaction.objectStore('branches');
      const parent = await branches.get([from.run, from.branch]);
      if (parent === undefined) throw runForgotten(from);
      const total = parent.commandCount + (await transaction.objectStore('commands').count(startsWith(from.run, from.branch)));
      assert(commandCount >= 0 && commandCount <= total, `a branch of at most ${total} commands, got ${commandCount}`);
      const branch = await branches.count(startsWith(from.run));
      await branches.add({ run: from.run, branch, parent: from.branch, commandCount }, [from.run, branch]);
      await transaction.done;
      return { run: from.run, branch };
    });
  }

  deleteRun(id: RunId): Promise<void> {
    return this.serial.run(async () => {
      const transaction = this.database.transaction(STORES, 'readwrite', { durability: 'relaxed' });
      await removeRun((store) => transaction.objectStore(store), id);
      await transaction.done;
    });
  }

  async close(): Promise<void> {
    await this.serial.end('The list of runs has been closed.');
    this.database.close();
  }
}

interface Removable {
  delete(key: IDBKeyRange | number): Promise<void>;
}

async function removeRun(storeOf: (name: StoreName) => Removable, id: RunId): Promise<void> {
  await storeOf('runs').delete(id);
  for (const store of ['branches', 'commands', 'marks'] as const) await storeOf(store).delete(startsWith(id));
}

/** All keys that begin with these numbers: an array sorts after every number. */
function startsWith(...numbers: number[]): IDBKeyRange {
  return IDBKeyRange.bound(numbers, [...numbers, []]);
}

interface CommandRow {
  readonly issued: IssuedCommand;
  readonly branch: number;
}

/** A branch's commands: the first ones of the branch it grew from, then its own. */
function commandsOf(branches: readonly BranchRow[], rows: readonly CommandRow[], branch: number): IssuedCommand[] {
  const row = branches.find((one) => one.branch === branch);
  if (row === undefined) throw new StorageError({ kind: 'corrupt', message: `Branch ${branch} of the stored run is missing.` });
  const commands = row.parent === null ? [] : commandsOf(branches, rows, row.parent).slice(0, row.commandCount);
  for (const one of rows) if (one.branch === branch) commands.push(one.issued);
  if (commands.some((issued, n) => issued.id !== n)) throw new StorageError({ kind: 'corrupt', message: 'The stored run lacks some of its commands.' });
  return commands;
}

function runForgotten(at: BranchOfRun): StorageError {
  return new StorageError({ kind: 'lost', message: `Run ${at.run} has been forgotten.` });
}
