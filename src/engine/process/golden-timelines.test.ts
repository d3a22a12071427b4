import { NO_CODECS } from '../kernel/codecs.ts';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mapGet } from '../kernel/persistent-map.ts';
import { batchesBetween } from '../log/read.ts';
import { utf8Decode } from '../kernel/bytes.ts';
import { partitionLeaderEpoch, readRecords } from '../protocol/record-batch.ts';
import { errorCode } from '../protocol/errors.ts';
import { testBatch } from '../broker/test-support.ts';
import { answerTo, ask, brokerPart, command, createTopic, newTestKafka, run, runUntil, serverOf, znode, type TestKafka } from './kafka-cluster.test-support.ts';

/** What real brokers did, event by event, played again here: the order and content of state znodes and of answers must agree. */
const TIMELINES = new URL('../../testing/goldens/timelines/', import.meta.url);

interface StateChange {
  readonly ms: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
}

interface StateData {
  readonly leader: number;
  readonly leader_epoch: number;
  readonly isr: readonly number[];
}

interface RecordedLine {
  readonly ms: number;
  readonly event: string;
  readonly path?: string;
  readonly data?: StateData;
  readonly records?: readonly string[];
  readonly partition?: number;
}

function recorded(name: string): readonly RecordedLine[] {
  return readFileSync(new URL(`${name}.jsonl`, TIMELINES), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RecordedLine);
}

function recordedStates(name: string, topic: string, partition: number): readonly StateChange[] {
  const path = `/brokers/topics/${topic}/partitions/${partition}/state`;
  const changes: StateChange[] = [];
  for (const line of recorded(name)) if (line.event === 'znode' && line.path === path && line.data !== undefined) changes.push(changeOf(line.ms, line.data));
  return changes;
}

function changeOf(ms: number, data: StateData): StateChange {
  return { ms, leader: data.leader, leaderEpoch: data.leader_epoch, isr: data.isr };
}

/** A cluster whose state znodes of some partitions are looked at every 25 ms, as the recording did. */
class Watched {
  readonly kafka: TestKafka;
  readonly topic: string;
  readonly states = new Map<number, StateChange[]>();
  private readonly sinceUs: number;

  constructor(kafka: TestKafka, topic: string, partitions: readonly number[]) {
    this.kafka = kafka;
    this.topic = topic;
    this.sinceUs = kafka.nowUs;
    for (const partition of partitions) this.states.set(partition, []);
  }

  play(seconds: number): void {
    for (let at = 0; at < seconds * 1000; at += 25) {
      run(this.kafka, 0.025);
      this.look();
    }
  }

  private look(): void {
    for (const [partition, changes] of this.states) {
      const text = znode(this.kafka, `/brokers/topics/${this.topic}/partitions/${partition}/state`);
      if (text === null) continue;
      const change = changeOf((this.kafka.nowUs - this.sinceUs) / 1000, JSON.parse(text) as StateData);
      const last = changes[changes.length - 1];
      if (last === undefined || JSON.stringify(withoutTime(last)) !== JSON.stringify(withoutTime(change))) changes.push(change);
    }
  }

  changes(partition = 0): readonly StateChange[] {
    return this.states.get(partition) ?? [];
  }

  /** Sends one record and plays until its answer; its error code, or null when there is none in that time. */
  send(broker: number, value: string, options: { acks?: number; partition?: number; seconds?: number; timeoutMs?: number } = {}): number | null {
    const tag = this.post(broker, value, options);
    for (let at = 0; at < (options.seconds ?? 5); at += 0.025) {
      this.play(0.025);
      const error = this.errorOf(tag);
      if (error !== null) return error;
    }
    return null;
  }

  post(broker: number, value: string, options: { acks?: number; partition?: number; timeoutMs?: number } = {}): string {
    const partitionData = [{ index: options.partition ?? 0, records: [testBatch([value])] }];
    return ask(this.kafka, broker, 'Produce', {
      transactionalId: null,
      acks: options.acks ?? -1,
      timeoutMs: options.timeoutMs ?? 30_000,
      topicData: [{ name: this.topic, partitionData }],
    });
  }

  errorOf(tag: string): number | null {
    return answerTo(this.kafka, tag, 'Produce')?.responses[0]?.partitionResponses[0]?.errorCode ?? null;
  }

  /** `offset:epoch:value` of every record that a broker's replica holds. */
  records(broker: number, partition = 0): readonly string[] {
    const log = mapGet(brokerPart(this.kafka, broker).partitions, `${this.topic}-${partition}`)?.log;
    if (log === undefined) return [];
    const found: string[] = [];
    for (const batch of batchesBetween(log, 0, log.logEndOffset)) {
      const read = readRecords(batch, NO_CODECS);
      if (read.ok)
        for (const record of read.records) found.push(`${record.offset}:${partitionLeaderEpoch(batch)}:${utf8Decode(record.value ?? new Uint8Array(0))}`);
    }
    return found;
  }
}

