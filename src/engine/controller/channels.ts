import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, mapValues } from '../kernel/persistent-map.ts';
import { msToUs, type BrokerId, type Uuid } from '../kernel/units.ts';
import { uuidFromBase64 } from '../log/partition-metadata.ts';
import type { NetworkEvent, QueuedRequest } from '../network-client/contract.ts';
import { forgetNode, queueRequest, type NetworkResult } from '../network-client/network-client.ts';
import { ZERO_UUID } from '../protocol/codec.ts';
import { errorCode } from '../protocol/errors.ts';
import { LATEST_VERSIONS } from '../protocol/frames.ts';
import {
  leaderAndIsrRequest,
  leaderAndIsrRequestLeaderAndIsrLiveLeader,
  leaderAndIsrRequestLeaderAndIsrPartitionState,
  leaderAndIsrRequestLeaderAndIsrTopicState,
} from '../protocol/generated/leader-and-isr-request.ts';
import type { LeaderAndIsrResponse } from '../protocol/generated/leader-and-isr-response.ts';
import type { StopReplicaResponse } from '../protocol/generated/stop-replica-response.ts';
import {
  stopReplicaRequest,
  stopReplicaRequestStopReplicaPartitionState,
  stopReplicaRequestStopReplicaTopicState,
} from '../protocol/generated/stop-replica-request.ts';
import {
  updateMetadataRequest,
  updateMetadataRequestUpdateMetadataBroker,
  updateMetadataRequestUpdateMetadataEndpoint,
  updateMetadataRequestUpdateMetadataPartitionState,
  updateMetadataRequestUpdateMetadataTopicState,
} from '../protocol/generated/update-metadata-request.ts';
import {
  CONTROLLER_OWNER,
  enqueue,
  partitionKey,
  updateActive,
  type ActiveController,
  type BrokerChannel,
  type ChannelRequest,
  type PartitionForBroker,
  type StopOrder,
  type Work,
} from './state.ts';
import type { LiveBroker } from './znodes.ts';

/** ControllerChannelManager: one queue and one request under way per broker, repeated every 100 ms until it gets through. */
const RETRY_MS = 100;

export function openChannel(work: Work, brokerId: BrokerId): void {
  const { active } = work.state;
  if (active === null || mapGet(active.channels, String(brokerId)) !== undefined) return;
  const channel: BrokerChannel = { brokerId, queue: [], sending: false };
  updateActive(work, { channels: mapSet(active.channels, String(brokerId), channel) });
}

/** What was queued for a broker that is gone is dropped with its channel. */
export function closeChannel(work: Work, brokerId: BrokerId): void {
  const { active } = work.state;
  if (active === null) return;
  updateActive(work, { channels: mapDelete(active.channels, String(brokerId)) });
  work.state = { ...work.state, net: forgetNode(work.state.net, brokerId, work.scope) };
}

export function closeAllChannels(work: Work): void {
  for (const channel of mapValues(work.state.active?.channels ?? emptyMap<BrokerChannel>())) closeChannel(work, channel.brokerId);
}

/** Sends the head of every queue that has nothing under way. Returns network events that came at once. */
export function pumpChannels(work: Work): void {
  const { active } = work.state;
  if (active === null) return;
  for (const channel of mapValues(active.channels)) {
    const head = channel.queue[0];
    const broker = mapGet(active.brokers, String(channel.brokerId));
    if (head === undefined || channel.sending || broker === undefined) continue;
    putChannel(work, { ...channel, sending: true });
    take(work, queueRequest(work.state.net, requestFor(work, broker, head), work.scope));
  }
}

function putChannel(work: Work, channel: BrokerChannel): void {
  const { active } = work.state;
  if (active !== null) updateActive(work, { channels: mapSet(active.channels, String(channel.brokerId), channel) });
}

function take(work: Work, result: NetworkResult): void {
  work.state = { ...work.state, net: result.client };
  for (const event of result.events) onChannelEvent(work, event);
}

export function takeNetwork(work: Work, result: NetworkResult): void {
  take(work, result);
  pumpChannels(work);
}

