import type { Codecs } from '../../kernel/codecs.ts';
import { copyConsumed } from './consumer-state.ts';
import { changed } from '../../kernel/mutable.ts';
import { utf8Decode } from '../../kernel/bytes.ts';
import { mapGet, mapSet, mapValues } from '../../kernel/persistent-map.ts';
import { msToUs } from '../../kernel/units.ts';
import type { NodeAddress } from '../../network-client/contract.ts';
import { queueRequest, type NetworkResult } from '../../network-client/network-client.ts';
import { errorName, type ErrorName } from '../../protocol/errors.ts';
import { LATEST_VERSIONS } from '../../protocol/frames.ts';
import { fetchRequest, fetchRequestFetchPartition, fetchRequestFetchTopic } from '../../protocol/generated/fetch-request.ts';
import type { FetchResponse, FetchResponsePartitionData } from '../../protocol/generated/fetch-response.ts';
import { batchError, batchSizeBytes, isControlBatch, lastOffset, partitionLeaderEpoch, readRecords } from '../../protocol/record-batch.ts';
import { leaderOf, partitionOf, requestUpdate, topicOf, updateLeadership, type LeaderNews } from '../shared/metadata.ts';
import { traceMetadata } from '../shared/trace-metadata.ts';
import type { AskedPartition, ConsumedPartition, Work } from './consumer-state.ts';
import { doubtPosition, putPartition, stop } from './put-partition.ts';

/** Fetcher: one Fetch a node at a time, for the partitions it leads that are ready. */
const CONSUMER_REPLICA = -1;
const FULL_FETCH_EPOCH = -1;

export function sendFetches(work: Work): NetworkResult {
  let net = work.state.net;
  const ready = new Map<number, { node: NodeAddress; parts: ConsumedPartition[] }>();
  for (const part of mapValues(work.state.partitions)) {
    if (part.status !== 'fetching' || part.position === null || part.notBeforeUs > work.scope.context.nowUs) continue;
    const node = leaderOf(work.state.metadata, part.topic, part.partition);
    if (node === null) work.state.metadata = requestUpdate(work.state.metadata);
    else if (!work.state.fetching.includes(node.nodeId)) {
      const known = ready.get(node.nodeId);
      if (known === undefined) ready.set(node.nodeId, { node, parts: [part] });
      else known.parts.push(part);
    }
  }
  for (const { node, parts } of ready.values()) {
    const tag = `fetch-${work.state.nextTag}`;
    const asked: AskedPartition[] = parts.map((part) => ({ key: `${part.topic}-${part.partition}`, offset: part.position ?? 0 }));
    work.state.nextTag = work.state.nextTag + 1;
    work.state.fetching = [...work.state.fetching, node.nodeId];
    work.state.asked = mapSet(work.state.asked, tag, asked);
    net = queueRequest(
      net,
      { node, api: 'Fetch', version: LATEST_VERSIONS.Fetch, body: fetchBody(work, parts), tag, expectsResponse: true },
      work.scope,
    ).client;
  }
  return { client: net, events: [] };
}

function fetchBody(work: Work, parts: readonly ConsumedPartition[]): ReturnType<typeof fetchRequest> {
  const { settings, config } = work.state;
  const topicId = topicOf(work.state.metadata, config.topic)?.topicId;
  const partitions = parts.map((part) =>
    fetchRequestFetchPartition({
      partition: part.partition,
      currentLeaderEpoch: partitionOf(work.state.metadata, part.topic, part.partition)?.leaderEpoch ?? -1,
      fetchOffset: part.position ?? 0,
      partitionMaxBytes: settings.maxPartitionBytes,
    }),
  );
  const topics = [fetchRequestFetchTopic({ topic: config.topic, ...(topicId === undefined ? {} : { topicId }), partitions })];
  return fetchRequest({
    replicaId: CONSUMER_REPLICA,
    maxWaitMs: settings.maxWaitMs,
    minBytes: settings.minBytes,
    maxBytes: settings.maxBytes,
    sessionId: 0,
    sessionEpoch: FULL_FETCH_EPOCH,
    topics,
  });
}

function fetchEnded(work: Work, nodeId: number): void {
  work.state.fetching = work.state.fetching.filter((other) => other !== nodeId);
}

export function onFetchFailed(work: Work, nodeId: number): void {
  fetchEnded(work, nodeId);
}

