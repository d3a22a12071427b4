import type { BrokerId, Offset } from '../../kernel/units.ts';
import { updateHighWatermark } from '../../log/log-state.ts';
import type { BrokerScope } from '../contract.ts';
import { hasAliveBroker, type MetadataCache } from '../metadata/metadata-cache.ts';
import { isCaughtUp } from './follower-replica.ts';
import { isUnderMinIsr, maximalIsr, withLog, type LeaderRole, type Partition } from './partition.ts';

/** What the rules of replication need besides the partition. */
export interface ReplicationFacts {
  readonly brokerId: BrokerId;
  readonly metadata: MetadataCache;
  readonly replicaLagTimeMaxMs: number;
}

/**
 * Raises a leader's high watermark to the least end among itself, the maximal ISR and those replicas outside it that are caught
 * up and alive (so that they can get in). Nothing happens below the effective min ISR. Returns the same partition if it stays
 * (Partition.maybeIncrementLeaderHW).
 */
export function maybeIncrementLeaderHighWatermark(partition: Partition, facts: ReplicationFacts, scope: BrokerScope): Partition {
  const { role, log } = partition;
  if (role.kind !== 'leader' || isUnderMinIsr(partition, role)) return partition;
  const target = leastReplicatedOffset(role, partition.log.logEndOffset, facts, scope);
  return target <= log.highWatermark ? partition : moveHighWatermark(partition, target, facts.brokerId, scope);
}

function leastReplicatedOffset(role: LeaderRole, leaderEndOffset: Offset, facts: ReplicationFacts, scope: BrokerScope): Offset {
  const at = { leaderEndOffset, nowMs: scope.context.nowMs, maxLagMs: facts.replicaLagTimeMaxMs };
  const isr = maximalIsr(role);
  let least = leaderEndOffset;
  for (const follower of role.followers) {
    if (follower.logEndOffset >= least) continue;
    const counts = isr.includes(follower.brokerId) || (isCaughtUp(follower, at) && hasAliveBroker(facts.metadata, follower.brokerId));
    if (counts) least = follower.logEndOffset;
  }
  return least;
}

/** Sets the high watermark as far as the log goes; it may go back on a follower, which is no event. The same partition if it stays. */
export function moveHighWatermark(partition: Partition, target: Offset, brokerId: BrokerId, scope: BrokerScope): Partition {
  const previous = partition.log.highWatermark;
  const log = updateHighWatermark(partition.log, target);
  if (log === partition.log) return partition;
  if (log.highWatermark > previous) {
    const role = partition.role.kind === 'leader' ? 'leader' : 'follower';
    const { leaderEpoch } = partition;
    scope.effects.push({
      type: 'trace',
      event: {
        type: 'HighWatermarkAdvanced',
        brokerId,
        topic: partition.topic,
        partition: partition.partition,
        role,
        leaderEpoch,
        highWatermark: log.highWatermark,
        previous,
      },
    });
  }
  return withLog(partition, log);
}
