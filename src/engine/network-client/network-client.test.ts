import { NO_CODECS } from '../kernel/codecs.ts';
import { SOUND_DISK } from '../kernel/machine-contract.ts';
import { describe, expect, test } from 'vitest';
import type { SystemInput } from '../kernel/system.ts';
import { makeResponse } from '../protocol/frames.ts';
import { apiVersionsResponse } from '../protocol/generated/api-versions-response.ts';
import { metadataRequest } from '../protocol/generated/metadata-request.ts';
import { metadataResponse } from '../protocol/generated/metadata-response.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import { backoffEndUs, canSend, connectNode } from './connect-node.ts';
import type { NetworkClientConfig, NetworkEffect, NetworkEvent, QueuedRequest } from './contract.ts';
import { exponentialBackoffMs } from './exponential-backoff.ts';
import {
  inFlightCount,
  isReady,
  newNetworkClient,
  onNetworkInput,
  queueRequest,
  type NetworkClientState,
  type NetworkResult,
  type NetworkScope,
} from './network-client.ts';

const NODE = { nodeId: 1, host: 'b1', port: 9092 };
const GREATEST_DRAW = 4294967295;

function newHarness(config: Partial<NetworkClientConfig> = {}) {
  let nowUs = 0;
  let connections = 0;
  const effects: NetworkEffect[] = [];
  const events: NetworkEvent[] = [];
  let client: NetworkClientState = newNetworkClient({
    owner: 'o',
    clientId: 'c',
    requestTimeoutMs: 30_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
    connectionSetupTimeoutMs: 10_000,
    maxInFlightPerConnection: 2,
    discoverApiVersions: false,
    ...config,
  });
  const scope = (): NetworkScope => ({
    effects,
    context: {
      nowUs,
      nowMs: Math.floor(nowUs / 1000),
      draw: () => GREATEST_DRAW,
      allocate: (size) => new Uint8Array(size),
      codecs: NO_CODECS,
      nextConnection: () => ++connections,
      ...SOUND_DISK,
    },
  });
  const take = (result: NetworkResult): void => {
    client = result.client;
    events.push(...result.events);
  };
  return {
    client: () => client,
    atMs: (ms: number) => void (nowUs = ms * 1000),
    connect: () => void (client = connectNode(client, NODE, scope())),
    queue: (tag: string, expectsResponse = true) => {
      const request: QueuedRequest = { node: NODE, api: 'Metadata', version: 12, body: metadataRequest(), tag, expectsResponse };
      take(queueRequest(client, request, scope()));
    },
    input: (input: SystemInput<WireMessage, never>) => take(onNetworkInput(client, input, scope())),
    connected: () => take(onNetworkInput(client, { type: 'connected', owner: 'o', connection: connections }, scope())),
    closed: (reason: 'refused' | 'closed') => take(onNetworkInput(client, { type: 'closed', owner: 'o', connection: connections, reason }, scope())),
    timer: () => take(onNetworkInput(client, { type: 'timer', owner: 'o', name: 'network' }, scope())),
    answer: (request: RequestFrame) => {
      const message =
        request.api === 'ApiVersions' ? makeResponse(request, apiVersionsResponse()) : makeResponse({ ...request, api: 'Metadata' }, metadataResponse());
      take(onNetworkInput(client, { type: 'received', owner: 'o', connection: connections, message }, scope()));
    },
    sent: (): RequestFrame[] => effects.flatMap((effect) => (effect.type === 'send' && effect.message.kind === 'request' ? [effect.message] : [])),
    effects,
    tags: (type: NetworkEvent['type']) => events.flatMap((event) => (event.type === type && 'tag' in event ? [event.tag] : [])),
    events,
  };
}

