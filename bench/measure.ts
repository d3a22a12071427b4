import { existsSync, readFileSync } from 'node:fs';

/** Numbers of several repetitions; a median says more than a mean on a machine that does other things too. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** What `work` takes, in milliseconds of wall time. */
export function timeMs(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

/**
 * What `work` takes of the processor in this thread, in milliseconds: on a machine that has a core free for it, its wall time. Linux counts
 * it for each thread, in nanoseconds; elsewhere it is the whole process's, with the engine's helper threads, so never less.
 */
export function processorMs(work: () => void): number {
  const before = processorTimeMs();
  work();
  return processorTimeMs() - before;
}

const SCHEDULED = `/proc/self/task/${process.pid}/schedstat`;
const countsThreads = existsSync(SCHEDULED);

function processorTimeMs(): number {
  // Asked first also on Linux: it brings the threads' counts up to this moment, which else are some milliseconds old.
  const { user, system } = process.cpuUsage();
  return countsThreads ? Number(readFileSync(SCHEDULED, 'utf8').split(' ')[0]) / 1e6 : (user + system) / 1000;
}

/** One line of the table at the end: a number and, where the project promises one, its limit. */
export interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit?: { readonly atLeast: number } | { readonly below: number };
  readonly goal?: number;
}

export function meets(line: Line): boolean | null {
  if (line.limit === undefined) return null;
  return 'atLeast' in line.limit ? line.value >= line.limit.atLeast : line.value < line.limit.below;
}

/** The table as text: name, number, limit, and whether it holds. */
export function tableOf(lines: readonly Line[]): string {
  const rows = [['what', 'measured', 'limit', 'goal', ''], ...lines.map(rowOf)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : column < 4 ? cell.padStart(widths[column] ?? 0) : cell))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function rowOf(line: Line): string[] {
  const held = meets(line);
  const limit = line.limit === undefined ? '' : 'atLeast' in line.limit ? `>= ${line.limit.atLeast}` : `< ${line.limit.below}`;
  return [
    line.name,
    `${shown(line.value)} ${line.unit}`,
    limit,
    line.goal === undefined ? '' : String(line.goal),
    held === null ? '' : held ? 'meets' : 'misses',
  ];
}

export function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}
