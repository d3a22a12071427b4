import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { Conductor, type OpenedRun, type RunFailure } from '../../host/workers/conductor.ts';
import type { FromHistory, FromMachine, MachineStorage, Port, ToHistory, ToMachine } from '../../host/workers/messages.ts';
import { StorageError, type StorageProblem } from '../../host/storage/contract.ts';
import { destroyMachineDatabases, openRuns } from '../../host/storage/open-runs.ts';
import { journalOf, machineDatabaseName, type RunId, type RunsStore } from '../../host/storage/runs-contract.ts';
import { ENGINE_VERSION } from '../engine-version.ts';
import { builtInScenario } from '../scenarios/built-in-scenarios.ts';
import type { SharedCommand } from '../sharing/shared-run.ts';
import { findLeftBehind } from './stored-run.ts';
import type { GivenRun, RunChoice, RunStatus, ToRunWorker } from './messages.ts';
import { portOf } from './worker-port.ts';

const MARK_EVERY_US = 250_000;

/** A run that is open, or being opened. */
export interface Live {
  readonly conductor: Conductor;
  readonly given: GivenRun;
  /** Commands given so far, the scenario's among them. */
  readonly commands: SharedCommand[];
  /** The scenario's commands that are still to come. */
  readonly pending: SharedCommand[];
  /** Where a failure while the run is being opened sends its replay; null once it is open. */
  openingUs: InstantUs | null;
  readonly keeping: Keeping;
}

/** Where a run is kept: in IndexedDB, or, when that cannot be had or has failed, in memory from then on. */
interface Keeping {
  storage: 'indexeddb' | 'memory';
  reason: RunStatus['storageReason'];
  /** The way into memory, while it is being gone. */
  moving: Promise<void> | null;
}

export interface OpenEvents {
  /** The run cannot go on. */
  failed(run: Live, failure: RunFailure): void;
  /** Storage failed; the run goes on in memory, from where it stood. */
  movedToMemory(run: Live): void;
}

export interface Opened {
  readonly live: Live;
  readonly hash: string;
  readonly resumed: boolean;
}

/** Opens what was chosen: in IndexedDB if that can be had, else in memory, with the reason kept for the reader. */
export async function openRun(message: Extract<ToRunWorker, { type: 'open' }>, events: OpenEvents): Promise<Opened> {
  const { store, plan, runId, problem } = await prepareRun(message);
  const keeping: Keeping = {
    storage: store === null ? 'memory' : 'indexeddb',
    reason: problem !== null ? reasonOf(problem) : plan.evicted.length > 0 ? 'evicted' : null,
    moving: null,
  };
  const toMemory = (kind: StorageProblem['kind']): void => {
    if (keeping.storage === 'memory') return;
    keeping.storage = 'memory';
    keeping.reason = reasonOf(kind);
    keeping.moving = conductor.reseat().then(() => events.movedToMemory(live));
    // A failure on the way is told by the conductor.
    keeping.moving.catch(() => undefined);
  };
  const journal = store === null || runId === null ? null : journalOf(store, { run: runId, branch: 0 });
  const kept = async (write: Promise<void> | undefined): Promise<void> => {
    try {
      await write;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      toMemory(error.problem.kind);
    }
  };
  const stored = (): typeof journal => (keeping.storage === 'indexeddb' ? journal : null);
  const conductor = new Conductor({
    history: spawnHistory(message.viewPort),
    spawn: spawnMachine,
    journal: { appendCommand: (issued) => kept(stored()?.appendCommand(issued)), mark: (mark) => kept(stored()?.mark(mark)) },
    storageOf: (host) =>
      keeping.storage === 'memory' || runId === null
        ? { kind: 'memory' }
        : storageOf({ runId, host, flushSequence: plan.evicted.includes(host) ? null : (plan.flushSequences?.[host] ?? null) }),
    markEveryUs: MARK_EVERY_US,
    failed: (failure) => {
      if (failure.problem !== null && keeping.storage === 'indexeddb') toMemory(failure.problem);
      else events.failed(live, failure);
    },
  });
  const live: Live = { conductor, given: plan.given, commands: plan.commands.slice(), pending: plan.pending, openingUs: plan.atUs, keeping };
  const replayed = await bootRun(live, plan, async (opened) => {
    for (const issued of opened.commands.slice(plan.journalled)) await kept(stored()?.appendCommand(issued));
  });
  live.commands.splice(0, live.commands.length, ...replayed.commands.map(({ atUs, command }) => ({ atUs, command })));
  live.openingUs = null;
  return { live, hash: replayed.hash, resumed: plan.runId !== null };
}

