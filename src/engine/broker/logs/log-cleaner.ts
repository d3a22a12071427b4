import type { DiskError } from '../../kernel/system.ts';
import { changed } from '../../kernel/mutable.ts';
import { mapDelete, mapGet, mapSet, mapValues, type PersistentMap } from '../../kernel/persistent-map.ts';
import { msToUs, type Offset } from '../../kernel/units.ts';
import type { PartitionOffset } from '../../log/checkpoint-files.ts';
import { cleanableOf, isDue, segmentsBetween, type Cleanable } from '../../log/cleaner/cleanable.ts';
import { cleanedFiles, cleanGroup, NO_CLEANING_STATS, planCleaning, replaceSegments } from '../../log/cleaner/clean-log.ts';
import { NO_TRANSACTIONS_UNDER_WAY } from '../../log/cleaner/cleaned-transactions.ts';
import { CLEANER_OFFSET_CHECKPOINT } from '../../log/file-names.ts';
import { logName, type LogState } from '../../log/log-state.ts';
import { copyBroker, getPartition, putPartition, requirePartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { LOG_CLEANER } from '../owners.ts';
import { onReplica, withLog, type Partition } from '../replication/partition.ts';
import { allLogs, writeCheckpoints } from './checkpoints.ts';
import type { LogCleanerState, OngoingCleaning } from './cleaner-state.ts';
import { armFileDeletion } from './file-deletion.ts';
import { retainLog } from './retain-log.ts';

/** The one cleaner thread (`Simplified:` log.cleaner.threads is 1). */
const THREAD = 'kafka-log-cleaner-thread-0';

/** LogCleaner.startup. */
export function startLogCleaner(state: BrokerState, scope: BrokerScope): void {
  if (state.config.cleaner.enable) wakeAfter(state.config.cleaner.backoffMs, scope);
}

function wakeAfter(waitMs: number, scope: BrokerScope): void {
  scope.effects.push({ type: 'setTimer', owner: LOG_CLEANER, name: THREAD, atUs: scope.context.nowUs + msToUs(waitMs) });
}

/**
 * CleanerThread.doWork: the dirtiest log that is due is cleaned, then retention of compacted logs; without one the thread sleeps for
 * `log.cleaner.backoff.ms`.
 */
export function onCleanerTimer(state: BrokerState, scope: BrokerScope): BrokerState {
  if (state.cleaner.ongoing !== null) return state;
  const current = resetCheckpoints(state, scope);
  const filthiest = filthiestLog(current, scope);
  if (filthiest !== null) return beginCleaning(current, filthiest, scope);
  wakeAfter(state.config.cleaner.backoffMs, scope);
  return retainCompactedLogs(current, scope);
}

interface Filthy {
  readonly partition: Partition;
  readonly cleanable: Cleanable;
}

/** A checkpoint outside its log says where the log begins from now on (forceUpdateCheckpoint). */
function resetCheckpoints(state: BrokerState, scope: BrokerScope): BrokerState {
  let { checkpoints } = state.cleaner;
  for (const { key, log } of mapValues(state.partitions)) {
    const known = mapGet(checkpoints, key);
    if (known === undefined || !log.config.compact) continue;
    const { isOutOfRange, firstDirtyOffset } = cleanableOf(log, known, scope.context.nowMs);
    if (isOutOfRange) checkpoints = mapSet(checkpoints, key, firstDirtyOffset);
  }
  return checkpoints === state.cleaner.checkpoints ? state : checkpointCleaner(state, checkpoints, scope);
}

/** LogCleanerManager.grabFilthiestCompactedLog. */
function filthiestLog(state: BrokerState, scope: BrokerScope): Filthy | null {
  let filthiest: Filthy | null = null;
  for (const partition of mapValues(state.partitions)) {
    const { log } = partition;
    if (!log.config.compact || state.cleaner.uncleanable.includes(partition.key)) continue;
    const cleanable = cleanableOf(log, mapGet(state.cleaner.checkpoints, partition.key) ?? null, scope.context.nowMs);
    if (isDue(log, cleanable) && (filthiest === null || cleanable.dirtyRatio > filthiest.cleanable.dirtyRatio)) filthiest = { partition, cleanable };
  }
  return filthiest;
}

function beginCleaning(state: BrokerState, { partition, cleanable }: Filthy, scope: BrokerScope): BrokerState {
  const { log } = partition;
  const { firstDirtyOffset, firstUncleanableOffset } = cleanable;
  scope.effects.push({
    type: 'trace',
    event: { type: 'LogCleaningStarted', ...onReplica(partition, state.identity.brokerId), firstDirtyOffset, firstUncleanableOffset },
  });
  for (const from of [firstDirtyOffset, 0])
    for (const { paths, sizeBytes } of segmentsBetween(log, from, firstUncleanableOffset))
      scope.effects.push({ type: 'read', path: paths.log, position: 0, sizeBytes, by: 'read' });
  const plan = planCleaning(log, cleanable, state.config.cleaner, scope);
  if (plan.map.unreadable) return markUncleanable(state, partition.key, scope);
  const number = state.cleaner.nextNumber;
  const ongoing: OngoingCleaning = {
    key: partition.key,
    number,
    cleanable,
    plan,
    groupsDone: 0,
    stats: NO_CLEANING_STATS,
    transactions: NO_TRANSACTIONS_UNDER_WAY,
    written: null,
    flushesLeft: 0,
  };
  return writeNextGroup(withCleaner(state, { nextNumber: number + 1 }), ongoing, scope);
}

/** Writes the `.cleaned` files of the next group and waits for the device, or is done. */
function writeNextGroup(state: BrokerState, ongoing: OngoingCleaning, scope: BrokerScope): BrokerState {
  const bases = ongoing.plan.groups[ongoing.groupsDone];
  if (bases === undefined) return endCleaning(state, ongoing, scope);
  const { log } = requirePartition(state, ongoing.key);
  const { plan, stats, transactions } = ongoing;
  const written = cleanGroup(log, bases, { plan, stats, config: state.config.cleaner, transactions }, scope);
  if (written.stats.unreadable > 0) return markUncleanable(withCleaner(state, { ongoing: { ...ongoing, written } }), ongoing.key, scope);
  const paths = cleanedFiles(written);
  for (const path of paths) scope.effects.push({ type: 'flush', owner: LOG_CLEANER, operation: ongoing.number, path });
  return withCleaner(state, { ongoing: { ...ongoing, written, flushesLeft: paths.length } });
}

/** A batch in it cannot be opened: the partition is not cleaned any more in this life of the process (LogCleanerManager.markPartitionUncleanable). */
function markUncleanable(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  const uncleanable = [...state.cleaner.uncleanable, key];
  const { brokerId } = state.identity;
  scope.effects.push({ type: 'trace', event: { type: 'LogUncleanable', ...onReplica(requirePartition(state, key), brokerId) } });
  if (state.cleaner.ongoing?.key === key) return withCleaner(abortCleaning(state, key, scope), { uncleanable });
  wakeAfter(0, scope);
  return withCleaner(state, { uncleanable });
}

/** A `.cleaned` file is on the device. After the last one the group takes its place. A device that failed takes the log with it. */
export function onCleanerFlushed(state: BrokerState, done: { readonly operation: number; readonly error: DiskError | null }, scope: BrokerScope): BrokerState {
  const { ongoing } = state.cleaner;
  if (ongoing?.number !== done.operation || ongoing.written === null) return state;
  if (done.error !== null) return abortCleaning(state, ongoing.key, scope);
  const flushesLeft = ongoing.flushesLeft - 1;
  if (flushesLeft > 0) return withCleaner(state, { ongoing: { ...ongoing, flushesLeft } });
  const partition = requirePartition(state, ongoing.key);
  // The policy was taken away meanwhile.
  if (!partition.log.config.compact) return abortCleaning(state, ongoing.key, scope);
  const log = replaceSegments(partition.log, ongoing.written, scope);
  armFileDeletion(log, scope);
  const { stats, transactions } = ongoing.written;
  return writeNextGroup(
    putPartition(state, withLog(partition, log)),
    { ...ongoing, stats, transactions, written: null, groupsDone: ongoing.groupsDone + 1 },
    scope,
  );
}

/** LogCleanerManager.doneCleaning; the thread looks for the next log at once. */
function endCleaning(state: BrokerState, ongoing: OngoingCleaning, scope: BrokerScope): BrokerState {
  const partition = requirePartition(state, ongoing.key);
  const { plan, stats } = ongoing;
  scope.effects.push({
    type: 'trace',
    event: {
      type: 'LogCleaned',
      ...onReplica(partition, state.identity.brokerId),
      endOffset: plan.endOffset,
      records: stats.records,
      kept: stats.kept,
      tombstones: stats.tombstones,
      bytesBefore: stats.bytesBefore,
      bytesAfter: stats.bytesAfter,
      segments: plan.groups.flat(),
      cleanedSegments: plan.groups.flatMap((group) => group.slice(0, 1)),
    },
  });
  wakeAfter(0, scope);
  const checkpoints = mapSet(state.cleaner.checkpoints, ongoing.key, plan.endOffset);
  return retainCompactedLogs(checkpointCleaner(withCleaner(state, { ongoing: null }), checkpoints, scope), scope);
}

/** LogCleanerManager.abortCleaning: the log is about to be cut, deleted, or is no longer compacted. Nothing for a log that is not being cleaned. */
export function abortCleaning(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  const { ongoing } = state.cleaner;
  if (ongoing?.key !== key) return state;
  for (const path of ongoing.written === null ? [] : cleanedFiles(ongoing.written)) scope.effects.push({ type: 'delete', path });
  const partition = getPartition(state, key);
  if (partition !== null) scope.effects.push({ type: 'trace', event: { type: 'LogCleaningAborted', ...onReplica(partition, state.identity.brokerId) } });
  wakeAfter(state.config.cleaner.backoffMs, scope);
  return withCleaner(state, { ongoing: null });
}

/** A log was cut to `offset`: what was clean beyond it is not any more (LogCleanerManager.maybeTruncateCheckpoint). */
export function truncateCleanerCheckpoint(state: BrokerState, key: string, offset: Offset, scope: BrokerScope): BrokerState {
  const known = mapGet(state.cleaner.checkpoints, key);
  return known === undefined || known <= offset ? state : checkpointCleaner(state, mapSet(state.cleaner.checkpoints, key, offset), scope);
}

/** A log was deleted: the checkpoint must not name it. */
export function forgetCleanedLog(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  const next = abortCleaning(state, key, scope);
  return mapGet(next.cleaner.checkpoints, key) === undefined ? next : checkpointCleaner(next, mapDelete(next.cleaner.checkpoints, key), scope);
}

/** Each serving log dir has the offsets of its own logs. */
function checkpointCleaner(state: BrokerState, checkpoints: PersistentMap<Offset>, scope: BrokerScope): BrokerState {
  const entryOf = (log: LogState): PartitionOffset | null => {
    const offset = mapGet(checkpoints, logName(log));
    return offset === undefined ? null : { topic: log.topic, partition: log.partition, offset };
  };
  writeCheckpoints(state, { name: CLEANER_OFFSET_CHECKPOINT, logs: allLogs(state), entryOf }, scope);
  return withCleaner(state, { checkpoints });
}

/** A log dir failed: what is being cleaned there is left as it is, and its logs' checkpoints go (LogCleanerManager.handleLogDirFailure). */
export function forgetLogsOfFailedDir(state: BrokerState, keys: readonly string[], scope: BrokerScope): BrokerState {
  let { checkpoints, ongoing } = state.cleaner;
  for (const key of keys) checkpoints = mapDelete(checkpoints, key);
  if (ongoing !== null && keys.includes(ongoing.key)) {
    ongoing = null;
    wakeAfter(state.config.cleaner.backoffMs, scope);
  }
  return withCleaner(state, { checkpoints, ongoing });
}

/** LogCleaner.CleanerThread.cleanFilthiestLog's second half: segments of compacted logs that are past their time or below the log's start. */
function retainCompactedLogs(state: BrokerState, scope: BrokerScope): BrokerState {
  let next = state;
  for (const partition of mapValues(state.partitions)) {
    if (!partition.log.config.compact || next.cleaner.ongoing?.key === partition.key) continue;
    const log: LogState = retainLog(partition, state.identity.brokerId, scope);
    if (log !== partition.log) next = putPartition(next, withLog(partition, log));
  }
  return next;
}

function withCleaner(state: BrokerState, cleaner: Partial<LogCleanerState>): BrokerState {
  return changed(copyBroker(state), { cleaner: { ...state.cleaner, ...cleaner } });
}
