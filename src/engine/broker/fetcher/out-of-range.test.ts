import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import {
  fetchResponse,
  fetchResponseFetchableTopicResponse,
  fetchResponsePartitionData,
  type FetchResponsePartitionData,
} from '../../protocol/generated/fetch-response.ts';
import { listOffsetsResponse, listOffsetsResponseListOffsetsPartitionResponse } from '../../protocol/generated/list-offsets-response.ts';
import type { RequestFrame } from '../../protocol/wire.ts';
import {
  acceptConnection,
  advance,
  answer,
  connects,
  makeFollower,
  newTestBroker,
  offsets,
  sentRequests,
  testBatch,
  thePartition,
  TOPIC,
  TOPIC_ID,
  type OpenConnection,
  type TestBroker,
} from '../test-support.ts';
import { getFetcher } from './fetcher-state.ts';

interface Following {
  readonly follower: TestBroker;
  readonly to: OpenConnection;
  /** The request of the follower that waits for an answer. */
  sent: RequestFrame;
}

/** Follower 1 of leader 2 whose first fetch is on the wire. */
function startFollowing(): Following {
  const follower = newTestBroker(1);
  makeFollower(follower, 2, [1, 2]);
  const to = connects(follower.effects)[0];
  if (to === undefined) throw new Error('a connection to the leader expected');
  const sent = sentRequests(acceptConnection(follower, to))[0]?.frame;
  if (sent === undefined) throw new Error('a fetch expected');
  return { follower, to, sent };
}

function takeSent(following: Following): RequestFrame | null {
  const sent = sentRequests(following.follower.effects)[0]?.frame ?? null;
  if (sent !== null) following.sent = sent;
  return sent;
}

function answerFetch(following: Following, fields: Partial<FetchResponsePartitionData>): void {
  const partitions = [fetchResponsePartitionData({ highWatermark: 0, logStartOffset: 0, ...fields })];
  answer(
    following.follower,
    following.to,
    following.sent,
    'Fetch',
    fetchResponse({ responses: [fetchResponseFetchableTopicResponse({ topicId: TOPIC_ID, partitions })] }),
  );
  takeSent(following);
}

function answerOffset(following: Following, offset: number, error = 0): void {
  const partitions = [listOffsetsResponseListOffsetsPartitionResponse({ offset, errorCode: error, leaderEpoch: 0 })];
  answer(following.follower, following.to, following.sent, 'ListOffsets', listOffsetsResponse({ topics: [{ name: TOPIC, partitions }] }));
  takeSent(following);
}

/** Three records of epoch 0 copied, and the next fetch on the wire. */
function withThreeRecords(): Following {
  const following = startFollowing();
  const records = [0, 1, 2].map((baseOffset) => testBatch(['m'], { baseOffset, partitionLeaderEpoch: 0 }));
  answerFetch(following, { records, highWatermark: 3 });
  expect(offsets(following.follower)).toEqual({ leo: 3, hw: 3 });
  return following;
}

function fetchOffset(sent: RequestFrame): number | null {
  return sent.api === 'Fetch' ? (sent.body.topics[0]?.partitions[0]?.fetchOffset ?? null) : null;
}

