import { unreachable } from '../../kernel/assert.ts';
import type { NodeAddress, QueuedRequest } from '../../network-client/contract.ts';
import { errorName, type ErrorName } from '../../protocol/errors.ts';
import { LATEST_VERSIONS } from '../../protocol/frames.ts';
import { createPartitionsRequest, createPartitionsRequestCreatePartitionsTopic } from '../../protocol/generated/create-partitions-request.ts';
import {
  createTopicsRequest,
  createTopicsRequestCreatableReplicaAssignment,
  createTopicsRequestCreatableTopic,
  createTopicsRequestCreatableTopicConfig,
} from '../../protocol/generated/create-topics-request.ts';
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsRequestAlterableConfig,
  incrementalAlterConfigsRequestAlterConfigsResource,
} from '../../protocol/generated/incremental-alter-configs-request.ts';
import {
  deleteRecordsRequest,
  deleteRecordsRequestDeleteRecordsPartition,
  deleteRecordsRequestDeleteRecordsTopic,
} from '../../protocol/generated/delete-records-request.ts';
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsRequestReassignablePartition,
  alterPartitionReassignmentsRequestReassignableTopic,
} from '../../protocol/generated/alter-partition-reassignments-request.ts';
import { deleteTopicsRequest, deleteTopicsRequestDeleteTopicState } from '../../protocol/generated/delete-topics-request.ts';
import { listPartitionReassignmentsRequest } from '../../protocol/generated/list-partition-reassignments-request.ts';
import type { ListPartitionReassignmentsResponse } from '../../protocol/generated/list-partition-reassignments-response.ts';
import { electLeadersRequest, electLeadersRequestTopicPartitions } from '../../protocol/generated/elect-leaders-request.ts';
import type { ResponseFrame } from '../../protocol/wire.ts';

export interface TopicToCreate {
  readonly topic: string;
  readonly partitionCount?: number;
  readonly replicationFactor?: number;
  readonly assignment?: Readonly<Record<string, readonly number[]>>;
  readonly configs?: Readonly<Record<string, string>>;
}

/** What may be asked; the world's commands of these names have the same shape. */
export type AdminCommand =
  | ({ readonly type: 'createTopic'; readonly commandId: number } & TopicToCreate)
  | { readonly type: 'createPartitions'; readonly commandId: number; readonly topic: string; readonly totalCount: number }
  | { readonly type: 'describeTopics'; readonly commandId: number; readonly topics: readonly string[] }
  | {
      readonly type: 'electLeaders';
      readonly commandId: number;
      readonly electionType: 'PREFERRED' | 'UNCLEAN';
      readonly topic: string;
      readonly partition: number;
    }
  | { readonly type: 'deleteTopic'; readonly commandId: number; readonly topic: string }
  /** Replicas in order, the first is the preferred leader; null takes back the reassignment under way. */
  | {
      readonly type: 'alterPartitionReassignments';
      readonly commandId: number;
      readonly topic: string;
      readonly partition: number;
      readonly replicas: readonly number[] | null;
    }
  | { readonly type: 'listPartitionReassignments'; readonly commandId: number }
  | {
      readonly type: 'alterConfig';
      readonly commandId: number;
      readonly topic: string;
      readonly set?: Readonly<Record<string, string>>;
      readonly remove?: readonly string[];
    }
  /** Everything below an offset goes; -1 means all that is committed. */
  | { readonly type: 'deleteRecords'; readonly commandId: number; readonly topic: string; readonly partition: number; readonly beforeOffset: number };

/** ConfigResource.Type.TOPIC; AlterConfigOp.OpType. */
const RESOURCE_TOPIC = 2;
const OP_SET = 0;
const OP_DELETE = 1;

/** The call's name in KafkaAdminClient, as its messages have it. */
export function callName(command: AdminCommand): string {
  if (command.type === 'alterConfig') return 'incrementalAlterConfigs';
  if (command.type === 'deleteTopic') return 'deleteTopics';
  return command.type === 'createTopic' ? 'createTopics' : command.type;
}

/** Tells the answers of calls apart; one command may make several topics. */
export function tagOf(command: AdminCommand): string {
  return `${command.type}-${command.commandId}-${command.type === 'createTopic' ? command.topic : ''}`;
}

