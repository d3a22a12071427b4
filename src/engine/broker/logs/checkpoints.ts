import { changed } from '../../kernel/mutable.ts';
import { mapFrom, mapValues } from '../../kernel/persistent-map.ts';
import { writeOffsetCheckpoint, type PartitionOffset } from '../../log/checkpoint-files.ts';
import { highWatermarkEntry, logStartEntry, recoveryPointEntry } from '../../log/close.ts';
import { LOG_START_OFFSET_CHECKPOINT, RECOVERY_POINT_CHECKPOINT, REPLICATION_OFFSET_CHECKPOINT } from '../../log/file-names.ts';
import type { LogState } from '../../log/log-state.ts';
import { copyBroker, partitionKey, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';

/** Every log of the broker, those of no hosted replica included, by folder. */
export function allLogs(state: BrokerState): readonly LogState[] {
  return [...mapValues(state.partitions).map((partition) => partition.log), ...mapValues(state.idleLogs)];
}

/** `replication-offset-checkpoint`: the high watermark of every hosted replica (ReplicaManager.checkpointHighWatermarks). */
export function checkpointHighWatermarks(state: BrokerState, scope: BrokerScope): BrokerState {
  const entries = mapValues(state.partitions).map((partition) => highWatermarkEntry(partition.log));
  writeOffsetCheckpoint(REPLICATION_OFFSET_CHECKPOINT, entries, scope);
  scope.effects.push({ type: 'trace', event: { type: 'HighWatermarksCheckpointed', brokerId: state.identity.brokerId } });
  return changed(copyBroker(state), {
    checkpointedHighWatermarks: mapFrom(entries.map((entry) => [partitionKey(entry.topic, entry.partition), entry.offset] as const)),
  });
}

/** `recovery-point-offset-checkpoint`: every log, also at 0. */
export function writeRecoveryPoints(state: BrokerState, scope: BrokerScope): void {
  writeOffsetCheckpoint(RECOVERY_POINT_CHECKPOINT, allLogs(state).map(recoveryPointEntry), scope);
}

/** `log-start-offset-checkpoint`: only logs that start above their first segment. */
export function writeLogStartOffsets(state: BrokerState, scope: BrokerScope): void {
  const entries = allLogs(state)
    .map(logStartEntry)
    .filter((entry): entry is PartitionOffset => entry !== null);
  writeOffsetCheckpoint(LOG_START_OFFSET_CHECKPOINT, entries, scope);
}