function withoutTime(change: StateChange): Omit<StateChange, 'ms'> {
  const { leader, leaderEpoch, isr } = change;
  return { leader, leaderEpoch, isr };
}

/** Brokers 1 to 3, `controller` first, with the settings of the recording, and a topic. */
function cluster(
  controller: number,
  topic: string,
  assignment: Readonly<Record<string, readonly number[]>>,
  configs: Readonly<Record<string, string>>,
): Watched {
  const kafka = newTestKafka(3, [1, 2, 3], { 'replica.lag.time.max.ms': '10000', 'auto.leader.rebalance.enable': 'false' });
  run(kafka, 3);
  for (const id of [controller, ...[1, 2, 3].filter((each) => each !== controller)]) {
    command(kafka, `b${id}`, { type: 'start' });
    run(kafka, 1);
  }
  expect(runUntil(kafka, 5, () => [1, 2, 3].every((id) => serverOf(kafka, id)?.phase.name === 'running'))).toBe(true);
  run(kafka, 1);
  expect(JSON.parse(znode(kafka, '/controller') ?? 'null')).toMatchObject({ brokerid: controller });
  createTopic(kafka, topic, assignment, configs);
  const watched = new Watched(kafka, topic, Object.keys(assignment).map(Number));
  watched.play(3);
  return watched;
}

function expectStates(name: string, watched: Watched, partitions: readonly number[]): void {
  for (const partition of partitions) {
    expect(watched.changes(partition).map(withoutTime)).toEqual(recordedStates(name, watched.topic, partition).map(withoutTime));
  }
}

