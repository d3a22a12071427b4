import { CODEC_NAMES } from '../../kernel/codecs.ts';
import { unreachable } from '../../kernel/assert.ts';
import { utf8Encode } from '../../kernel/bytes.ts';
import type { Machine } from '../../kernel/machine-contract.ts';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet } from '../../kernel/persistent-map.ts';
import type { ProcessStart, SystemEffect, SystemInput } from '../../kernel/system.ts';
import { msToUs, type InstantUs } from '../../kernel/units.ts';
import type { NetworkEvent } from '../../network-client/contract.ts';
import { backoffEndUs, canSend, connectNode } from '../../network-client/connect-node.ts';
import { isReady, newNetworkClient, onNetworkInput, queueRequest, type NetworkResult } from '../../network-client/network-client.ts';
import { errorName, isRetriable, type ErrorName } from '../../protocol/errors.ts';
import { LATEST_VERSIONS } from '../../protocol/frames.ts';
import { produceRequest, produceRequestPartitionProduceData, produceRequestTopicProduceData } from '../../protocol/generated/produce-request.ts';
import type { ProduceResponse, ProduceResponsePartitionProduceResponse } from '../../protocol/generated/produce-response.ts';
import { BATCH_OVERHEAD_BYTES, buildBatch, buildCompressedBatch, sizeOfBatch, type Compression } from '../../protocol/record-batch.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import { configNumber, configText, metadataConfig, networkConfig, PRODUCER_DEFAULTS } from '../shared/client-configs.ts';
import {
  applyMetadata,
  maybeUpdate,
  METADATA_TAG,
  newMetadata,
  nextUpdateUs,
  onNodeChange,
  onUpdateFailed,
  requestUpdate,
  updateLeadership,
  type LeaderNews,
} from '../shared/metadata.ts';
import { errorMessage } from '../shared/error-messages.ts';
import { traceMetadata } from '../shared/trace-metadata.ts';
import type { ClientTrace } from '../trace.ts';
import { drain, recordsOf, release, requeue, sendRecord, takeExpired, takeExpiredInFlight, unblock, unmute, valuesOf } from './accumulator.ts';
import { noteCompressed, NOTHING_COMPRESSED } from './compression.ts';
import {
  copyProducer,
  queueKey,
  type ProduceCommand,
  type ProducerBatch,
  type ProducerConfig,
  type ProducerRequest,
  type ProducerSettings,
  type ProducerState,
  type Work,
} from './producer-state.ts';
import { generateRecords } from './workload.ts';

export type { ProduceCommand, ProducerConfig, ProducerState };

type Input = SystemInput<WireMessage, ProduceCommand>;
type Effect = SystemEffect<WireMessage, ClientTrace>;
const OWNER = 'producer';

/**
 * KafkaProducer with its Sender thread as one pure machine.
 * `Simplified:` idempotence comes with part 4; until then the producer behaves as with enable.idempotence=false.
 */
export const producerClient: Machine<ProcessStart<ProducerConfig>, ProducerState, Input, Effect> = {
  init(start, context) {
    const work: Work = { state: initialState(start), scope: { context, effects: [] } };
    runSender(work);
    return { state: work.state, effects: work.scope.effects };
  },

  step(state, input, context) {
    const work: Work = { state: copyProducer(state), scope: { context, effects: [] } };
    onInput(work, input);
    return { state: work.state, effects: work.scope.effects };
  },
};

function initialState({ config, incarnation }: ProcessStart<ProducerConfig>): ProducerState {
  const settings = settingsOf(config);
  return {
    config,
    settings,
    net: newNetworkClient(networkConfig(config.configs, { owner: OWNER, clientId: config.clientId, maxInFlight: settings.maxInFlight })),
    metadata: newMetadata(metadataConfig(config.configs, config.bootstrap), config.workload.topic === '' ? [] : [config.workload.topic]),
    queues: emptyMap(),
    requests: emptyMap(),
    muted: [],
    blocked: [],
    sticky: emptyMap(),
    nextBatchId: 1,
    usedBytes: 0,
    generated: 0,
    grid: null,
    incarnation,
    acknowledged: 0,
    failed: 0,
    compressionRatios: emptyMap(),
    compressed: NOTHING_COMPRESSED,
  };
}

