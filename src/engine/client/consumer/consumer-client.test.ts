import { describe, expect, test } from 'vitest';
import { mapGet } from '../../kernel/persistent-map.ts';
import { appendValues, newTestBrokers, TOPIC, type TestBrokers, type TestPartition } from '../shared/test-brokers.ts';
import { newTestCluster, type TestCluster } from '../shared/test-cluster.ts';
import type { ClientTrace } from '../trace.ts';
import { consumerClient, type ConsumerConfig, type ConsumerState } from './consumer-client.ts';

type Cluster = TestCluster<ConsumerState, never>;

function start(brokers: TestBrokers, setup: { readonly configs?: Readonly<Record<string, string>>; readonly partitions?: readonly number[] } = {}): Cluster {
  const bootstrap = brokers.brokerIds.map((id) => ({ host: `b${id}`, port: 9092 }));
  const config: ConsumerConfig = { clientId: 'consumer-1', bootstrap, topic: TOPIC, ...setup, configs: { 'auto.offset.reset': 'earliest', ...setup.configs } };
  const cluster = newTestCluster<ConsumerConfig, ConsumerState, never>(consumerClient, config, brokers.handler);
  cluster.runUntilMs(1500);
  return cluster;
}

function partitionOf(brokers: TestBrokers, index = 0): TestPartition {
  return brokers.partitions[index] as TestPartition;
}

function traced<Type extends ClientTrace['type']>(cluster: Cluster, type: Type): Extract<ClientTrace, { type: Type }>[] {
  const isWanted = (event: ClientTrace): event is Extract<ClientTrace, { type: Type }> => event.type === type;
  return cluster.events.flatMap(({ event }) => (isWanted(event) ? [event] : []));
}

function consumed(cluster: Cluster): string[] {
  return traced(cluster, 'RecordsConsumed').flatMap((event) => event.values);
}

function apis(cluster: Cluster): string[] {
  return cluster.requests.map(({ frame }) => frame.api);
}

function stateOf(cluster: Cluster, index = 0) {
  return mapGet(cluster.state().partitions, `${TOPIC}-${index}`);
}

/** Another broker leads with the next epoch; its log is what is given. */
function fail(partition: TestPartition, over: Partial<TestPartition>): void {
  Object.assign(partition, { leader: 2, leaderEpoch: partition.leaderEpoch + 1, ...over });
}

describe('where it starts', () => {
  test('[R1] earliest reads from the start', () => {
    const brokers = newTestBrokers([1], 1);
    appendValues(partitionOf(brokers), ['a', 'b']);
    const cluster = start(brokers);
    expect(traced(cluster, 'PositionReset')).toMatchObject([{ offset: 0, reason: 'auto.offset.reset=earliest' }]);
    expect(consumed(cluster)).toEqual(['a', 'b']);
  });

  test('[R1] latest sees only what comes after its first look', () => {
    const brokers = newTestBrokers([1], 1);
    appendValues(partitionOf(brokers), ['old']);
    const cluster = start(brokers, { configs: { 'auto.offset.reset': 'latest' } });
    appendValues(partitionOf(brokers), ['new']);
    cluster.runUntilMs(3000);
    expect(traced(cluster, 'PositionReset')).toMatchObject([{ offset: 1 }]);
    expect(consumed(cluster)).toEqual(['new']);
  });

  test('[R1] none has nowhere to start, and asks for nothing', () => {
    const brokers = newTestBrokers([1], 1);
    appendValues(partitionOf(brokers), ['a']);
    const cluster = start(brokers, { configs: { 'auto.offset.reset': 'none' } });
    expect(traced(cluster, 'FetchFailed')).toMatchObject([{ error: 'NoOffsetForPartitionException' }]);
    expect(apis(cluster)).not.toContain('ListOffsets');
    expect(apis(cluster)).not.toContain('Fetch');
  });

  test('[R1] only the partitions that were assigned', () => {
    const brokers = newTestBrokers([1], 3);
    brokers.partitions.forEach((partition, i) => appendValues(partition, [`p${i}`]));
    expect(consumed(start(brokers, { partitions: [1] }))).toEqual(['p1']);
  });
});

