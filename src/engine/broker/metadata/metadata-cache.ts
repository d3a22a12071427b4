import { arrayForEach, arrayGet, arraySet, emptyArray, type PersistentArray } from '../../kernel/persistent-array.ts';
import { emptyMap, mapDelete, mapGet, mapSet, type PersistentMap } from '../../kernel/persistent-map.ts';
import type { BrokerId, ControllerEpoch, HostName, LeaderEpoch, PartitionEpoch, PartitionId, Uuid } from '../../kernel/units.ts';
import type { NodeAddress } from '../../network-client/contract.ts';
import { ZERO_UUID } from '../../protocol/codec.ts';
import type {
  UpdateMetadataRequest,
  UpdateMetadataRequestUpdateMetadataBroker,
  UpdateMetadataRequestUpdateMetadataPartitionState,
} from '../../protocol/generated/update-metadata-request.ts';

/**
 * ZkMetadataCache: what this broker believes about the cluster, as the controller last told it by UpdateMetadata. It can lag the truth.
 */
export interface MetadataCache {
  readonly topics: PersistentMap<TopicMetadata>;
  readonly topicNames: PersistentMap<string>;
  /** Live brokers, ascending by id. */
  readonly brokers: readonly LiveBroker[];
  /** -1: none known. */
  readonly controllerId: BrokerId;
}

export interface TopicMetadata {
  readonly topic: string;
  /** All zeros when unknown. */
  readonly topicId: Uuid;
  /** By partition id; a hole when the controller has not spoken of it. */
  readonly partitions: PersistentArray<PartitionMetadata | null>;
  readonly partitionCount: number;
}

export interface PartitionMetadata {
  readonly partition: PartitionId;
  readonly controllerEpoch: ControllerEpoch;
  /** -1: none. */
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
  readonly isr: readonly BrokerId[];
  readonly partitionEpoch: PartitionEpoch;
  readonly replicas: readonly BrokerId[];
  readonly offlineReplicas: readonly BrokerId[];
}

export interface LiveBroker {
  readonly brokerId: BrokerId;
  readonly host: HostName;
  readonly port: number;
  readonly rack: string | null;
}

/** LeaderAndIsr.LeaderDuringDelete: the topic of this partition is being deleted. */
const LEADER_DURING_DELETE = -2;

export function emptyMetadataCache(): MetadataCache {
  return { topics: emptyMap(), topicNames: emptyMap(), brokers: [], controllerId: -1 };
}

/** Takes an UpdateMetadata in: brokers and controller as a whole, partitions one by one (ZkMetadataCache.updateMetadata). */
export function updateMetadata(cache: MetadataCache, request: UpdateMetadataRequest): MetadataCache {
  let { topics, topicNames } = cache;
  for (const state of request.topicStates) {
    const known = mapGet(topics, state.topicName);
    let topic: TopicMetadata = { ...(known ?? newTopic(state.topicName)), topicId: state.topicId };
    for (const partition of state.partitionStates) topic = withPartition(topic, partition);
    if (known !== undefined && known.topicId !== topic.topicId) topicNames = mapDelete(topicNames, known.topicId);
    if (topic.partitionCount === 0 && state.partitionStates.length > 0) {
      topics = mapDelete(topics, state.topicName);
      topicNames = mapDelete(topicNames, topic.topicId);
      continue;
    }
    topics = mapSet(topics, state.topicName, topic);
    if (topic.topicId !== ZERO_UUID) topicNames = mapSet(topicNames, topic.topicId, state.topicName);
  }
  const brokers = request.liveBrokers.map(liveBroker).sort((a, b) => a.brokerId - b.brokerId);
  return { topics, topicNames, brokers, controllerId: request.controllerId < 0 ? -1 : request.controllerId };
}

function newTopic(topic: string): TopicMetadata {
  return { topic, topicId: ZERO_UUID, partitions: emptyArray(), partitionCount: 0 };
}

function withPartition(topic: TopicMetadata, state: UpdateMetadataRequestUpdateMetadataPartitionState): TopicMetadata {
  const before = arrayGet(topic.partitions, state.partitionIndex) ?? null;
  const after = state.leader === LEADER_DURING_DELETE ? null : partitionMetadata(state);
  let { partitions } = topic;
  while (partitions.length < state.partitionIndex) partitions = arraySet(partitions, partitions.length, null);
  const gained = (after === null ? 0 : 1) - (before === null ? 0 : 1);
  return { ...topic, partitions: arraySet(partitions, state.partitionIndex, after), partitionCount: topic.partitionCount + gained };
}

function partitionMetadata(state: UpdateMetadataRequestUpdateMetadataPartitionState): PartitionMetadata {
  return {
    partition: state.partitionIndex,
    controllerEpoch: state.controllerEpoch,
    leader: state.leader,
    leaderEpoch: state.leaderEpoch,
    isr: state.isr,
    partitionEpoch: state.zkVersion,
    replicas: state.replicas,
    offlineReplicas: state.offlineReplicas,
  };
}

/** Each broker has one listener. */
function liveBroker(broker: UpdateMetadataRequestUpdateMetadataBroker): LiveBroker {
  const endpoint = broker.endpoints[0];
  return { brokerId: broker.id, host: endpoint?.host ?? broker.v0Host, port: endpoint?.port ?? broker.v0Port, rack: broker.rack };
}

export function findBroker(cache: MetadataCache, brokerId: BrokerId): LiveBroker | null {
  for (const broker of cache.brokers) if (broker.brokerId === brokerId) return broker;
  return null;
}

export function hasAliveBroker(cache: MetadataCache, brokerId: BrokerId): boolean {
  return findBroker(cache, brokerId) !== null;
}

/** Where a live broker is reached, or null. */
export function nodeOf(cache: MetadataCache, brokerId: BrokerId): NodeAddress | null {
  const broker = findBroker(cache, brokerId);
  return broker === null ? null : { nodeId: broker.brokerId, host: broker.host, port: broker.port };
}

export function findTopic(cache: MetadataCache, topic: string): TopicMetadata | null {
  return mapGet(cache.topics, topic) ?? null;
}

export function findPartition(cache: MetadataCache, topic: string, partition: PartitionId): PartitionMetadata | null {
  const known = mapGet(cache.topics, topic);
  return known === undefined ? null : (arrayGet(known.partitions, partition) ?? null);
}

/** The name of a topic id, or null: the request came before the controller told this broker of the topic. */
export function topicNameOf(cache: MetadataCache, topicId: Uuid): string | null {
  return mapGet(cache.topicNames, topicId) ?? null;
}

/** Partitions that the controller has spoken of, ascending. */
export function partitionsOf(topic: TopicMetadata): readonly PartitionMetadata[] {
  const known: PartitionMetadata[] = [];
  arrayForEach(topic.partitions, (partition) => {
    if (partition !== null) known.push(partition);
  });
  return known;
}
