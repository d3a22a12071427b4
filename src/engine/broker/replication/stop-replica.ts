import { changed } from '../../kernel/mutable.ts';
import { mapDelete, mapGet } from '../../kernel/persistent-map.ts';
import { NO_EPOCH, type PartitionId } from '../../kernel/units.ts';
import { deleteLog } from '../../log/close.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import type { StopReplicaRequestStopReplicaPartitionState } from '../../protocol/generated/stop-replica-request.ts';
import type { StopReplicaResponseStopReplicaPartitionError } from '../../protocol/generated/stop-replica-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import { copyBroker, getPartition, isOffline, partitionKey, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { removeFromFetchers } from '../fetcher/replica-fetcher.ts';
import { forgetCleanedLog } from '../logs/log-cleaner.ts';
import { checkpointHighWatermarks, writeLogStartOffsets, writeRecoveryPoints } from '../logs/checkpoints.ts';
import { completeAfterRoleChange } from '../purgatory/completion.ts';
import { isStaleBrokerEpoch } from './control-epochs.ts';

/** LeaderAndIsr.EpochDuringDelete: a topic goes, whatever the epoch. */
const EPOCH_DURING_DELETE = -2;

/** StopReplica (ReplicaManager.stopReplicas): copying stops, whoever waits is told, and with `deletePartition` the log goes. */
export function onStopReplica(state: BrokerState, requestId: number, frame: RequestFrameOf<'StopReplica'>, scope: BrokerScope): BrokerState {
  const { body } = frame;
  const refusal: ErrorName | null = isStaleBrokerEpoch(state, body.brokerEpoch)
    ? 'STALE_BROKER_EPOCH'
    : body.controllerEpoch < state.controllerEpoch
      ? 'STALE_CONTROLLER_EPOCH'
      : null;
  const partitionErrors: StopReplicaResponseStopReplicaPartitionError[] = [];
  if (refusal !== null) {
    scope.effects.push({ type: 'respond', requestId, api: 'StopReplica', body: { errorCode: errorCode(refusal), partitionErrors } });
    return state;
  }
  let next: BrokerState = changed(copyBroker(state), { controllerEpoch: body.controllerEpoch });
  let anyDeleted = false;
  for (const topic of body.topicStates) {
    for (const told of topic.partitionStates) {
      const error = judge(next, topic.topicName, told);
      partitionErrors.push({ topicName: topic.topicName, partitionIndex: told.partitionIndex, errorCode: errorCode(error ?? 'NONE') });
      if (error !== null) continue;
      next = stopPartition(next, { topic: topic.topicName, partition: told.partitionIndex, deleted: told.deletePartition }, scope);
      anyDeleted ||= told.deletePartition;
    }
  }
  if (anyDeleted) next = checkpointAfterDeletion(next, scope);
  scope.effects.push({ type: 'respond', requestId, api: 'StopReplica', body: { errorCode: 0, partitionErrors } });
  return next;
}

function judge(state: BrokerState, topic: string, told: StopReplicaRequestStopReplicaPartitionState): ErrorName | null {
  const key = partitionKey(topic, told.partitionIndex);
  if (isOffline(state, key)) return 'KAFKA_STORAGE_ERROR';
  const partition = getPartition(state, key);
  if (partition === null || told.leaderEpoch === EPOCH_DURING_DELETE || told.leaderEpoch === NO_EPOCH) return null;
  return told.leaderEpoch < partition.leaderEpoch ? 'FENCED_LEADER_EPOCH' : null;
}

function stopPartition(
  state: BrokerState,
  stop: { readonly topic: string; readonly partition: PartitionId; readonly deleted: boolean },
  scope: BrokerScope,
): BrokerState {
  const { topic, partition, deleted } = stop;
  const key = partitionKey(topic, partition);
  const hosted = getPartition(state, key);
  const log = hosted?.log ?? mapGet(state.idleLogs, key);
  if (log !== undefined) scope.effects.push({ type: 'trace', event: { type: 'ReplicaStopped', brokerId: state.identity.brokerId, topic, partition, deleted } });
  let next = removeFromFetchers(deleted ? forgetCleanedLog(state, key, scope) : state, key);
  if (deleted) next = changed(copyBroker(next), { partitions: mapDelete(next.partitions, key), idleLogs: mapDelete(next.idleLogs, key) });
  next = completeAfterRoleChange(next, key, scope);
  if (!deleted || log === undefined) return next;
  deleteLog(log, scope);
  return changed(copyBroker(next), { logsById: mapDelete(next.logsById, String(log.logId)) });
}

/** The files must not name a log that is gone. */
function checkpointAfterDeletion(state: BrokerState, scope: BrokerScope): BrokerState {
  writeRecoveryPoints(state, scope);
  writeLogStartOffsets(state, scope);
  return state.highWatermarkCheckpointStarted ? checkpointHighWatermarks(state, scope) : state;
}
