import { describe, expect, test } from 'vitest';
import { mapGet } from '../kernel/persistent-map.ts';
import { errorName } from '../protocol/errors.ts';
import { incrementalAlterConfigsRequest } from '../protocol/generated/incremental-alter-configs-request.ts';
import {
  answerTo,
  ask,
  brokerPart,
  command,
  createTopic,
  newTestKafka,
  run,
  runUntil,
  serverOf,
  tracesOf,
  znode,
  type TestKafka,
} from './kafka-cluster.test-support.ts';

const SET = 0;
const DELETE = 1;

function kafkaWithTopic(): TestKafka {
  const kafka = newTestKafka(1, [1, 2], {});
  run(kafka, 3);
  for (const id of [1, 2]) command(kafka, `b${id}`, { type: 'start' });
  expect(runUntil(kafka, 10, () => [1, 2].every((id) => serverOf(kafka, id)?.phase.name === 'running'))).toBe(true);
  createTopic(kafka, 'orders', { '0': [1, 2] });
  expect(runUntil(kafka, 10, () => [1, 2].every((id) => mapGet(brokerPart(kafka, id).partitions, 'orders-0') !== undefined))).toBe(true);
  return kafka;
}

function alter(
  kafka: TestKafka,
  broker: number,
  topic: string,
  ...configs: readonly (readonly [string, number, string | null])[]
): { error: string; message: string | null } {
  const resources = [{ resourceType: 2, resourceName: topic, configs: configs.map(([name, configOperation, value]) => ({ name, configOperation, value })) }];
  const tag = ask(kafka, broker, 'IncrementalAlterConfigs', incrementalAlterConfigsRequest({ resources }));
  run(kafka, 1);
  const answer = answerTo(kafka, tag, 'IncrementalAlterConfigs')?.responses[0];
  return { error: errorName(answer?.errorCode ?? -1), message: answer?.errorMessage ?? null };
}

const retentionOf = (kafka: TestKafka, broker: number): number | undefined => mapGet(brokerPart(kafka, broker).partitions, 'orders-0')?.log.config.retentionMs;

describe("a topic's configuration", () => {
  test('[R9] altered at one broker is written, announced, and obeyed by all; taken back, the default is in force again', () => {
    const kafka = kafkaWithTopic();
    expect(alter(kafka, 2, 'orders', ['retention.ms', SET, '60000'], ['segment.bytes', SET, '2048'])).toEqual({ error: 'NONE', message: null });
    expect(znode(kafka, '/config/topics/orders')).toBe('{"version":1,"config":{"retention.ms":"60000","segment.bytes":"2048"}}');
    expect(znode(kafka, '/config/changes/config_change_0000000000')).toBe('{"version":2,"entity_path":"topics/orders"}');
    expect([retentionOf(kafka, 1), retentionOf(kafka, 2)]).toEqual([60_000, 60_000]);
    const changes = tracesOf(kafka, 'TopicConfigChanged');
    expect(changes.map(({ event }) => (event.type === 'TopicConfigChanged' ? event.brokerId : -1)).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(changes[0]?.event).toMatchObject({ topic: 'orders', changes: ['retention.ms=60000', 'segment.bytes=2048'] });
    expect(alter(kafka, 1, 'orders', ['retention.ms', DELETE, null])).toMatchObject({ error: 'NONE' });
    expect([retentionOf(kafka, 1), retentionOf(kafka, 2)]).toEqual([604_800_000, 604_800_000]);
    expect(znode(kafka, '/config/topics/orders')).toBe('{"version":1,"config":{"segment.bytes":"2048"}}');
  });

  test('[R9] refused changes nothing', () => {
    const kafka = kafkaWithTopic();
    expect(alter(kafka, 1, 'orders', ['segment.bytes', SET, '2048'], ['retention.ms', SET, 'soon'])).toMatchObject({ error: 'INVALID_CONFIG' });
    expect(alter(kafka, 1, 'nobody', ['retention.ms', SET, '1'])).toEqual({
      error: 'UNKNOWN_TOPIC_OR_PARTITION',
      message: "The topic 'nobody' does not exist.",
    });
    expect(znode(kafka, '/config/topics/orders')).toBe('{"version":1,"config":{}}');
    expect(znode(kafka, '/config/changes/config_change_0000000000')).toBeNull();
  });

  test('[R9] a broker that was down obeys what was altered meanwhile; announcements older than 15 minutes go', () => {
    const kafka = kafkaWithTopic();
    command(kafka, 'b2', { type: 'kill' });
    run(kafka, 1);
    expect(alter(kafka, 1, 'orders', ['retention.ms', SET, '5000'])).toMatchObject({ error: 'NONE' });
    command(kafka, 'b2', { type: 'start' });
    expect(runUntil(kafka, 60, () => serverOf(kafka, 2)?.phase.name === 'running' && retentionOf(kafka, 2) === 5000)).toBe(true);
    run(kafka, 901);
    expect(znode(kafka, '/config/changes/config_change_0000000000')).not.toBeNull();
    expect(alter(kafka, 1, 'orders', ['retention.ms', SET, '6000'])).toMatchObject({ error: 'NONE' });
    expect(znode(kafka, '/config/changes/config_change_0000000000')).toBeNull();
    expect(znode(kafka, '/config/changes/config_change_0000000001')).not.toBeNull();
  });
});
