import { vi } from 'vitest';
import { mapGet, mapKeys, mapSet, emptyMap } from '../kernel/persistent-map.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { LinkSettings, MachineCommand, MachineKind, MachineProfile, Surroundings, TraceRecord } from '../machine/contract.ts';
import { acceptEvent, acceptPacket, newOutput, newRunner, nextEventUs, runEvent, type Runner } from '../machine/runner.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZkOperation, ZkResult, ZkTold } from '../zookeeper-client/contract.ts';
import { callZooKeeper, closeSession, newZooKeeperSession, onZooKeeperInput, startSession, type ZooKeeperSession } from '../zookeeper-client/session.ts';
import { zooKeeperServer, type ZooKeeperServerConfig, type ZooKeeperState } from './server.ts';
import type { ZooKeeperTrace } from './trace.ts';

/** An ensemble and clients on real machines, for the tests of this folder. */
type ClientCommand = { readonly operations: readonly ZkOperation[]; readonly tag: string } | { readonly close: true };
interface ClientState {
  readonly session: ZooKeeperSession;
  readonly told: readonly ZkTold[];
}

vi.mock('../machine/process-kinds.ts', () => ({
  initProcess: (spec: { kind: string; config: unknown }, start: object, context: StepContext) => {
    if (spec.kind === 'zooKeeper') {
      const step = zooKeeperServer.init({ ...start, config: spec.config } as never, context);
      return { state: { kind: 'zooKeeper', state: step.state }, effects: step.effects };
    }
    const effects: SystemEffect<WireMessage, never>[] = [];
    const session = startSession(newZooKeeperSession(spec.config as never), { context, effects });
    return { state: { kind: 'client', state: { session, told: [] } }, effects };
  },
  stepProcess: (process: { kind: string; state: never }, input: SystemInput<WireMessage, ClientCommand>, context: StepContext) => {
    if (process.kind === 'zooKeeper') {
      const step = zooKeeperServer.step(process.state, input as never, context);
      return { state: { kind: 'zooKeeper', state: step.state }, effects: step.effects };
    }
    return stepClient(process.state, input, context);
  },
}));

function stepClient(state: ClientState, input: SystemInput<WireMessage, ClientCommand>, context: StepContext): object {
  const effects: SystemEffect<WireMessage, never>[] = [];
  const scope = { context, effects };
  if (input.type === 'command') {
    const session = 'close' in input.command ? closeSession(state.session, scope) : callZooKeeper(state.session, { type: 'zk', ...input.command }, scope);
    return { state: { kind: 'client', state: { ...state, session } }, effects };
  }
  const result = onZooKeeperInput(state.session, input, scope);
  return { state: { kind: 'client', state: { session: result.session, told: [...state.told, ...result.told] } }, effects };
}

