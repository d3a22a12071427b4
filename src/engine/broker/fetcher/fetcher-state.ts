import { changed, type Mutable } from '../../kernel/mutable.ts';
import { mapDelete, mapGet, mapSet, mapValues } from '../../kernel/persistent-map.ts';
import type { BrokerId, InstantUs, LeaderEpoch, Offset, PartitionId, Uuid } from '../../kernel/units.ts';
import type { NodeAddress } from '../../network-client/contract.ts';
import { newNetworkClient, type NetworkClientState } from '../../network-client/network-client.ts';
import { copyBroker, type BrokerState } from '../broker-state.ts';
import { fetcherOwner } from '../owners.ts';

/** ReplicaFetcherThread: copies from one source broker, with one request in flight. */
export interface ReplicaFetcher {
  readonly source: NodeAddress;
  readonly client: NetworkClientState;
  /** In the order of the next request: what was served goes to the end. */
  readonly partitions: readonly FetcherPartition[];
  /** Null: between requests, all partitions delayed or none there. */
  readonly request: FetcherRequest | null;
}

/** PartitionFetchState. */
export interface FetcherPartition {
  readonly key: string;
  readonly topic: string;
  readonly partition: PartitionId;
  readonly topicId: Uuid;
  readonly fetchOffset: Offset;
  /** -1: the log has no epochs. */
  readonly lastFetchedEpoch: LeaderEpoch;
  readonly currentLeaderEpoch: LeaderEpoch;
  /** Without any epoch the log is cut to its high watermark first. */
  readonly state: 'truncating' | 'fetching';
  /** After an error it sits out until then. */
  readonly delayedUntilUs: InstantUs | null;
  /** Records behind the leader's high watermark, null before the first answer. */
  readonly lag: number | null;
}

export type FetcherRequest =
  | { readonly kind: 'fetch'; readonly asked: readonly AskedPartition[] }
  /** After OFFSET_OUT_OF_RANGE: where the leader's log ends, then perhaps where it starts. `waiting` come after. */
  | {
      readonly kind: 'listOffsets';
      readonly asked: AskedPartition;
      readonly bound: 'latest' | 'earliest';
      readonly leaderEndOffset: Offset;
      readonly waiting: readonly AskedPartition[];
    };

/** What was asked about a partition; an answer counts only if the partition still stands there. */
export interface AskedPartition {
  readonly key: string;
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly fetchOffset: Offset;
  readonly currentLeaderEpoch: LeaderEpoch;
}

export const WORK = 'work';
const CONNECTION_SETUP_TIMEOUT_MS = 10_000;

export function newFetcher(source: NodeAddress, state: BrokerState): ReplicaFetcher {
  const client = newNetworkClient({
    owner: fetcherOwner(source.nodeId),
    clientId: `broker-${state.identity.brokerId}-fetcher-0`,
    requestTimeoutMs: state.config.replicaSocketTimeoutMs,
    reconnectBackoffMs: 0,
    reconnectBackoffMaxMs: 0,
    connectionSetupTimeoutMs: CONNECTION_SETUP_TIMEOUT_MS,
    maxInFlightPerConnection: 1,
    discoverApiVersions: false,
  });
  return { source, client, partitions: [], request: null };
}

export function copyFetcher(fetcher: ReplicaFetcher): Mutable<ReplicaFetcher> {
  return { source: fetcher.source, client: fetcher.client, partitions: fetcher.partitions, request: fetcher.request };
}

function copyFetcherPartition(from: FetcherPartition): Mutable<FetcherPartition> {
  const { key, topic, partition, topicId, fetchOffset, lastFetchedEpoch, currentLeaderEpoch, state, delayedUntilUs, lag } = from;
  return { key, topic, partition, topicId, fetchOffset, lastFetchedEpoch, currentLeaderEpoch, state, delayedUntilUs, lag };
}

export function getFetcher(state: BrokerState, source: BrokerId): ReplicaFetcher | null {
  return mapGet(state.fetchers, String(source)) ?? null;
}

export function putFetcher(state: BrokerState, fetcher: ReplicaFetcher): BrokerState {
  const next = copyBroker(state);
  next.fetchers = mapSet(state.fetchers, String(fetcher.source.nodeId), fetcher);
  return next;
}

export function dropFetcher(state: BrokerState, source: BrokerId): BrokerState {
  return changed(copyBroker(state), { fetchers: mapDelete(state.fetchers, String(source)) });
}

export function allFetchers(state: BrokerState): readonly ReplicaFetcher[] {
  return mapValues(state.fetchers);
}

export function isDelayed(partition: FetcherPartition, nowUs: InstantUs): boolean {
  return partition.delayedUntilUs !== null && partition.delayedUntilUs > nowUs;
}

export function isReadyForFetch(partition: FetcherPartition, nowUs: InstantUs): boolean {
  return partition.state === 'fetching' && !isDelayed(partition, nowUs);
}

export function findFetcherPartition(fetcher: ReplicaFetcher, key: string): FetcherPartition | null {
  for (const partition of fetcher.partitions) if (partition.key === key) return partition;
  return null;
}

/** The partition's new state; it goes to the end of the order. Nothing happens if it was taken from the fetcher. */
export function updateAndMoveToEnd(fetcher: ReplicaFetcher, partition: FetcherPartition): ReplicaFetcher {
  const partitions = fetcher.partitions.filter((other) => other.key !== partition.key);
  if (partitions.length === fetcher.partitions.length) return fetcher;
  partitions.push(partition);
  return { source: fetcher.source, client: fetcher.client, partitions, request: fetcher.request };
}

/** Back-off after an error; a partition that sits out already goes on doing so. */
export function delayPartition(fetcher: ReplicaFetcher, key: string, at: { readonly nowUs: InstantUs; readonly untilUs: InstantUs }): ReplicaFetcher {
  const partition = findFetcherPartition(fetcher, key);
  if (partition === null || isDelayed(partition, at.nowUs)) return fetcher;
  return updateAndMoveToEnd(fetcher, changed(copyFetcherPartition(partition), { delayedUntilUs: at.untilUs }));
}
