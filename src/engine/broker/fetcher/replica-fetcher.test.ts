import { describe, expect, test } from 'vitest';
import { act, bringUp, brokerOf, elect, newTestCluster, run, takeDown, tellState, values, type TestCluster } from '../test-cluster.ts';
import { leaderRole, offsets, produce, produceError, request, tellLeader, thePartition, TOPIC, type TestBroker } from '../test-support.ts';
import { getFetcher } from './fetcher-state.ts';

const LAG = { 'replica.lag.time.max.ms': '10000' };

function send(cluster: TestCluster, leader: number, value: string, acks = 1): { requestId: number } {
  let requestId = -1;
  act(cluster, leader, (broker) => (requestId = produce(broker, acks, [value])));
  return { requestId };
}

function truncations(broker: TestBroker): readonly unknown[] {
  return broker.traces.filter((event) => event.type === 'LogTruncated').map((event) => [event.from, event.to, event.reason]);
}

describe('copying', () => {
  test('[R11] a follower that starts within a batch, as the records before were deleted, begins with that batch', () => {
    const cluster = newTestCluster([1, 2]);
    takeDown(cluster, 2);
    elect(cluster, 1, [1], [1]);
    act(cluster, 1, (broker) => produce(broker, 1, ['a', 'b', 'c', 'd']));
    act(cluster, 1, (broker) =>
      request(broker, 'DeleteRecords', { topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: 2 }] }], timeoutMs: 1000 }),
    );
    bringUp(cluster, 2);
    tellState(cluster, [1, 2]);
    run(cluster, 5000);
    send(cluster, 1, 'e');
    run(cluster, 5000);
    const follower = thePartition(brokerOf(cluster, 2)).log;
    expect([follower.logStartOffset, follower.logEndOffset, follower.highWatermark]).toEqual([2, 5, 5]);
    expect(getFetcher(brokerOf(cluster, 2).state, 1)).not.toBeNull();
  });

  test('[R11] followers copy batch by batch and take over the high watermark one fetch later', () => {
    const cluster = newTestCluster([1, 2, 3]);
    elect(cluster, 1, [1, 2, 3]);
    run(cluster, 1500);
    send(cluster, 1, 'a');
    expect(values(brokerOf(cluster, 2))).toEqual(['a/0']);
    expect(offsets(brokerOf(cluster, 1))).toEqual({ leo: 1, hw: 1 });
    expect(offsets(brokerOf(cluster, 2))).toEqual({ leo: 1, hw: 0 });
    run(cluster, 500);
    expect(offsets(brokerOf(cluster, 2))).toEqual({ leo: 1, hw: 1 });
  });

  test('[R11] acks=all is answered as soon as every ISR member has fetched beyond the record', () => {
    const cluster = newTestCluster([1, 2, 3]);
    elect(cluster, 1, [1, 2, 3]);
    run(cluster, 1500);
    const leader = brokerOf(cluster, 1);
    let answered: number | null = null;
    act(cluster, 1, (broker) => produce(broker, -1, ['a']));
    for (const event of leader.traces) if (event.type === 'HighWatermarkAdvanced') answered = event.highWatermark;
    expect(answered).toBe(1);
    expect(leader.state.delayedProduce.operations.length).toBe(0);
  });

  test('[R11] a follower that hears of a topic before its leader does waits a back-off of one second', () => {
    const cluster = newTestCluster([1, 2]);
    elect(cluster, 1, [1, 2], [2]);
    const follower = brokerOf(cluster, 2);
    expect(getFetcher(follower.state, 1)?.partitions[0]?.delayedUntilUs).toBe(follower.nowUs + 1_000_000);
    tellState(cluster, [1]);
    send(cluster, 1, 'a');
    run(cluster, 990);
    expect(values(follower)).toEqual([]);
    run(cluster, 20);
    expect(values(follower)).toEqual(['a/0']);
  });

  test('[R11] with a dead leader a follower tries again every second until LeaderAndIsr moves it', () => {
    const cluster = newTestCluster([1, 2, 3]);
    elect(cluster, 1, [1, 2, 3]);
    run(cluster, 1500);
    takeDown(cluster, 1);
    const follower = brokerOf(cluster, 2);
    run(cluster, 3500);
    expect(getFetcher(follower.state, 1)?.partitions[0]?.delayedUntilUs).toBeGreaterThan(follower.nowUs - 1_000_000);
    elect(cluster, 3, [2, 3]);
    run(cluster, 1500);
    expect(getFetcher(follower.state, 1)).toBeNull();
    expect(getFetcher(follower.state, 3)?.partitions.map((each) => each.key)).toEqual(['orders-0']);
  });

  test('[R11] a fetcher without partitions ends, with its connection', () => {
    const cluster = newTestCluster([1, 2]);
    elect(cluster, 1, [1, 2]);
    run(cluster, 1500);
    elect(cluster, 2, [1, 2]);
    expect(getFetcher(brokerOf(cluster, 2).state, 1)).toBeNull();
    expect([...cluster.links.values()].filter((link) => link.owner === 'fetcher-1')).toEqual([]);
  });

  test('[R11] a follower fenced in its own epoch stops until LeaderAndIsr brings a new one', () => {
    const cluster = newTestCluster([1, 2]);
    elect(cluster, 1, [1, 2]);
    run(cluster, 1500);
    elect(cluster, 1, [1, 2], [1]);
    run(cluster, 1000);
    const follower = brokerOf(cluster, 2);
    expect(follower.state.failedPartitions).toEqual(['orders-0']);
    expect(getFetcher(follower.state, 1)?.partitions).toEqual([]);
    tellState(cluster, [2]);
    expect(follower.state.failedPartitions).toEqual([]);
    send(cluster, 1, 'a');
    run(cluster, 100);
    expect(values(follower)).toEqual(['a/1']);
  });
});

