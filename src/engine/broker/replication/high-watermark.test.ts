import { describe, expect, test } from 'vitest';
import { advance, consumerFetch, fetched, followerFetch, makeLeader, newTestBroker, offsets, produce, produceError } from '../test-support.ts';

describe('high watermark of a leader', () => {
  test('[R4] moves with the slowest member of the ISR, which tells its end by its next fetch', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2, 3]);
    followerFetch(leader, 2, 0);
    followerFetch(leader, 3, 0);
    produce(leader, 1);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 0 });
    followerFetch(leader, 2, 1);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 0 });
    followerFetch(leader, 3, 1);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 1 });
  });

  test('[R4] stays put at a new leader until every ISR member has fetched once', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 0 });
    followerFetch(leader, 2, 1);
    expect(offsets(leader).hw).toBe(1);
  });

  test('[R4] follows the end at once when the leader is alone in the ISR', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { isr: [1] });
    produce(leader, 1);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 1 });
  });

  test('[R4] is frozen below the effective min ISR, whatever the acks', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { isr: [1] }, { 'min.insync.replicas': '2' });
    const id = produce(leader, 1);
    expect(produceError(leader.effects, id)).toBe(0);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 0 });
  });

  test('[R4] min.insync.replicas above the number of replicas counts as that number', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1], { isr: [1] }, { 'min.insync.replicas': '3' });
    produce(leader, -1);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 1 });
  });

  test('[R4] waits for a replica outside the ISR that is caught up, so that it can get in', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2], { isr: [1] });
    produce(leader, 1);
    followerFetch(leader, 2, 1);
    produce(leader, 1);
    expect(offsets(leader)).toEqual({ leo: 2, hw: 1 });
    advance(leader, 31_000);
    produce(leader, 1);
    // The replica was let go by the ISR request still pending: the maximal ISR holds the high watermark.
    expect(offsets(leader).hw).toBe(1);
  });
});

describe('one round trip, step by step', () => {
  test('[R5] the worked example: a follower learns the high watermark one fetch later', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    // 1: the follower parks Fetch(0).
    const first = followerFetch(leader, 2, 0);
    expect(fetched(leader.effects, first)).toBeNull();
    // 2: an append with acks=all completes the parked fetch; the answer carries high watermark 0.
    const produced = produce(leader, -1);
    expect(fetched(leader.effects, first)).toMatchObject({ error: 0, records: 1, hw: 0 });
    expect(produceError(leader.effects, produced)).toBeNull();
    expect(offsets(leader)).toEqual({ leo: 1, hw: 0 });
    // 4: Fetch(1) tells that the follower has it: high watermark 1, producer acknowledged, this fetch parks.
    const second = followerFetch(leader, 2, 1);
    expect(offsets(leader)).toEqual({ leo: 1, hw: 1 });
    expect(produceError(leader.effects, produced)).toBe(0);
    expect(fetched(leader.effects, second)).toBeNull();
    // 5: only the end of its wait brings the follower high watermark 1.
    expect(fetched(advance(leader, 499), second)).toBeNull();
    expect(fetched(advance(leader, 1), second)).toMatchObject({ error: 0, records: 0, hw: 1 });
  });

  test('[R5] with data at hand the answer goes at once and carries the high watermark from before the fetch', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    produce(leader, 1);
    produce(leader, 1);
    const id = followerFetch(leader, 2, 1);
    expect(fetched(leader.effects, id)).toMatchObject({ records: 1, hw: 0 });
    expect(offsets(leader)).toEqual({ leo: 2, hw: 1 });
  });

  test('[R5] a parked consumer is served when the high watermark moves', () => {
    const leader = newTestBroker(1);
    makeLeader(leader, [1, 2]);
    followerFetch(leader, 2, 0);
    const consumer = consumerFetch(leader, 0);
    produce(leader, 1);
    expect(fetched(leader.effects, consumer)).toBeNull();
    followerFetch(leader, 2, 1);
    expect(fetched(leader.effects, consumer)).toMatchObject({ error: 0, records: 1, hw: 1 });
  });
});
