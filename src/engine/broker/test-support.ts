import { NO_CODECS } from '../kernel/codecs.ts';
import { emptyMap } from '../kernel/persistent-map.ts';
import { emptyTree } from '../kernel/files.ts';
import { utf8Encode } from '../kernel/bytes.ts';
import { SOUND_DISK, type StepContext } from '../kernel/machine-contract.ts';
import type { SystemEffect } from '../kernel/system.ts';
import { LATEST_VERSIONS, type ApiName, type RequestBodies, type ResponseBodies } from '../protocol/generated/apis.ts';
import { fetchRequest, fetchRequestFetchPartition, type FetchRequest, type FetchRequestFetchPartition } from '../protocol/generated/fetch-request.ts';
import {
  leaderAndIsrRequest,
  leaderAndIsrRequestLeaderAndIsrPartitionState,
  type LeaderAndIsrRequestLeaderAndIsrPartitionState,
} from '../protocol/generated/leader-and-isr-request.ts';
import {
  updateMetadataRequest,
  updateMetadataRequestUpdateMetadataBroker,
  updateMetadataRequestUpdateMetadataPartitionState,
  type UpdateMetadataRequestUpdateMetadataPartitionState,
} from '../protocol/generated/update-metadata-request.ts';
import { makeRequest, makeResponse } from '../protocol/frames.ts';
import { buildBatch } from '../protocol/record-batch.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import { startBroker, stepBroker } from './broker.ts';
import { resolveBrokerConfig } from './broker-config.ts';
import { requirePartition, type BrokerState } from './broker-state.ts';
import type { BrokerEffect, BrokerInput, BrokerScope } from './contract.ts';
import { loadLogs } from './logs/log-manager.ts';
import type { LeaderRole, Partition } from './replication/partition.ts';
import type { BrokerTrace } from './trace.ts';

/** One broker driven by hand: inputs in, effects collected, time moved by the test. */
export interface TestBroker {
  state: BrokerState;
  nowUs: number;
  /** Effects of the latest step. */
  effects: BrokerEffect[];
  /** Everything traced since the start. */
  readonly traces: BrokerTrace[];
  nextRequestId: number;
  nextConnection: number;
  readonly timers: Map<string, number>;
}

export const TOPIC = 'orders';
export const TOPIC_ID = '0123456789abcdef0123456789abcdef';
const EPOCH_MS = 1_700_000_000_000;
export const CONTROLLER_EPOCH = 5;

export function newTestBroker(brokerId: number, configs: Readonly<Record<string, string>> = {}): TestBroker {
  const config = resolveBrokerConfig(configs);
  const scope = scopeOf({ nowUs: 0, nextConnection: 1 });
  const logDirs = { online: config.logDirs, offline: [] };
  const outcome = loadLogs(emptyTree(), { logDirs, cleanDirs: logDirs.online, brokerConfigs: configs, topicConfigs: emptyMap() }, scope);
  if (!outcome.ok) throw new Error(outcome.message);
  const identity = { brokerId, rack: null, host: `b${brokerId}`, port: 9092, clusterId: 'test' };
  const state = startBroker({ identity, config, loaded: outcome.loaded, topicConfigs: emptyMap() }, scope);
  const broker: TestBroker = { state, nowUs: 0, effects: [], traces: [], nextRequestId: 1, nextConnection: 1, timers: new Map() };
  collect(broker, scope);
  step(broker, { type: 'registered', brokerEpoch: 100 + brokerId });
  return broker;
}

function scopeOf(broker: { readonly nowUs: number; nextConnection: number }): BrokerScope {
  const context: StepContext = {
    nowUs: broker.nowUs,
    nowMs: EPOCH_MS + Math.floor(broker.nowUs / 1000),
    draw: () => 0,
    allocate: (sizeBytes) => new Uint8Array(sizeBytes),
    codecs: NO_CODECS,
    nextConnection: () => broker.nextConnection++,
    ...SOUND_DISK,
  };
  return { context, effects: [] };
}

