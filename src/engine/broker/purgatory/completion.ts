import { bytesBetween } from '../../log/read.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import { getPartition, notHostedError, withDelayedFetch, withDelayedProduce, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { checkAccess, effectiveMinIsr, maximalIsr } from '../replication/partition.ts';
import { compareEpochs, upperBound } from '../requests/read-partition.ts';
import { readWholeFetch } from '../requests/fetch-answer.ts';
import { respondToProduce } from '../requests/produce-answer.ts';
import { completeDeletions } from './delayed-deletion.ts';
import { NO_FETCHED_EPOCH, type DelayedFetch, type DelayedProduce, type FetchPartitionStatus, type ProduceStatus } from './delayed-operations.ts';
import { findOperation, replaceOperation, unpark, watchersOf } from './purgatory.ts';

/** After the high watermark of a partition moved: whoever waits for it (DelayedOperations.checkAndCompleteAll). */
export function completeAllOperations(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  return completeDeletions(completeProduces(completeFetches(state, key, scope), key, scope), key, scope);
}

/** After a replica stopped leading or went: produce first, as Kafka does (completeDelayedFetchOrProduceRequests). */
export function completeAfterRoleChange(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  return completeFetches(completeProduces(state, key, scope), key, scope);
}

/** Answers each parked fetch that watches this partition and may now be answered. */
export function completeFetches(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  let next = state;
  for (const requestId of watchersOf(state.delayedFetch, key)) {
    const operation = findOperation(next.delayedFetch, requestId);
    if (operation !== null && canCompleteFetch(next, operation, key)) next = completeFetch(next, operation, scope);
  }
  return next;
}

/** Takes a fetch out and answers it with what can be read now. The follower's state is not touched a second time. */
export function completeFetch(state: BrokerState, operation: DelayedFetch, scope: BrokerScope): BrokerState {
  const delayedFetch = unpark(state.delayedFetch, operation, scope);
  const body = readWholeFetch(state, operation.topics, operation.params, scope);
  scope.effects.push({ type: 'respond', requestId: operation.requestId, api: 'Fetch', body });
  return withDelayedFetch(state, delayedFetch);
}

/**
 * DelayedFetch.tryComplete after something happened to one partition; null looks at all of them. As long as nothing can be read
 * there, what the others hold was judged when it changed.
 */
export function canCompleteFetch(state: BrokerState, operation: DelayedFetch, changedKey: string | null): boolean {
  const wanted = Math.max(1, operation.params.minBytes);
  if (changedKey !== null) {
    const changed = availableBytes(state, operation, changedKey);
    if (changed >= wanted) return true;
    if (changed === 0) return false;
  }
  return availableBytes(state, operation, null) >= operation.params.minBytes;
}

/** Bytes that this fetch would find, in one of its partitions or in all; infinite when it must be answered for another reason. */
function availableBytes(state: BrokerState, operation: DelayedFetch, key: string | null): number {
  let sizeBytes = 0;
  for (const topic of operation.topics) {
    for (const status of topic.partitions) {
      if (status.error !== null || (key !== null && status.key !== key)) continue;
      sizeBytes += availableInPartition(state, operation, status);
    }
  }
  return sizeBytes;
}

function availableInPartition(state: BrokerState, operation: DelayedFetch, status: FetchPartitionStatus): number {
  const { fetch } = status;
  const partition = getPartition(state, status.key);
  if (partition === null || checkAccess(partition, { currentLeaderEpoch: fetch.currentLeaderEpoch, onlyLeader: operation.params.onlyLeader }) !== null)
    return Infinity;
  const end = upperBound(partition.log, operation.params.isolation);
  if (fetch.fetchOffset > end) return Infinity;
  if (fetch.lastFetchedEpoch !== NO_FETCHED_EPOCH && compareEpochs(partition.log, fetch) !== null) return Infinity;
  if (fetch.fetchOffset === end) return 0;
  const { sizeBytes, olderSegment } = bytesBetween(partition.log, fetch.fetchOffset, end);
  return olderSegment ? Infinity : Math.min(sizeBytes, fetch.partitionMaxBytes);
}

/** Answers each parked produce that watches this partition and has no acks left to wait for. */
export function completeProduces(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  let next = state;
  for (const requestId of watchersOf(state.delayedProduce, key)) {
    const operation = findOperation(next.delayedProduce, requestId);
    if (operation !== null) next = checkProduce(next, operation, scope);
  }
  return next;
}

function checkProduce(state: BrokerState, operation: DelayedProduce, scope: BrokerScope): BrokerState {
  const { requestId, parkedUs, expiresUs, keys, clientId } = operation;
  const checked: DelayedProduce = {
    requestId,
    parkedUs,
    expiresUs,
    keys,
    clientId,
    partitions: operation.partitions.map((status) => checkAcks(state, status)),
  };
  if (checked.partitions.some((status) => status.acksPending)) return withDelayedProduce(state, replaceOperation(state.delayedProduce, checked));
  return completeProduce(state, checked, scope);
}

/** Takes a produce out and answers it; what is still pending says REQUEST_TIMED_OUT. */
export function completeProduce(state: BrokerState, operation: DelayedProduce, scope: BrokerScope): BrokerState {
  const next = withDelayedProduce(state, unpark(state.delayedProduce, operation, scope));
  respondToProduce(next, { requestId: operation.requestId, clientId: operation.clientId, acks: -1, statuses: operation.partitions }, scope);
  return next;
}

/** What acks=all makes of one partition now (DelayedProduce.tryComplete). */
export function checkAcks(state: BrokerState, status: ProduceStatus): ProduceStatus {
  if (!status.acksPending) return status;
  const outcome = acksOutcome(state, status);
  return outcome === null ? status : { ...status, acksPending: false, response: { ...status.response, errorCode: errorCode(outcome) } };
}

/** Partition.checkEnoughReplicasReachOffset: null while it must wait. */
function acksOutcome(state: BrokerState, status: ProduceStatus): ErrorName | null {
  const partition = getPartition(state, status.key);
  if (partition === null) return notHostedError(state, status.topic, status.partition);
  if (partition.role.kind !== 'leader') return 'NOT_LEADER_OR_FOLLOWER';
  if (partition.log.highWatermark < status.requiredOffset) return null;
  return effectiveMinIsr(partition) <= maximalIsr(partition.role).length ? 'NONE' : 'NOT_ENOUGH_REPLICAS_AFTER_APPEND';
}
