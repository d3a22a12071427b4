import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Command } from '../../engine/world/command.ts';
import { buildCluster } from '../../engine/world/cluster.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import { openIndexedDbDisk } from '../../host/storage/indexed-db-disk.ts';
import { machineDatabaseName, type RunsStore, type StoredRun } from '../../host/storage/runs-contract.ts';

/** How far an earlier page had brought a run, and how far each machine's device. */
export interface LeftBehind {
  readonly stored: StoredRun;
  readonly atUs: InstantUs;
  /** The reload itself, as a command of the run. */
  readonly reload: Extract<Command, { type: 'siteReload' }>;
}

/** The newest run of this browser, if this engine can go on with it. */
export async function findLeftBehind(store: RunsStore, engineVersion: number): Promise<LeftBehind | null> {
  const newest = (await store.listRuns())[0];
  if (newest === undefined || newest.engineVersion !== engineVersion) return null;
  const stored = await store.loadRun(newest.id);
  if (stored === null) return null;
  const flushSequences: Record<string, number> = {};
  let atUs = Math.max(stored.mark?.atUs ?? 0, stored.commands[stored.commands.length - 1]?.atUs ?? 0);
  for (const host of hostsOf(
    stored.run.scenario,
    stored.commands.map((issued) => issued.command),
  )) {
    const opened = await openIndexedDbDisk(machineDatabaseName(newest.id, host));
    if (!opened.ok) return null;
    const image = await opened.store.load();
    await opened.store.close();
    flushSequences[host] = image.flushSequence;
    atUs = Math.max(atUs, image.atUs);
  }
  return { stored, atUs, reload: { type: 'siteReload', flushSequences } };
}

function hostsOf(scenario: Scenario, commands: readonly Command[]): string[] {
  const hosts = buildCluster(scenario).machines.map((one) => one.machine.host);
  for (const command of commands) {
    if (command.type === 'addBroker') hosts.push(`b${command.brokerId}`);
    if (command.type === 'addProducer' || command.type === 'addConsumer') hosts.push(command.name);
  }
  return hosts;
}
