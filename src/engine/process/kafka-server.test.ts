import { describe, expect, test } from 'vitest';
import {
  answerTo,
  ask,
  brokerPart,
  command,
  createTopic,
  cut,
  fileText,
  newTestKafka,
  run,
  runnerOf,
  runUntil,
  serverOf,
  tracesOf,
  znode,
  type TestKafka,
} from './kafka-cluster.test-support.ts';
import { fileExists } from '../kernel/files.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import { errorCode } from '../protocol/errors.ts';
import { metadataRequest } from '../protocol/generated/metadata-request.ts';
import { testBatch } from '../broker/test-support.ts';

const CONFIGS = { 'replica.lag.time.max.ms': '10000' };

/** Brokers up and registered, a controller elected. */
function startedKafka(brokerIds: readonly number[] = [1, 2, 3]): TestKafka {
  const kafka = newTestKafka(3, brokerIds, CONFIGS);
  run(kafka, 3);
  for (const id of brokerIds) {
    command(kafka, `b${id}`, { type: 'start' });
    run(kafka, 1);
  }
  expect(runUntil(kafka, 10, () => brokerIds.every((id) => serverOf(kafka, id)?.phase.name === 'running'))).toBe(true);
  run(kafka, 1);
  return kafka;
}

function withTopic(): TestKafka {
  const kafka = startedKafka();
  createTopic(kafka, 'orders', { '0': [1, 2, 3] });
  expect(runUntil(kafka, 10, () => mapGet(brokerPart(kafka, 1).partitions, 'orders-0')?.role.kind === 'leader')).toBe(true);
  run(kafka, 2);
  return kafka;
}

function send(kafka: TestKafka, broker: number, value: string, acks = -1): string {
  return ask(kafka, broker, 'Produce', {
    transactionalId: null,
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records: [testBatch([value])] }] }],
  });
}

function errorOf(kafka: TestKafka, tag: string): number | null {
  return answerTo(kafka, tag, 'Produce')?.responses[0]?.partitionResponses[0]?.errorCode ?? null;
}

describe('start', () => {
  test('[R1] brokers make the paths, agree on a cluster id, register and know one another', () => {
    const kafka = startedKafka();
    const clusterId = /"id":"([^"]{22})"/.exec(znode(kafka, '/cluster/id') ?? '')?.[1];
    expect(clusterId).toBeDefined();
    expect(znode(kafka, '/log_dir_event_notification')).toBe('');
    expect(JSON.parse(znode(kafka, '/brokers/ids/2') ?? 'null')).toMatchObject({ version: 5, host: 'b2', port: 9092, endpoints: ['PLAINTEXT://b2:9092'] });
    for (const id of [1, 2, 3]) {
      expect(fileText(kafka, id, 'meta.properties')).toContain(`broker.id=${id}\nversion=0\ncluster.id=${clusterId}`);
      expect(brokerPart(kafka, id).metadata.brokers.map((each) => each.brokerId)).toEqual([1, 2, 3]);
      expect(brokerPart(kafka, id).metadata.controllerId).toBe(1);
    }
    const epochs = tracesOf(kafka, 'BrokerRegistered').map((record) => (record.event.type === 'BrokerRegistered' ? record.event.brokerEpoch : 0));
    expect(epochs).toEqual([1, 2, 3].map((id) => brokerPart(kafka, id).brokerEpoch));
  });

  test('[R2] a broker with the properties of another cluster does not start', () => {
    const kafka = newTestKafka(1, [1]);
    const other = newTestKafka(1, [1, 2], {}, 2);
    for (const [cluster, host] of [
      [kafka, 'b1'],
      [other, 'b2'],
    ] as const) {
      run(cluster, 3);
      command(cluster, host, { type: 'start' });
      run(cluster, 3);
    }
    const machine = runnerOf(other, 'b1');
    machine.state = { ...machine.state, disk: runnerOf(kafka, 'b1').state.disk };
    command(other, 'b1', { type: 'start' });
    run(other, 3);
    expect(machine.state.process).toMatchObject({ status: 'exited', exitCode: 1 });
    expect(machine.state.process.exitReason).toMatch(/^Invalid cluster\.id in: meta\.properties/);
    expect(serverOf(other, 2)?.phase.name).toBe('running');
  });

  test('[R3] started again while its old registration lives, a broker recovers, fails, closes cleanly and exits; later it comes up', () => {
    const kafka = withTopic();
    command(kafka, 'b3', { type: 'kill' });
    run(kafka, 1);
    command(kafka, 'b3', { type: 'start' });
    run(kafka, 5);
    const machine = runnerOf(kafka, 'b3').state;
    expect(machine.process).toMatchObject({ status: 'exited', exitCode: 1 });
    expect(fileExists(machine.disk.cache, '.kafka_cleanshutdown')).toBe(true);
    run(kafka, 30);
    command(kafka, 'b3', { type: 'start' });
    run(kafka, 5);
    expect(serverOf(kafka, 3)?.phase.name).toBe('running');
    expect(fileExists(runnerOf(kafka, 'b3').state.disk.cache, '.kafka_cleanshutdown')).toBe(false);
  });
});

