import { ZERO_UUID } from '../../protocol/codec.ts';
import type { ErrorName } from '../../protocol/errors.ts';
import type { FetchRequest, FetchRequestFetchTopic } from '../../protocol/generated/fetch-request.ts';
import type { FetchResponsePartitionData, FetchResponseFetchableTopicResponse } from '../../protocol/generated/fetch-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import { getPartition, partitionKey, putPartition, replicationFacts, withDelayedFetch, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { findPartition, topicNameOf } from '../metadata/metadata-cache.ts';
import { canCompleteFetch, completeAllOperations } from '../purgatory/completion.ts';
import {
  isFromFollower,
  type DelayedFetch,
  type FetchIsolation,
  type FetchParams,
  type FetchPartitionStatus,
  type FetchTopicStatus,
} from '../purgatory/delayed-operations.ts';
import { completeDeletions } from '../purgatory/delayed-deletion.ts';
import { expiryUs, park } from '../purgatory/purgatory.ts';
import { updateFetchState } from '../replication/follower-replica.ts';
import { maybeIncrementLeaderHighWatermark } from '../replication/high-watermark.ts';
import { maybeExpandIsr } from '../replication/isr.ts';
import { findFollower, withFollower, withRole } from '../replication/partition.ts';
import { fetchAnswer, partitionAnswer, readNext, refusedAnswer, sendFiles, startReading } from './fetch-answer.ts';
import type { PartitionRead } from './read-partition.ts';

const FIRST_VERSION_WITH_TOPIC_IDS = 13;
const FIRST_VERSION_WITH_REPLICA_STATE = 15;
const FIRST_VERSION_WITH_RACK = 11;

/**
 * Fetch of a follower or consumer (KafkaApis.handleFetchRequest, ReplicaManager.fetchMessages). A follower's fetch is also its
 * report of how far it is: that may let it into the ISR and move the high watermark, but the answer carries the offsets from before.
 */
export function onFetch(state: BrokerState, requestId: number, frame: RequestFrameOf<'Fetch'>, scope: BrokerScope): BrokerState {
  const params = fetchParams(state, frame);
  const topics = resolveTopics(state, frame);
  const reading = startReading(params);
  const responses: FetchResponseFetchableTopicResponse[] = [];
  let next = state;
  let readableCount = 0;
  for (const topic of topics) {
    const partitions: FetchResponsePartitionData[] = [];
    for (const status of topic.partitions) {
      if (status.error !== null) {
        traceRefusal(next, { status, params, error: status.error }, scope);
        // This one Kafka finds while it reads, and then it answers at once.
        if (status.error === 'INCONSISTENT_TOPIC_ID') reading.mustAnswer = true;
        partitions.push(refusedAnswer(status, status.error));
        continue;
      }
      readableCount += 1;
      const read = readNext(next, status, reading, scope);
      if (read.error !== null) traceRefusal(next, { status, params, error: read.error }, scope);
      else if (isFromFollower(params) && read.divergingEpoch === null) next = recordFollowerFetch(next, status, read, params, scope);
      partitions.push(partitionAnswer(next, status, read, reading));
    }
    responses.push({ topic: topic.topic, topicId: topic.topicId, partitions });
  }
  const answersNow = reading.mustAnswer || params.maxWaitMs <= 0 || readableCount === 0 || reading.bytesRead >= params.minBytes;
  const operation: DelayedFetch | null = answersNow ? null : delayedFetch(requestId, topics, params, scope);
  if (operation !== null && !canCompleteFetch(next, operation, null)) return withDelayedFetch(next, park(next.delayedFetch, operation, scope));
  sendFiles(reading, scope);
  scope.effects.push({ type: 'respond', requestId, api: 'Fetch', body: fetchAnswer(next, responses, reading) });
  return next;
}

function fetchParams(state: BrokerState, frame: RequestFrameOf<'Fetch'>): FetchParams {
  const { body, version } = frame;
  const replicaId = version >= FIRST_VERSION_WITH_REPLICA_STATE ? body.replicaState.replicaId : body.replicaId;
  const fromFollower = replicaId >= 0;
  const maxBytes = fromFollower ? body.maxBytes : Math.min(body.maxBytes, state.config.fetchMaxBytes);
  return {
    version,
    replicaId,
    replicaEpoch: body.replicaState.replicaEpoch,
    maxWaitMs: body.maxWaitMs,
    minBytes: Math.min(body.minBytes, maxBytes),
    maxBytes,
    isolation: fromFollower ? 'logEnd' : isolationOf(body),
    onlyLeader: fromFollower || version < FIRST_VERSION_WITH_RACK,
    from: fromFollower ? `broker-${replicaId}` : frame.clientId,
  };
}

