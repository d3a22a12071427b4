import { copyPartition } from '../replication/partition.ts';
import { changed } from '../../kernel/mutable.ts';
import { mapGet, mapSet } from '../../kernel/persistent-map.ts';
import { US_PER_MS } from '../../kernel/units.ts';
import { logName, type LogState } from '../../log/log-state.ts';
import { deleteDueFiles, nextDeletionMs } from '../../log/retire.ts';
import { copyBroker, getPartition, putPartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { LOG_MANAGER } from '../owners.ts';

const TIMER_PREFIX = 'delete-files:';

/** Wakes the broker when the log's next `.deleted` files are due (`file.delete.delay.ms`). */
export function armFileDeletion(log: LogState, scope: BrokerScope): void {
  const dueMs = nextDeletionMs(log);
  if (dueMs === null) return;
  const waitUs = Math.max(0, dueMs - scope.context.nowMs) * US_PER_MS;
  scope.effects.push({ type: 'setTimer', owner: LOG_MANAGER, name: TIMER_PREFIX + logName(log), atUs: scope.context.nowUs + waitUs });
}

/** Key of the log whose files such a timer is about, or null for another timer. */
export function keyOfDeletionTimer(name: string): string | null {
  return name.startsWith(TIMER_PREFIX) ? name.slice(TIMER_PREFIX.length) : null;
}

export function onDeletionTimer(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  const partition = getPartition(state, key);
  const log = partition?.log ?? mapGet(state.idleLogs, key);
  if (log === undefined) return state;
  const tidied = deleteDueFiles(log, scope);
  armFileDeletion(tidied, scope);
  return partition === null
    ? changed(copyBroker(state), { idleLogs: mapSet(state.idleLogs, key, tidied) })
    : putPartition(state, changed(copyPartition(partition), { log: tidied }));
}
