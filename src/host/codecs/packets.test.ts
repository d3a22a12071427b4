import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Packet } from '../../engine/machine/contract.ts';
import { ALL_MESSAGES } from '../../engine/protocol/generated/all-messages.ts';
import { LATEST_VERSIONS, type ApiName } from '../../engine/protocol/generated/apis.ts';
import { fetchResponse, fetchResponseFetchableTopicResponse, fetchResponsePartitionData } from '../../engine/protocol/generated/fetch-response.ts';
import { makeRequest, makeResponse } from '../../engine/protocol/frames.ts';
import type { RequestFrame, ResponseFrame, WireMessage } from '../../engine/protocol/wire.ts';
import { sized, type ZooKeeperMessage } from '../../engine/protocol/zookeeper-messages.ts';
import { decodePackets, encodePackets } from './packets.ts';

const SYN: Packet = {
  kind: 'syn',
  from: 3,
  to: 0,
  fromSocket: 17,
  toSocket: -1,
  port: 2181,
  message: null,
  sizeBytes: 66,
  sentUs: 1,
  arrivesUs: 160_001,
  sequence: 9_007_199_254_740_000,
};

function data(message: WireMessage): Packet {
  return { ...SYN, kind: 'data', toSocket: 4, port: -1, message, sizeBytes: 66 + message.sizeBytes };
}

function throughAWorker(packets: readonly Packet[]): Packet[] {
  const buffer = encodePackets(packets);
  return decodePackets(structuredClone(buffer, { transfer: [buffer] }));
}

describe('packets between Workers', () => {
  test('[R1] any headers come back as they were, in order, in one buffer of their own', () => {
    const packet = fc.record({
      kind: fc.constantFrom<Packet['kind']>('syn', 'synAck', 'fin', 'rst', 'data'),
      from: fc.nat(100),
      to: fc.nat(100),
      fromSocket: fc.nat(1_000_000),
      toSocket: fc.integer({ min: -1, max: 1_000_000 }),
      port: fc.integer({ min: -1, max: 65_535 }),
      message: fc.constant(null),
      sizeBytes: fc.nat(),
      sentUs: fc.maxSafeNat(),
      arrivesUs: fc.maxSafeNat(),
      sequence: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), (packets) => {
        expect(throughAWorker(packets)).toEqual(packets);
      }),
    );
  });

  test.each(Object.keys(LATEST_VERSIONS) as ApiName[])("[R2] %s travels as Kafka's bytes", (api) => {
    const version = LATEST_VERSIONS[api];
    const requestBody = ALL_MESSAGES[`${api}Request`].create();
    const responseBody = ALL_MESSAGES[`${api}Response`].create();
    const request = makeRequest({ api, version, correlationId: 5, clientId: 'producer-1', body: requestBody }) as RequestFrame;
    const response = makeResponse({ api, version, correlationId: 5 }, responseBody) as ResponseFrame;
    const packets = [data(request), data(response)];
    expect(throughAWorker(packets)).toEqual(packets);
  });

  test('[R2] record batches come whole, one item each', () => {
    const batch = (fill: number): Uint8Array => {
      const bytes = new Uint8Array(80).fill(fill);
      new DataView(bytes.buffer).setInt32(8, 68);
      return bytes;
    };
    const body = fetchResponse({
      responses: [
        fetchResponseFetchableTopicResponse({
          topicId: '00000000000000000000000000000007',
          partitions: [fetchResponsePartitionData({ partitionIndex: 2, highWatermark: 12, records: [batch(1), batch(2)] })],
        }),
      ],
    });
    const response = makeResponse({ api: 'Fetch', version: 16, correlationId: 1 }, body);
    const [arrived] = throughAWorker([data(response)]);
    expect(arrived).toEqual(data(response));
  });

  test('[R2] a frame that lies about its size is our own mistake', () => {
    const request = makeRequest({ api: 'ApiVersions', version: 3, correlationId: 5, clientId: 'c', body: ALL_MESSAGES.ApiVersionsRequest.create() });
    expect(() => encodePackets([data({ ...request, sizeBytes: request.sizeBytes + 1 })])).toThrow(/expected ApiVersions request v3/);
  });

  test("[R3] ZooKeeper's messages come back as they were", () => {
    const messages: ZooKeeperMessage[] = [
      sized({ kind: 'zkConnect', lastZxidSeen: 4_294_967_297, timeoutMs: 6000, sessionId: '0000000000000000' }),
      sized({
        kind: 'zkRequest',
        xid: 3,
        operation: { op: 'create', path: '/brokers/ids/1', data: '{"host":"b1","한글":1}', ephemeral: true, sequential: false },
      }),
      sized({ kind: 'zkReply', xid: 3, zxid: 8_589_934_600, result: { error: 'NODEEXISTS', failedIndex: 0 } }),
      sized({ kind: 'zabNotification', from: 2, vote: { leader: 3, zxid: 12, peerEpoch: 1 }, round: 4, state: 'looking' }),
      sized({ kind: 'zabPing' }),
    ];
    expect(throughAWorker(messages.map(data))).toEqual(messages.map(data));
  });

  test('[R4] a buffer that is cut, lengthened or changed is refused, never read half', () => {
    const whole = new Uint8Array(encodePackets([SYN, data(sized({ kind: 'zabPing' }))]));
    for (let end = 0; end < whole.length; end++) expect(() => decodePackets(whole.slice(0, end).buffer)).toThrow();
    expect(() => decodePackets(Uint8Array.of(...whole, 0).buffer)).toThrow(/left over/);
    const strange = whole.slice();
    strange[4] = 9;
    expect(() => decodePackets(strange.buffer)).toThrow(/no kind of packet/);
  });
});
