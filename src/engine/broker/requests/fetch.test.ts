import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import { fetchRequest, fetchRequestFetchPartition } from '../../protocol/generated/fetch-request.ts';
import {
  advance,
  consumerFetch,
  fetched,
  followerFetch,
  makeFollower,
  makeLeader,
  newTestBroker,
  offsets,
  produce,
  request,
  responseTo,
  tellLeader,
  tellMetadata,
  thePartition,
  TOPIC,
  TOPIC_ID,
} from '../test-support.ts';

describe('parked fetches', () => {
  test('[R9] a fetch with nothing to read is parked for its wait and then answered empty', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    const id = consumerFetch(leader, 0, {}, 300);
    expect(fetched(leader.effects, id)).toBeNull();
    expect(leader.state.delayedFetch.operations.length).toBe(1);
    expect(fetched(advance(leader, 299), id)).toBeNull();
    expect(fetched(advance(leader, 1), id)).toMatchObject({ error: 0, records: 0 });
    expect(leader.state.delayedFetch.operations).toEqual([]);
  });

  test('[R9] without a wait it is answered at once', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    const id = consumerFetch(leader, 0, {}, 0);
    expect(fetched(leader.effects, id)).toMatchObject({ error: 0, records: 0 });
  });

  test('[R9] minBytes: it waits until that much has come together', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    const id = consumerFetch(leader, 0, {}, 10_000, 150);
    produce(leader, 1, ['a']);
    expect(fetched(leader.effects, id)).toBeNull();
    produce(leader, 1, ['b']);
    produce(leader, 1, ['c']);
    expect(fetched(leader.effects, id)).toMatchObject({ records: 3 });
  });

  test('[R9] an append completes a parked follower, an advance of the high watermark does not', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2, 3]);
    followerFetch(leader, 2, 0);
    produce(leader, 1);
    const two = followerFetch(leader, 2, 1);
    followerFetch(leader, 3, 1);
    expect(offsets(leader).hw).toBe(1);
    expect(fetched(leader.effects, two)).toBeNull();
    produce(leader, 1);
    expect(fetched(leader.effects, two)).toMatchObject({ records: 1, hw: 1 });
  });

  test('[R9] a parked follower is told at once when the leader steps down', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    const id = followerFetch(leader, 2, 0);
    tellLeader(leader, { leader: 2, replicas: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    expect(fetched(leader.effects, id)).toMatchObject({ error: errorCode('FENCED_LEADER_EPOCH') });
  });

  test('[R9] a consumer beyond the high watermark gets nothing at once', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1);
    const id = consumerFetch(leader, 1);
    expect(fetched(leader.effects, id)).toMatchObject({ error: 0, records: 0, hw: 0 });
  });

  test('[R9] consumers see no further than the high watermark', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1);
    produce(leader, 1);
    followerFetch(leader, 2, 1);
    const id = consumerFetch(leader, 0);
    expect(fetched(leader.effects, id)).toMatchObject({ records: 1, hw: 1 });
  });
});

