import { changed, type Mutable } from '../../kernel/mutable.ts';
import { emptyMap, mapGet, mapSet, type PersistentMap } from '../../kernel/persistent-map.ts';
import { msToUs, type HostName, type InstantUs, type LeaderEpoch, type PartitionId } from '../../kernel/units.ts';
import { backoffEndUs, canSend, connectNode } from '../../network-client/connect-node.ts';
import { canConnect, inFlightCount, nodeOf, queueRequest, type NetworkClientState, type NetworkScope } from '../../network-client/network-client.ts';
import type { NodeAddress } from '../../network-client/contract.ts';
import { LATEST_VERSIONS } from '../../protocol/frames.ts';
import { metadataRequest, metadataRequestMetadataRequestTopic } from '../../protocol/generated/metadata-request.ts';
import type { MetadataResponse } from '../../protocol/generated/metadata-response.ts';
import { errorName, type ErrorName } from '../../protocol/errors.ts';

/** What a client believes of the cluster, and when it asks again (org.apache.kafka.clients.Metadata). */
export interface ClientMetadata {
  readonly config: MetadataConfig;
  readonly brokers: readonly NodeAddress[];
  readonly controllerId: number;
  readonly topics: PersistentMap<TopicMetadata>;
  /** Topics asked for; null asks for all. */
  readonly wanted: readonly string[];
  readonly needsUpdate: boolean;
  readonly inFlight: boolean;
  readonly lastAttemptUs: InstantUs;
  readonly lastSuccessUs: InstantUs | null;
  readonly failures: number;
  /** No node is connected: not before this is looked for one again, unless a connection comes or goes. */
  readonly noNodeUntilUs: InstantUs;
}

export interface MetadataConfig {
  readonly bootstrap: readonly { readonly host: HostName; readonly port: number }[];
  readonly maxAgeMs: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly allowAutoTopicCreation: boolean;
}

export interface TopicMetadata {
  readonly name: string;
  readonly topicId: string;
  readonly error: ErrorName;
  /** Dense by partition id. */
  readonly partitions: readonly PartitionMetadata[];
}

export interface PartitionMetadata {
  readonly partition: PartitionId;
  /** -1 when there is none. */
  readonly leader: number;
  readonly leaderEpoch: LeaderEpoch;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly error: ErrorName;
}

export const METADATA_TAG = 'metadata';

export function newMetadata(config: MetadataConfig, wanted: readonly string[]): ClientMetadata {
  return {
    config,
    brokers: [],
    controllerId: -1,
    topics: emptyMap(),
    wanted,
    needsUpdate: true,
    inFlight: false,
    lastAttemptUs: -Infinity,
    lastSuccessUs: null,
    failures: 0,
    noNodeUntilUs: 0,
  };
}

function copyMetadata(metadata: ClientMetadata): Mutable<ClientMetadata> {
  const { config, brokers, controllerId, topics, wanted, needsUpdate, inFlight, lastAttemptUs, lastSuccessUs, failures, noNodeUntilUs } = metadata;
  return { config, brokers, controllerId, topics, wanted, needsUpdate, inFlight, lastAttemptUs, lastSuccessUs, failures, noNodeUntilUs };
}

export function wantTopic(metadata: ClientMetadata, topic: string): ClientMetadata {
  return metadata.wanted.includes(topic) ? metadata : changed(copyMetadata(metadata), { wanted: [...metadata.wanted, topic], needsUpdate: true });
}

export function requestUpdate(metadata: ClientMetadata): ClientMetadata {
  return metadata.needsUpdate ? metadata : changed(copyMetadata(metadata), { needsUpdate: true });
}

export function topicOf(metadata: ClientMetadata, topic: string): TopicMetadata | undefined {
  return mapGet(metadata.topics, topic);
}

export function partitionOf(metadata: ClientMetadata, topic: string, partition: number): PartitionMetadata | undefined {
  return topicOf(metadata, topic)?.partitions[partition];
}

/** The address of the leader that this client believes in, or null. */
export function leaderOf(metadata: ClientMetadata, topic: string, partition: number): NodeAddress | null {
  const known = partitionOf(metadata, topic, partition);
  return known === undefined || known.leader < 0 ? null : (metadata.brokers.find((broker) => broker.nodeId === known.leader) ?? null);
}

