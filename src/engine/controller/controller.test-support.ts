import { NO_CODECS } from '../kernel/codecs.ts';
import { SOUND_DISK } from '../kernel/machine-contract.ts';
import { makeResponse } from '../protocol/frames.ts';
import type { ApiName, RequestBodies, ResponseBodies } from '../protocol/generated/apis.ts';
import { leaderAndIsrResponse } from '../protocol/generated/leader-and-isr-response.ts';
import { stopReplicaResponse } from '../protocol/generated/stop-replica-response.ts';
import { updateMetadataResponse } from '../protocol/generated/update-metadata-response.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import type { ZkMultiOperation, ZkOperation, ZkResult, ZkStat } from '../zookeeper-client/contract.ts';
import type { ControllerEffect, ControllerInput, ControllerTrace } from './contract.ts';
import { newController, stepController, type ControllerState } from './controller.ts';

/** A controller on broker 1 with a scripted ZooKeeper that answers at once, and brokers that take every request. For tests only. */
export interface TestController {
  state: ControllerState;
  nowUs: number;
  readonly znodes: Record<string, { data: string; version: number; czxid: number }>;
  /** What went out to brokers, in order. */
  readonly sent: { readonly to: number; readonly frame: RequestFrame }[];
  readonly responses: { readonly requestId: number; readonly api: ApiName; readonly body: ResponseBodies[ApiName] }[];
  readonly traces: ControllerTrace[];
  /** Writes of state znodes, in order: `orders-0 {...}`. */
  readonly written: string[];
  readonly hosts: Record<number, number>;
  zxid: number;
  connections: number;
}

const SESSION = '0100000000000001';

/** Brokers with their epochs, and topics by assignment; `states` of partitions that exist already. */
export function newTestController(
  brokerIds: readonly number[],
  topics: Readonly<Record<string, readonly (readonly number[])[]>>,
  states: Readonly<Record<string, object>> = {},
): TestController {
  const test: TestController = {
    state: newController({ brokerId: 1, configs: {} }),
    nowUs: 1_000_000,
    znodes: {},
    sent: [],
    responses: [],
    traces: [],
    written: [],
    hosts: {},
    zxid: 100,
    connections: 0,
  };
  put(test, '/latest_producer_id_block', '');
  for (const id of brokerIds) putBroker(test, id);
  for (const [topic, assignment] of Object.entries(topics)) {
    const partitions = Object.fromEntries(assignment.map((replicas, i) => [String(i), replicas]));
    put(
      test,
      `/brokers/topics/${topic}`,
      JSON.stringify({ version: 3, topic_id: 'AAECAwQFBgcICQoLDA0ODw', partitions, adding_replicas: {}, removing_replicas: {} }),
    );
  }
  for (const [key, state] of Object.entries(states)) put(test, statePath(key), JSON.stringify({ version: 1, controller_epoch: 1, ...state }));
  step(test, { type: 'zkSession', state: 'established', sessionId: SESSION });
  step(test, { type: 'registered', brokerEpoch: test.znodes['/brokers/ids/1']?.czxid ?? 0 });
  return test;
}

function statePath(key: string): string {
  const dash = key.lastIndexOf('-');
  return `/brokers/topics/${key.slice(0, dash)}/partitions/${key.slice(dash + 1)}/state`;
}

function put(test: TestController, path: string, data: string): void {
  test.znodes[path] = { data, version: (test.znodes[path]?.version ?? -1) + 1, czxid: test.znodes[path]?.czxid ?? ++test.zxid };
}

export function putBroker(test: TestController, id: number): void {
  delete test.znodes[`/brokers/ids/${id}`];
  put(test, `/brokers/ids/${id}`, JSON.stringify({ version: 5, host: `b${id}`, port: 9092 }));
}

/** Somebody else writes a znode, and the controller is told if it watches. */
export function writeZnode(
  test: TestController,
  path: string,
  data: string,
  watched: { path: string; kind: 'created' | 'dataChanged' | 'childrenChanged' },
): void {
  put(test, path, data);
  step(test, { type: 'zkWatch', ...watched });
}

