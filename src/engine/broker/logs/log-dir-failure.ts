import { compareTexts } from '../../kernel/order.ts';
import { changed } from '../../kernel/mutable.ts';
import { mapDelete, mapValues } from '../../kernel/persistent-map.ts';
import { logName, type LogState } from '../../log/log-state.ts';
import { copyBroker, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { removeFromFetchers } from '../fetcher/replica-fetcher.ts';
import { forgetLogsOfFailedDir } from './log-cleaner.ts';
import { prefixOfLog, withoutDir, type LogDir } from './log-dirs.ts';

/** LogDirEventNotificationSequenceZNode: under it the controller learns that a log dir of a broker failed. */
const EVENT_PATH = '/log_dir_event_notification/log_dir_event_';
const LOG_DIR_FAILURE = 1;

/** What lies in a log dir, by `topic-partition`: replicas that are hosted, and logs that no LeaderAndIsr has named yet. */
export function logsInDir(state: BrokerState, dir: LogDir): { readonly hosted: readonly string[]; readonly idle: readonly string[] } {
  const isHere = (log: LogState): boolean => prefixOfLog(log) === dir.prefix;
  return {
    hosted: mapValues(state.partitions).flatMap(({ key, log }) => (isHere(log) ? [key] : [])),
    idle: mapValues(state.idleLogs).flatMap((log) => (isHere(log) ? [logName(log)] : [])),
  };
}

/**
 * ReplicaManager.handleLogDirFailure and LogManager's half of it: the replicas in the dir are offline, nobody copies into them any more, its
 * logs and checkpoints are forgotten, and the controller is told by a znode. Nothing is written to any disk. Who waits for such a replica
 * waits until their time is up.
 */
export function takeLogDirOffline(state: BrokerState, dir: LogDir, scope: BrokerScope): BrokerState {
  const { hosted, idle } = logsInDir(state, dir);
  let next: BrokerState = state;
  for (const key of hosted) next = removeFromFetchers(next, key);
  let { partitions, idleLogs, logsById } = next;
  for (const log of [...mapValues(partitions).map((partition) => partition.log), ...mapValues(idleLogs)])
    if (prefixOfLog(log) === dir.prefix) logsById = mapDelete(logsById, String(log.logId));
  for (const key of hosted) partitions = mapDelete(partitions, key);
  for (const key of idle) idleLogs = mapDelete(idleLogs, key);
  const offlinePartitions = [...state.offlinePartitions, ...hosted].sort(compareTexts);
  next = changed(copyBroker(next), { partitions, idleLogs, logsById, offlinePartitions, logDirs: withoutDir(state.logDirs, dir) });
  next = forgetLogsOfFailedDir(next, [...hosted, ...idle], scope);
  scope.effects.push({
    type: 'zk',
    tag: 'broker-log-dir-event',
    operations: [{ op: 'create', path: EVENT_PATH, data: eventOf(state), ephemeral: false, sequential: true }],
  });
  return next;
}

function eventOf(state: BrokerState): string {
  return JSON.stringify({ version: 1, broker: state.identity.brokerId, event: LOG_DIR_FAILURE });
}

/** A replica whose log cannot be opened, because it may lie in a log dir that failed (ReplicaManager.markPartitionOffline). */
export function markOffline(state: BrokerState, key: string): BrokerState {
  return changed(copyBroker(state), { offlinePartitions: [...state.offlinePartitions, key].sort(compareTexts) });
}
