import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { BrokerEpoch, BrokerId, ControllerEpoch, LeaderEpoch, PartitionId } from '../kernel/units.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import type { ApiName, ResponseBodies } from '../protocol/generated/apis.ts';
import type { ZkCall, ZkTold } from '../zookeeper-client/contract.ts';

/**
 * The controller is code inside a broker's process and shares its ZooKeeper session. Zk tags, timers and connections of
 * this part have owner/prefix `controller`. The process forwards to it what is addressed to that owner, every zk watch and session change.
 */
export interface ControllerConfig {
  readonly brokerId: BrokerId;
  /** Kafka config values by name, as resolved for this broker (`controller.socket.timeout.ms`, ...). */
  readonly configs: Readonly<Record<string, string>>;
}

export type ControllerInput =
  /** The broker has registered (again): its epoch. The first one starts the controller (watch `/controller`, elect). */
  | { readonly type: 'registered'; readonly brokerEpoch: BrokerEpoch }
  /** A request that only a controller serves; answer by `respond` with the same id. */
  | { readonly type: 'request'; readonly requestId: number; readonly frame: RequestFrame }
  /** The broker's configs are others from now on. */
  | { readonly type: 'configured'; readonly configs: Readonly<Record<string, string>> }
  /** A topic's configs are others from now on. */
  | { readonly type: 'topicConfigured'; readonly topic: string; readonly uncleanElection: boolean }
  /** The process is going down in order; resign without writing. */
  | { readonly type: 'shutdown' }
  /** This broker's metadata cache has changed; told only while there are `delayedElections`. */
  | { readonly type: 'metadataUpdated'; readonly leaderOf: (topic: string, partition: PartitionId) => BrokerId }
  | ZkTold
  | SystemInput<WireMessage, never>;

export type ControllerEffect =
  | SystemEffect<WireMessage, ControllerTrace>
  | ZkCall
  | { readonly [Api in ApiName]: { readonly type: 'respond'; readonly requestId: number; readonly api: Api; readonly body: ResponseBodies[Api] } }[ApiName];

/** APIs that the process hands to this part. CreateTopics, CreatePartitions and DeleteTopics are served by the broker part on the active controller's process (ZkAdminManager). */
export const CONTROLLER_APIS = [
  'AlterPartition',
  'ControlledShutdown',
  'ElectLeaders',
  'AlterPartitionReassignments',
  'ListPartitionReassignments',
  'AllocateProducerIds',
] as const;

export type ElectionStrategy = 'offline' | 'reassign' | 'preferred' | 'controlledShutdown' | 'unclean' | 'newPartition';

/** Domain events of the controller, in Kafka's words. */
export type ControllerTrace =
  | { readonly type: 'ControllerElected'; readonly brokerId: BrokerId; readonly controllerEpoch: ControllerEpoch }
  | { readonly type: 'ControllerResigned'; readonly brokerId: BrokerId; readonly controllerEpoch: ControllerEpoch }
  | { readonly type: 'BrokerFailureHandled'; readonly brokerIds: readonly BrokerId[]; readonly controllerEpoch: ControllerEpoch }
  | { readonly type: 'BrokerStartupHandled'; readonly brokerIds: readonly BrokerId[]; readonly controllerEpoch: ControllerEpoch }
  /** A broker said that a log dir of its failed; it is asked which replicas went with it. */
  | { readonly type: 'LogDirFailureHandled'; readonly brokerIds: readonly BrokerId[]; readonly controllerEpoch: ControllerEpoch }
  | {
      readonly type: 'LeaderElected';
      readonly topic: string;
      readonly partition: PartitionId;
      /** -1: nobody could be elected, the partition is offline. */
      readonly leader: BrokerId;
      readonly leaderEpoch: LeaderEpoch;
      readonly isr: readonly BrokerId[];
      readonly replicas: readonly BrokerId[];
      readonly controllerEpoch: ControllerEpoch;
      readonly strategy: ElectionStrategy;
    }
  /** The ISR in ZooKeeper changed without an election: by AlterPartition of the leader or by the controller taking a replica out. */
  | {
      readonly type: 'IsrChanged';
      readonly topic: string;
      readonly partition: PartitionId;
      readonly leader: BrokerId;
      readonly leaderEpoch: LeaderEpoch;
      readonly isr: readonly BrokerId[];
      readonly replicas: readonly BrokerId[];
      readonly previousIsr: readonly BrokerId[];
      readonly controllerEpoch: ControllerEpoch;
      readonly by: 'leader' | 'controller';
    }
  /** A new epoch of the same leader, so that all hear of another assignment. */
  | {
      readonly type: 'LeaderEpochRaised';
      readonly topic: string;
      readonly partition: PartitionId;
      readonly leader: BrokerId;
      readonly leaderEpoch: LeaderEpoch;
      readonly isr: readonly BrokerId[];
      readonly replicas: readonly BrokerId[];
      readonly adding: readonly BrokerId[];
      readonly removing: readonly BrokerId[];
      readonly controllerEpoch: ControllerEpoch;
    }
  | { readonly type: 'TopicCreated'; readonly topic: string; readonly partitionCount: number; readonly controllerEpoch: ControllerEpoch }
  | { readonly type: 'PartitionsAdded'; readonly topic: string; readonly partitionCount: number; readonly controllerEpoch: ControllerEpoch }
  | { readonly type: 'TopicDeletionQueued'; readonly topic: string; readonly controllerEpoch: ControllerEpoch }
  /** The deletion waits: for these brokers, or, where there is none, for a reassignment. */
  | { readonly type: 'TopicDeletionHalted'; readonly topic: string; readonly waitsFor: readonly BrokerId[]; readonly controllerEpoch: ControllerEpoch }
  | { readonly type: 'TopicDeleted'; readonly topic: string; readonly controllerEpoch: ControllerEpoch }
  | {
      readonly type: 'ReassignmentStarted';
      readonly topic: string;
      readonly partition: PartitionId;
      /** All that are assigned while it lasts. */
      readonly replicas: readonly BrokerId[];
      readonly adding: readonly BrokerId[];
      readonly removing: readonly BrokerId[];
      readonly controllerEpoch: ControllerEpoch;
    }
  | {
      readonly type: 'ReassignmentCompleted';
      readonly topic: string;
      readonly partition: PartitionId;
      readonly replicas: readonly BrokerId[];
      readonly controllerEpoch: ControllerEpoch;
    };
