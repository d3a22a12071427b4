import type { BrokerId } from '../../kernel/units.ts';
import { appendAsFollower, type AppendResult } from '../../log/append.ts';
import type { EpochEnd } from '../../log/epoch-cache.ts';
import type { LogState } from '../../log/log-state.ts';
import { incrementLogStartOffset } from '../../log/retention.ts';
import { truncateFully } from '../../log/truncate.ts';
import { errorName } from '../../protocol/errors.ts';
import type { FetchResponse, FetchResponsePartitionData } from '../../protocol/generated/fetch-response.ts';
import { baseOffset, lastOffset, partitionLeaderEpoch } from '../../protocol/record-batch.ts';
import { getPartition, putPartition, requirePartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { completeFetches } from '../purgatory/completion.ts';
import { moveHighWatermark } from '../replication/high-watermark.ts';
import { onReplica, withLog, type Partition } from '../replication/partition.ts';
import { traceAppend } from '../replication/trace-append.ts';
import {
  findFetcherPartition,
  getFetcher,
  isReadyForFetch,
  putFetcher,
  updateAndMoveToEnd,
  type AskedPartition,
  type FetcherPartition,
} from './fetcher-state.ts';
import { askLatestOffset } from './out-of-range.ts';
import { delayPartitions, markPartitionFailed, onFenced } from './partition-errors.ts';
import { fetchingFrom, truncateReplica, truncationOffset } from './truncation.ts';

/** What the partitions of one answer leave to be done after all of them were looked at. */
interface Leftovers {
  readonly diverging: { readonly key: string; readonly end: EpochEnd }[];
  readonly delayed: string[];
  readonly outOfRange: AskedPartition[];
  readonly movedHighWatermark: string[];
}

/** AbstractFetcherThread.processFetchRequest: append, follow the high watermark, truncate where logs part, sit out errors. */
export function onFetchResponse(state: BrokerState, source: BrokerId, body: FetchResponse, scope: BrokerScope): BrokerState {
  const fetcher = getFetcher(state, source);
  if (fetcher === null || fetcher.request === null || fetcher.request.kind !== 'fetch') return state;
  const { asked } = fetcher.request;
  const leftovers: Leftovers = { diverging: [], delayed: [], outOfRange: [], movedHighWatermark: [] };
  let next = putFetcher(state, { source: fetcher.source, client: fetcher.client, partitions: fetcher.partitions, request: null });
  if (body.errorCode !== 0) for (const each of asked) leftovers.delayed.push(each.key);
  for (const topic of body.responses) {
    for (const data of topic.partitions) {
      const about = asked.find((each) => each.topicId === topic.topicId && each.partition === data.partitionIndex);
      if (about !== undefined) next = onPartitionData(next, source, { asked: about, data, leftovers }, scope);
    }
  }
  for (const { key, end } of leftovers.diverging) next = truncateToDivergence(next, source, { key, end }, scope);
  next = delayPartitions(next, source, leftovers.delayed, scope);
  for (const key of leftovers.movedHighWatermark) next = completeFetches(next, key, scope);
  return askLatestOffset(next, source, leftovers.outOfRange, scope);
}

interface PartitionAnswer {
  readonly asked: AskedPartition;
  readonly data: FetchResponsePartitionData;
  readonly leftovers: Leftovers;
}

/** An answer is dropped unless the partition still stands where it was asked about and may fetch. */
function onPartitionData(state: BrokerState, source: BrokerId, answer: PartitionAnswer, scope: BrokerScope): BrokerState {
  const { asked, data, leftovers } = answer;
  const fetcher = getFetcher(state, source);
  const fetchState = fetcher === null ? null : findFetcherPartition(fetcher, asked.key);
  if (fetchState === null || fetchState.fetchOffset !== asked.fetchOffset || !isReadyForFetch(fetchState, scope.context.nowUs)) return state;
  switch (errorName(data.errorCode)) {
    case 'NONE':
      if (data.divergingEpoch.epoch >= 0) {
        leftovers.diverging.push({ key: asked.key, end: { leaderEpoch: data.divergingEpoch.epoch, endOffset: data.divergingEpoch.endOffset } });
        return state;
      }
      return processRecords(state, source, { fetchState, data, leftovers }, scope);
    case 'OFFSET_OUT_OF_RANGE':
      leftovers.outOfRange.push(asked);
      return state;
    case 'FENCED_LEADER_EPOCH':
      return onFenced(state, source, asked, leftovers.delayed);
    default:
      leftovers.delayed.push(asked.key);
      return state;
  }
}

interface RecordsToProcess {
  readonly fetchState: FetcherPartition;
  readonly data: FetchResponsePartitionData;
  readonly leftovers: Leftovers;
}

/** ReplicaFetcherThread.processPartitionData: append, then high watermark, then log start. */
function processRecords(state: BrokerState, source: BrokerId, what: RecordsToProcess, scope: BrokerScope): BrokerState {
  const { fetchState, data, leftovers } = what;
  const { key } = fetchState;
  const partition = getPartition(state, key);
  if (partition === null || partition.log.logEndOffset !== fetchState.fetchOffset) return markPartitionFailed(state, source, key);
  const records = data.records ?? [];
  if (records.length === 0 && hasNoNews(partition, fetchState, data)) return state;
  const result = appendFetched(partition.log, records, scope);
  const written = withLog(partition, result.log);
  if (result.error !== null) {
    const refused = putPartition(state, written);
    if (result.error !== 'CORRUPT_MESSAGE' && result.error !== 'INVALID_RECORD') return markPartitionFailed(refused, source, key);
    leftovers.delayed.push(key);
    return refused;
  }
  const { brokerId } = state.identity;
  traceAppend(written, result.info, brokerId, scope);
  const followed = moveHighWatermark(written, data.highWatermark, brokerId, scope);
  if (followed !== written) leftovers.movedHighWatermark.push(key);
  const started = incrementLogStartOffset(followed.log, data.logStartOffset, scope);
  if (started.changed) {
    const { logStartOffset } = started.log;
    scope.effects.push({
      type: 'trace',
      event: { type: 'LogStartOffsetIncremented', ...onReplica(partition, brokerId), logStartOffset, reason: 'leaderOffsetIncremented' },
    });
  }
  const next = putPartition(state, started.log === followed.log ? followed : withLog(followed, started.log));
  return started.error === null ? advanceFetchState(next, source, { fetchState, data, records }) : markPartitionFailed(next, source, key);
}

/**
 * A log that is empty behind a moved log start may be sent the whole batch that its start lies in: it begins with that batch then
 * (Partition.appendRecordsToFollowerOrFutureReplica).
 */
function appendFetched(log: LogState, records: readonly Uint8Array[], scope: BrokerScope): AppendResult {
  const result = appendAsFollower(log, records, scope);
  const [first] = records;
  if (result.error !== 'UNEXPECTED_APPEND_OFFSET' || first === undefined) return result;
  const [from, to] = [baseOffset(first), lastOffset(records[records.length - 1] ?? first)];
  const startsWithin = log.logEndOffset === log.logStartOffset && from < log.logEndOffset && to >= log.logEndOffset;
  return startsWithin ? appendAsFollower(truncateFully(log, { startAt: from }, scope), records, scope) : result;
}

/** Most partitions of most answers: no records, and no offset that this replica has not. */
function hasNoNews(partition: Partition, fetchState: FetcherPartition, data: FetchResponsePartitionData): boolean {
  const { log } = partition;
  const highWatermark = Math.min(Math.max(data.highWatermark, log.logStartOffset), log.logEndOffset);
  return highWatermark === log.highWatermark && data.logStartOffset <= log.logStartOffset && fetchState.lag !== null;
}

function advanceFetchState(
  state: BrokerState,
  source: BrokerId,
  what: { readonly fetchState: FetcherPartition; readonly data: FetchResponsePartitionData; readonly records: readonly Uint8Array[] },
): BrokerState {
  const { fetchState, data, records } = what;
  const fetcher = getFetcher(state, source);
  const last = records[records.length - 1];
  if (fetcher === null || (last === undefined && fetchState.lag !== null)) return state;
  const fetchOffset = requirePartition(state, fetchState.key).log.logEndOffset;
  const lastFetchedEpoch = last === undefined ? fetchState.lastFetchedEpoch : partitionLeaderEpoch(last);
  const lag = Math.max(0, data.highWatermark - fetchOffset);
  const { key, topic, partition, topicId, currentLeaderEpoch } = fetchState;
  const advanced: FetcherPartition = {
    key,
    topic,
    partition,
    topicId,
    fetchOffset,
    lastFetchedEpoch,
    currentLeaderEpoch,
    state: fetchState.state,
    delayedUntilUs: null,
    lag,
  };
  return putFetcher(state, updateAndMoveToEnd(fetcher, advanced));
}

function truncateToDivergence(
  state: BrokerState,
  source: BrokerId,
  divergence: { readonly key: string; readonly end: EpochEnd },
  scope: BrokerScope,
): BrokerState {
  const fetcher = getFetcher(state, source);
  const fetchState = fetcher === null ? null : findFetcherPartition(fetcher, divergence.key);
  if (fetcher === null || fetchState === null) return state;
  const to = truncationOffset(requirePartition(state, divergence.key), fetchState, divergence.end);
  const next = truncateReplica(state, divergence.key, { to, reason: 'divergingEpoch' }, scope);
  return putFetcher(next, updateAndMoveToEnd(fetcher, fetchingFrom(next, fetchState, to)));
}