describe('truncation', () => {
  test('[R12] a new replica without epochs starts from its high watermark', () => {
    const cluster = newTestCluster([1, 2]);
    elect(cluster, 1, [1, 2]);
    send(cluster, 1, 'a');
    run(cluster, 1500);
    const follower = brokerOf(cluster, 2);
    expect(thePartition(follower).log.leaderEpochs).toEqual([{ epoch: 0, startOffset: 0 }]);
    expect(truncations(follower)).toEqual([]);
  });

  test('[R12] plain divergence: a deposed leader drops what nobody had, at the end of the common epoch', () => {
    const cluster = newTestCluster([1, 2, 3]);
    elect(cluster, 1, [1, 2, 3]);
    run(cluster, 1500);
    send(cluster, 1, 'a');
    run(cluster, 600);
    takeDown(cluster, 1);
    produce(brokerOf(cluster, 1), 1, ['b']);
    elect(cluster, 2, [2, 3]);
    run(cluster, 1500);
    send(cluster, 2, 'c');
    run(cluster, 600);
    bringUp(cluster, 1);
    tellState(cluster, [1]);
    // The broker was a zombie until it heard: same epoch again is no news, so the controller raises it.
    elect(cluster, 2, [2, 3]);
    run(cluster, 1500);
    const returned = brokerOf(cluster, 1);
    expect(values(returned)).toEqual(['a/0', 'c/1']);
    expect(truncations(returned)).toEqual([[2, 1, 'divergingEpoch']]);
  });

  test('[R12] records lost by truncation at the high watermark are kept: a follower behind in its high watermark loses nothing (KIP-101, scenario 1)', () => {
    const cluster = newTestCluster([1, 2, 3], LAG);
    elect(cluster, 3, [1, 2, 3]);
    run(cluster, 1500);
    send(cluster, 3, 'm1');
    run(cluster, 600);
    send(cluster, 3, 'm2', -1);
    expect([1, 2, 3].map((id) => offsets(brokerOf(cluster, id)).hw)).toEqual([1, 1, 2]);
    takeDown(cluster, 3);
    elect(cluster, 1, [1, 2]);
    run(cluster, 1500);
    takeDown(cluster, 1);
    elect(cluster, 2, [2]);
    run(cluster, 100);
    expect(values(brokerOf(cluster, 2))).toEqual(['m1/0', 'm2/0']);
    expect(offsets(brokerOf(cluster, 2))).toEqual({ leo: 2, hw: 2 });
  });

  test('[R12] two unclean leader changes: each answer names an epoch that the follower may not know, so it compares again (KIP-279)', () => {
    const cluster = newTestCluster([1, 2], LAG);
    elect(cluster, 1, [1, 2]);
    run(cluster, 1500);
    send(cluster, 1, 'a');
    run(cluster, 600);
    // Epoch 1: broker 2 alone writes b.
    takeDown(cluster, 1);
    elect(cluster, 2, [2]);
    send(cluster, 2, 'b');
    // Epoch 2: broker 1 alone writes c d e.
    takeDown(cluster, 2);
    bringUp(cluster, 1);
    elect(cluster, 1, [1]);
    for (const value of ['c', 'd', 'e']) send(cluster, 1, value);
    // Epoch 3: broker 2 alone writes f.
    takeDown(cluster, 1);
    bringUp(cluster, 2);
    elect(cluster, 2, [2]);
    send(cluster, 2, 'f');
    // Epoch 4: broker 1 alone writes g h; then broker 2 follows.
    takeDown(cluster, 2);
    bringUp(cluster, 1);
    elect(cluster, 1, [1]);
    for (const value of ['g', 'h']) send(cluster, 1, value);
    bringUp(cluster, 2);
    elect(cluster, 1, [1]);
    run(cluster, 2000);
    const [first, second] = [brokerOf(cluster, 1), brokerOf(cluster, 2)];
    expect(values(first)).toEqual(['a/0', 'c/2', 'd/2', 'e/2', 'g/4', 'h/4']);
    expect(values(second)).toEqual(values(first));
    expect(truncations(second)).toEqual([
      [3, 2, 'divergingEpoch'],
      [2, 1, 'divergingEpoch'],
    ]);
  });
});

