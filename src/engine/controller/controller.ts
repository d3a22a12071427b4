import { unreachable } from '../kernel/assert.ts';
import { mapGet, mapValues } from '../kernel/persistent-map.ts';
import { onNetworkInput } from '../network-client/network-client.ts';
import { errorCode } from '../protocol/errors.ts';
import { allocateProducerIdsResponse } from '../protocol/generated/allocate-producer-ids-response.ts';
import { alterPartitionReassignmentsResponse } from '../protocol/generated/alter-partition-reassignments-response.ts';
import { alterPartitionResponse } from '../protocol/generated/alter-partition-response.ts';
import { controlledShutdownResponse } from '../protocol/generated/controlled-shutdown-response.ts';
import { electLeadersResponse } from '../protocol/generated/elect-leaders-response.ts';
import type { RequestFrame } from '../protocol/wire.ts';
import type { ZkResult, ZkTold } from '../zookeeper-client/contract.ts';
import { answerAlterPartition } from './alter-partition.ts';
import { closeAllChannels, onRetryTimer, pumpChannels, takeNetwork } from './channels.ts';
import type { ControllerInput } from './contract.ts';
import { beginElection, onElectionTimer, onMetadataUpdated } from './elect-leaders.ts';
import { allocateProducerIds, onProducerIdsRead, onProducerIdsWritten } from './producer-ids.ts';
import {
  onBrokerData,
  onBrokerList,
  onFailoverData,
  onFailoverLists,
  onFailoverStates,
  onLeaderAndIsrResponse,
  onLogDirEventData,
  onLogDirEvents,
  readLogDirEvents,
  onTopicData,
  onTopicList,
  readBrokerList,
  readTopicList,
  readTopics,
  startFailover,
} from './reading.ts';
import {
  allPartitions,
  awaitZooKeeper,
  addTasks,
  CONTROLLER_OWNER,
  newController,
  partitionKey,
  updateActive,
  type AfterWrite,
  type ControllerEvent,
  type ControllerScope,
  type ControllerState,
  type ReadStep,
  type Work,
} from './state.ts';
import { runTask } from './tasks.ts';
import { onReread, onWritten, type Written } from './write.ts';
import { BROKER_IDS_PATH, CONTROLLER_EPOCH_PATH, CONTROLLER_PATH, decodeController, encodeController, LOG_DIR_EVENTS_PATH, TOPICS_PATH } from './znodes.ts';

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
      if (work.state.active === null) return refuse(work, input.requestId, input.frame);
      return enqueue(work, { type: 'Request', requestId: input.requestId, frame: input.frame });
    case 'shutdown':
      return resign(work);
    case 'zkAnswer':
      return onAnswer(work, input.tag, input.results);
    case 'zkWatch':
      return onWatch(work, input.path);
    case 'zkSession':
      return onSession(work, input);
    case 'metadataUpdated':
      return onMetadataUpdated(work, input.leaderOf);
    case 'timer':
      return onTimer(work, input.name, input);
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

function enqueue(work: Work, event: ControllerEvent): void {
  const { queue } = work.state;
  // A list that will be read anyway need not be read twice.
  if (event.type !== 'Request' && queue.some((other) => JSON.stringify(other) === JSON.stringify(event))) return;
  work.state = { ...work.state, queue: [...queue, event] };
}

function onWatch(work: Work, path: string): void {
  if (path === CONTROLLER_PATH) return enqueue(work, { type: 'ControllerChange' });
  if (work.state.active === null) return;
  if (path === BROKER_IDS_PATH) enqueue(work, { type: 'BrokerChange' });
  else if (path === LOG_DIR_EVENTS_PATH) enqueue(work, { type: 'LogDirEventNotification' });
  else if (path === TOPICS_PATH) enqueue(work, { type: 'TopicChange' });
  else if (path.startsWith(`${TOPICS_PATH}/`) && !path.slice(TOPICS_PATH.length + 1).includes('/'))
    enqueue(work, { type: 'PartitionModifications', topic: path.slice(TOPICS_PATH.length + 1) });
}

function onSession(work: Work, told: Extract<ZkTold, { type: 'zkSession' }>): void {
  if (told.state === 'expired') {
    resign(work);
    work.state = { ...work.state, brokerEpoch: null, sessionId: null, activeControllerId: -1, queue: [], current: null };
  } else if (told.sessionId !== null) work.state = { ...work.state, sessionId: told.sessionId };
}