describe('fetching', () => {
  test('[R2] one fetch a node, with all its partitions', () => {
    const brokers = newTestBrokers([1, 2], 4);
    const cluster = start(brokers, { configs: { 'fetch.max.wait.ms': '5000' } });
    const fetches = cluster.requests.flatMap(({ frame, nodeId }) =>
      frame.api === 'Fetch' ? [[nodeId, frame.body.topics.flatMap((topic) => topic.partitions.map((each) => each.partition))]] : [],
    );
    expect(fetches.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
      [1, [0, 2]],
      [2, [1, 3]],
    ]);
  });

  test('[R3] a batch that begins before the position gives only its rest', () => {
    const brokers = newTestBrokers([1], 1);
    appendValues(partitionOf(brokers), ['a', 'b', 'c']);
    partitionOf(brokers).logStartOffset = 2;
    const cluster = start(brokers);
    expect(traced(cluster, 'RecordsConsumed')).toMatchObject([{ baseOffset: 2, nextOffset: 3, highWatermark: 3, values: ['c'] }]);
  });

  test('[R3] each record once, in order, however many fetches it takes', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers);
    for (let i = 0; i < 20; i++) {
      appendValues(partitionOf(brokers), [`r${i}`]);
      cluster.runUntilMs(1500 + i * 300);
    }
    cluster.runUntilMs(9000);
    expect(consumed(cluster)).toEqual(Array.from({ length: 20 }, (_, i) => `r${i}`));
  });
});

describe('leader change', () => {
  test('[R4] the position is validated with the epoch that was read, then fetching goes on', () => {
    const brokers = newTestBrokers([1, 2], 1);
    appendValues(partitionOf(brokers), ['a', 'b']);
    const cluster = start(brokers);
    fail(partitionOf(brokers), {});
    appendValues(partitionOf(brokers), ['c']);
    cluster.runUntilMs(5000);
    const asked = cluster.requests.flatMap(({ frame, nodeId }) =>
      frame.api === 'OffsetForLeaderEpoch' ? [{ nodeId, ...frame.body.topics[0]?.partitions[0] }] : [],
    );
    expect(asked).toEqual([{ nodeId: 2, partition: 0, currentLeaderEpoch: 1, leaderEpoch: 0 }]);
    expect(traced(cluster, 'PositionReset').length).toBe(1);
    expect(consumed(cluster)).toEqual(['a', 'b', 'c']);
  });

  test('[R6] a refusal that names the new leader is heeded at once, and the position is validated there', () => {
    const brokers = newTestBrokers([1, 2], 1);
    appendValues(partitionOf(brokers), ['a', 'b']);
    const cluster = start(brokers, { configs: { 'retry.backoff.ms': '60000' } });
    brokers.namesLeader = true;
    fail(partitionOf(brokers), {});
    appendValues(partitionOf(brokers), ['c']);
    cluster.runUntilMs(2100);
    expect(traced(cluster, 'FetchFailed')).toMatchObject([{ error: 'NOT_LEADER_OR_FOLLOWER' }]);
    expect(apis(cluster).filter((api) => api === 'OffsetForLeaderEpoch').length).toBe(1);
    expect(consumed(cluster)).toEqual(['a', 'b', 'c']);
  });

  test('[R4] the old leader is killed: the consumer finds the new one by itself', () => {
    const brokers = newTestBrokers([1, 2], 1);
    appendValues(partitionOf(brokers), ['a']);
    const cluster = start(brokers);
    cluster.kill(1);
    cluster.runUntilMs(3000);
    fail(partitionOf(brokers), {});
    appendValues(partitionOf(brokers), ['b']);
    cluster.runUntilMs(8000);
    expect(consumed(cluster)).toEqual(['a', 'b']);
  });

  test('[R5] truncation: reading goes on from where the logs part', () => {
    const brokers = newTestBrokers([1, 2], 1);
    appendValues(partitionOf(brokers), ['a', 'b', 'lost']);
    const cluster = start(brokers);
    fail(partitionOf(brokers), { highWatermark: 2, batches: [], epochEnd: { leaderEpoch: 0, endOffset: 2 } });
    appendValues(partitionOf(brokers), ['new']);
    cluster.runUntilMs(5000);
    expect(traced(cluster, 'PositionReset').at(-1)).toMatchObject({ offset: 2, reason: 'truncation detected' });
    expect(consumed(cluster)).toEqual(['a', 'b', 'lost', 'new']);
  });

  test('[R5] an epoch that the leader does not know resets by policy', () => {
    const brokers = newTestBrokers([1, 2], 1);
    appendValues(partitionOf(brokers), ['a', 'b']);
    const cluster = start(brokers);
    fail(partitionOf(brokers), { highWatermark: 0, batches: [], epochEnd: { leaderEpoch: -1, endOffset: -1 } });
    appendValues(partitionOf(brokers), ['anew']);
    cluster.runUntilMs(5000);
    expect(traced(cluster, 'PositionReset').at(-1)).toMatchObject({ offset: 0, reason: 'auto.offset.reset=earliest' });
    // Asked and answered, not found out by a fetch beyond the end.
    expect(traced(cluster, 'FetchFailed').map((event) => event.error)).toEqual(['NOT_LEADER_OR_FOLLOWER']);
    expect(consumed(cluster).at(-1)).toBe('anew');
  });

  test('[R4] a position that nothing was read at is not validated', () => {
    const brokers = newTestBrokers([1, 2], 1);
    const cluster = start(brokers, { configs: { 'auto.offset.reset': 'latest' } });
    fail(partitionOf(brokers), {});
    appendValues(partitionOf(brokers), ['a']);
    cluster.runUntilMs(5000);
    expect(apis(cluster)).not.toContain('OffsetForLeaderEpoch');
    expect(consumed(cluster)).toEqual(['a']);
  });
});

