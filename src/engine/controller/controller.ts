import { unreachable } from '../kernel/assert.ts';
import { onNetworkInput } from '../network-client/network-client.ts';
import type { ZkResult, ZkTold } from '../zookeeper-client/contract.ts';
import { onIsrAltered, onIsrReread, startAlterPartition } from './alter-partition.ts';
import { onBrokerData, onBrokerList, readBrokerList } from './broker-changes.ts';
import { onRetryTimer, pumpChannels, takeNetwork } from './channels.ts';
import { onClaim, onController, onEpoch, onEpochCreated, readController } from './claim.ts';
import type { ControllerInput } from './contract.ts';
import { onDeletionCompleted, onStopReplicaResponse, onTopicDeletions, readDeletions } from './deletion.ts';
import { beginElection, onElectionTimer, onMetadataUpdated, onZkElection, readZkElection } from './elect-leaders.ts';
import { onFailoverData, onFailoverLists, onFailoverStates, onFeature, readCluster } from './failover.ts';
import {
  onIsrChangeData,
  onIsrChanges,
  onIsrChangeStates,
  onLeaderAndIsrResponse,
  onLogDirEventData,
  onLogDirEvents,
  readIsrChanges,
  readLogDirEvents,
} from './notifications.ts';
import { triggerOnline } from './partition-states.ts';
import { allocateProducerIds, onProducerIdsRead, onProducerIdsWritten } from './producer-ids.ts';
import {
  completeReassignments,
  onAssignmentWritten,
  onReassignmentState,
  onZkReassignment,
  onZkReassignmentToTrim,
  readZkReassignment,
} from './reassignment.ts';
import { beginReassignments, listReassignments } from './reassignment-requests.ts';
import { rebalance } from './rebalance.ts';
import { deposed, refuseAll, resign } from './resignation.ts';
import { beginShutdown } from './shutdown.ts';
import { onCreatedBefore, onStatesCreated, onStatesRead, onStatesWritten } from './state-writes.ts';
import {
  beginEvent,
  controllerSettings,
  enqueue,
  newController,
  partitionKey,
  updateCurrent,
  type ControllerEvent,
  type ControllerScope,
  type ControllerState,
  type Work,
} from './state.ts';
import type { ReadStep } from './steps.ts';
import { runTask } from './tasks.ts';
import { onTopicData, onTopicList, readTopicList, readTopics } from './topic-changes.ts';
import {
  BROKER_IDS_PATH,
  CONTROLLER_PATH,
  DELETIONS_PATH,
  ISR_CHANGES_PATH,
  LOG_DIR_EVENTS_PATH,
  PREFERRED_ELECTION_PATH,
  REASSIGNMENT_PATH,
  TOPICS_PATH,
} from './znodes.ts';
import { isFenced } from './zookeeper-calls.ts';

export { newController };
export type { ControllerState };

/** kafka.controller.KafkaController: one event at a time; an event that waits for ZooKeeper keeps all others waiting. */
export function stepController(state: ControllerState, input: ControllerInput, scope: ControllerScope): ControllerState {
  const work: Work = { state, scope };
  onInput(work, input);
  runEvents(work);
  pumpChannels(work);
  return work.state;
}

function onInput(work: Work, input: ControllerInput): void {
  switch (input.type) {
    case 'registered':
      work.state = { ...work.state, brokerEpoch: input.brokerEpoch };
      return enqueue(work, { type: 'Elect' });
    case 'request':
      if (work.state.active === null) return refuseAll(work, input.requestId, input.frame);
      return enqueue(work, { type: 'Request', requestId: input.requestId, frame: input.frame });
    case 'configured':
      return onConfigured(work, input);
    case 'topicConfigured':
      return input.uncleanElection ? enqueueIfActive(work, { type: 'TopicUncleanLeaderElectionEnable', topic: input.topic }) : undefined;
    case 'shutdown':
      return resign(work);
    case 'zkAnswer':
      return onAnswer(work, input.tag, input.results);
    case 'zkWatch':
      return onWatch(work, input);
    case 'zkSession':
      return onSession(work, input);
    case 'metadataUpdated':
      return onMetadataUpdated(work, input.leaderOf);
    case 'timer':
      return onTimer(work, input);
    case 'connected':
    case 'received':
    case 'closed':
      return takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
    case 'signal':
    case 'accepted':
    case 'diskDone':
    case 'command':
      return;
    default:
      return unreachable(input);
  }
}

function enqueueIfActive(work: Work, event: ControllerEvent): void {
  if (work.state.active !== null) enqueue(work, event);
}