export function stateOf(test: TestController, key: string): unknown {
  return JSON.parse(test.znodes[statePath(key)]?.data ?? 'null');
}

/** The registrations of these brokers are gone, and the controller is told; what went out before is forgotten. */
export function killBrokers(test: TestController, brokerIds: readonly number[]): void {
  forget(test);
  for (const id of brokerIds) delete test.znodes[`/brokers/ids/${id}`];
  step(test, { type: 'zkWatch', kind: 'childrenChanged', path: '/brokers/ids' });
}

export function forget(test: TestController): void {
  test.sent.length = 0;
  test.written.length = 0;
}

/** Asks the controller; the answer stands in `responses`. */
export function ask<
  Api extends 'ControlledShutdown' | 'ElectLeaders' | 'AllocateProducerIds' | 'AlterPartitionReassignments' | 'ListPartitionReassignments' | 'AlterPartition',
>(test: TestController, requestId: number, api: Api, body: RequestBodies[Api]): void {
  forget(test);
  step(test, {
    type: 'request',
    requestId,
    frame: { kind: 'request', api, version: 0, correlationId: 1, clientId: 'test', sizeBytes: 0, body } as unknown as RequestFrame,
  });
}

export function answerOf<Api extends ApiName>(test: TestController, requestId: number, _api: Api): ResponseBodies[Api] | null {
  const found = test.responses.find((one) => one.requestId === requestId);
  return found === undefined ? null : (found.body as ResponseBodies[Api]);
}

/** `LeaderAndIsr orders-0`, `UpdateMetadata (brokers 1,2)` and so on: what one broker was sent. */
export function toldTo(test: TestController, brokerId: number): string[] {
  return test.sent.filter((one) => one.to === brokerId).map(({ frame }) => textOf(frame));
}

function textOf(frame: RequestFrame): string {
  if (frame.api === 'LeaderAndIsr')
    return `LeaderAndIsr ${frame.body.topicStates.flatMap((topic) => topic.partitionStates.map((part) => `${topic.topicName}-${part.partitionIndex} epoch ${part.leaderEpoch}`)).join(', ')}`;
  if (frame.api === 'StopReplica')
    return `StopReplica ${frame.body.topicStates.flatMap((topic) => topic.partitionStates.map((part) => `${topic.topicName}-${part.partitionIndex} epoch ${part.leaderEpoch}${part.deletePartition ? ' delete' : ''}`)).join(', ')}`;
  if (frame.api !== 'UpdateMetadata') return frame.api;
  const partitions = frame.body.topicStates.flatMap((topic) =>
    topic.partitionStates.map((part) => ` ${topic.topicName}-${part.partitionIndex} offline ${part.offlineReplicas.join() || 'none'}`),
  );
  return `UpdateMetadata brokers ${frame.body.liveBrokers.map((one) => one.id).join()}${partitions.join(',')}`;
}

/** One input and everything that follows from it. */
export function step(test: TestController, input: ControllerInput): void {
  const inputs: ControllerInput[] = [input];
  for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
    const effects: ControllerEffect[] = [];
    const context = {
      nowUs: test.nowUs,
      nowMs: test.nowUs / 1000,
      draw: () => 0,
      allocate: (size: number) => new Uint8Array(size),
      codecs: NO_CODECS,
      nextConnection: () => ++test.connections,
      ...SOUND_DISK,
    };
    test.state = stepController(test.state, next, { context, effects });
    for (const effect of effects) inputs.push(...perform(test, effect));
  }
}

function perform(test: TestController, effect: ControllerEffect): ControllerInput[] {
  switch (effect.type) {
    case 'zk':
      return [{ type: 'zkAnswer', tag: effect.tag, results: effect.operations.map((operation) => serve(test, operation)) }];
    case 'connect':
      test.hosts[effect.connection] = Number(effect.host.slice(1));
      return [{ type: 'connected', owner: effect.owner, connection: effect.connection }];
    case 'send':
      return deliver(test, effect.connection, effect.message);
    case 'respond':
      test.responses.push(effect);
      return [];
    case 'trace':
      test.traces.push(effect.event);
      return [];
    default:
      return [];
  }
}

