import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import { allocateProducerIdsResponse } from '../../protocol/generated/allocate-producer-ids-response.ts';
import { apiVersionsResponse } from '../../protocol/generated/api-versions-response.ts';
import { initProducerIdRequest } from '../../protocol/generated/init-producer-id-request.ts';
import type { ResponseBodies } from '../../protocol/generated/apis.ts';
import { acceptConnection, answer, connects, newTestBroker, request, responseTo, sentRequests, tellMetadata, type TestBroker } from '../test-support.ts';

function initProducerId(broker: TestBroker): ResponseBodies['InitProducerId'] {
  const id = request(broker, 'InitProducerId', initProducerIdRequest({ transactionalId: null }));
  const body = responseTo(broker.effects, id, 'InitProducerId');
  if (body === null) throw new Error('an answer expected');
  return body;
}

describe('producer ids', () => {
  test('[R18] the first producer is told to ask again while the broker gets a block; then ids come from it one by one', () => {
    const broker = newTestBroker(2);
    tellMetadata(broker, [1, 2]);
    expect(initProducerId(broker).errorCode).toBe(errorCode('COORDINATOR_LOAD_IN_PROGRESS'));
    const to = connects(broker.effects)[0];
    if (to === undefined) throw new Error('a connection to the controller expected');
    expect(to).toMatchObject({ owner: 'producer-ids', host: 'b1' });
    const [versions] = sentRequests(acceptConnection(broker, to));
    if (versions === undefined) throw new Error('ApiVersions expected');
    const [allocate] = sentRequests(answer(broker, to, versions.frame, 'ApiVersions', apiVersionsResponse()));
    if (allocate === undefined) throw new Error('AllocateProducerIds expected');
    expect(allocate.frame).toMatchObject({ api: 'AllocateProducerIds', body: { brokerId: 2, brokerEpoch: 102 } });
    answer(broker, to, allocate.frame, 'AllocateProducerIds', allocateProducerIdsResponse({ producerIdStart: 3000, producerIdLen: 1000 }));
    expect([initProducerId(broker), initProducerId(broker)]).toMatchObject([
      { errorCode: 0, producerId: 3000, producerEpoch: 0 },
      { errorCode: 0, producerId: 3001, producerEpoch: 0 },
    ]);
  });
});
