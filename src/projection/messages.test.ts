import { describe, expect, test } from 'vitest';
import { emptyArray } from '../engine/kernel/persistent-array.ts';
import type { Packet } from '../engine/machine/contract.ts';
import type { WireMessage } from '../engine/protocol/wire.ts';
import type { World } from '../engine/world/world-state.ts';
import { messagesOf } from './messages.ts';

const HOSTS = ['b1', 'b2', 'producer-1', 'consumer-1', 'admin'];
const KINDS = ['kafka', 'kafka', 'producer', 'consumer', 'admin'];

function metadata(from: string, to: string): Packet {
  const message = { kind: 'request', api: 'Metadata', version: 12, correlationId: 1, clientId: from, body: {}, sizeBytes: 40 } as unknown as WireMessage;
  return {
    kind: 'data',
    from: HOSTS.indexOf(from),
    to: HOSTS.indexOf(to),
    fromSocket: 1,
    toSocket: 1,
    port: 9092,
    message,
    sizeBytes: 40,
    sentUs: 0,
    arrivesUs: 1000,
    sequence: 1,
  };
}

/** As much of a world as the messages of it are read from. */
function worldWith(packet: Packet): World {
  const runners = KINDS.map((kind, rank) => ({
    heap: { items: rank === packet.to ? [{ input: { type: 'packet', packet } }] : [] },
    state: { links: emptyArray() },
    environment: { spec: { process: { kind } } },
  }));
  return { runners, surroundings: { hosts: HOSTS } } as unknown as World;
}

describe('messages under way', () => {
  test.each([
    ['producer-1', 'b1', 'produce'],
    ['b2', 'producer-1', 'produce'],
    ['consumer-1', 'b1', 'fetch'],
    ['admin', 'b1', 'control'],
    ['b1', 'b2', 'control'],
  ] as const)('[R5] Metadata from %s to %s is of the kind %s', (from, to, kind) => {
    expect(messagesOf(worldWith(metadata(from, to))).messages).toMatchObject([{ from, to, kind, api: 'Metadata' }]);
  });
});