export const PROFILE: MachineProfile = {
  processStartUs: 1000,
  loopbackUs: 10,
  restartDelayUs: 5_000_000,
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
const LINK: LinkSettings = { latencyUs: 1000, jitterUs: 500, lossPerMillion: 0, bytesPerSecond: 1_000_000_000 };

export interface Ensemble {
  readonly runners: Runner[];
  readonly traces: TraceRecord[];
  /** How many messages of each kind went out. */
  readonly sent: Record<string, number>;
  readonly serverCount: number;
  onTrace: (record: TraceRecord) => void;
  nowUs: number;
  commands: number;
}

export function newEnsemble(serverCount: number, clientCount: number, seed = 1): Ensemble {
  const hosts = [...Array.from({ length: serverCount }, (_, i) => `zk${i + 1}`), ...Array.from({ length: clientCount }, (_, i) => `c${i + 1}`)];
  let ranks = emptyMap<number>();
  hosts.forEach((host, rank) => (ranks = mapSet(ranks, host, rank)));
  const kinds: MachineKind[] = hosts.map((_, i) => (i < serverCount ? 'zookeeper' : 'broker'));
  const surroundings: Surroundings = {
    ranks,
    hosts,
    kinds,
    links: { zookeeperToZookeeper: LINK, brokerToZookeeper: LINK, brokerToBroker: LINK, clientToBroker: LINK },
  };
  const servers = hosts.slice(0, serverCount).map((host, i) => ({ id: i + 1, host }));
  const runners = hosts.map((host, rank) => {
    const config: ZooKeeperServerConfig = {
      myid: rank + 1,
      servers,
      tickTime: 2000,
      initLimit: 10,
      syncLimit: 5,
      finalizeWaitMs: 200,
      minNotificationMs: 200,
      maxNotificationMs: 10_000,
    };
    const client = { owner: 'zk', servers: servers.map((server) => ({ host: server.host, port: 2181 })), sessionTimeoutMs: 18_000 };
    const process = rank < serverCount ? { kind: 'zooKeeper', config } : { kind: 'client', config: client };
    return newRunner({ spec: { rank, host, process: process as never, profile: PROFILE }, seed, epochMs: 1_700_000_000_000, surroundings });
  });
  const ensemble: Ensemble = { runners, traces: [], sent: {}, serverCount, nowUs: 0, commands: 0, onTrace: () => undefined };
  hosts.forEach((host) => command(ensemble, host, { type: 'start' }));
  return ensemble;
}

export function runnerOf(ensemble: Ensemble, host: string): Runner {
  return ensemble.runners.find((runner) => runner.environment.spec.host === host) as Runner;
}

export function command(ensemble: Ensemble, host: string, what: MachineCommand): void {
  acceptEvent(runnerOf(ensemble, host), {
    atUs: ensemble.nowUs,
    class: 0,
    source: -1,
    sequence: ensemble.commands++,
    input: { type: 'command', command: what },
  });
}

export function link(ensemble: Ensemble, a: string, b: string, cut: boolean): void {
  const rank = (host: string): number => runnerOf(ensemble, host).environment.spec.rank;
  command(ensemble, a, { type: 'setLink', to: rank(b), cut, settings: null });
  command(ensemble, b, { type: 'setLink', to: rank(a), cut, settings: null });
}

export function ask(ensemble: Ensemble, client: string, tag: string, operations: readonly ZkOperation[]): void {
  command(ensemble, client, { type: 'client', command: { tag, operations } as never });
}

export function run(ensemble: Ensemble, seconds: number): void {
  const untilUs = ensemble.nowUs + Math.floor(seconds * 1_000_000);
  for (;;) {
    const runner = ensemble.runners.reduce((first, other) => (nextEventUs(other) < nextEventUs(first) ? other : first));
    if (nextEventUs(runner) >= untilUs) break;
    const output = newOutput();
    runEvent(runner, output);
    for (const packet of output.packets) {
      acceptPacket(ensemble.runners[packet.to] as Runner, packet);
      if (packet.message !== null) ensemble.sent[packet.message.kind] = (ensemble.sent[packet.message.kind] ?? 0) + 1;
    }
    for (const record of output.traces) {
      ensemble.traces.push(record);
      ensemble.onTrace(record);
    }
  }
  ensemble.nowUs = untilUs;
}

export function serverState(ensemble: Ensemble, host: string): ZooKeeperState | null {
  const process = runnerOf(ensemble, host).state.process.state as unknown as { state: ZooKeeperState } | null;
  return process?.state ?? null;
}

export function told(ensemble: Ensemble, client: string): readonly ZkTold[] {
  return (runnerOf(ensemble, client).state.process.state as unknown as { state: ClientState }).state.told;
}

export function answer(ensemble: Ensemble, client: string, tag: string): readonly ZkResult[] | null {
  const found = told(ensemble, client).find((one) => one.type === 'zkAnswer' && one.tag === tag);
  return found?.type === 'zkAnswer' ? found.results : null;
}

export function leaders(ensemble: Ensemble): string[] {
  return ensemble.runners
    .slice(0, ensemble.serverCount)
    .filter((runner) => runner.state.process.status === 'running' && serverState(ensemble, runner.environment.spec.host)?.leading?.stage === 'broadcast')
    .map((runner) => runner.environment.spec.host);
}

/** The server that a client is connected to. */
export function serverOf(ensemble: Ensemble, client: string): string {
  const process = runnerOf(ensemble, client).state.process.state as unknown as { state: ClientState };
  const { order, serverIndex } = process.state.session;
  return `zk${(order[serverIndex] ?? 0) + 1}`;
}

export function znode(ensemble: Ensemble, server: string, path: string): string | null {
  const state = serverState(ensemble, server);
  return state === null ? null : (mapGet(state.tree.nodes, path)?.data ?? null);
}

export function znodes(ensemble: Ensemble, server: string): readonly string[] {
  const state = serverState(ensemble, server);
  return state === null ? [] : mapKeys(state.tree.nodes);
}

export function eventsOf(ensemble: Ensemble, type: ZooKeeperTrace['type']): TraceRecord[] {
  return ensemble.traces.filter((record) => record.event.type === type);
}
