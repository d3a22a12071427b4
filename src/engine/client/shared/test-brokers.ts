import { NO_CODECS } from '../../kernel/codecs.ts';
import { apiVersionsResponse } from '../../protocol/generated/api-versions-response.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import { fetchResponse, fetchResponsePartitionData } from '../../protocol/generated/fetch-response.ts';
import { listOffsetsResponse, listOffsetsResponseListOffsetsPartitionResponse } from '../../protocol/generated/list-offsets-response.ts';
import {
  metadataResponse,
  metadataResponseMetadataResponsePartition,
  metadataResponseMetadataResponseTopic,
} from '../../protocol/generated/metadata-response.ts';
import { offsetForLeaderEpochResponse, offsetForLeaderEpochResponseEpochEndOffset } from '../../protocol/generated/offset-for-leader-epoch-response.ts';
import { produceResponse, produceResponsePartitionProduceResponse } from '../../protocol/generated/produce-response.ts';
import { batchSizeBytes, buildBatch, lastOffset, readRecords, recordCount, stampBatch } from '../../protocol/record-batch.ts';
import { utf8Decode, utf8Encode } from '../../kernel/bytes.ts';
import type { RequestBodies } from '../../protocol/generated/apis.ts';
import type { Answer, Handler, ReceivedRequest } from './test-cluster.ts';

export const TOPIC = 'orders';
export const TOPIC_ID = '0123456789abcdef0123456789abcdef';
export const NO_SUCH_OFFSET = -1;

/** One partition as the scripted brokers have it; a test changes it between two moments. */
export interface TestPartition {
  leader: number;
  leaderEpoch: number;
  logStartOffset: number;
  highWatermark: number;
  batches: Uint8Array[];
  /** Answer to Produce or Fetch instead of serving it; null serves. */
  produceError: ErrorName | null;
  fetchError: ErrorName | null;
  /** What OffsetForLeaderEpoch says of any epoch; null: all is as it was. */
  epochEnd: { leaderEpoch: number; endOffset: number } | null;
}

/** Brokers that share one belief about a topic, each serving the partitions that it leads. */
export interface TestBrokers {
  readonly partitions: TestPartition[];
  readonly brokerIds: number[];
  topicKnown: boolean;
  /** Whether a refusal names the leader (KIP-951). */
  namesLeader: boolean;
  readonly handler: Handler;
}

export function newTestBrokers(brokerIds: readonly number[], partitionCount: number): TestBrokers {
  const partitions: TestPartition[] = [];
  for (let i = 0; i < partitionCount; i++) {
    const leader = brokerIds[i % brokerIds.length] ?? 1;
    partitions.push({ leader, leaderEpoch: 0, logStartOffset: 0, highWatermark: 0, batches: [], produceError: null, fetchError: null, epochEnd: null });
  }
  const brokers: TestBrokers = { partitions, brokerIds: [...brokerIds], topicKnown: true, namesLeader: false, handler: (request) => serve(brokers, request) };
  return brokers;
}

/** Appends records as a leader of the present epoch would, committed at once; one batch. */
export function appendValues(partition: TestPartition, values: readonly string[]): void {
  const records = values.map((value) => ({ timestamp: 1_700_000_000_000, key: null, value: utf8Encode(value), headers: [] }));
  append(
    partition,
    buildBatch(records, {}, (sizeBytes) => new Uint8Array(sizeBytes)),
  );
}

function append(partition: TestPartition, batch: Uint8Array): number {
  const base = partition.highWatermark;
  partition.batches.push(stampBatch(batch, { baseOffset: base, leaderEpoch: partition.leaderEpoch }, (sizeBytes) => new Uint8Array(sizeBytes)));
  partition.highWatermark = base + recordCount(batch);
  return base;
}

/** The values of the partition's log, in order. */
export function valuesOf(partition: TestPartition): string[] {
  return partition.batches.flatMap((batch) => batchValues(batch));
}

export function batchValues(batch: Uint8Array): string[] {
  const read = readRecords(batch, NO_CODECS);
  if (!read.ok) throw new Error(read.detail);
  return read.records.map((record) => (record.value === null ? '' : utf8Decode(record.value)));
}

function body(content: Extract<Answer, { kind: 'body' }>['body'], afterUs = 0): Answer {
  return { kind: 'body', body: content, afterUs };
}

function serve(brokers: TestBrokers, request: ReceivedRequest): Answer {
  const { frame, nodeId } = request;
  switch (frame.api) {
    case 'ApiVersions':
      return body(apiVersionsResponse());
    case 'Metadata':
      return body(metadata(brokers));
    case 'Produce':
      return produce(brokers, nodeId, frame.body);
    case 'ListOffsets':
      return body(listOffsets(brokers, frame.body));
    case 'OffsetForLeaderEpoch':
      return body(epochEnds(brokers, frame.body));
    case 'Fetch':
      return fetch(brokers, nodeId, frame.body);
    default:
      throw new Error(`no script for ${frame.api}`);
  }
}