describe('OFFSET_OUT_OF_RANGE at a follower', () => {
  const outOfRange = { errorCode: errorCode('OFFSET_OUT_OF_RANGE'), highWatermark: -1 };

  test('[R13] the leader ends below: cut to its end and go on from there', () => {
    const following = withThreeRecords();
    answerFetch(following, outOfRange);
    expect(following.sent).toMatchObject({
      api: 'ListOffsets',
      body: { replicaId: 1, topics: [{ name: TOPIC, partitions: [{ timestamp: -1, currentLeaderEpoch: 0 }] }] },
    });
    answerOffset(following, 1);
    expect(offsets(following.follower)).toEqual({ leo: 1, hw: 1 });
    expect(fetchOffset(following.sent)).toBe(1);
    expect(following.follower.traces.find((event) => event.type === 'LogTruncated')).toMatchObject({ from: 3, to: 1, reason: 'outOfRange' });
  });

  test('[R13] the leader starts above: nothing of the log is of use, it restarts at the leader start', () => {
    const following = withThreeRecords();
    answerFetch(following, outOfRange);
    answerOffset(following, 20);
    expect(following.sent).toMatchObject({ api: 'ListOffsets', body: { topics: [{ partitions: [{ timestamp: -2 }] }] } });
    answerOffset(following, 10);
    expect(thePartition(following.follower).log).toMatchObject({ logStartOffset: 10, logEndOffset: 10, highWatermark: 10 });
    expect(fetchOffset(following.sent)).toBe(10);
  });

  test('[R13] the leader has caught up meanwhile: the log is kept', () => {
    const following = withThreeRecords();
    answerFetch(following, outOfRange);
    answerOffset(following, 5);
    answerOffset(following, 0);
    expect(offsets(following.follower)).toEqual({ leo: 3, hw: 3 });
    expect(fetchOffset(following.sent)).toBe(3);
  });

  test('[R13] an error of the question makes the partition sit out a back-off', () => {
    const following = withThreeRecords();
    answerFetch(following, outOfRange);
    answerOffset(following, -1, errorCode('NOT_LEADER_OR_FOLLOWER'));
    expect(sentRequests(following.follower.effects)).toEqual([]);
    expect(sentRequests(advance(following.follower, 999))).toEqual([]);
    expect(sentRequests(advance(following.follower, 1)).map((each) => each.frame.api)).toEqual(['Fetch']);
  });
});

describe('answers of a fetch', () => {
  test('[R11] data that does not start at the end of the log, or is out of order, fails the partition', () => {
    const following = withThreeRecords();
    answerFetch(following, { records: [testBatch(['x'], { baseOffset: 1, partitionLeaderEpoch: 0 })] });
    expect(following.follower.state.failedPartitions).toEqual(['orders-0']);
    expect(getFetcher(following.follower.state, 2)?.partitions).toEqual([]);
    expect(offsets(following.follower).leo).toBe(3);
  });

  test('[R11] a damaged batch is asked for again after a back-off', () => {
    const following = withThreeRecords();
    const damaged = testBatch(['x'], { baseOffset: 3, partitionLeaderEpoch: 0 });
    damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
    answerFetch(following, { records: [damaged] });
    expect(offsets(following.follower).leo).toBe(3);
    expect(sentRequests(advance(following.follower, 1000)).map((each) => fetchOffset(each.frame))).toEqual([3]);
  });

  test('[R11] the follower takes the high watermark of the leader as far as its own log goes, also backwards', () => {
    const following = withThreeRecords();
    answerFetch(following, { records: [testBatch(['x'], { baseOffset: 3, partitionLeaderEpoch: 0 })], highWatermark: 9 });
    expect(offsets(following.follower)).toEqual({ leo: 4, hw: 4 });
    answerFetch(following, { highWatermark: 2 });
    expect(offsets(following.follower)).toEqual({ leo: 4, hw: 2 });
  });

  test('[R11] a diverging epoch cuts the log and leaves the high watermark to the next answer', () => {
    const following = withThreeRecords();
    answerFetch(following, { divergingEpoch: { epoch: 0, endOffset: 2 }, highWatermark: 9 });
    expect(offsets(following.follower)).toEqual({ leo: 2, hw: 2 });
    expect(fetchOffset(following.sent)).toBe(2);
  });

  test('[R11] the fetch names the last epoch fetched and this replica', () => {
    const following = withThreeRecords();
    expect(following.sent).toMatchObject({
      api: 'Fetch',
      clientId: 'broker-1-fetcher-0',
      body: {
        replicaState: { replicaId: 1, replicaEpoch: 101 },
        maxWaitMs: 500,
        minBytes: 1,
        sessionId: 0,
        sessionEpoch: -1,
        topics: [{ topicId: TOPIC_ID, partitions: [{ fetchOffset: 3, lastFetchedEpoch: 0, currentLeaderEpoch: 0, logStartOffset: 0 }] }],
      },
    });
  });
});
