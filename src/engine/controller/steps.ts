import type { BrokerId, ControllerEpoch, InstantUs } from '../kernel/units.ts';
import type { ErrorName } from '../protocol/errors.ts';
import type { Assignment } from './assignment.ts';
import type { PartitionState, ReplicaState } from './charts.ts';
import type { ElectionStrategy } from './contract.ts';
import type { LeaderAndIsr, LiveBroker } from './znodes.ts';

/** What an event is made of, as plain data: tasks, done one after another, and what is asked of ZooKeeper between them. */

/** An ApiError of one partition, or NONE. */
export interface Outcome {
  readonly key: string;
  readonly error: ErrorName;
  readonly message: string | null;
}

export interface ReplicaOf {
  readonly key: string;
  readonly brokerId: BrokerId;
}

/** Why state znodes are read and written: what becomes of each state is decided by what ZooKeeper says it is now. */
export type StateChange =
  | { readonly type: 'elect'; readonly strategy: ElectionStrategy; readonly allowUnclean: boolean }
  /** The replica of this broker leaves the ISR, as it goes offline. */
  | { readonly type: 'removeReplica'; readonly brokerId: BrokerId }
  /** Nothing but a new epoch, so that all hear of another assignment. */
  | { readonly type: 'raiseEpoch' };

/** A state znode to be written over the version that was read. */
export interface PlannedWrite {
  readonly key: string;
  readonly next: LeaderAndIsr;
  readonly version: number;
  readonly recipients: readonly BrokerId[];
  readonly strategy: ElectionStrategy | null;
}

export type Task =
  | { readonly type: 'brokersGone'; readonly brokers: readonly BrokerId[] }
  | { readonly type: 'brokersCame'; readonly brokers: readonly LiveBroker[] }
  /** Partitions whose leader is not online go to OfflinePartition. */
  | { readonly type: 'offlineLeaders' }
  /** New and offline partitions, of one topic or of all, try to come online. */
  | { readonly type: 'triggerOnline'; readonly topic: string | null }
  | { readonly type: 'partitionsTo'; readonly keys: readonly string[]; readonly state: Exclude<PartitionState, 'OnlinePartition'> }
  | { readonly type: 'partitionsOnline'; readonly keys: readonly string[]; readonly strategy: ElectionStrategy; readonly allowUnclean: boolean }
  | { readonly type: 'replicasTo'; readonly replicas: readonly ReplicaOf[]; readonly state: ReplicaState }
  /** Every replica that these brokers host, at the time of the task. */
  | { readonly type: 'hostedTo'; readonly brokers: readonly BrokerId[]; readonly state: 'OnlineReplica' | 'OfflineReplica' }
  /** One broker's share of going to OfflineReplica. */
  | { readonly type: 'takeOffline'; readonly brokerId: BrokerId; readonly keys: readonly string[] }
  | { readonly type: 'changeStates'; readonly keys: readonly string[]; readonly change: StateChange }
  | { readonly type: 'sendBatch' }
  | {
      readonly type: 'sendMetadata';
      /** These, or all that are registered but `than`. */
      readonly brokers: readonly BrokerId[] | 'all';
      readonly than: readonly BrokerId[];
      readonly partitions: readonly string[] | 'withLeaders';
    }
  /** Nobody heard yet who is alive now, as brokers that hosted nothing were gone. */
  | { readonly type: 'metadataUnlessTold'; readonly brokers: readonly BrokerId[] }
  /** Deletes znodes that are dealt with; one that is gone already is fine. */
  | { readonly type: 'deleteZnodes'; readonly paths: readonly string[] }
  | { readonly type: 'stopFollowers'; readonly brokerId: BrokerId; readonly keys: readonly string[] }
  | { readonly type: 'answerShutdown'; readonly requestId: number; readonly brokerId: BrokerId }
  /** `keys`: those that an election was held for; `preset`: the answers of the others. */
  | {
      readonly type: 'answerElection';
      readonly requestId: number;
      readonly keys: readonly string[];
      readonly preset: readonly Outcome[];
      readonly deadlineUs: InstantUs;
    }
  | { readonly type: 'completeReassignments'; readonly keys: readonly string[] }
  /** onPartitionReassignment. */
  | { readonly type: 'reassign'; readonly key: string; readonly assignment: Assignment }
  | { readonly type: 'proceedReassignment'; readonly key: string }
  | { readonly type: 'moveLeader'; readonly key: string }
  | { readonly type: 'writeAssignment'; readonly key: string; readonly assignment: Assignment }
  | { readonly type: 'assignInMemory'; readonly key: string; readonly assignment: Assignment }
  | { readonly type: 'finishReassignment'; readonly key: string }
  /** Reassignments under way go on, all but these, or those that have one of these brokers as a target. */
  | { readonly type: 'resumeReassignments'; readonly except: readonly string[]; readonly brokers: readonly BrokerId[] | null }
  | { readonly type: 'readZkReassignment' }
  | { readonly type: 'trimZkReassignment'; readonly keys: readonly string[] }
  | { readonly type: 'answerReassignments'; readonly requestId: number; readonly outcomes: readonly Outcome[] }
  | { readonly type: 'readZkElection' }
  | { readonly type: 'resumeDeletions' }
  | { readonly type: 'resumeDeletionOf'; readonly topics: readonly string[] }
  /** Deletion resumes of topics that have replicas on these brokers. */
  | { readonly type: 'resumeDeletionOn'; readonly brokers: readonly BrokerId[] }
  | { readonly type: 'failDeletion'; readonly replicas: readonly ReplicaOf[] }
  | { readonly type: 'failDeletionOn'; readonly brokers: readonly BrokerId[] }
  | { readonly type: 'deletionBegun'; readonly topics: readonly string[] }
  | { readonly type: 'deleteReplicas'; readonly topics: readonly string[] }
  | { readonly type: 'completeDeletion'; readonly topic: string };

