import { mapGet } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { assigned, isBeingReassigned, originReplicas, reassignTo, sameAssignment, targetReplicas, type Assignment } from './assignment.ts';
import { markIneligible } from './deletion.ts';
import {
  allPartitions,
  awaitZooKeeper,
  enqueue,
  isBeingDeleted,
  isReplicaOnline,
  keyOf,
  partitionKey,
  partitionOf,
  partitionsOfTopic,
  putPartition,
  runFirst,
  type ActiveController,
  type ControlledPartition,
  type Work,
} from './state.ts';
import type { Outcome, ReadStep, Task } from './steps.ts';
import { decodeLeaderAndIsr, decodeReassignment, encodeReassignment, encodeTopic, REASSIGNMENT_PATH, statePath, topicPath } from './znodes.ts';
import { found, guarded, read } from './zookeeper-calls.ts';

/**
 * Reassignment of replicas (KIP-455, KafkaController.onPartitionReassignment). U: the topic's znode names all replicas, with those that come and
 * those that go. A, until all that are wanted are in sync: a new epoch, and the new ones start to copy. B: a leader among the wanted ones and a
 * new epoch, the others leave the ISR with one more and are deleted, and the znode says what is left, last.
 */
export function reassign(work: Work, { key, assignment }: Extract<Task, { type: 'reassign' }>): void {
  const { active } = work.state;
  const part = active === null ? undefined : partitionOf(active, key);
  if (active === null || part === undefined) return;
  markIneligible(work, [part.topic]);
  if (sameAssignment(part, assignment)) return runFirst(work, [{ type: 'proceedReassignment', key }]);
  const unneeded = part.replicas.filter((id) => !assignment.replicas.includes(id));
  const { topic, partition } = part;
  const { replicas, adding, removing } = assignment;
  work.scope.effects.push({
    type: 'trace',
    event: { type: 'ReassignmentStarted', topic, partition, replicas, adding, removing, controllerEpoch: active.epoch },
  });
  runFirst(work, [
    { type: 'writeAssignment', key, assignment },
    // Of an earlier reassignment that this one replaces.
    ...stopRemoved(key, unneeded),
    { type: 'proceedReassignment', key },
  ]);
}

/** The whole topic's assignment is in one znode; in memory it is only when it is written. */
export function writeAssignment(work: Work, { key, assignment }: Extract<Task, { type: 'writeAssignment' }>): void {
  const { active } = work.state;
  const part = active === null ? undefined : partitionOf(active, key);
  if (active === null || part === undefined) return;
  const partitions = partitionsOfTopic(active, part.topic).map((one): ControlledPartition => (keyOf(one) === key ? { ...one, ...assignment } : one));
  const data = encodeTopic(mapGet(active.topics, part.topic) ?? '', partitions);
  awaitZooKeeper(work, [guarded(work, { op: 'setData', path: topicPath(part.topic), data, version: -1 })], { type: 'assignmentWritten', key, assignment });
}

export function onAssignmentWritten(work: Work, step: Extract<ReadStep, { type: 'assignmentWritten' }>, results: readonly ZkResult[]): void {
  if (results[0]?.ok === true) assignInMemory(work, step.key, step.assignment);
}

export function assignInMemory(work: Work, key: string, assignment: Assignment): void {
  const { active } = work.state;
  const part = active === null ? undefined : partitionOf(active, key);
  const { replicas, adding, removing } = assignment;
  if (part !== undefined) putPartition(work, { ...part, replicas, adding, removing });
}

/** Out of the ISR, told to stop, then to delete; nobody waits for the answer. */
function stopRemoved(key: string, brokers: readonly BrokerId[]): Task[] {
  if (brokers.length === 0) return [];
  const replicas = brokers.map((brokerId) => ({ key, brokerId }));
  const states = ['OfflineReplica', 'ReplicaDeletionStarted', 'ReplicaDeletionSuccessful', 'NonExistentReplica'] as const;
  return states.map((state) => ({ type: 'replicasTo', replicas, state }));
}

/** Whether all that are wanted are in sync is what the state znode says. */
export function proceedReassignment(work: Work, key: string): void {
  const { active } = work.state;
  const part = active === null ? undefined : partitionOf(active, key);
  if (part === undefined) return;
  if (!isBeingReassigned(part)) return complete(work, part);
  awaitZooKeeper(work, [read(statePath(part.topic, part.partition), work.state.settings.isrInZooKeeper)], { type: 'reassignmentState', key });
}

export function onReassignmentState(work: Work, key: string, results: readonly ZkResult[]): void {
  const { active } = work.state;
  const part = active === null ? undefined : partitionOf(active, key);
  const stored = found(results[0]);
  const state = stored === null ? null : decodeLeaderAndIsr(stored.data);
  if (part === undefined) return;
  const completed = state !== null && targetReplicas(part).every((id) => state.isr.includes(id));
  if (completed) return complete(work, part);
  runFirst(work, [
    { type: 'changeStates', keys: [key], change: { type: 'raiseEpoch' } },
    { type: 'sendBatch' },
    ...part.adding.map((brokerId) => ({ type: 'replicasTo', replicas: [{ key, brokerId }], state: 'NewReplica' }) as const),
  ]);
}

function complete(work: Work, part: ControlledPartition): void {
  const key = keyOf(part);
  const done = assigned(targetReplicas(part));
  runFirst(work, [
    { type: 'replicasTo', replicas: part.adding.map((brokerId) => ({ key, brokerId })), state: 'OnlineReplica' },
    { type: 'assignInMemory', key, assignment: done },
    { type: 'moveLeader', key },
    ...stopRemoved(key, part.removing),
    { type: 'writeAssignment', key, assignment: done },
    { type: 'trimZkReassignment', keys: [key] },
    { type: 'finishReassignment', key },
    { type: 'sendMetadata', brokers: 'all', than: [], partitions: [key] },
    { type: 'resumeDeletionOf', topics: [part.topic] },
  ]);
}