export function step(broker: TestBroker, input: BrokerInput): readonly BrokerEffect[] {
  const scope = scopeOf(broker);
  broker.state = stepBroker(broker.state, input, scope);
  return collect(broker, scope);
}

function collect(broker: TestBroker, scope: BrokerScope): readonly BrokerEffect[] {
  broker.effects = scope.effects.slice();
  for (const effect of scope.effects) {
    if (effect.type === 'trace') broker.traces.push(effect.event);
    if (effect.type === 'setTimer') broker.timers.set(`${effect.owner}/${effect.name}`, effect.atUs);
    if (effect.type === 'cancelTimer') broker.timers.delete(`${effect.owner}/${effect.name}`);
  }
  return broker.effects;
}

/** Moves time on, firing every timer on the way in order. Returns the effects of all these steps. */
export function advance(broker: TestBroker, ms: number): readonly BrokerEffect[] {
  const untilUs = broker.nowUs + ms * 1000;
  const effects: BrokerEffect[] = [];
  for (;;) {
    const due = [...broker.timers].filter(([, atUs]) => atUs <= untilUs).sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1))[0];
    if (due === undefined) break;
    const [key, atUs] = due;
    broker.timers.delete(key);
    broker.nowUs = Math.max(broker.nowUs, atUs);
    const slash = key.indexOf('/');
    effects.push(...step(broker, { type: 'timer', owner: key.slice(0, slash), name: key.slice(slash + 1) }));
  }
  broker.nowUs = untilUs;
  return effects;
}

/** Hands over a request and returns its id; the answer, if it came at once, is among the effects. */
export function request<Api extends ApiName>(broker: TestBroker, api: Api, body: RequestBodies[Api], clientId = 'client'): number {
  const requestId = broker.nextRequestId++;
  const frame = makeRequest({ api, version: LATEST_VERSIONS[api], correlationId: requestId, clientId, body }) as RequestFrame;
  step(broker, { type: 'request', requestId, frame });
  return requestId;
}

/** The answer to a request among these effects, or null while it is parked. */
export function responseTo<Api extends ApiName>(effects: readonly BrokerEffect[], requestId: number, api: Api): ResponseBodies[Api] | null {
  for (const effect of effects)
    if (effect.type === 'respond' && effect.requestId === requestId && effect.api === api) return effect.body as ResponseBodies[Api];
  return null;
}

export interface ToldState extends Partial<LeaderAndIsrRequestLeaderAndIsrPartitionState> {
  readonly leader: number;
  readonly replicas: readonly number[];
}

/** UpdateMetadata with these brokers alive and the state of partition 0 of `orders`. */
export function tellMetadata(
  broker: TestBroker,
  brokers: readonly number[],
  partition: Partial<UpdateMetadataRequestUpdateMetadataPartitionState> | null = null,
  controllerEpoch = CONTROLLER_EPOCH,
): void {
  const partitionStates = partition === null ? [] : [updateMetadataRequestUpdateMetadataPartitionState({ controllerEpoch, ...partition })];
  const liveBrokers = brokers.map((id) =>
    updateMetadataRequestUpdateMetadataBroker({ id, rack: null, endpoints: [{ port: 9092, host: `b${id}`, listener: 'PLAINTEXT', securityProtocol: 0 }] }),
  );
  request(
    broker,
    'UpdateMetadata',
    updateMetadataRequest({
      controllerId: 1,
      controllerEpoch,
      topicStates: partition === null ? [] : [{ topicName: TOPIC, topicId: TOPIC_ID, partitionStates }],
      liveBrokers,
    }),
  );
}

