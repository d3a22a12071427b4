import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import { createTopicsResponse, createTopicsResponseCreatableTopicResult } from '../../protocol/generated/create-topics-response.ts';
import {
  incrementalAlterConfigsResponse,
  incrementalAlterConfigsResponseAlterConfigsResourceResponse as alterResult,
} from '../../protocol/generated/incremental-alter-configs-response.ts';
import {
  deleteRecordsResponse,
  deleteRecordsResponseDeleteRecordsPartitionResult as deletedFrom,
  deleteRecordsResponseDeleteRecordsTopicResult as deletedOf,
} from '../../protocol/generated/delete-records-response.ts';
import { newTestBrokers } from '../shared/test-brokers.ts';
import { EPOCH_MS, newTestCluster, type Answer, type TestCluster } from '../shared/test-cluster.ts';
import type { AdminCommand } from './admin-calls.ts';
import { adminClient, type AdminConfig, type AdminState } from './admin-client.ts';

type Cluster = TestCluster<AdminState, AdminCommand>;

/** Two brokers, of which 1 is the controller by their metadata; `createTopics` says what each answers. */
function start(createTopics: (nodeId: number) => Answer, configs: Readonly<Record<string, string>> = {}): Cluster {
  const brokers = newTestBrokers([1, 2], 1);
  const config: AdminConfig = { clientId: 'admin', bootstrap: [{ host: 'b2', port: 9092 }], configs, setUp: { brokerCount: 0, topics: [] } };
  const hanging: number[] = [];
  const cluster = newTestCluster<AdminConfig, AdminState, AdminCommand>(adminClient, config, (request) => {
    // Nothing overtakes a request that is not answered.
    if (hanging.includes(request.nodeId)) return { kind: 'silent' };
    if (request.frame.api !== 'CreateTopics') return brokers.handler(request);
    const answer = createTopics(request.nodeId);
    if (answer.kind === 'silent') hanging.push(request.nodeId);
    return answer;
  });
  cluster.runUntilMs(100);
  return cluster;
}

function create(cluster: Cluster): void {
  cluster.command({ type: 'createTopic', commandId: 1, topic: 'payments', partitionCount: 1, replicationFactor: 1 });
}

const answered = (error: 'NONE' | 'NOT_CONTROLLER'): Answer => ({
  kind: 'body',
  body: createTopicsResponse({ topics: [createTopicsResponseCreatableTopicResult({ name: 'payments', errorCode: errorCode(error) })] }),
});