/** When to ask next: soon (after the back-off) if asked to, else when the age is reached. */
export function nextUpdateUs(metadata: ClientMetadata): InstantUs {
  if (metadata.inFlight) return Infinity;
  const backoffUs = Math.max(metadata.lastAttemptUs + msToUs(backOffMs(metadata)), metadata.noNodeUntilUs);
  if (metadata.needsUpdate) return Math.max(0, backoffUs);
  return metadata.lastSuccessUs === null ? 0 : Math.max(backoffUs, metadata.lastSuccessUs + msToUs(metadata.config.maxAgeMs));
}

function backOffMs(metadata: ClientMetadata): number {
  let waitMs = metadata.config.retryBackoffMs;
  for (let i = 0; i < metadata.failures && waitMs < metadata.config.retryBackoffMaxMs; i++) waitMs *= 2;
  return Math.min(waitMs, metadata.config.retryBackoffMaxMs);
}

export interface MetadataAndNetwork {
  readonly metadata: ClientMetadata;
  readonly net: NetworkClientState;
}

/** How long a client without a connected node waits before it looks again (`reconnect.backoff.ms`). */
const NO_NODE_WAIT_MS = 50;

/**
 * Asks the least loaded node when it is time to. Where none is connected a connection is begun, one at a time, and the request waits for
 * it: by then another node may be the better one (NetworkClient.DefaultMetadataUpdater).
 */
export function maybeUpdate(state: MetadataAndNetwork, scope: NetworkScope): MetadataAndNetwork {
  const { metadata, net } = state;
  if (nextUpdateUs(metadata) > scope.context.nowUs) return state;
  const waiting: ClientMetadata = changed(copyMetadata(metadata), { needsUpdate: true, noNodeUntilUs: scope.context.nowUs + msToUs(NO_NODE_WAIT_MS) });
  const node = leastLoadedNode(state, scope);
  if (node === null) return { net, metadata: waiting };
  if (!canSend(net, node.nodeId)) return { net: isPreparing(net, node.nodeId) ? net : connectNode(net, node, scope), metadata: waiting };
  const topics = metadata.wanted.map((name) => metadataRequestMetadataRequestTopic({ name }));
  const body = metadataRequest({ topics, allowAutoTopicCreation: metadata.config.allowAutoTopicCreation });
  const sent = queueRequest(net, { node, api: 'Metadata', version: LATEST_VERSIONS.Metadata, body, tag: METADATA_TAG, expectsResponse: true }, scope);
  return { net: sent.client, metadata: changed(copyMetadata(metadata), { inFlight: true, needsUpdate: false, lastAttemptUs: scope.context.nowUs }) };
}

/** A connection was made or lost: whoever waits for one looks at once. */
export function onNodeChange(metadata: ClientMetadata): ClientMetadata {
  return metadata.noNodeUntilUs === 0 ? metadata : changed(copyMetadata(metadata), { noNodeUntilUs: 0 });
}

function isPreparing(net: NetworkClientState, nodeId: number): boolean {
  const status = nodeOf(net, nodeId)?.status;
  return status === 'connecting' || status === 'checkingApiVersions';
}

/**
 * NetworkClient.leastLoadedNode, from a drawn start: a connected node, the one with the fewest requests under way; else one that is being
 * connected to; else the one whose last attempt is the longest ago. Null when all are in their back-off.
 */
export function leastLoadedNode(state: MetadataAndNetwork, scope: NetworkScope): NodeAddress | null {
  const { brokers, config } = state.metadata;
  const { net } = state;
  const nodes = brokers.length > 0 ? brokers : config.bootstrap.map((address, i): NodeAddress => ({ nodeId: -1 - i, ...address }));
  const start = scope.context.draw('metadata-node') % Math.max(1, nodes.length);
  let ready: NodeAddress | null = null;
  let connecting: NodeAddress | null = null;
  let connectable: NodeAddress | null = null;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[(start + i) % nodes.length] as NodeAddress;
    if (canSend(net, node.nodeId)) {
      if (ready === null || inFlightCount(net, node.nodeId) < inFlightCount(net, ready.nodeId)) ready = node;
    } else if (isPreparing(net, node.nodeId)) connecting = node;
    else if (nodeOf(net, node.nodeId)?.status !== 'ready' && canConnect(net, node.nodeId, scope.context.nowUs)) {
      if (connectable === null || backoffEndUs(net, node.nodeId) < backoffEndUs(net, connectable.nodeId)) connectable = node;
    }
  }
  return ready ?? connecting ?? connectable;
}