describe('serving', () => {
  test('[R4] a topic in ZooKeeper becomes replicas, and acks=all is answered once all have the record', () => {
    const kafka = withTopic();
    const tag = send(kafka, 1, 'a');
    expect(runUntil(kafka, 3, () => errorOf(kafka, tag) !== null)).toBe(true);
    expect(errorOf(kafka, tag)).toBe(0);
    run(kafka, 1);
    for (const id of [1, 2, 3]) expect(mapGet(brokerPart(kafka, id).partitions, 'orders-0')?.log).toMatchObject({ logEndOffset: 1, highWatermark: 1 });
  });

  test('[R4] answers come in the order of requests: a parked produce holds up what follows on its connection', () => {
    const kafka = withTopic();
    command(kafka, 'b2', { type: 'pause' });
    command(kafka, 'b3', { type: 'pause' });
    run(kafka, 0.1);
    const parked = send(kafka, 1, 'a');
    const behind = ask(kafka, 1, 'Metadata', metadataRequest({ topics: null }));
    run(kafka, 2);
    expect(errorOf(kafka, parked)).toBeNull();
    expect(answerTo(kafka, behind, 'Metadata')).toBeNull();
    command(kafka, 'b2', { type: 'resume' });
    command(kafka, 'b3', { type: 'resume' });
    run(kafka, 3);
    expect(errorOf(kafka, parked)).toBe(0);
    expect(answerTo(kafka, behind, 'Metadata')?.topics.map((topic) => topic.name)).toEqual(['orders']);
  });

  test('[R5] a leader killed with SIGKILL is replaced after its session, and comes back into the ISR', () => {
    const kafka = withTopic();
    const before = send(kafka, 1, 'a');
    run(kafka, 1);
    expect(errorOf(kafka, before)).toBe(0);
    command(kafka, 'b1', { type: 'kill' });
    expect(runUntil(kafka, 30, () => mapGet(brokerPart(kafka, 2).partitions, 'orders-0')?.role.kind === 'leader')).toBe(true);
    run(kafka, 3);
    const after = send(kafka, 2, 'b');
    run(kafka, 3);
    expect(errorOf(kafka, after)).toBe(0);
    command(kafka, 'b1', { type: 'start' });
    run(kafka, 8);
    expect(serverOf(kafka, 1)?.phase.name).toBe('running');
    const role = mapGet(brokerPart(kafka, 2).partitions, 'orders-0')?.role;
    expect(role?.kind === 'leader' ? role.committedIsr : null).toEqual([2, 3, 1]);
    expect(JSON.parse(znode(kafka, '/brokers/topics/orders/partitions/0/state') ?? 'null')).toMatchObject({ leader: 2, isr: [2, 3, 1] });
    expect(mapGet(brokerPart(kafka, 1).partitions, 'orders-0')?.log.logEndOffset).toBe(2);
  });
});