function settingsOf(config: ProducerConfig): ProducerSettings {
  const value = (name: string): number => configNumber(config.configs, PRODUCER_DEFAULTS, name);
  const acks = configText(config.configs, PRODUCER_DEFAULTS, 'acks');
  return {
    acks: acks === '0' ? 0 : acks === '1' ? 1 : -1,
    batchSizeBytes: value('batch.size'),
    lingerMs: value('linger.ms'),
    bufferBytes: value('buffer.memory'),
    maxBlockMs: value('max.block.ms'),
    maxRequestBytes: value('max.request.size'),
    requestTimeoutMs: value('request.timeout.ms'),
    deliveryTimeoutMs: value('delivery.timeout.ms'),
    retries: value('retries'),
    retryBackoffMs: value('retry.backoff.ms'),
    retryBackoffMaxMs: value('retry.backoff.max.ms'),
    maxInFlight: value('max.in.flight.requests.per.connection'),
    compression: compressionOf(config.configs),
  };
}

/** `compression.type` with the level of that codec (KIP-390); validated before the start. */
function compressionOf(configs: ProducerConfig['configs']): Compression {
  const name = configText(configs, PRODUCER_DEFAULTS, 'compression.type');
  const codec = CODEC_NAMES.find((known) => known === name) ?? 'none';
  const level = configs[`compression.${codec}.level`];
  return { codec, level: level === undefined ? null : Number(level) };
}

function onInput(work: Work, input: Input): void {
  switch (input.type) {
    case 'signal':
      work.scope.effects.push({ type: 'exit', code: 143, reason: 'SIGTERM' });
      return;
    case 'command':
      sendByHand(work, input.command);
      return runSender(work);
    case 'timer':
      if (input.name !== 'sender') takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
      return runSender(work);
    case 'connected':
    case 'received':
    case 'closed':
      takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
      return runSender(work);
    case 'accepted':
    case 'diskDone':
      return;
    default:
      return unreachable(input);
  }
}

function sendByHand(work: Work, command: ProduceCommand): void {
  const { topic, partition, key, value } = command;
  const record = {
    timestamp: work.scope.context.nowMs,
    key: key === null ? null : utf8Encode(key),
    value: value === null ? null : utf8Encode(value),
    headers: [],
  };
  sendRecord(work, { topic, partition, record, value: value ?? '' });
}

/** One turn of the Sender: new records, expiry, what is ready goes out, and the timer for the next turn. */
function runSender(work: Work): void {
  unblock(work);
  const generateUs = generateRecords(work);
  const waiting = takeExpired(work);
  const underWay = takeExpiredInFlight(work);
  for (const batch of waiting.expired) failExpired(work, batch);
  for (const batch of underWay.expired) failExpired(work, batch);
  const updated = maybeUpdate(work.state, work.scope);
  work.state.net = updated.net;
  work.state.metadata = updated.metadata;
  const { nextUs, unready } = sendReady(work);
  const reconnectUs = connectTo(work, unready);
  const blockedUs = work.state.blocked[0] === undefined ? Infinity : work.state.blocked[0].sinceUs + msToUs(work.state.settings.maxBlockMs);
  setSenderTimer(work, Math.min(generateUs, waiting.nextUs, underWay.nextUs, nextUs, blockedUs, reconnectUs, nextUpdateUs(work.state.metadata)));
}

/** Requests go out, one batch of a partition in each, until nothing is ready or every node has its fill (Sender.sendProducerData). */
function sendReady(work: Work): { readonly nextUs: InstantUs; readonly unready: readonly number[] } {
  const unready: number[] = [];
  for (;;) {
    const { drained, nextUs } = drain(work, (nodeId) => {
      if (isReady(work.state.net, nodeId)) return canSend(work.state.net, nodeId);
      if (!unready.includes(nodeId)) unready.push(nodeId);
      return false;
    });
    if (drained.length === 0) return { nextUs, unready };
    for (const { nodeId, batches } of drained) sendBatches(work, nodeId, batches);
  }
}

/**
 * NetworkClient.ready: batches stay in the accumulator until their leader is connected, so that a broker that is down costs no
 * attempts and a leader change is still heeded. Returns when the first back-off is over; Infinity when an event will tell.
 */
function connectTo(work: Work, nodeIds: readonly number[]): InstantUs {
  let retryUs = Infinity;
  for (const nodeId of nodeIds) {
    const node = work.state.metadata.brokers.find((broker) => broker.nodeId === nodeId);
    if (node === undefined) continue;
    const heldBackUs = backoffEndUs(work.state.net, nodeId);
    if (heldBackUs > work.scope.context.nowUs) retryUs = Math.min(retryUs, heldBackUs);
    else work.state.net = connectNode(work.state.net, node, work.scope);
  }
  return retryUs;
}

function setSenderTimer(work: Work, atUs: InstantUs): void {
  if (atUs === Infinity) work.scope.effects.push({ type: 'cancelTimer', owner: OWNER, name: 'sender' });
  else work.scope.effects.push({ type: 'setTimer', owner: OWNER, name: 'sender', atUs: Math.max(atUs, work.scope.context.nowUs + 1) });
}