/** LeaderAndIsr about partition 0 of `orders`; a configuration that is asked for is answered with `topicConfigs`. Returns the partition's error code. */
export function tellLeader(
  broker: TestBroker,
  told: ToldState,
  topicConfigs: Readonly<Record<string, string>> = {},
  controllerEpoch = CONTROLLER_EPOCH,
): number {
  const state = leaderAndIsrRequestLeaderAndIsrPartitionState({ controllerEpoch, isr: told.replicas, ...told });
  const id = request(
    broker,
    'LeaderAndIsr',
    leaderAndIsrRequest({ controllerId: 1, controllerEpoch, topicStates: [{ topicName: TOPIC, topicId: TOPIC_ID, partitionStates: [state] }] }),
    'controller',
  );
  const asked = broker.effects.find((effect) => effect.type === 'zk');
  if (asked !== undefined && asked.type === 'zk') {
    const data = JSON.stringify({ version: 1, config: topicConfigs });
    const stat = {
      czxid: 1,
      mzxid: 1,
      pzxid: 1,
      ctimeMs: 0,
      mtimeMs: 0,
      version: 0,
      cversion: 0,
      ephemeralOwner: null,
      dataLength: data.length,
      numChildren: 0,
    };
    step(broker, { type: 'zkAnswer', tag: asked.tag, results: asked.operations.map(() => ({ ok: true, op: 'getData', data, stat })) });
  }
  const body = responseTo(broker.effects, id, 'LeaderAndIsr');
  return body?.topics[0]?.partitionErrors[0]?.errorCode ?? body?.errorCode ?? -99;
}

/** Metadata and LeaderAndIsr for a leader of partition 0 with these replicas, all in the ISR unless told otherwise. */
export function makeLeader(
  broker: TestBroker,
  replicas: readonly number[],
  told: Partial<ToldState> = {},
  topicConfigs: Readonly<Record<string, string>> = {},
): void {
  const brokerId = broker.state.identity.brokerId;
  tellMetadata(broker, replicas, { leader: brokerId, leaderEpoch: told.leaderEpoch ?? 0, isr: told.isr ?? replicas, replicas });
  tellLeader(broker, { leader: brokerId, replicas, leaderEpoch: 0, ...told }, topicConfigs);
}

/** The same for a follower of `leader`. */
export function makeFollower(broker: TestBroker, leader: number, replicas: readonly number[], told: Partial<ToldState> = {}): void {
  tellMetadata(broker, replicas, { leader, leaderEpoch: told.leaderEpoch ?? 0, isr: told.isr ?? replicas, replicas });
  tellLeader(broker, { leader, replicas, leaderEpoch: 0, ...told });
}

export function thePartition(broker: TestBroker): Partition {
  return requirePartition(broker.state, `${TOPIC}-0`);
}

export function leaderRole(broker: TestBroker): LeaderRole {
  const { role } = thePartition(broker);
  if (role.kind !== 'leader') throw new Error(`a leader expected, got ${role.kind}`);
  return role;
}

export function offsets(broker: TestBroker): { leo: number; hw: number } {
  const { log } = thePartition(broker);
  return { leo: log.logEndOffset, hw: log.highWatermark };
}

export function testBatch(values: readonly string[], fields: { baseOffset?: number; partitionLeaderEpoch?: number } = {}): Uint8Array {
  const records = values.map((value) => ({ timestamp: EPOCH_MS, key: null, value: utf8Encode(value), headers: [] }));
  return buildBatch(records, fields, (sizeBytes) => new Uint8Array(sizeBytes));
}

/** Produces one batch to partition 0; returns the request id. */
export function produce(broker: TestBroker, acks: number, values: readonly string[] = ['m'], timeoutMs = 30_000): number {
  return request(
    broker,
    'Produce',
    { transactionalId: null, acks, timeoutMs, topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: [testBatch(values)] }] }] },
    'producer',
  );
}

/** The error code of partition 0 in an answer to a produce request, or null while it is parked. */
export function produceError(effects: readonly BrokerEffect[], requestId: number): number | null {
  return responseTo(effects, requestId, 'Produce')?.responses[0]?.partitionResponses[0]?.errorCode ?? null;
}

