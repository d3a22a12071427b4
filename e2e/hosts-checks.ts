import { differenceOfHosts, HOST_SEEDS, hostRunOf, playHostRun, type HostReport, type HostRun } from '../src/testing/host-runs.ts';
import type { LiveReport } from './hosts-page.ts';

/** The runs, and what Node makes of them. */
export interface Reference {
  readonly run: HostRun;
  readonly expected: HostReport;
}

export function playReferences(): Reference[] {
  return HOST_SEEDS.map(hostRunOf).map((run) => ({ run, expected: playHostRun(run, { digests: true }) }));
}

/** What is wrong with a run that a browser played in one thread; null when nothing is. */
export function wrongInThread({ run, expected }: Reference, report: HostReport): string | null {
  if (report.marks.some((mark) => mark.digest === null)) return `seed ${run.seed}: no hash of whole states`;
  return differenceOfHosts(run, expected, report);
}

/** What is wrong with a run that Workers played; null when nothing is. */
export function wrongLive({ run, expected }: Reference, report: LiveReport): string | null {
  const failure = report.failures[0];
  if (failure !== undefined) return `seed ${run.seed}: ${failure.kind} in ${failure.where} at ${failure.atUs} µs: ${failure.message}`;
  const difference = differenceOfHosts(run, expected, report);
  if (difference !== null) return difference;
  if (report.historyMarks < 10) return `seed ${run.seed}: the history compared hashes ${report.historyMarks} times only`;
  const powerCuts = run.commands.filter(({ command }) => command.type === 'powerOff').length;
  if (report.workersEnded !== powerCuts) return `seed ${run.seed}: ${powerCuts} power cuts ended ${report.workersEnded} Workers`;
  return report.bootsFromDisk > 0 ? null : `seed ${run.seed}: nobody booted from IndexedDB`;
}
