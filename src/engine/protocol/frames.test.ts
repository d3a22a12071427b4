import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError } from './codec.ts';
import { decodeFrame, encodeFrame, LATEST_VERSIONS, makeRequest, makeResponse } from './frames.ts';
import { apiVersionsRequest } from './generated/api-versions-request.ts';
import { apiVersionsResponse } from './generated/api-versions-response.ts';
import type { ApiName } from './generated/apis.ts';
import { fetchRequest } from './generated/fetch-request.ts';
import { fetchResponse } from './generated/fetch-response.ts';
import { heartbeatRequest } from './generated/heartbeat-request.ts';
import { messageText } from './message-text.ts';
import { produceRequest, produceRequestPartitionProduceData, produceRequestTopicProduceData } from './generated/produce-request.ts';

interface Row {
  readonly api: ApiName;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
  readonly hex: string;
}

const rows = JSON.parse(readFileSync(new URL('../../testing/goldens/vectors/requests.json', import.meta.url), 'utf8')) as Row[];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const facts = { correlationId: 7, clientId: 'producer-1' };

/** The recorded bytes with the length in front, as they stood on the connection. */
function framed(row: Row): Uint8Array {
  const content = Buffer.from(row.hex, 'hex');
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(content.length);
  return new Uint8Array(Buffer.concat([prefix, content]));
}

describe('frames', () => {
  test.each(rows)('[R7] $api v$version as recorded: decoded, encoded to the same bytes, sized', (row) => {
    const bytes = framed(row);
    const frame = decodeFrame(bytes, { kind: 'request', api: row.api, version: row.version });
    if (frame.kind !== 'request') throw new Error('a request');
    expect([frame.correlationId, frame.clientId, frame.sizeBytes]).toEqual([row.correlationId, row.clientId, bytes.length]);
    expect(hex(encodeFrame(frame))).toBe(hex(bytes));
    expect(makeRequest({ api: frame.api, version: frame.version, correlationId: frame.correlationId, clientId: frame.clientId, body: frame.body })).toEqual(
      frame,
    );
  });

  test('[R7] the size of a frame is known before it is encoded, for every version of the header', () => {
    for (const version of [0, 3]) {
      const request = makeRequest({
        api: 'ApiVersions',
        version,
        ...facts,
        body: apiVersionsRequest({ clientSoftwareName: 'highwater', clientSoftwareVersion: '1.0' }),
      });
      expect(encodeFrame(request).length).toBe(request.sizeBytes);
    }
    for (const version of [4, 12, LATEST_VERSIONS.Fetch]) {
      const request = makeRequest({ api: 'Fetch', version, ...facts, body: fetchRequest({ maxWaitMs: 500 }) });
      const response = makeResponse(request, fetchResponse());
      expect([encodeFrame(request).length, encodeFrame(response).length]).toEqual([request.sizeBytes, response.sizeBytes]);
    }
  });

  test('[R7] an answer to ApiVersions has a plain header at any version, others one with tags', () => {
    const answer = makeResponse({ api: 'ApiVersions', version: 3, correlationId: 7 }, apiVersionsResponse());
    const fetched = makeResponse({ api: 'Fetch', version: 12, correlationId: 7 }, fetchResponse());
    expect(hex(encodeFrame(answer)).slice(8, 22)).toBe('00000007000001');
    expect(hex(encodeFrame(fetched)).slice(8, 18)).toBe('0000000700');
    expect(decodeFrame(encodeFrame(answer), { kind: 'response', api: 'ApiVersions', version: 3 })).toEqual(answer);
    expect(decodeFrame(encodeFrame(fetched), { kind: 'response', api: 'Fetch', version: 12 })).toEqual(fetched);
  });

  test('[R3] a frame whose length is not its own, or whose body is cut, is refused', () => {
    const frame = makeRequest({ api: 'Heartbeat', version: 4, ...facts, body: heartbeatRequest({ groupId: 'billing', memberId: 'm-1' }) });
    const bytes = encodeFrame(frame);
    const heartbeat = { kind: 'request', api: 'Heartbeat', version: 4 } as const;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), (sizeBytes) => {
        const cut = bytes.slice(0, sizeBytes);
        expect(() => decodeFrame(cut, heartbeat)).toThrow(DecodeError);
        if (sizeBytes < 4) return;
        new DataView(cut.buffer).setInt32(0, sizeBytes - 4);
        expect(() => decodeFrame(cut, heartbeat)).toThrow(DecodeError);
      }),
    );
  });
  test('[R3] a request of another API or version than expected is refused', () => {
    const frame = makeRequest({ api: 'Heartbeat', version: 4, ...facts, body: heartbeatRequest() });
    expect(() => decodeFrame(encodeFrame(frame), { kind: 'request', api: 'Heartbeat', version: 3 })).toThrow(DecodeError);
    expect(() => decodeFrame(encodeFrame(frame), { kind: 'request', api: 'Fetch', version: 4 })).toThrow(DecodeError);
  });
});

describe('text of a message', () => {
  test('[R9] one line: fields in order, batches counted', () => {
    const partition = produceRequestPartitionProduceData({ index: 2, records: [new Uint8Array(70), new Uint8Array(80)] });
    const body = produceRequest({ acks: -1, timeoutMs: 30000, topicData: [produceRequestTopicProduceData({ name: 'orders', partitionData: [partition] })] });
    expect(messageText('Produce', 'request', body)).toBe(
      "ProduceRequest(transactionalId=null, acks=-1, timeoutMs=30000, topicData=[(name='orders', partitionData=[(index=2, records=[2 batches, 150 bytes])])])",
    );
  });

  test('[R9] text from elsewhere cannot leave its quotes or its line', () => {
    const text = messageText('Heartbeat', 'request', heartbeatRequest({ groupId: "a'\n, memberId='b", memberId: '주문\\' }));
    expect(text).toBe("HeartbeatRequest(groupId='a\\'\\u000a, memberId=\\'b', generationId=0, memberId='주문\\\\', groupInstanceId=null)");
  });
});
