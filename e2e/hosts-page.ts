import type { InstantUs } from '../src/engine/kernel/units.ts';
import { Conductor, type RunFailure } from '../src/host/workers/conductor.ts';
import type { FromHistory, FromMachine, Port, ToHistory, ToMachine } from '../src/host/workers/messages.ts';
export { runDiskCases } from './storage-page.ts';
import { destroyDatabase } from '../src/host/storage/indexed-db-disk.ts';
import { portOf } from '../src/playground/workers/worker-port.ts';
import { cutsOf, playHostRun, type HostReport, type HostRun, type MarkReport, type PlayHostRun } from '../src/testing/host-runs.ts';

/** What the journeys through the hosts call in a real browser: runs played in this thread and by Workers of their own. */

/** Plays the run in the thread of the page. */
export function playInPage(run: HostRun, options: PlayHostRun): HostReport {
  return playHostRun(run, options);
}

export interface LiveReport extends HostReport {
  readonly failures: readonly RunFailure[];
  /** Marks at which the history compared every machine's hash with its own. */
  readonly historyMarks: number;
  /** Workers of machines started, and ended because the power went. */
  readonly workersStarted: number;
  readonly workersEnded: number;
  /** Starts that found their disk in IndexedDB. */
  readonly bootsFromDisk: number;
  readonly wallMs: number;
}

/** Plays the run live: a Worker and an IndexedDB database a machine, a history Worker, frames of any length. */
export async function playLive(run: HostRun, frames: number): Promise<LiveReport> {
  const startMs = performance.now();
  const counts = { historyMarks: 0, workersStarted: 0, workersEnded: 0, bootsFromDisk: 0 };
  const failures: RunFailure[] = [];
  const databaseOf = (host: string): string => `hosts-${run.seed}-${host}`;
  const hosts = new Set<string>();
  const conductor = new Conductor({
    history: spawnHistory((message) => {
      if (message.type === 'markChecked') counts.historyMarks += 1;
    }),
    spawn: (host) => {
      hosts.add(host);
      counts.workersStarted += 1;
      return spawnMachine(host, counts);
    },
    storageOf: (host) => ({ kind: 'indexeddb', database: databaseOf(host), fresh: true }),
    journal: { appendCommand: async () => undefined, mark: async () => undefined },
    markEveryUs: 1_000_000,
    failed: (failure) => failures.push(failure),
  });
  await conductor.open({ scenario: run.scenario, seed: run.seed, commands: [], atUs: 0 }, async () => undefined);
  const report = await playFrames(conductor, run, cutsOf(run.seed, frames));
  await conductor.findNext(1);
  await conductor.close();
  for (const host of hosts) await destroyDatabase(databaseOf(host));
  return { ...report, ...counts, failures, wallMs: Math.round(performance.now() - startMs) };
}

const LONGEST_FRAME_US = 2_000_000;

async function playFrames(conductor: Conductor, run: HostRun, cut: (from: InstantUs, to: InstantUs) => InstantUs): Promise<HostReport> {
  const advance = async (untilUs: InstantUs): Promise<void> => {
    while (conductor.nowUs < untilUs) await conductor.advanceTo(Math.min(untilUs, cut(conductor.nowUs, conductor.nowUs + LONGEST_FRAME_US)));
  };
  const pending = run.commands.slice();
  const marks: MarkReport[] = [];
  let taken = 0;
  for (const markUs of run.marksUs) {
    for (let next = pending[0]; next !== undefined && next.atUs < markUs; next = pending[0]) {
      await advance(next.atUs);
      if ((await conductor.command(next.command)).ok) taken += 1;
      pending.shift();
    }
    await advance(markUs);
    marks.push({ digest: null, ...(await conductor.hashes()) });
  }
  return { marks, taken };
}

function spawnHistory(heard: (message: FromHistory) => void): Port<ToHistory, FromHistory> {
  const worker = new Worker('/history-worker.js', { type: 'module', name: 'history' });
  const conductor = new MessageChannel();
  const view = new MessageChannel();
  worker.postMessage({ conductor: conductor.port2, view: view.port2 }, [conductor.port2, view.port2]);
  const port = portOf<ToHistory, FromHistory>(conductor.port1, () => worker.terminate());
  return {
    ...port,
    onMessage: (handle) =>
      port.onMessage((message) => {
        heard(message);
        handle(message);
      }),
  };
}

function spawnMachine(host: string, counts: { workersEnded: number; bootsFromDisk: number }): Port<ToMachine, FromMachine> {
  const worker = new Worker('/machine-worker.js', { type: 'module', name: `machine ${host}` });
  const port = portOf<ToMachine, FromMachine>(worker, () => {
    counts.workersEnded += 1;
    worker.terminate();
  });
  return {
    ...port,
    post: (message, transfer) => {
      if (message.type === 'boot' && message.storage.kind === 'left') counts.bootsFromDisk += 1;
      port.post(message, transfer);
    },
  };
}