function metadata(brokers: TestBrokers): ReturnType<typeof metadataResponse> {
  const partitions = brokers.partitions.map((partition, partitionIndex) =>
    metadataResponseMetadataResponsePartition({
      partitionIndex,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      errorCode: partition.leader < 0 ? errorCode('LEADER_NOT_AVAILABLE') : 0,
      replicaNodes: brokers.brokerIds,
      isrNodes: brokers.brokerIds,
    }),
  );
  const topic = brokers.topicKnown
    ? metadataResponseMetadataResponseTopic({ name: TOPIC, topicId: TOPIC_ID, partitions })
    : metadataResponseMetadataResponseTopic({ name: TOPIC, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') });
  return metadataResponse({
    brokers: brokers.brokerIds.map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092, rack: null })),
    controllerId: 1,
    topics: [topic],
  });
}

function produce(brokers: TestBrokers, nodeId: number, asked: RequestBodies['Produce']): Answer {
  const responses = asked.topicData.map((topic) => ({
    name: topic.name,
    partitionResponses: topic.partitionData.map(({ index, records }) => {
      const partition = brokers.partitions[index];
      if (partition === undefined) return produceResponsePartitionProduceResponse({ index, errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION') });
      const error = partition.produceError ?? (partition.leader === nodeId ? null : 'NOT_LEADER_OR_FOLLOWER');
      if (error !== null)
        return produceResponsePartitionProduceResponse({ index, errorCode: errorCode(error), baseOffset: -1, ...leaderToTell(brokers, partition) });
      let base = NO_SUCH_OFFSET;
      for (const batch of records ?? []) base = append(partition, batch);
      return produceResponsePartitionProduceResponse({ index, baseOffset: base });
    }),
  }));
  return asked.acks === 0 ? { kind: 'silent' } : body(produceResponse({ responses, nodeEndpoints: endpoints(brokers) }));
}

function leaderToTell(brokers: TestBrokers, partition: TestPartition): { currentLeader?: { leaderId: number; leaderEpoch: number } } {
  return brokers.namesLeader ? { currentLeader: { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch } } : {};
}

function endpoints(brokers: TestBrokers): readonly { nodeId: number; host: string; port: number; rack: null }[] {
  return brokers.namesLeader ? brokers.brokerIds.map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092, rack: null })) : [];
}

function listOffsets(brokers: TestBrokers, asked: RequestBodies['ListOffsets']): ReturnType<typeof listOffsetsResponse> {
  return listOffsetsResponse({
    topics: asked.topics.map((topic) => ({
      name: topic.name,
      partitions: topic.partitions.map(({ partitionIndex, timestamp }) => {
        const partition = brokers.partitions[partitionIndex];
        const offset = timestamp === -2 ? partition?.logStartOffset : partition?.highWatermark;
        return listOffsetsResponseListOffsetsPartitionResponse({ partitionIndex, offset: offset ?? NO_SUCH_OFFSET, leaderEpoch: partition?.leaderEpoch ?? -1 });
      }),
    })),
  });
}

function epochEnds(brokers: TestBrokers, asked: RequestBodies['OffsetForLeaderEpoch']): ReturnType<typeof offsetForLeaderEpochResponse> {
  return offsetForLeaderEpochResponse({
    topics: asked.topics.map((topic) => ({
      topic: topic.topic,
      partitions: topic.partitions.map(({ partition, leaderEpoch }) => {
        const held = brokers.partitions[partition];
        const end = held?.epochEnd ?? { leaderEpoch, endOffset: held?.highWatermark ?? NO_SUCH_OFFSET };
        return offsetForLeaderEpochResponseEpochEndOffset({ partition, ...end });
      }),
    })),
  });
}

/** Long poll, cut short: an empty answer comes when the wait is over, and never earlier because of news. */
function fetch(brokers: TestBrokers, nodeId: number, asked: RequestBodies['Fetch']): Answer {
  let readable = false;
  const responses = asked.topics.map((topic) => ({
    topic: TOPIC,
    topicId: topic.topicId,
    partitions: topic.partitions.map(({ partition: partitionIndex, fetchOffset, currentLeaderEpoch }) => {
      const partition = brokers.partitions[partitionIndex];
      const error = partition === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : fetchError(partition, nodeId, { fetchOffset, currentLeaderEpoch });
      const batches =
        partition === undefined || error !== null ? [] : partition.batches.filter((batch) => lastOffset(batch) >= fetchOffset && batchSizeBytes(batch) > 0);
      readable ||= error !== null || batches.length > 0;
      return fetchResponsePartitionData({
        partitionIndex,
        errorCode: error === null ? 0 : errorCode(error),
        highWatermark: error === null ? (partition?.highWatermark ?? -1) : -1,
        logStartOffset: partition?.logStartOffset ?? -1,
        records: batches,
        ...(partition === undefined || error === null ? {} : leaderToTell(brokers, partition)),
      });
    }),
  }));
  return body(fetchResponse({ responses, nodeEndpoints: endpoints(brokers) }), readable ? 0 : asked.maxWaitMs * 1000);
}

function fetchError(partition: TestPartition, nodeId: number, asked: { readonly fetchOffset: number; readonly currentLeaderEpoch: number }): ErrorName | null {
  if (partition.fetchError !== null) return partition.fetchError;
  if (partition.leader !== nodeId) return 'NOT_LEADER_OR_FOLLOWER';
  if (asked.currentLeaderEpoch >= 0 && asked.currentLeaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH';
  return asked.fetchOffset < partition.logStartOffset || asked.fetchOffset > partition.highWatermark ? 'OFFSET_OUT_OF_RANGE' : null;
}
