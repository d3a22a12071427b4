import { copyPartition, type Partition } from './replication/partition.ts';
import { changed } from '../kernel/mutable.ts';
import { mapKeys } from '../kernel/persistent-map.ts';
import { MAX_LONG, msToUs } from '../kernel/units.ts';
import { flushLog } from '../log/flush.ts';
import type { LogState } from '../log/log-state.ts';
import { copyBroker, getPartition, putPartition, type BrokerState } from './broker-state.ts';
import type { BrokerScope } from './contract.ts';
import { checkpointHighWatermarks, writeLogStartOffsets, writeRecoveryPoints } from './logs/checkpoints.ts';
import { keyOfDeletionTimer, onDeletionTimer } from './logs/file-deletion.ts';
import { startLogCleaner } from './logs/log-cleaner.ts';
import { retainLog } from './logs/retain-log.ts';
import { LOG_MANAGER, REPLICA_MANAGER } from './owners.ts';
import { shrinkIsrs } from './replication/isr.ts';

/** KafkaScheduler's tasks, by Kafka's names. */
const ISR_EXPIRATION = 'isr-expiration';
const HIGH_WATERMARK_CHECKPOINT = 'highwatermark-checkpoint';
const RECOVERY_POINT_CHECKPOINT = 'kafka-recovery-point-checkpoint';
const LOG_START_OFFSET_CHECKPOINT = 'kafka-log-start-offset-checkpoint';
const LOG_RETENTION = 'kafka-log-retention';
const LOG_FLUSHER = 'kafka-log-flusher';

function schedule(task: { readonly owner: string; readonly name: string; readonly waitMs: number }, scope: BrokerScope): void {
  if (task.waitMs >= MAX_LONG) return;
  scope.effects.push({ type: 'setTimer', owner: task.owner, name: task.name, atUs: scope.context.nowUs + msToUs(task.waitMs) });
}

/** LogManager.startup and ReplicaManager.startup. The high watermark's checkpoint waits for the first LeaderAndIsr. */
export function startTasks(state: BrokerState, scope: BrokerScope): void {
  const { config } = state;
  const first = (name: string): void => schedule({ owner: LOG_MANAGER, name, waitMs: config.logInitialTaskDelayMs }, scope);
  first(LOG_RETENTION);
  if (config.logFlushSchedulerIntervalMs < MAX_LONG) first(LOG_FLUSHER);
  first(RECOVERY_POINT_CHECKPOINT);
  first(LOG_START_OFFSET_CHECKPOINT);
  startLogCleaner(state, scope);
  schedule({ owner: REPLICA_MANAGER, name: ISR_EXPIRATION, waitMs: isrExpirationMs(state) }, scope);
}

function isrExpirationMs(state: BrokerState): number {
  return Math.floor(state.config.replicaLagTimeMaxMs / 2);
}

/** Runs at once after the first LeaderAndIsr, when all replicas are there, and then every interval. */
export function startHighWatermarkCheckpoint(state: BrokerState, scope: BrokerScope): BrokerState {
  if (state.highWatermarkCheckpointStarted) return state;
  return runHighWatermarkCheckpoint(changed(copyBroker(state), { highWatermarkCheckpointStarted: true }), scope);
}

function runHighWatermarkCheckpoint(state: BrokerState, scope: BrokerScope): BrokerState {
  repeat({ owner: REPLICA_MANAGER, name: HIGH_WATERMARK_CHECKPOINT, waitMs: state.config.replicaHighWatermarkCheckpointIntervalMs }, scope);
  return checkpointHighWatermarks(state, scope);
}

/** The next run of a task that repeats. KafkaScheduler runs a task once whose period is not positive. */
function repeat(task: { readonly owner: string; readonly name: string; readonly waitMs: number }, scope: BrokerScope): void {
  if (task.waitMs > 0) schedule(task, scope);
}

export function onReplicaManagerTimer(state: BrokerState, name: string, scope: BrokerScope): BrokerState {
  switch (name) {
    case ISR_EXPIRATION:
      repeat({ owner: REPLICA_MANAGER, name, waitMs: isrExpirationMs(state) }, scope);
      return shrinkIsrs(state, scope);
    case HIGH_WATERMARK_CHECKPOINT:
      return runHighWatermarkCheckpoint(state, scope);
    default:
      return state;
  }
}

export function onLogManagerTimer(state: BrokerState, name: string, scope: BrokerScope): BrokerState {
  const { config } = state;
  const again = (waitMs: number): void => repeat({ owner: LOG_MANAGER, name, waitMs }, scope);
  switch (name) {
    case RECOVERY_POINT_CHECKPOINT:
      again(config.logFlushOffsetCheckpointIntervalMs);
      writeRecoveryPoints(state, scope);
      return state;
    case LOG_START_OFFSET_CHECKPOINT:
      again(config.logFlushStartOffsetCheckpointIntervalMs);
      writeLogStartOffsets(state, scope);
      return state;
    case LOG_RETENTION:
      again(config.logRetentionCheckIntervalMs);
      // LogManager.cleanupLogs: compacted logs are the cleaner's.
      return updateHostedLogs(state, (partition) => (partition.log.config.compact ? partition.log : retainLog(partition, state.identity.brokerId, scope)));
    case LOG_FLUSHER:
      again(config.logFlushSchedulerIntervalMs);
      return updateHostedLogs(state, ({ log }) => (scope.context.nowMs - log.lastFlushedMs >= log.config.flushMs ? flushLog(log, scope) : log));
    default: {
      const dir = keyOfDeletionTimer(name);
      return dir === null ? state : onDeletionTimer(state, dir, scope);
    }
  }
}

function updateHostedLogs(state: BrokerState, update: (partition: Partition) => LogState): BrokerState {
  let next = state;
  for (const key of mapKeys(state.partitions)) {
    const partition = getPartition(next, key);
    if (partition === null) continue;
    const log = update(partition);
    if (log !== partition.log) next = putPartition(next, changed(copyPartition(partition), { log }));
  }
  return next;
}
