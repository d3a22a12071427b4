import type { BrokerId, ControllerEpoch, LeaderEpoch, Offset, PartitionEpoch, PartitionId } from '../../kernel/units.ts';
import { NO_EPOCH } from '../../kernel/units.ts';
import type { Mutable } from '../../kernel/mutable.ts';
import { logName, type LogState } from '../../log/log-state.ts';
import type { FollowerReplica } from './follower-replica.ts';

/** One replica that this broker hosts (kafka.cluster.Partition), with its log. */
export interface Partition {
  /** `orders-0`: key in the broker's table, watch key in the purgatory, folder of the log. */
  readonly key: string;
  readonly topic: string;
  readonly partition: PartitionId;
  readonly log: LogState;
  /** AR; the first is the preferred leader. */
  readonly replicas: readonly BrokerId[];
  readonly addingReplicas: readonly BrokerId[];
  readonly removingReplicas: readonly BrokerId[];
  /** -1 until a LeaderAndIsr was accepted. */
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
  readonly controllerEpoch: ControllerEpoch;
  readonly role: PartitionRole;
}

export type PartitionRole = LeaderRole | FollowerRole | OfflineRole;

export interface LeaderRole {
  readonly kind: 'leader';
  /** As the controller last confirmed it. */
  readonly committedIsr: readonly BrokerId[];
  /** The one change that is on its way to the controller. */
  readonly pendingIsr: PendingIsr | null;
  /** This log's end when the broker took the epoch: who has less may miss committed records of earlier epochs. */
  readonly epochStartOffset: Offset;
  /** The other replicas, in AR order. */
  readonly followers: readonly FollowerReplica[];
}

/** PendingExpandIsr, PendingShrinkIsr. `isr` is what was asked for. */
export interface PendingIsr {
  readonly change: 'expand' | 'shrink';
  readonly replicas: readonly BrokerId[];
  readonly isr: readonly BrokerId[];
  /** Leader and partition epoch at the request: an answer to another pair is out of date. */
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
}

export interface FollowerRole {
  readonly kind: 'follower';
  readonly leader: BrokerId;
}

/** There is a log but no leader that this broker could follow: it learned of the replica while the leader was not alive. */
export interface OfflineRole {
  readonly kind: 'offline';
}

export const NO_LEADER = -1;
const OFFLINE: OfflineRole = { kind: 'offline' };

/** A replica just hosted; LeaderAndIsr gives it a role. */
export function newPartition(log: LogState): Partition {
  return {
    key: logName(log),
    topic: log.topic,
    partition: log.partition,
    log,
    replicas: [],
    addingReplicas: [],
    removingReplicas: [],
    leaderEpoch: NO_EPOCH,
    partitionEpoch: NO_EPOCH,
    controllerEpoch: NO_EPOCH,
    role: OFFLINE,
  };
}

/** The leader as this replica believes, -1 for none. */
export function leaderOf(partition: Partition, localBrokerId: BrokerId): BrokerId {
  switch (partition.role.kind) {
    case 'leader':
      return localBrokerId;
    case 'follower':
      return partition.role.leader;
    case 'offline':
      return NO_LEADER;
  }
}

/** The committed ISR and whoever is on the way in; a pending shrink changes nothing until it is confirmed (KIP-497). */
export function maximalIsr(role: LeaderRole): readonly BrokerId[] {
  return role.pendingIsr !== null && role.pendingIsr.change === 'expand' ? role.pendingIsr.isr : role.committedIsr;
}

/** min.insync.replicas, but no more than there are replicas (3.7). During a reassignment the original number counts. */
export function effectiveMinIsr(partition: Partition): number {
  return Math.min(partition.log.config.minInsyncReplicas, replicationFactor(partition));
}

export function replicationFactor(partition: Partition): number {
  const { replicas, addingReplicas } = partition;
  if (addingReplicas.length === 0) return replicas.length;
  return replicas.filter((replica) => !addingReplicas.includes(replica)).length;
}

export function isUnderMinIsr(partition: Partition, role: LeaderRole): boolean {
  return role.committedIsr.length < effectiveMinIsr(partition);
}

export type EpochError = 'FENCED_LEADER_EPOCH' | 'UNKNOWN_LEADER_EPOCH';

/** Partition.checkCurrentLeaderEpoch: what a request with this epoch is told, null if it fits or does not say (KIP-320). */
export function checkLeaderEpoch(partition: Partition, currentLeaderEpoch: LeaderEpoch): EpochError | null {
  if (currentLeaderEpoch === NO_EPOCH || currentLeaderEpoch === partition.leaderEpoch) return null;
  return currentLeaderEpoch < partition.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH';
}

/** Partition.getLocalLog: the error of a request at this replica, null if the log may be used. */
export function checkAccess(
  partition: Partition,
  access: { readonly currentLeaderEpoch: LeaderEpoch; readonly onlyLeader: boolean },
): EpochError | 'NOT_LEADER_OR_FOLLOWER' | null {
  const epochError = checkLeaderEpoch(partition, access.currentLeaderEpoch);
  if (epochError !== null) return epochError;
  return access.onlyLeader && partition.role.kind !== 'leader' ? 'NOT_LEADER_OR_FOLLOWER' : null;
}

export function findFollower(role: LeaderRole, brokerId: BrokerId): FollowerReplica | null {
  for (const follower of role.followers) if (follower.brokerId === brokerId) return follower;
  return null;
}

export function withFollower(role: LeaderRole, replica: FollowerReplica): LeaderRole {
  const followers = role.followers.map((follower) => (follower.brokerId === replica.brokerId ? replica : follower));
  return { kind: 'leader', committedIsr: role.committedIsr, pendingIsr: role.pendingIsr, epochStartOffset: role.epochStartOffset, followers };
}

export function withLog(partition: Partition, log: LogState): Partition {
  const next = copyPartition(partition);
  next.log = log;
  return next;
}

export function withRole(partition: Partition, role: PartitionRole): Partition {
  const next = copyPartition(partition);
  next.role = role;
  return next;
}

/** For what changes with every request. */
export function copyPartition(partition: Partition): Mutable<Partition> {
  return {
    key: partition.key,
    topic: partition.topic,
    partition: partition.partition,
    log: partition.log,
    replicas: partition.replicas,
    addingReplicas: partition.addingReplicas,
    removingReplicas: partition.removingReplicas,
    leaderEpoch: partition.leaderEpoch,
    partitionEpoch: partition.partitionEpoch,
    controllerEpoch: partition.controllerEpoch,
    role: partition.role,
  };
}

/** Everything that an event about this replica carries. */
export function onReplica(partition: Partition, brokerId: BrokerId): { readonly brokerId: BrokerId; readonly topic: string; readonly partition: PartitionId } {
  return { brokerId, topic: partition.topic, partition: partition.partition };
}
