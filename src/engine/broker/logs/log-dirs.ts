import { assert } from '../../kernel/assert.ts';
import type { ConfigTexts } from '../../log/log-config.ts';
import { logName, type LogState } from '../../log/log-state.ts';

/** One of a broker's `log.dirs`, each thought of as a disk of its own. */
export interface LogDir {
  /** As the configuration names it, and as Kafka says it. */
  readonly path: string;
  /** What paths of its files begin with on the machine's disk: empty for the only directory, else with a slash at the end (`data-1/`). */
  readonly prefix: string;
}

/** Which of the directories serve (LogManager.liveLogDirs) and which have failed in this life of the process, each in order of `log.dirs`. */
export interface LogDirs {
  readonly online: readonly LogDir[];
  readonly offline: readonly LogDir[];
}

const DEFAULT_LOG_DIR = '/tmp/kafka-logs';

/** `log.dirs`, or `log.dir`, or Kafka's default. */
export function resolveLogDirs(texts: ConfigTexts): readonly LogDir[] {
  const paths = (texts['log.dirs'] ?? texts['log.dir'] ?? DEFAULT_LOG_DIR)
    .split(',')
    .map((path) => path.trim().replace(/\/+$/, ''))
    .filter((path) => path !== '');
  assert(paths.length > 0, 'At least one log directory must be defined via log.dirs or log.dir.');
  if (paths.length === 1) return paths.map((path) => ({ path, prefix: '' }));
  return paths.map((path) => ({ path, prefix: `${path.replace(/^\/+/, '')}/` }));
}

/** What Kafka says of a list that names a directory twice, or null (LogManager.createAndValidateLogDirs). */
export function duplicateLogDir(dirs: readonly LogDir[]): string | null {
  const isTwice = dirs.some((dir, i) => dirs.findIndex((other) => other.prefix === dir.prefix) !== i);
  return isTwice ? `Duplicate log directory found: ${namesOf(dirs)}` : null;
}

export function namesOf(dirs: readonly LogDir[]): string {
  return dirs.map((dir) => dir.path).join(', ');
}

/** The serving directory that a file lies in; undefined for a file of one that is offline already. */
export function logDirOfPath(dirs: LogDirs, path: string): LogDir | undefined {
  return dirs.online.find((dir) => path.startsWith(dir.prefix));
}

export function withoutDir(dirs: LogDirs, failed: LogDir): LogDirs {
  return { online: dirs.online.filter((dir) => dir.prefix !== failed.prefix), offline: [...dirs.offline, failed] };
}

/** Prefix of the directory that a log lies in. */
export function prefixOfLog(log: Pick<LogState, 'dir' | 'topic' | 'partition'>): string {
  return log.dir.slice(0, log.dir.length - logName(log).length);
}

/** LogManager.nextLogDirs: the serving directory with the fewest logs, the first of them in order of `log.dirs`. */
export function nextLogDir(dirs: LogDirs, logs: readonly LogState[]): LogDir | undefined {
  let next: { readonly dir: LogDir; readonly count: number } | undefined;
  for (const dir of dirs.online) {
    const count = dirs.online.length === 1 ? 0 : logs.filter((log) => prefixOfLog(log) === dir.prefix).length;
    if (next === undefined || count < next.count) next = { dir, count };
  }
  return next?.dir;
}
