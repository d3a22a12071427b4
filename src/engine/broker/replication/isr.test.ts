import { describe, expect, test } from 'vitest';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import {
  alterPartitionResponse,
  alterPartitionResponsePartitionData,
  alterPartitionResponseTopicData,
  type AlterPartitionResponsePartitionData,
} from '../../protocol/generated/alter-partition-response.ts';
import { apiVersionsResponse } from '../../protocol/generated/api-versions-response.ts';
import type { RequestFrame, RequestFrameOf } from '../../protocol/wire.ts';
import {
  acceptConnection,
  advance,
  answer,
  connects,
  followerFetch,
  leaderRole,
  makeLeader,
  newTestBroker,
  offsets,
  produce,
  produceError,
  sentRequests,
  tellLeader,
  tellMetadata,
  thePartition,
  TOPIC_ID,
  type OpenConnection,
  type TestBroker,
} from '../test-support.ts';

/** Lets the connection to the controller come up and returns the AlterPartition request that goes out on it. */
function openToController(broker: TestBroker): { to: OpenConnection; sent: RequestFrameOf<'AlterPartition'> } {
  const to = connects(broker.effects).find((each) => each.owner === 'alter-partition');
  if (to === undefined) throw new Error('a connection to the controller expected');
  const [versions] = sentRequests(acceptConnection(broker, to));
  if (versions === undefined) throw new Error('ApiVersions expected');
  return { to, sent: alterPartitionIn(answer(broker, to, versions.frame, 'ApiVersions', apiVersionsResponse())) };
}

function alterPartitionIn(effects: Parameters<typeof sentRequests>[0]): RequestFrameOf<'AlterPartition'> {
  const frame: RequestFrame | undefined = sentRequests(effects)[0]?.frame;
  if (frame?.api !== 'AlterPartition') throw new Error(`AlterPartition expected, got ${frame?.api ?? 'nothing'}`);
  return frame;
}

function confirm(broker: TestBroker, to: OpenConnection, sent: RequestFrame, fields: Partial<AlterPartitionResponsePartitionData>): void {
  const partition = alterPartitionResponsePartitionData({ leaderId: 1, ...fields });
  answer(
    broker,
    to,
    sent,
    'AlterPartition',
    alterPartitionResponse({ topics: [alterPartitionResponseTopicData({ topicId: TOPIC_ID, partitions: [partition] })] }),
  );
}

function refuse(broker: TestBroker, to: OpenConnection, sent: RequestFrame, error: ErrorName): void {
  confirm(broker, to, sent, { errorCode: errorCode(error) });
}

function isrAsked(sent: RequestFrameOf<'AlterPartition'>): readonly number[] {
  return sent.body.topics[0]?.partitions[0]?.newIsrWithEpochs.map((each) => each.brokerId) ?? [];
}

/** A leader whose follower 2 has fetched up to the end and then fell silent while records went on coming. */
function leaderWithSilentFollower(configs: Readonly<Record<string, string>> = {}): TestBroker {
  const leader = newTestBroker(1, { 'replica.lag.time.max.ms': '10000', ...configs });
  makeLeader(leader, [1, 2]);
  followerFetch(leader, 2, 0);
  produce(leader, 1);
  return leader;
}

