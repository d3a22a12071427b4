import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import { metadataRequest } from '../../protocol/generated/metadata-request.ts';
import { updateMetadataRequest, updateMetadataRequestUpdateMetadataPartitionState } from '../../protocol/generated/update-metadata-request.ts';
import type { ResponseBodies } from '../../protocol/generated/apis.ts';
import { CONTROLLER_EPOCH, newTestBroker, request, responseTo, tellMetadata, TOPIC, TOPIC_ID, type TestBroker } from '../test-support.ts';
import { findPartition, topicNameOf } from './metadata-cache.ts';
import { decodeTopicConfig } from './topic-configs.ts';

function ask(broker: TestBroker, topics: readonly string[] | null): ResponseBodies['Metadata'] {
  const id = request(broker, 'Metadata', metadataRequest({ topics: topics === null ? null : topics.map((name) => ({ name, topicId: '0'.repeat(32) })) }));
  const body = responseTo(broker.effects, id, 'Metadata');
  if (body === null) throw new Error('an answer expected');
  return body;
}

describe('metadata cache', () => {
  test('[R2] what the controller says is what clients see', () => {
    const broker = newTestBroker(1);
    tellMetadata(broker, [1, 2], { leader: 2, leaderEpoch: 4, isr: [2], replicas: [1, 2], offlineReplicas: [] });
    const body = ask(broker, null);
    expect(body).toMatchObject({
      clusterId: 'test',
      controllerId: 1,
      brokers: [
        { nodeId: 1, host: 'b1' },
        { nodeId: 2, host: 'b2' },
      ],
    });
    expect(body.topics).toMatchObject([
      { errorCode: 0, name: TOPIC, topicId: TOPIC_ID, partitions: [{ errorCode: 0, leaderId: 2, leaderEpoch: 4, replicaNodes: [1, 2], isrNodes: [2] }] },
    ]);
  });

  test('[R2] a leader that is not alive is LEADER_NOT_AVAILABLE, with its epoch', () => {
    const broker = newTestBroker(1);
    tellMetadata(broker, [1], { leader: 2, leaderEpoch: 4, isr: [2], replicas: [1, 2] });
    expect(ask(broker, [TOPIC]).topics[0]?.partitions[0]).toMatchObject({ errorCode: errorCode('LEADER_NOT_AVAILABLE'), leaderId: -1, leaderEpoch: 4 });
  });

  test('[R2] unknown topics, by name and by id', () => {
    const broker = newTestBroker(1);
    expect(ask(broker, ['nowhere', 'two words']).topics.map((topic) => topic.errorCode)).toEqual([
      errorCode('UNKNOWN_TOPIC_OR_PARTITION'),
      errorCode('INVALID_TOPIC_EXCEPTION'),
    ]);
    const id = request(broker, 'Metadata', metadataRequest({ topics: [{ name: null, topicId: TOPIC_ID }] }));
    expect(responseTo(broker.effects, id, 'Metadata')?.topics[0]).toMatchObject({ errorCode: errorCode('UNKNOWN_TOPIC_ID'), name: null, topicId: TOPIC_ID });
  });

  test('[R2] an update without partitions changes brokers alone; leader -2 takes a topic out', () => {
    const broker = newTestBroker(1);
    tellMetadata(broker, [1, 2], { leader: 1, leaderEpoch: 0, isr: [1], replicas: [1] });
    tellMetadata(broker, [1]);
    expect(findPartition(broker.state.metadata, TOPIC, 0)).not.toBeNull();
    expect(broker.state.metadata.brokers.map((each) => each.brokerId)).toEqual([1]);
    tellMetadata(broker, [1], { leader: -2, leaderEpoch: 0, isr: [], replicas: [1] });
    expect(findPartition(broker.state.metadata, TOPIC, 0)).toBeNull();
    expect(topicNameOf(broker.state.metadata, TOPIC_ID)).toBeNull();
    expect(ask(broker, null).topics).toEqual([]);
  });

  test('[R2] partitions may come in any order, and be missing in between', () => {
    const broker = newTestBroker(1);
    for (const partitionIndex of [3, 1]) tellMetadata(broker, [1], { partitionIndex, leader: 1, leaderEpoch: 0, isr: [1], replicas: [1] });
    expect(ask(broker, [TOPIC]).topics[0]?.partitions.map((each) => each.partitionIndex)).toEqual([1, 3]);
  });

  test('[R2] an older controller is refused', () => {
    const broker = newTestBroker(1);
    tellMetadata(broker, [1, 2]);
    const partitionStates = [updateMetadataRequestUpdateMetadataPartitionState({ leader: 1, replicas: [1] })];
    const id = request(
      broker,
      'UpdateMetadata',
      updateMetadataRequest({ controllerEpoch: CONTROLLER_EPOCH - 1, topicStates: [{ topicName: TOPIC, topicId: TOPIC_ID, partitionStates }] }),
    );
    expect(responseTo(broker.effects, id, 'UpdateMetadata')).toEqual({ errorCode: errorCode('STALE_CONTROLLER_EPOCH') });
    expect(broker.state.metadata.brokers).toHaveLength(2);
  });

  test('[R15] topic configurations: JSON as Kafka writes it, anything else is no configuration', () => {
    expect(decodeTopicConfig('{"version":1,"config":{"retention.ms":"5","cleanup.policy":"compact"}}')).toEqual({
      'cleanup.policy': 'compact',
      'retention.ms': '5',
    });
    expect(decodeTopicConfig('')).toEqual({});
    expect(decodeTopicConfig('[1]')).toEqual({});
  });
});
