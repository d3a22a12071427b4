import { changed } from '../../kernel/mutable.ts';
import type { LeaderAndIsrRequestLeaderAndIsrPartitionState } from '../../protocol/generated/leader-and-isr-request.ts';
import { putPartition, requirePartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { addToFetcher, removeFromFetchers } from '../fetcher/replica-fetcher.ts';
import { nodeOf } from '../metadata/metadata-cache.ts';
import { completeAfterRoleChange } from '../purgatory/completion.ts';
import { assignmentOf } from './become-leader.ts';
import { copyPartition, onReplica, type Partition } from './partition.ts';

type PartitionState = LeaderAndIsrRequestLeaderAndIsrPartitionState;

/**
 * Partition.makeFollower and the rest of ReplicaManager.makeFollowers: whoever waits here is told, and copying starts from the new
 * leader, also when the leader is the old one under a new epoch. A leader that is not alive in the metadata cache (or -1) changes
 * nothing; the log is there, so that its high watermark is checkpointed.
 */
export function becomeFollower(state: BrokerState, partition: Partition, told: PartitionState, scope: BrokerScope): BrokerState {
  const source = nodeOf(state.metadata, told.leader);
  if (source === null || told.partitionEpoch < partition.partitionEpoch) return state;
  const { brokerId } = state.identity;
  const following: Partition = changed(copyPartition(partition), { ...assignmentOf(told), role: { kind: 'follower', leader: told.leader } });
  const { logEndOffset } = partition.log;
  scope.effects.push({
    type: 'trace',
    event: { type: 'BecameFollower', ...onReplica(following, brokerId), leader: told.leader, leaderEpoch: told.leaderEpoch, logEndOffset },
  });
  const stopped = removeFromFetchers(putPartition(state, following), partition.key);
  const settled = completeAfterRoleChange(stopped, partition.key, scope);
  return state.shuttingDown ? settled : addToFetcher(settled, requirePartition(settled, partition.key), source);
}