describe('ISR shrink', () => {
  test('[R6] a follower behind the end leaves between one and one and a half times replica.lag.time.max.ms', () => {
    const leader = leaderWithSilentFollower();
    advance(leader, 10_000);
    expect(leaderRole(leader).pendingIsr).toBeNull();
    advance(leader, 5_000);
    expect(leaderRole(leader).pendingIsr).toMatchObject({ change: 'shrink', replicas: [2], isr: [1] });
    expect(leader.traces.filter((event) => event.type === 'IsrChangeRequested')).toHaveLength(1);
  });

  test('[R6] a silent follower that has everything is never removed by the leader', () => {
    const leader = newTestBroker(1, { 'replica.lag.time.max.ms': '10000' });
    makeLeader(leader, [1, 2]);
    followerFetch(leader, 2, 0);
    advance(leader, 120_000);
    expect(leaderRole(leader)).toMatchObject({ committedIsr: [1, 2], pendingIsr: null });
  });

  test('[R6] while a shrink is pending the leaving replica still counts; once confirmed the high watermark goes on and acks=all is answered', () => {
    const leader = leaderWithSilentFollower();
    const parked = produce(leader, -1);
    advance(leader, 15_000);
    const { to, sent } = openToController(leader);
    expect(isrAsked(sent)).toEqual([1]);
    expect(offsets(leader)).toEqual({ leo: 2, hw: 0 });
    confirm(leader, to, sent, { isr: [1], leaderEpoch: 0, partitionEpoch: 1 });
    expect(leaderRole(leader)).toMatchObject({ committedIsr: [1], pendingIsr: null });
    expect(offsets(leader)).toEqual({ leo: 2, hw: 2 });
    expect(produceError(leader.effects, parked)).toBe(0);
    expect(leader.traces.find((event) => event.type === 'IsrShrunk')).toMatchObject({ isr: [1], removed: [2], partitionEpoch: 1 });
  });

  test('[R6] below min.insync.replicas the confirmed shrink moves nothing, and acks=all times out with its record in the log', () => {
    const leader = newTestBroker(1, { 'replica.lag.time.max.ms': '10000' });
    makeLeader(leader, [1, 2], {}, { 'min.insync.replicas': '2' });
    followerFetch(leader, 2, 0);
    const parked = produce(leader, -1, ['m'], 20_000);
    advance(leader, 15_000);
    const { to, sent } = openToController(leader);
    confirm(leader, to, sent, { isr: [1], leaderEpoch: 0, partitionEpoch: 1 });
    expect(offsets(leader)).toEqual({ leo: 1, hw: 0 });
    expect(produceError(leader.effects, parked)).toBeNull();
    const late = advance(leader, 6_000);
    expect(produceError(late, parked)).toBe(errorCode('REQUEST_TIMED_OUT'));
    expect(offsets(leader).leo).toBe(1);
  });
});

describe('ISR expansion', () => {
  function leaderAlone(): TestBroker {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2, 3], { isr: [1] });
    produce(leader, 1);
    return leader;
  }

  test('[R7] a replica at the high watermark and the epoch start joins, last in the order', () => {
    const leader = leaderAlone();
    followerFetch(leader, 3, 1);
    const { to, sent } = openToController(leader);
    expect(isrAsked(sent)).toEqual([1, 3]);
    confirm(leader, to, sent, { isr: [1, 3], leaderEpoch: 0, partitionEpoch: 1 });
    followerFetch(leader, 2, 1);
    const next = alterPartitionIn(leader.effects);
    expect(isrAsked(next)).toEqual([1, 3, 2]);
  });

  test('[R7] a replica below the high watermark stays out', () => {
    const leader = leaderAlone();
    followerFetch(leader, 2, 0);
    expect(leaderRole(leader).pendingIsr).toBeNull();
  });

  test('[R7] a replica below the start of the leader epoch stays out although the high watermark is lower', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2, 3], { isr: [1, 2] });
    produce(leader, 1);
    produce(leader, 1);
    // The same broker leads again in epoch 1, its high watermark still 0: the epoch starts at 2.
    tellLeader(leader, { leader: 1, replicas: [1, 2, 3], isr: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    followerFetch(leader, 3, 1);
    expect(leaderRole(leader)).toMatchObject({ epochStartOffset: 2, pendingIsr: null });
    followerFetch(leader, 3, 2);
    expect(leaderRole(leader).pendingIsr).toMatchObject({ change: 'expand', replicas: [3] });
  });

  test('[R7] a replica whose broker is not alive stays out', () => {
    const leader = leaderAlone();
    tellMetadata(leader, [1, 3]);
    followerFetch(leader, 2, 1);
    expect(leaderRole(leader).pendingIsr).toBeNull();
  });

  test('[R7] from the moment of the request the high watermark waits for the newcomer', () => {
    const leader = leaderAlone();
    followerFetch(leader, 2, 1);
    produce(leader, 1);
    advance(leader, 60_000);
    expect(offsets(leader)).toEqual({ leo: 2, hw: 1 });
  });
});

