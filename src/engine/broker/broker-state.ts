import { required } from '../kernel/assert.ts';
import type { Mutable } from '../kernel/mutable.ts';
import { mapGet, mapSet, type PersistentMap } from '../kernel/persistent-map.ts';
import type { BrokerEpoch, ControllerEpoch, Offset, PartitionId } from '../kernel/units.ts';
import { logDirName } from '../log/file-names.ts';
import type { LogState } from '../log/log-state.ts';
import type { ErrorName } from '../protocol/errors.ts';
import type { BrokerConfig } from './broker-config.ts';
import type { BrokerIdentity, BrokerRequest } from './contract.ts';
import type { ConfigManagerState } from './configs/config-manager-state.ts';
import type { ReplicaFetcher } from './fetcher/fetcher-state.ts';
import type { LogCleanerState } from './logs/cleaner-state.ts';
import type { LogDirs } from './logs/log-dirs.ts';
import { findPartition, type MetadataCache } from './metadata/metadata-cache.ts';
import type { TopicConfigs } from './metadata/topic-configs.ts';
import type { DelayedDeleteRecords, DelayedFetch, DelayedProduce } from './purgatory/delayed-operations.ts';
import type { Purgatory } from './purgatory/purgatory.ts';
import type { ProducerIdManager } from './requests/producer-id-manager.ts';
import type { AlterPartitionManager } from './replication/alter-partition-manager.ts';
import type { ReplicationFacts } from './replication/high-watermark.ts';
import type { Partition } from './replication/partition.ts';

/** ReplicaManager, LogManager, metadata cache and purgatories of one broker. Plain data; a picture reads it as it is. */
export interface BrokerState {
  readonly identity: BrokerIdentity;
  readonly config: BrokerConfig;
  /** czxid of the registration, -1 before the first. */
  readonly brokerEpoch: BrokerEpoch;
  /** Of the last control request accepted; older ones are refused. */
  readonly controllerEpoch: ControllerEpoch;
  /** Controlled shutdown has begun: no fetcher is started any more. */
  readonly shuttingDown: boolean;
  /** The logs are closed: nothing is served or written any more. */
  readonly stopped: boolean;
  readonly metadata: MetadataCache;
  /** Hosted replicas by `topic-partition`. */
  readonly partitions: PersistentMap<Partition>;
  /** Replicas whose log lies in a log dir that failed, by `topic-partition`, sorted (HostedPartition.Offline). */
  readonly offlinePartitions: readonly string[];
  readonly logDirs: LogDirs;
  /** Logs found on the disk that no LeaderAndIsr has named yet, by `topic-partition`. */
  readonly idleLogs: PersistentMap<LogState>;
  readonly nextLogId: number;
  /** `topic-partition` by number of log: flush operations carry the number. */
  readonly logsById: PersistentMap<string>;
  /** What `replication-offset-checkpoint` says; a replica starts from it. */
  readonly checkpointedHighWatermarks: PersistentMap<Offset>;
  readonly highWatermarkCheckpointStarted: boolean;
  readonly topicConfigs: TopicConfigs;
  readonly configs: ConfigManagerState;
  /** LeaderAndIsr, StopReplica and UpdateMetadata behind one that waits for a topic's configuration (replicaStateChangeLock). */
  readonly waitingControlRequests: readonly BrokerRequest[];
  readonly delayedProduce: Purgatory<DelayedProduce>;
  readonly delayedFetch: Purgatory<DelayedFetch>;
  readonly delayedDelete: Purgatory<DelayedDeleteRecords>;
  /** By id of the source broker. */
  readonly fetchers: PersistentMap<ReplicaFetcher>;
  /** Partitions whose fetching stopped until a new LeaderAndIsr (FailedPartitions), sorted. */
  readonly failedPartitions: readonly string[];
  readonly alterPartition: AlterPartitionManager;
  readonly producerIds: ProducerIdManager;
  readonly cleaner: LogCleanerState;
}

export function partitionKey(topic: string, partition: PartitionId): string {
  return logDirName(topic, partition);
}

export function getPartition(state: BrokerState, key: string): Partition | null {
  return mapGet(state.partitions, key) ?? null;
}

export function requirePartition(state: BrokerState, key: string): Partition {
  return required(mapGet(state.partitions, key), 'a hosted replica');
}

export function putPartition(state: BrokerState, partition: Partition): BrokerState {
  const next = copyBroker(state);
  next.partitions = mapSet(state.partitions, partition.key, partition);
  return next;
}

/** A copy to change before anybody sees it, for what changes with every request. */
export function copyBroker(state: BrokerState): Mutable<BrokerState> {
  return {
    identity: state.identity,
    config: state.config,
    brokerEpoch: state.brokerEpoch,
    controllerEpoch: state.controllerEpoch,
    shuttingDown: state.shuttingDown,
    stopped: state.stopped,
    metadata: state.metadata,
    partitions: state.partitions,
    offlinePartitions: state.offlinePartitions,
    logDirs: state.logDirs,
    idleLogs: state.idleLogs,
    nextLogId: state.nextLogId,
    logsById: state.logsById,
    checkpointedHighWatermarks: state.checkpointedHighWatermarks,
    highWatermarkCheckpointStarted: state.highWatermarkCheckpointStarted,
    topicConfigs: state.topicConfigs,
    configs: state.configs,
    waitingControlRequests: state.waitingControlRequests,
    delayedProduce: state.delayedProduce,
    delayedFetch: state.delayedFetch,
    delayedDelete: state.delayedDelete,
    fetchers: state.fetchers,
    failedPartitions: state.failedPartitions,
    alterPartition: state.alterPartition,
    producerIds: state.producerIds,
    cleaner: state.cleaner,
  };
}

export function withDelayedFetch(state: BrokerState, delayedFetch: BrokerState['delayedFetch']): BrokerState {
  const next = copyBroker(state);
  next.delayedFetch = delayedFetch;
  return next;
}

export function withDelayedProduce(state: BrokerState, delayedProduce: BrokerState['delayedProduce']): BrokerState {
  const next = copyBroker(state);
  next.delayedProduce = delayedProduce;
  return next;
}

/** Whether the replica's log lies in a log dir that failed. */
export function isOffline(state: BrokerState, key: string): boolean {
  return state.offlinePartitions.includes(key);
}

/** ReplicaManager.getPartitionOrError: the error when this broker does not host the partition. */
export function notHostedError(state: BrokerState, topic: string, partition: PartitionId): ErrorName {
  if (isOffline(state, partitionKey(topic, partition))) return 'KAFKA_STORAGE_ERROR';
  return findPartition(state.metadata, topic, partition) === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'NOT_LEADER_OR_FOLLOWER';
}

export function replicationFacts(state: BrokerState): ReplicationFacts {
  return { brokerId: state.identity.brokerId, metadata: state.metadata, replicaLagTimeMaxMs: state.config.replicaLagTimeMaxMs };
}
