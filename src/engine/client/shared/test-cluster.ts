import { NO_CODECS } from '../../kernel/codecs.ts';
import { assert, required } from '../../kernel/assert.ts';
import { SOUND_DISK, type Machine, type StepContext } from '../../kernel/machine-contract.ts';
import { drawAt, streamKey } from '../../kernel/random.ts';
import type { ProcessStart, SystemEffect, SystemInput } from '../../kernel/system.ts';
import { makeResponse } from '../../protocol/frames.ts';
import type { ApiName, ResponseBodies } from '../../protocol/generated/apis.ts';
import type { RequestFrame, WireMessage } from '../../protocol/wire.ts';
import type { ClientTrace } from '../trace.ts';
import { emptyTree } from '../../kernel/files.ts';

/** One way, in microseconds. */
export const LATENCY_US = 1000;
export const EPOCH_MS = 1_700_000_000_000;

/** What a broker does with a request: answer now or later, keep silent, or drop the connection. */
export type Answer =
  { readonly kind: 'body'; readonly body: ResponseBodies[ApiName]; readonly afterUs?: number } | { readonly kind: 'silent' } | { readonly kind: 'close' };

export type Handler = (request: ReceivedRequest) => Answer;

export interface ReceivedRequest {
  readonly nodeId: number;
  readonly atUs: number;
  readonly frame: RequestFrame;
}

type Input<Command> = SystemInput<WireMessage, Command>;
type Effect = SystemEffect<WireMessage, ClientTrace>;

