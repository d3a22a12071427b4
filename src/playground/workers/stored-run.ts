import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Command } from '../../engine/world/command.ts';
import { buildCluster } from '../../engine/world/cluster.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import { leftPosition } from '../../host/storage/device-keeper.ts';
import { machineDatabaseName, type RunsStore, type StoredRun } from '../../host/storage/runs-contract.ts';

/** How far an earlier page had brought a run, and how far each machine's device. */
export interface LeftBehind {
  readonly stored: StoredRun;
  readonly atUs: InstantUs;
  /** The reload itself, as a command of the run. */
  readonly reload: Extract<Command, { type: 'siteReload' }>;
  /** Machines whose disks the browser has deleted, or put back, since: the run knows that they were further. */
  readonly evicted: readonly string[];
}

/** The newest run of this browser, if this engine can go on with it. */
export async function findLeftBehind(store: RunsStore, engineVersion: number): Promise<LeftBehind | null> {
  const newest = (await store.listRuns())[0];
  if (newest === undefined || newest.engineVersion !== engineVersion) return null;
  const stored = await store.loadRun(newest.id);
  if (stored === null) return null;
  const flushSequences: Record<string, number> = {};
  const evicted: string[] = [];
  let atUs = Math.max(stored.mark?.atUs ?? 0, stored.commands[stored.commands.length - 1]?.atUs ?? 0);
  for (const host of hostsOf(
    stored.run.scenario,
    stored.commands.map((issued) => issued.command),
  )) {
    // A mark is made after what it names was durable.
    const left = await leftPosition(machineDatabaseName(newest.id, host), stored.mark?.flushSequences[host] ?? 0);
    if (left === null) return null;
    if (left.evicted) evicted.push(host);
    flushSequences[host] = left.flushSequence;
    atUs = Math.max(atUs, left.atUs);
  }
  return { stored, atUs, reload: { type: 'siteReload', flushSequences }, evicted };
}

function hostsOf(scenario: Scenario, commands: readonly Command[]): string[] {
  const hosts = buildCluster(scenario).machines.map((one) => one.machine.host);
  for (const command of commands) {
    if (command.type === 'addBroker') hosts.push(`b${command.brokerId}`);
    if (command.type === 'addProducer' || command.type === 'addConsumer') hosts.push(command.name);
  }
  return hosts;
}
