import type { Scope } from '../../kernel/scope.ts';
import type { Uuid } from '../../kernel/units.ts';
import type { BrokerPlace } from '../../protocol/replica-placement.ts';
import type { ApiName, ResponseBodies } from '../../protocol/generated/apis.ts';
import type { ZkCall } from '../../zookeeper-client/contract.ts';

/** ZkAdminManager within a kafka-server: CreateTopics, CreatePartitions and DeleteTopics, served on the active controller only. */
export const TOPIC_ADMIN_APIS = ['CreateTopics', 'CreatePartitions', 'DeleteTopics'] as const;
/** Tags of its ZooKeeper calls and the owner of its timers. */
export const TOPIC_ADMIN = 'topic-admin';

export type TopicAdminEffect =
  | ZkCall
  | { readonly type: 'setTimer'; readonly owner: string; readonly name: string; readonly atUs: number }
  | { readonly [Api in ApiName]: { readonly type: 'respond'; readonly requestId: number; readonly api: Api; readonly body: ResponseBodies[Api] } }[ApiName];

export type TopicAdminScope = Scope<TopicAdminEffect>;

/** What the process knows that the admin part needs. */
export interface ClusterFacts {
  readonly isController: boolean;
  /** Of this broker's metadata cache. */
  readonly liveBrokers: readonly BrokerPlace[];
  readonly defaultPartitionCount: number;
  readonly defaultReplicationFactor: number;
  /** `delete.topic.enable`. */
  readonly deletesTopics: boolean;
  /** Whether this broker's metadata cache has the topic. */
  knowsTopic(topic: string): boolean;
  /** The name of a topic in this broker's metadata cache, by its id; null for one that it does not know. */
  topicNameOf(topicId: Uuid): string | null;
  /** How many partitions of a topic have a leader in this broker's metadata cache. */
  ledPartitionCount(topic: string): number;
}