describe('connections', () => {
  test('[R4] what arrives before the start is complete waits and is then answered', () => {
    const kafka = newTestKafka(3, [1], CONFIGS);
    run(kafka, 3);
    command(kafka, 'b1', { type: 'start' });
    expect(runUntil(kafka, 5, () => serverOf(kafka, 1)?.phase.name === 'registering', 0.0005)).toBe(true);
    cut(kafka, 'b1', 'zk1', true);
    cut(kafka, 'b1', 'zk2', true);
    cut(kafka, 'b1', 'zk3', true);
    const early = ask(kafka, 1, 'Metadata', metadataRequest({ topics: null }));
    run(kafka, 1);
    expect(answerTo(kafka, early, 'Metadata')).toBeNull();
    for (const host of ['zk1', 'zk2', 'zk3']) cut(kafka, 'b1', host, false);
    expect(runUntil(kafka, 20, () => answerTo(kafka, early, 'Metadata') !== null)).toBe(true);
    expect(serverOf(kafka, 1)?.phase.name).toBe('running');
  });

  test('[R4] acks=0 that fails closes the connection; what waited on it is lost', () => {
    const kafka = withTopic();
    ask(kafka, 2, 'Produce', {
      transactionalId: null,
      acks: 0,
      timeoutMs: 1000,
      topicData: [{ name: 'orders', partitionData: [{ index: 0, records: [testBatch(['x'])] }] }],
    });
    const behind = ask(kafka, 2, 'Metadata', metadataRequest({ topics: null }));
    run(kafka, 1);
    expect(answerTo(kafka, behind, 'Metadata')).toBeNull();
    expect(tracesOf(kafka, 'ConnectionClosed').some((record) => record.host === 'client')).toBe(true);
  });

  test('[R4] CreateTopics is served by the controller alone, and is answered when the topic has its leaders', () => {
    const kafka = startedKafka();
    const topics = [{ name: 'made', numPartitions: 2, replicationFactor: 3, assignments: [], configs: [] }];
    const elsewhere = ask(kafka, 2, 'CreateTopics', { topics, timeoutMs: 5000, validateOnly: false });
    run(kafka, 1);
    expect(answerTo(kafka, elsewhere, 'CreateTopics')?.topics[0]?.errorCode).toBe(errorCode('NOT_CONTROLLER'));
    const tag = ask(kafka, 1, 'CreateTopics', { topics, timeoutMs: 5000, validateOnly: false });
    run(kafka, 3);
    expect(answerTo(kafka, tag, 'CreateTopics')?.topics[0]).toMatchObject({ name: 'made', errorCode: 0, numPartitions: 2 });
    expect(mapGet(brokerPart(kafka, 1).metadata.topics, 'made')?.partitionCount).toBe(2);
  });

  test('[R4] CreateTopics during a failover is judged by the brokers of the metadata cache', () => {
    const kafka = startedKafka();
    for (const id of [2, 3]) ask(kafka, id, 'Metadata', metadataRequest({ topics: null }));
    run(kafka, 1);
    command(kafka, 'b1', { type: 'kill' });
    const takingOver = (id: number): boolean => serverOf(kafka, id)?.controller.active?.brokers.size === 0;
    expect(runUntil(kafka, 30, () => takingOver(2) || takingOver(3), 0.0002)).toBe(true);
    const controller = takingOver(2) ? 2 : 3;
    const topics = [{ name: 'made', numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] }];
    const tag = ask(kafka, controller, 'CreateTopics', { topics, timeoutMs: 5000, validateOnly: false });
    run(kafka, 3);
    expect(answerTo(kafka, tag, 'CreateTopics')?.topics[0]).toMatchObject({ errorCode: 0, errorMessage: null });
  });

  test('[R4] CreateTopics is refused at once, ZooKeeper or not, where the controller can tell by itself', () => {
    const kafka = withTopic();
    for (const host of ['zk1', 'zk2', 'zk3']) cut(kafka, 'b1', host, true);
    const topic = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    const create = (name: string, fields: object = {}): string =>
      ask(kafka, 1, 'CreateTopics', { topics: [{ ...topic, name, ...fields }], timeoutMs: 60_000, validateOnly: false });
    const tags = [create('two words'), create('orders'), create('wide', { replicationFactor: 4 }), create('later')];
    run(kafka, 1);
    expect(tags.map((tag) => answerTo(kafka, tag, 'CreateTopics')?.topics[0]?.errorMessage)).toEqual([
      "Topic name is invalid: 'two words' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
      "Topic 'orders' already exists.",
      'Replication factor: 4 larger than available brokers: 3.',
      undefined,
    ]);
  });
});

