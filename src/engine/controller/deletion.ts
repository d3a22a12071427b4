import { mapDelete, mapKeys } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { isBeingReassigned } from './assignment.ts';
import { replicaStateOf } from './replica-states.ts';
import {
  awaitZooKeeper,
  isBeingDeleted,
  isReplicaOnline,
  keyOf,
  partitionOf,
  partitionsOfTopic,
  replicaKey,
  replicasOn,
  runFirst,
  updateActive,
  type ActiveController,
  type Work,
} from './state.ts';
import type { ReplicaOf, Task } from './steps.ts';
import { deletionPath, DELETIONS_PATH, partitionPath, partitionsPath, statePath, topicConfigPath, topicPath } from './znodes.ts';
import { childrenOf, guarded, listen } from './zookeeper-calls.ts';

/**
 * TopicDeletionManager. A topic under `/admin/delete_topics` is deleted when all its replicas are there and none is being moved: brokers are told
 * that it goes, its replicas stop, then delete their logs, and when the last has answered its znodes go.
 */
export function readDeletions(work: Work): void {
  awaitZooKeeper(work, [listen(DELETIONS_PATH)], { type: 'topicDeletions' });
}

export function onTopicDeletions(work: Work, results: readonly ZkResult[]): void {
  const { active } = work.state;
  if (active === null) return;
  const asked = childrenOf(results[0]);
  const known = asked.filter((topic) => hasTopic(active, topic));
  const unknown = asked.filter((topic) => !known.includes(topic));
  const drop = work.state.settings.deletesTopics ? unknown : asked;
  if (drop.length > 0) runFirst(work, [{ type: 'deleteZnodes', paths: drop.map(deletionPath) }]);
  if (!work.state.settings.deletesTopics || known.length === 0) return;
  markIneligible(
    work,
    known.filter((topic) => isTopicReassigned(active, topic)),
  );
  queueDeletions(work, known);
  runFirst(work, [{ type: 'resumeDeletions' }]);
}

function hasTopic(active: ActiveController, topic: string): boolean {
  return mapKeys(active.topics).includes(topic);
}

function isTopicReassigned(active: ActiveController, topic: string): boolean {
  return partitionsOfTopic(active, topic).some(isBeingReassigned);
}

/** What a new controller finds under way: topics with replicas that are not there, or on the move, have to wait. */
export function initDeletions(work: Work, asked: readonly string[]): void {
  const { active } = work.state;
  if (active === null) return;
  if (!work.state.settings.deletesTopics) return runFirst(work, [{ type: 'deleteZnodes', paths: asked.map(deletionPath) }]);
  queueDeletions(work, asked);
  markIneligible(
    work,
    asked.filter((topic) => replicasOfTopic(active, topic).some((replica) => !isReplicaOnline(active, replica)) || isTopicReassigned(active, topic)),
  );
}

function queueDeletions(work: Work, topics: readonly string[]): void {
  const { active } = work.state;
  if (active === null) return;
  for (const topic of topics)
    if (!isBeingDeleted(active, topic))
      work.scope.effects.push({ type: 'trace', event: { type: 'TopicDeletionQueued', topic, controllerEpoch: active.epoch } });
  updateActive(work, { deleting: union(active.deleting, topics) });
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...a, ...b.filter((one) => !a.includes(one))];
}

/** Only for topics that are to be deleted. */
export function markIneligible(work: Work, topics: readonly string[]): void {
  const { active } = work.state;
  if (active === null) return;
  const halted = topics.filter((topic) => isBeingDeleted(active, topic) && !active.deletionIneligible.includes(topic));
  if (halted.length === 0) return;
  for (const topic of halted) {
    const missing = [...new Set(replicasOfTopic(active, topic).flatMap((replica) => (isReplicaOnline(active, replica) ? [] : [replica.brokerId])))];
    work.scope.effects.push({
      type: 'trace',
      event: { type: 'TopicDeletionHalted', topic, waitsFor: missing.sort((a, b) => a - b), controllerEpoch: active.epoch },
    });
  }
  updateActive(work, { deletionIneligible: union(active.deletionIneligible, halted) });
}