/** Unclean elections that are allowed from now on are held at once. */
function onConfigured(work: Work, input: Extract<ControllerInput, { type: 'configured' }>): void {
  const before = work.state.settings;
  work.state = { ...work.state, settings: controllerSettings(input.configs) };
  if (work.state.settings.uncleanElection && !before.uncleanElection) enqueueIfActive(work, { type: 'UncleanLeaderElectionEnable' });
}

function onWatch(work: Work, { path, kind }: Extract<ZkTold, { type: 'zkWatch' }>): void {
  if (path === CONTROLLER_PATH) return enqueue(work, kind === 'deleted' ? { type: 'Elect' } : { type: 'ControllerChange' });
  if (work.state.active === null) return;
  const event = LISTENERS[path];
  if (event !== undefined) return enqueue(work, event);
  if (!path.startsWith(`${TOPICS_PATH}/`) || kind !== 'dataChanged') return;
  const [topic = '', , partition, state] = path.slice(TOPICS_PATH.length + 1).split('/');
  if (partition === undefined) enqueue(work, { type: 'PartitionModifications', topic });
  else if (state === 'state') enqueue(work, { type: 'PartitionReassignmentIsrChange', key: partitionKey(topic, Number(partition)) });
}

const LISTENERS: Readonly<Record<string, ControllerEvent>> = {
  [BROKER_IDS_PATH]: { type: 'BrokerChange' },
  [TOPICS_PATH]: { type: 'TopicChange' },
  [DELETIONS_PATH]: { type: 'TopicDeletion' },
  [LOG_DIR_EVENTS_PATH]: { type: 'LogDirEventNotification' },
  [ISR_CHANGES_PATH]: { type: 'IsrChangeNotification' },
  [REASSIGNMENT_PATH]: { type: 'ZkPartitionReassignment' },
  [PREFERRED_ELECTION_PATH]: { type: 'ZkPreferredReplicaElection' },
};

function onSession(work: Work, told: Extract<ZkTold, { type: 'zkSession' }>): void {
  if (told.state === 'expired') {
    resign(work);
    work.state = { ...work.state, brokerEpoch: null, sessionId: null, activeControllerId: -1, queue: [], current: null };
  } else if (told.sessionId !== null) work.state = { ...work.state, sessionId: told.sessionId };
}

function onTimer(work: Work, input: Extract<ControllerInput, { type: 'timer' }>): void {
  const { name } = input;
  if (name === 'rebalance') return enqueue(work, { type: 'AutoPreferredReplicaLeaderElection' });
  if (onElectionTimer(work, name)) return;
  if (name.startsWith('retry-')) return onRetryTimer(work, Number(name.slice('retry-'.length)));
  takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
}

/** Goes on with the event under way until it waits, and begins the next when it is done. */
function runEvents(work: Work): void {
  for (;;) {
    const { current, queue } = work.state;
    if (current?.awaiting !== null && current !== null) return;
    const task = current?.tasks[0];
    if (current !== null && task !== undefined) {
      updateCurrent(work, { tasks: current.tasks.slice(1) });
      runTask(work, task);
      continue;
    }
    const [event, ...rest] = queue;
    if (event === undefined) {
      if (current !== null) work.state = { ...work.state, current: null };
      return;
    }
    work.state = { ...work.state, queue: rest, current: beginEvent(event) };
    begin(work, event);
  }
}

function begin(work: Work, event: ControllerEvent): void {
  if (event.type === 'Elect' || event.type === 'ControllerChange') return work.state.brokerEpoch === null ? undefined : readController(work);
  if (event.type === 'Request') return beginRequest(work, event);
  if (work.state.active === null) return;
  switch (event.type) {
    case 'BrokerChange':
      return readBrokerList(work);
    case 'TopicChange':
      return readTopicList(work);
    case 'TopicDeletion':
      return readDeletions(work);
    case 'PartitionModifications':
      return readTopics(work, [event.topic]);
    case 'LogDirEventNotification':
      return readLogDirEvents(work);
    case 'IsrChangeNotification':
      return readIsrChanges(work);
    case 'PartitionReassignmentIsrChange':
      return completeReassignments(work, [event.key]);
    case 'ZkPartitionReassignment':
      return readZkReassignment(work);
    case 'ZkPreferredReplicaElection':
      return readZkElection(work);
    case 'TopicUncleanLeaderElectionEnable':
      return triggerOnline(work, event.topic);
    case 'UncleanLeaderElectionEnable':
      return triggerOnline(work, null);
    case 'LeaderAndIsrResponseReceived':
      return onLeaderAndIsrResponse(work, event);
    case 'TopicDeletionStopReplicaResponseReceived':
      return onStopReplicaResponse(work, event);
    case 'AutoPreferredReplicaLeaderElection':
      return rebalance(work);
    default:
      return unreachable(event);
  }
}

