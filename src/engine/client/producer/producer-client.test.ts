import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { batchValues, newTestBrokers, TOPIC, valuesOf, type TestBrokers } from '../shared/test-brokers.ts';
import { newTestCluster, type Handler, type ReceivedRequest, type TestCluster } from '../shared/test-cluster.ts';
import type { ClientTrace } from '../trace.ts';
import { producerClient, type ProduceCommand, type ProducerConfig, type ProducerState } from './producer-client.ts';

type Cluster = TestCluster<ProducerState, ProduceCommand>;
interface Setup {
  readonly configs?: Readonly<Record<string, string>>;
  readonly workload?: Partial<ProducerConfig['workload']>;
  readonly handler?: Handler;
}

function start(brokers: TestBrokers, setup: Setup = {}): Cluster {
  const bootstrap = brokers.brokerIds.map((id) => ({ host: `b${id}`, port: 9092 }));
  const workload = { topic: TOPIC, recordsPerSecond: 0, keyCount: 0, valueBytes: 0, ...setup.workload };
  const config: ProducerConfig = { clientId: 'producer-1', bootstrap, configs: setup.configs ?? {}, workload };
  const cluster = newTestCluster<ProducerConfig, ProducerState, ProduceCommand>(producerClient, config, setup.handler ?? brokers.handler);
  cluster.runUntilMs(100);
  return cluster;
}

function put(cluster: Cluster, value: string, to: { readonly partition?: number | null; readonly key?: string } = {}): void {
  const partition = to.partition === undefined ? 0 : to.partition;
  cluster.command({ type: 'produce', client: 'producer-1', topic: TOPIC, partition, key: to.key ?? null, value, commandId: 1 });
}

function traced<Type extends ClientTrace['type']>(cluster: Cluster, type: Type): (Extract<ClientTrace, { type: Type }> & { readonly atMs: number })[] {
  const isWanted = (event: ClientTrace): event is Extract<ClientTrace, { type: Type }> => event.type === type;
  return cluster.events.flatMap(({ atMs, event }) => (isWanted(event) ? [{ ...event, atMs }] : []));
}

function produces(cluster: Cluster): { readonly atMs: number; readonly nodeId: number; readonly batches: readonly (readonly string[])[] }[] {
  return cluster.requests.flatMap(({ frame, nodeId, atUs }: ReceivedRequest) => {
    if (frame.api !== 'Produce') return [];
    const batches = frame.body.topicData.flatMap((topic) => topic.partitionData.flatMap((data) => (data.records ?? []).map(batchValues)));
    return [{ atMs: atUs / 1000, nodeId, batches }];
  });
}

/** Brokers that never answer a Produce. */
function mute(brokers: TestBrokers): Handler {
  return (request) => (request.frame.api === 'Produce' ? { kind: 'silent' } : brokers.handler(request));
}