describe('errors', () => {
  test('[R6] OFFSET_OUT_OF_RANGE resets by policy', () => {
    const brokers = newTestBrokers([1], 1);
    appendValues(partitionOf(brokers), ['a', 'b']);
    const cluster = start(brokers);
    Object.assign(partitionOf(brokers), { logStartOffset: 5, highWatermark: 5, batches: [] });
    appendValues(partitionOf(brokers), ['f']);
    cluster.runUntilMs(4000);
    expect(traced(cluster, 'FetchFailed')).toMatchObject([{ error: 'OFFSET_OUT_OF_RANGE' }]);
    expect(traced(cluster, 'PositionReset').map((event) => event.offset)).toEqual([0, 5]);
    expect(consumed(cluster)).toEqual(['a', 'b', 'f']);
  });

  test('[R6] a stale leader: metadata is asked for, without a storm of fetches', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { configs: { 'retry.backoff.ms': '200', 'retry.backoff.max.ms': '200' } });
    const before = apis(cluster).filter((api) => api === 'Metadata').length;
    partitionOf(brokers).fetchError = 'NOT_LEADER_OR_FOLLOWER';
    cluster.runUntilMs(4000);
    expect(apis(cluster).filter((api) => api === 'Metadata').length).toBeGreaterThan(before);
    expect(traced(cluster, 'FetchFailed').length).toBeLessThan(15);
    partitionOf(brokers).fetchError = null;
    appendValues(partitionOf(brokers), ['a']);
    cluster.runUntilMs(6000);
    expect(consumed(cluster)).toEqual(['a']);
  });

  test('[R6] a corrupt batch stops its partition, and no other', () => {
    const brokers = newTestBrokers([1], 2);
    brokers.partitions.forEach((partition, i) => appendValues(partition, [`p${i}`]));
    const batch = partitionOf(brokers).batches[0] as Uint8Array;
    batch[batch.length - 1] = (batch[batch.length - 1] as number) ^ 1;
    const cluster = start(brokers);
    expect(traced(cluster, 'FetchFailed')).toMatchObject([{ partition: 0, error: 'CORRUPT_MESSAGE' }]);
    expect(stateOf(cluster)?.status).toBe('stopped');
    expect(consumed(cluster)).toEqual(['p1']);
    expect(apis(cluster).filter((api) => api === 'Fetch').length).toBeLessThan(10);
  });

  test('[R6] so does a batch that says it is longer than the answer: it would never come whole', () => {
    const brokers = newTestBrokers([1], 2);
    brokers.partitions.forEach((partition, i) => appendValues(partition, [`p${i}`]));
    const batch = partitionOf(brokers).batches[0] as Uint8Array;
    batch[9] = 1;
    const cluster = start(brokers);
    expect(traced(cluster, 'FetchFailed')).toMatchObject([{ partition: 0, error: 'CORRUPT_MESSAGE' }]);
    expect([stateOf(cluster)?.status, consumed(cluster)]).toEqual(['stopped', ['p1']]);
  });
});
