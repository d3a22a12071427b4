import { compareTexts } from '../kernel/order.ts';
import { emptyMap, mapDelete, mapGet, mapSet, mapValues, type PersistentMap } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import type { ZkOperation, ZkResult } from '../zookeeper-client/contract.ts';
import { openChannel } from './channels.ts';
import { PARTITION_CHART, stepChart, type ReplicaState } from './charts.ts';
import {
  addTasks,
  allPartitions,
  awaitZooKeeper,
  NO_PARTITIONS,
  partitionKey,
  putPartition,
  updateActive,
  type ActiveController,
  type ControlledPartition,
  type Work,
} from './state.ts';
import {
  BROKER_IDS_PATH,
  decodeLogDirEvent,
  LOG_DIR_EVENTS_PATH,
  brokerPath,
  decodeBroker,
  decodeLeaderAndIsr,
  decodeTopic,
  statePath,
  TOPICS_PATH,
  topicPath,
  type LiveBroker,
  type TopicAssignment,
} from './znodes.ts';

/** Reading the cluster from ZooKeeper: everything on taking over, and what changed when a watch fires. */
const get = (path: string, watch = false): ZkOperation => ({ op: 'getData', path, watch });
const children = (path: string): ZkOperation => ({ op: 'getChildren', path, watch: true });
const configPath = (topic: string): string => `/config/topics/${topic}`;

/** onControllerFailover, first half: the lists, with watches on them. */
export function startFailover(work: Work, claim: { readonly epoch: number; readonly epochVersion: number }): void {
  const active: ActiveController = {
    epoch: claim.epoch,
    epochVersion: claim.epochVersion,
    brokers: emptyMap(),
    shuttingDown: [],
    offlineDirReplicas: emptyMap(),
    topics: emptyMap(),
    partitions: NO_PARTITIONS,
    replicas: emptyMap<ReplicaState>(),
    topicConfigs: emptyMap(),
    channels: emptyMap(),
  };
  work.state = { ...work.state, active, activeControllerId: work.state.config.brokerId };
  work.scope.effects.push({ type: 'trace', event: { type: 'ControllerElected', brokerId: work.state.config.brokerId, controllerEpoch: claim.epoch } });
  awaitZooKeeper(work, [children(BROKER_IDS_PATH), children(TOPICS_PATH), children(LOG_DIR_EVENTS_PATH)], { type: 'failoverLists' });
}

export function onFailoverLists(work: Work, results: readonly ZkResult[]): void {
  const brokers = childrenOf(results[0]).map(Number);
  const topics = childrenOf(results[1]);
  // Whatever they tell, LeaderAndIsr to all brokers will find out.
  deleteEvents(work, childrenOf(results[2]));
  const operations = [...brokers.map((id) => get(brokerPath(id))), ...topics.flatMap((topic) => [get(topicPath(topic), true), get(configPath(topic))])];
  if (operations.length === 0) return finishFailover(work);
  awaitZooKeeper(work, operations, { type: 'failoverData', brokers, topics });
}

function deleteEvents(work: Work, names: readonly string[]): void {
  if (names.length > 0) addTasks(work, [{ type: 'deleteLogDirEvents', paths: names.map((name) => `${LOG_DIR_EVENTS_PATH}/${name}`) }]);
}

function childrenOf(result: ZkResult | undefined): readonly string[] {
  return result?.ok === true && result.op === 'getChildren' ? result.children : [];
}

function dataOf(result: ZkResult | undefined): { readonly data: string; readonly version: number; readonly czxid: number } | null {
  return result?.ok === true && result.op === 'getData' ? { data: result.data, version: result.stat.version, czxid: result.stat.czxid } : null;
}

export function onFailoverData(
  work: Work,
  step: { readonly brokers: readonly BrokerId[]; readonly topics: readonly string[] },
  results: readonly ZkResult[],
): void {
  let brokers: PersistentMap<LiveBroker> = emptyMap();
  for (const broker of readBrokers(step.brokers, results)) brokers = mapSet(brokers, String(broker.id), broker);
  updateActive(work, { brokers });
  const keys: string[] = [];
  step.topics.forEach((topic, i) => {
    const at = step.brokers.length + 2 * i;
    keys.push(...takeTopic(work, topic, results[at], results[at + 1]));
  });
  if (keys.length === 0) return finishFailover(work);
  awaitZooKeeper(
    work,
    keys.map((key) => get(statePathOf(key))),
    { type: 'failoverStates', keys },
  );
}

function statePathOf(key: string): string {
  const dash = key.lastIndexOf('-');
  return statePath(key.slice(0, dash), Number(key.slice(dash + 1)));
}

function readBrokers(ids: readonly BrokerId[], results: readonly ZkResult[]): LiveBroker[] {
  return ids.flatMap((id, i) => {
    const found = dataOf(results[i]);
    const broker = found === null ? null : decodeBroker(id, found.czxid, found.data);
    return broker === null ? [] : [broker];
  });
}