export function onFetchResponse(
  work: Work,
  answer: { readonly nodeId: number; readonly asked: readonly AskedPartition[]; readonly response: FetchResponse },
): void {
  fetchEnded(work, answer.nodeId);
  const { config } = work.state;
  const news: LeaderNews[] = [];
  for (const topic of answer.response.responses) {
    for (const data of topic.partitions) {
      const key = `${config.topic}-${data.partitionIndex}`;
      const part = mapGet(work.state.partitions, key);
      const offset = answer.asked.find((one) => one.key === key)?.offset;
      // The position was moved meanwhile (reset, validation): this answer is about another place.
      if (part === undefined || part.status !== 'fetching' || part.position !== offset) continue;
      onPartitionData(work, part, data);
      const error = data.errorCode === 0 ? 'NONE' : errorName(data.errorCode);
      if (error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH')
        news.push({ topic: part.topic, partition: part.partition, ...data.currentLeader });
    }
  }
  if (news.length > 0) takeLeaders(work, news, answer.response);
  if (answer.response.errorCode !== 0) for (const { key } of answer.asked) backOff(work, key);
}

/** The leader that a refusal names is believed at once, and the position is validated there (KIP-951). */
function takeLeaders(work: Work, news: readonly LeaderNews[], response: FetchResponse): void {
  const before = work.state.metadata;
  work.state.metadata = updateLeadership(before, news, response.nodeEndpoints);
  if (work.state.metadata === before) return;
  traceMetadata(work.scope, work.state.config.clientId, before, work.state.metadata);
  for (const { topic, partition } of news) {
    const part = mapGet(work.state.partitions, `${topic}-${partition}`);
    if (part !== undefined && partitionOf(work.state.metadata, topic, partition) !== partitionOf(before, topic, partition))
      doubtPosition(work, changed(copyConsumed(part), { notBeforeUs: 0 }));
  }
}

function backOff(work: Work, key: string): void {
  const part = mapGet(work.state.partitions, key);
  if (part !== undefined)
    putPartition(work, changed(copyConsumed(part), { notBeforeUs: work.scope.context.nowUs + msToUs(work.state.settings.retryBackoffMs) }));
}

function onPartitionData(work: Work, part: ConsumedPartition, data: FetchResponsePartitionData): void {
  const error = errorName(data.errorCode);
  if (error !== 'NONE') return onPartitionError(work, part, error);
  const records = data.records ?? [];
  if (records.length === 0 && data.highWatermark === part.highWatermark && data.logStartOffset === part.logStartOffset) return;
  const read = readBatches(part, records, work.scope.context.codecs);
  putPartition(work, {
    topic: part.topic,
    partition: part.partition,
    status: part.status,
    position: read.nextOffset,
    positionEpoch: read.epoch,
    validatedEpoch: part.validatedEpoch,
    highWatermark: data.highWatermark,
    logStartOffset: data.logStartOffset,
    consumed: part.consumed + read.values.length,
    notBeforeUs: part.notBeforeUs,
  });
  // poll() throws a KafkaException here; fetching the same bytes again would find them no better.
  if (read.corrupt) stop(work, changed(copyConsumed(part), { position: read.nextOffset }), 'CORRUPT_MESSAGE');
  if (read.nextOffset === part.position) return;
  work.scope.effects.push({
    type: 'trace',
    event: {
      type: 'RecordsConsumed',
      client: work.state.config.clientId,
      topic: part.topic,
      partition: part.partition,
      baseOffset: part.position ?? 0,
      nextOffset: read.nextOffset,
      highWatermark: data.highWatermark,
      values: read.values,
    },
  });
}

interface ReadBatches {
  readonly nextOffset: number;
  readonly epoch: number;
  readonly values: string[];
  readonly corrupt: boolean;
}

/** Whole batches from the one that holds the position; what lies before it is dropped, a part of a batch at the end ignored. */
function readBatches(part: ConsumedPartition, batches: readonly Uint8Array[], codecs: Codecs): ReadBatches {
  const values: string[] = [];
  let nextOffset = part.position ?? 0;
  let epoch = part.positionEpoch;
  for (const batch of batches) {
    // An answer that is not empty and brings no whole batch will not do better next time (FetchCollector: failed to make progress).
    if (batch.length < 12 || batchSizeBytes(batch) > batch.length) return { nextOffset, epoch, values, corrupt: nextOffset === part.position };
    if (batchError(batch) !== null) return { nextOffset, epoch, values, corrupt: true };
    if (lastOffset(batch) < nextOffset) continue;
    if (!isControlBatch(batch)) {
      const read = readRecords(batch, codecs);
      if (!read.ok) return { nextOffset, epoch, values, corrupt: true };
      for (const record of read.records) if (record.offset >= nextOffset) values.push(record.value === null ? '' : utf8Decode(record.value));
    }
    nextOffset = lastOffset(batch) + 1;
    epoch = partitionLeaderEpoch(batch);
  }
  return { nextOffset, epoch, values, corrupt: false };
}

/** FetchCollector.handleInitializeErrors. */
function onPartitionError(work: Work, part: ConsumedPartition, error: ErrorName): void {
  traceFailure(work, part, error);
  if (error === 'OFFSET_OUT_OF_RANGE') return onOutOfRange(work, part);
  backOff(work, `${part.topic}-${part.partition}`);
  if (error !== 'UNKNOWN_LEADER_EPOCH' && error !== 'CORRUPT_MESSAGE') work.state.metadata = requestUpdate(work.state.metadata);
}

function onOutOfRange(work: Work, part: ConsumedPartition): void {
  const stops = work.state.settings.reset === 'none';
  putPartition(work, changed(copyConsumed(part), { status: stops ? 'stopped' : 'needsOffset' }));
}

function traceFailure(work: Work, part: ConsumedPartition, error: ErrorName): void {
  work.scope.effects.push({
    type: 'trace',
    event: { type: 'FetchFailed', client: work.state.config.clientId, topic: part.topic, partition: part.partition, error },
  });
}