describe('partitions', () => {
  interface Vector {
    readonly key: string;
    readonly partitionFor3_6_12: readonly [number, number, number];
  }
  const vectors = JSON.parse(readFileSync(new URL('../../../testing/goldens/vectors/partitioner.json', import.meta.url), 'utf8')) as Vector[];

  test.each([
    [3, 0],
    [6, 1],
    [12, 2],
  ] as const)('[R1] keys go where Kafka sends them, of %d partitions', (partitionCount, column) => {
    const brokers = newTestBrokers([1], partitionCount);
    const cluster = start(brokers);
    const some = vectors.slice(0, 12);
    some.forEach((vector, i) => put(cluster, `value-${i}`, { partition: null, key: vector.key }));
    cluster.runUntilMs(1000);
    expect(some.length).toBe(12);
    some.forEach((vector, i) => expect(valuesOf(brokers.partitions[vector.partitionFor3_6_12[column]] as never), vector.key).toContain(`value-${i}`));
  });

  test('[R1] without a key records stay together until a batch is full, then move', () => {
    const brokers = newTestBrokers([1], 6);
    const cluster = start(brokers, { configs: { 'batch.size': '400', 'linger.ms': '5' } });
    for (let i = 0; i < 60; i++) put(cluster, `record-${i}-xxxxxxxxxxxxxxxxxxxx`, { partition: null });
    cluster.runUntilMs(1000);
    const counts = brokers.partitions.map((partition) => valuesOf(partition).length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
    expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
    expect(Math.max(...produces(cluster).flatMap((request) => request.batches.map((batch) => batch.length)))).toBeGreaterThan(3);
  });
});

describe('batches', () => {
  test('[R2] records of one linger travel together, when it is over', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { configs: { 'linger.ms': '50' } });
    put(cluster, 'warm');
    cluster.runUntilMs(200);
    put(cluster, 'a');
    cluster.runUntilMs(230);
    put(cluster, 'b');
    cluster.runUntilMs(400);
    expect(produces(cluster).at(-1)).toEqual({ atMs: 251, nodeId: 1, batches: [['a', 'b']] });
    expect(traced(cluster, 'RecordsAcknowledged').at(-1)).toMatchObject({ acks: -1, baseOffset: 1, recordCount: 2, values: ['a', 'b'] });
  });

  test('[R2] a full batch does not linger, the rest does', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { configs: { 'linger.ms': '500', 'batch.size': '200' } });
    put(cluster, 'warm');
    cluster.runUntilMs(1000);
    for (const letter of 'abc') put(cluster, letter.repeat(80));
    cluster.runUntilMs(1100);
    expect(
      produces(cluster)
        .slice(1)
        .map((request) => request.batches.flat().map((value) => value[0])),
    ).toEqual([['a'], ['b']]);
    cluster.runUntilMs(2000);
    expect(produces(cluster).at(-1)).toMatchObject({ atMs: 1501 });
  });

  test('[R3] one request carries the batches of all partitions that a node leads', () => {
    const brokers = newTestBrokers([1], 3);
    const cluster = start(brokers, { configs: { 'linger.ms': '20' } });
    for (const partition of [0, 1, 2]) put(cluster, `p${partition}`, { partition });
    cluster.runUntilMs(1000);
    expect(produces(cluster).map((request) => request.batches)).toEqual([[['p0'], ['p1'], ['p2']]]);
  });

  test.each([1, 3])('[R3] no more than %d requests at a time are unanswered', (limit) => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { handler: mute(brokers), configs: { 'max.in.flight.requests.per.connection': String(limit), 'batch.size': '100' } });
    for (const letter of 'abcdef') put(cluster, letter.repeat(80));
    cluster.runUntilMs(1000);
    expect(produces(cluster).length).toBe(limit);
  });
});

