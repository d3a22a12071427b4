import { emptyMap, mapGet, mapSet, mapValues, type PersistentMap } from '../kernel/persistent-map.ts';
import type { Scope } from '../kernel/scope.ts';
import type { BrokerEpoch, BrokerId, ControllerEpoch, LeaderEpoch, PartitionId } from '../kernel/units.ts';
import { newNetworkClient, type NetworkClientState } from '../network-client/network-client.ts';
import type { RequestFrame } from '../protocol/wire.ts';
import type { ZkOperation } from '../zookeeper-client/contract.ts';
import type { Assignment } from './assignment.ts';
import type { PartitionState, ReplicaState } from './charts.ts';
import type { ControllerConfig, ControllerEffect } from './contract.ts';
import type { Outcome, ReadStep, ReplicaOf, Task } from './steps.ts';
import type { LeaderAndIsr, LiveBroker } from './znodes.ts';

export interface ControllerState {
  readonly config: ControllerConfig;
  readonly settings: ControllerSettings;
  /** Null before the broker is registered. */
  readonly brokerEpoch: BrokerEpoch | null;
  readonly sessionId: string | null;
  /** Who leads the cluster as far as `/controller` was read: -1 unknown or nobody. */
  readonly activeControllerId: BrokerId;
  /** What only the active controller has. */
  readonly active: ActiveController | null;
  /** Events not yet begun, in order (ControllerEventManager's queue). */
  readonly queue: readonly ControllerEvent[];
  /** The event under way: what it still has to do and what it waits for. */
  readonly current: CurrentEvent | null;
  readonly net: NetworkClientState;
  readonly nextTag: number;
  /** Elections done whose leaders this broker's metadata cache does not show yet: their requests are not answered. */
  readonly delayedElections: readonly DelayedElection[];
}

export interface DelayedElection {
  readonly requestId: number;
  readonly outcomes: readonly Outcome[];
  readonly expected: readonly { readonly key: string; readonly leader: BrokerId }[];
}

export interface ControllerSettings {
  readonly autoRebalance: boolean;
  readonly imbalanceCheckMs: number;
  readonly imbalancePercentage: number;
  readonly uncleanElection: boolean;
  /** delete.topic.enable. */
  readonly deletesTopics: boolean;
  /** Before KIP-497 leaders write ISRs to ZooKeeper themselves, and the controller hears of them by `/isr_change_notification`. */
  readonly isrInZooKeeper: boolean;
}

/** ControllerContext: what the active controller knows of the cluster. */
export interface ActiveController {
  readonly epoch: ControllerEpoch;
  /** Version of `/controller_epoch` that every write of ours demands. */
  readonly epochVersion: number;
  readonly brokers: PersistentMap<LiveBroker>;
  readonly shuttingDown: readonly BrokerId[];
  /** By broker: its replicas whose log dir has failed, as LeaderAndIsr answered; nothing for a broker that has none (replicasOnOfflineDirs). */
  readonly offlineDirReplicas: PersistentMap<readonly string[]>;
  /** Topic id by topic: Base64, as it stands in the znode; empty where it has none. */
  readonly topics: PersistentMap<string>;
  readonly partitions: PersistentMap<ControlledPartition>;
  /** State of each replica by `replicaKey`; absent: NonExistentReplica. */
  readonly replicas: PersistentMap<ReplicaState>;
  /** Topics to be deleted, sorted; those whose deletion has begun; those that must wait (TopicDeletionManager). */
  readonly deleting: readonly string[];
  readonly deletionStarted: readonly string[];
  readonly deletionIneligible: readonly string[];
  readonly channels: PersistentMap<BrokerChannel>;
}

export interface ControlledPartition extends Assignment {
  readonly topic: string;
  readonly partition: PartitionId;
  /** Null until its state znode is written. */
  readonly leaderAndIsr: LeaderAndIsr | null;
  /** Version of the state znode: the partition epoch. */
  readonly version: number;
  readonly state: PartitionState;
}

/** Requests for one broker, sent one after another and repeated until they succeed (RequestSendThread). */
export interface BrokerChannel {
  readonly brokerId: BrokerId;
  readonly queue: readonly ChannelRequest[];
  readonly sending: boolean;
}

export type ChannelRequest =
  | { readonly api: 'LeaderAndIsr'; readonly partitions: readonly PartitionForBroker[] }
  | { readonly api: 'UpdateMetadata'; readonly partitions: readonly PartitionForBroker[] }
  | { readonly api: 'StopReplica'; readonly partitions: readonly StopOrder[] };

/** One partition of a StopReplica. */
export interface StopOrder {
  readonly topic: string;
  readonly partition: PartitionId;
  /** -2 for a topic that is being deleted, -1 for a partition that has none. */
  readonly leaderEpoch: LeaderEpoch;
  readonly deletes: boolean;
}

/** A partition's state at the moment when the request was made. */
export interface PartitionForBroker extends Assignment {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: PartitionId;
  readonly leaderAndIsr: LeaderAndIsr;
  readonly version: number;
  readonly isNew: boolean;
  readonly offlineReplicas: readonly BrokerId[];
}

