import { copyPartition } from './replication/partition.ts';
import { changed } from '../kernel/mutable.ts';
import { mapSet, mapValues } from '../kernel/persistent-map.ts';
import type { SystemInput } from '../kernel/system.ts';
import { closeLog } from '../log/close.ts';
import { CLEAN_SHUTDOWN_FILE, LOCK_FILE } from '../log/file-names.ts';
import { logName } from '../log/log-state.ts';
import { writeCleanShutdownFile } from '../log/meta-properties.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { copyBroker, putPartition, type BrokerState } from './broker-state.ts';
import type { BrokerScope } from './contract.ts';
import { allFetchers } from './fetcher/fetcher-state.ts';
import { stopFetcher } from './fetcher/replica-fetcher.ts';
import { abortCleaning } from './logs/log-cleaner.ts';
import { checkpointHighWatermarks, writeLogStartOffsets, writeRecoveryPoints } from './logs/checkpoints.ts';
import { LOG_MANAGER } from './owners.ts';

const SHUTDOWN_FLUSH = 1;

/**
 * ReplicaManager.shutdown, then LogManager.shutdown: copying ends, high watermarks are written, every log is flushed and closed, then
 * recovery points, log starts and last `.kafka_cleanshutdown`; the locks go. When that file is on the device, `shutdownComplete` tells.
 */
export function shutDown(state: BrokerState, scope: BrokerScope): BrokerState {
  let next: BrokerState = changed(copyBroker(state), { shuttingDown: true, stopped: true });
  for (const fetcher of allFetchers(next)) next = stopFetcher(next, fetcher, scope);
  if (next.cleaner.ongoing !== null) next = abortCleaning(next, next.cleaner.ongoing.key, scope);
  next = checkpointHighWatermarks(next, scope);
  next = closeLogs(next, scope);
  writeRecoveryPoints(next, scope);
  writeLogStartOffsets(next, scope);
  for (const { prefix } of next.logDirs.online) {
    writeCleanShutdownFile(prefix, scope);
    scope.effects.push({ type: 'delete', path: prefix + LOCK_FILE });
  }
  // The device takes flushes in order: the last one is done when all are.
  const last = next.logDirs.online[next.logDirs.online.length - 1]?.prefix ?? '';
  scope.effects.push({ type: 'flush', owner: LOG_MANAGER, operation: SHUTDOWN_FLUSH, path: last + CLEAN_SHUTDOWN_FILE });
  return next;
}

function closeLogs(state: BrokerState, scope: BrokerScope): BrokerState {
  let next = state;
  for (const partition of mapValues(state.partitions)) next = putPartition(next, changed(copyPartition(partition), { log: closeLog(partition.log, scope) }));
  for (const log of mapValues(state.idleLogs)) next = changed(copyBroker(next), { idleLogs: mapSet(next.idleLogs, logName(log), closeLog(log, scope)) });
  return next;
}

/** Whether everything that a clean stop writes is on the device. */
export function isShutdownFlush(done: Extract<SystemInput<WireMessage, never>, { type: 'diskDone' }>): boolean {
  return done.owner === LOG_MANAGER && done.operation === SHUTDOWN_FLUSH;
}
