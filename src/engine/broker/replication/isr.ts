import { changed } from '../../kernel/mutable.ts';
import type { SystemInput } from '../../kernel/system.ts';
import type { BrokerId } from '../../kernel/units.ts';
import { mapValues } from '../../kernel/persistent-map.ts';
import { ZERO_UUID } from '../../protocol/codec.ts';
import type { ErrorName } from '../../protocol/errors.ts';
import type { AlterPartitionResponsePartitionData } from '../../protocol/generated/alter-partition-response.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import { copyBroker, getPartition, putPartition, replicationFacts, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { hasAliveBroker, nodeOf } from '../metadata/metadata-cache.ts';
import { completeAllOperations } from '../purgatory/completion.ts';
import {
  onAlterPartitionInput,
  settleAlterPartition,
  submitAlterPartition,
  type AlterPartitionAnswer,
  type AlterPartitionItem,
  type ControllerFacts,
} from './alter-partition-manager.ts';
import { isCaughtUp, type FollowerReplica } from './follower-replica.ts';
import { maybeIncrementLeaderHighWatermark } from './high-watermark.ts';
import { copyPartition, onReplica, type LeaderRole, type Partition, type PendingIsr } from './partition.ts';

/** Asks the controller to let a follower in, if nothing else is on its way and the follower qualifies (Partition.maybeExpandIsr). */
export function maybeExpandIsr(state: BrokerState, partition: Partition, follower: FollowerReplica, scope: BrokerScope): BrokerState {
  const { role } = partition;
  if (role.kind !== 'leader' || !mayJoin(state, partition, role, follower)) return state;
  const isr = [...role.committedIsr, follower.brokerId];
  return requestIsrChange(state, partition, role, { change: 'expand', replicas: [follower.brokerId], isr }, scope);
}

/**
 * Alive, and with everything below the high watermark and everything from before this leader's epoch: what is committed may
 * lie between a new leader's high watermark and its end.
 */
function mayJoin(state: BrokerState, partition: Partition, role: LeaderRole, follower: FollowerReplica): boolean {
  if (role.pendingIsr !== null || role.committedIsr.includes(follower.brokerId)) return false;
  if (follower.logEndOffset < partition.log.highWatermark || follower.logEndOffset < role.epochStartOffset) return false;
  return hasAliveBroker(state.metadata, follower.brokerId);
}

/** One run of the task `isr-expiration` over all leaders (ReplicaManager.maybeShrinkIsr). */
export function shrinkIsrs(state: BrokerState, scope: BrokerScope): BrokerState {
  let next = state;
  for (const partition of mapValues(state.partitions)) {
    const { role } = partition;
    if (role.kind !== 'leader' || role.pendingIsr !== null) continue;
    const replicas = outOfSyncReplicas(next, partition, role, scope);
    if (replicas.length === 0) continue;
    const isr = role.committedIsr.filter((replica) => !replicas.includes(replica));
    next = requestIsrChange(next, partition, role, { change: 'shrink', replicas, isr }, scope);
  }
  return next;
}

/** ISR members whose end is not the leader's and who were not caught up for replica.lag.time.max.ms. */
function outOfSyncReplicas(state: BrokerState, partition: Partition, role: LeaderRole, scope: BrokerScope): readonly BrokerId[] {
  const at = { leaderEndOffset: partition.log.logEndOffset, nowMs: scope.context.nowMs, maxLagMs: state.config.replicaLagTimeMaxMs };
  return role.committedIsr.filter((replica) => {
    if (replica === state.identity.brokerId) return false;
    const follower = role.followers.find((each) => each.brokerId === replica);
    return follower === undefined || !isCaughtUp(follower, at);
  });
}

type IsrChange = Pick<PendingIsr, 'change' | 'replicas' | 'isr'>;

function requestIsrChange(state: BrokerState, partition: Partition, role: LeaderRole, change: IsrChange, scope: BrokerScope): BrokerState {
  const { leaderEpoch, partitionEpoch } = partition;
  const pendingIsr: PendingIsr = { ...change, leaderEpoch, partitionEpoch };
  scope.effects.push({ type: 'trace', event: { type: 'IsrChangeRequested', ...onReplica(partition, state.identity.brokerId), leaderEpoch, ...change } });
  return submit(putPartition(state, changed(copyPartition(partition), { role: { ...role, pendingIsr } })), partition.key, scope);
}