describe('errors', () => {
  test('[R5] a refusal that names the new leader is heeded at once: no back-off, and no metadata is waited for', () => {
    const brokers = newTestBrokers([1, 2], 2);
    const noMetadata: Handler = (request) => (request.frame.api === 'Metadata' && request.atUs > 500_000 ? { kind: 'silent' } : brokers.handler(request));
    const cluster = start(brokers, { configs: { 'retry.backoff.ms': '5000' }, handler: noMetadata });
    put(cluster, 'before');
    put(cluster, 'elsewhere', { partition: 1 });
    cluster.runUntilMs(1000);
    brokers.namesLeader = true;
    Object.assign(brokers.partitions[0] as object, { leader: 2, leaderEpoch: 1 });
    put(cluster, 'after');
    cluster.runUntilMs(1010);
    expect(traced(cluster, 'ProduceRetried')).toMatchObject([{ error: 'NOT_LEADER_OR_FOLLOWER', attempt: 1 }]);
    expect(traced(cluster, 'MetadataUpdated').at(-1)?.partitions).toEqual([{ topic: TOPIC, partition: 0, leader: 2, leaderEpoch: 1 }]);
    expect(valuesOf(brokers.partitions[0] as never)).toEqual(['before', 'after']);
  });

  test('[R5] NOT_LEADER_OR_FOLLOWER: metadata is asked for, and the batch goes to the new leader', () => {
    const brokers = newTestBrokers([1, 2], 1);
    const cluster = start(brokers);
    put(cluster, 'before');
    cluster.runUntilMs(500);
    Object.assign(brokers.partitions[0] as object, { leader: 2, leaderEpoch: 1 });
    put(cluster, 'after');
    cluster.runUntilMs(2000);
    expect(traced(cluster, 'ProduceRetried')).toMatchObject([{ error: 'NOT_LEADER_OR_FOLLOWER', attempt: 1 }]);
    expect(traced(cluster, 'MetadataUpdated').at(-1)?.partitions).toEqual([{ topic: TOPIC, partition: 0, leader: 2, leaderEpoch: 1 }]);
    expect(produces(cluster).map((request) => request.nodeId)).toEqual([1, 1, 2]);
    expect(valuesOf(brokers.partitions[0] as never)).toEqual(['before', 'after']);
  });

  test('[R5] a broker whose followers were too slow is asked again, without new metadata: its leader is right', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers);
    put(cluster, 'warm');
    cluster.runUntilMs(1000);
    const asked = (): number => cluster.requests.filter(({ frame }) => frame.api === 'Metadata').length;
    const before = asked();
    (brokers.partitions[0] as { produceError: string | null }).produceError = 'REQUEST_TIMED_OUT';
    put(cluster, 'x');
    cluster.runUntilMs(1050);
    (brokers.partitions[0] as { produceError: string | null }).produceError = null;
    cluster.runUntilMs(3000);
    expect(traced(cluster, 'ProduceRetried')).toMatchObject([{ error: 'REQUEST_TIMED_OUT' }]);
    expect(traced(cluster, 'RecordsAcknowledged').at(-1)?.values).toEqual(['x']);
    expect(asked()).toBe(before);
  });

  test.each([
    ['kill', 'NETWORK_EXCEPTION', 'Disconnected from node 1'],
    ['silence', 'REQUEST_TIMED_OUT', 'Disconnected from node 1 due to timeout'],
  ] as const)('[R5] a request that was lost to a broker by %s says which one', (how, error, message) => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { configs: { retries: '0', 'request.timeout.ms': '2000' }, handler: mute(brokers) });
    put(cluster, 'x');
    cluster.runUntilMs(1000);
    cluster[how](1);
    cluster.runUntilMs(5000);
    expect(traced(cluster, 'RecordsFailed')).toMatchObject([{ error, message }]);
  });

  test('[R5] with two retries the third refusal is final, and says why', () => {
    const brokers = newTestBrokers([1], 1);
    (brokers.partitions[0] as { produceError: string }).produceError = 'NOT_ENOUGH_REPLICAS';
    const cluster = start(brokers, { configs: { retries: '2' } });
    put(cluster, 'x');
    cluster.runUntilMs(3000);
    expect(produces(cluster).length).toBe(3);
    const message = 'Messages are rejected since there are fewer in-sync replicas than required.';
    expect(traced(cluster, 'RecordsFailed')).toMatchObject([{ error: 'NOT_ENOUGH_REPLICAS', message, values: ['x'] }]);
  });

  test('[R5] what cannot be mended fails at once', () => {
    const brokers = newTestBrokers([1], 1);
    (brokers.partitions[0] as { produceError: string }).produceError = 'INVALID_RECORD';
    const cluster = start(brokers);
    put(cluster, 'x');
    cluster.runUntilMs(1000);
    expect(traced(cluster, 'ProduceRetried')).toEqual([]);
    expect(traced(cluster, 'RecordsFailed')).toMatchObject([{ error: 'INVALID_RECORD' }]);
  });

  test('[R2] a leader that is down costs no attempts: the batch waits for the next one', () => {
    const brokers = newTestBrokers([1, 2], 1);
    const cluster = start(brokers, { configs: { retries: '2' } });
    cluster.kill(1);
    put(cluster, 'x');
    cluster.runUntilMs(5000);
    expect(traced(cluster, 'ProduceRetried')).toEqual([]);
    Object.assign(brokers.partitions[0] as object, { leader: 2, leaderEpoch: 1 });
    cluster.runUntilMs(8000);
    expect(traced(cluster, 'RecordsAcknowledged')).toMatchObject([{ values: ['x'] }]);
  });

  test('[R6] a batch that cannot be sent expires, in the words of Kafka', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { configs: { 'delivery.timeout.ms': '20000', 'request.timeout.ms': '5000' } });
    cluster.kill(1);
    put(cluster, 'refused');
    cluster.runUntilMs(30_000);
    const message = `Expiring 1 record(s) for ${TOPIC}-0:20000 ms has passed since batch creation`;
    expect(traced(cluster, 'RecordsFailed')).toMatchObject([{ atMs: 20_100, error: 'TimeoutException', message, values: ['refused'] }]);
  });

  test('[R6] a batch under way expires as punctually, and its late answer changes nothing', () => {
    const brokers = newTestBrokers([1], 1);
    const late: Handler = (request) => {
      const answer = brokers.handler(request);
      return request.frame.api === 'Produce' && answer.kind === 'body' ? { ...answer, afterUs: 4_000_000 } : answer;
    };
    const cluster = start(brokers, { handler: late, configs: { 'delivery.timeout.ms': '3000', 'request.timeout.ms': '6000' } });
    put(cluster, 'x');
    cluster.runUntilMs(10_000);
    expect(traced(cluster, 'RecordsFailed').map((event) => event.atMs)).toEqual([3100]);
    expect(traced(cluster, 'RecordsAcknowledged')).toEqual([]);
    expect(cluster.state().usedBytes).toBe(0);
  });
});