/** The request of a command; `timeoutMs` is how long the broker may take (`request.timeout.ms`). */
export function requestOf(command: Exclude<AdminCommand, { type: 'describeTopics' }>, node: NodeAddress, timeoutMs: number): QueuedRequest {
  const common = { node, tag: tagOf(command), expectsResponse: true } as const;
  switch (command.type) {
    case 'createTopic': {
      const assignments = Object.entries(command.assignment ?? {}).map(([partition, brokerIds]) =>
        createTopicsRequestCreatableReplicaAssignment({ partitionIndex: Number(partition), brokerIds }),
      );
      const configs = Object.entries(command.configs ?? {}).map(([name, value]) => createTopicsRequestCreatableTopicConfig({ name, value }));
      const manual = assignments.length > 0;
      const topic = createTopicsRequestCreatableTopic({
        name: command.topic,
        numPartitions: manual ? -1 : (command.partitionCount ?? -1),
        replicationFactor: manual ? -1 : (command.replicationFactor ?? -1),
        assignments,
        configs,
      });
      return { ...common, api: 'CreateTopics', version: LATEST_VERSIONS.CreateTopics, body: createTopicsRequest({ topics: [topic], timeoutMs }) };
    }
    case 'createPartitions': {
      const topics = [createPartitionsRequestCreatePartitionsTopic({ name: command.topic, count: command.totalCount, assignments: null })];
      return { ...common, api: 'CreatePartitions', version: LATEST_VERSIONS.CreatePartitions, body: createPartitionsRequest({ topics, timeoutMs }) };
    }
    case 'deleteTopic': {
      const topics = [deleteTopicsRequestDeleteTopicState({ name: command.topic })];
      return { ...common, api: 'DeleteTopics', version: LATEST_VERSIONS.DeleteTopics, body: deleteTopicsRequest({ topics, timeoutMs }) };
    }
    case 'alterPartitionReassignments': {
      const partitions = [alterPartitionReassignmentsRequestReassignablePartition({ partitionIndex: command.partition, replicas: command.replicas })];
      const topics = [alterPartitionReassignmentsRequestReassignableTopic({ name: command.topic, partitions })];
      return {
        ...common,
        api: 'AlterPartitionReassignments',
        version: LATEST_VERSIONS.AlterPartitionReassignments,
        body: alterPartitionReassignmentsRequest({ topics, timeoutMs }),
      };
    }
    case 'listPartitionReassignments':
      return {
        ...common,
        api: 'ListPartitionReassignments',
        version: LATEST_VERSIONS.ListPartitionReassignments,
        body: listPartitionReassignmentsRequest({ topics: null, timeoutMs }),
      };
    case 'electLeaders': {
      const topicPartitions = [electLeadersRequestTopicPartitions({ topic: command.topic, partitions: [command.partition] })];
      return {
        ...common,
        api: 'ElectLeaders',
        version: LATEST_VERSIONS.ElectLeaders,
        body: electLeadersRequest({ electionType: command.electionType === 'PREFERRED' ? 0 : 1, topicPartitions, timeoutMs }),
      };
    }
    case 'alterConfig': {
      const configs = [
        ...Object.entries(command.set ?? {}).map(([name, value]) => incrementalAlterConfigsRequestAlterableConfig({ name, configOperation: OP_SET, value })),
        ...(command.remove ?? []).map((name) => incrementalAlterConfigsRequestAlterableConfig({ name, configOperation: OP_DELETE, value: null })),
      ];
      const resources = [incrementalAlterConfigsRequestAlterConfigsResource({ resourceType: RESOURCE_TOPIC, resourceName: command.topic, configs })];
      return {
        ...common,
        api: 'IncrementalAlterConfigs',
        version: LATEST_VERSIONS.IncrementalAlterConfigs,
        body: incrementalAlterConfigsRequest({ resources }),
      };
    }
    case 'deleteRecords': {
      const partitions = [deleteRecordsRequestDeleteRecordsPartition({ partitionIndex: command.partition, offset: command.beforeOffset })];
      const topics = [deleteRecordsRequestDeleteRecordsTopic({ name: command.topic, partitions })];
      return { ...common, api: 'DeleteRecords', version: LATEST_VERSIONS.DeleteRecords, body: deleteRecordsRequest({ topics, timeoutMs }) };
    }
    default:
      return unreachable(command);
  }
}

