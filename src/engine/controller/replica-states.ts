import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import { withoutReplica } from './assignment.ts';
import { canStep, REPLICA_CHART, REPLICA_EVENTS, type ReplicaState } from './charts.ts';
import { addLeaderAndIsr, addMetadata, addStop, sendBatch } from './request-batch.ts';
import {
  partitionOf,
  putPartition,
  registeredIds,
  replicaKey,
  replicasOn,
  runFirst,
  updateActive,
  type ActiveController,
  type ControlledPartition,
  type Work,
} from './state.ts';
import type { ReplicaOf, Task } from './steps.ts';

/**
 * ReplicaStateMachine. All replicas of one change share a batch of requests, which is sent when the last of them is done. A transition that the
 * chart does not have is left out, as in Kafka, which logs it.
 */
export function replicasTo(work: Work, { replicas, state }: Extract<Task, { type: 'replicasTo' }>): void {
  const { active } = work.state;
  if (active === null || replicas.length === 0) return;
  if (state === 'OfflineReplica') return runFirst(work, [...brokerByBroker(replicas), { type: 'sendBatch' }]);
  for (const replica of replicas) {
    if (work.state.active !== null && mayGo(work.state.active, replica, state)) replicaTo(work, work.state.active, replica, state);
  }
  sendBatch(work);
}

/** What these brokers host, to OnlineReplica or OfflineReplica; a topic that is being deleted keeps its replicas from going offline this way. */
export function hostedTo(work: Work, { brokers, state }: Extract<Task, { type: 'hostedTo' }>): void {
  const { active } = work.state;
  if (active === null) return;
  const replicas = replicasOn(active, brokers).filter((replica) => state === 'OnlineReplica' || !active.deleting.includes(topicOf(active, replica)));
  replicasTo(work, { type: 'replicasTo', replicas, state });
}

function topicOf(active: ActiveController, replica: ReplicaOf): string {
  return partitionOf(active, replica.key)?.topic ?? '';
}

export function replicaStateOf(active: ActiveController, replica: ReplicaOf): ReplicaState {
  return mapGet(active.replicas, replicaKey(replica)) ?? 'NonExistentReplica';
}

function mayGo(active: ActiveController, replica: ReplicaOf, state: ReplicaState): boolean {
  return canStep(REPLICA_CHART, replicaStateOf(active, replica), REPLICA_EVENTS[state]);
}

function put(work: Work, replica: ReplicaOf, state: ReplicaState): void {
  const { active } = work.state;
  if (active !== null) updateActive(work, { replicas: mapSet(active.replicas, replicaKey(replica), state) });
}

function replicaTo(work: Work, active: ActiveController, replica: ReplicaOf, state: ReplicaState): void {
  const part = partitionOf(active, replica.key);
  if (part === undefined) return;
  const { brokerId } = replica;
  switch (state) {
    case 'NewReplica':
      // A replica that is to lead cannot be new.
      if (part.leaderAndIsr?.leader === brokerId) return;
      if (part.leaderAndIsr !== null) addLeaderAndIsr(work, part, { brokers: [brokerId], isNew: true });
      return put(work, replica, state);
    case 'OnlineReplica':
      if (replicaStateOf(active, replica) !== 'NewReplica') addLeaderAndIsr(work, part, { brokers: [brokerId], isNew: false });
      return put(work, replica, state);
    case 'ReplicaDeletionStarted':
      addStop(work, brokerId, part, true);
      return put(work, replica, state);
    case 'NonExistentReplica':
      return forget(work, active, part, replica);
    default:
      return put(work, replica, state);
  }
}

/** The controller knows nothing of the replica any more. */
function forget(work: Work, active: ActiveController, part: ControlledPartition, replica: ReplicaOf): void {
  updateActive(work, { replicas: mapDelete(active.replicas, replicaKey(replica)) });
  putPartition(work, { ...part, ...withoutReplica(part, replica.brokerId) });
}

function brokerByBroker(replicas: readonly ReplicaOf[]): Task[] {
  const brokers = [...new Set(replicas.map((replica) => replica.brokerId))].sort((a, b) => a - b);
  return brokers.map((brokerId) => ({
    type: 'takeOffline',
    brokerId,
    keys: replicas.filter((replica) => replica.brokerId === brokerId).map((replica) => replica.key),
  }));
}

/** To OfflineReplica: it is told to stop, and leaves the ISR; where there is no state yet, everybody hears of the partition all the same. */
export function takeOffline(work: Work, brokerId: BrokerId, keys: readonly string[]): void {
  const { active } = work.state;
  if (active === null) return;
  const parts = keys.flatMap((key) => (mayGo(active, { key, brokerId }, 'OfflineReplica') ? (partitionOf(active, key) ?? []) : []));
  for (const part of parts) addStop(work, brokerId, part, false);
  const stateless = parts.filter((part) => part.leaderAndIsr === null);
  addMetadata(work, stateless.length > 0 ? registeredIds(active) : [], stateless);
  for (const part of stateless) put(work, { key: `${part.topic}-${part.partition}`, brokerId }, 'OfflineReplica');
  const others = parts.filter((part) => part.leaderAndIsr !== null).map((part) => `${part.topic}-${part.partition}`);
  if (others.length > 0) runFirst(work, [{ type: 'changeStates', keys: others, change: { type: 'removeReplica', brokerId } }]);
}
