import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import {
  listOffsetsRequest,
  listOffsetsRequestListOffsetsPartition,
  type ListOffsetsRequestListOffsetsPartition,
} from '../../protocol/generated/list-offsets-request.ts';
import { offsetForLeaderEpochRequest } from '../../protocol/generated/offset-for-leader-epoch-request.ts';
import { followerFetch, makeFollower, makeLeader, newTestBroker, produce, request, responseTo, tellLeader, TOPIC, type TestBroker } from '../test-support.ts';

function listOffset(
  broker: TestBroker,
  timestamp: number,
  options: { replicaId?: number; fields?: Partial<ListOffsetsRequestListOffsetsPartition> } = {},
): { error: number; offset: number; epoch: number } {
  const partitions = [listOffsetsRequestListOffsetsPartition({ partitionIndex: 0, timestamp, ...options.fields })];
  const id = request(broker, 'ListOffsets', listOffsetsRequest({ replicaId: options.replicaId ?? -1, topics: [{ name: TOPIC, partitions }] }));
  const answered = responseTo(broker.effects, id, 'ListOffsets')?.topics[0]?.partitions[0];
  return { error: answered?.errorCode ?? -99, offset: answered?.offset ?? -99, epoch: answered?.leaderEpoch ?? -99 };
}

function endOfEpoch(broker: TestBroker, leaderEpoch: number, currentLeaderEpoch = -1): { error: number; epoch: number; end: number } {
  const topics = [{ topic: TOPIC, partitions: [{ partition: 0, currentLeaderEpoch, leaderEpoch }] }];
  const id = request(broker, 'OffsetForLeaderEpoch', offsetForLeaderEpochRequest({ replicaId: 2, topics }));
  const answered = responseTo(broker.effects, id, 'OffsetForLeaderEpoch')?.topics[0]?.partitions[0];
  return { error: answered?.errorCode ?? -99, epoch: answered?.leaderEpoch ?? -99, end: answered?.endOffset ?? -99 };
}

describe('ListOffsets', () => {
  test('[R16] latest is the high watermark to a consumer and the log end to a follower', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1);
    produce(leader, 1);
    followerFetch(leader, 2, 1);
    expect(listOffset(leader, -1)).toEqual({ error: 0, offset: 1, epoch: 0 });
    expect(listOffset(leader, -1, { replicaId: 2 })).toEqual({ error: 0, offset: 2, epoch: 0 });
    expect(listOffset(leader, -2)).toEqual({ error: 0, offset: 0, epoch: 0 });
  });

  test('[R16] a new leader whose high watermark is below its epoch start is OFFSET_NOT_AVAILABLE to clients until it gets there', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1);
    tellLeader(leader, { leader: 1, replicas: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    expect(listOffset(leader, -1).error).toBe(errorCode('OFFSET_NOT_AVAILABLE'));
    expect(listOffset(leader, 1).error).toBe(errorCode('OFFSET_NOT_AVAILABLE'));
    expect(listOffset(leader, -1, { replicaId: 2 })).toEqual({ error: 0, offset: 1, epoch: 1 });
    expect(listOffset(leader, -2).error).toBe(0);
    followerFetch(leader, 2, 1);
    expect(listOffset(leader, -1)).toEqual({ error: 0, offset: 1, epoch: 1 });
  });

  test('[R16] a time beyond the last record finds nothing, one before finds the first record at or after it', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    produce(leader, 1);
    expect(listOffset(leader, 1_700_000_000_000)).toMatchObject({ error: 0, offset: 0 });
    expect(listOffset(leader, 1_800_000_000_000)).toMatchObject({ error: 0, offset: -1 });
  });

  test('[R10] epochs are fenced, and only the leader answers', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { leaderEpoch: 2 });
    expect(listOffset(leader, -1, { fields: { currentLeaderEpoch: 1 } }).error).toBe(errorCode('FENCED_LEADER_EPOCH'));
    expect(listOffset(leader, -1, { fields: { currentLeaderEpoch: 3 } }).error).toBe(errorCode('UNKNOWN_LEADER_EPOCH'));
    const follower = newTestBroker(1);
    makeFollower(follower, 2, [1, 2]);
    expect(listOffset(follower, -1).error).toBe(errorCode('NOT_LEADER_OR_FOLLOWER'));
    expect(listOffset(newTestBroker(1), -1).error).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
  });
});

describe('OffsetForLeaderEpoch', () => {
  test('[R16] the end of an epoch is the start of the next one, that of the latest the log end', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1]);
    produce(leader, 1);
    tellLeader(leader, { leader: 1, replicas: [1], leaderEpoch: 4, partitionEpoch: 1 });
    produce(leader, 1);
    expect(endOfEpoch(leader, 0)).toEqual({ error: 0, epoch: 0, end: 1 });
    expect(endOfEpoch(leader, 2)).toEqual({ error: 0, epoch: 0, end: 1 });
    expect(endOfEpoch(leader, 4)).toEqual({ error: 0, epoch: 4, end: 2 });
    expect(endOfEpoch(leader, 7)).toEqual({ error: 0, epoch: -1, end: -1 });
    expect(endOfEpoch(leader, 0, 3).error).toBe(errorCode('FENCED_LEADER_EPOCH'));
  });

  test('[R16] a follower does not answer', () => {
    const follower = newTestBroker(1);
    makeFollower(follower, 2, [1, 2]);
    expect(endOfEpoch(follower, 0).error).toBe(errorCode('NOT_LEADER_OR_FOLLOWER'));
  });
});