export function onUpdateFailed(metadata: ClientMetadata): ClientMetadata {
  return changed(copyMetadata(metadata), { inFlight: false, needsUpdate: true, failures: metadata.failures + 1 });
}

/** Takes an answer over; a partition never goes back to an older leader epoch. */
export function applyMetadata(metadata: ClientMetadata, response: MetadataResponse, nowUs: InstantUs): ClientMetadata {
  const brokers = response.brokers.map((broker): NodeAddress => ({ nodeId: broker.nodeId, host: broker.host, port: broker.port }));
  let topics = metadata.topics;
  let incomplete = false;
  for (const topic of response.topics) {
    const name = topic.name ?? '';
    const error = errorName(topic.errorCode);
    if (error !== 'NONE') incomplete = true;
    if (error !== 'NONE' && topic.partitions.length === 0) {
      // An unknown topic is not forgotten at once: it may be news that this broker has not heard yet.
      if (mapGet(topics, name) === undefined) topics = mapSet(topics, name, { name, topicId: topic.topicId, error, partitions: [] });
      continue;
    }
    const before = mapGet(topics, name);
    const sameTopic = before?.topicId === topic.topicId;
    const partitions: PartitionMetadata[] = [];
    for (const part of topic.partitions) {
      const known = sameTopic ? before?.partitions[part.partitionIndex] : undefined;
      const news: PartitionMetadata = {
        partition: part.partitionIndex,
        leader: part.leaderId,
        leaderEpoch: part.leaderEpoch,
        replicas: part.replicaNodes,
        isr: part.isrNodes,
        error: errorName(part.errorCode),
      };
      partitions[part.partitionIndex] = known !== undefined && known.leaderEpoch > news.leaderEpoch ? known : news;
      if (part.errorCode !== 0 || part.leaderId < 0) incomplete = true;
    }
    topics = mapSet(topics, name, { name, topicId: topic.topicId, error, partitions });
  }
  return changed(copyMetadata(metadata), {
    brokers: brokers.length > 0 ? brokers : metadata.brokers,
    controllerId: response.controllerId,
    topics,
    inFlight: false,
    failures: incomplete ? metadata.failures + 1 : 0,
    lastSuccessUs: nowUs,
    needsUpdate: metadata.needsUpdate || incomplete,
  });
}

export interface LeaderNews {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly leaderId: number;
  readonly leaderEpoch: LeaderEpoch;
}

/**
 * Takes over the leaders that an error answer names, with their addresses (Metadata.updatePartitionLeadership, KIP-951): only of partitions that
 * are known, only newer ones, and only where the node is known. The rest of what is believed stays.
 */
export function updateLeadership(metadata: ClientMetadata, news: readonly LeaderNews[], nodes: readonly NodeAddress[]): ClientMetadata {
  const told = nodes.map(({ nodeId, host, port }): NodeAddress => ({ nodeId, host, port }));
  const brokers = [...told, ...metadata.brokers.filter((known) => !nodes.some((node) => node.nodeId === known.nodeId))];
  let { topics } = metadata;
  for (const { topic: name, partition, leaderId, leaderEpoch } of news) {
    const topic = mapGet(topics, name);
    const known = topic?.partitions[partition];
    if (topic === undefined || known === undefined || leaderId < 0 || leaderEpoch <= known.leaderEpoch || !brokers.some((node) => node.nodeId === leaderId))
      continue;
    const partitions = topic.partitions.map((other) => (other === known ? { ...known, leader: leaderId, leaderEpoch } : other));
    topics = mapSet(topics, name, { ...topic, partitions });
  }
  return topics === metadata.topics ? metadata : changed(copyMetadata(metadata), { topics, brokers: brokers.sort((a, b) => a.nodeId - b.nodeId) });
}
