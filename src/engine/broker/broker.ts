import { changed } from '../kernel/mutable.ts';
import { copyBroker } from './broker-state.ts';
import { assert, unreachable } from '../kernel/assert.ts';
import { emptyMap } from '../kernel/persistent-map.ts';
import type { SystemInput } from '../kernel/system.ts';
import type { ApiName } from '../protocol/generated/apis.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZkAnswer, ZkOperation } from '../zookeeper-client/contract.ts';
import type { BrokerConfig } from './broker-config.ts';
import type { BrokerState } from './broker-state.ts';
import type { BrokerIdentity, BrokerInput, BrokerRequest, BrokerScope } from './contract.ts';
import { CONFIG_CHANGES, CONFIG_TAG, listenForConfigChanges, onConfigAnswer, onIncrementalAlterConfigs } from './configs/config-manager.ts';
import { NEW_CONFIG_MANAGER } from './configs/config-manager-state.ts';
import { onFetcherInput } from './fetcher/replica-fetcher.ts';
import { newLogCleaner } from './logs/cleaner-state.ts';
import { onCleanerFlushed, onCleanerTimer } from './logs/log-cleaner.ts';
import { onLogFlushed, type LoadedLogs } from './logs/log-manager.ts';
import { emptyMetadataCache } from './metadata/metadata-cache.ts';
import { decodeTopicConfig, topicConfigPath, withTopicConfig, type TopicConfigs } from './metadata/topic-configs.ts';
import { onUpdateMetadata } from './metadata/update-metadata.ts';
import {
  ALTER_PARTITION,
  leaderOfFetcherOwner,
  LOG_CLEANER,
  LOG_MANAGER,
  PRODUCER_IDS,
  PURGATORY_DELETE,
  PURGATORY_FETCH,
  PURGATORY_PRODUCE,
  REPLICA_MANAGER,
} from './owners.ts';
import { completeFetch, completeProduce } from './purgatory/completion.ts';
import { completeDeletion } from './purgatory/delayed-deletion.ts';
import { findOperation, newPurgatory } from './purgatory/purgatory.ts';
import { newAlterPartitionManager } from './replication/alter-partition-manager.ts';
import { onAlterPartition } from './replication/isr.ts';
import { onLeaderAndIsr, topicsToConfigure } from './replication/leader-and-isr.ts';
import { onStopReplica } from './replication/stop-replica.ts';
import { onDeleteRecords } from './requests/delete-records.ts';
import { onFetch } from './requests/fetch.ts';
import { onListOffsets } from './requests/list-offsets.ts';
import { onMetadata } from './requests/metadata.ts';
import { onOffsetForLeaderEpoch } from './requests/offset-for-leader-epoch.ts';
import { newProducerIdManager, onInitProducerId, onProducerIdInput } from './requests/producer-id-manager.ts';
import { onProduce } from './requests/produce.ts';
import { onApiVersions, onDescribeCluster, onFindCoordinator } from './requests/simple-requests.ts';
import { isShutdownFlush, shutDown } from './shutdown.ts';
import { onLogManagerTimer, onReplicaManagerTimer, startTasks } from './tasks.ts';

/** What the process found and made before the broker part may begin. */
export interface BrokerStart {
  readonly identity: BrokerIdentity;
  readonly config: BrokerConfig;
  readonly loaded: LoadedLogs;
  readonly topicConfigs: TopicConfigs;
}

/** APIs that the process hands to this part. */
export const BROKER_APIS = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'OffsetForLeaderEpoch',
  'LeaderAndIsr',
  'StopReplica',
  'UpdateMetadata',
  'ApiVersions',
  'FindCoordinator',
  'InitProducerId',
  'DescribeCluster',
  'IncrementalAlterConfigs',
  'DeleteRecords',
] as const satisfies readonly ApiName[];

/** With the request's id: a call that was repeated after a session expired must not answer for a later request. */
function topicConfigsTag(request: BrokerRequest): string {
  return `broker-topic-configs-${request.requestId}`;
}