describe('requests', () => {
  test('[R1] what is queued while connecting goes out in order once connected', () => {
    const net = newHarness();
    net.queue('a');
    net.queue('b');
    expect(net.sent()).toEqual([]);
    net.connected();
    expect(net.sent().map((frame) => frame.correlationId)).toEqual([0, 1]);
    expect(isReady(net.client(), 1)).toBe(true);
  });

  test('[R1] with discovery nothing goes out before ApiVersions is answered', () => {
    const net = newHarness({ discoverApiVersions: true });
    net.queue('a');
    net.connected();
    expect(net.sent().map((frame) => frame.api)).toEqual(['ApiVersions']);
    expect(isReady(net.client(), 1)).toBe(false);
    net.answer(net.sent()[0] as RequestFrame);
    expect(net.sent().map((frame) => frame.api)).toEqual(['ApiVersions', 'Metadata']);
    expect(net.events.map((event) => event.type)).toEqual(['nodeReady']);
  });

  test('[R2] the third of three requests waits until the first is answered', () => {
    const net = newHarness();
    net.connect();
    net.connected();
    for (const tag of ['a', 'b', 'c']) net.queue(tag);
    expect(net.sent().length).toBe(2);
    expect(inFlightCount(net.client(), 1)).toBe(3);
    expect(canSend(net.client(), 1)).toBe(false);
    net.answer(net.sent()[0] as RequestFrame);
    expect(net.sent().length).toBe(3);
    expect(net.tags('response')).toEqual(['a']);
  });

  test('[R3] an answer to another request than the oldest is refused', () => {
    const net = newHarness();
    net.connect();
    net.connected();
    net.queue('a');
    net.queue('b');
    expect(() => net.answer(net.sent()[1] as RequestFrame)).toThrow('an answer to request 0, got 1');
  });

  test('[R7] a request without an answer is told of when sent, and takes no room', () => {
    const net = newHarness({ maxInFlightPerConnection: 1 });
    net.connect();
    net.connected();
    net.queue('silent', false);
    net.queue('asked');
    expect(net.tags('sent')).toEqual(['silent']);
    expect(net.sent().length).toBe(2);
  });
});

describe('failures', () => {
  test('[R4] a time-out closes the connection and fails what was in flight and what waited', () => {
    const net = newHarness({ requestTimeoutMs: 5000 });
    net.connect();
    net.connected();
    for (const tag of ['a', 'b', 'c']) net.queue(tag);
    net.atMs(4999);
    net.timer();
    expect(net.tags('failed')).toEqual([]);
    net.atMs(5000);
    net.timer();
    expect(net.effects.some((effect) => effect.type === 'close')).toBe(true);
    expect(net.tags('failed')).toEqual(['a', 'b', 'c']);
    expect(net.events.filter((event) => event.type === 'failed').map((event) => event.reason)).toEqual(['timeout', 'timeout', 'timeout']);
  });

  test('[R4] the timer is set for the request that is sent first, not anew for each', () => {
    const net = newHarness({ requestTimeoutMs: 5000 });
    net.connect();
    net.connected();
    net.effects.length = 0;
    net.queue('a');
    net.atMs(1);
    net.queue('b');
    expect(net.effects.filter((effect) => effect.type === 'setTimer').map((effect) => effect.atUs)).toEqual([5_000_000]);
  });

  test('[R5] refused again and again, the wait doubles to its bound and not beyond', () => {
    const net = newHarness();
    const waitsMs: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 8; i++) {
      net.connect();
      net.closed('refused');
      waitsMs.push(backoffEndUs(net.client(), 1) / 1000 - nowMs);
      nowMs = backoffEndUs(net.client(), 1) / 1000;
      net.atMs(nowMs);
    }
    expect(waitsMs).toEqual([59, 119, 239, 479, 959, 1000, 1000, 1000]);
  });

  test('[R5] during the back-off nothing connects; a queued request does so at its end', () => {
    const net = newHarness();
    net.connect();
    net.closed('refused');
    net.connect();
    net.queue('a');
    expect(net.effects.filter((effect) => effect.type === 'connect').length).toBe(1);
    net.atMs(59);
    net.timer();
    expect(net.effects.filter((effect) => effect.type === 'connect').length).toBe(2);
  });

  test('[R5] once ready, the next loss begins with the shortest wait', () => {
    const net = newHarness();
    net.connect();
    net.closed('refused');
    net.atMs(1000);
    net.connect();
    net.connected();
    net.closed('closed');
    expect(backoffEndUs(net.client(), 1)).toBe(1_059_000);
  });

  test('[R5] a back-off that cannot grow has no jitter', () => {
    expect(exponentialBackoffMs({ initialMs: 50, maxMs: 50 }, 3, GREATEST_DRAW)).toBe(50);
    expect(exponentialBackoffMs({ initialMs: 100, maxMs: 1000 }, 0, 0)).toBe(80);
  });

  test('[R6] a connection that is not there after the set-up time-out is given up', () => {
    const net = newHarness({ connectionSetupTimeoutMs: 700 });
    net.queue('a');
    net.atMs(700);
    net.timer();
    expect(net.tags('failed')).toEqual(['a']);
    // The peer's late word is about a connection that is nobody's any more.
    net.connected();
    expect(isReady(net.client(), 1)).toBe(false);
  });
});
