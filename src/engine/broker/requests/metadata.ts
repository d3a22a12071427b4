import { mapKeys } from '../../kernel/persistent-map.ts';
import type { BrokerId } from '../../kernel/units.ts';
import { ZERO_UUID } from '../../protocol/codec.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import type { MetadataRequestMetadataRequestTopic } from '../../protocol/generated/metadata-request.ts';
import {
  metadataResponse,
  metadataResponseMetadataResponseTopic,
  type MetadataResponse,
  type MetadataResponseMetadataResponsePartition,
  type MetadataResponseMetadataResponseTopic,
} from '../../protocol/generated/metadata-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import type { BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import {
  findTopic,
  hasAliveBroker,
  partitionsOf,
  topicNameOf,
  type MetadataCache,
  type PartitionMetadata,
  type TopicMetadata,
} from '../metadata/metadata-cache.ts';

const NO_LEADER_ID = -1;
const INTERNAL_TOPICS = ['__consumer_offsets', '__transaction_state', '__share_group_state'];
const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * Metadata: what this broker's cache says, errors of partitions included (KafkaApis.handleTopicMetadataRequest).
 * `Simplified:` topics are never created on the way (`auto.create.topics.enable` has no effect here).
 */
export function onMetadata(state: BrokerState, requestId: number, frame: RequestFrameOf<'Metadata'>, scope: BrokerScope): BrokerState {
  scope.effects.push({ type: 'respond', requestId, api: 'Metadata', body: metadataBody(state, frame.body.topics) });
  return state;
}

function metadataBody(state: BrokerState, asked: readonly MetadataRequestMetadataRequestTopic[] | null): MetadataResponse {
  const { metadata } = state;
  const topics = asked === null ? mapKeys(metadata.topics).map((name) => topicByName(metadata, name)) : asked.map((topic) => topicAsked(metadata, topic));
  return metadataResponse({
    brokers: metadata.brokers.map((broker) => ({ nodeId: broker.brokerId, host: broker.host, port: broker.port, rack: broker.rack })),
    clusterId: state.identity.clusterId,
    controllerId: metadata.controllerId,
    topics,
  });
}

function topicAsked(metadata: MetadataCache, topic: MetadataRequestMetadataRequestTopic): MetadataResponseMetadataResponseTopic {
  if (topic.topicId === ZERO_UUID) return topicByName(metadata, topic.name ?? '');
  const name = topicNameOf(metadata, topic.topicId);
  if (name !== null) return topicByName(metadata, name);
  return metadataResponseMetadataResponseTopic({ errorCode: errorCode('UNKNOWN_TOPIC_ID'), name: null, topicId: topic.topicId });
}

function topicByName(metadata: MetadataCache, name: string): MetadataResponseMetadataResponseTopic {
  const topic = findTopic(metadata, name);
  const isInternal = INTERNAL_TOPICS.includes(name);
  if (topic === null) return metadataResponseMetadataResponseTopic({ errorCode: errorCode(unknownTopicError(name)), name, isInternal });
  return metadataResponseMetadataResponseTopic({ name, topicId: topic.topicId, isInternal, partitions: partitionAnswers(metadata, topic) });
}

function unknownTopicError(name: string): ErrorName {
  return LEGAL_NAME.test(name) && name !== '.' && name !== '..' ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION';
}

function partitionAnswers(metadata: MetadataCache, topic: TopicMetadata): MetadataResponseMetadataResponsePartition[] {
  return partitionsOf(topic).map((partition) => partitionAnswer(metadata, partition));
}

/** A leader that is not alive is no leader to a client. */
function partitionAnswer(metadata: MetadataCache, partition: PartitionMetadata): MetadataResponseMetadataResponsePartition {
  const alive: boolean = hasAliveBroker(metadata, partition.leader);
  const leaderId: BrokerId = alive ? partition.leader : NO_LEADER_ID;
  return {
    errorCode: alive ? 0 : errorCode('LEADER_NOT_AVAILABLE'),
    partitionIndex: partition.partition,
    leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: partition.offlineReplicas,
  };
}
