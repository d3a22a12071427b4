import { changed } from '../../kernel/mutable.ts';
import type { Offset } from '../../kernel/units.ts';
import type { EpochEnd } from '../../log/epoch-cache.ts';
import { endOffsetForEpoch, latestLeaderEpoch } from '../../log/log-state.ts';
import { truncateFully, truncateTo } from '../../log/truncate.ts';
import { putPartition, requirePartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { writeRecoveryPoints } from '../logs/checkpoints.ts';
import { armFileDeletion } from '../logs/file-deletion.ts';
import { abortCleaning, truncateCleanerCheckpoint } from '../logs/log-cleaner.ts';
import { copyPartition, onReplica, type Partition } from '../replication/partition.ts';
import type { FetcherPartition } from './fetcher-state.ts';

export type TruncationReason = 'divergingEpoch' | 'highWatermark' | 'outOfRange';

/**
 * Where a follower cuts its log when the leader says that their logs part at (epoch, end): the least of that end, its own end of the
 * epoch and its log's end. If its largest epoch up to that one is smaller, it cuts to the end of the smaller one, and its next fetch
 * compares again (AbstractFetcherThread.getOffsetTruncationState, KIP-279).
 */
export function truncationOffset(partition: Partition, fetchState: FetcherPartition, diverging: EpochEnd): Offset {
  const { log } = partition;
  if (diverging.endOffset < 0) return fetchState.fetchOffset;
  if (diverging.leaderEpoch < 0) return Math.min(diverging.endOffset, log.logEndOffset);
  const own = endOffsetForEpoch(log, diverging.leaderEpoch);
  if (own.endOffset < 0) return Math.min(diverging.endOffset, log.logEndOffset);
  if (own.leaderEpoch !== diverging.leaderEpoch) return Math.min(own.endOffset, log.logEndOffset);
  return Math.min(own.endOffset, diverging.endOffset, log.logEndOffset);
}

/** Cuts the log and notes the new recovery points, as they may have gone back (LogManager.truncateTo). */
export function truncateReplica(
  state: BrokerState,
  key: string,
  cut: { readonly to: Offset; readonly reason: TruncationReason },
  scope: BrokerScope,
): BrokerState {
  const partition = requirePartition(state, key);
  // The cleaner works below the active segment only.
  const stopped = cut.to < partition.log.active.baseOffset ? abortCleaning(state, key, scope) : state;
  const { log, truncated } = truncateTo(partition.log, cut.to, scope);
  const next = putPartition(stopped, changed(copyPartition(partition), { log }));
  if (!truncated) return next;
  traceTruncation(state, partition, cut, scope);
  return settle(truncateCleanerCheckpoint(next, key, cut.to, scope), key, scope);
}

/** Wipes the log: nothing in it is of use, as the leader's log starts later. */
export function restartReplica(state: BrokerState, key: string, startAt: Offset, scope: BrokerScope): BrokerState {
  const partition = requirePartition(state, key);
  const stopped = abortCleaning(state, key, scope);
  const next = putPartition(stopped, changed(copyPartition(partition), { log: truncateFully(partition.log, { startAt }, scope) }));
  traceTruncation(state, partition, { to: startAt, reason: 'outOfRange' }, scope);
  return settle(truncateCleanerCheckpoint(next, key, startAt, scope), key, scope);
}

function settle(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  armFileDeletion(requirePartition(state, key).log, scope);
  writeRecoveryPoints(state, scope);
  return state;
}

function traceTruncation(state: BrokerState, partition: Partition, cut: { readonly to: Offset; readonly reason: TruncationReason }, scope: BrokerScope): void {
  const { leaderEpoch, log } = partition;
  scope.effects.push({
    type: 'trace',
    event: { type: 'LogTruncated', ...onReplica(partition, state.identity.brokerId), from: log.logEndOffset, to: cut.to, leaderEpoch, reason: cut.reason },
  });
}

/** Fetching goes on from `fetchOffset` with the epochs that the log has now. */
export function fetchingFrom(state: BrokerState, fetchState: FetcherPartition, fetchOffset: Offset): FetcherPartition {
  return { ...fetchState, fetchOffset, state: 'fetching', lastFetchedEpoch: latestLeaderEpoch(requirePartition(state, fetchState.key).log) };
}