function onTimer(work: Work, name: string, input: Extract<ControllerInput, { type: 'timer' }>): void {
  if (name === 'rebalance') return enqueue(work, { type: 'AutoPreferredReplicaLeaderElection' });
  if (onElectionTimer(work, name)) return;
  if (name.startsWith('retry-')) return onRetryTimer(work, Number(name.slice('retry-'.length)));
  takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
}

/** Not the controller any more: nothing is written, everything that waits is refused. */
function resign(work: Work): void {
  const { active, queue, current } = work.state;
  if (active !== null) {
    work.scope.effects.push({ type: 'trace', event: { type: 'ControllerResigned', brokerId: work.state.config.brokerId, controllerEpoch: active.epoch } });
    work.scope.effects.push({ type: 'cancelTimer', owner: CONTROLLER_OWNER, name: 'rebalance' });
    closeAllChannels(work);
  }
  for (const event of [...(current === null ? [] : [current.event]), ...queue]) if (event.type === 'Request') refuse(work, event.requestId, event.frame);
  work.state = { ...work.state, active: null, current: null, queue: queue.filter((event) => event.type === 'Elect' || event.type === 'ControllerChange') };
}

function refuse(work: Work, requestId: number, frame: RequestFrame): void {
  const code = errorCode('NOT_CONTROLLER');
  const { effects } = work.scope;
  switch (frame.api) {
    case 'AlterPartition':
      effects.push({ type: 'respond', requestId, api: 'AlterPartition', body: alterPartitionResponse({ errorCode: code }) });
      return;
    case 'ControlledShutdown':
      effects.push({ type: 'respond', requestId, api: 'ControlledShutdown', body: controlledShutdownResponse({ errorCode: code }) });
      return;
    case 'ElectLeaders':
      effects.push({ type: 'respond', requestId, api: 'ElectLeaders', body: electLeadersResponse({ errorCode: code }) });
      return;
    case 'AlterPartitionReassignments':
      effects.push({ type: 'respond', requestId, api: 'AlterPartitionReassignments', body: alterPartitionReassignmentsResponse({ errorCode: code }) });
      return;
    default:
      effects.push({ type: 'respond', requestId, api: 'AllocateProducerIds', body: allocateProducerIdsResponse({ errorCode: code }) });
  }
}

/** Goes on with the event under way until it waits, and begins the next when it is done. */
function runEvents(work: Work): void {
  for (;;) {
    const { current, queue } = work.state;
    if (current?.awaiting !== null && current !== null) return;
    const task = current?.tasks[0];
    if (current !== null && task !== undefined) {
      work.state = { ...work.state, current: { ...current, tasks: current.tasks.slice(1) } };
      runTask(work, task);
      continue;
    }
    const [event, ...rest] = queue;
    if (event === undefined) {
      work.state = { ...work.state, current: null };
      return;
    }
    work.state = { ...work.state, queue: rest, current: { event, tasks: [], awaiting: null, failures: [] } };
    begin(work, event);
  }
}

function begin(work: Work, event: ControllerEvent): void {
  switch (event.type) {
    case 'Elect':
    case 'ControllerChange':
      if (work.state.brokerEpoch !== null) readController(work);
      return;
    case 'BrokerChange':
      return work.state.active === null ? undefined : readBrokerList(work);
    case 'TopicChange':
      return work.state.active === null ? undefined : readTopicList(work);
    case 'PartitionModifications':
      return work.state.active === null ? undefined : readTopics(work, [event.topic]);
    case 'LogDirEventNotification':
      return work.state.active === null ? undefined : readLogDirEvents(work);
    case 'LeaderAndIsrResponseReceived':
      return onLeaderAndIsrResponse(work, event);
    case 'AutoPreferredReplicaLeaderElection':
      return rebalance(work);
    case 'Request':
      return beginRequest(work, event);
    default:
      return unreachable(event);
  }
}

/** The watch is set on the znode whether it is there or not. */
function readController(work: Work): void {
  awaitZooKeeper(
    work,
    [
      { op: 'exists', path: CONTROLLER_PATH, watch: true },
      { op: 'getData', path: CONTROLLER_PATH, watch: false },
    ],
    { type: 'readController' },
  );
}