/** What a new controller found in ZooKeeper's lists. */
export interface FailoverLists {
  readonly brokers: readonly BrokerId[];
  readonly topics: readonly string[];
  readonly deletions: readonly string[];
}

export type ReadStep =
  | { readonly type: 'readController' }
  | { readonly type: 'readEpoch' }
  | { readonly type: 'createEpoch' }
  | { readonly type: 'claim'; readonly epoch: ControllerEpoch; readonly version: number }
  | { readonly type: 'feature' }
  | { readonly type: 'failoverLists' }
  | ({ readonly type: 'failoverCleaned' } & FailoverLists)
  | ({ readonly type: 'failoverData' } & FailoverLists)
  | { readonly type: 'failoverStates'; readonly keys: readonly string[]; readonly deletions: readonly string[] }
  | { readonly type: 'brokerList' }
  | { readonly type: 'brokerData'; readonly brokers: readonly BrokerId[] }
  | { readonly type: 'logDirEvents' }
  | { readonly type: 'logDirEventData'; readonly paths: readonly string[] }
  | { readonly type: 'isrChanges' }
  | { readonly type: 'isrChangeData'; readonly paths: readonly string[] }
  | { readonly type: 'isrChangeStates'; readonly keys: readonly string[]; readonly paths: readonly string[] }
  /** Nothing is made of the answers, unless they say that another is controller. */
  | { readonly type: 'ignored' }
  /** `written`: first id of the block that may have been written already. */
  | { readonly type: 'readProducerIds'; readonly requestId: number; readonly brokerId: BrokerId; readonly written: number | null }
  | { readonly type: 'writeProducerIds'; readonly requestId: number; readonly brokerId: BrokerId; readonly written: number }
  | { readonly type: 'topicList' }
  | { readonly type: 'topicData'; readonly topics: readonly string[] }
  | { readonly type: 'topicDeletions' }
  | { readonly type: 'completedDeletion'; readonly topic: string }
  /** `topics`: those whose configs were read behind the states. */
  | { readonly type: 'statesRead'; readonly keys: readonly string[]; readonly topics: readonly string[]; readonly change: StateChange }
  | { readonly type: 'statesWritten'; readonly writes: readonly PlannedWrite[]; readonly change: StateChange }
  | { readonly type: 'statesCreated'; readonly writes: readonly PlannedWrite[] }
  /** What was there already may be what was written before a connection was lost. */
  | { readonly type: 'createdBefore'; readonly writes: readonly PlannedWrite[] }
  | {
      readonly type: 'isrAltered';
      readonly writes: readonly PlannedWrite[];
      readonly requestId: number;
      /** Every partition of the request, in its order: why it is not written, or NONE. */
      readonly outcomes: readonly Outcome[];
    }
  /** Versions were others: perhaps a write that was repeated after a lost connection. */
  | {
      readonly type: 'isrReread';
      readonly writes: readonly PlannedWrite[];
      readonly requestId: number;
      readonly outcomes: readonly Outcome[];
    }
  | { readonly type: 'assignmentWritten'; readonly key: string; readonly assignment: Assignment }
  | { readonly type: 'reassignmentState'; readonly key: string }
  | { readonly type: 'zkReassignment' }
  | { readonly type: 'zkReassignmentToTrim'; readonly keys: readonly string[] }
  | { readonly type: 'zkElection' };