function sendBatches(work: Work, nodeId: number, batches: readonly ProducerBatch[]): void {
  const { state, scope } = work;
  const node = state.metadata.brokers.find((broker) => broker.nodeId === nodeId);
  if (node === undefined) return;
  const tag = `produce-${batches.map((batch) => `${batch.id}.${batch.attempts}`).join('-')}`;
  const topics = new Map<string, ProducerBatch[]>();
  for (const batch of batches) topics.set(batch.topic, [...(topics.get(batch.topic) ?? []), batch]);
  const body = produceRequest({
    acks: state.settings.acks,
    timeoutMs: state.settings.requestTimeoutMs,
    topicData: [...topics].map(([name, parts]) =>
      produceRequestTopicProduceData({
        name,
        partitionData: parts.map((batch) =>
          produceRequestPartitionProduceData({
            index: batch.partition,
            records: [encodeBatch(work, batch)],
          }),
        ),
      }),
    ),
  });
  work.state.requests = mapSet(state.requests, tag, { nodeId, batches, expiredKeys: [] });
  takeNetwork(
    work,
    queueRequest(work.state.net, { node, api: 'Produce', version: LATEST_VERSIONS.Produce, body, tag, expectsResponse: state.settings.acks !== 0 }, scope),
  );
}

/** The bytes of a batch, compressed as the producer is set. A batch that is tried again is compressed again, as its bytes were not kept. */
function encodeBatch(work: Work, batch: ProducerBatch): Uint8Array {
  const { context } = work.scope;
  const { compression } = work.state.settings;
  const records = recordsOf(batch);
  if (compression.codec === 'none') return buildBatch(records, {}, (size) => context.allocate(size));
  const encoded = buildCompressedBatch(records, {}, compression, context);
  noteCompressed(work, batch.topic, { records: sizeOfBatch(records) - BATCH_OVERHEAD_BYTES, compressed: encoded.length - BATCH_OVERHEAD_BYTES });
  return encoded;
}

function takeNetwork(work: Work, result: NetworkResult): void {
  work.state.net = result.client;
  for (const event of result.events) onNetworkEvent(work, event);
}

function onNetworkEvent(work: Work, event: NetworkEvent): void {
  switch (event.type) {
    case 'response':
      if (event.frame.api === 'Metadata') {
        const before = work.state.metadata;
        work.state.metadata = applyMetadata(before, event.frame.body, work.scope.context.nowUs);
        return traceMetadata(work.scope, work.state.config.clientId, before, work.state.metadata);
      }
      if (event.frame.api === 'Produce') onProduced(work, event.tag, event.frame.body);
      return;
    case 'sent':
      return onSentWithoutAck(work, event.tag);
    case 'failed':
      if (event.tag === METADATA_TAG) work.state.metadata = onUpdateFailed(work.state.metadata);
      else onRequestLost(work, event.tag, event.reason === 'timeout' ? 'REQUEST_TIMED_OUT' : 'NETWORK_EXCEPTION');
      return;
    case 'nodeLost':
      work.state.metadata = onNodeChange(requestUpdate(work.state.metadata));
      return;
    case 'nodeReady':
      work.state.metadata = onNodeChange(work.state.metadata);
      return;
    default:
      return unreachable(event);
  }
}

function takeRequest(work: Work, tag: string): ProducerRequest | undefined {
  const request = mapGet(work.state.requests, tag);
  if (request === undefined) return undefined;
  work.state.requests = mapDelete(work.state.requests, tag);
  for (const batch of request.batches) unmute(work, queueKey(batch.topic, batch.partition));
  for (const key of request.expiredKeys) unmute(work, key);
  return request;
}

/** acks=0: what was handed to the network counts as sent, with no offset. */
function onSentWithoutAck(work: Work, tag: string): void {
  for (const batch of takeRequest(work, tag)?.batches ?? []) complete(work, batch, -1);
}

function onRequestLost(work: Work, tag: string, error: 'REQUEST_TIMED_OUT' | 'NETWORK_EXCEPTION'): void {
  const request = takeRequest(work, tag);
  if (request === undefined) return;
  const message = `Disconnected from node ${request.nodeId}${error === 'REQUEST_TIMED_OUT' ? ' due to timeout' : ''}`;
  for (const batch of request.batches) failOrRetry(work, batch, error, message);
}