interface Scheduled {
  readonly atUs: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** A client process against brokers `b1`, `b2`, ... that a test scripts, in virtual time. For tests only. */
export interface TestCluster<State, Command> {
  state(): State;
  nowUs(): number;
  /** Lets the time pass; everything due until then, that instant included, happens. */
  runUntilMs(ms: number): void;
  command(command: Command): void;
  /** From now on the broker refuses connections; its open ones are closed. */
  kill(nodeId: number): void;
  /** From now on the broker takes connections and packets and says nothing. */
  silence(nodeId: number): void;
  start(nodeId: number): void;
  readonly requests: readonly ReceivedRequest[];
  readonly events: readonly TracedEvent[];
  readonly exits: readonly { readonly code: number; readonly reason: string }[];
}

export interface TracedEvent {
  readonly atMs: number;
  readonly event: ClientTrace;
}

interface Connection {
  readonly id: number;
  readonly nodeId: number;
  readonly owner: string;
  open: boolean;
}

type BrokerStatus = 'up' | 'dead' | 'silent';

export function nodeIdOf(host: string): number {
  return Number(host.slice(1));
}

export function newTestCluster<Config, State, Command>(
  machine: Machine<ProcessStart<Config>, State, Input<Command>, Effect>,
  config: Config,
  handler: Handler,
): TestCluster<State, Command> {
  const requests: ReceivedRequest[] = [];
  const events: TracedEvent[] = [];
  const exits: { code: number; reason: string }[] = [];
  const queue: Scheduled[] = [];
  const timers: Record<string, number> = {};
  const draws: Record<string, number> = {};
  const connections: Connection[] = [];
  const brokers: Record<number, BrokerStatus> = {};
  let nowUs = 0;
  let sequence = 0;
  let connectionCount = 0;
  let state: State;

  const at = (atUs: number, run: () => void): void => {
    queue.push({ atUs, sequence: sequence++, run });
  };
  const context = (): StepContext => ({
    nowUs,
    nowMs: EPOCH_MS + Math.floor(nowUs / 1000),
    draw: (purpose) => drawAt(streamKey({ seed: 7, owner: 'client', purpose }), (draws[purpose] = (draws[purpose] ?? 0) + 1)),
    allocate: (sizeBytes) => new Uint8Array(sizeBytes),
    codecs: NO_CODECS,
    nextConnection: () => ++connectionCount,
    ...SOUND_DISK,
  });
  const deliver = (input: Input<Command>): void => {
    if (exits.length > 0) return;
    const step = machine.step(state, input, context());
    state = step.state;
    step.effects.forEach(perform);
  };
  const shut = (connection: Connection, reason: 'closed' | 'refused'): void => {
    connection.open = false;
    at(nowUs + LATENCY_US, () => deliver({ type: 'closed', owner: connection.owner, connection: connection.id, reason }));
  };
  const connect = (effect: Extract<Effect, { type: 'connect' }>): void => {
    const connection: Connection = { id: effect.connection, nodeId: nodeIdOf(effect.host), owner: effect.owner, open: false };
    connections.push(connection);
    at(nowUs + LATENCY_US, () => {
      if (brokers[connection.nodeId] === 'dead') return shut(connection, 'refused');
      if (brokers[connection.nodeId] === 'silent') return;
      connection.open = true;
      at(nowUs + LATENCY_US, () => {
        if (connection.open) deliver({ type: 'connected', owner: connection.owner, connection: connection.id });
      });
    });
  };
  const receive = (connection: Connection, frame: RequestFrame): void => {
    if (!connection.open || (brokers[connection.nodeId] !== undefined && brokers[connection.nodeId] !== 'up')) return;
    const request = { nodeId: connection.nodeId, atUs: nowUs, frame };
    requests.push(request);
    const answer = handler(request);
    if (answer.kind === 'close') return shut(connection, 'closed');
    if (answer.kind === 'silent') return;
    const message = makeResponse({ api: frame.api, version: frame.version, correlationId: frame.correlationId }, answer.body as never) as WireMessage;
    at(nowUs + (answer.afterUs ?? 0) + LATENCY_US, () => {
      if (connection.open && (brokers[connection.nodeId] ?? 'up') === 'up')
        deliver({ type: 'received', owner: connection.owner, connection: connection.id, message });
    });
  };
  const send = (effect: Extract<Effect, { type: 'send' }>): void => {
    const connection = required(
      connections.find((each) => each.id === effect.connection),
      'a known connection to send on',
    );
    const { message } = effect;
    assert(message.kind === 'request', 'a client to send requests only');
    at(nowUs + LATENCY_US, () => receive(connection, message));
  };
  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'connect':
        return connect(effect);
      case 'send':
        return send(effect);
      case 'close': {
        const connection = connections.find((each) => each.id === effect.connection);
        if (connection !== undefined) connection.open = false;
        return;
      }
      case 'setTimer': {
        const key = `${effect.owner}/${effect.name}`;
        if (timers[key] === effect.atUs) return;
        timers[key] = effect.atUs;
        at(Math.max(nowUs, effect.atUs), () => {
          if (timers[key] !== effect.atUs) return;
          delete timers[key];
          deliver({ type: 'timer', owner: effect.owner, name: effect.name });
        });
        return;
      }
      case 'cancelTimer':
        delete timers[`${effect.owner}/${effect.name}`];
        return;
      case 'trace':
        events.push({ atMs: nowUs / 1000, event: effect.event });
        return;
      case 'exit':
        exits.push({ code: effect.code, reason: effect.reason });
        return;
      default:
        throw new Error(`a client has no use for ${effect.type}`);
    }
  };
  const runUntilMs = (ms: number): void => {
    const untilUs = ms * 1000;
    let stepCount = 0;
    for (;;) {
      let first: Scheduled | undefined;
      for (const each of queue) if (first === undefined || each.atUs < first.atUs || (each.atUs === first.atUs && each.sequence < first.sequence)) first = each;
      if (first === undefined || first.atUs > untilUs) break;
      assert(++stepCount < 200_000, 'a client that does not spin');
      queue.splice(queue.indexOf(first), 1);
      nowUs = first.atUs;
      first.run();
    }
    nowUs = untilUs;
  };

  const first = machine.init({ config, files: emptyTree(), incarnation: 1, host: 'client' }, context());
  state = first.state;
  first.effects.forEach(perform);
  return {
    state: () => state,
    nowUs: () => nowUs,
    runUntilMs,
    command: (command) => deliver({ type: 'command', command }),
    kill: (nodeId) => {
      brokers[nodeId] = 'dead';
      for (const connection of connections) if (connection.nodeId === nodeId && connection.open) shut(connection, 'closed');
    },
    silence: (nodeId) => void (brokers[nodeId] = 'silent'),
    start: (nodeId) => void (brokers[nodeId] = 'up'),
    requests,
    events,
    exits,
  };
}