const ANSWERS: { readonly [Api in ApiName]?: object } = {
  LeaderAndIsr: leaderAndIsrResponse(),
  UpdateMetadata: updateMetadataResponse(),
};

function deliver(test: TestController, connection: number, message: WireMessage): ControllerInput[] {
  if (message.kind !== 'request') return [];
  test.sent.push({ to: test.hosts[connection] ?? 0, frame: message });
  const body = message.api === 'StopReplica' ? stopped(message.body) : (ANSWERS[message.api] ?? {});
  const response = makeResponse<ApiName>(message, body as ResponseBodies[ApiName]) as WireMessage;
  return [{ type: 'received', owner: 'controller', connection, message: response }];
}

/** Every replica has stopped, or deleted, as it was told. */
function stopped(body: RequestBodies['StopReplica']): ResponseBodies['StopReplica'] {
  return stopReplicaResponse({
    partitionErrors: body.topicStates.flatMap(({ topicName, partitionStates }) =>
      partitionStates.map(({ partitionIndex }) => ({ topicName, partitionIndex, errorCode: 0 })),
    ),
  });
}

function statOf(znode: { version: number; czxid: number; data: string }): ZkStat {
  return {
    czxid: znode.czxid,
    mzxid: znode.czxid,
    pzxid: znode.czxid,
    ctimeMs: 0,
    mtimeMs: 0,
    version: znode.version,
    cversion: 0,
    ephemeralOwner: SESSION,
    dataLength: znode.data.length,
    numChildren: 0,
  };
}

function serve(test: TestController, operation: ZkOperation | ZkMultiOperation): ZkResult {
  if (operation.op === 'multi') {
    const failedIndex = operation.operations.findIndex((inner) => refusal(test, inner) !== null);
    const failed = operation.operations[failedIndex];
    if (failed !== undefined) return { ok: false, op: 'multi', error: refusal(test, failed) ?? 'BADARGUMENTS', failedIndex };
    return { ok: true, op: 'multi', results: operation.operations.map((inner) => serve(test, inner)) };
  }
  const error = refusal(test, operation);
  if (error !== null) return { ok: false, op: operation.op, error };
  if (operation.op === 'create' || operation.op === 'setData') {
    put(test, operation.path, operation.data);
    if (operation.path.endsWith('/state')) test.written.push(operation.data);
  }
  if (operation.op === 'delete') Reflect.deleteProperty(test.znodes, operation.path);
  const znode = test.znodes[operation.path] ?? { data: '', version: 0, czxid: 0 };
  const stat = statOf(znode);
  if (operation.op === 'create') return { ok: true, op: 'create', path: operation.path, stat };
  if (operation.op === 'getChildren') return { ok: true, op: 'getChildren', children: childrenOf(test, operation.path), stat };
  if (operation.op === 'getData') return { ok: true, op: 'getData', data: znode.data, stat };
  return operation.op === 'setData' || operation.op === 'exists' ? { ok: true, op: operation.op, stat } : { ok: true, op: operation.op };
}

function refusal(test: TestController, operation: ZkOperation | ZkMultiOperation): 'NONODE' | 'BADVERSION' | 'NODEEXISTS' | null {
  if (operation.op === 'multi' || operation.op === 'getChildren' || operation.op === 'sync') return null;
  const known = test.znodes[operation.path];
  if (operation.op === 'create') return known === undefined ? null : 'NODEEXISTS';
  if (known === undefined) return 'NONODE';
  return 'version' in operation && operation.version !== -1 && operation.version !== known.version ? 'BADVERSION' : null;
}

function childrenOf(test: TestController, path: string): string[] {
  const names = Object.keys(test.znodes).flatMap((other) => (other.startsWith(`${path}/`) ? [other.slice(path.length + 1).split('/')[0] ?? ''] : []));
  return [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
}