/** The broker part after its logs are loaded; its tasks start running. */
export function startBroker(start: BrokerStart, scope: BrokerScope): BrokerState {
  const { identity, config, loaded, topicConfigs } = start;
  const state: BrokerState = {
    identity,
    config,
    brokerEpoch: -1,
    controllerEpoch: 0,
    shuttingDown: false,
    stopped: false,
    metadata: emptyMetadataCache(),
    partitions: emptyMap(),
    offlinePartitions: [],
    logDirs: loaded.logDirs,
    idleLogs: loaded.logs,
    nextLogId: loaded.nextLogId,
    logsById: loaded.logsById,
    checkpointedHighWatermarks: loaded.checkpointedHighWatermarks,
    highWatermarkCheckpointStarted: false,
    topicConfigs,
    configs: NEW_CONFIG_MANAGER,
    waitingControlRequests: [],
    delayedProduce: newPurgatory(PURGATORY_PRODUCE),
    delayedFetch: newPurgatory(PURGATORY_FETCH),
    delayedDelete: newPurgatory(PURGATORY_DELETE),
    fetchers: emptyMap(),
    failedPartitions: [],
    alterPartition: newAlterPartitionManager(config, identity.brokerId),
    producerIds: newProducerIdManager(config, identity.brokerId),
    cleaner: newLogCleaner(loaded.cleanerCheckpoints),
  };
  startTasks(state, scope);
  return state;
}

/** One input, one next state; effects go to the scope in the order they must happen. */
export function stepBroker(state: BrokerState, input: BrokerInput, scope: BrokerScope): BrokerState {
  if (state.stopped && input.type !== 'diskDone') return state;
  switch (input.type) {
    case 'request':
      return onRequest(state, input, scope);
    case 'registered':
      return listenForConfigChanges(changed(copyBroker(state), { brokerEpoch: input.brokerEpoch }), scope);
    case 'shutdownStarted':
      return changed(copyBroker(state), { shuttingDown: true });
    case 'shutdown':
      return shutDown(state, scope);
    case 'zkAnswer':
      return input.tag.startsWith(CONFIG_TAG) ? onConfigAnswer(state, input, scope) : onZkAnswer(state, input, scope);
    case 'zkSession':
      return input.state === 'established' ? askTopicConfigs(state, scope) : state;
    case 'zkWatch':
      return input.path === CONFIG_CHANGES ? listenForConfigChanges(state, scope) : state;
    case 'signal':
    case 'accepted':
      return state;
    case 'timer':
    case 'connected':
    case 'received':
    case 'closed':
      return onOwned(state, input, scope);
    case 'diskDone':
      if (isShutdownFlush(input)) scope.effects.push({ type: 'shutdownComplete' });
      return input.owner === LOG_CLEANER ? onCleanerFlushed(state, input, scope) : onLogFlushed(state, input, scope);
    case 'command':
      return state;
    default:
      return unreachable(input);
  }
}

type OwnedInput = Extract<SystemInput<WireMessage, never>, { type: 'timer' | 'connected' | 'received' | 'closed' }>;

function onOwned(state: BrokerState, input: OwnedInput, scope: BrokerScope): BrokerState {
  const source = leaderOfFetcherOwner(input.owner);
  if (source !== null) return onFetcherInput(state, source, input, scope);
  if (input.owner === ALTER_PARTITION) return onAlterPartition(state, input, scope);
  if (input.owner === PRODUCER_IDS) return onProducerIdInput(state, input, scope);
  return input.type === 'timer' ? onTimer(state, input, scope) : state;
}

function onTimer(state: BrokerState, timer: { readonly owner: string; readonly name: string }, scope: BrokerScope): BrokerState {
  switch (timer.owner) {
    case PURGATORY_FETCH: {
      const fetch = findOperation(state.delayedFetch, Number(timer.name));
      return fetch === null ? state : completeFetch(state, fetch, scope);
    }
    case PURGATORY_PRODUCE: {
      const produce = findOperation(state.delayedProduce, Number(timer.name));
      return produce === null ? state : completeProduce(state, produce, scope);
    }
    case PURGATORY_DELETE: {
      const deletion = findOperation(state.delayedDelete, Number(timer.name));
      return deletion === null ? state : completeDeletion(state, deletion, scope);
    }
    case REPLICA_MANAGER:
      return onReplicaManagerTimer(state, timer.name, scope);
    case LOG_MANAGER:
      return onLogManagerTimer(state, timer.name, scope);
    case LOG_CLEANER:
      return onCleanerTimer(state, scope);
    default:
      return state;
  }
}

