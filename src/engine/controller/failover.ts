import { emptyMap, mapSet, mapValues, type PersistentMap } from '../kernel/persistent-map.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { decodedBrokers } from './broker-changes.ts';
import { openChannel } from './channels.ts';
import { initDeletions } from './deletion.ts';
import { scheduleRebalance } from './rebalance.ts';
import {
  allPartitions,
  awaitZooKeeper,
  isReplicaOnline,
  keyOf,
  newActive,
  partitionOf,
  putPartition,
  replicaKey,
  runFirst,
  splitKey,
  updateActive,
  type Work,
} from './state.ts';
import type { FailoverLists, ReadStep, ReplicaOf, Task } from './steps.ts';
import { takeTopic } from './topic-changes.ts';
import {
  BROKER_IDS_PATH,
  brokerPath,
  decodeLeaderAndIsr,
  DELETIONS_PATH,
  FEATURE_DATA,
  FEATURE_PATH,
  ISR_CHANGES_PATH,
  LOG_DIR_EVENTS_PATH,
  statePath,
  TOPICS_PATH,
  topicPath,
  type LiveBroker,
} from './znodes.ts';
import { childrenOf, found, guarded, listen, read } from './zookeeper-calls.ts';

/** onControllerFailover: watches first, then everything is read, and then all brokers hear of it. */
export function startFailover(work: Work, claim: { readonly epoch: number; readonly epochVersion: number }): void {
  const { brokerId } = work.state.config;
  work.state = { ...work.state, active: newActive(claim.epoch, claim.epochVersion), activeControllerId: brokerId };
  work.scope.effects.push({ type: 'trace', event: { type: 'ControllerElected', brokerId, controllerEpoch: claim.epoch } });
  // The first controller of all says that features are on (maybeSetupFeatureVersioning).
  awaitZooKeeper(work, [{ op: 'create', path: FEATURE_PATH, data: FEATURE_DATA, ephemeral: false, sequential: false }], { type: 'feature' });
}

export function onFeature(work: Work): void {
  const lists = [BROKER_IDS_PATH, TOPICS_PATH, DELETIONS_PATH, LOG_DIR_EVENTS_PATH, ISR_CHANGES_PATH];
  awaitZooKeeper(work, lists.map(listen), { type: 'failoverLists' });
}

export function onFailoverLists(work: Work, results: readonly ZkResult[]): void {
  const lists: FailoverLists = { brokers: childrenOf(results[0]).map(Number), topics: childrenOf(results[1]), deletions: childrenOf(results[2]) };
  const below = (path: string, result: ZkResult | undefined): readonly string[] => childrenOf(result).map((name) => `${path}/${name}`);
  // Whatever they tell, reading it all will find out.
  const stale = [...below(LOG_DIR_EVENTS_PATH, results[3]), ...below(ISR_CHANGES_PATH, results[4])];
  if (stale.length === 0) return readCluster(work, lists);
  awaitZooKeeper(
    work,
    stale.map((path) => guarded(work, { op: 'delete', path, version: -1 })),
    { type: 'failoverCleaned', ...lists },
  );
}

export function readCluster(work: Work, { brokers, topics, deletions }: FailoverLists): void {
  const operations = [...brokers.map((id) => read(brokerPath(id))), ...topics.map((topic) => read(topicPath(topic), true))];
  if (operations.length === 0) return finishFailover(work, deletions);
  awaitZooKeeper(work, operations, { type: 'failoverData', brokers, topics, deletions });
}

export function onFailoverData(work: Work, step: Extract<ReadStep, { type: 'failoverData' }>, results: readonly ZkResult[]): void {
  let brokers: PersistentMap<LiveBroker> = emptyMap();
  for (const broker of decodedBrokers(step.brokers, results)) brokers = mapSet(brokers, String(broker.id), broker);
  updateActive(work, { brokers });
  const keys = step.topics.flatMap((topic, i) => takeTopic(work, topic, results[step.brokers.length + i]));
  if (keys.length === 0) return finishFailover(work, step.deletions);
  awaitZooKeeper(
    work,
    keys.map((key) => read(statePath(splitKey(key).topic, splitKey(key).partition))),
    { type: 'failoverStates', keys, deletions: step.deletions },
  );
}

export function onFailoverStates(work: Work, step: Extract<ReadStep, { type: 'failoverStates' }>, results: readonly ZkResult[]): void {
  step.keys.forEach((key, i) => {
    const { active } = work.state;
    const part = active === null ? undefined : partitionOf(active, key);
    const stored = found(results[i]);
    const leaderAndIsr = stored === null ? null : decodeLeaderAndIsr(stored.data);
    if (active === null || part === undefined || leaderAndIsr === null || stored === null) return;
    const leads = isReplicaOnline(active, { key, brokerId: leaderAndIsr.leader });
    putPartition(work, { ...part, leaderAndIsr, version: stored.stat.version, state: leads ? 'OnlinePartition' : 'OfflinePartition' });
  });
  finishFailover(work, step.deletions);
}

/** Channels open, brokers are told of each other, replicas come on- and offline, partitions without a leader get one; then what was under way goes on. */
function finishFailover(work: Work, deletions: readonly string[]): void {
  const { active } = work.state;
  if (active === null) return;
  for (const broker of mapValues(active.brokers)) openChannel(work, broker.id);
  runFirst(work, [{ type: 'sendMetadata', brokers: 'all', than: [], partitions: [] }, ...startReplicas(work), ...GO_ON]);
  initDeletions(work, deletions);
  scheduleRebalance(work, 5000);
}

const GO_ON: readonly Task[] = [
  { type: 'triggerOnline', topic: null },
  { type: 'readZkReassignment' },
  { type: 'resumeReassignments', except: [], brokers: null },
  { type: 'resumeDeletions' },
  { type: 'readZkElection' },
];

/** ReplicaStateMachine.startup: replicas of dead brokers begin where a deletion that failed would leave them. */
function startReplicas(work: Work): readonly Task[] {
  const { active } = work.state;
  if (active === null) return [];
  const all = allPartitions(active).flatMap((part) => part.replicas.map((brokerId): ReplicaOf => ({ key: keyOf(part), brokerId })));
  const online = all.filter((replica) => isReplicaOnline(active, replica));
  const offline = all.filter((replica) => !isReplicaOnline(active, replica));
  let { replicas } = active;
  for (const replica of online) replicas = mapSet(replicas, replicaKey(replica), 'OnlineReplica');
  for (const replica of offline) replicas = mapSet(replicas, replicaKey(replica), 'ReplicaDeletionIneligible');
  updateActive(work, { replicas });
  return [
    { type: 'replicasTo', replicas: online, state: 'OnlineReplica' },
    { type: 'replicasTo', replicas: offline, state: 'OfflineReplica' },
  ];
}
