import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Command } from '../../engine/world/command.ts';
import { Conductor, type ConductorOptions, type RunFailure } from '../../host/workers/conductor.ts';
import type { FromHistory, FromMachine, MachineStorage, Port, ToHistory, ToMachine } from '../../host/workers/messages.ts';
import { MemoryRuns } from '../../host/storage/memory-runs.ts';
import { destroyMachineDatabases, openRunsOrMemory } from '../../host/storage/open-runs.ts';
import { journalOf, machineDatabaseName, type RunId, type RunsStore } from '../../host/storage/runs-contract.ts';
import type { StorageProblem } from '../../host/storage/contract.ts';
import { ENGINE_VERSION } from '../engine-version.ts';
import type { SessionFailure, Speed } from '../session/contract.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import { builtInScenario } from '../scenarios/built-in-scenarios.ts';
import { encodeLink } from '../sharing/link.ts';
import type { SharedCommand } from '../sharing/shared-run.ts';
import { findLeftBehind } from './stored-run.ts';
import type { FromRunWorker, GivenRun, RunChoice, RunStatus, ToRunWorker } from './messages.ts';
import { portOf } from './worker-port.ts';

const MARK_EVERY_US = 250_000;
/** A frame that took longer (a busy computer, a tab that was hidden) counts as this much. */
const LONGEST_FRAME_MS = 100;
const HORIZON_US = 120_000_000;
/** A step to the next event is shown in about this much of the reader's time. */
const STEP_MS = 1200;

/** A run that is open. */
interface Live {
  readonly conductor: Conductor;
  readonly given: GivenRun;
  /** Commands given so far, the scenario's among them. */
  readonly commands: SharedCommand[];
  /** The scenario's commands that are still to come. */
  readonly pending: SharedCommand[];
  readonly storage: 'indexeddb' | 'memory';
  readonly storageReason: RunStatus['storageReason'];
}

/** The inside of the Worker that drives a run: wall time becomes virtual time here, and nowhere else. */
export function serveRun(port: Port<FromRunWorker, ToRunWorker>): void {
  let live: Live | null = null;
  let playing = false;
  let speed: Speed = 1;
  let lastWallMs: number | null = null;
  let advancing = false;
  /** Where a step to the next event ends; the pace there is its own. */
  let stopAt: { readonly atUs: InstantUs; readonly usPerMs: number } | null = null;

  const statusOf = (run: Live): RunStatus => ({ playing, speed, reachedSpeed: null, storage: run.storage, storageReason: run.storageReason });
  const tell = (): void => {
    if (live !== null) port.post({ type: 'status', status: statusOf(live) });
  };

  const frame = async (wallMs: number): Promise<void> => {
    const elapsedMs = lastWallMs === null ? 0 : Math.min(LONGEST_FRAME_MS, wallMs - lastWallMs);
    lastWallMs = wallMs;
    if (live === null || advancing || (!playing && stopAt === null)) return;
    advancing = true;
    const paceUsPerMs = stopAt === null ? 1000 * speed : stopAt.usPerMs;
    const aimUs = Math.floor(live.conductor.nowUs + elapsedMs * paceUsPerMs);
    const targetUs = stopAt === null ? aimUs : Math.min(aimUs, stopAt.atUs);
    try {
      await advance(live, targetUs);
      if (stopAt !== null && live.conductor.nowUs >= stopAt.atUs) {
        stopAt = null;
        tell();
      }
    } catch {
      // The conductor has told the failure already; the run stands still from here on.
      playing = false;
      stopAt = null;
    }
    advancing = false;
  };

  const step = async (run: Live): Promise<void> => {
    playing = false;
    tell();
    const atUs = await run.conductor.findNext(HORIZON_US);
    const next = run.pending[0];
    const scripted = next !== undefined && next.atUs < (atUs ?? Infinity) ? next.atUs + 1 : atUs;
    if (scripted !== null) stopAt = { atUs: scripted, usPerMs: Math.max(1000 * speed, (scripted - run.conductor.nowUs) / STEP_MS) };
  };

  const failed = (run: Live, failure: RunFailure): void => {
    playing = false;
    const link = linkOf(run, failure.atUs, null);
    const told: SessionFailure = { kind: failure.kind, where: failure.where, message: failure.message, atUs: failure.atUs, replayLink: link.ok ? link.link : null };
    port.post({ type: 'failed', failure: told });
  };

  port.onMessage((message) => {
    switch (message.type) {
      case 'open':
        void open(message, failed).then(
          (opened) => {
            live = opened.live;
            playing = true;
            lastWallMs = null;
            port.post({ type: 'opened', status: statusOf(opened.live), traceHash: opened.hash, resumed: opened.resumed });
          },
          (error: unknown) => port.post({ type: 'failed', failure: { kind: 'assertion', where: 'start', message: error instanceof Error ? error.message : String(error), atUs: 0, replayLink: null } }),
        );
        return;
      case 'frame':
        void frame(message.wallMs);
        return;
      case 'play':
        playing = true;
        stopAt = null;
        return tell();
      case 'pause':
        playing = false;
        stopAt = null;
        return tell();
      case 'speed':
        speed = message.speed;
        return tell();
      case 'stepToNextEvent':
        if (live !== null) void step(live);
        return;
      case 'command':
        if (live !== null) void giveCommand(live, message.command).then((outcome) => port.post({ type: 'commandDone', request: message.request, outcome }));
        return;
      case 'share':
        if (live !== null) port.post({ type: 'shared', request: message.request, link: linkOf(live, live.conductor.nowUs, null) });
        return;
      case 'close':
        void (live?.conductor.close() ?? Promise.resolve()).then(() => port.post({ type: 'closed' }));
        return;
    }
  });
}

