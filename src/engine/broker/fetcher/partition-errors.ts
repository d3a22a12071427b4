import { compareTexts } from '../../kernel/order.ts';
import { changed } from '../../kernel/mutable.ts';
import { copyBroker } from '../broker-state.ts';
import { msToUs, type BrokerId } from '../../kernel/units.ts';
import type { BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { copyFetcher, delayPartition, findFetcherPartition, getFetcher, putFetcher, type AskedPartition, type ReplicaFetcher } from './fetcher-state.ts';

/** The leader has a newer epoch. If this replica still has the one it asked with, only LeaderAndIsr can help; else it just tries again. */
export function onFenced(state: BrokerState, source: BrokerId, asked: AskedPartition, delayed: string[]): BrokerState {
  const fetcher = getFetcher(state, source);
  const fetchState = fetcher === null ? null : findFetcherPartition(fetcher, asked.key);
  if (fetchState === null) return state;
  if (fetchState.currentLeaderEpoch === asked.currentLeaderEpoch) return markPartitionFailed(state, source, asked.key);
  delayed.push(asked.key);
  return state;
}

/** These partitions sit out `replica.fetch.backoff.ms`. */
export function delayPartitions(state: BrokerState, source: BrokerId, keys: readonly string[], scope: BrokerScope): BrokerState {
  let fetcher: ReplicaFetcher | null = getFetcher(state, source);
  if (fetcher === null || keys.length === 0) return state;
  const { nowUs } = scope.context;
  const at = { nowUs, untilUs: nowUs + msToUs(state.config.replicaFetchBackoffMs) };
  for (const key of keys) fetcher = delayPartition(fetcher, key, at);
  return putFetcher(state, fetcher);
}

/** Fetching stops until a new LeaderAndIsr (AbstractFetcherThread.markPartitionFailed). */
export function markPartitionFailed(state: BrokerState, source: BrokerId, key: string): BrokerState {
  const fetcher = getFetcher(state, source);
  if (fetcher === null) return state;
  const next = putFetcher(state, changed(copyFetcher(fetcher), { partitions: fetcher.partitions.filter((partition) => partition.key !== key) }));
  const failed = [...state.failedPartitions.filter((other) => other !== key), key].sort(compareTexts);
  return changed(copyBroker(next), { failedPartitions: failed });
}
