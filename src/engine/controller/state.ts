import { emptyMap, mapGet, mapSet, mapValues, type PersistentMap } from '../kernel/persistent-map.ts';
import type { Scope } from '../kernel/scope.ts';
import type { BrokerEpoch, BrokerId, ControllerEpoch, InstantUs } from '../kernel/units.ts';
import { newNetworkClient, type NetworkClientState } from '../network-client/network-client.ts';
import type { ErrorName } from '../protocol/errors.ts';
import type { RequestFrame } from '../protocol/wire.ts';
import type { ZkOperation } from '../zookeeper-client/contract.ts';
import type { PartitionState, ReplicaState } from './charts.ts';
import type { ControllerConfig, ControllerEffect, ElectionStrategy } from './contract.ts';
import type { LeaderAndIsr, LiveBroker, TopicAssignment } from './znodes.ts';

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

/** What ElectLeaders says of one partition. */
export interface ElectionOutcome {
  readonly key: string;
  readonly error: ErrorName;
  readonly message: string | null;
}

export interface DelayedElection {
  readonly requestId: number;
  readonly outcomes: readonly ElectionOutcome[];
  readonly expected: readonly { readonly key: string; readonly leader: BrokerId }[];
}

export interface ControllerSettings {
  readonly autoRebalance: boolean;
  readonly imbalanceCheckMs: number;
  readonly imbalancePercentage: number;
  readonly uncleanElection: boolean;
}

export interface ActiveController {
  readonly epoch: ControllerEpoch;
  /** Version of `/controller_epoch` that every write of ours demands. */
  readonly epochVersion: number;
  readonly brokers: PersistentMap<LiveBroker>;
  readonly shuttingDown: readonly BrokerId[];
  /** By broker: its replicas whose log dir has failed, as LeaderAndIsr answered; nothing for a broker that has none (replicasOnOfflineDirs). */
  readonly offlineDirReplicas: PersistentMap<readonly string[]>;
  readonly topics: PersistentMap<TopicAssignment>;
  readonly partitions: PersistentMap<ControlledPartition>;
  readonly replicas: PersistentMap<ReplicaState>;
  /** Topic configs that decide elections. */
  readonly topicConfigs: PersistentMap<Readonly<Record<string, string>>>;
  readonly channels: PersistentMap<BrokerChannel>;
}

export interface ControlledPartition {
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly BrokerId[];
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
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly deletes: boolean;
}

/** A partition's state at the moment when the request was made. */
export interface PartitionForBroker {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly leaderAndIsr: LeaderAndIsr;
  readonly version: number;
  readonly replicas: readonly BrokerId[];
  readonly isNew: boolean;
  readonly offlineReplicas: readonly BrokerId[];
}

export type ControllerEvent =
  | { readonly type: 'Elect' }
  | { readonly type: 'ControllerChange' }
  | { readonly type: 'BrokerChange' }
  | { readonly type: 'TopicChange' }
  | { readonly type: 'PartitionModifications'; readonly topic: string }
  | { readonly type: 'AutoPreferredReplicaLeaderElection' }
  | { readonly type: 'LogDirEventNotification' }
  | { readonly type: 'LeaderAndIsrResponseReceived'; readonly brokerId: BrokerId; readonly offline: readonly string[]; readonly online: readonly string[] }
  | { readonly type: 'Request'; readonly requestId: number; readonly frame: RequestFrame };

export interface CurrentEvent {
  readonly event: ControllerEvent;
  readonly tasks: readonly Task[];
  /** Tag of the zk call that is awaited, and what its answer is for. */
  readonly awaiting: { readonly tag: string; readonly step: ReadStep } | null;
  /** Partitions whose election failed in this event, with Kafka's error. */
  readonly failures: readonly ElectionOutcome[];
}