/** Runs to `targetUs`, giving the scenario's own commands at their times. */
async function advance(run: Live, targetUs: InstantUs): Promise<void> {
  for (;;) {
    const next = run.pending[0];
    if (next === undefined || next.atUs > targetUs) return run.conductor.advanceTo(targetUs);
    await run.conductor.advanceTo(next.atUs);
    run.pending.shift();
    await giveCommand(run, next.command);
  }
}

async function giveCommand(run: Live, command: Command): Promise<Extract<FromRunWorker, { type: 'commandDone' }>['outcome']> {
  const outcome = await run.conductor.command(command);
  if (!outcome.ok) return outcome;
  run.commands.push({ atUs: outcome.issued.atUs, command });
  return { ok: true, commandId: outcome.issued.id };
}

function linkOf(run: Live, momentUs: InstantUs, traceHash: string | null): ReturnType<typeof encodeLink> {
  const { scenario, seed } = run.given;
  return encodeLink({ scenario, seed, script: 'replaced', commands: run.commands.filter((one) => one.atUs <= momentUs), momentUs, engineVersion: ENGINE_VERSION, traceHash });
}

interface Opened {
  readonly live: Live;
  readonly hash: string;
  readonly resumed: boolean;
}

async function open(message: Extract<ToRunWorker, { type: 'open' }>, failed: (run: Live, failure: RunFailure) => void): Promise<Opened> {
  const { store, problem } = message.inMemory ? { store: new MemoryRuns(), problem: null } : await openRunsOrMemory({ locks: navigator.locks });
  const durable = !message.inMemory && problem === null;
  const plan = await planOf(message.choice, durable ? store : null);
  const runId = plan.runId ?? (await newRun(store, plan.given));
  let live: Live | null = null;
  const options: ConductorOptions = {
    history: spawnHistory(message.viewPort),
    spawn: spawnMachine,
    journal: journalOf(store, { run: runId, branch: 0 }),
    storageOf: (host): MachineStorage => storageOf(durable, { runId, host, flushSequence: plan.flushSequences?.[host] ?? null }),
    markEveryUs: MARK_EVERY_US,
    failed: (failure) => {
      if (live !== null) failed(live, failure);
    },
  };
  const conductor = new Conductor(options);
  const replayed = await conductor.open({ scenario: plan.given.scenario, seed: plan.given.seed, commands: plan.commands, atUs: plan.atUs }, async (opened) => {
    for (const issued of opened.commands.slice(plan.journalled)) await store.appendCommand({ run: runId, branch: 0 }, issued);
  });
  live = {
    conductor, given: plan.given, commands: replayed.commands.map(({ atUs, command }) => ({ atUs, command })), pending: plan.pending,
    storage: durable ? 'indexeddb' : 'memory', storageReason: message.inMemory ? null : reasonOf(problem),
  };
  return { live, hash: replayed.hash, resumed: plan.runId !== null };
}