function beginRequest(work: Work, event: Extract<ControllerEvent, { type: 'Request' }>): void {
  const { frame, requestId } = event;
  if (work.state.active === null) return refuseAll(work, requestId, frame);
  switch (frame.api) {
    case 'AlterPartition':
      return startAlterPartition(work, requestId, frame);
    case 'ControlledShutdown':
      return beginShutdown(work, requestId, frame);
    case 'ElectLeaders':
      return beginElection(work, requestId, frame);
    case 'AlterPartitionReassignments':
      return beginReassignments(work, requestId, frame);
    case 'ListPartitionReassignments':
      return listReassignments(work, requestId, frame);
    case 'AllocateProducerIds':
      return allocateProducerIds(work, requestId, frame);
    default:
      return refuseAll(work, requestId, frame);
  }
}

/** ZooKeeper answered what the event under way asked. A write that was refused because another is the controller ends it all. */
function onAnswer(work: Work, tag: string, results: readonly ZkResult[]): void {
  const { current } = work.state;
  if (current === null || current.awaiting?.tag !== tag) return;
  const { step } = current.awaiting;
  updateCurrent(work, { awaiting: null });
  if (step.type !== 'claim' && results.some(isFenced)) return deposed(work);
  onStep(work, step, results);
}

function onStep(work: Work, step: ReadStep, results: readonly ZkResult[]): void {
  switch (step.type) {
    case 'readController':
      return onController(work, results);
    case 'readEpoch':
      return onEpoch(work, results[0]);
    case 'createEpoch':
      return onEpochCreated(work);
    case 'claim':
      return onClaim(work, step, results[0]);
    case 'feature':
      return onFeature(work);
    case 'failoverLists':
      return onFailoverLists(work, results);
    case 'failoverCleaned':
      return readCluster(work, step);
    case 'failoverData':
      return onFailoverData(work, step, results);
    case 'failoverStates':
      return onFailoverStates(work, step, results);
    case 'brokerList':
      return onBrokerList(work, results);
    case 'brokerData':
      return onBrokerData(work, step.brokers, results);
    case 'readProducerIds':
      return onProducerIdsRead(work, step, results);
    case 'writeProducerIds':
      return onProducerIdsWritten(work, step, results);
    case 'logDirEvents':
      return onLogDirEvents(work, results);
    case 'logDirEventData':
      return onLogDirEventData(work, step.paths, results);
    case 'isrChanges':
      return onIsrChanges(work, results);
    case 'isrChangeData':
      return onIsrChangeData(work, step.paths, results);
    case 'isrChangeStates':
      return onIsrChangeStates(work, step, results);
    case 'ignored':
      return;
    default:
      return onPartitionStep(work, step, results);
  }
}

type PartitionStep = Extract<
  ReadStep,
  {
    type:
      | 'topicList'
      | 'topicData'
      | 'topicDeletions'
      | 'completedDeletion'
      | 'statesRead'
      | 'statesWritten'
      | 'statesCreated'
      | 'createdBefore'
      | 'isrAltered'
      | 'isrReread'
      | 'assignmentWritten'
      | 'reassignmentState'
      | 'zkReassignment'
      | 'zkReassignmentToTrim'
      | 'zkElection';
  }
>;

/** Of topics and their partitions. */
function onPartitionStep(work: Work, step: PartitionStep, results: readonly ZkResult[]): void {
  switch (step.type) {
    case 'topicList':
      return onTopicList(work, results);
    case 'topicData':
      return onTopicData(work, step, results);
    case 'topicDeletions':
      return onTopicDeletions(work, results);
    case 'completedDeletion':
      return onDeletionCompleted(work, step.topic);
    case 'statesRead':
      return onStatesRead(work, step, results);
    case 'statesWritten':
      return onStatesWritten(work, step, results);
    case 'statesCreated':
      return onStatesCreated(work, step.writes, results);
    case 'createdBefore':
      return onCreatedBefore(work, step.writes, results);
    case 'isrAltered':
      return onIsrAltered(work, step, results);
    case 'isrReread':
      return onIsrReread(work, step, results);
    case 'assignmentWritten':
      return onAssignmentWritten(work, step, results);
    case 'reassignmentState':
      return onReassignmentState(work, step.key, results);
    case 'zkReassignment':
      return onZkReassignment(work, results);
    case 'zkReassignmentToTrim':
      return onZkReassignmentToTrim(work, step.keys, results);
    case 'zkElection':
      return onZkElection(work, results);
    default:
      return unreachable(step);
  }
}