/** Hands a pending change to the manager; if that has one of this partition already, the change is given up. */
function submit(state: BrokerState, key: string, scope: BrokerScope): BrokerState {
  const partition = getPartition(state, key);
  if (partition === null || partition.role.kind !== 'leader' || partition.role.pendingIsr === null) return state;
  const { isr, leaderEpoch, partitionEpoch } = partition.role.pendingIsr;
  const item: AlterPartitionItem = {
    key,
    topic: partition.topic,
    topicId: partition.log.topicId ?? ZERO_UUID,
    partition: partition.partition,
    isr,
    leaderEpoch,
    partitionEpoch,
  };
  const { manager, accepted } = submitAlterPartition(state.alterPartition, item, controllerFacts(state), scope);
  const next: BrokerState = changed(copyBroker(state), { alterPartition: manager });
  return accepted ? next : putPartition(next, changed(copyPartition(partition), { role: { ...partition.role, pendingIsr: null } }));
}

export function controllerFacts(state: BrokerState): ControllerFacts {
  const { metadata, identity, brokerEpoch } = state;
  return { brokerId: identity.brokerId, brokerEpoch, controller: nodeOf(metadata, metadata.controllerId) };
}

/** Handles what is addressed to the AlterPartition manager: its answers change partitions. */
export function onAlterPartition(state: BrokerState, input: SystemInput<WireMessage, never>, scope: BrokerScope): BrokerState {
  const { manager, answers } = onAlterPartitionInput(state.alterPartition, input, controllerFacts(state), scope);
  let next: BrokerState = changed(copyBroker(state), { alterPartition: manager });
  if (answers === null) return next;
  for (const answer of answers) next = onAnswer(next, answer, scope);
  return changed(copyBroker(next), { alterPartition: settleAlterPartition(next.alterPartition, controllerFacts(next), scope) });
}

/** An answer counts only for the very change it was asked for; since then the partition may have a new epoch or another role. */
function onAnswer(state: BrokerState, answer: AlterPartitionAnswer, scope: BrokerScope): BrokerState {
  const { item } = answer;
  const partition = getPartition(state, item.key);
  if (partition === null || partition.role.kind !== 'leader') return state;
  const { pendingIsr } = partition.role;
  if (pendingIsr === null || pendingIsr.leaderEpoch !== item.leaderEpoch || pendingIsr.partitionEpoch !== item.partitionEpoch) return state;
  if (answer.error !== null) return onRefused(state, partition, partition.role, answer.error, scope);
  return onConfirmed(state, partition, { role: partition.role, pendingIsr, confirmed: answer.state }, scope);
}

/** Partition.handleAlterPartitionError. */
function onRefused(state: BrokerState, partition: Partition, role: LeaderRole, error: ErrorName, scope: BrokerScope): BrokerState {
  scope.effects.push({ type: 'trace', event: { type: 'IsrChangeRefused', ...onReplica(partition, state.identity.brokerId), error } });
  switch (error) {
    case 'INELIGIBLE_REPLICA':
    case 'OPERATION_NOT_ATTEMPTED':
      // The controller says that it did not and will not apply the request.
      return putPartition(state, changed(copyPartition(partition), { role: { ...role, pendingIsr: null } }));
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'UNKNOWN_TOPIC_ID':
    case 'FENCED_LEADER_EPOCH':
    case 'INVALID_UPDATE_VERSION':
    case 'INVALID_REQUEST':
    case 'NEW_LEADER_ELECTED':
      // This broker's view is out of date; it stays careful until LeaderAndIsr brings a new one.
      return state;
    default:
      return submit(state, partition.key, scope);
  }
}

/** Partition.handleAlterPartitionUpdate: the controller's ISR is the committed one now, which may let the high watermark go on. */
function onConfirmed(
  state: BrokerState,
  partition: Partition,
  change: { readonly role: LeaderRole; readonly pendingIsr: PendingIsr; readonly confirmed: AlterPartitionResponsePartitionData },
  scope: BrokerScope,
): BrokerState {
  const { role, pendingIsr, confirmed } = change;
  if (confirmed.leaderEpoch !== partition.leaderEpoch || confirmed.partitionEpoch < partition.partitionEpoch) return state;
  const { leaderEpoch, partitionEpoch } = confirmed;
  const facts = { ...onReplica(partition, state.identity.brokerId), isr: confirmed.isr, leaderEpoch, partitionEpoch };
  scope.effects.push({
    type: 'trace',
    event:
      pendingIsr.change === 'shrink'
        ? { type: 'IsrShrunk', ...facts, removed: pendingIsr.replicas }
        : { type: 'IsrExpanded', ...facts, added: pendingIsr.replicas },
  });
  const committed: Partition = changed(copyPartition(partition), { partitionEpoch, role: { ...role, committedIsr: confirmed.isr, pendingIsr: null } });
  const advanced = maybeIncrementLeaderHighWatermark(committed, replicationFacts(state), scope);
  const next = putPartition(state, advanced);
  return advanced === committed ? next : completeAllOperations(next, partition.key, scope);
}
