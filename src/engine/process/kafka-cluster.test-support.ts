import { vi } from 'vitest';
import { utf8Decode } from '../kernel/bytes.ts';
import { readFile } from '../kernel/files.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import { emptyMap, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { BrokerState } from '../broker/broker-state.ts';
import type { LinkSettings, MachineCommand, MachineKind, MachineProfile, Surroundings, TraceRecord } from '../machine/contract.ts';
import { acceptEvent, acceptPacket, newOutput, newRunner, nextEventUs, runEvent, type Runner } from '../machine/runner.ts';
import type { NetworkEvent } from '../network-client/contract.ts';
import { newNetworkClient, onNetworkInput, queueRequest, type NetworkClientState } from '../network-client/network-client.ts';
import { LATEST_VERSIONS, type ApiName, type RequestBodies, type ResponseBodies } from '../protocol/generated/apis.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { zooKeeperServer, type ZooKeeperServerConfig, type ZooKeeperState } from '../zookeeper/server.ts';
import type { ZkOperation, ZkTold } from '../zookeeper-client/contract.ts';
import { callZooKeeper, newZooKeeperSession, onZooKeeperInput, startSession, type ZooKeeperSession } from '../zookeeper-client/session.ts';
import { kafkaServer, type KafkaServerConfig, type KafkaServerState } from './kafka-server.ts';

/** Brokers and an ensemble on real machines, with one client that asks both by hand. */
type ClientCommand =
  | { readonly zk: readonly ZkOperation[]; readonly tag: string }
  | { readonly api: ApiName; readonly broker: number; readonly body: unknown; readonly tag: string };

interface ClientState {
  readonly session: ZooKeeperSession;
  readonly network: NetworkClientState;
  readonly told: readonly ZkTold[];
  readonly events: readonly NetworkEvent[];
}

vi.mock('../machine/process-kinds.ts', () => ({
  initProcess: (spec: { kind: string; config: unknown }, start: object, context: StepContext) => {
    if (spec.kind === 'client') return startClient(spec.config as readonly string[], context);
    const machine = spec.kind === 'kafka' ? kafkaServer : zooKeeperServer;
    const step = machine.init({ ...start, config: spec.config } as never, context);
    return { state: { kind: spec.kind, state: step.state }, effects: step.effects };
  },
  stepProcess: (process: { kind: string; state: never }, input: SystemInput<WireMessage, ClientCommand>, context: StepContext) => {
    if (process.kind === 'client') return stepClient(process.state, input, context);
    const machine = process.kind === 'kafka' ? kafkaServer : zooKeeperServer;
    const step = machine.step(process.state, input as never, context);
    return { state: { kind: process.kind, state: step.state }, effects: step.effects };
  },
}));

function startClient(servers: readonly string[], context: StepContext): object {
  const effects: SystemEffect<WireMessage, never>[] = [];
  const session = startSession(newZooKeeperSession({ owner: 'zk', servers: servers.map((host) => ({ host, port: 2181 })), sessionTimeoutMs: 18_000 }), {
    context,
    effects,
  });
  const network = newNetworkClient({
    owner: 'network',
    clientId: 'client',
    requestTimeoutMs: 60_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 50,
    connectionSetupTimeoutMs: 5000,
    maxInFlightPerConnection: 5,
    discoverApiVersions: false,
  });
  const state: ClientState = { session, network, told: [], events: [] };
  return { state: { kind: 'client', state }, effects };
}

function stepClient(state: ClientState, input: SystemInput<WireMessage, ClientCommand>, context: StepContext): object {
  const effects: SystemEffect<WireMessage, never>[] = [];
  const scope = { context, effects };
  return { state: { kind: 'client', state: nextClient(state, input, scope) }, effects };
}

function nextClient(
  state: ClientState,
  input: SystemInput<WireMessage, ClientCommand>,
  scope: { context: StepContext; effects: SystemEffect<WireMessage, never>[] },
): ClientState {
  if (input.type === 'command') {
    const asked = input.command;
    if ('zk' in asked) return { ...state, session: callZooKeeper(state.session, { type: 'zk', tag: asked.tag, operations: asked.zk }, scope) };
    const node = { nodeId: asked.broker, host: `b${asked.broker}`, port: 9092 };
    const result = queueRequest(
      state.network,
      { node, api: asked.api, version: LATEST_VERSIONS[asked.api], body: asked.body, tag: asked.tag, expectsResponse: true } as never,
      scope,
    );
    return { ...state, network: result.client, events: [...state.events, ...result.events] };
  }
  if (!('owner' in input)) return state;
  if (input.owner === 'zk') {
    const result = onZooKeeperInput(state.session, input, scope);
    return { ...state, session: result.session, told: [...state.told, ...result.told] };
  }
  const result = onNetworkInput(state.network, input, scope);
  return { ...state, network: result.client, events: [...state.events, ...result.events] };
}