describe('rejoining', () => {
  test('[R7] a broker that was away catches up and is put back in the ISR, last in the order', () => {
    const cluster = newTestCluster([1, 2, 3], LAG);
    elect(cluster, 1, [1, 2, 3]);
    run(cluster, 1500);
    takeDown(cluster, 2);
    send(cluster, 1, 'a');
    run(cluster, 16_000, 100);
    expect(cluster.znode.isr).toEqual([1, 3]);
    expect(offsets(brokerOf(cluster, 1)).hw).toBe(1);
    bringUp(cluster, 2);
    run(cluster, 3000);
    expect(values(brokerOf(cluster, 2))).toEqual(['a/0']);
    expect(cluster.znode.isr).toEqual([1, 3, 2]);
    expect(leaderRole(brokerOf(cluster, 1)).committedIsr).toEqual([1, 3, 2]);
  });

  test('[R3] a zombie leader keeps acknowledging acks=1, never acks=all', () => {
    const cluster = newTestCluster([1, 2, 3]);
    elect(cluster, 1, [1, 2, 3]);
    run(cluster, 1500);
    takeDown(cluster, 1);
    elect(cluster, 2, [2, 3]);
    const zombie = brokerOf(cluster, 1);
    const one = produce(zombie, 1, ['x']);
    expect(produceError(zombie.effects, one)).toBe(0);
    const all = produce(zombie, -1, ['y']);
    expect(produceError(zombie.effects, all)).toBeNull();
    expect(offsets(zombie).hw).toBe(0);
    expect(tellLeader(zombie, { leader: 2, replicas: [1, 2, 3], isr: [2, 3], leaderEpoch: 1, partitionEpoch: 1 })).toBe(0);
    expect(produceError(zombie.effects, all)).toBe(6);
  });
});