describe('fencing', () => {
  test('[R10] an older epoch is FENCED_LEADER_EPOCH, a newer one UNKNOWN_LEADER_EPOCH', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { leaderEpoch: 3 });
    const older = followerFetch(leader, 2, 0, { currentLeaderEpoch: 2 });
    expect(fetched(leader.effects, older)).toMatchObject({ error: errorCode('FENCED_LEADER_EPOCH') });
    const newer = followerFetch(leader, 2, 0, { currentLeaderEpoch: 4 });
    expect(fetched(leader.effects, newer)).toMatchObject({ error: errorCode('UNKNOWN_LEADER_EPOCH') });
  });

  test('[R10] a follower answers a follower NOT_LEADER_OR_FOLLOWER, but serves a consumer up to its own high watermark', () => {
    const follower = newTestBroker(1);
    makeFollower(follower, 2, [1, 2, 3]);
    const other = followerFetch(follower, 3, 0);
    expect(fetched(follower.effects, other)).toMatchObject({ error: errorCode('NOT_LEADER_OR_FOLLOWER') });
    const consumer = consumerFetch(follower, 0, {}, 0);
    expect(fetched(follower.effects, consumer)).toMatchObject({ error: 0, records: 0, hw: 0 });
  });

  test('[R10] a replica that is not assigned is UNKNOWN_LEADER_EPOCH although the epoch agrees', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    const id = followerFetch(leader, 7, 0);
    expect(fetched(leader.effects, id)).toMatchObject({ error: errorCode('UNKNOWN_LEADER_EPOCH') });
  });

  test('[R10] an unknown topic id and an unknown partition', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    const partition = fetchRequestFetchPartition({ partition: 0, partitionMaxBytes: 1000 });
    const unknownId = request(
      leader,
      'Fetch',
      fetchRequest({ maxWaitMs: 500, minBytes: 1, topics: [{ topic: '', topicId: 'f'.repeat(32), partitions: [partition] }] }),
    );
    expect(fetched(leader.effects, unknownId)).toMatchObject({ error: errorCode('UNKNOWN_TOPIC_ID') });
    const unknownPartition = consumerFetch(leader, 0, { partition: 9 });
    expect(fetched(leader.effects, unknownPartition)).toMatchObject({ error: errorCode('UNKNOWN_TOPIC_OR_PARTITION') });
  });

  test('[R10] offsets outside the log are OFFSET_OUT_OF_RANGE', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    const id = consumerFetch(leader, 5);
    expect(fetched(leader.effects, id)).toMatchObject({ error: errorCode('OFFSET_OUT_OF_RANGE') });
  });
});

describe('diverging epochs', () => {
  test('[R12] a follower whose log parts is told where, without data, and nothing of it is recorded', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1);
    tellLeader(leader, { leader: 1, replicas: [1, 2], leaderEpoch: 2, partitionEpoch: 1 });
    const id = followerFetch(leader, 2, 3, { lastFetchedEpoch: 1 });
    expect(fetched(leader.effects, id)).toMatchObject({ error: 0, records: 0, diverging: { epoch: 0, endOffset: 1 } });
    const { role } = thePartition(leader);
    expect(role.kind === 'leader' ? role.followers[0]?.logEndOffset : null).toBe(-1);
  });

  test('[R12] an epoch that the leader cannot place is OFFSET_OUT_OF_RANGE', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    const id = followerFetch(leader, 2, 0, { lastFetchedEpoch: 9 });
    expect(fetched(leader.effects, id)).toMatchObject({ error: errorCode('OFFSET_OUT_OF_RANGE') });
  });
});

describe('limits', () => {
  test('[R9] the first batch may exceed the limit, the second may not', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    produce(leader, 1, ['a']);
    produce(leader, 1, ['b']);
    const id = consumerFetch(leader, 0, { partitionMaxBytes: 1 });
    expect(fetched(leader.effects, id)).toMatchObject({ records: 1 });
  });

  test('[R9] several partitions: what one partition cannot answer does not hold up the answer of another', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    tellMetadata(leader, [1], { partitionIndex: 1, leader: 2, leaderEpoch: 0, isr: [2], replicas: [2] });
    produce(leader, 1);
    const partitions = [0, 1].map((partition) => fetchRequestFetchPartition({ partition, partitionMaxBytes: 1000 }));
    const id = request(
      leader,
      'Fetch',
      fetchRequest({ maxWaitMs: 500, minBytes: 1, maxBytes: 1000, topics: [{ topic: TOPIC, topicId: TOPIC_ID, partitions }] }),
    );
    const answered = responseTo(leader.effects, id, 'Fetch')?.responses[0]?.partitions;
    expect(answered?.map((each) => [each.partitionIndex, each.errorCode, each.records?.length])).toEqual([
      [0, 0, 1],
      [1, errorCode('NOT_LEADER_OR_FOLLOWER'), 0],
    ]);
  });
});
