import { changed } from '../../kernel/mutable.ts';
import type { Offset } from '../../kernel/units.ts';
import { errorCode } from '../../protocol/errors.ts';
import { deleteRecordsResponse, deleteRecordsResponseDeleteRecordsPartitionResult } from '../../protocol/generated/delete-records-response.ts';
import { copyBroker, getPartition, notHostedError, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { hasAliveBroker } from '../metadata/metadata-cache.ts';
import type { Partition } from '../replication/partition.ts';
import type { DelayedDeleteRecords, DeleteRecordsStatus } from './delayed-operations.ts';
import { findOperation, replaceOperation, unpark, watchersOf } from './purgatory.ts';

/** DelayedDeleteRecords.tryComplete for one partition. */
export function checkLowWatermark(state: BrokerState, status: DeleteRecordsStatus): DeleteRecordsStatus {
  if (!status.pending) return status;
  const partition = getPartition(state, status.key);
  if (partition === null) return { ...status, pending: false, error: notHostedError(state, status.topic, status.partition) };
  const lowWatermark = lowWatermarkOf(state, partition);
  if (lowWatermark === null) return { ...status, pending: false, error: 'NOT_LEADER_OR_FOLLOWER' };
  return lowWatermark < status.requestedOffset ? { ...status, lowWatermark } : { ...status, pending: false, lowWatermark, error: 'NONE' };
}

/** Partition.lowWatermarkIfLeader: the least log start of the live replicas, or null for a follower. */
function lowWatermarkOf(state: BrokerState, { role, log }: Partition): Offset | null {
  if (role.kind !== 'leader') return null;
  let least = log.logStartOffset;
  for (const follower of role.followers) if (hasAliveBroker(state.metadata, follower.brokerId)) least = Math.min(least, follower.logStartOffset);
  return least;
}

/** Answers each parked deletion that watches this partition and has no replica left to wait for. */
export function completeDeletions(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  if (state.delayedDelete.operations.length === 0) return state;
  let next = state;
  for (const requestId of watchersOf(state.delayedDelete, key)) {
    const operation = findOperation(next.delayedDelete, requestId);
    if (operation === null) continue;
    const checked: DelayedDeleteRecords = { ...operation, partitions: operation.partitions.map((status) => checkLowWatermark(next, status)) };
    if (checked.partitions.some((status) => status.pending)) next = changed(copyBroker(next), { delayedDelete: replaceOperation(next.delayedDelete, checked) });
    else next = completeDeletion(next, checked, scope);
  }
  return next;
}

/** Takes a deletion out and answers it; what is still pending says REQUEST_TIMED_OUT. */
export function completeDeletion(state: BrokerState, operation: DelayedDeleteRecords, scope: BrokerScope): BrokerState {
  const next = changed(copyBroker(state), { delayedDelete: unpark(state.delayedDelete, operation, scope) });
  respondToDeletion(operation, scope);
  return next;
}

/** Ends a DeleteRecords request with what is known of each partition. */
export function respondToDeletion({ requestId, partitions }: DelayedDeleteRecords, scope: BrokerScope): void {
  const names = [...new Set(partitions.map((status) => status.topic))];
  const topics = names.map((name) => ({
    name,
    partitions: partitions
      .filter((status) => status.topic === name)
      .map(({ partition, lowWatermark, error }) =>
        deleteRecordsResponseDeleteRecordsPartitionResult({ partitionIndex: partition, lowWatermark, errorCode: errorCode(error) }),
      ),
  }));
  scope.effects.push({ type: 'respond', requestId, api: 'DeleteRecords', body: deleteRecordsResponse({ topics }) });
}