const PROFILE: MachineProfile = {
  processStartUs: 1000,
  restartDelayUs: 5_000_000,
  loopbackUs: 10,
  tcpRetransmitUs: 200_000,
  tcpGreatestRetransmitUs: 2_000_000,
  tcpUserTimeoutUs: 60_000_000,
  deviceFlushUs: 2000,
  deviceBytesPerSecond: 100_000_000,
  deviceSeekUs: 4000,
  dirtyWritebackCentisecs: 100,
  dirtyExpireCentisecs: 300,
  dirtyBackgroundBytes: 0,
  dirtyBackgroundRatio: 10,
  dirtyBytes: 0,
  dirtyRatio: 20,
  memoryBytes: 8_000_000_000,
  readAheadKb: 128,
};
const LINK: LinkSettings = { latencyUs: 500, jitterUs: 100, lossPerMillion: 0, bytesPerSecond: 1_000_000_000 };

export interface TestKafka {
  readonly runners: Runner[];
  readonly traces: TraceRecord[];
  nowUs: number;
  commands: number;
  tags: number;
}

/** `zookeepers` servers zk1..., brokers b1..., and a machine `client`. Brokers start when told to, the rest at once. */
export function newTestKafka(zookeepers: number, brokerIds: readonly number[], configs: Readonly<Record<string, string>> = {}, seed = 1): TestKafka {
  const hosts = [...Array.from({ length: zookeepers }, (_, i) => `zk${i + 1}`), ...brokerIds.map((id) => `b${id}`), 'client'];
  let ranks = emptyMap<number>();
  hosts.forEach((host, rank) => (ranks = mapSet(ranks, host, rank)));
  const kinds: MachineKind[] = hosts.map((host) => (host.startsWith('zk') ? 'zookeeper' : host === 'client' ? 'client' : 'broker'));
  const surroundings: Surroundings = {
    ranks,
    hosts,
    kinds,
    links: { zookeeperToZookeeper: LINK, brokerToZookeeper: LINK, brokerToBroker: LINK, clientToBroker: LINK },
  };
  const servers = hosts.slice(0, zookeepers);
  const runners = hosts.map((host, rank) =>
    newRunner({
      spec: { rank, host, process: processOf(host, rank, servers, configs) as never, profile: PROFILE },
      seed,
      epochMs: 1_700_000_000_000,
      surroundings,
    }),
  );
  const kafka: TestKafka = { runners, traces: [], nowUs: 0, commands: 0, tags: 0 };
  for (const host of hosts) if (!host.startsWith('b')) command(kafka, host, { type: 'start' });
  return kafka;
}

function processOf(host: string, rank: number, servers: readonly string[], configs: Readonly<Record<string, string>>): object {
  if (host === 'client') return { kind: 'client', config: servers };
  if (host.startsWith('zk')) {
    const config: ZooKeeperServerConfig = {
      myid: rank + 1,
      servers: servers.map((each, i) => ({ id: i + 1, host: each })),
      tickTime: 2000,
      initLimit: 10,
      syncLimit: 5,
      finalizeWaitMs: 200,
      minNotificationMs: 200,
      maxNotificationMs: 10_000,
    };
    return { kind: 'zooKeeper', config };
  }
  const config: KafkaServerConfig = { brokerId: Number(host.slice(1)), rack: null, host, port: 9092, zookeeperServers: servers, configs };
  return { kind: 'kafka', config };
}

export function runnerOf(kafka: TestKafka, host: string): Runner {
  const runner = kafka.runners.find((each) => each.environment.spec.host === host);
  if (runner === undefined) throw new Error(`no machine ${host}`);
  return runner;
}

export function command(kafka: TestKafka, host: string, what: MachineCommand): void {
  acceptEvent(runnerOf(kafka, host), { atUs: kafka.nowUs, class: 0, source: -1, sequence: kafka.commands++, input: { type: 'command', command: what } });
}

export function cut(kafka: TestKafka, a: string, b: string, isCut: boolean): void {
  const rank = (host: string): number => runnerOf(kafka, host).environment.spec.rank;
  command(kafka, a, { type: 'setLink', to: rank(b), cut: isCut, settings: null });
  command(kafka, b, { type: 'setLink', to: rank(a), cut: isCut, settings: null });
}