/** Produces and gives the error code of an answer that comes at once, null if the request is parked. */
export function produceNow(broker: TestBroker, acks: number): number | null {
  const requestId = produce(broker, acks);
  return produceError(broker.effects, requestId);
}

/** A follower's fetch of partition 0; without a wait it is answered at once. */
export function followerFetch(
  broker: TestBroker,
  replicaId: number,
  fetchOffset: number,
  fields: Partial<FetchRequestFetchPartition> = {},
  maxWaitMs = 500,
): number {
  const partition = fetchRequestFetchPartition({
    partition: 0,
    currentLeaderEpoch: thePartition(broker).leaderEpoch,
    fetchOffset,
    logStartOffset: 0,
    partitionMaxBytes: 1_048_576,
    ...fields,
  });
  const body: FetchRequest = fetchRequest({
    replicaState: { replicaId, replicaEpoch: 100 + replicaId },
    maxWaitMs,
    minBytes: 1,
    maxBytes: 10_485_760,
    sessionEpoch: -1,
    topics: [{ topic: TOPIC, topicId: TOPIC_ID, partitions: [partition] }],
  });
  return request(broker, 'Fetch', body, `broker-${replicaId}-fetcher-0`);
}

export function consumerFetch(
  broker: TestBroker,
  fetchOffset: number,
  fields: Partial<FetchRequestFetchPartition> = {},
  maxWaitMs = 500,
  minBytes = 1,
): number {
  const partition = fetchRequestFetchPartition({ partition: 0, fetchOffset, partitionMaxBytes: 1_048_576, ...fields });
  return request(
    broker,
    'Fetch',
    fetchRequest({ maxWaitMs, minBytes, maxBytes: 10_485_760, sessionEpoch: -1, topics: [{ topic: TOPIC, topicId: TOPIC_ID, partitions: [partition] }] }),
    'consumer',
  );
}

/** The one partition of an answer to a fetch, or null while it is parked. */
export function fetched(
  effects: readonly BrokerEffect[],
  requestId: number,
): { error: number; records: number; hw: number; diverging: { epoch: number; endOffset: number } } | null {
  const data = responseTo(effects, requestId, 'Fetch')?.responses[0]?.partitions[0];
  if (data === undefined) return null;
  return { error: data.errorCode, records: data.records?.length ?? 0, hw: data.highWatermark, diverging: data.divergingEpoch };
}

/** What the broker sent to others in these effects. */
export function sentRequests(effects: readonly BrokerEffect[]): readonly { connection: number; frame: RequestFrame }[] {
  const sent: { connection: number; frame: RequestFrame }[] = [];
  for (const effect of effects)
    if (effect.type === 'send' && effect.message.kind === 'request') sent.push({ connection: effect.connection, frame: effect.message });
  return sent;
}

export interface OpenConnection {
  readonly owner: string;
  readonly connection: number;
}

export function connects(effects: readonly BrokerEffect[]): readonly (OpenConnection & { host: string })[] {
  const opened: (OpenConnection & { host: string })[] = [];
  for (const effect of effects as readonly SystemEffect<WireMessage, BrokerTrace>[])
    if (effect.type === 'connect') opened.push({ owner: effect.owner, connection: effect.connection, host: effect.host });
  return opened;
}

/** Accepts a connection that the broker opens to another, so that its requests go out. */
export function acceptConnection(broker: TestBroker, { owner, connection }: OpenConnection): readonly BrokerEffect[] {
  return step(broker, { type: 'connected', owner, connection });
}

/** Answers a request that the broker sent. */
export function answer<Api extends ApiName>(
  broker: TestBroker,
  to: OpenConnection,
  sent: RequestFrame,
  api: Api,
  body: ResponseBodies[Api],
): readonly BrokerEffect[] {
  const message = makeResponse({ api, version: sent.version, correlationId: sent.correlationId }, body) as WireMessage;
  return step(broker, { type: 'received', owner: to.owner, connection: to.connection, message });
}
