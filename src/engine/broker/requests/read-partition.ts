import type { ReadEffect } from '../../kernel/system.ts';
import type { LeaderEpoch, Offset } from '../../kernel/units.ts';
import type { EpochEnd } from '../../log/epoch-cache.ts';
import { endOffsetForEpoch, lastStableOffset, latestLeaderEpoch, type LogState } from '../../log/log-state.ts';
import { abortedTransactions, readLog, type ReadData } from '../../log/read.ts';
import type { AbortedTxn } from '../../log/txn-index.ts';
import type { ErrorName } from '../../protocol/errors.ts';
import type { FetchRequestFetchPartition } from '../../protocol/generated/fetch-request.ts';
import { getPartition, notHostedError, type BrokerState } from '../broker-state.ts';
import { isFromFollower, NO_FETCHED_EPOCH, type FetchIsolation, type FetchParams, type FetchPartitionStatus } from '../purgatory/delayed-operations.ts';
import { checkAccess, findFollower, type Partition } from '../replication/partition.ts';

/** What one partition of a fetch gives. Offsets are those from before the fetch changed anything (LogReadInfo). */
export interface PartitionRead {
  readonly error: ErrorName | null;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly logEndOffset: Offset;
  readonly lastStableOffset: Offset;
  /** The fetcher's log differs from this one beyond this end; no records then. */
  readonly divergingEpoch: EpochEnd | null;
  readonly records: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** For a read_committed reader of these records; null for others. */
  readonly abortedTransactions: readonly AbortedTxn[] | null;
  /** What the answer's records cost the disk when they are sent; null without any. */
  readonly fileRead: ReadEffect | null;
}

export interface ReadLimits {
  readonly maxBytes: number;
  readonly minOneMessage: boolean;
}

const NO_RECORDS: readonly Uint8Array[] = [];

type FoundRecords = Pick<ReadData, 'batches' | 'sizeBytes' | 'path' | 'position'>;
const NOTHING: FoundRecords = { batches: NO_RECORDS, sizeBytes: 0, path: '', position: 0 };

/** ReplicaManager.readFromLog for one partition: checks in Kafka's order, then reads whole batches. Changes nothing. */
export function readPartition(state: BrokerState, status: FetchPartitionStatus, params: FetchParams, limits: ReadLimits): PartitionRead {
  const { fetch } = status;
  const partition = getPartition(state, status.key);
  if (partition === null) return refused(notHostedError(state, status.topic, fetch.partition));
  const error = fetchError(partition, fetch, params);
  if (error !== null) return refused(error);
  const { log } = partition;
  if (fetch.lastFetchedEpoch !== NO_FETCHED_EPOCH) {
    const divergence = compareEpochs(log, fetch);
    if (divergence === 'unknown') return refused('OFFSET_OUT_OF_RANGE');
    if (divergence !== null) return readResult(log, divergence, NOTHING, null);
  }
  const maxBytes = Math.min(fetch.partitionMaxBytes, limits.maxBytes);
  const read = readLog(log, { startOffset: fetch.fetchOffset, maxBytes, upperBound: upperBound(log, params.isolation), minOneMessage: limits.minOneMessage });
  if (read.error !== null) return refused(read.error);
  return readResult(log, null, read, params.isolation === 'txnCommitted' ? abortedTransactions(log, read, fetch.fetchOffset) : null);
}

function fetchError(partition: Partition, fetch: FetchRequestFetchPartition, params: FetchParams): ErrorName | null {
  const error = checkAccess(partition, { currentLeaderEpoch: fetch.currentLeaderEpoch, onlyLeader: params.onlyLeader });
  if (error !== null || !isFromFollower(params) || partition.role.kind !== 'leader') return error;
  if (findFollower(partition.role, params.replicaId) !== null) return null;
  // The epoch agrees, yet the replica is not assigned: its news is ahead of ours.
  return fetch.currentLeaderEpoch === NO_FETCHED_EPOCH ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_LEADER_EPOCH';
}

/** Where the fetcher's log parts from this one: null if it does not, `unknown` if that cannot be told or its offset is below the start. */
export function compareEpochs(log: LogState, fetch: { readonly lastFetchedEpoch: LeaderEpoch; readonly fetchOffset: Offset }): EpochEnd | 'unknown' | null {
  // The usual case, told without making an answer: the fetcher has the latest epoch and stands within the log.
  const { fetchOffset } = fetch;
  if (fetch.lastFetchedEpoch >= 0 && fetch.lastFetchedEpoch === latestLeaderEpoch(log) && fetchOffset >= log.logStartOffset && fetchOffset <= log.logEndOffset)
    return null;
  const end = endOffsetForEpoch(log, fetch.lastFetchedEpoch);
  if (end.endOffset < 0 || end.leaderEpoch < 0 || fetch.fetchOffset < log.logStartOffset) return 'unknown';
  return end.leaderEpoch < fetch.lastFetchedEpoch || end.endOffset < fetch.fetchOffset ? end : null;
}

/** Nothing at or above it is returned. */
export function upperBound(log: LogState, isolation: FetchIsolation): Offset {
  switch (isolation) {
    case 'logEnd':
      return log.logEndOffset;
    case 'highWatermark':
      return log.highWatermark;
    case 'txnCommitted':
      return lastStableOffset(log);
  }
}

function readResult(log: LogState, divergingEpoch: EpochEnd | null, read: FoundRecords, aborted: readonly AbortedTxn[] | null): PartitionRead {
  const { sizeBytes } = read;
  return {
    error: null,
    highWatermark: log.highWatermark,
    logStartOffset: log.logStartOffset,
    logEndOffset: log.logEndOffset,
    lastStableOffset: lastStableOffset(log),
    divergingEpoch,
    records: read.batches,
    sizeBytes,
    abortedTransactions: aborted,
    fileRead: sizeBytes === 0 ? null : { type: 'read', path: read.path, position: read.position, sizeBytes, by: 'sendfile' },
  };
}

function refused(error: ErrorName): PartitionRead {
  return {
    error,
    highWatermark: -1,
    logStartOffset: -1,
    logEndOffset: -1,
    lastStableOffset: -1,
    divergingEpoch: null,
    records: NO_RECORDS,
    sizeBytes: 0,
    abortedTransactions: null,
    fileRead: null,
  };
}