describe('order', () => {
  test('[R4] with one in flight a retry goes out before what was sent after it', () => {
    const brokers = newTestBrokers([1], 1);
    const partition = brokers.partitions[0] as { produceError: string | null };
    partition.produceError = 'NOT_ENOUGH_REPLICAS';
    const cluster = start(brokers, { configs: { 'max.in.flight.requests.per.connection': '1' } });
    put(cluster, 'a');
    // `b` waits behind `a` before the refusal of `a` is back.
    cluster.runUntilMs(105);
    put(cluster, 'b', { partition: 0 });
    expect(produces(cluster).length).toBe(1);
    cluster.runUntilMs(110);
    partition.produceError = null;
    cluster.runUntilMs(3000);
    expect(traced(cluster, 'ProduceRetried').length).toBe(1);
    expect(valuesOf(brokers.partitions[0] as never)).toEqual(['a', 'b']);
  });

  test('[R4] what expires in the queue does not unmute the partition of a batch under way', () => {
    const brokers = newTestBrokers([1], 1);
    const configs = { 'max.in.flight.requests.per.connection': '1', 'delivery.timeout.ms': '5000', 'request.timeout.ms': '2000', 'batch.size': '100' };
    const cluster = start(brokers, { handler: mute(brokers), configs });
    put(cluster, 'a'.repeat(80));
    cluster.runUntilMs(600);
    put(cluster, 'b'.repeat(80));
    cluster.runUntilMs(5700);
    expect(traced(cluster, 'RecordsFailed').map((event) => event.values[0]?.[0])).toEqual(['a', 'b']);
    expect(cluster.state().muted).toEqual([`${TOPIC}-0`]);
    cluster.runUntilMs(9000);
    expect(cluster.state().muted).toEqual([]);
  });
});

describe('acks', () => {
  test('[R7] acks=0 is told at once, without an offset, and nothing stays behind', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { configs: { acks: '0', 'batch.size': '100', 'linger.ms': '20' } });
    for (const letter of 'abc') put(cluster, letter.repeat(80));
    cluster.runUntilMs(1000);
    expect(traced(cluster, 'RecordsAcknowledged').map((event) => [event.acks, event.baseOffset])).toEqual([
      [0, -1],
      [0, -1],
      [0, -1],
    ]);
    expect(valuesOf(brokers.partitions[0] as never).map((value) => value[0])).toEqual(['a', 'b', 'c']);
  });

  test.each([
    ['0', 0],
    ['1', 1],
    ['all', -1],
    ['-1', -1],
  ] as const)('[R7] acks=%s asks for %d', (text, acks) => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { configs: { acks: text } });
    put(cluster, 'x');
    cluster.runUntilMs(500);
    expect(cluster.requests.flatMap(({ frame }) => (frame.api === 'Produce' ? [frame.body.acks] : []))).toEqual([acks]);
  });
});