/** A leader that stays is told in a new epoch what the replicas are now; one that goes, or is dead, is replaced. */
export function moveLeader(work: Work, key: string): void {
  const { active } = work.state;
  const part = active === null ? undefined : partitionOf(active, key);
  if (active === null || part === undefined || part.leaderAndIsr === null) return;
  const { leader } = part.leaderAndIsr;
  const stays = part.replicas.includes(leader) && isReplicaOnline(active, { key, brokerId: leader });
  runFirst(
    work,
    stays
      ? [{ type: 'changeStates', keys: [key], change: { type: 'raiseEpoch' } }, { type: 'sendBatch' }]
      : [{ type: 'partitionsOnline', keys: [key], strategy: 'reassign', allowUnclean: false }],
  );
}

export function finishReassignment(work: Work, key: string): void {
  const { active } = work.state;
  const part = active === null ? undefined : partitionOf(active, key);
  if (active === null || part === undefined) return;
  const { topic, partition, replicas } = part;
  work.scope.effects.push({ type: 'trace', event: { type: 'ReassignmentCompleted', topic, partition, replicas, controllerEpoch: active.epoch } });
}

/** maybeResumeReassignments. */
export function resumeReassignments(work: Work, { except, brokers }: Extract<Task, { type: 'resumeReassignments' }>): void {
  const { active } = work.state;
  if (active === null) return;
  const parts = allPartitions(active).filter((part) => isBeingReassigned(part) && !except.includes(keyOf(part)));
  const wanted = brokers === null ? parts : parts.filter((part) => targetReplicas(part).some((id) => brokers.includes(id)));
  runFirst(
    work,
    wanted.map((part) => ({ type: 'reassign', key: keyOf(part), assignment: part })),
  );
}

/** The ISR of these has grown: those that are being reassigned may be done (maybeCompleteReassignment). */
export function completeReassignments(work: Work, keys: readonly string[]): void {
  const { active } = work.state;
  if (active === null) return;
  const done = keys.flatMap((key) => {
    const part = partitionOf(active, key);
    const isr = part?.leaderAndIsr?.isr ?? [];
    return part !== undefined && isBeingReassigned(part) && targetReplicas(part).every((id) => isr.includes(id)) ? [part] : [];
  });
  runFirst(
    work,
    done.map((part) => ({ type: 'reassign', key: keyOf(part), assignment: part })),
  );
}

/** What is asked for one partition: a target, or null to take back the reassignment under way. */
export interface Wish {
  readonly key: string;
  readonly target: readonly BrokerId[] | null;
}

/** Tasks for the wishes that can be granted, and what is said of the others (maybeBuildReassignment, maybeTriggerPartitionReassignment). */
export function planReassignments(
  active: ActiveController,
  wishes: readonly Wish[],
): { readonly tasks: readonly Task[]; readonly refusals: readonly Outcome[] } {
  const tasks: Task[] = [];
  const refusals: Outcome[] = [];
  for (const { key, target } of wishes) {
    const part = partitionOf(active, key);
    if (target === null && (part === undefined || !isBeingReassigned(part))) {
      refusals.push({ key, error: 'NO_REASSIGNMENT_IN_PROGRESS', message: 'No partition reassignment is in progress.' });
    } else if (part === undefined || isBeingDeleted(active, part.topic)) {
      refusals.push({ key, error: 'UNKNOWN_TOPIC_OR_PARTITION', message: 'The partition does not exist.' });
    } else tasks.push({ type: 'reassign', key, assignment: reassignTo(part, target ?? originReplicas(part)) });
  }
  return { tasks, refusals };
}

/** `/admin/reassign_partitions`, the way of tools before KIP-455: what stands in it is done, and taken out of it when it is done or cannot be. */
export function readZkReassignment(work: Work): void {
  awaitZooKeeper(work, [{ op: 'exists', path: REASSIGNMENT_PATH, watch: true }, read(REASSIGNMENT_PATH)], { type: 'zkReassignment' });
}

export function onZkReassignment(work: Work, results: readonly ZkResult[]): void {
  const { active } = work.state;
  const stored = found(results[1]);
  if (active === null) return;
  const wishes =
    stored === null ? [] : decodeReassignment(stored.data).map(({ topic, partition, replicas }) => ({ key: partitionKey(topic, partition), target: replicas }));
  const { tasks, refusals } = planReassignments(active, wishes);
  runFirst(work, [...tasks, ...(refusals.length > 0 ? [{ type: 'trimZkReassignment', keys: refusals.map((one) => one.key) } as const] : [])]);
}

export function trimZkReassignment(work: Work, keys: readonly string[]): void {
  if (keys.length > 0) awaitZooKeeper(work, [read(REASSIGNMENT_PATH)], { type: 'zkReassignmentToTrim', keys });
}

export function onZkReassignmentToTrim(work: Work, keys: readonly string[], results: readonly ZkResult[]): void {
  const stored = found(results[0]);
  if (stored === null) return;
  const left = decodeReassignment(stored.data).filter(({ topic, partition }) => !keys.includes(partitionKey(topic, partition)));
  const write =
    left.length === 0
      ? guarded(work, { op: 'delete', path: REASSIGNMENT_PATH, version: -1 })
      : guarded(work, { op: 'setData', path: REASSIGNMENT_PATH, data: encodeReassignment(left), version: -1 });
  awaitZooKeeper(work, [write], { type: 'ignored' });
  // The watch is set anew, so that the next one is seen.
  if (left.length === 0) enqueue(work, { type: 'ZkPartitionReassignment' });
}
