import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import { produceRequest } from '../../protocol/generated/produce-request.ts';
import {
  advance,
  followerFetch,
  makeFollower,
  makeLeader,
  newTestBroker,
  offsets,
  produce,
  produceError,
  produceNow,
  request,
  responseTo,
  tellLeader,
  tellMetadata,
  testBatch,
  TOPIC,
} from '../test-support.ts';

describe('Produce', () => {
  test('[R3] acks=1 is answered when the leader has appended, with the offset', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1, ['a', 'b']);
    const id = produce(leader, 1);
    expect(responseTo(leader.effects, id, 'Produce')?.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 2, logStartOffset: 0 });
  });

  test('[R3] acks=0 has no answer; an error closes the connection', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    const fine = produce(leader, 0);
    expect(leader.effects).toContainEqual({ type: 'finish', requestId: fine });
    tellLeader(leader, { leader: 2, replicas: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    tellMetadata(leader, [1, 2]);
    tellLeader(leader, { leader: 2, replicas: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    const refused = produce(leader, 0);
    expect(leader.effects).toContainEqual({ type: 'closeRequest', requestId: refused });
    expect(leader.effects.some((effect) => effect.type === 'respond')).toBe(false);
  });

  test('[R3] acks=all waits for the high watermark and is answered with its own offset', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    const id = produce(leader, -1);
    expect(produceError(leader.effects, id)).toBeNull();
    followerFetch(leader, 2, 1);
    expect(responseTo(leader.effects, id, 'Produce')?.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });

  test('[R3] acks=all of a leader alone in the ISR is answered at once', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    expect(produceNow(leader, -1)).toBe(0);
  });

  test('[R3] a time-out answers REQUEST_TIMED_OUT and leaves the record in the log', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    const id = produce(leader, -1, ['m'], 5000);
    expect(produceError(advance(leader, 4999), id)).toBeNull();
    expect(produceError(advance(leader, 1), id)).toBe(errorCode('REQUEST_TIMED_OUT'));
    expect(offsets(leader).leo).toBe(1);
  });

  test('[R3] with fewer in sync than min.insync.replicas acks=all is refused before anything is written', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { isr: [1] }, { 'min.insync.replicas': '2' });
    expect(produceNow(leader, -1)).toBe(errorCode('NOT_ENOUGH_REPLICAS'));
    expect(offsets(leader).leo).toBe(0);
    expect(produceNow(leader, 1)).toBe(0);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 0 });
  });

  test('[R3] a follower answers NOT_LEADER_OR_FOLLOWER and names the leader', () => {
    const follower = newTestBroker(1);
    makeFollower(follower, 2, [1, 2]);
    const id = produce(follower, 1);
    const body = responseTo(follower.effects, id, 'Produce');
    expect(body?.responses[0]?.partitionResponses[0]).toMatchObject({
      errorCode: errorCode('NOT_LEADER_OR_FOLLOWER'),
      currentLeader: { leaderId: 2, leaderEpoch: 0 },
    });
    expect(body?.nodeEndpoints).toEqual([{ nodeId: 2, host: 'b2', port: 9092, rack: null }]);
    expect(follower.traces.find((event) => event.type === 'RequestRefused')).toMatchObject({
      api: 'Produce',
      error: 'NOT_LEADER_OR_FOLLOWER',
      from: 'producer',
    });
  });

  test('[R3] a partition that the metadata cache does not have is UNKNOWN_TOPIC_OR_PARTITION', () => {
    const broker = newTestBroker(1);
    expect(produceNow(broker, 1)).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
  });

  test('[R3] acks that Kafka does not know are INVALID_REQUIRED_ACKS, and nothing is written', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    expect(produceNow(leader, 2)).toBe(errorCode('INVALID_REQUIRED_ACKS'));
    expect(offsets(leader).leo).toBe(0);
  });

  test('[R3] a parked produce is told NOT_LEADER_OR_FOLLOWER when the leader steps down', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    const id = produce(leader, -1);
    tellLeader(leader, { leader: 2, replicas: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    expect(produceError(leader.effects, id)).toBe(errorCode('NOT_LEADER_OR_FOLLOWER'));
  });

  test('[R3] one request for two topics: each partition has its own outcome, and the answer waits for the last', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    const topicData = [
      { name: TOPIC, partitionData: [{ index: 0, records: [testBatch(['m'])] }] },
      { name: 'nowhere', partitionData: [{ index: 0, records: [testBatch(['m'])] }] },
    ];
    const id = request(leader, 'Produce', produceRequest({ acks: -1, timeoutMs: 1000, topicData }));
    expect(responseTo(leader.effects, id, 'Produce')).toBeNull();
    followerFetch(leader, 2, 1);
    const responses = responseTo(leader.effects, id, 'Produce')?.responses;
    expect(responses?.map((topic) => [topic.name, topic.partitionResponses[0]?.errorCode])).toEqual([
      [TOPIC, 0],
      ['nowhere', errorCode('UNKNOWN_TOPIC_OR_PARTITION')],
    ]);
  });

  test('[R3] a corrupt batch is refused without a reason or an offset of its own, and nothing is written', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    const damaged = testBatch(['m']);
    damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
    const id = request(
      leader,
      'Produce',
      produceRequest({ acks: 1, timeoutMs: 1000, topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: [damaged] }] }] }),
    );
    const answer = responseTo(leader.effects, id, 'Produce')?.responses[0]?.partitionResponses[0];
    expect(answer).toMatchObject({ errorCode: errorCode('CORRUPT_MESSAGE'), errorMessage: null, recordErrors: [], logStartOffset: -1 });
    expect(offsets(leader).leo).toBe(0);
  });
});