describe('a call', () => {
  test('[R1] goes to the controller, again after NOT_CONTROLLER', () => {
    let asked = 0;
    const cluster = start(() => answered(asked++ === 0 ? 'NOT_CONTROLLER' : 'NONE'));
    create(cluster);
    cluster.runUntilMs(2000);
    expect(cluster.requests.flatMap(({ frame, nodeId }) => (frame.api === 'CreateTopics' ? [nodeId] : []))).toEqual([1, 1]);
    expect(cluster.events.at(-1)?.event).toMatchObject({ type: 'CommandDone', text: 'Created topic payments.' });
  });

  test('[R2] that nobody answers fails with how often it was tried, and since when', () => {
    const cluster = start(() => ({ kind: 'silent' }), { 'request.timeout.ms': '100000' });
    create(cluster);
    cluster.runUntilMs(70_000);
    const event = cluster.events.at(-1)?.event;
    const deadlineMs = EPOCH_MS + 60_100;
    expect(event).toMatchObject({ type: 'CommandRefused', error: 'TimeoutException' });
    expect(event?.type === 'CommandRefused' ? event.message : '').toMatch(
      new RegExp(
        `^Call\\(callName=createTopics, deadlineMs=${deadlineMs}, tries=1, nextAllowedTryMs=\\d+\\) timed out at ${deadlineMs} after 1 attempt\\(s\\)$`,
      ),
    );
  });

  test('[R2] that reaches no node says so', () => {
    const cluster = start(() => answered('NONE'));
    cluster.kill(1);
    cluster.kill(2);
    cluster.runUntilMs(1000);
    create(cluster);
    cluster.runUntilMs(1100);
    cluster.runUntilMs(70_000);
    expect(cluster.events.at(-1)?.event).toMatchObject({
      error: 'TimeoutException',
      message: expect.stringMatching(/^Timed out waiting (for a node assignment|to send the call)\. Call: createTopics$/) as string,
    });
  });

  test("[R1] about a topic's configuration asks any broker, and tells Kafka's refusal", () => {
    const brokers = newTestBrokers([1, 2], 1);
    const config: AdminConfig = { clientId: 'admin', bootstrap: [{ host: 'b2', port: 9092 }], configs: {}, setUp: { brokerCount: 0, topics: [] } };
    const cluster = newTestCluster<AdminConfig, AdminState, AdminCommand>(adminClient, config, (request) => {
      if (request.frame.api !== 'IncrementalAlterConfigs') return brokers.handler(request);
      const [resource] = request.frame.body.resources;
      const valid = resource?.configs.every((one) => one.name === 'retention.ms') === true;
      const refusal = { errorCode: errorCode('INVALID_CONFIG'), errorMessage: 'Unknown topic config name: no.such' };
      return { kind: 'body', body: incrementalAlterConfigsResponse({ responses: [alterResult({ resourceName: 'shop', ...(valid ? {} : refusal) })] }) };
    });
    cluster.runUntilMs(100);
    // The controller is gone: a call that needed it would wait.
    cluster.kill(1);
    cluster.command({ type: 'alterConfig', commandId: 1, topic: 'shop', set: { 'retention.ms': '5' }, remove: ['retention.ms'] });
    cluster.command({ type: 'alterConfig', commandId: 2, topic: 'shop', set: { 'no.such': '5' } });
    cluster.runUntilMs(5000);
    const done = cluster.events.map(({ event }) => event).filter((event) => event.type === 'CommandDone' || event.type === 'CommandRefused');
    expect(done).toMatchObject([
      { commandId: 1, text: 'Completed updating config for topic shop.' },
      { commandId: 2, error: 'InvalidConfigurationException', message: 'Unknown topic config name: no.such' },
    ]);
  });

  test('[R1] that deletes records goes to the leader of their partition, and tells the low watermark', () => {
    const brokers = newTestBrokers([1, 2], 1);
    const config: AdminConfig = { clientId: 'admin', bootstrap: [{ host: 'b2', port: 9092 }], configs: {}, setUp: { brokerCount: 0, topics: [] } };
    const [only] = brokers.partitions;
    if (only !== undefined) only.leader = 2;
    const cluster = newTestCluster<AdminConfig, AdminState, AdminCommand>(adminClient, config, (request) => {
      if (request.frame.api !== 'DeleteRecords') return brokers.handler(request);
      const offset = request.frame.body.topics[0]?.partitions[0]?.offset ?? -1;
      const fits = offset <= 7;
      const partitions = [deletedFrom({ partitionIndex: 0, lowWatermark: fits ? offset : -1, errorCode: errorCode(fits ? 'NONE' : 'OFFSET_OUT_OF_RANGE') })];
      return { kind: 'body', body: deleteRecordsResponse({ topics: [deletedOf({ name: 'orders', partitions })] }) };
    });
    cluster.runUntilMs(100);
    cluster.command({ type: 'deleteRecords', commandId: 1, topic: 'orders', partition: 0, beforeOffset: 7 });
    cluster.command({ type: 'deleteRecords', commandId: 2, topic: 'orders', partition: 0, beforeOffset: 8 });
    cluster.runUntilMs(5000);
    expect(cluster.requests.flatMap(({ frame, nodeId }) => (frame.api === 'DeleteRecords' ? [nodeId] : []))).toEqual([2, 2]);
    expect(cluster.events.slice(-2).map(({ event }) => event)).toMatchObject([
      { commandId: 1, text: 'partition: orders-0\tlow_watermark: 7' },
      { commandId: 2, error: 'OffsetOutOfRangeException' },
    ]);
  });
});