describe('as recorded from Kafka 3.9.1', () => {
  test('[R8] isr-shrink-expand: a stopped follower leaves, acks=all goes on, and it is back at once when it goes on', () => {
    const watched = cluster(2, 'f2', { '0': [1, 2, 3] }, { 'min.insync.replicas': '2' });
    expect(watched.send(1, 'a0')).toBe(0);
    const stoppedUs = watched.kafka.nowUs;
    command(watched.kafka, 'b3', { type: 'pause' });
    expect(watched.send(1, 'b0', { seconds: 18 })).toBe(0);
    const waitedMs = (watched.kafka.nowUs - stoppedUs) / 1000;
    expect(waitedMs).toBeGreaterThan(10_000);
    expect(waitedMs).toBeLessThan(15_500);
    expect(watched.send(1, 'b1')).toBe(0);
    command(watched.kafka, 'b3', { type: 'resume' });
    watched.play(1);
    expect(watched.send(1, 'c0')).toBe(0);
    expectStates('isr-shrink-expand', watched, [0]);
    watched.play(1);
    expect(watched.records(3)).toEqual(['0:0:a0', '1:0:b0', '2:0:b1', '3:0:c0']);
  });

  test('[R8] acks1-divergence: of two records acknowledged with acks=1 one is lost, the other survives in a buffer of the stopped follower', () => {
    const watched = cluster(3, 'f6', { '0': [1, 2] }, { 'min.insync.replicas': '1' });
    for (const value of ['a0', 'a1', 'a2']) expect(watched.send(1, value, { acks: 1 })).toBe(0);
    watched.play(1.5);
    command(watched.kafka, 'b2', { type: 'pause' });
    watched.play(0.025);
    expect(watched.send(1, 'lost0', { acks: 1 })).toBe(0);
    expect(watched.send(1, 'lost1', { acks: 1 })).toBe(0);
    command(watched.kafka, 'b1', { type: 'kill' });
    command(watched.kafka, 'b2', { type: 'resume' });
    watched.play(21);
    expect(watched.send(2, 'b0', { acks: 1 })).toBe(0);
    command(watched.kafka, 'b1', { type: 'start' });
    watched.play(5);
    expectStates('acks1-divergence', watched, [0]);
    const read = recorded('acks1-divergence').find((line) => line.event === 'read')?.records;
    expect(watched.records(1)).toEqual(read);
    expect(watched.records(2)).toEqual(read);
  });

  test('[R8] controlled-shutdown: leaders move before the broker goes, and it is put back into each ISR last', () => {
    const watched = cluster(1, 'f4', { '0': [2, 1, 3], '1': [2, 3, 1], '2': [3, 2, 1] }, {});
    expect(watched.send(2, 'a0')).toBe(0);
    command(watched.kafka, 'b2', { type: 'terminate' });
    watched.play(3);
    expect(watched.send(1, 'a2')).toBe(0);
    command(watched.kafka, 'b2', { type: 'start' });
    watched.play(6);
    expectStates('controlled-shutdown', watched, [0, 1, 2]);
  });

  test('[R8] failover-kill9: the leader killed is replaced after its session, nothing acknowledged is lost', () => {
    const watched = cluster(2, 'f1', { '0': [1, 2, 3] }, { 'min.insync.replicas': '2' });
    for (const value of ['a0', 'a1', 'a2', 'a3', 'a4']) expect(watched.send(1, value)).toBe(0);
    const killedUs = watched.kafka.nowUs;
    command(watched.kafka, 'b1', { type: 'kill' });
    while (watched.changes().length < 2 && watched.kafka.nowUs - killedUs < 25_000_000) watched.play(0.1);
    const sessionMs = (watched.kafka.nowUs - killedUs) / 1000;
    expect(sessionMs).toBeGreaterThan(12_000);
    expect(sessionMs).toBeLessThan(21_500);
    watched.play(1.5);
    for (const value of ['b0', 'b1', 'b2', 'c0']) expect(watched.send(2, value)).toBe(0);
    command(watched.kafka, 'b1', { type: 'start' });
    watched.play(4);
    expect(watched.send(2, 'd0')).toBe(0);
    watched.play(1);
    const states = recordedStates('failover-kill9', 'f1', 0).map(withoutTime);
    // The preferred election at the end is asked for by an admin client.
    expect(watched.changes().map(withoutTime)).toEqual(states.slice(0, -1));
    const read = recorded('failover-kill9')
      .find((line) => line.event === 'read')
      ?.records?.slice(0, -1);
    for (const id of [1, 2, 3]) expect(watched.records(id)).toEqual(read);
  });

  test('[R8] min-isr-refusal: with one of three in sync acks=all is refused, acks=1 taken; the record is there to read later', () => {
    const watched = cluster(2, 'f3', { '0': [1, 2, 3] }, { 'min.insync.replicas': '2' });
    expect(watched.send(1, 'a0')).toBe(0);
    command(watched.kafka, 'b2', { type: 'terminate' });
    watched.play(5);
    command(watched.kafka, 'b3', { type: 'terminate' });
    watched.play(5);
    expect(watched.send(1, 'b-all')).toBe(errorCode('NOT_ENOUGH_REPLICAS'));
    expect(watched.send(1, 'b-one', { acks: 1 })).toBe(0);
    expect(mapGet(brokerPart(watched.kafka, 1).partitions, 'f3-0')?.log.highWatermark).toBe(1);
    command(watched.kafka, 'b2', { type: 'start' });
    watched.play(0.2);
    command(watched.kafka, 'b3', { type: 'start' });
    watched.play(5);
    expect(watched.send(1, 'c0')).toBe(0);
    expectStates('min-isr-refusal', watched, [0]);
    expect(watched.records(1).slice(1)).toEqual(recorded('min-isr-refusal').findLast((line) => line.event === 'read')?.records);
  });

  test('[R8] zookeeper-majority: leaders serve on, a dead one is not replaced, a pending shrink is written when the majority is back', () => {
    const watched = cluster(3, 'f11', { '0': [1, 2, 3], '1': [2, 3, 1] }, { 'min.insync.replicas': '2' });
    expect(watched.send(1, 'a0')).toBe(0);
    expect(watched.send(2, 'a0', { partition: 1 })).toBe(0);
    command(watched.kafka, 'zk1', { type: 'kill' });
    command(watched.kafka, 'zk2', { type: 'kill' });
    watched.play(3);
    expect(watched.send(1, 'while-no-quorum')).toBe(0);
    watched.play(20);
    command(watched.kafka, 'b1', { type: 'kill' });
    watched.play(20);
    const unanswered = watched.post(2, 'other-leader', { partition: 1, timeoutMs: 20_000 });
    watched.play(21);
    expect(watched.errorOf(unanswered)).toBe(errorCode('REQUEST_TIMED_OUT'));
    command(watched.kafka, 'zk1', { type: 'start' });
    command(watched.kafka, 'zk2', { type: 'start' });
    watched.play(28);
    expect(watched.send(2, 'after-quorum')).toBe(0);
    command(watched.kafka, 'b1', { type: 'start' });
    watched.play(6);
    expectStates('zookeeper-majority', watched, [0, 1]);
    const reads = recorded('zookeeper-majority').filter((line) => line.event === 'read');
    expect(watched.records(2, 0)).toEqual(reads.findLast((line) => line.partition === 0)?.records);
    expect(watched.records(2, 1)).toEqual(reads.findLast((line) => line.partition === 1)?.records);
  });
});
