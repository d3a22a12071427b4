import { mapGet, mapKeys, mapSet } from '../kernel/persistent-map.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { forgetTopic } from './deletion.ts';
import {
  awaitZooKeeper,
  isBeingDeleted,
  partitionKey,
  partitionsOfTopic,
  putPartition,
  runFirst,
  updateActive,
  type ControlledPartition,
  type Work,
} from './state.ts';
import type { ReadStep, ReplicaOf } from './steps.ts';
import { decodeTopic, encodeTopic, TOPICS_PATH, topicPath } from './znodes.ts';
import { childrenOf, found, guarded, listen, read } from './zookeeper-calls.ts';

/** Topics that come, grow, or are gone without having been deleted (processTopicChange, processPartitionModifications). */
export function readTopicList(work: Work): void {
  awaitZooKeeper(work, [listen(TOPICS_PATH)], { type: 'topicList' });
}

export function onTopicList(work: Work, results: readonly ZkResult[]): void {
  const { active } = work.state;
  const list = results[0];
  if (active === null || list?.ok !== true) return;
  const topics = childrenOf(list);
  const known = mapKeys(active.topics);
  for (const topic of known) if (!topics.includes(topic)) forgetTopic(work, topic);
  const fresh = topics.filter((topic) => !known.includes(topic));
  if (fresh.length > 0) readTopics(work, fresh);
}

export function readTopics(work: Work, topics: readonly string[]): void {
  awaitZooKeeper(
    work,
    topics.map((topic) => read(topicPath(topic), true)),
    { type: 'topicData', topics },
  );
}

/** Takes a topic's assignment over; returns the keys of partitions that were not known. */
export function takeTopic(work: Work, topic: string, data: ZkResult | undefined): string[] {
  const { active } = work.state;
  const stored = found(data);
  const assignment = stored === null ? null : decodeTopic(topic, stored.data);
  if (active === null || assignment === null) return [];
  updateActive(work, { topics: mapSet(active.topics, topic, assignment.topicId) });
  const fresh: string[] = [];
  assignment.partitions.forEach((assigned, partition) => {
    const key = partitionKey(topic, partition);
    if (mapGet(active.partitions, key) !== undefined) return;
    putPartition(work, { topic, partition, ...assigned, leaderAndIsr: null, version: 0, state: 'NewPartition' });
    fresh.push(key);
  });
  return fresh;
}

/** onNewPartitionCreation: New, then Online, and so their replicas. */
export function onTopicData(work: Work, step: Extract<ReadStep, { type: 'topicData' }>, results: readonly ZkResult[]): void {
  const keys: string[] = [];
  step.topics.forEach((topic, i) => {
    const { active } = work.state;
    if (active === null) return;
    if (isBeingDeleted(active, topic)) return restore(work, topic, results[i]);
    const isNew = mapGet(active.topics, topic) === undefined;
    const added = takeTopic(work, topic, results[i]);
    keys.push(...added);
    if (added.length === 0) return;
    const facts = { topic, partitionCount: added.length, controllerEpoch: active.epoch };
    work.scope.effects.push({ type: 'trace', event: isNew ? { type: 'TopicCreated', ...facts } : { type: 'PartitionsAdded', ...facts } });
  });
  const replicas = keys.flatMap((key): ReplicaOf[] => {
    const part = work.state.active === null ? undefined : mapGet(work.state.active.partitions, key);
    return (part?.replicas ?? []).map((brokerId) => ({ key, brokerId }));
  });
  if (keys.length === 0) return;
  runFirst(work, [
    { type: 'replicasTo', replicas, state: 'NewReplica' },
    { type: 'partitionsOnline', keys, strategy: 'offline', allowUnclean: false },
    { type: 'replicasTo', replicas, state: 'OnlineReplica' },
  ]);
}

/** A topic that is being deleted does not grow: its znode says again what it said before. */
function restore(work: Work, topic: string, data: ZkResult | undefined): void {
  const { active } = work.state;
  const stored = found(data);
  const assignment = stored === null ? null : decodeTopic(topic, stored.data);
  if (active === null || assignment === null) return;
  const parts: readonly ControlledPartition[] = partitionsOfTopic(active, topic);
  if (assignment.partitions.length <= parts.length) return;
  const before = encodeTopic(mapGet(active.topics, topic) ?? '', parts);
  awaitZooKeeper(work, [guarded(work, { op: 'setData', path: topicPath(topic), data: before, version: -1 })], { type: 'ignored' });
}
