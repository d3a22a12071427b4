import { appendAsLeader, type AppendInfo } from '../../log/append.ts';
import type { AppendError } from '../../log/log-validator.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import type { ProduceRequestPartitionProduceData } from '../../protocol/generated/produce-request.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import { getPartition, notHostedError, partitionKey, putPartition, replicationFacts, withDelayedProduce, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { findPartition } from '../metadata/metadata-cache.ts';
import { checkAcks, completeAllOperations, completeFetches } from '../purgatory/completion.ts';
import type { DelayedProduce, ProduceStatus } from '../purgatory/delayed-operations.ts';
import { expiryUs, park } from '../purgatory/purgatory.ts';
import { maybeIncrementLeaderHighWatermark } from '../replication/high-watermark.ts';
import { effectiveMinIsr, withLog, type LeaderRole, type Partition } from '../replication/partition.ts';
import { traceAppend } from '../replication/trace-append.ts';
import { INTERNAL_TOPICS } from './internal-topics.ts';
import { produceResult, respondToProduce } from './produce-answer.ts';

const ADMIN_CLIENT_ID = '__admin_client';
/** Refusals of whole batches that Kafka answers without looking where the log starts (ReplicaManager.appendToLocalLog). */
const BATCH_ERRORS: readonly string[] = ['CORRUPT_MESSAGE', 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** What happened to the logs, to be told to whoever is parked once the producer has been served (ActionQueue). */
interface Appended {
  readonly key: string;
  readonly highWatermarkMoved: boolean;
}

/** Produce (KafkaApis.handleProduceRequest, ReplicaManager.appendRecords): append, then answer, park for acks=all, or keep silent. */
export function onProduce(state: BrokerState, requestId: number, frame: RequestFrameOf<'Produce'>, scope: BrokerScope): BrokerState {
  const { acks } = frame.body;
  const statuses: ProduceStatus[] = [];
  const appended: Appended[] = [];
  let next = state;
  for (const topic of frame.body.topicData) {
    for (const data of topic.partitionData) {
      const outcome = producePartition(next, { topic: topic.name, data, acks, clientId: frame.clientId }, scope);
      next = outcome.state;
      statuses.push(outcome.status);
      if (outcome.appended !== null) appended.push(outcome.appended);
    }
  }
  next = answerOrPark(next, { requestId, frame, statuses }, scope);
  for (const { key, highWatermarkMoved } of appended) next = highWatermarkMoved ? completeAllOperations(next, key, scope) : completeFetches(next, key, scope);
  return next;
}

function answerOrPark(
  state: BrokerState,
  produced: { readonly requestId: number; readonly frame: RequestFrameOf<'Produce'>; readonly statuses: readonly ProduceStatus[] },
  scope: BrokerScope,
): BrokerState {
  const { requestId, frame } = produced;
  const { acks, timeoutMs } = frame.body;
  const statuses = acks === -1 ? produced.statuses.map((status) => checkAcks(state, status)) : produced.statuses;
  if (!statuses.some((status) => status.acksPending)) {
    respondToProduce(state, { requestId, clientId: frame.clientId, acks, statuses }, scope);
    return state;
  }
  const { nowUs } = scope.context;
  const keys = statuses.filter((status) => status.acksPending).map((status) => status.key);
  const operation: DelayedProduce = { requestId, parkedUs: nowUs, expiresUs: expiryUs(nowUs, timeoutMs), keys, clientId: frame.clientId, partitions: statuses };
  return withDelayedProduce(state, park(state.delayedProduce, operation, scope));
}

interface PartitionProduce {
  readonly topic: string;
  readonly data: ProduceRequestPartitionProduceData;
  readonly acks: number;
  readonly clientId: string;
}

interface PartitionOutcome {
  readonly state: BrokerState;
  readonly status: ProduceStatus;
  readonly appended: Appended | null;
}

function producePartition(state: BrokerState, produce: PartitionProduce, scope: BrokerScope): PartitionOutcome {
  const { topic, data, acks } = produce;
  const key = partitionKey(topic, data.index);
  const partition = getPartition(state, key);
  const error = produceError(state, produce, partition);
  if (error !== null || partition === null)
    return {
      state,
      status: refusedStatus(produce, key, { error: error ?? 'NOT_LEADER_OR_FOLLOWER', logStartOffset: startAfter(error, partition) }),
      appended: null,
    };
  const result = appendAsLeader(partition.log, data.records ?? [], { leaderEpoch: partition.leaderEpoch }, scope);
  const written = withLog(partition, result.log);
  if (result.error !== null) {
    // A reason is given only beside the records that are to blame.
    const refusal = {
      error: wireError(result.error),
      logStartOffset: BATCH_ERRORS.includes(result.error) ? -1 : result.log.logStartOffset,
      errorMessage: result.recordErrors.length > 0 ? result.message : null,
      recordErrors: result.recordErrors,
    };
    return { state: putPartition(state, written), status: refusedStatus(produce, key, refusal), appended: null };
  }
  traceAppend(written, result.info, state.identity.brokerId, scope);
  const advanced = maybeIncrementLeaderHighWatermark(written, replicationFacts(state), scope);
  const status = appendedStatus(produce, key, result.info, acks);
  return { state: putPartition(state, advanced), status, appended: { key, highWatermarkMoved: advanced !== written } };
}

/** What speaks against the append before the records are looked at, in Kafka's order. */
function produceError(state: BrokerState, produce: PartitionProduce, partition: Partition | null): ErrorName | null {
  const { topic, data, acks } = produce;
  if (findPartition(state.metadata, topic, data.index) === null) return 'UNKNOWN_TOPIC_OR_PARTITION';
  if (data.records === null || data.records.length !== 1) return 'INVALID_RECORD';
  if (acks !== -1 && acks !== 0 && acks !== 1) return 'INVALID_REQUIRED_ACKS';
  if (INTERNAL_TOPICS.includes(topic) && produce.clientId !== ADMIN_CLIENT_ID) return 'INVALID_TOPIC_EXCEPTION';
  if (partition === null) return notHostedError(state, topic, data.index);
  if (partition.role.kind !== 'leader') return 'NOT_LEADER_OR_FOLLOWER';
  return acks === -1 && tooFewInSync(partition, partition.role) ? 'NOT_ENOUGH_REPLICAS' : null;
}

function tooFewInSync(partition: Partition, role: LeaderRole): boolean {
  return role.committedIsr.length < effectiveMinIsr(partition);
}

/** Kafka tells the log's start with an error only where it got as far as the log. */
function startAfter(error: ErrorName | null, partition: Partition | null): number {
  return error === 'NOT_ENOUGH_REPLICAS' && partition !== null ? partition.log.logStartOffset : -1;
}

/** Two errors of a follower's append cannot come from a leader's. */
function wireError(error: AppendError): ErrorName {
  return error === 'UNEXPECTED_APPEND_OFFSET' || error === 'OFFSETS_OUT_OF_ORDER' ? 'UNKNOWN_SERVER_ERROR' : error;
}

interface Refusal {
  readonly error: ErrorName;
  readonly logStartOffset: number;
  readonly errorMessage?: string | null;
  readonly recordErrors?: readonly { readonly batchIndex: number; readonly message: string }[];
}

function refusedStatus(produce: PartitionProduce, key: string, refusal: Refusal): ProduceStatus {
  const recordErrors = (refusal.recordErrors ?? []).map((each) => ({ batchIndex: each.batchIndex, batchIndexErrorMessage: each.message }));
  const response = produceResult(produce.data.index, {
    errorCode: errorCode(refusal.error),
    logStartOffset: refusal.logStartOffset,
    errorMessage: refusal.errorMessage ?? null,
    recordErrors,
  });
  return { key, topic: produce.topic, partition: produce.data.index, requiredOffset: -1, acksPending: false, response };
}

function appendedStatus(produce: PartitionProduce, key: string, info: AppendInfo, acks: number): ProduceStatus {
  const acksPending = acks === -1;
  const response = produceResult(produce.data.index, {
    errorCode: acksPending ? errorCode('REQUEST_TIMED_OUT') : 0,
    baseOffset: info.firstOffset,
    logAppendTimeMs: info.logAppendTimeMs,
    logStartOffset: info.logStartOffset,
  });
  return { key, topic: produce.topic, partition: produce.data.index, requiredOffset: info.lastOffset + 1, acksPending, response };
}
