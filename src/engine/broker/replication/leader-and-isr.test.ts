import { describe, expect, test } from 'vitest';
import { errorCode } from '../../protocol/errors.ts';
import { leaderAndIsrRequest, leaderAndIsrRequestLeaderAndIsrPartitionState } from '../../protocol/generated/leader-and-isr-request.ts';
import { stopReplicaRequest } from '../../protocol/generated/stop-replica-request.ts';
import { updateMetadataRequest } from '../../protocol/generated/update-metadata-request.ts';
import { getPartition } from '../broker-state.ts';
import { getFetcher } from '../fetcher/fetcher-state.ts';
import {
  CONTROLLER_EPOCH,
  consumerFetch,
  fetched,
  followerFetch,
  leaderRole,
  makeFollower,
  makeLeader,
  newTestBroker,
  offsets,
  produce,
  request,
  responseTo,
  step,
  tellLeader,
  tellMetadata,
  thePartition,
  TOPIC,
  TOPIC_ID,
  type TestBroker,
} from '../test-support.ts';

const STALE_CONTROLLER = errorCode('STALE_CONTROLLER_EPOCH');

function stopReplica(
  broker: TestBroker,
  told: { leaderEpoch: number; deletePartition: boolean },
  controllerEpoch = CONTROLLER_EPOCH,
): { error: number; partition: number | undefined } {
  const topicStates = [{ topicName: TOPIC, partitionStates: [{ partitionIndex: 0, ...told }] }];
  const id = request(broker, 'StopReplica', stopReplicaRequest({ controllerId: 1, controllerEpoch, topicStates }));
  const body = responseTo(broker.effects, id, 'StopReplica');
  return { error: body?.errorCode ?? -99, partition: body?.partitionErrors[0]?.errorCode };
}

describe('LeaderAndIsr', () => {
  test('[R1] a new leader notes where its epoch starts and truncates nothing', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2]);
    produce(broker, 1);
    tellLeader(broker, { leader: 1, replicas: [1, 2], leaderEpoch: 3, partitionEpoch: 1 });
    expect(leaderRole(broker).epochStartOffset).toBe(1);
    expect(thePartition(broker).log.leaderEpochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 1 },
    ]);
    expect(offsets(broker).leo).toBe(1);
  });

  test('[R1] a leader that leads on keeps what it knows of the ends of its followers; a new leader knows nothing', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2]);
    produce(broker, 1);
    followerFetch(broker, 2, 1);
    tellLeader(broker, { leader: 1, replicas: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    expect(leaderRole(broker).followers[0]?.logEndOffset).toBe(1);
    tellLeader(broker, { leader: 2, replicas: [1, 2], leaderEpoch: 2, partitionEpoch: 2 });
    tellLeader(broker, { leader: 1, replicas: [1, 2], leaderEpoch: 3, partitionEpoch: 3 });
    expect(leaderRole(broker).followers[0]?.logEndOffset).toBe(-1);
  });

  test('[R1] an epoch that is not new is refused for the partition, an old controller for the request', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2], { leaderEpoch: 4 });
    expect(tellLeader(broker, { leader: 2, replicas: [1, 2], leaderEpoch: 4, partitionEpoch: 1 })).toBe(STALE_CONTROLLER);
    expect(tellLeader(broker, { leader: 2, replicas: [1, 2], leaderEpoch: 3, partitionEpoch: 1 })).toBe(STALE_CONTROLLER);
    expect(tellLeader(broker, { leader: 2, replicas: [1, 2], leaderEpoch: 9, partitionEpoch: 1 }, {}, CONTROLLER_EPOCH - 1)).toBe(STALE_CONTROLLER);
    expect(thePartition(broker)).toMatchObject({ leaderEpoch: 4, role: { kind: 'leader' } });
  });

  test('[R1] a request for an earlier registration of this broker is STALE_BROKER_EPOCH', () => {
    const broker = newTestBroker(1);
    const told = leaderAndIsrRequestLeaderAndIsrPartitionState({ leader: 1, replicas: [1], isr: [1] });
    const id = request(
      broker,
      'LeaderAndIsr',
      leaderAndIsrRequest({ controllerEpoch: 5, brokerEpoch: 100, topicStates: [{ topicName: TOPIC, topicId: TOPIC_ID, partitionStates: [told] }] }),
    );
    expect(responseTo(broker.effects, id, 'LeaderAndIsr')).toMatchObject({ errorCode: errorCode('STALE_BROKER_EPOCH') });
    expect(getPartition(broker.state, 'orders-0')).toBeNull();
  });

  test('[R1] a replica that is not assigned here is UNKNOWN_TOPIC_OR_PARTITION', () => {
    const broker = newTestBroker(1);
    expect(tellLeader(broker, { leader: 2, replicas: [2, 3] })).toBe(errorCode('UNKNOWN_TOPIC_OR_PARTITION'));
  });

  test('[R1] another topic id than the one of the log is INCONSISTENT_TOPIC_ID', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1]);
    const told = leaderAndIsrRequestLeaderAndIsrPartitionState({ leader: 1, replicas: [1], isr: [1], leaderEpoch: 5 });
    const id = request(
      broker,
      'LeaderAndIsr',
      leaderAndIsrRequest({ controllerEpoch: 5, topicStates: [{ topicName: TOPIC, topicId: 'f'.repeat(32), partitionStates: [told] }] }),
    );
    expect(responseTo(broker.effects, id, 'LeaderAndIsr')?.topics[0]?.partitionErrors[0]?.errorCode).toBe(errorCode('INCONSISTENT_TOPIC_ID'));
  });

  test('[R1] a follower whose leader is not alive has its log but follows nobody', () => {
    const broker = newTestBroker(1);
    tellMetadata(broker, [1], { leader: 2, leaderEpoch: 0, isr: [2], replicas: [1, 2] });
    expect(tellLeader(broker, { leader: 2, replicas: [1, 2] })).toBe(0);
    expect(thePartition(broker)).toMatchObject({ leaderEpoch: -1, role: { kind: 'offline' } });
    expect(getFetcher(broker.state, 2)).toBeNull();
    tellMetadata(broker, [1, 2]);
    expect(tellLeader(broker, { leader: 2, replicas: [1, 2] })).toBe(0);
    expect(thePartition(broker).role).toEqual({ kind: 'follower', leader: 2 });
  });

  test('[R1] a leader told that there is no leader stays as it is, as it cannot follow one', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2]);
    expect(tellLeader(broker, { leader: -1, replicas: [1, 2], isr: [1], leaderEpoch: 1, partitionEpoch: 1 })).toBe(0);
    expect(thePartition(broker)).toMatchObject({ leaderEpoch: 0, role: { kind: 'leader' } });
  });

  test('[R1] after controlled shutdown has begun no fetcher is started', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2]);
    step(broker, { type: 'shutdownStarted' });
    tellLeader(broker, { leader: 2, replicas: [1, 2], leaderEpoch: 1, partitionEpoch: 1 });
    expect(thePartition(broker).role.kind).toBe('follower');
    expect(getFetcher(broker.state, 2)).toBeNull();
  });

  test('[R15] a log that must be made waits for its topic configuration, and later control requests wait behind it', () => {
    const broker = newTestBroker(1);
    tellMetadata(broker, [1]);
    const told = leaderAndIsrRequestLeaderAndIsrPartitionState({ leader: 1, replicas: [1], isr: [1] });
    const first = request(
      broker,
      'LeaderAndIsr',
      leaderAndIsrRequest({ controllerEpoch: 5, topicStates: [{ topicName: TOPIC, topicId: TOPIC_ID, partitionStates: [told] }] }),
    );
    expect(broker.effects).toContainEqual({
      type: 'zk',
      tag: `broker-topic-configs-${first}`,
      operations: [{ op: 'getData', path: '/config/topics/orders', watch: false }],
    });
    const second = request(broker, 'UpdateMetadata', updateMetadataRequest({ controllerId: 1, controllerEpoch: 5 }));
    expect(responseTo(broker.effects, second, 'UpdateMetadata')).toBeNull();
    step(broker, { type: 'zkAnswer', tag: `broker-topic-configs-${first}`, results: [{ ok: false, op: 'getData', error: 'NONODE' }] });
    expect(responseTo(broker.effects, first, 'LeaderAndIsr')).not.toBeNull();
    expect(responseTo(broker.effects, second, 'UpdateMetadata')).toEqual({ errorCode: 0 });
    expect(thePartition(broker).role.kind).toBe('leader');
  });

  test('[R15] a session that expires meanwhile: the configuration is asked for again in the next one', () => {
    const broker = newTestBroker(1);
    tellMetadata(broker, [1]);
    const told = leaderAndIsrRequestLeaderAndIsrPartitionState({ leader: 1, replicas: [1], isr: [1] });
    const id = request(
      broker,
      'LeaderAndIsr',
      leaderAndIsrRequest({ controllerEpoch: 5, topicStates: [{ topicName: TOPIC, topicId: TOPIC_ID, partitionStates: [told] }] }),
    );
    step(broker, { type: 'zkAnswer', tag: `broker-topic-configs-${id}`, results: [{ ok: false, op: 'getData', error: 'SESSIONEXPIRED' }] });
    expect(getPartition(broker.state, 'orders-0')).toBeNull();
    step(broker, { type: 'zkSession', state: 'established', sessionId: '1' });
    expect(broker.effects.map((effect) => effect.type)).toEqual(['zk']);
  });
});