/** What the broker made of it. */
export function verdictOf(frame: ResponseFrame): { readonly error: ErrorName; readonly message: string | null } {
  switch (frame.api) {
    case 'CreateTopics':
      return { error: errorName(frame.body.topics[0]?.errorCode ?? -1), message: frame.body.topics[0]?.errorMessage ?? null };
    case 'CreatePartitions':
      return { error: errorName(frame.body.results[0]?.errorCode ?? -1), message: frame.body.results[0]?.errorMessage ?? null };
    case 'ElectLeaders': {
      const part = frame.body.replicaElectionResults[0]?.partitionResult[0];
      return frame.body.errorCode !== 0
        ? { error: errorName(frame.body.errorCode), message: null }
        : { error: errorName(part?.errorCode ?? -1), message: part?.errorMessage ?? null };
    }
    case 'DeleteTopics':
      return { error: errorName(frame.body.responses[0]?.errorCode ?? -1), message: frame.body.responses[0]?.errorMessage ?? null };
    case 'AlterPartitionReassignments': {
      const part = frame.body.responses[0]?.partitions[0];
      return frame.body.errorCode !== 0
        ? { error: errorName(frame.body.errorCode), message: frame.body.errorMessage }
        : { error: errorName(part?.errorCode ?? -1), message: part?.errorMessage ?? null };
    }
    case 'ListPartitionReassignments':
      return { error: errorName(frame.body.errorCode), message: frame.body.errorMessage };
    case 'IncrementalAlterConfigs':
      return { error: errorName(frame.body.responses[0]?.errorCode ?? -1), message: frame.body.responses[0]?.errorMessage ?? null };
    case 'DeleteRecords':
      return { error: errorName(frame.body.topics[0]?.partitions[0]?.errorCode ?? -1), message: null };
    default:
      return { error: 'UNKNOWN_SERVER_ERROR', message: null };
  }
}

/** What Kafka's tool prints when all went well. */
export function doneText(command: AdminCommand, answer: ResponseFrame): string {
  switch (command.type) {
    case 'createTopic':
      return `Created topic ${command.topic}.`;
    case 'createPartitions':
      return `Topic ${command.topic} has ${command.totalCount} partitions.`;
    case 'electLeaders':
      return `Successfully completed leader election (${command.electionType}) for partitions ${command.topic}-${command.partition}`;
    case 'alterConfig':
      return `Completed updating config for topic ${command.topic}.`;
    case 'deleteRecords': {
      const lowWatermark = answer.api === 'DeleteRecords' ? answer.body.topics[0]?.partitions[0]?.lowWatermark : undefined;
      return `partition: ${command.topic}-${command.partition}\tlow_watermark: ${lowWatermark ?? -1}`;
    }
    case 'deleteTopic':
      return `Deleted topic ${command.topic}.`;
    case 'alterPartitionReassignments':
      return `Successfully ${command.replicas === null ? 'cancelled' : 'started'} partition reassignment${command.replicas === null ? 's' : ''} for ${command.topic}-${command.partition}`;
    case 'listPartitionReassignments':
      return answer.api === 'ListPartitionReassignments' ? listText(answer.body) : '';
    case 'describeTopics':
      return '';
    default:
      return unreachable(command);
  }
}

/** As `kafka-reassign-partitions --list` prints it. */
function listText(body: ListPartitionReassignmentsResponse): string {
  const lines = body.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => {
      const adding = addingReplicas.length === 0 ? '' : ` adding: ${addingReplicas.join(',')}.`;
      const removing = removingReplicas.length === 0 ? '' : ` removing: ${removingReplicas.join(',')}.`;
      return `${name}-${partitionIndex}: replicas: ${replicas.join(',')}.${adding}${removing}`;
    }),
  );
  return lines.length === 0 ? 'No partition reassignments found.' : ['Current partition reassignments:', ...lines].join('\n');
}
