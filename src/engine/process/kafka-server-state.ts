import type { FileTree } from '../kernel/files.ts';
import type { Mutable } from '../kernel/mutable.ts';
import type { PersistentMap } from '../kernel/persistent-map.ts';
import type { Scope } from '../kernel/scope.ts';
import type { SystemEffect } from '../kernel/system.ts';
import type { BrokerId, ConnectionId, HostName } from '../kernel/units.ts';
import type { TopicAdminState } from '../broker/admin/topic-admin.ts';
import type { BrokerConfig } from '../broker/broker-config.ts';
import type { BrokerState } from '../broker/broker-state.ts';
import type { BrokerInput } from '../broker/contract.ts';
import type { LogDir, LogDirs } from '../broker/logs/log-dirs.ts';
import type { LoadedLogs } from '../broker/logs/log-manager.ts';
import type { TopicConfigs } from '../broker/metadata/topic-configs.ts';
import type { BrokerTrace } from '../broker/trace.ts';
import type { ControllerInput, ControllerTrace } from '../controller/contract.ts';
import type { ControllerState } from '../controller/controller.ts';
import type { ConfigTexts } from '../log/log-config.ts';
import type { MetaProperties } from '../log/meta-properties.ts';
import type { NetworkClientState } from '../network-client/network-client.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import type { ZkTold } from '../zookeeper-client/contract.ts';
import type { ZooKeeperSession } from '../zookeeper-client/session.ts';

/** What a kafka-server is started with. `configs` are Kafka's names and texts; whatever is absent has Kafka's default. */
export interface KafkaServerConfig {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  readonly host: HostName;
  readonly port: number;
  /** Hosts of the ensemble; clients are served on port 2181. */
  readonly zookeeperServers: readonly HostName[];
  readonly configs: ConfigTexts;
}

/** KafkaServer: one process with a broker, a controller and one ZooKeeper session that both use. */
export interface KafkaServerState {
  readonly config: KafkaServerConfig;
  readonly brokerConfig: BrokerConfig;
  readonly phase: KafkaServerPhase;
  readonly session: ZooKeeperSession;
  /** The session that the registration belongs to; null before the first. */
  readonly registeredSessionId: string | null;
  /** Connections that were accepted, by id. */
  readonly connections: PersistentMap<AcceptedConnection>;
  /** From the moment when the logs are loaded. */
  readonly broker: BrokerState | null;
  readonly controller: ControllerState;
  /** CreateTopics and CreatePartitions under way. */
  readonly topicAdmin: TopicAdminState;
}

export type KafkaServerPhase =
  | StartingPhase
  /** Logs are being read through; the requests of a first client wait. */
  | { readonly name: 'recovering'; readonly clusterId: string; readonly topicConfigs: TopicConfigs; readonly loaded: LoadedLogs }
  | { readonly name: 'registering' }
  | { readonly name: 'running' }
  | ControlledShutdownPhase
  /** Files are being written. `exit` says how the process will end. */
  | { readonly name: 'stopping'; readonly exit: ExitFacts }
  /** The ZooKeeper session is being closed; then the process ends. */
  | { readonly name: 'closing'; readonly exit: ExitFacts };

export interface StartingPhase {
  readonly name: 'starting';
  /** What is being asked of ZooKeeper; `connecting` until there is a session. */
  readonly step: 'connecting' | 'paths' | 'clusterId' | 'topics' | 'topicConfigs';
  /** The disk as it was at the start. */
  readonly files: FileTree;
  readonly logDirs: LogDirs;
  /** What `meta.properties` says in each log dir that could be opened; null where there is none. */
  readonly stored: readonly { readonly dir: LogDir; readonly properties: MetaProperties | null }[];
  /** What this broker would call the cluster if it came first. */
  readonly proposedClusterId: string;
  readonly clusterId: string;
  readonly topics: readonly string[];
}

export interface ControlledShutdownPhase {
  readonly name: 'controlledShutdown';
  readonly remainingRetries: number;
  readonly client: NetworkClientState;
}

export interface ExitFacts {
  readonly code: number;
  readonly reason: string;
}

/** One request is under way at a time; those behind it wait, so that answers keep the order of requests (muted channel). */
export interface AcceptedConnection {
  readonly connection: ConnectionId;
  readonly peer: HostName;
  readonly current: RequestFrame | null;
  readonly waiting: readonly RequestFrame[];
}

export type KafkaServerEffect = SystemEffect<WireMessage, BrokerTrace | ControllerTrace>;

/** What is left to be handed to a part in this step, in order. */
export type PartInput =
  | { readonly part: 'broker'; readonly input: BrokerInput }
  | { readonly part: 'controller'; readonly input: ControllerInput }
  | { readonly part: 'topicAdmin'; readonly input: TopicAdminInput };

export type TopicAdminInput =
  | { readonly type: 'request'; readonly requestId: number; readonly frame: RequestFrame }
  | Extract<ZkTold, { type: 'zkAnswer' }>
  | { readonly type: 'timer'; readonly name: string };

/** One step in the making: the state as far as it has come, the effects so far, and what the parts still have to hear. */
export interface Work {
  state: KafkaServerState;
  readonly scope: Scope<KafkaServerEffect>;
  readonly inbox: PartInput[];
}

/** Owner of the timers and connections of the process itself. */
export const KAFKA_SERVER = 'kafka-server';
export const ZOOKEEPER = 'zookeeper';

export function updateState(work: Work, fields: Partial<KafkaServerState>): void {
  work.state = Object.assign(copyServer(work.state), fields);
}

/** As `updateState`, for the two that change with nearly every input. */
export function setBroker(work: Work, broker: BrokerState): void {
  const next = copyServer(work.state);
  next.broker = broker;
  work.state = next;
}

export function setConnections(work: Work, connections: KafkaServerState['connections']): void {
  const next = copyServer(work.state);
  next.connections = connections;
  work.state = next;
}

function copyServer(state: KafkaServerState): Mutable<KafkaServerState> {
  return {
    config: state.config,
    brokerConfig: state.brokerConfig,
    phase: state.phase,
    session: state.session,
    registeredSessionId: state.registeredSessionId,
    connections: state.connections,
    broker: state.broker,
    controller: state.controller,
    topicAdmin: state.topicAdmin,
  };
}

export function tellBroker(work: Work, input: BrokerInput): void {
  work.inbox.push({ part: 'broker', input });
}

export function tellController(work: Work, input: ControllerInput): void {
  work.inbox.push({ part: 'controller', input });
}

export function tellTopicAdmin(work: Work, input: TopicAdminInput): void {
  work.inbox.push({ part: 'topicAdmin', input });
}

export function traceBroker(work: Work, event: BrokerTrace): void {
  work.scope.effects.push({ type: 'trace', event });
}
