import { changed } from '../../kernel/mutable.ts';
import type { SystemInput } from '../../kernel/system.ts';
import { msToUs, type BrokerId } from '../../kernel/units.ts';
import type { NodeAddress } from '../../network-client/contract.ts';
import { forgetNode, onNetworkInput, queueRequest } from '../../network-client/network-client.ts';
import { latestLeaderEpoch } from '../../log/log-state.ts';
import { ZERO_UUID } from '../../protocol/codec.ts';
import { LATEST_VERSIONS } from '../../protocol/generated/apis.ts';
import { fetchRequest, type FetchRequestFetchPartition, type FetchRequestFetchTopic } from '../../protocol/generated/fetch-request.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import { copyBroker, getPartition, requirePartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { networkScope } from '../network.ts';
import { fetcherOwner } from '../owners.ts';
import type { Partition } from '../replication/partition.ts';
import { onFetchResponse } from './fetch-response.ts';
import {
  copyFetcher,
  allFetchers,
  delayPartition,
  dropFetcher,
  getFetcher,
  isDelayed,
  isReadyForFetch,
  newFetcher,
  putFetcher,
  updateAndMoveToEnd,
  WORK,
  type AskedPartition,
  type FetcherPartition,
  type ReplicaFetcher,
} from './fetcher-state.ts';
import { onListOffsetsFailed, onListOffsetsResponse } from './out-of-range.ts';
import { fetchingFrom, truncateReplica } from './truncation.ts';

const FINAL_SESSION_EPOCH = -1;

/** Starts copying a partition from its leader, at the log's end, or at the high watermark if the log has no epochs (ReplicaManager.initialFetchOffset). */
export function addToFetcher(state: BrokerState, partition: Partition, source: NodeAddress): BrokerState {
  const { log } = partition;
  const lastFetchedEpoch = latestLeaderEpoch(log);
  const hasEpochs = lastFetchedEpoch >= 0;
  const added: FetcherPartition = {
    key: partition.key,
    topic: partition.topic,
    partition: partition.partition,
    topicId: log.topicId ?? ZERO_UUID,
    fetchOffset: hasEpochs ? log.logEndOffset : log.highWatermark,
    lastFetchedEpoch,
    currentLeaderEpoch: partition.leaderEpoch,
    state: hasEpochs ? 'fetching' : 'truncating',
    delayedUntilUs: null,
    lag: null,
  };
  const fetcher = getFetcher(state, source.nodeId) ?? newFetcher(source, state);
  const next = putFetcher(state, changed(copyFetcher(fetcher), { partitions: [...fetcher.partitions, added] }));
  return changed(copyBroker(next), { failedPartitions: next.failedPartitions.filter((key) => key !== partition.key) });
}

/** Stops copying a partition, wherever it comes from (AbstractFetcherManager.removeFetcherForPartitions). */
export function removeFromFetchers(state: BrokerState, key: string): BrokerState {
  let next = state;
  for (const fetcher of allFetchers(state)) {
    const partitions = fetcher.partitions.filter((partition) => partition.key !== key);
    if (partitions.length < fetcher.partitions.length) next = putFetcher(next, changed(copyFetcher(fetcher), { partitions }));
  }
  if (!next.failedPartitions.includes(key)) return next;
  return changed(copyBroker(next), { failedPartitions: next.failedPartitions.filter((failed) => failed !== key) });
}

/** After leaders changed: fetchers without partitions end, the others go on at once (shutdownIdleFetcherThreads, partitionMapCond). */
export function settleFetchers(state: BrokerState, scope: BrokerScope): BrokerState {
  let next = state;
  for (const fetcher of allFetchers(state))
    next = fetcher.partitions.length === 0 ? stopFetcher(next, fetcher, scope) : runFetcher(next, fetcher.source.nodeId, scope);
  return next;
}

export function stopFetcher(state: BrokerState, fetcher: ReplicaFetcher, scope: BrokerScope): BrokerState {
  const { nodeId } = fetcher.source;
  forgetNode(fetcher.client, nodeId, networkScope(scope));
  scope.effects.push({ type: 'cancelTimer', owner: fetcherOwner(nodeId), name: WORK });
  return dropFetcher(state, nodeId);
}

/** One turn of the thread, unless a request is in flight: truncate what must be, then fetch what is ready, else back off (AbstractFetcherThread.doWork). */
export function runFetcher(state: BrokerState, source: BrokerId, scope: BrokerScope): BrokerState {
  const idle = getFetcher(state, source);
  if (idle === null || idle.request !== null) return state;
  const next = truncateToHighWatermarks(state, idle, scope);
  const fetcher = getFetcher(next, source) ?? idle;
  const ready = fetcher.partitions.filter((partition) => isReadyForFetch(partition, scope.context.nowUs));
  if (ready.length > 0) return sendFetch(next, fetcher, ready, scope);
  if (fetcher.partitions.length > 0) scope.effects.push({ type: 'setTimer', owner: fetcherOwner(source), name: WORK, atUs: backOffEndUs(next, scope) });
  return next;
}

