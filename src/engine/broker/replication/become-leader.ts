import { changed } from '../../kernel/mutable.ts';
import type { BrokerId } from '../../kernel/units.ts';
import { assignEpoch } from '../../log/log-state.ts';
import type { LeaderAndIsrRequestLeaderAndIsrPartitionState } from '../../protocol/generated/leader-and-isr-request.ts';
import { putPartition, replicationFacts, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { removeFromFetchers } from '../fetcher/replica-fetcher.ts';
import { completeAllOperations } from '../purgatory/completion.ts';
import { newFollowerReplica, resetForNewEpoch, type FollowerReplica } from './follower-replica.ts';
import { maybeIncrementLeaderHighWatermark } from './high-watermark.ts';
import { copyPartition, findFollower, onReplica, type LeaderRole, type Partition } from './partition.ts';

type PartitionState = LeaderAndIsrRequestLeaderAndIsrPartitionState;

/**
 * Partition.makeLeader. A leader never truncates. With a new epoch its log's end is noted as the epoch's start, and what it knew of
 * followers counts anew; then the high watermark may move, as the ISR may be this replica alone.
 * An older partition epoch than the known one changes nothing.
 */
export function becomeLeader(state: BrokerState, partition: Partition, told: PartitionState, scope: BrokerScope): BrokerState {
  const stopped = removeFromFetchers(state, partition.key);
  if (told.partitionEpoch < partition.partitionEpoch) return stopped;
  const { brokerId } = state.identity;
  const log = assignEpoch(partition.log, told.leaderEpoch, partition.log.logEndOffset, scope);
  const role: LeaderRole = {
    kind: 'leader',
    committedIsr: told.isr,
    pendingIsr: null,
    epochStartOffset: log.logEndOffset,
    followers: followersOf(partition, told, { brokerId, nowMs: scope.context.nowMs }),
  };
  const led: Partition = changed(copyPartition(partition), { ...assignmentOf(told), log, role });
  const { logEndOffset, highWatermark } = led.log;
  scope.effects.push({
    type: 'trace',
    event: { type: 'BecameLeader', ...onReplica(led, brokerId), leaderEpoch: told.leaderEpoch, isr: told.isr, logEndOffset, highWatermark },
  });
  const advanced = maybeIncrementLeaderHighWatermark(led, replicationFacts(state), scope);
  const next = putPartition(stopped, advanced);
  return advanced === led ? next : completeAllOperations(next, partition.key, scope);
}

/** A leader that leads on keeps what it knows of the followers' ends; a new one knows nothing of them. */
function followersOf(partition: Partition, told: PartitionState, at: { readonly brokerId: BrokerId; readonly nowMs: number }): readonly FollowerReplica[] {
  const before = partition.role.kind === 'leader' ? partition.role : null;
  const leaderEndOffset = partition.log.logEndOffset;
  const followers: FollowerReplica[] = [];
  for (const replica of told.replicas) {
    if (replica === at.brokerId) continue;
    const inSync = told.isr.includes(replica);
    const known = before === null ? null : findFollower(before, replica);
    const epoch = { nowMs: at.nowMs, inSync, leaderEndOffset };
    if (before !== null) followers.push(resetForNewEpoch(known ?? newFollowerReplica(replica, 0), epoch));
    else followers.push(newFollowerReplica(replica, inSync ? at.nowMs : 0));
  }
  return followers;
}

/** What LeaderAndIsr says of a partition, whoever leads it. */
export function assignmentOf(
  told: PartitionState,
): Pick<Partition, 'replicas' | 'addingReplicas' | 'removingReplicas' | 'leaderEpoch' | 'partitionEpoch' | 'controllerEpoch'> {
  const { replicas, addingReplicas, removingReplicas, leaderEpoch, partitionEpoch, controllerEpoch } = told;
  return { replicas, addingReplicas, removingReplicas, leaderEpoch, partitionEpoch, controllerEpoch };
}