function beginRequest(work: Work, event: Extract<ControllerEvent, { type: 'Request' }>): void {
  const { active } = work.state;
  const { frame, requestId } = event;
  if (active === null) return refuse(work, requestId, frame);
  switch (frame.api) {
    case 'AlterPartition':
      return addTasks(work, [{ type: 'alterPartition', requestId, frame }]);
    case 'ControlledShutdown':
      return beginShutdown(work, { requestId, brokerId: frame.body.brokerId, brokerEpoch: frame.body.brokerEpoch });
    case 'ElectLeaders':
      return beginElection(work, requestId, frame);
    case 'AlterPartitionReassignments':
      // Reassignment comes with part 3.
      work.scope.effects.push({
        type: 'respond',
        requestId,
        api: 'AlterPartitionReassignments',
        body: alterPartitionReassignmentsResponse({ errorCode: errorCode('UNSUPPORTED_VERSION') }),
      });
      return;
    case 'AllocateProducerIds':
      return allocateProducerIds(work, requestId, frame);
    default:
      return refuse(work, requestId, frame);
  }
}

function beginShutdown(work: Work, request: { requestId: number; brokerId: number; brokerEpoch: number }): void {
  const { active } = work.state;
  const broker = active === null ? undefined : mapGet(active.brokers, String(request.brokerId));
  if (active === null || broker === undefined || broker.epoch > request.brokerEpoch) {
    work.scope.effects.push({
      type: 'respond',
      requestId: request.requestId,
      api: 'ControlledShutdown',
      body: controlledShutdownResponse({ errorCode: errorCode('STALE_BROKER_EPOCH') }),
    });
    return;
  }
  if (!active.shuttingDown.includes(request.brokerId)) updateActive(work, { shuttingDown: [...active.shuttingDown, request.brokerId] });
  const led = allPartitions(active).filter((part) => part.leaderAndIsr?.leader === request.brokerId && part.replicas.length > 1);
  const followed = allPartitions(active).filter(
    (part) => part.leaderAndIsr?.leader !== request.brokerId && part.replicas.length > 1 && part.replicas.includes(request.brokerId),
  );
  addTasks(work, [
    ...(led.length > 0 ? [{ type: 'elect', keys: led.map((part) => partitionKey(part.topic, part.partition)), strategy: 'controlledShutdown' } as const] : []),
    ...(followed.length > 0
      ? [{ type: 'shutdownFollowers', brokerId: request.brokerId, keys: followed.map((part) => partitionKey(part.topic, part.partition)) } as const]
      : []),
    { type: 'answerShutdown', requestId: request.requestId, brokerId: request.brokerId },
  ]);
}

/** checkAndTriggerAutoLeaderRebalance: brokers that lead too few of the partitions they are preferred for. */
function rebalance(work: Work): void {
  const { active, settings } = work.state;
  if (active === null) return;
  scheduleRebalance(work, settings.imbalanceCheckMs);
  for (const broker of mapValues(active.brokers)) {
    const preferred = allPartitions(active).filter((part) => part.replicas[0] === broker.id && part.leaderAndIsr !== null);
    const others = preferred.filter((part) => part.leaderAndIsr?.leader !== broker.id);
    if (preferred.length === 0 || (others.length / preferred.length) * 100 <= settings.imbalancePercentage) continue;
    const keys = others.filter((part) => part.leaderAndIsr?.isr.includes(broker.id) === true).map((part) => partitionKey(part.topic, part.partition));
    if (keys.length > 0) addTasks(work, [{ type: 'elect', keys, strategy: 'preferred' }]);
  }
}

function scheduleRebalance(work: Work, afterMs: number): void {
  if (!work.state.settings.autoRebalance) return;
  work.scope.effects.push({ type: 'setTimer', owner: CONTROLLER_OWNER, name: 'rebalance', atUs: work.scope.context.nowUs + afterMs * 1000 });
}

/** ZooKeeper answered what the event waits for. */
function onAnswer(work: Work, tag: string, results: readonly ZkResult[]): void {
  const { current } = work.state;
  if (current === null || current.awaiting === null || current.awaiting.tag !== tag) return;
  const { step } = current.awaiting;
  work.state = { ...work.state, current: { ...current, awaiting: null } };
  if (results.some((result) => !result.ok && result.error === 'SESSIONEXPIRED')) return resign(work);
  onStep(work, step, results);
}