/** Takes a topic's assignment over; returns the keys of partitions that were not known. */
function takeTopic(work: Work, topic: string, data: ZkResult | undefined, config: ZkResult | undefined): string[] {
  const { active } = work.state;
  const found = dataOf(data);
  const assignment: TopicAssignment | null = found === null ? null : decodeTopic(topic, found.data);
  if (active === null || assignment === null) return [];
  const configData = dataOf(config);
  const configs = configData === null ? {} : ((JSON.parse(configData.data) as { config?: Record<string, string> }).config ?? {});
  updateActive(work, { topics: mapSet(active.topics, topic, assignment), topicConfigs: mapSet(active.topicConfigs, topic, configs) });
  const fresh: string[] = [];
  assignment.partitions.forEach((replicas, partition) => {
    const key = partitionKey(topic, partition);
    if (mapGet(active.partitions, key) !== undefined) return;
    const part: ControlledPartition = { topic, partition, replicas, leaderAndIsr: null, version: 0, state: 'NewPartition' };
    putPartition(work, part);
    fresh.push(key);
  });
  return fresh;
}

export function onFailoverStates(work: Work, keys: readonly string[], results: readonly ZkResult[]): void {
  const { active } = work.state;
  if (active === null) return;
  keys.forEach((key, i) => {
    const part = mapGet(active.partitions, key);
    const found = dataOf(results[i]);
    const leaderAndIsr = found === null ? null : decodeLeaderAndIsr(found.data);
    if (part === undefined || leaderAndIsr === null || found === null) return;
    const leads = mapGet(active.brokers, String(leaderAndIsr.leader)) !== undefined;
    putPartition(work, { ...part, leaderAndIsr, version: found.version, state: leads ? 'OnlinePartition' : 'OfflinePartition' });
  });
  finishFailover(work);
}

/** Channels open, brokers are told of each other, replicas come on- and offline, partitions without a leader get one. */
function finishFailover(work: Work): void {
  const { active } = work.state;
  if (active === null) return;
  const live = new Set<BrokerId>();
  for (const broker of mapValues(active.brokers)) {
    live.add(broker.id);
    openChannel(work, broker.id);
  }
  const dead = new Set<BrokerId>();
  for (const part of allPartitions(active)) for (const id of part.replicas) if (!live.has(id)) dead.add(id);
  addTasks(work, [
    { type: 'sendMetadata', brokers: 'all', than: [], withPartitions: false },
    { type: 'replicasOnline', brokers: [...live].sort((a, b) => a - b) },
    { type: 'replicasOffline', brokers: [...dead].sort((a, b) => a - b) },
    { type: 'electOffline' },
  ]);
}

/** processLogDirEventNotification: which brokers lost a log dir is in the data of the events. */
export function readLogDirEvents(work: Work): void {
  awaitZooKeeper(work, [children(LOG_DIR_EVENTS_PATH)], { type: 'logDirEvents' });
}

export function onLogDirEvents(work: Work, results: readonly ZkResult[]): void {
  const paths = childrenOf(results[0]).map((name) => `${LOG_DIR_EVENTS_PATH}/${name}`);
  if (paths.length === 0) return;
  awaitZooKeeper(
    work,
    paths.map((path) => get(path)),
    { type: 'logDirEventData', paths },
  );
}

/** onBrokerLogDirFailure: LeaderAndIsr for all that the brokers host; what they refuse with KAFKA_STORAGE_ERROR is offline. */
export function onLogDirEventData(work: Work, paths: readonly string[], results: readonly ZkResult[]): void {
  const { active } = work.state;
  if (active === null) return;
  const named = new Set(results.flatMap((result) => decodeLogDirEvent(dataOf(result)?.data ?? '') ?? []));
  const brokers = [...named].filter((id) => mapGet(active.brokers, String(id)) !== undefined).sort((a, b) => a - b);
  work.scope.effects.push({ type: 'trace', event: { type: 'LogDirFailureHandled', brokerIds: brokers, controllerEpoch: active.epoch } });
  addTasks(work, [
    { type: 'replicasOnline', brokers },
    { type: 'deleteLogDirEvents', paths },
  ]);
}

/**
 * processLeaderAndIsrResponseReceived: replicas whose log dir has failed are offline from now on. Those that were not known to be go through
 * onReplicasBecomeOffline: what they led is offline in memory, gets new leaders, and then they leave their ISRs.
 */
export function onLeaderAndIsrResponse(
  work: Work,
  { brokerId, offline, online }: { readonly brokerId: BrokerId; readonly offline: readonly string[]; readonly online: readonly string[] },
): void {
  const { active } = work.state;
  if (active === null) return;
  const before = mapGet(active.offlineDirReplicas, String(brokerId)) ?? [];
  const fresh = offline.filter((key) => !before.includes(key));
  const now = [...before.filter((key) => !online.includes(key)), ...fresh].sort(compareTexts);
  const id = String(brokerId);
  updateActive(work, { offlineDirReplicas: now.length === 0 ? mapDelete(active.offlineDirReplicas, id) : mapSet(active.offlineDirReplicas, id, now) });
  if (fresh.length === 0) return;
  for (const key of fresh) {
    const part = mapGet(active.partitions, key);
    if (part?.leaderAndIsr?.leader === brokerId && part.state === 'OnlinePartition')
      putPartition(work, { ...part, state: stepChart(PARTITION_CHART, part.state, 'OFFLINE') });
  }
  addTasks(work, [{ type: 'electOffline' }, { type: 'dirReplicasOffline', brokerId, keys: fresh }]);
}