/** Replays and boots; when only storage fails on the way, the run is opened all the same, in memory. */
async function bootRun({ conductor, keeping }: Live, plan: Plan, journal: (opened: OpenedRun) => Promise<void>): Promise<OpenedRun> {
  const replay: { opened: OpenedRun | null } = { opened: null };
  try {
    await conductor.open({ scenario: plan.given.scenario, seed: plan.given.seed, commands: plan.commands, atUs: plan.atUs }, async (opened) => {
      replay.opened = opened;
      await journal(opened);
    });
  } catch (error) {
    if (keeping.moving === null) throw error;
  }
  await keeping.moving;
  if (replay.opened === null) throw new Error('The run could not be replayed.');
  return replay.opened;
}

interface PreparedRun {
  /** Null: the run is kept in memory. */
  readonly store: RunsStore | null;
  readonly plan: Plan;
  readonly runId: RunId | null;
  /** Why it is kept in memory; null when it is not, or when that was asked for. */
  readonly problem: StorageProblem['kind'] | null;
}

async function prepareRun(message: Extract<ToRunWorker, { type: 'open' }>): Promise<PreparedRun> {
  const inMemory = async (problem: StorageProblem['kind'] | null): Promise<PreparedRun> => ({
    store: null,
    plan: await planOf(message.choice, null),
    runId: null,
    problem,
  });
  if (message.inMemory) return inMemory(null);
  const opened = await openRuns({ locks: navigator.locks });
  if (!opened.ok) return inMemory(opened.problem.kind);
  try {
    const plan = await planOf(message.choice, opened.store);
    return { store: opened.store, plan, runId: plan.runId ?? (await newRun(opened.store, plan.given)), problem: null };
  } catch (error) {
    if (error instanceof StorageError) return inMemory(error.problem.kind);
    throw error;
  }
}

function reasonOf(problem: StorageProblem['kind']): RunStatus['storageReason'] {
  switch (problem) {
    case 'otherTab':
      return 'second-tab';
    case 'quota':
      return 'full';
    case 'refused':
    case 'blocked':
      return 'refused';
    default:
      return 'failed';
  }
}

async function newRun(store: RunsStore, given: GivenRun): Promise<RunId> {
  // A script that was replaced must not come again when the run is resumed; what replaces it and is still to come, must.
  const toCome = given.commands.filter((one) => one.atUs > given.momentUs).map(({ atUs, command }) => ({ atMs: atUs / 1000, command }));
  const scenario = given.script === 'replaced' ? { ...given.scenario, commands: toCome } : given.scenario;
  const { run, forgotten } = await store.createRun({ engineVersion: ENGINE_VERSION, seed: given.seed, scenario });
  for (const id of forgotten) await destroyMachineDatabases(id);
  return run.id;
}

interface Plan {
  readonly given: GivenRun;
  readonly commands: readonly SharedCommand[];
  readonly pending: SharedCommand[];
  readonly atUs: InstantUs;
  /** Null: a new run. */
  readonly runId: RunId | null;
  /** How many of the commands are in the journal already. */
  readonly journalled: number;
  readonly flushSequences: Readonly<Record<string, number>> | null;
  /** Machines whose disks are gone: they are written anew from the replay. */
  readonly evicted: readonly string[];
}