function onProduced(work: Work, tag: string, response: ProduceResponse): void {
  const answers = new Map<string, ProduceResponsePartitionProduceResponse>();
  for (const topic of response.responses) for (const part of topic.partitionResponses) answers.set(`${topic.name}-${part.index}`, part);
  const news: LeaderNews[] = [];
  for (const batch of takeRequest(work, tag)?.batches ?? []) {
    const answer = answers.get(`${batch.topic}-${batch.partition}`);
    const error = answer === undefined ? 'UNKNOWN_SERVER_ERROR' : errorName(answer.errorCode);
    if (error === 'NONE' || error === 'DUPLICATE_SEQUENCE_NUMBER') complete(work, batch, answer?.baseOffset ?? -1);
    else failOrRetry(work, batch, error, answer?.errorMessage ?? null);
    const tellsLeader = error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH';
    if (tellsLeader && answer !== undefined) news.push({ topic: batch.topic, partition: batch.partition, ...answer.currentLeader });
  }
  takeLeaders(work, news, response);
}

/** The leader that a refusal names is believed at once (KIP-951). */
function takeLeaders(work: Work, news: readonly LeaderNews[], response: ProduceResponse): void {
  const before = work.state.metadata;
  work.state.metadata = updateLeadership(before, news, response.nodeEndpoints);
  if (work.state.metadata !== before) traceMetadata(work.scope, work.state.config.clientId, before, work.state.metadata);
}

function complete(work: Work, batch: ProducerBatch, baseOffset: number): void {
  const { config, settings } = work.state;
  const values = valuesOf(batch);
  release(work, batch);
  work.state.acknowledged = work.state.acknowledged + values.length;
  work.scope.effects.push({
    type: 'trace',
    event: {
      type: 'RecordsAcknowledged',
      client: config.clientId,
      topic: batch.topic,
      partition: batch.partition,
      acks: settings.acks,
      baseOffset,
      recordCount: values.length,
      values,
    },
  });
}

/** InvalidMetadataException and its kin. A broker that timed out is none: its leader is right, its followers are slow. */
const STALE_METADATA: readonly ErrorName[] = [
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'NETWORK_EXCEPTION',
  'REPLICA_NOT_AVAILABLE',
  'LISTENER_NOT_FOUND',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
];

/** Sender.completeBatch: retriable and in time: again after the back-off, with fresh metadata where that is the cause. */
function failOrRetry(work: Work, batch: ProducerBatch, error: ErrorName, message: string | null): void {
  const { settings, config } = work.state;
  const { nowUs } = work.scope.context;
  if (STALE_METADATA.includes(error)) work.state.metadata = requestUpdate(work.state.metadata);
  const inTime = nowUs - batch.createdUs < msToUs(settings.deliveryTimeoutMs);
  if (isRetriable(error) && inTime && batch.attempts < settings.retries) {
    work.scope.effects.push({
      type: 'trace',
      event: { type: 'ProduceRetried', client: config.clientId, topic: batch.topic, partition: batch.partition, error, attempt: batch.attempts + 1 },
    });
    return requeue(work, batch, nowUs + retryBackOffUs(work, batch.attempts));
  }
  if (isRetriable(error) && !inTime) return failExpired(work, batch);
  fail(work, batch, error, message ?? errorMessage(error));
}

/** Doubles each time, with 20 % jitter (ExponentialBackoff, KIP-580). */
function retryBackOffUs(work: Work, attempts: number): number {
  const { settings, scope } = { settings: work.state.settings, scope: work.scope };
  let waitMs = settings.retryBackoffMs;
  for (let i = 0; i < attempts && waitMs < settings.retryBackoffMaxMs; i++) waitMs *= 2;
  const jitter = 0.8 + (scope.context.draw('retry-backoff') / 4294967296) * 0.4;
  return msToUs(Math.min(waitMs * jitter, settings.retryBackoffMaxMs));
}

function failExpired(work: Work, batch: ProducerBatch): void {
  const waitedMs = Math.floor((work.scope.context.nowUs - batch.createdUs) / 1000);
  const values = valuesOf(batch);
  fail(
    work,
    batch,
    'TimeoutException',
    `Expiring ${values.length} record(s) for ${batch.topic}-${batch.partition}:${waitedMs} ms has passed since batch creation`,
  );
}

function fail(work: Work, batch: ProducerBatch, error: string, message: string): void {
  const values = valuesOf(batch);
  release(work, batch);
  work.state.failed = work.state.failed + values.length;
  work.scope.effects.push({
    type: 'trace',
    event: {
      type: 'RecordsFailed',
      client: work.state.config.clientId,
      topic: batch.topic,
      partition: batch.partition,
      recordCount: values.length,
      values,
      error,
      message,
    },
  });
}

/** Batches under way per node, for those who draw. */
export function batchesInFlight(state: ProducerState): readonly ProducerRequest[] {
  return mapEntries(state.requests).map((entry) => entry[1]);
}
