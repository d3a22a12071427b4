import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';

/** Rises with each run of this browser and is never used again, so it is the order of creation too. */
export type RunId = number;

/** What a run is, with its commands: all that is needed to play it again. */
export interface RunRecord {
  readonly id: RunId;
  readonly engineVersion: number;
  readonly seed: number;
  readonly scenario: Scenario;
}

/** A moment at which every machine agreed with the history, and which device flush each had reached. */
export interface RunMark {
  readonly atUs: InstantUs;
  /** By host. */
  readonly flushSequences: Readonly<Record<string, number>>;
  /** Trace lanes of each machine by host, 16 hex digits. */
  readonly hashes?: Readonly<Record<string, string>>;
}

/** One branch of a run's history. Branch 0 is the run as it was lived first. */
export interface StoredRun {
  readonly run: RunRecord;
  readonly branch: number;
  /** Every branch of the run, ascending. */
  readonly branches: readonly number[];
  /** In order, those of earlier branches it grew from included. */
  readonly commands: readonly IssuedCommand[];
  /** The latest mark of this branch. */
  readonly mark: RunMark | null;
}

/**
 * The port behind which runs are kept. Calls take effect in the order they are made and resolve when they are durable; all
 * reject with a `StorageError` when the storage fails.
 */
export interface RunsStore {
  /** Begins a run. Past `GREATEST_RUN_COUNT` the oldest are forgotten; their ids come back, so that their disks can go too. */
  createRun(run: Omit<RunRecord, 'id'>): Promise<{ readonly run: RunRecord; readonly forgotten: readonly RunId[] }>;
  /** Newest first. */
  listRuns(): Promise<readonly RunRecord[]>;
  loadRun(id: RunId, branch?: number): Promise<StoredRun | null>;
  /** Adds the command of number `issued.id`, which must be the next one. A machine may see it only after this resolves. */
  appendCommand(at: BranchOfRun, issued: IssuedCommand): Promise<void>;
  /** Only the latest mark of a branch is kept. */
  putMark(at: BranchOfRun, mark: RunMark): Promise<void>;
  /** A new branch that shares the first `commandCount` commands with the branch it grows from. */
  fork(from: BranchOfRun, commandCount: number): Promise<BranchOfRun>;
  deleteRun(id: RunId): Promise<void>;
  close(): Promise<void>;
}

export interface BranchOfRun {
  readonly run: RunId;
  readonly branch: number;
}

export const GREATEST_RUN_COUNT = 20;

/** How one branch grew: the commands before `commandCount` are its parent's. */
export interface BranchRow {
  readonly run: RunId;
  readonly branch: number;
  readonly parent: number | null;
  readonly commandCount: number;
}

/** The part of a store that a running run writes to. */
export interface RunJournal {
  appendCommand(issued: IssuedCommand): Promise<void>;
  mark(mark: RunMark): Promise<void>;
}

export function journalOf(store: RunsStore, at: BranchOfRun): RunJournal {
  return { appendCommand: (issued) => store.appendCommand(at, issued), mark: (mark) => store.putMark(at, mark) };
}

/** The database in which a machine's device is kept for a run. */
export function machineDatabaseName(run: RunId, host: string): string {
  return `${machineDatabasePrefix(run)}${host}`;
}

export function machineDatabasePrefix(run: RunId): string {
  return `highwater-run-${run}-`;
}