async function planOf(choice: RunChoice, store: RunsStore | null): Promise<Plan> {
  if (choice.kind === 'given') return planOfGiven(choice);
  const left = store === null ? null : await findLeftBehind(store, ENGINE_VERSION);
  if (left === null) return planOfGiven(choice.otherwise);
  const { run, commands } = left.stored;
  const given: GivenRun = { scenario: knownScenario(run.scenario), seed: run.seed, script: 'played', commands: [], momentUs: left.atUs, traceHash: null };
  const script = run.scenario.commands.map(sharedOf);
  const lived = commands.map((issued): SharedCommand => ({ atUs: issued.atUs, command: issued.command }));
  return {
    given,
    atUs: left.atUs,
    runId: run.id,
    journalled: lived.length,
    flushSequences: left.reload.flushSequences,
    evicted: left.evicted,
    commands: [...lived, { atUs: left.atUs, command: left.reload }],
    pending: script.filter((one) => one.atUs > left.atUs),
  };
}

function sharedOf({ atMs, command }: TimedCommand): SharedCommand {
  return { atUs: Math.round(atMs * 1000), command };
}

/** The built-in scenario that a kept one is, apart from a script that was replaced: links then need only its name. */
function knownScenario(kept: Scenario): Scenario {
  const builtIn = builtInScenario(kept.name);
  return builtIn !== undefined && JSON.stringify({ ...builtIn, commands: [] }) === JSON.stringify({ ...kept, commands: [] }) ? builtIn : kept;
}

function planOfGiven(given: GivenRun): Plan {
  const script = given.script === 'played' ? given.scenario.commands.map(sharedOf) : [];
  const all = [...script, ...given.commands].sort((a, b) => a.atUs - b.atUs);
  return {
    given,
    commands: all.filter((one) => one.atUs <= given.momentUs),
    pending: all.filter((one) => one.atUs > given.momentUs),
    atUs: given.momentUs,
    runId: null,
    journalled: 0,
    flushSequences: null,
    evicted: [],
  };
}

function storageOf(facts: { readonly runId: RunId; readonly host: string; readonly flushSequence: number | null }): MachineStorage {
  const database = machineDatabaseName(facts.runId, facts.host);
  return facts.flushSequence === null
    ? { kind: 'indexeddb', database, fresh: true }
    : { kind: 'indexeddb', database, fresh: false, flushSequence: facts.flushSequence };
}

function spawnMachine(host: string): Port<ToMachine, FromMachine> {
  const worker = new Worker(new URL('./machine-worker.ts', import.meta.url), { type: 'module', name: `machine ${host}` });
  const port = portOf<ToMachine, FromMachine>(worker, () => worker.terminate());
  return withDeath(port, worker, (message) => ({ type: 'failed', kind: 'assertion', problem: null, message, stack: '' }));
}

/** The history Worker gets two channels: one to us, one to the page. */
function spawnHistory(viewPort: MessagePort): Port<ToHistory, FromHistory> {
  const worker = new Worker(new URL('./history-worker.ts', import.meta.url), { type: 'module', name: 'history' });
  const channel = new MessageChannel();
  worker.postMessage({ conductor: channel.port2, view: viewPort }, [channel.port2, viewPort]);
  return withDeath(
    portOf<ToHistory, FromHistory>(channel.port1, () => worker.terminate()),
    worker,
    (message) => ({ type: 'failed', message, stack: '' }),
  );
}

/** A Worker that dies says so itself no longer. */
function withDeath<Out, In>(port: Port<Out, In>, worker: Worker, died: (message: string) => In): Port<Out, In> {
  return {
    ...port,
    onMessage: (handle) => {
      port.onMessage(handle);
      worker.onerror = (event) => {
        // It has been told here; the page would only hear of it again.
        event.preventDefault();
        handle(died(event.message === '' || event.message === undefined ? 'The Worker could not be started, or died.' : event.message));
      };
    },
  };
}
