import { EMPTY_BYTES } from '../kernel/bytes.ts';
import { mapDelete, mapValues } from '../kernel/persistent-map.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import type { DiskEffect, DiskError, DiskFailure } from '../kernel/system.ts';
import type { BrokerEffect, BrokerScope } from '../broker/contract.ts';
import { logsInDir, takeLogDirOffline } from '../broker/logs/log-dir-failure.ts';
import { logDirOfPath, namesOf, prefixOfLog, withoutDir, type LogDir, type LogDirs } from '../broker/logs/log-dirs.ts';
import type { LoadedLogs } from '../broker/logs/log-manager.ts';
import { LOCK_FILE } from '../log/file-names.ts';
import { logName } from '../log/log-state.ts';
import { setBroker, traceBroker, updateState, type KafkaServerState, type Work } from './kafka-server-state.ts';

/** Which log dirs a start can use: what it does to each first is to lock it (LogManager.createAndValidateLogDirs). */
export function openLogDirs(dirs: readonly LogDir[], context: StepContext): { readonly dirs: LogDirs; readonly failures: readonly DirFailure[] } {
  const failures = dirs.flatMap((dir): DirFailure[] => {
    const lock: DiskEffect = { type: 'append', path: dir.prefix + LOCK_FILE, bytes: EMPTY_BYTES };
    const failure = context.diskFailure([lock]);
    return failure === null ? [] : [{ dir, ...failure }];
  });
  const offline = failures.map((failure) => failure.dir);
  return { dirs: { online: dirs.filter((dir) => !offline.includes(dir)), offline }, failures };
}

export function noUsableLogDir(dirs: readonly LogDir[]): string {
  return `Shutdown broker because none of the specified log dirs from ${namesOf(dirs)} can be created or validated`;
}

export interface DirFailure extends DiskFailure {
  readonly dir: LogDir;
}

/** The log dirs as the process knows them now; whoever has not begun to load them, or has closed them, counts all as serving. */
function logDirsOf({ phase, broker, brokerConfig }: KafkaServerState): LogDirs {
  if (phase.name === 'starting') return phase.logDirs;
  if (phase.name === 'recovering') return phase.loaded.logDirs;
  return broker?.logDirs ?? { online: brokerConfig.logDirs, offline: [] };
}

/** The serving log dir that a failed system call was for; null for one that is offline already. */
export function failedDirOf(state: KafkaServerState, failure: DiskFailure): DirFailure | null {
  const dir = logDirOfPath(logDirsOf(state), failure.path);
  return dir === undefined ? null : { dir, ...failure };
}

/**
 * LogManager.handleLogDirFailure. The step whose system call failed has not happened: it is done again without the dir. Without another
 * dir the process halts at once (Exit.halt), without a controlled shutdown, and the answer is false.
 */
export function survivesWithout(work: Work, failure: DirFailure, perform: (effect: BrokerEffect) => void): boolean {
  const dirs = logDirsOf(work.state);
  traceFailure(work, { ...failure, reason: failure.path });
  if (dirs.online.length <= 1) {
    const reason = `Shutdown broker because all log dirs in ${namesOf(work.state.brokerConfig.logDirs)} have failed`;
    work.scope.effects.push({ type: 'exit', code: 1, reason });
    return false;
  }
  const { phase, broker } = work.state;
  if (phase.name === 'starting') updateState(work, { phase: { ...phase, logDirs: withoutDir(dirs, failure.dir) } });
  else if (phase.name === 'recovering') updateState(work, { phase: { ...phase, loaded: withoutLoadedDir(phase.loaded, failure.dir) } });
  else if (broker !== null) {
    const scope: BrokerScope = { context: work.scope.context, effects: [] };
    setBroker(work, takeLogDirOffline(broker, failure.dir, scope));
    for (const effect of scope.effects) perform(effect);
  }
  return true;
}

/** What the start learned of the log dirs that it cannot use. */
export function traceFailure(work: Work, failure: { readonly dir: LogDir; readonly error: DiskError | 'IOException'; readonly reason: string }): void {
  const { broker, config } = work.state;
  const { dir, error, reason } = failure;
  const partitions = broker === null ? [] : logsInDir(broker, dir).hosted;
  traceBroker(work, { type: 'LogDirFailed', brokerId: config.brokerId, dir: dir.path, error, reason, partitions });
}

function withoutLoadedDir(loaded: LoadedLogs, dir: LogDir): LoadedLogs {
  let { logs, logsById } = loaded;
  for (const log of mapValues(loaded.logs)) {
    if (prefixOfLog(log) !== dir.prefix) continue;
    logs = mapDelete(logs, logName(log));
    logsById = mapDelete(logsById, String(log.logId));
  }
  return { ...loaded, logs, logsById, logDirs: withoutDir(loaded.logDirs, dir) };
}