function reasonOf(problem: StorageProblem | null): RunStatus['storageReason'] {
  if (problem === null) return null;
  return problem.kind === 'otherTab' ? 'second-tab' : problem.kind === 'refused' ? 'refused' : 'failed';
}

async function newRun(store: RunsStore, given: GivenRun): Promise<RunId> {
  // A script that was replaced must not come again when the run is resumed.
  const scenario = given.script === 'replaced' ? { ...given.scenario, commands: [] } : given.scenario;
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
}

async function planOf(choice: RunChoice, store: RunsStore | null): Promise<Plan> {
  if (choice.kind === 'given') return planOfGiven(choice);
  const left = store === null ? null : await findLeftBehind(store, ENGINE_VERSION);
  if (left === null) return planOfGiven(choice.otherwise);
  const { run, commands } = left.stored;
  const given: GivenRun = { scenario: knownScenario(run.scenario), seed: run.seed, script: 'played', commands: [], momentUs: left.atUs, traceHash: null };
  const script = run.scenario.commands.map((timed): SharedCommand => ({ atUs: Math.floor(timed.atMs * 1000), command: timed.command }));
  const lived = commands.map((issued): SharedCommand => ({ atUs: issued.atUs, command: issued.command }));
  return {
    given, atUs: left.atUs, runId: run.id, journalled: lived.length, flushSequences: left.reload.flushSequences,
    commands: [...lived, { atUs: left.atUs, command: left.reload }],
    pending: script.filter((one) => one.atUs > left.atUs),
  };
}

/** The built-in scenario that a kept one is, apart from a script that was replaced: links then need only its name. */
function knownScenario(kept: Scenario): Scenario {
  const builtIn = builtInScenario(kept.name);
  return builtIn !== undefined && JSON.stringify({ ...builtIn, commands: [] }) === JSON.stringify({ ...kept, commands: [] }) ? builtIn : kept;
}

function planOfGiven(given: GivenRun): Plan {
  const script = given.script === 'played' ? given.scenario.commands.map((timed): SharedCommand => ({ atUs: Math.floor(timed.atMs * 1000), command: timed.command })) : [];
  const all = [...script, ...given.commands].sort((a, b) => a.atUs - b.atUs);
  return { given, commands: all.filter((one) => one.atUs <= given.momentUs), pending: all.filter((one) => one.atUs > given.momentUs), atUs: given.momentUs, runId: null, journalled: 0, flushSequences: null };
}

function storageOf(durable: boolean, facts: { readonly runId: RunId; readonly host: string; readonly flushSequence: number | null }): MachineStorage {
  if (!durable) return { kind: 'memory' };
  const database = machineDatabaseName(facts.runId, facts.host);
  return facts.flushSequence === null ? { kind: 'indexeddb', database, fresh: true } : { kind: 'indexeddb', database, fresh: false, flushSequence: facts.flushSequence };
}

function spawnMachine(host: string): Port<ToMachine, FromMachine> {
  const worker = new Worker(new URL('./machine-worker.ts', import.meta.url), { type: 'module', name: `machine ${host}` });
  return portOf<ToMachine, FromMachine>(worker, () => worker.terminate());
}

/** The history Worker gets two channels: one to us, one to the page. */
function spawnHistory(viewPort: MessagePort): Port<ToHistory, FromHistory> {
  const worker = new Worker(new URL('./history-worker.ts', import.meta.url), { type: 'module', name: 'history' });
  const channel = new MessageChannel();
  worker.postMessage({ conductor: channel.port2, view: viewPort }, [channel.port2, viewPort]);
  return portOf<ToHistory, FromHistory>(channel.port1, () => worker.terminate());
}