export function resumeDeletionOf(work: Work, topics: readonly string[]): void {
  const { active } = work.state;
  const resumed = active === null ? [] : topics.filter((topic) => isBeingDeleted(active, topic));
  if (active === null || resumed.length === 0) return;
  updateActive(work, { deletionIneligible: active.deletionIneligible.filter((topic) => !resumed.includes(topic)) });
  resumeDeletions(work);
}

export function resumeDeletionOn(work: Work, brokers: readonly BrokerId[]): void {
  const { active } = work.state;
  if (active === null) return;
  resumeDeletionOf(work, [...new Set(replicasOn(active, brokers).map((replica) => partitionOf(active, replica.key)?.topic ?? ''))]);
}

/** What was to be deleted on brokers that are gone cannot be deleted now. */
export function failDeletionOn(work: Work, brokers: readonly BrokerId[]): void {
  const { active } = work.state;
  if (active !== null) failDeletion(work, replicasOn(active, brokers));
}

export function failDeletion(work: Work, replicas: readonly ReplicaOf[]): void {
  const { active } = work.state;
  const failed = active === null ? [] : ofDeletedTopics(active, replicas);
  if (active === null || failed.length === 0) return;
  const topics = [...new Set(failed.map((replica) => partitionOf(active, replica.key)?.topic ?? ''))];
  markIneligible(work, topics);
  runFirst(work, [{ type: 'replicasTo', replicas: failed, state: 'ReplicaDeletionIneligible' }, { type: 'resumeDeletions' }]);
}

/** A broker has answered StopReplica: some of its replicas are deleted, some could not be. */
export function onStopReplicaResponse(
  work: Work,
  { brokerId, deleted, failed }: { readonly brokerId: BrokerId; readonly deleted: readonly string[]; readonly failed: readonly string[] },
): void {
  const { active } = work.state;
  if (active === null) return;
  const replica = (key: string): ReplicaOf => ({ key, brokerId });
  const done = ofDeletedTopics(active, deleted.map(replica));
  runFirst(work, [
    { type: 'failDeletion', replicas: failed.map(replica) },
    ...(deleted.length > 0 ? [{ type: 'replicasTo', replicas: done, state: 'ReplicaDeletionSuccessful' } as const, { type: 'resumeDeletions' } as const] : []),
  ]);
}

function ofDeletedTopics(active: ActiveController, replicas: readonly ReplicaOf[]): readonly ReplicaOf[] {
  return replicas.filter((replica) => isBeingDeleted(active, partitionOf(active, replica.key)?.topic ?? ''));
}

function replicasOfTopic(active: ActiveController, topic: string): readonly ReplicaOf[] {
  return partitionsOfTopic(active, topic).flatMap((part) => part.replicas.map((brokerId) => ({ key: keyOf(part), brokerId })));
}

/** Whatever can go on: topics whose replicas are all deleted are done with, others begin, or begin again. */
export function resumeDeletions(work: Work): void {
  const { active } = work.state;
  if (active === null || !work.state.settings.deletesTopics) return;
  const complete: string[] = [];
  const retried: ReplicaOf[] = [];
  const eligible: string[] = [];
  for (const topic of active.deleting) {
    const replicas = replicasOfTopic(active, topic);
    const states = replicas.map((replica) => replicaStateOf(active, replica));
    if (states.every((state) => state === 'ReplicaDeletionSuccessful')) complete.push(topic);
    else if (!states.includes('ReplicaDeletionStarted')) {
      retried.push(...replicas.filter((_, i) => states[i] === 'ReplicaDeletionIneligible'));
      if (!active.deletionIneligible.includes(topic)) eligible.push(topic);
    }
  }
  runFirst(work, [
    ...complete.map((topic) => ({ type: 'completeDeletion', topic }) as const),
    ...(retried.length > 0 ? [{ type: 'replicasTo', replicas: retried, state: 'OfflineReplica' } as const] : []),
    ...(eligible.length > 0 ? beginDeletion(active, eligible) : []),
  ]);
}