describe('AlterPartition', () => {
  test('[R8] one request is in flight; what comes meanwhile travels in the next', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2, 3], { isr: [1] });
    produce(leader, 1);
    followerFetch(leader, 2, 1);
    const { to, sent } = openToController(leader);
    followerFetch(leader, 3, 1);
    expect(sentRequests(leader.effects)).toEqual([]);
    confirm(leader, to, sent, { isr: [1, 2], leaderEpoch: 0, partitionEpoch: 1 });
    // The third replica asks again with its next fetch.
    followerFetch(leader, 3, 1);
    expect(isrAsked(alterPartitionIn(leader.effects))).toEqual([1, 2, 3]);
  });

  test('[R8] a top-level error is tried again after 50 ms', () => {
    const leader = leaderWithSilentFollower();
    advance(leader, 15_000);
    const { to, sent } = openToController(leader);
    answer(leader, to, sent, 'AlterPartition', alterPartitionResponse({ errorCode: errorCode('STALE_BROKER_EPOCH') }));
    expect(sentRequests(advance(leader, 49))).toEqual([]);
    expect(isrAsked(alterPartitionIn(advance(leader, 1)))).toEqual([1]);
  });

  test('[R8] NOT_CONTROLLER and a lost connection send the same request to the controller of the moment', () => {
    const leader = leaderWithSilentFollower();
    advance(leader, 15_000);
    const { to, sent } = openToController(leader);
    answer(leader, to, sent, 'AlterPartition', alterPartitionResponse({ errorCode: errorCode('NOT_CONTROLLER') }));
    const again = advance(leader, 100);
    expect(connects(again)).toMatchObject([{ owner: 'alter-partition', host: 'b1' }]);
    expect(leaderRole(leader).pendingIsr).not.toBeNull();
  });

  test('[R8] NOT_CONTROLLER of one partition says so of the whole request: another connection, and no partition is told', () => {
    const leader = leaderWithSilentFollower();
    advance(leader, 15_000);
    const { to, sent } = openToController(leader);
    refuse(leader, to, sent, 'NOT_CONTROLLER');
    expect(leader.effects.filter((effect) => effect.type === 'trace' && effect.event.type === 'IsrChangeRefused')).toEqual([]);
    expect(connects(advance(leader, 100))).toMatchObject([{ owner: 'alter-partition', host: 'b1' }]);
  });

  test('[R8] INELIGIBLE_REPLICA goes back to the committed ISR', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { isr: [1] });
    followerFetch(leader, 2, 0);
    const { to, sent } = openToController(leader);
    refuse(leader, to, sent, 'INELIGIBLE_REPLICA');
    expect(leaderRole(leader)).toMatchObject({ committedIsr: [1], pendingIsr: null });
    expect(leader.traces.find((event) => event.type === 'IsrChangeRefused')).toMatchObject({ error: 'INELIGIBLE_REPLICA' });
  });

  test.each<ErrorName>(['FENCED_LEADER_EPOCH', 'INVALID_UPDATE_VERSION', 'INVALID_REQUEST', 'UNKNOWN_TOPIC_OR_PARTITION'])(
    '[R8] %s stays pending until LeaderAndIsr brings news',
    (error) => {
      const leader = leaderWithSilentFollower();
      advance(leader, 15_000);
      const { to, sent } = openToController(leader);
      refuse(leader, to, sent, error);
      expect(leaderRole(leader).pendingIsr).not.toBeNull();
      expect(sentRequests(leader.effects)).toEqual([]);
      tellLeader(leader, { leader: 1, replicas: [1, 2], isr: [1], leaderEpoch: 1, partitionEpoch: 3 });
      expect(leaderRole(leader)).toMatchObject({ committedIsr: [1], pendingIsr: null });
    },
  );

  test('[R8] any other error of the partition is tried again', () => {
    const leader = leaderWithSilentFollower();
    advance(leader, 15_000);
    const { to, sent } = openToController(leader);
    refuse(leader, to, sent, 'UNKNOWN_SERVER_ERROR');
    expect(isrAsked(alterPartitionIn(leader.effects))).toEqual([1]);
  });

  test('[R8] an answer to an earlier epoch is dropped', () => {
    const leader = leaderWithSilentFollower();
    advance(leader, 15_000);
    const { to, sent } = openToController(leader);
    tellLeader(leader, { leader: 1, replicas: [1, 2], isr: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    confirm(leader, to, sent, { isr: [1], leaderEpoch: 0, partitionEpoch: 1 });
    expect(leaderRole(leader).committedIsr).toEqual([1, 2]);
    expect(thePartition(leader)).toMatchObject({ leaderEpoch: 1, partitionEpoch: 1 });
  });

  test('[R8] without a known controller it asks its metadata cache every 100 ms', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { isr: [1] });
    leader.state = { ...leader.state, metadata: { ...leader.state.metadata, controllerId: -1 } };
    followerFetch(leader, 2, 0);
    expect(connects(leader.effects)).toEqual([]);
    leader.state = { ...leader.state, metadata: { ...leader.state.metadata, controllerId: 2 } };
    expect(connects(advance(leader, 100))).toMatchObject([{ owner: 'alter-partition', host: 'b2' }]);
  });
});