/**
 * ControllerBrokerRequestBatch: what one state change has to tell the brokers, by broker and by partition (`request-batch.ts`).
 */
export interface RequestBatch {
  readonly leaderAndIsr: PersistentMap<PersistentMap<PartitionForBroker>>;
  readonly metadataBrokers: readonly BrokerId[];
  readonly metadata: PersistentMap<PartitionForBroker>;
  readonly stops: PersistentMap<PersistentMap<StopOrder>>;
}

export const EMPTY_BATCH: RequestBatch = { leaderAndIsr: emptyMap(), metadataBrokers: [], metadata: emptyMap(), stops: emptyMap() };

export type ControllerEvent =
  /** Reelect: who leads is looked up, and where nobody does this broker tries. */
  | { readonly type: 'Elect' }
  | { readonly type: 'ControllerChange' }
  | { readonly type: 'BrokerChange' }
  | { readonly type: 'TopicChange' }
  | { readonly type: 'TopicDeletion' }
  | { readonly type: 'PartitionModifications'; readonly topic: string }
  | { readonly type: 'AutoPreferredReplicaLeaderElection' }
  /** `/admin/preferred_replica_election` was written. */
  | { readonly type: 'ZkPreferredReplicaElection' }
  /** `/admin/reassign_partitions` was written. */
  | { readonly type: 'ZkPartitionReassignment' }
  | { readonly type: 'IsrChangeNotification' }
  /** The ISR of a partition that is being reassigned may have changed (before KIP-497). */
  | { readonly type: 'PartitionReassignmentIsrChange'; readonly key: string }
  | { readonly type: 'LogDirEventNotification' }
  | { readonly type: 'TopicUncleanLeaderElectionEnable'; readonly topic: string }
  | { readonly type: 'UncleanLeaderElectionEnable' }
  | { readonly type: 'LeaderAndIsrResponseReceived'; readonly brokerId: BrokerId; readonly offline: readonly string[]; readonly online: readonly string[] }
  | {
      readonly type: 'TopicDeletionStopReplicaResponseReceived';
      readonly brokerId: BrokerId;
      readonly deleted: readonly string[];
      readonly failed: readonly string[];
    }
  | { readonly type: 'Request'; readonly requestId: number; readonly frame: RequestFrame };

export interface CurrentEvent {
  readonly event: ControllerEvent;
  /** What is left to do, in order; a task may put others before them. */
  readonly tasks: readonly Task[];
  /** Tag of the zk call that is awaited, and what its answer is for. */
  readonly awaiting: { readonly tag: string; readonly step: ReadStep } | null;
  /** What the brokers will be told when the state change under way is complete. */
  readonly batch: RequestBatch;
  /** Elections of this event that failed, and how many did not. */
  readonly failures: readonly Outcome[];
  readonly elected: number;
}

export type ControllerScope = Scope<ControllerEffect>;

/** One step in the making: the state is replaced, never changed. */
export interface Work {
  state: ControllerState;
  readonly scope: ControllerScope;
}

export const CONTROLLER_OWNER = 'controller';

/** A controller part that waits for its broker to be registered. */
export function newController(config: ControllerConfig): ControllerState {
  const net = newNetworkClient({
    owner: CONTROLLER_OWNER,
    clientId: String(config.brokerId),
    requestTimeoutMs: Number(config.configs['controller.socket.timeout.ms'] ?? '30000'),
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 50,
    connectionSetupTimeoutMs: 10_000,
    maxInFlightPerConnection: 1,
    discoverApiVersions: false,
  });
  return {
    config,
    settings: controllerSettings(config.configs),
    brokerEpoch: null,
    sessionId: null,
    activeControllerId: -1,
    active: null,
    queue: [],
    current: null,
    net,
    nextTag: 1,
    delayedElections: [],
  };
}

/** What a broker's configs, by Kafka's names, mean to its controller. */
export function controllerSettings(configs: Readonly<Record<string, string>>): ControllerSettings {
  const value = (name: string, kafkaDefault: string): string => configs[name] ?? kafkaDefault;
  return {
    autoRebalance: value('auto.leader.rebalance.enable', 'true') === 'true',
    imbalanceCheckMs: Number(value('leader.imbalance.check.interval.seconds', '300')) * 1000,
    imbalancePercentage: Number(value('leader.imbalance.per.broker.percentage', '10')),
    uncleanElection: value('unclean.leader.election.enable', 'false') === 'true',
    deletesTopics: value('delete.topic.enable', 'true') === 'true',
    isrInZooKeeper: value('highwater.isr.in.zookeeper', 'false') === 'true',
  };
}

export function partitionKey(topic: string, partition: PartitionId): string {
  return `${topic}-${partition}`;
}

/** Topic and partition of a key; a topic's name may hold dashes. */
export function splitKey(key: string): { readonly topic: string; readonly partition: PartitionId } {
  const dash = key.lastIndexOf('-');
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
}

