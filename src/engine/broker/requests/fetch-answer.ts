import { withFlippedBits } from '../../kernel/bytes.ts';
import type { ReadEffect } from '../../kernel/system.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import {
  fetchResponseEpochEndOffset,
  fetchResponseLeaderIdAndEpoch,
  fetchResponseSnapshotId,
  type FetchResponse,
  type FetchResponseFetchableTopicResponse,
  type FetchResponsePartitionData,
} from '../../protocol/generated/fetch-response.ts';
import type { BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import type { FetchParams, FetchPartitionStatus, FetchTopicStatus } from '../purgatory/delayed-operations.ts';
import { currentLeader, endpointsOf } from './current-leader.ts';
import { readPartition, type PartitionRead } from './read-partition.ts';

const NO_DIVERGENCE = fetchResponseEpochEndOffset();
const NO_LEADER = fetchResponseLeaderIdAndEpoch();
const NO_SNAPSHOT = fetchResponseSnapshotId();
const NO_RECORDS: readonly Uint8Array[] = [];
const FIRST_VERSION_WITH_LEADERS = 16;

/** Gathers the answer to a fetch while its partitions are read one after another, each under what the limits leave. */
export interface FetchReading {
  readonly params: FetchParams;
  limitBytes: number;
  minOneMessage: boolean;
  bytesRead: number;
  mustAnswer: boolean;
  readonly leaders: number[];
  /** What the answer reads of the disk when it is sent. */
  readonly fileReads: ReadEffect[];
}

export function startReading(params: FetchParams): FetchReading {
  return { params, limitBytes: params.maxBytes, minOneMessage: true, bytesRead: 0, mustAnswer: false, leaders: [], fileReads: [] };
}

/** Reads one partition and books its bytes. The first one with records may exceed the limits, so that a fetcher gets on. */
export function readNext(state: BrokerState, status: FetchPartitionStatus, reading: FetchReading, scope: BrokerScope): PartitionRead {
  const read = asOnDisk(readPartition(state, status, reading.params, { maxBytes: reading.limitBytes, minOneMessage: reading.minOneMessage }), scope);
  if (read.fileRead !== null) {
    reading.minOneMessage = false;
    reading.fileReads.push(read.fileRead);
  }
  reading.limitBytes = Math.max(0, reading.limitBytes - read.sizeBytes);
  reading.bytesRead += read.sizeBytes;
  if (read.error !== null || read.divergingEpoch !== null) reading.mustAnswer = true;
  return read;
}

/** The records as the disk has them: a leader hands on what it reads and looks at no CRC. */
function asOnDisk(read: PartitionRead, scope: BrokerScope): PartitionRead {
  const { fileRead } = read;
  const flipped = fileRead === null ? null : scope.context.flippedBits(fileRead.path);
  return fileRead === null || flipped === null ? read : { ...read, records: withFlippedBits(read.records, fileRead.position, flipped) };
}

export function partitionAnswer(state: BrokerState, status: FetchPartitionStatus, read: PartitionRead, reading: FetchReading): FetchResponsePartitionData {
  const { divergingEpoch } = read;
  return {
    partitionIndex: status.fetch.partition,
    errorCode: read.error === null ? 0 : errorCode(read.error),
    highWatermark: read.highWatermark,
    lastStableOffset: read.lastStableOffset,
    logStartOffset: read.logStartOffset,
    divergingEpoch: divergingEpoch === null ? NO_DIVERGENCE : { epoch: divergingEpoch.leaderEpoch, endOffset: divergingEpoch.endOffset },
    currentLeader: read.error === null ? NO_LEADER : leaderAfter(state, status, read.error, reading),
    snapshotId: NO_SNAPSHOT,
    abortedTransactions: read.abortedTransactions?.map(({ producerId, firstOffset }) => ({ producerId, firstOffset })) ?? null,
    preferredReadReplica: -1,
    records: read.records,
  };
}

/** A fetcher that asked the wrong broker is told whom to ask (KIP-951). */
function leaderAfter(state: BrokerState, status: FetchPartitionStatus, error: ErrorName, reading: FetchReading): FetchResponsePartitionData['currentLeader'] {
  if (reading.params.version < FIRST_VERSION_WITH_LEADERS || (error !== 'NOT_LEADER_OR_FOLLOWER' && error !== 'FENCED_LEADER_EPOCH')) return NO_LEADER;
  const leader = currentLeader(state, status.topic, status.fetch.partition);
  reading.leaders.push(leader.leaderId);
  return leader;
}

/** The answer for a partition that was refused before any reading. */
export function refusedAnswer(status: FetchPartitionStatus, error: ErrorName): FetchResponsePartitionData {
  return {
    partitionIndex: status.fetch.partition,
    errorCode: errorCode(error),
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    divergingEpoch: NO_DIVERGENCE,
    currentLeader: NO_LEADER,
    snapshotId: NO_SNAPSHOT,
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: NO_RECORDS,
  };
}

/** `Simplified:` sessions are never kept: every fetch is full and answered with session id 0. */
export function fetchAnswer(state: BrokerState, responses: readonly FetchResponseFetchableTopicResponse[], reading: FetchReading): FetchResponse {
  return { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses, nodeEndpoints: endpointsOf(state, reading.leaders) };
}

/** Reads everything anew, as a parked fetch does when its time has come: data and offsets of this moment. */
export function readWholeFetch(state: BrokerState, topics: readonly FetchTopicStatus[], params: FetchParams, scope: BrokerScope): FetchResponse {
  const reading = startReading(params);
  const responses = topics.map((topic) => ({
    topic: topic.topic,
    topicId: topic.topicId,
    partitions: topic.partitions.map((status) => {
      if (status.error !== null) return refusedAnswer(status, status.error);
      return partitionAnswer(state, status, readNext(state, status, reading, scope), reading);
    }),
  }));
  sendFiles(reading, scope);
  return fetchAnswer(state, responses, reading);
}

/** The answer that comes next goes out by sendfile: it waits for what is not in the page cache. */
export function sendFiles(reading: FetchReading, scope: BrokerScope): void {
  for (const read of reading.fileReads) scope.effects.push(read);
}
