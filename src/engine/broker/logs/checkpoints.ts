import { changed } from '../../kernel/mutable.ts';
import { mapFrom, mapValues } from '../../kernel/persistent-map.ts';
import { writeOffsetCheckpoint, type PartitionOffset } from '../../log/checkpoint-files.ts';
import { highWatermarkEntry, logStartEntry, recoveryPointEntry } from '../../log/close.ts';
import { LOG_START_OFFSET_CHECKPOINT, RECOVERY_POINT_CHECKPOINT, REPLICATION_OFFSET_CHECKPOINT } from '../../log/file-names.ts';
import { logName, type LogState } from '../../log/log-state.ts';
import { copyBroker, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { prefixOfLog } from './log-dirs.ts';

/** Every log of the broker, those of no hosted replica included, by `topic-partition`. */
export function allLogs(state: BrokerState): readonly LogState[] {
  return [...mapValues(state.partitions).map((partition) => partition.log), ...mapValues(state.idleLogs)];
}

/** `replication-offset-checkpoint`: the high watermark of every hosted replica (ReplicaManager.checkpointHighWatermarks). */
export function checkpointHighWatermarks(state: BrokerState, scope: BrokerScope): BrokerState {
  const logs = mapValues(state.partitions).map((partition) => partition.log);
  writeCheckpoints(state, { name: REPLICATION_OFFSET_CHECKPOINT, logs, entryOf: highWatermarkEntry }, scope);
  scope.effects.push({ type: 'trace', event: { type: 'HighWatermarksCheckpointed', brokerId: state.identity.brokerId } });
  return changed(copyBroker(state), { checkpointedHighWatermarks: mapFrom(logs.map((log) => [logName(log), log.highWatermark] as const)) });
}

/** `recovery-point-offset-checkpoint`: every log, also at 0. */
export function writeRecoveryPoints(state: BrokerState, scope: BrokerScope): void {
  writeCheckpoints(state, { name: RECOVERY_POINT_CHECKPOINT, logs: allLogs(state), entryOf: recoveryPointEntry }, scope);
}

/** `log-start-offset-checkpoint`: only logs that start above their first segment. */
export function writeLogStartOffsets(state: BrokerState, scope: BrokerScope): void {
  writeCheckpoints(state, { name: LOG_START_OFFSET_CHECKPOINT, logs: allLogs(state), entryOf: logStartEntry }, scope);
}

interface Checkpoint {
  readonly name: string;
  readonly logs: readonly LogState[];
  readonly entryOf: (log: LogState) => PartitionOffset | null;
}

/** A checkpoint in every serving log dir, of the logs that lie there. */
export function writeCheckpoints(state: BrokerState, { name, logs, entryOf }: Checkpoint, scope: Pick<BrokerScope, 'effects'>): void {
  for (const { prefix } of state.logDirs.online) {
    const here = logs.filter((log) => prefixOfLog(log) === prefix);
    const entries = here.map(entryOf).filter((entry): entry is PartitionOffset => entry !== null);
    writeOffsetCheckpoint(prefix + name, entries, scope);
  }
}