function onStep(work: Work, step: ReadStep, results: readonly ZkResult[]): void {
  switch (step.type) {
    case 'readController':
      return onController(work, results);
    case 'readEpoch':
      return onEpoch(work, results[0]);
    case 'createEpoch':
      return readEpoch(work);
    case 'claim':
      return onClaim(work, step, results[0]);
    case 'failoverLists':
      return onFailoverLists(work, results);
    case 'failoverData':
      return onFailoverData(work, step, results);
    case 'failoverStates':
      return onFailoverStates(work, step.keys, results);
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
    case 'logDirEventsDeleted':
      return;
    case 'topicList':
      return onTopicList(work, results);
    case 'topicData':
      return onTopicData(work, step.topics, results);
    case 'write':
      return afterWrite(work, onWritten(work, step, results), step.then);
    case 'reread':
      return afterWrite(work, onReread(work, step.changes, results), step.then);
    default:
      return unreachable(step);
  }
}

function afterWrite(work: Work, written: Written | null, then: AfterWrite): void {
  if (written === null) return;
  if (written.fenced) {
    // Somebody else is the controller: what we know is stale. Find out who.
    resign(work);
    return enqueue(work, { type: 'ControllerChange' });
  }
  if (then.type === 'answerAlterPartition') answerAlterPartition(work, then);
}

/** Who is the controller? Nobody: try to become it. */
function onController(work: Work, results: readonly ZkResult[]): void {
  const result = results[1];
  if (result?.ok === true && result.op === 'getData') {
    const id = decodeController(result.data) ?? -1;
    const mine = id === work.state.config.brokerId && result.stat.ephemeralOwner === work.state.sessionId;
    work.state = { ...work.state, activeControllerId: id };
    if (work.state.active !== null && !mine) resign(work);
    // A claim that was answered only by a lost connection: the znode says that it was ours.
    if (work.state.active === null && mine) readEpochAsOwner(work);
    return;
  }
  if (work.state.active !== null) resign(work);
  work.state = { ...work.state, activeControllerId: -1, current: work.state.current ?? { event: { type: 'Elect' }, tasks: [], awaiting: null, failures: [] } };
  readEpoch(work);
}

function readEpoch(work: Work): void {
  awaitZooKeeper(work, [{ op: 'getData', path: CONTROLLER_EPOCH_PATH, watch: false }], { type: 'readEpoch' });
}

/** The epoch that our own claim has written. */
function readEpochAsOwner(work: Work): void {
  awaitZooKeeper(work, [{ op: 'getData', path: CONTROLLER_EPOCH_PATH, watch: false }], { type: 'claim', epoch: -1, version: -1 });
}

function onEpoch(work: Work, result: ZkResult | undefined): void {
  if (result?.ok === true && result.op === 'getData') return claim(work, Number(result.data), result.stat.version);
  awaitZooKeeper(work, [{ op: 'create', path: CONTROLLER_EPOCH_PATH, data: '0', ephemeral: false, sequential: false }], { type: 'createEpoch' });
}

/** registerControllerAndIncrementControllerEpoch: both or neither. */
function claim(work: Work, epoch: number, version: number): void {
  const data = encodeController(work.state.config.brokerId, work.scope.context.nowMs);
  awaitZooKeeper(
    work,
    [
      {
        op: 'multi',
        operations: [
          { op: 'create', path: CONTROLLER_PATH, data, ephemeral: true, sequential: false },
          { op: 'setData', path: CONTROLLER_EPOCH_PATH, data: String(epoch + 1), version },
        ],
      },
    ],
    { type: 'claim', epoch: epoch + 1, version: version + 1 },
  );
}

function onClaim(work: Work, step: Extract<ReadStep, { type: 'claim' }>, result: ZkResult | undefined): void {
  if (result?.ok === true && result.op === 'getData') return won(work, Number(result.data), result.stat.version);
  if (result?.ok === true) return won(work, step.epoch, step.version);
  // Somebody was faster, or the same claim succeeded before: the znode tells.
  readController(work);
}

function won(work: Work, epoch: number, epochVersion: number): void {
  scheduleRebalance(work, 5000);
  startFailover(work, { epoch, epochVersion });
}