function truncateToHighWatermarks(state: BrokerState, fetcher: ReplicaFetcher, scope: BrokerScope): BrokerState {
  let next = state;
  let current = fetcher;
  for (const partition of fetcher.partitions) {
    if (partition.state !== 'truncating' || isDelayed(partition, scope.context.nowUs) || getPartition(next, partition.key) === null) continue;
    next = truncateReplica(next, partition.key, { to: partition.fetchOffset, reason: 'highWatermark' }, scope);
    current = updateAndMoveToEnd(current, fetchingFrom(next, partition, partition.fetchOffset));
  }
  return current === fetcher ? next : putFetcher(next, current);
}

/** `Simplified:` every fetch names all partitions (no incremental sessions). */
function sendFetch(state: BrokerState, fetcher: ReplicaFetcher, ready: readonly FetcherPartition[], scope: BrokerScope): BrokerState {
  const { config, identity, brokerEpoch } = state;
  const body = fetchRequest({
    replicaState: { replicaId: identity.brokerId, replicaEpoch: brokerEpoch },
    maxWaitMs: config.replicaFetchWaitMaxMs,
    minBytes: config.replicaFetchMinBytes,
    maxBytes: config.replicaFetchResponseMaxBytes,
    sessionEpoch: FINAL_SESSION_EPOCH,
    topics: groupByTopic(state, ready),
  });
  const request = { node: fetcher.source, api: 'Fetch', version: LATEST_VERSIONS.Fetch, body, tag: '', expectsResponse: true } as const;
  const { client } = queueRequest(fetcher.client, request, networkScope(scope));
  return putFetcher(state, { source: fetcher.source, client, partitions: fetcher.partitions, request: { kind: 'fetch', asked: ready.map(askedOf) } });
}

function groupByTopic(state: BrokerState, partitions: readonly FetcherPartition[]): readonly FetchRequestFetchTopic[] {
  const topics: { topic: string; topicId: string; partitions: FetchRequestFetchPartition[] }[] = [];
  for (const partition of partitions) {
    let topic = topics.find((each) => each.topic === partition.topic);
    if (topic === undefined) {
      topic = { topic: partition.topic, topicId: partition.topicId, partitions: [] };
      topics.push(topic);
    }
    topic.partitions.push({
      partition: partition.partition,
      currentLeaderEpoch: partition.currentLeaderEpoch,
      fetchOffset: partition.fetchOffset,
      lastFetchedEpoch: partition.lastFetchedEpoch,
      logStartOffset: requirePartition(state, partition.key).log.logStartOffset,
      partitionMaxBytes: state.config.replicaFetchMaxBytes,
      replicaDirectoryId: ZERO_UUID,
    });
  }
  return topics;
}

function askedOf(partition: FetcherPartition): AskedPartition {
  const { key, topic, topicId, fetchOffset, currentLeaderEpoch } = partition;
  return { key, topic, topicId, partition: partition.partition, fetchOffset, currentLeaderEpoch };
}

function backOffEndUs(state: BrokerState, scope: BrokerScope): number {
  return scope.context.nowUs + msToUs(state.config.replicaFetchBackoffMs);
}

/** Handles what is addressed to a fetcher's owner; inputs of a fetcher that ended are dropped. */
export function onFetcherInput(state: BrokerState, source: BrokerId, input: SystemInput<WireMessage, never>, scope: BrokerScope): BrokerState {
  const fetcher = getFetcher(state, source);
  if (fetcher === null) return state;
  if (input.type === 'timer' && input.name === WORK) return runFetcher(state, source, scope);
  const { client, events } = onNetworkInput(fetcher.client, input, networkScope(scope));
  let next = putFetcher(state, { source: fetcher.source, client, partitions: fetcher.partitions, request: fetcher.request });
  for (const event of events) {
    if (event.type === 'failed') next = onFailed(next, source, scope);
    else if (event.type === 'response' && event.frame.api === 'Fetch') next = onFetchResponse(next, source, event.frame.body, scope);
    else if (event.type === 'response' && event.frame.api === 'ListOffsets') next = onListOffsetsResponse(next, source, event.frame.body, scope);
  }
  return runFetcher(next, source, scope);
}

/** The request found no answer: all partitions sit out a back-off. */
function onFailed(state: BrokerState, source: BrokerId, scope: BrokerScope): BrokerState {
  const fetcher = getFetcher(state, source);
  if (fetcher === null || fetcher.request === null) return state;
  if (fetcher.request.kind === 'listOffsets') return onListOffsetsFailed(state, source, scope);
  const at = { nowUs: scope.context.nowUs, untilUs: backOffEndUs(state, scope) };
  let next: ReplicaFetcher = changed(copyFetcher(fetcher), { request: null });
  for (const partition of fetcher.partitions) next = delayPartition(next, partition.key, at);
  return putFetcher(state, next);
}