describe('send() blocks', () => {
  test('[R8] for a topic that nobody knows, until max.block.ms is over', () => {
    const brokers = newTestBrokers([1], 1);
    brokers.topicKnown = false;
    const cluster = start(brokers, { configs: { 'max.block.ms': '3000' } });
    put(cluster, 'x');
    cluster.runUntilMs(5000);
    expect(traced(cluster, 'RecordsFailed')).toMatchObject([
      { atMs: 3100, error: 'TimeoutException', message: `Topic ${TOPIC} not present in metadata after 3000 ms.` },
    ]);
  });

  test('[R8] for a partition that the topic does not have', () => {
    const cluster = start(newTestBrokers([1], 2), { configs: { 'max.block.ms': '3000' } });
    put(cluster, 'x', { partition: 7 });
    cluster.runUntilMs(5000);
    expect(traced(cluster, 'RecordsFailed')[0]?.message).toBe(`Partition 7 of topic ${TOPIC} with partition count 2 is not present in metadata after 3000 ms.`);
  });

  test('[R8] while memory is full; blocked records keep their order', () => {
    const brokers = newTestBrokers([1], 1);
    const slow: Handler = (request) => {
      const answer = brokers.handler(request);
      return request.frame.api === 'Produce' && answer.kind === 'body' ? { ...answer, afterUs: 300_000 } : answer;
    };
    const cluster = start(brokers, { handler: slow, configs: { 'buffer.memory': '250', 'batch.size': '100' } });
    for (const letter of 'abcdef') put(cluster, letter.repeat(80));
    expect(cluster.state().blocked.length).toBeGreaterThan(2);
    cluster.runUntilMs(5000);
    expect(valuesOf(brokers.partitions[0] as never).map((value) => value[0])).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(cluster.state().usedBytes).toBe(0);
  });

  test('[R8] and fails as the buffer pool does', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { handler: mute(brokers), configs: { 'buffer.memory': '150', 'batch.size': '100', 'max.block.ms': '1000' } });
    for (const letter of 'ab') put(cluster, letter.repeat(80));
    cluster.runUntilMs(2000);
    expect(traced(cluster, 'RecordsFailed')[0]).toMatchObject({ error: 'BufferExhaustedException', values: ['b'.repeat(80)] });
  });

  test('[R8] a record beyond max.request.size is refused at once', () => {
    const cluster = start(newTestBrokers([1], 1), { configs: { 'max.request.size': '100' } });
    put(cluster, 'x'.repeat(500));
    expect(traced(cluster, 'RecordsFailed')).toMatchObject([{ error: 'MESSAGE_TOO_LARGE' }]);
    expect(cluster.state().blocked).toEqual([]);
  });
});

describe('workload', () => {
  test('[R9] three a second are 300 in 100 seconds, to the microsecond', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { workload: { recordsPerSecond: 3, valueBytes: 12 } });
    cluster.runUntilMs(100_000);
    const records = brokers.partitions.flatMap(valuesOf);
    expect(records.length).toBe(300);
    expect(new Set(records).size).toBe(300);
    expect(records.every((value) => value.length === 12)).toBe(true);
    const sentMs = produces(cluster)
      .map((request) => request.atMs)
      .slice(1);
    const [first, last] = [sentMs[0] as number, sentMs.at(-1) as number];
    expect(Math.abs(last - first - ((sentMs.length - 1) * 1000) / 3)).toBeLessThan(0.002);
    for (let i = 1; i < sentMs.length; i++) expect((sentMs[i] as number) - (sentMs[i - 1] as number)).toBeCloseTo(1000 / 3, 2);
  });

  test('[R9] it stops after recordCount', () => {
    const brokers = newTestBrokers([1], 1);
    const cluster = start(brokers, { workload: { recordsPerSecond: 100, recordCount: 7 } });
    cluster.runUntilMs(3000);
    expect(valuesOf(brokers.partitions[0] as never).length).toBe(7);
  });

  test('[R8] blocked for two seconds it makes up for nothing', () => {
    const brokers = newTestBrokers([1], 1);
    brokers.topicKnown = false;
    const cluster = start(brokers, { workload: { recordsPerSecond: 100 } });
    cluster.runUntilMs(2000);
    brokers.topicKnown = true;
    cluster.runUntilMs(4000);
    const made = valuesOf(brokers.partitions[0] as never).length;
    expect(made).toBeGreaterThan(80);
    expect(made).toBeLessThan(205);
    expect(Math.max(...produces(cluster).map((request) => request.batches.flat().length))).toBe(1);
  });

  test('[R9] a second run of the process makes other values', () => {
    const brokers = newTestBrokers([1], 1);
    const config: ProducerConfig = {
      clientId: 'p',
      bootstrap: [{ host: 'b1', port: 9092 }],
      configs: {},
      workload: { topic: TOPIC, recordsPerSecond: 10, keyCount: 0, valueBytes: 0, recordCount: 2 },
    };
    const again = {
      ...producerClient,
      init: (begin: Parameters<typeof producerClient.init>[0], context: Parameters<typeof producerClient.init>[1]) =>
        producerClient.init({ ...begin, incarnation: 2 }, context),
    };
    newTestCluster<ProducerConfig, ProducerState, ProduceCommand>(producerClient, config, brokers.handler).runUntilMs(1000);
    newTestCluster<ProducerConfig, ProducerState, ProduceCommand>(again, config, brokers.handler).runUntilMs(1000);
    expect(valuesOf(brokers.partitions[0] as never)).toEqual(['v-0', 'v-1', 'v2-0', 'v2-1']);
  });
});