export function run(kafka: TestKafka, seconds: number): void {
  const untilUs = kafka.nowUs + Math.floor(seconds * 1_000_000);
  for (;;) {
    const runner = kafka.runners.reduce((first, other) => (nextEventUs(other) < nextEventUs(first) ? other : first));
    if (nextEventUs(runner) >= untilUs) break;
    const output = newOutput();
    runEvent(runner, output);
    for (const packet of output.packets) acceptPacket(kafka.runners[packet.to] as Runner, packet);
    for (const record of output.traces) kafka.traces.push(record);
  }
  kafka.nowUs = untilUs;
}

/** Runs until this holds, at most so long; says whether it came to hold. */
export function runUntil(kafka: TestKafka, seconds: number, holds: () => boolean, stepSeconds = 0.05): boolean {
  for (let at = 0; at < seconds; at += stepSeconds) {
    if (holds()) return true;
    run(kafka, stepSeconds);
  }
  return holds();
}

function processState<State>(kafka: TestKafka, host: string): State | null {
  const process = runnerOf(kafka, host).state.process.state as unknown as { state: State } | null;
  return process?.state ?? null;
}

export function serverOf(kafka: TestKafka, brokerId: number): KafkaServerState | null {
  return processState<KafkaServerState>(kafka, `b${brokerId}`);
}

export function brokerPart(kafka: TestKafka, brokerId: number): BrokerState {
  const broker = serverOf(kafka, brokerId)?.broker ?? null;
  if (broker === null) throw new Error(`no broker part in b${brokerId}`);
  return broker;
}

export function znode(kafka: TestKafka, path: string): string | null {
  for (const runner of kafka.runners) {
    if (!runner.environment.spec.host.startsWith('zk')) continue;
    const state = processState<ZooKeeperState>(kafka, runner.environment.spec.host);
    if (state !== null && state.leading !== null) return mapGet(state.tree.nodes, path)?.data ?? null;
  }
  return null;
}

/** The text of a file as the broker's page cache has it. */
export function fileText(kafka: TestKafka, brokerId: number, path: string): string | null {
  const bytes = readFile(runnerOf(kafka, `b${brokerId}`).state.disk.cache, path);
  return bytes === null ? null : utf8Decode(bytes);
}

export function askZooKeeper(kafka: TestKafka, operations: readonly ZkOperation[]): void {
  const tag = `zk-${kafka.tags++}`;
  command(kafka, 'client', { type: 'client', command: { zk: operations, tag } as never });
}

/** What CreateTopics leaves in ZooKeeper. */
export function createTopic(
  kafka: TestKafka,
  topic: string,
  assignment: Readonly<Record<string, readonly number[]>>,
  configs: Readonly<Record<string, string>> = {},
): void {
  const node = (path: string, data: object): ZkOperation => ({ op: 'create', path, data: JSON.stringify(data), ephemeral: false, sequential: false });
  askZooKeeper(kafka, [
    node(`/config/topics/${topic}`, { version: 1, config: configs }),
    node(`/brokers/topics/${topic}`, { version: 3, topic_id: 'AAECAwQFBgcICQoLDA0ODw', partitions: assignment, adding_replicas: {}, removing_replicas: {} }),
  ]);
}

/** Sends a request; returns the tag by which `answerTo` finds the answer. */
export function ask<Api extends ApiName>(kafka: TestKafka, broker: number, api: Api, body: RequestBodies[Api]): string {
  const tag = `request-${kafka.tags++}`;
  command(kafka, 'client', { type: 'client', command: { api, broker, body, tag } as never });
  return tag;
}

export function answerTo<Api extends ApiName>(kafka: TestKafka, tag: string, api: Api): ResponseBodies[Api] | null {
  const events = processState<ClientState>(kafka, 'client')?.events ?? [];
  for (const event of events) if (event.type === 'response' && event.tag === tag && event.frame.api === api) return event.frame.body as ResponseBodies[Api];
  return null;
}

/** Order in which the answers to these requests came. */
export function answeredTags(kafka: TestKafka): readonly string[] {
  const tags: string[] = [];
  for (const event of processState<ClientState>(kafka, 'client')?.events ?? []) if (event.type === 'response') tags.push(event.tag);
  return tags;
}

export function tracesOf(kafka: TestKafka, type: TraceRecord['event']['type']): readonly TraceRecord[] {
  return kafka.traces.filter((record) => record.event.type === type);
}