function onChannelEvent(work: Work, event: NetworkEvent): void {
  const { active } = work.state;
  const channel = active === null ? undefined : mapGet(active.channels, String(event.nodeId));
  if (channel === undefined) return;
  if (event.type === 'response') {
    putChannel(work, { ...channel, queue: channel.queue.slice(1), sending: false });
    if (event.frame.api === 'LeaderAndIsr') noteReplicas(work, channel.brokerId, event.frame.body);
    const request = channel.queue[0];
    if (event.frame.api === 'StopReplica' && request?.api === 'StopReplica')
      noteDeletions(work, channel.brokerId, { orders: request.partitions, body: event.frame.body });
    return;
  }
  if (event.type !== 'failed') return;
  // The same request goes out again after a pause; the order of the queue never changes.
  work.scope.effects.push({ type: 'setTimer', owner: CONTROLLER_OWNER, name: `retry-${event.nodeId}`, atUs: work.scope.context.nowUs + msToUs(RETRY_MS) });
}

/** What a broker says of the replicas it was told of is an event, unless it is no news: no replica of its is offline, now or before. */
function noteReplicas(work: Work, brokerId: BrokerId, body: LeaderAndIsrResponse): void {
  const { active } = work.state;
  if (active === null || body.errorCode !== 0) return;
  const names = new Map(mapEntries(active.topics).map(([topic, id]) => [uuidFromBase64(id), topic]));
  const withError = (code: number): string[] =>
    body.topics.flatMap(({ topicId, partitionErrors }) =>
      partitionErrors.filter((one) => one.errorCode === code).map((one) => partitionKey(names.get(topicId) ?? '', one.partitionIndex)),
    );
  const offline = withError(errorCode('KAFKA_STORAGE_ERROR'));
  if (offline.length === 0 && mapGet(active.offlineDirReplicas, String(brokerId)) === undefined) return;
  enqueue(work, { type: 'LeaderAndIsrResponseReceived', brokerId, offline, online: withError(0) });
}

/** What became of replicas of topics that are being deleted is an event. An error of the whole request is one of each replica. */
function noteDeletions(work: Work, brokerId: BrokerId, told: { readonly orders: readonly StopOrder[]; readonly body: StopReplicaResponse }): void {
  const { active } = work.state;
  const { orders, body } = told;
  if (active === null) return;
  const answers = body.partitionErrors.filter(
    ({ topicName, partitionIndex }) =>
      active.deletionStarted.includes(topicName) && orders.some((order) => order.topic === topicName && order.partition === partitionIndex && order.deletes),
  );
  if (answers.length === 0) return;
  const keysWith = (fine: boolean): string[] =>
    answers.filter((one) => (body.errorCode === 0 && one.errorCode === 0) === fine).map((one) => partitionKey(one.topicName, one.partitionIndex));
  enqueue(work, { type: 'TopicDeletionStopReplicaResponseReceived', brokerId, deleted: keysWith(true), failed: keysWith(false) });
}

export function onRetryTimer(work: Work, brokerId: BrokerId): void {
  const channel = mapGet(work.state.active?.channels ?? emptyMap<BrokerChannel>(), String(brokerId));
  if (channel !== undefined) putChannel(work, { ...channel, sending: false });
  pumpChannels(work);
}