export function readBrokerList(work: Work): void {
  awaitZooKeeper(work, [children(BROKER_IDS_PATH)], { type: 'brokerList' });
}

export function onBrokerList(work: Work, results: readonly ZkResult[]): void {
  const brokers = childrenOf(results[0]).map(Number);
  if (brokers.length === 0) return onBrokerData(work, [], []);
  awaitZooKeeper(
    work,
    brokers.map((id) => get(brokerPath(id))),
    { type: 'brokerData', brokers },
  );
}

/** New, restarted in between (same id, higher epoch: gone and then new), and gone, in this order (processBrokerChange). */
export function onBrokerData(work: Work, ids: readonly BrokerId[], results: readonly ZkResult[]): void {
  const { active } = work.state;
  if (active === null) return;
  const now = readBrokers(ids, results).sort((a, b) => a.id - b.id);
  const before = mapValues(active.brokers);
  const bounced = now.filter((one) => before.some((old) => old.id === one.id && old.epoch < one.epoch));
  const bouncedIds = bounced.map((one) => one.id);
  const gone = before
    .filter((old) => !now.some((one) => one.id === old.id))
    .map((old) => old.id)
    .sort((a, b) => a - b);
  startBrokers(
    work,
    active,
    now.filter((one) => !before.some((old) => old.id === one.id)),
  );
  failBrokers(work, active, bouncedIds);
  startBrokers(work, active, bounced);
  failBrokers(work, active, gone);
}

/** onBrokerStartup: the others hear of the brokers, they hear of everything, and their replicas come online. */
function startBrokers(work: Work, active: ActiveController, brokers: readonly LiveBroker[]): void {
  if (brokers.length === 0) return;
  const brokerIds = brokers.map((one) => one.id);
  work.scope.effects.push({ type: 'trace', event: { type: 'BrokerStartupHandled', brokerIds, controllerEpoch: active.epoch } });
  addTasks(work, [
    { type: 'brokersCame', brokers },
    { type: 'sendMetadata', brokers: 'others', than: brokerIds, withPartitions: false },
    { type: 'sendMetadata', brokers: brokerIds, than: [], withPartitions: true },
    { type: 'replicasOnline', brokers: brokerIds },
    { type: 'electOffline' },
  ]);
}

/**
 * onBrokerFailure: leaders first, then the replicas go offline. Each tells all brokers who is alive, so an UpdateMetadata of its own goes out
 * only where the brokers hosted nothing.
 */
function failBrokers(work: Work, active: ActiveController, brokerIds: readonly BrokerId[]): void {
  if (brokerIds.length === 0) return;
  work.scope.effects.push({ type: 'trace', event: { type: 'BrokerFailureHandled', brokerIds, controllerEpoch: active.epoch } });
  addTasks(work, [{ type: 'brokersGone', brokers: brokerIds }, { type: 'electOffline' }, { type: 'replicasOffline', brokers: brokerIds }]);
  const hosted = allPartitions(active).some((part) => part.replicas.some((id) => brokerIds.includes(id)));
  if (!hosted) addTasks(work, [{ type: 'sendMetadata', brokers: 'all', than: [], withPartitions: false }]);
}

export function readTopicList(work: Work): void {
  awaitZooKeeper(work, [children(TOPICS_PATH)], { type: 'topicList' });
}

export function onTopicList(work: Work, results: readonly ZkResult[]): void {
  const { active } = work.state;
  const topics = childrenOf(results[0]).filter((topic) => active !== null && mapGet(active.topics, topic) === undefined);
  if (topics.length > 0) readTopics(work, topics);
}

export function readTopics(work: Work, topics: readonly string[]): void {
  awaitZooKeeper(
    work,
    topics.flatMap((topic) => [get(topicPath(topic), true), get(configPath(topic))]),
    { type: 'topicData', topics },
  );
}

/** onNewPartitionCreation: New, then Online. */
export function onTopicData(work: Work, topics: readonly string[], results: readonly ZkResult[]): void {
  topics.forEach((topic, i) => {
    const known = work.state.active === null ? undefined : mapGet(work.state.active.topics, topic);
    const keys = takeTopic(work, topic, results[2 * i], results[2 * i + 1]);
    const { active } = work.state;
    if (keys.length === 0 || active === null) return;
    if (known === undefined)
      work.scope.effects.push({ type: 'trace', event: { type: 'TopicCreated', topic, partitionCount: keys.length, controllerEpoch: active.epoch } });
    addTasks(work, [{ type: 'partitionsOnline', keys }]);
  });
}