export function keyOf(part: ControlledPartition): string {
  return partitionKey(part.topic, part.partition);
}

/** Key of a replica in `ActiveController.replicas`. */
export function replicaKey({ key, brokerId }: ReplicaOf): string {
  return `${brokerId}/${key}`;
}

export function updateActive(work: Work, change: Partial<ActiveController>): void {
  const { active } = work.state;
  if (active !== null) work.state = { ...work.state, active: { ...active, ...change } };
}

export function updateCurrent(work: Work, change: Partial<CurrentEvent>): void {
  const { current } = work.state;
  if (current !== null) work.state = { ...work.state, current: { ...current, ...change } };
}

export function putPartition(work: Work, part: ControlledPartition): void {
  const { active } = work.state;
  if (active !== null) updateActive(work, { partitions: mapSet(active.partitions, keyOf(part), part) });
}

export function partitionOf(active: ActiveController, key: string): ControlledPartition | undefined {
  return mapGet(active.partitions, key);
}

export function allPartitions(active: ActiveController): readonly ControlledPartition[] {
  return mapValues(active.partitions);
}

export function partitionsOfTopic(active: ActiveController, topic: string): readonly ControlledPartition[] {
  return allPartitions(active).filter((part) => part.topic === topic);
}

export function isBeingDeleted(active: ActiveController, topic: string): boolean {
  return active.deleting.includes(topic);
}

/** A broker that is registered and not on its way down. */
export function isLive(active: ActiveController, brokerId: BrokerId): boolean {
  return isRegistered(active, brokerId) && !active.shuttingDown.includes(brokerId);
}

/** Live, or on its way down (liveOrShuttingDownBrokerIds). */
export function isRegistered(active: ActiveController, brokerId: BrokerId): boolean {
  return mapGet(active.brokers, String(brokerId)) !== undefined;
}

export function registeredIds(active: ActiveController): readonly BrokerId[] {
  return mapValues(active.brokers)
    .map((broker) => broker.id)
    .sort((a, b) => a - b);
}

/** Whether a broker's replica is there: the broker lives, and the replica's log dir has not failed (ControllerContext.isReplicaOnline). */
export function isReplicaOnline(active: ActiveController, { key, brokerId }: ReplicaOf, orShuttingDown = false): boolean {
  const alive = orShuttingDown ? isRegistered(active, brokerId) : isLive(active, brokerId);
  return alive && mapGet(active.offlineDirReplicas, String(brokerId))?.includes(key) !== true;
}

/** Assigned replicas that are online, in order of assignment. */
export function onlineReplicas(active: ActiveController, part: ControlledPartition, orShuttingDown = false): readonly BrokerId[] {
  const key = keyOf(part);
  return part.replicas.filter((brokerId) => isReplicaOnline(active, { key, brokerId }, orShuttingDown));
}

/** All replicas that brokers host by assignment. */
export function replicasOn(active: ActiveController, brokers: readonly BrokerId[]): readonly ReplicaOf[] {
  return allPartitions(active).flatMap((part) =>
    part.replicas.filter((id) => brokers.includes(id)).map((brokerId): ReplicaOf => ({ key: keyOf(part), brokerId })),
  );
}

/** Asks ZooKeeper for this event; its tasks wait. */
export function awaitZooKeeper(work: Work, operations: readonly ZkOperation[], step: ReadStep): void {
  const { current, nextTag } = work.state;
  if (current === null) return;
  const tag = `${CONTROLLER_OWNER}-${nextTag}`;
  work.scope.effects.push({ type: 'zk', tag, operations });
  work.state = { ...work.state, nextTag: nextTag + 1, current: { ...current, awaiting: { tag, step } } };
}

/** These come before all that is left to do. */
export function runFirst(work: Work, tasks: readonly Task[]): void {
  const { current } = work.state;
  if (current !== null && tasks.length > 0) updateCurrent(work, { tasks: [...tasks, ...current.tasks] });
}

/** Puts an event at the end of the queue; one that means reading a list anew need not wait there twice. */
export function enqueue(work: Work, event: ControllerEvent): void {
  const { queue } = work.state;
  const repeats = event.type !== 'Request' && queue.some((other) => other.type === event.type && JSON.stringify(other) === JSON.stringify(event));
  if (!repeats) work.state = { ...work.state, queue: [...queue, event] };
}

export function beginEvent(event: ControllerEvent): CurrentEvent {
  return { event, tasks: [], awaiting: null, batch: EMPTY_BATCH, failures: [], elected: 0 };
}

/** A controller that has just been elected and knows nothing yet. */
export function newActive(epoch: ControllerEpoch, epochVersion: number): ActiveController {
  return {
    epoch,
    epochVersion,
    brokers: emptyMap(),
    shuttingDown: [],
    offlineDirReplicas: emptyMap(),
    topics: emptyMap(),
    partitions: emptyMap(),
    replicas: emptyMap(),
    deleting: [],
    deletionStarted: [],
    deletionIneligible: [],
    channels: emptyMap(),
  };
}

export type { Outcome, ReadStep, ReplicaOf, Task };