function requestFor(work: Work, broker: LiveBroker, request: ChannelRequest): QueuedRequest {
  const node = { nodeId: broker.id, host: broker.host, port: broker.port };
  const common = { node, tag: `channel-${broker.id}`, expectsResponse: true } as const;
  const active = work.state.active as ActiveController;
  const facts = { controllerId: work.state.config.brokerId, controllerEpoch: active.epoch, brokerEpoch: broker.epoch };
  switch (request.api) {
    case 'LeaderAndIsr': {
      const leaders = new Set(request.partitions.map((part) => part.leaderAndIsr.leader));
      const liveLeaders = mapValues(active.brokers)
        .filter((one) => leaders.has(one.id))
        .map((one) => leaderAndIsrRequestLeaderAndIsrLiveLeader({ brokerId: one.id, hostName: one.host, port: one.port }));
      const topicStates = byTopic(request.partitions).map((parts) =>
        leaderAndIsrRequestLeaderAndIsrTopicState({
          topicName: parts[0]?.topic ?? '',
          topicId: topicIdOf(parts),
          partitionStates: parts.map(leaderAndIsrPartition),
        }),
      );
      return { ...common, api: 'LeaderAndIsr', version: LATEST_VERSIONS.LeaderAndIsr, body: leaderAndIsrRequest({ ...facts, topicStates, liveLeaders }) };
    }
    case 'UpdateMetadata': {
      const topicStates = byTopic(request.partitions).map((parts) =>
        updateMetadataRequestUpdateMetadataTopicState({
          topicName: parts[0]?.topic ?? '',
          topicId: topicIdOf(parts),
          partitionStates: parts.map(metadataPartition),
        }),
      );
      const liveBrokers = mapValues(active.brokers).map((one) =>
        updateMetadataRequestUpdateMetadataBroker({
          id: one.id,
          rack: one.rack,
          endpoints: [updateMetadataRequestUpdateMetadataEndpoint({ host: one.host, port: one.port, listener: 'PLAINTEXT', securityProtocol: 0 })],
        }),
      );
      return { ...common, api: 'UpdateMetadata', version: LATEST_VERSIONS.UpdateMetadata, body: updateMetadataRequest({ ...facts, topicStates, liveBrokers }) };
    }
    case 'StopReplica': {
      const topics = new Map<string, (typeof request.partitions)[number][]>();
      for (const part of request.partitions) topics.set(part.topic, [...(topics.get(part.topic) ?? []), part]);
      const topicStates = [...topics].map(([topicName, parts]) =>
        stopReplicaRequestStopReplicaTopicState({
          topicName,
          partitionStates: parts.map((part) =>
            stopReplicaRequestStopReplicaPartitionState({ partitionIndex: part.partition, leaderEpoch: part.leaderEpoch, deletePartition: part.deletes }),
          ),
        }),
      );
      return { ...common, api: 'StopReplica', version: LATEST_VERSIONS.StopReplica, body: stopReplicaRequest({ ...facts, topicStates }) };
    }
  }
}

function topicIdOf(parts: readonly PartitionForBroker[]): Uuid {
  return uuidFromBase64(parts[0]?.topicId ?? '') ?? ZERO_UUID;
}

function byTopic(partitions: readonly PartitionForBroker[]): PartitionForBroker[][] {
  const topics = new Map<string, PartitionForBroker[]>();
  for (const part of partitions) {
    const list = topics.get(part.topic);
    if (list === undefined) topics.set(part.topic, [part]);
    else list.push(part);
  }
  return [...topics.values()];
}

function leaderAndIsrPartition(part: PartitionForBroker): ReturnType<typeof leaderAndIsrRequestLeaderAndIsrPartitionState> {
  const { leaderAndIsr } = part;
  return leaderAndIsrRequestLeaderAndIsrPartitionState({
    topicName: part.topic,
    partitionIndex: part.partition,
    controllerEpoch: leaderAndIsr.controllerEpoch,
    leader: leaderAndIsr.leader,
    leaderEpoch: leaderAndIsr.leaderEpoch,
    isr: leaderAndIsr.isr,
    partitionEpoch: part.version,
    replicas: part.replicas,
    addingReplicas: part.adding,
    removingReplicas: part.removing,
    isNew: part.isNew,
    leaderRecoveryState: leaderAndIsr.recovering ? 1 : 0,
  });
}

function metadataPartition(part: PartitionForBroker): ReturnType<typeof updateMetadataRequestUpdateMetadataPartitionState> {
  const { leaderAndIsr } = part;
  return updateMetadataRequestUpdateMetadataPartitionState({
    topicName: part.topic,
    partitionIndex: part.partition,
    controllerEpoch: leaderAndIsr.controllerEpoch,
    leader: leaderAndIsr.leader,
    leaderEpoch: leaderAndIsr.leaderEpoch,
    isr: leaderAndIsr.isr,
    zkVersion: part.version,
    replicas: part.replicas,
    offlineReplicas: part.offlineReplicas,
  });
}