/** What a controller does within one event, each on its own; a task may write to ZooKeeper and go on when that is done. */
export type Task =
  | { readonly type: 'brokersGone'; readonly brokers: readonly BrokerId[] }
  | { readonly type: 'brokersCame'; readonly brokers: readonly LiveBroker[] }
  | { readonly type: 'electOffline' }
  | { readonly type: 'partitionsOnline'; readonly keys: readonly string[] }
  | { readonly type: 'replicasOnline'; readonly brokers: readonly BrokerId[] }
  | { readonly type: 'replicasOffline'; readonly brokers: readonly BrokerId[] }
  /** Replicas of a broker that lives, whose log dir failed. */
  | { readonly type: 'dirReplicasOffline'; readonly brokerId: BrokerId; readonly keys: readonly string[] }
  | { readonly type: 'deleteLogDirEvents'; readonly paths: readonly string[] }
  /** To these brokers, to all that live when it is sent, or to all others than `than`. */
  | {
      readonly type: 'sendMetadata';
      readonly brokers: readonly BrokerId[] | 'all' | 'others';
      readonly than: readonly BrokerId[];
      readonly withPartitions: boolean;
    }
  | { readonly type: 'elect'; readonly keys: readonly string[]; readonly strategy: ElectionStrategy }
  /** `keys`: what it followed when the shutdown began; what it led is moved by an election of its own. */
  | { readonly type: 'shutdownFollowers'; readonly brokerId: BrokerId; readonly keys: readonly string[] }
  | { readonly type: 'answerShutdown'; readonly requestId: number; readonly brokerId: BrokerId }
  /** `keys`: those that an election was held for; `preset`: the answers of the others. */
  | {
      readonly type: 'answerElection';
      readonly requestId: number;
      readonly keys: readonly string[];
      readonly preset: readonly ElectionOutcome[];
      readonly deadlineUs: InstantUs;
    }
  | { readonly type: 'alterPartition'; readonly requestId: number; readonly frame: RequestFrame };

/** A state znode to be written. */
export interface PlannedChange {
  readonly key: string;
  readonly next: LeaderAndIsr;
  readonly strategy: ElectionStrategy | null;
  readonly by: 'leader' | 'controller';
  readonly creates: boolean;
  /** Brokers to be told by LeaderAndIsr; null: all live replicas. Empty: nobody (an ISR change that the leader asked for). */
  readonly tell: readonly BrokerId[] | null;
}

/** What goes out in the batch of some changes, when a broker's replicas go offline: partitions that stay as they are, and its own orders. */
export interface ToldBeside {
  readonly brokerId: BrokerId;
  readonly keys: readonly string[];
  readonly stops: readonly StopOrder[];
}

export type ReadStep =
  | { readonly type: 'readController' }
  | { readonly type: 'readEpoch' }
  | { readonly type: 'createEpoch' }
  | { readonly type: 'claim'; readonly epoch: ControllerEpoch; readonly version: number }
  | { readonly type: 'failoverLists' }
  | { readonly type: 'failoverData'; readonly brokers: readonly BrokerId[]; readonly topics: readonly string[] }
  | { readonly type: 'failoverStates'; readonly keys: readonly string[] }
  | { readonly type: 'brokerList' }
  | { readonly type: 'brokerData'; readonly brokers: readonly BrokerId[] }
  | { readonly type: 'topicList' }
  | { readonly type: 'logDirEvents' }
  | { readonly type: 'logDirEventData'; readonly paths: readonly string[] }
  | { readonly type: 'logDirEventsDeleted' }
  /** `written`: first id of the block that may have been written already. */
  | { readonly type: 'readProducerIds'; readonly requestId: number; readonly brokerId: BrokerId; readonly written: number | null }
  | { readonly type: 'writeProducerIds'; readonly requestId: number; readonly brokerId: BrokerId; readonly written: number }
  | { readonly type: 'topicData'; readonly topics: readonly string[] }
  | { readonly type: 'write'; readonly changes: readonly PlannedChange[]; readonly then: AfterWrite; readonly beside: ToldBeside | null }
  | { readonly type: 'reread'; readonly changes: readonly PlannedChange[]; readonly then: AfterWrite };