/** onTopicDeletion: brokers hear that the topics go, and their replicas go offline and are deleted. */
function beginDeletion(active: ActiveController, topics: readonly string[]): Task[] {
  const keysOf = (names: readonly string[]): readonly string[] => names.flatMap((topic) => partitionsOfTopic(active, topic).map(keyOf));
  const unseen = keysOf(topics.filter((topic) => !active.deletionStarted.includes(topic)));
  return [
    { type: 'partitionsTo', keys: unseen, state: 'OfflinePartition' },
    { type: 'partitionsTo', keys: unseen, state: 'NonExistentPartition' },
    { type: 'deletionBegun', topics },
    { type: 'sendMetadata', brokers: 'all', than: [], partitions: keysOf(topics) },
    { type: 'deleteReplicas', topics },
  ];
}

export function deletionBegun(work: Work, topics: readonly string[]): void {
  const { active } = work.state;
  if (active !== null) updateActive(work, { deletionStarted: union(active.deletionStarted, topics) });
}

/** onPartitionDeletion: replicas that are not there have failed already; the others stop, and then delete. */
export function deleteReplicas(work: Work, topics: readonly string[]): void {
  const { active } = work.state;
  if (active === null) return;
  const all = topics.flatMap((topic) => replicasOfTopic(active, topic));
  const dead = all.filter((replica) => !isReplicaOnline(active, replica));
  const alive = all.filter((replica) => isReplicaOnline(active, replica) && replicaStateOf(active, replica) !== 'ReplicaDeletionSuccessful');
  markIneligible(work, [...new Set(dead.map((replica) => partitionOf(active, replica.key)?.topic ?? ''))]);
  runFirst(work, [
    { type: 'replicasTo', replicas: dead, state: 'ReplicaDeletionIneligible' },
    { type: 'replicasTo', replicas: alive, state: 'OfflineReplica' },
    { type: 'replicasTo', replicas: alive, state: 'ReplicaDeletionStarted' },
  ]);
}

/** The last replica is gone: so are the topic's znodes, its configuration, and the wish that it be deleted, in this order. */
export function completeDeletion(work: Work, topic: string): void {
  const { active } = work.state;
  if (active === null) return;
  const parts = partitionsOfTopic(active, topic);
  const paths = [
    ...parts.flatMap((part) => [statePath(topic, part.partition), partitionPath(topic, part.partition)]),
    partitionsPath(topic),
    topicPath(topic),
    topicConfigPath(topic),
    deletionPath(topic),
  ];
  awaitZooKeeper(
    work,
    paths.map((path) => guarded(work, { op: 'delete', path, version: -1 })),
    { type: 'completedDeletion', topic },
  );
}

export function onDeletionCompleted(work: Work, topic: string): void {
  const { active } = work.state;
  if (active === null) return;
  forgetTopic(work, topic);
  work.scope.effects.push({ type: 'trace', event: { type: 'TopicDeleted', topic, controllerEpoch: active.epoch } });
}

/** ControllerContext.removeTopic. */
export function forgetTopic(work: Work, topic: string): void {
  const { active } = work.state;
  if (active === null) return;
  let { partitions, replicas } = active;
  for (const part of partitionsOfTopic(active, topic)) {
    partitions = mapDelete(partitions, keyOf(part));
    for (const brokerId of part.replicas) replicas = mapDelete(replicas, replicaKey({ key: keyOf(part), brokerId }));
  }
  const others = (list: readonly string[]): readonly string[] => list.filter((name) => name !== topic);
  updateActive(work, {
    partitions,
    replicas,
    topics: mapDelete(active.topics, topic),
    deleting: others(active.deleting),
    deletionStarted: others(active.deletionStarted),
    deletionIneligible: others(active.deletionIneligible),
  });
}
