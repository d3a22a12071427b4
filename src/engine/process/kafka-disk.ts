import { EMPTY_BYTES } from '../kernel/bytes.ts';
import type { Step, StepContext } from '../kernel/machine-contract.ts';
import type { DiskEffect, DiskFailure } from '../kernel/system.ts';
import { LOCK_FILE } from '../log/file-names.ts';
import type { KafkaServerEffect, KafkaServerState } from './kafka-server-state.ts';

const LOG_DIR = '/tmp/kafka-logs';
/** What a start does to a log dir first: a dir that refuses it cannot be used. */
const LOCK: DiskEffect = { type: 'append', path: LOCK_FILE, bytes: EMPTY_BYTES };

/** LogManager.createAndValidateLogDirs: why the broker cannot start at all, null if it can. */
export function logDirProblem(context: StepContext): string | null {
  const failure = context.diskFailure([LOCK]);
  return failure === null ? null : `Shutdown broker because none of the specified log dirs from ${logDirOf()} can be created or validated`;
}

/**
 * LogManager.handleLogDirFailure for the only log dir. The step whose write failed has not happened: nothing of what it would have
 * said leaves the process, which halts at once (Exit.halt), without a controlled shutdown.
 */
export function haltOnDiskFailure(state: KafkaServerState, failure: DiskFailure): Step<KafkaServerState, KafkaServerEffect> {
  const { brokerId } = state.config;
  const event = { type: 'LogDirFailed', brokerId, dir: logDirOf(), path: failure.path, error: failure.error } as const;
  const reason = `Shutdown broker because all log dirs in ${logDirOf()} have failed`;
  return {
    state,
    effects: [
      { type: 'trace', event },
      { type: 'exit', code: 1, reason },
    ],
  };
}

function logDirOf(): string {
  return LOG_DIR;
}