describe('stop', () => {
  test('[R6] SIGTERM moves leadership away, writes the files, closes the session and exits', () => {
    const kafka = withTopic();
    run(kafka, 1);
    command(kafka, 'b1', { type: 'terminate' });
    run(kafka, 4);
    const machine = runnerOf(kafka, 'b1').state;
    expect(machine.process).toMatchObject({ status: 'exited', exitCode: 143 });
    expect(fileExists(machine.disk.cache, '.kafka_cleanshutdown')).toBe(true);
    expect(znode(kafka, '/brokers/ids/1')).toBeNull();
    expect(mapGet(brokerPart(kafka, 2).partitions, 'orders-0')?.role.kind).toBe('leader');
    const tag = send(kafka, 2, 'a');
    run(kafka, 3);
    expect(errorOf(kafka, tag)).toBe(0);
  });

  test('[R7] a broker frozen past its session learns it on waking, registers anew with a new epoch and follows', () => {
    const kafka = withTopic();
    const epoch = brokerPart(kafka, 1).brokerEpoch;
    command(kafka, 'b1', { type: 'pause' });
    run(kafka, 30);
    expect(mapGet(brokerPart(kafka, 2).partitions, 'orders-0')?.role.kind).toBe('leader');
    command(kafka, 'b1', { type: 'resume' });
    run(kafka, 6);
    expect(brokerPart(kafka, 1).brokerEpoch).toBeGreaterThan(epoch);
    expect(mapGet(brokerPart(kafka, 1).partitions, 'orders-0')?.role).toEqual({ kind: 'follower', leader: 2 });
    expect(tracesOf(kafka, 'ZooKeeperSessionLost').map((record) => record.host)).toContain('b1');
    run(kafka, 5);
    expect(JSON.parse(znode(kafka, '/brokers/topics/orders/partitions/0/state') ?? 'null')).toMatchObject({ leader: 2, isr: [2, 3, 1] });
  });

  test('[R6] a leader without any other member of the ISR stops uncontrolled after its retries', () => {
    const kafka = withTopic();
    command(kafka, 'b2', { type: 'kill' });
    command(kafka, 'b3', { type: 'kill' });
    run(kafka, 25);
    const role = mapGet(brokerPart(kafka, 1).partitions, 'orders-0')?.role;
    expect(role?.kind === 'leader' ? role.committedIsr : null).toEqual([1]);
    command(kafka, 'b1', { type: 'terminate' });
    run(kafka, 9);
    expect(serverOf(kafka, 1)?.phase.name).toBe('controlledShutdown');
    run(kafka, 5);
    expect(runnerOf(kafka, 'b1').state.process).toMatchObject({ status: 'exited', exitCode: 143 });
    expect(JSON.parse(znode(kafka, '/brokers/topics/orders/partitions/0/state') ?? 'null')).toMatchObject({ leader: 1, isr: [1] });
  });

  test('[R5] after a power cut of a follower its log is recovered, and what it lost is fetched again', () => {
    const kafka = withTopic();
    for (const value of ['a', 'b', 'c']) send(kafka, 1, value);
    run(kafka, 1);
    command(kafka, 'b3', { type: 'powerOff', exactDevice: 0, torn: false });
    run(kafka, 25);
    command(kafka, 'b3', { type: 'start' });
    run(kafka, 8);
    expect(mapGet(brokerPart(kafka, 3).partitions, 'orders-0')?.log).toMatchObject({ logEndOffset: 3, highWatermark: 3 });
    expect(JSON.parse(znode(kafka, '/brokers/topics/orders/partitions/0/state') ?? 'null')).toMatchObject({ leader: 1, isr: [1, 2, 3] });
  });
});