export type AfterWrite =
  | { readonly type: 'none' }
  | {
      readonly type: 'answerAlterPartition';
      readonly requestId: number;
      readonly errors: readonly { readonly key: string; readonly error: string }[];
      readonly keys: readonly string[];
    };

export type ControllerScope = Scope<ControllerEffect>;

/** One step in the making: the state is replaced, never changed. */
export interface Work {
  state: ControllerState;
  readonly scope: ControllerScope;
}

export const CONTROLLER_OWNER = 'controller';

/** A controller part that waits for its broker to be registered. */
export function newController(config: ControllerConfig): ControllerState {
  const value = (name: string, kafkaDefault: string): string => config.configs[name] ?? kafkaDefault;
  const settings: ControllerSettings = {
    autoRebalance: value('auto.leader.rebalance.enable', 'true') === 'true',
    imbalanceCheckMs: Number(value('leader.imbalance.check.interval.seconds', '300')) * 1000,
    imbalancePercentage: Number(value('leader.imbalance.per.broker.percentage', '10')),
    uncleanElection: value('unclean.leader.election.enable', 'false') === 'true',
  };
  const net = newNetworkClient({
    owner: CONTROLLER_OWNER,
    clientId: String(config.brokerId),
    requestTimeoutMs: Number(value('controller.socket.timeout.ms', '30000')),
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 50,
    connectionSetupTimeoutMs: 10_000,
    maxInFlightPerConnection: 1,
    discoverApiVersions: false,
  });
  return {
    config,
    settings,
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

export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

export function updateActive(work: Work, change: Partial<ActiveController>): void {
  const { active } = work.state;
  if (active !== null) work.state = { ...work.state, active: { ...active, ...change } };
}

export function putPartition(work: Work, part: ControlledPartition): void {
  const { active } = work.state;
  if (active !== null) updateActive(work, { partitions: mapSet(active.partitions, partitionKey(part.topic, part.partition), part) });
}

export function partitionOf(active: ActiveController, key: string): ControlledPartition | undefined {
  return mapGet(active.partitions, key);
}

export function allPartitions(active: ActiveController): readonly ControlledPartition[] {
  return mapValues(active.partitions);
}

/** Brokers whose replica of the partition is there: they are live, and its log dir has not failed (ControllerContext.isReplicaOnline). */
export function onlineReplicas(active: ActiveController, key: string, live: ReadonlySet<BrokerId>): ReadonlySet<BrokerId> {
  if (active.offlineDirReplicas.size === 0) return live;
  return new Set([...live].filter((id) => mapGet(active.offlineDirReplicas, String(id))?.includes(key) !== true));
}

/** Brokers that are registered and not on their way down. */
export function liveBrokers(active: ActiveController): ReadonlySet<BrokerId> {
  const ids = new Set<BrokerId>();
  for (const broker of mapValues(active.brokers)) if (!active.shuttingDown.includes(broker.id)) ids.add(broker.id);
  return ids;
}

export function liveOrShuttingDown(active: ActiveController): ReadonlySet<BrokerId> {
  return new Set(mapValues(active.brokers).map((broker) => broker.id));
}

/** Asks ZooKeeper for this event; its tasks wait. */
export function awaitZooKeeper(work: Work, operations: readonly ZkOperation[], step: ReadStep): void {
  const { current, nextTag } = work.state;
  if (current === null) return;
  const tag = `${CONTROLLER_OWNER}-${nextTag}`;
  work.scope.effects.push({ type: 'zk', tag, operations });
  work.state = { ...work.state, nextTag: nextTag + 1, current: { ...current, awaiting: { tag, step } } };
}

export function addTasks(work: Work, tasks: readonly Task[]): void {
  const { current } = work.state;
  if (current !== null) work.state = { ...work.state, current: { ...current, tasks: [...current.tasks, ...tasks] } };
}

export const NO_PARTITIONS: PersistentMap<ControlledPartition> = emptyMap();