function onRequest(state: BrokerState, request: BrokerRequest, scope: BrokerScope): BrokerState {
  const { requestId, frame } = request;
  switch (frame.api) {
    case 'Produce':
      return onProduce(state, requestId, frame, scope);
    case 'Fetch':
      return onFetch(state, requestId, frame, scope);
    case 'ListOffsets':
      return onListOffsets(state, requestId, frame, scope);
    case 'Metadata':
      return onMetadata(state, requestId, frame, scope);
    case 'OffsetForLeaderEpoch':
      return onOffsetForLeaderEpoch(state, requestId, frame, scope);
    case 'LeaderAndIsr':
    case 'StopReplica':
    case 'UpdateMetadata':
      return onControlRequest(state, request, scope);
    case 'ApiVersions':
      return onApiVersions(state, requestId, scope);
    case 'FindCoordinator':
      return onFindCoordinator(state, requestId, frame, scope);
    case 'InitProducerId':
      return onInitProducerId(state, requestId, frame, scope);
    case 'IncrementalAlterConfigs':
      return onIncrementalAlterConfigs(state, requestId, frame, scope);
    case 'DeleteRecords':
      return onDeleteRecords(state, requestId, frame, scope);
    case 'DescribeCluster':
      return onDescribeCluster(state, requestId, scope);
    default:
      assert(false, `a request that the broker part serves, got ${frame.api}`);
  }
}

/** Control requests change the broker one after another: one that waits for ZooKeeper holds up those behind it. */
function onControlRequest(state: BrokerState, request: BrokerRequest, scope: BrokerScope): BrokerState {
  const waiting = state.waitingControlRequests;
  if (waiting.length > 0) return changed(copyBroker(state), { waitingControlRequests: [...waiting, request] });
  if (!mustReadConfigs(state, request)) return handleControlRequest(state, request, scope);
  return askTopicConfigs(changed(copyBroker(state), { waitingControlRequests: [request] }), scope);
}

function mustReadConfigs(state: BrokerState, request: BrokerRequest): boolean {
  return request.frame.api === 'LeaderAndIsr' && topicsToConfigure(state, request.frame.body).length > 0;
}

/** Reads the configurations that the first waiting request needs, if there is one. */
function askTopicConfigs(state: BrokerState, scope: BrokerScope): BrokerState {
  const first = state.waitingControlRequests[0];
  if (first === undefined || first.frame.api !== 'LeaderAndIsr') return state;
  const operations: ZkOperation[] = topicsToConfigure(state, first.frame.body).map((topic) => ({ op: 'getData', path: topicConfigPath(topic), watch: false }));
  // A new registration has made the request stale: nothing is left to wait for.
  if (operations.length === 0) return handleWaiting(state, scope);
  scope.effects.push({ type: 'zk', tag: topicConfigsTag(first), operations });
  return state;
}

/** A session that expired meanwhile gives no configuration; it is asked for again in the next one. */
function onZkAnswer(state: BrokerState, answer: ZkAnswer, scope: BrokerScope): BrokerState {
  const first = state.waitingControlRequests[0];
  if (first === undefined || first.frame.api !== 'LeaderAndIsr' || answer.tag !== topicConfigsTag(first)) return state;
  if (answer.results.some((result) => !result.ok && result.error === 'SESSIONEXPIRED')) return state;
  let { topicConfigs } = state;
  topicsToConfigure(state, first.frame.body).forEach((topic, i) => {
    const result = answer.results[i];
    const data = result !== undefined && result.ok && result.op === 'getData' ? result.data : '';
    topicConfigs = withTopicConfig(topicConfigs, topic, decodeTopicConfig(data));
  });
  return handleWaiting(changed(copyBroker(state), { topicConfigs }), scope);
}

/** The first waiting request is served, then those behind it until one has to wait in its turn. */
function handleWaiting(state: BrokerState, scope: BrokerScope): BrokerState {
  const [first, ...rest] = state.waitingControlRequests;
  if (first === undefined) return state;
  let next = handleControlRequest(changed(copyBroker(state), { waitingControlRequests: [] }), first, scope);
  for (const request of rest) next = onControlRequest(next, request, scope);
  return next;
}

function handleControlRequest(state: BrokerState, request: BrokerRequest, scope: BrokerScope): BrokerState {
  const { requestId, frame } = request;
  switch (frame.api) {
    case 'LeaderAndIsr':
      return onLeaderAndIsr(state, requestId, frame, scope);
    case 'StopReplica':
      return onStopReplica(state, requestId, frame, scope);
    case 'UpdateMetadata':
      return onUpdateMetadata(state, requestId, frame, scope);
    default:
      assert(false, `a control request, got ${frame.api}`);
  }
}