describe('StopReplica', () => {
  test('[R1] without deletion copying stops and the log stays', () => {
    const broker = newTestBroker(1);
    makeFollower(broker, 2, [1, 2]);
    expect(stopReplica(broker, { leaderEpoch: 0, deletePartition: false })).toEqual({ error: 0, partition: 0 });
    expect(getFetcher(broker.state, 2)?.partitions ?? []).toEqual([]);
    expect(getPartition(broker.state, 'orders-0')).not.toBeNull();
  });

  test('[R1] with deletion the log goes, and whoever waits is told', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2]);
    const waiting = consumerFetch(broker, 0);
    expect(stopReplica(broker, { leaderEpoch: -2, deletePartition: true })).toEqual({ error: 0, partition: 0 });
    expect(fetched(broker.effects, waiting)).toMatchObject({ error: errorCode('NOT_LEADER_OR_FOLLOWER') });
    expect(getPartition(broker.state, 'orders-0')).toBeNull();
    expect(broker.effects).toContainEqual({ type: 'delete', path: 'orders-0/00000000000000000000.log' });
    expect(broker.traces).toContainEqual({ type: 'ReplicaStopped', brokerId: 1, topic: TOPIC, partition: 0, deleted: true });
  });

  test('[R1] an older leader epoch is fenced, an older controller refused', () => {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2], { leaderEpoch: 3 });
    expect(stopReplica(broker, { leaderEpoch: 2, deletePartition: true }).partition).toBe(errorCode('FENCED_LEADER_EPOCH'));
    expect(stopReplica(broker, { leaderEpoch: -1, deletePartition: true }, CONTROLLER_EPOCH - 1).error).toBe(STALE_CONTROLLER);
    expect(getPartition(broker.state, 'orders-0')).not.toBeNull();
  });
});
