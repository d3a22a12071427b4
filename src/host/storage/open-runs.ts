import { openIndexedDbRuns, RUNS_DATABASE } from './indexed-db-runs.ts';
import { destroyDatabase } from './indexed-db-disk.ts';
import { MemoryRuns } from './memory-runs.ts';
import type { Opened, StorageProblem } from './contract.ts';
import { machineDatabasePrefix, type RunId, type RunsStore } from './runs-contract.ts';

/** The part of the Web Locks API that is used. */
export interface Locks {
  request(name: string, options: { readonly signal: AbortSignal }, held: () => Promise<void>): Promise<unknown>;
}

export interface OpenRunsOptions {
  /** `navigator.locks`; undefined where the browser has none (no secure context). */
  readonly locks: Locks | undefined;
  /** How long the page that was here before may take to go away, in milliseconds of wall time. */
  readonly graceMs?: number;
  readonly database?: string;
}

const DEFAULT_GRACE_MS = 500;

/**
 * Opens the list of runs for this tab alone: a Web Lock is held until the store is closed or the page goes away. The problem is
 * of kind `otherTab` when another tab has it.
 */
export async function openRuns(options: OpenRunsOptions): Promise<Opened<RunsStore>> {
  const database = options.database ?? RUNS_DATABASE;
  if (options.locks === undefined) return refused('This page is not in a secure context, so it cannot keep other tabs from its storage.');
  const release = await takeLock(options.locks, database, options.graceMs ?? DEFAULT_GRACE_MS);
  if (release === null) return { ok: false, problem: { kind: 'otherTab', message: 'Another tab is running Highwater and keeps its runs.' } };
  const opened = await openIndexedDbRuns(database);
  if (!opened.ok) {
    release();
    return opened;
  }
  return { ok: true, store: releasingOnClose(opened.store, release) };
}

/** As `openRuns`, or else runs in memory, with the reason to tell. */
export async function openRunsOrMemory(options: OpenRunsOptions): Promise<{ readonly store: RunsStore; readonly problem: StorageProblem | null }> {
  const opened = await openRuns(options);
  return opened.ok ? { store: opened.store, problem: null } : { store: new MemoryRuns(), problem: opened.problem };
}

function refused(message: string): Opened<RunsStore> {
  return { ok: false, problem: { kind: 'refused', message } };
}

/** A function that gives the lock back, or null when somebody else keeps it for longer than the grace. */
function takeLock(locks: Locks, name: string, graceMs: number): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), graceMs);
    const held = (): Promise<void> => {
      clearTimeout(timer);
      return new Promise((release) => resolve(release));
    };
    locks.request(name, { signal: controller.signal }, held).catch(() => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}

function releasingOnClose(store: RunsStore, release: () => void): RunsStore {
  return {
    createRun: (run) => store.createRun(run),
    listRuns: () => store.listRuns(),
    loadRun: (id, branch) => store.loadRun(id, branch),
    appendCommand: (at, issued) => store.appendCommand(at, issued),
    putMark: (at, mark) => store.putMark(at, mark),
    fork: (from, commandCount) => store.fork(from, commandCount),
    deleteRun: (id) => store.deleteRun(id),
    async close() {
      await store.close();
      release();
    },
  };
}

/** Deletes the disks of a run that was forgotten. Disks that another tab still holds open stay behind until they are deleted next time. */
export async function destroyMachineDatabases(run: RunId): Promise<void> {
  if (typeof indexedDB === 'undefined' || typeof indexedDB.databases !== 'function') return;
  const prefix = machineDatabasePrefix(run);
  const names = (await indexedDB.databases()).flatMap(({ name }) => (name?.startsWith(prefix) === true ? [name] : []));
  await Promise.allSettled(names.map(destroyDatabase));
}
