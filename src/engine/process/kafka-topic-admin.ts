import type { ClusterFacts, TopicAdminEffect } from '../broker/admin/contract.ts';
import { beginAdminRequest, checkAdminWaiting, onAdminAnswer, onAdminTimer, type Work as AdminWork } from '../broker/admin/topic-admin.ts';
import { findTopic, partitionsOf } from '../broker/metadata/metadata-cache.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { RequestFrame } from '../protocol/wire.ts';
import { unreachable } from '../kernel/assert.ts';
import { updateState, type TopicAdminInput, type Work } from './kafka-server-state.ts';

/** Runs the topic administration part; `perform` does what it asks of the process. */
export function runTopicAdmin(work: Work, input: TopicAdminInput, perform: (effect: TopicAdminEffect) => void): void {
  const admin = adminWork(work);
  switch (input.type) {
    case 'request':
      if (isAdminFrame(input.frame)) beginAdminRequest(admin, input.requestId, input.frame);
      break;
    case 'zkAnswer':
      onAdminAnswer(admin, input.tag, input.results);
      break;
    case 'timer':
      onAdminTimer(admin, input.name);
      break;
    default:
      return unreachable(input);
  }
  finish(work, admin, perform);
}

type AdminFrame = Parameters<typeof beginAdminRequest>[2];

function isAdminFrame(frame: RequestFrame): frame is AdminFrame {
  return frame.api === 'CreateTopics' || frame.api === 'CreatePartitions' || frame.api === 'DeleteTopics';
}

/** The metadata cache may have changed: answers what waited for it. */
export function checkTopicAdmin(work: Work, perform: (effect: TopicAdminEffect) => void): void {
  if (work.state.topicAdmin.pending.length === 0) return;
  const admin = adminWork(work);
  checkAdminWaiting(admin);
  finish(work, admin, perform);
}

function adminWork(work: Work): AdminWork {
  return { state: work.state.topicAdmin, scope: { context: work.scope.context, effects: [] }, facts: factsOf(work) };
}

function finish(work: Work, admin: AdminWork, perform: (effect: TopicAdminEffect) => void): void {
  updateState(work, { topicAdmin: admin.state });
  for (const effect of admin.scope.effects) perform(effect);
}

function factsOf(work: Work): ClusterFacts {
  const { broker, controller, config } = work.state;
  // Of this broker's cache: a controller that has just taken over does not know the cluster yet.
  const brokers = broker === null ? [] : broker.metadata.brokers;
  return {
    isController: controller.active !== null,
    liveBrokers: brokers.map(({ brokerId, rack }) => (rack === null ? { id: brokerId } : { id: brokerId, rack })),
    defaultPartitionCount: Number(config.configs['num.partitions'] ?? '1'),
    defaultReplicationFactor: Number(config.configs['default.replication.factor'] ?? '1'),
    deletesTopics: config.configs['delete.topic.enable'] !== 'false',
    topicNameOf: (topicId) => (broker === null ? null : (mapGet(broker.metadata.topicNames, topicId) ?? null)),
    knowsTopic: (topic) => broker !== null && findTopic(broker.metadata, topic) !== null,
    ledPartitionCount(topic) {
      const known = broker === null ? null : findTopic(broker.metadata, topic);
      return known === null ? 0 : partitionsOf(known).filter((part) => part.leader >= 0).length;
    },
  };
}