function isolationOf(body: FetchRequest): FetchIsolation {
  return body.isolationLevel === 1 ? 'txnCommitted' : 'highWatermark';
}

/** Names for topic ids, and the partitions that this broker has not heard of. */
function resolveTopics(state: BrokerState, frame: RequestFrameOf<'Fetch'>): readonly FetchTopicStatus[] {
  return frame.body.topics.map((topic) => {
    const name = frame.version >= FIRST_VERSION_WITH_TOPIC_IDS ? topicNameOf(state.metadata, topic.topicId) : topic.topic;
    return { topic: name ?? '', topicId: topic.topicId, partitions: resolvePartitions(state, topic, name) };
  });
}

function resolvePartitions(state: BrokerState, topic: FetchRequestFetchTopic, name: string | null): readonly FetchPartitionStatus[] {
  return topic.partitions.map((fetch) => {
    if (name === null) return { key: '', topic: '', fetch, error: 'UNKNOWN_TOPIC_ID' as const };
    const key = partitionKey(name, fetch.partition);
    if (findPartition(state.metadata, name, fetch.partition) === null) return { key, topic: name, fetch, error: 'UNKNOWN_TOPIC_OR_PARTITION' as const };
    return { key, topic: name, fetch, error: topicIdError(state, key, topic.topicId) };
  });
}

/** The id of the request must be the log's: the topic may have been deleted and made again. */
function topicIdError(state: BrokerState, key: string, topicId: string): ErrorName | null {
  const logTopicId = getPartition(state, key)?.log.topicId ?? null;
  return logTopicId === null || topicId === ZERO_UUID || topicId === logTopicId ? null : 'INCONSISTENT_TOPIC_ID';
}

/** Partition.updateFollowerFetchState: note where the follower is, perhaps ask for it to join the ISR, perhaps move the high watermark. */
function recordFollowerFetch(state: BrokerState, status: FetchPartitionStatus, read: PartitionRead, params: FetchParams, scope: BrokerScope): BrokerState {
  const partition = getPartition(state, status.key);
  if (partition === null || partition.role.kind !== 'leader') return state;
  const before = findFollower(partition.role, params.replicaId);
  if (before === null) return state;
  const { fetchOffset, logStartOffset } = status.fetch;
  const follower = updateFetchState(before, {
    fetchOffset,
    logStartOffset,
    timeMs: scope.context.nowMs,
    leaderEndOffset: read.logEndOffset,
    brokerEpoch: params.replicaEpoch,
  });
  const updated = withRole(partition, withFollower(partition.role, follower));
  const next = maybeExpandIsr(putPartition(state, updated), updated, follower, scope);
  if (before.logEndOffset === follower.logEndOffset) return before.logStartOffset < follower.logStartOffset ? completeDeletions(next, status.key, scope) : next;
  const current = getPartition(next, status.key) ?? updated;
  const advanced = maybeIncrementLeaderHighWatermark(current, replicationFacts(next), scope);
  if (advanced === current && before.logStartOffset < follower.logStartOffset) return completeDeletions(next, status.key, scope);
  return advanced === current ? next : completeAllOperations(putPartition(next, advanced), status.key, scope);
}

function delayedFetch(requestId: number, topics: readonly FetchTopicStatus[], params: FetchParams, scope: BrokerScope): DelayedFetch {
  const keys: string[] = [];
  for (const topic of topics) for (const status of topic.partitions) if (status.error === null) keys.push(status.key);
  const { nowUs } = scope.context;
  return { requestId, parkedUs: nowUs, expiresUs: expiryUs(nowUs, params.maxWaitMs), keys, params, topics };
}

function traceRefusal(
  state: BrokerState,
  refusal: { readonly status: FetchPartitionStatus; readonly params: FetchParams; readonly error: ErrorName },
  scope: BrokerScope,
): void {
  const { status, params, error } = refusal;
  scope.effects.push({
    type: 'trace',
    event: {
      type: 'RequestRefused',
      brokerId: state.identity.brokerId,
      topic: status.topic,
      partition: status.fetch.partition,
      api: 'Fetch',
      error,
      from: params.from,
    },
  });
}
