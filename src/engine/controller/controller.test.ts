import { describe, expect, test } from 'vitest';
import { mapEntries, type PersistentMap } from '../kernel/persistent-map.ts';
import { errorCode } from '../protocol/errors.ts';
import { answerOf, ask, forget, killBrokers, newTestController, putBroker, stateOf, step, toldTo, writeZnode } from './controller.test-support.ts';

const ELECT = { electionType: 0, timeoutMs: 5000 };

describe('a broker is gone', () => {
  test('[R6] leaders are elected before anybody hears who is alive: no broker sees a leader that is dead and has no successor', () => {
    const controller = newTestController([1, 2, 3], { orders: [[2, 3, 1]] });
    killBrokers(controller, [2]);
    expect(stateOf(controller, 'orders-0')).toMatchObject({ leader: 3, leader_epoch: 1, isr: [3, 1] });
    expect(toldTo(controller, 3).slice(0, 2)).toEqual(['LeaderAndIsr orders-0 epoch 1', 'UpdateMetadata brokers 1,3 orders-0 offline 2']);
  });

  test('[R7] where it hosted nothing, an UpdateMetadata tells that it is gone', () => {
    const controller = newTestController([1, 2, 3], { orders: [[1, 2]] });
    killBrokers(controller, [3]);
    expect(controller.written).toEqual([]);
    expect(toldTo(controller, 2)).toEqual(['UpdateMetadata brokers 1,2']);
  });

  test('[R6] partitions whose ISR it had left already are told too, and nothing is written: clients hear that the replica is offline', () => {
    const controller = newTestController([1, 2, 3], { orders: [[1, 2, 3]] }, { 'orders-0': { leader: 1, leader_epoch: 4, isr: [1, 2] } });
    killBrokers(controller, [3]);
    expect(controller.written).toEqual([]);
    expect(toldTo(controller, 2)).toEqual(['LeaderAndIsr orders-0 epoch 4', 'UpdateMetadata brokers 1,2 orders-0 offline 3']);
  });

  test('[R6] two that go at once leave the ISR one after the other, each with an epoch of its own', () => {
    const controller = newTestController([1, 2, 3], { orders: [[1, 2, 3]] });
    killBrokers(controller, [2, 3]);
    expect(controller.written.map((data) => JSON.parse(data) as object)).toMatchObject([
      { leader: 1, leader_epoch: 1, isr: [1, 3] },
      { leader: 1, leader_epoch: 2, isr: [1] },
    ]);
  });

  test('[R6] the last member stays in the ISR, and the partition has no leader', () => {
    const controller = newTestController([1, 2], { orders: [[2]] });
    killBrokers(controller, [2]);
    expect(stateOf(controller, 'orders-0')).toMatchObject({ leader: -1, leader_epoch: 1, isr: [2] });
  });

  test('[R5] what recovers from an unclean election goes on recovering through elections, until its leader says otherwise', () => {
    const controller = newTestController(
      [1, 2, 3],
      { orders: [[3, 2, 1]] },
      { 'orders-0': { leader: 3, leader_epoch: 2, isr: [3, 2], leader_recovery_state: 1 } },
    );
    killBrokers(controller, [3]);
    expect(stateOf(controller, 'orders-0')).toMatchObject({ leader: 2, leader_epoch: 3, isr: [2], leader_recovery_state: 1 });
  });

  test('[R6] one that is back with a new epoch counts as new, restarted, gone: in this order', () => {
    const controller = newTestController([1, 2, 3], {});
    putBroker(controller, 2);
    putBroker(controller, 4);
    killBrokers(controller, [3]);
    const order = controller.traces.flatMap((event) =>
      event.type === 'BrokerStartupHandled' || event.type === 'BrokerFailureHandled' ? [`${event.type} ${event.brokerIds.join()}`] : [],
    );
    expect(order).toEqual(['BrokerStartupHandled 4', 'BrokerFailureHandled 2', 'BrokerStartupHandled 2', 'BrokerFailureHandled 3']);
  });
});

describe('taking over', () => {
  test('[R7] brokers hear who is alive, then what they host; nobody is told everything a second time', () => {
    const controller = newTestController([1, 2], { orders: [[1, 2]] }, { 'orders-0': { leader: 1, leader_epoch: 0, isr: [1, 2] } });
    expect(toldTo(controller, 2)).toEqual(['UpdateMetadata brokers 1,2', 'LeaderAndIsr orders-0 epoch 0', 'UpdateMetadata brokers 1,2 orders-0 offline none']);
  });
});

describe('controlled shutdown', () => {
  test('[R7] a follower is told to stop before and after it has left the ISR', () => {
    const controller = newTestController([1, 2], { orders: [[1, 2]] });
    ask(controller, 7, 'ControlledShutdown', { brokerId: 2, brokerEpoch: controller.znodes['/brokers/ids/2']?.czxid ?? 0 });
    expect(stateOf(controller, 'orders-0')).toMatchObject({ leader: 1, leader_epoch: 1, isr: [1] });
    expect(toldTo(controller, 2)).toEqual(['StopReplica orders-0 epoch 0', 'UpdateMetadata brokers 1,2 orders-0 offline 2', 'StopReplica orders-0 epoch 0']);
    expect(answerOf(controller, 7, 'ControlledShutdown')).toMatchObject({ errorCode: 0, remainingPartitions: [] });
  });
});

describe('elections that are asked for', () => {
  const elected = (): ReturnType<typeof newTestController> => {
    const controller = newTestController([1, 2], { orders: [[2, 1]] }, { 'orders-0': { leader: 1, leader_epoch: 3, isr: [1, 2] } });
    ask(controller, 7, 'ElectLeaders', { ...ELECT, topicPartitions: [{ topic: 'orders', partitions: [0] }] });
    return controller;
  };

  test("[R9] are answered when this broker's metadata cache shows the leader", () => {
    const controller = elected();
    expect(stateOf(controller, 'orders-0')).toMatchObject({ leader: 2, leader_epoch: 4 });
    expect(answerOf(controller, 7, 'ElectLeaders')).toBeNull();
    step(controller, { type: 'metadataUpdated', leaderOf: () => 1 });
    expect(answerOf(controller, 7, 'ElectLeaders')).toBeNull();
    step(controller, { type: 'metadataUpdated', leaderOf: () => 2 });
    expect(answerOf(controller, 7, 'ElectLeaders')?.replicaElectionResults).toEqual([
      { topic: 'orders', partitionResult: [{ partitionId: 0, errorCode: 0, errorMessage: null }] },
    ]);
  });

  test('[R9] or time out, though the leader was elected', () => {
    const controller = elected();
    step(controller, { type: 'timer', owner: 'controller', name: 'election-7' });
    expect(answerOf(controller, 7, 'ElectLeaders')?.replicaElectionResults[0]?.partitionResult[0]).toMatchObject({ errorCode: errorCode('REQUEST_TIMED_OUT') });
    expect(controller.state.delayedElections).toEqual([]);
  });

  test('[R9] say why nobody could be elected, and which needed no election', () => {
    const controller = newTestController(
      [1],
      {
        orders: [
          [2, 1],
          [1, 2],
        ],
      },
      { 'orders-0': { leader: 1, leader_epoch: 3, isr: [1] }, 'orders-1': { leader: 1, leader_epoch: 3, isr: [1] } },
    );
    ask(controller, 7, 'ElectLeaders', { ...ELECT, topicPartitions: [{ topic: 'orders', partitions: [0, 1, 2] }] });
    const results = answerOf(controller, 7, 'ElectLeaders')?.replicaElectionResults[0]?.partitionResult ?? [];
    expect(Object.fromEntries(results.map((one) => [one.partitionId, [one.errorCode, one.errorMessage]]))).toEqual({
      0: [
        errorCode('PREFERRED_LEADER_NOT_AVAILABLE'),
        'Failed to elect leader for partition orders-0 under strategy PreferredReplicaPartitionLeaderElectionStrategy',
      ],
      1: [errorCode('ELECTION_NOT_NEEDED'), 'Leader election not needed for topic partition.'],
      2: [errorCode('UNKNOWN_TOPIC_OR_PARTITION'), 'The partition does not exist.'],
    });
  });
});

describe('producer ids', () => {
  const epochOf = (controller: ReturnType<typeof newTestController>, id: number): number => controller.znodes[`/brokers/ids/${id}`]?.czxid ?? 0;

  test('[R10] come in blocks of a thousand, each written before it is given', () => {
    const controller = newTestController([1, 2], {});
    ask(controller, 7, 'AllocateProducerIds', { brokerId: 2, brokerEpoch: epochOf(controller, 2) });
    ask(controller, 8, 'AllocateProducerIds', { brokerId: 1, brokerEpoch: epochOf(controller, 1) });
    expect(answerOf(controller, 7, 'AllocateProducerIds')).toMatchObject({ errorCode: 0, producerIdStart: 0, producerIdLen: 1000 });
    expect(answerOf(controller, 8, 'AllocateProducerIds')).toMatchObject({ errorCode: 0, producerIdStart: 1000, producerIdLen: 1000 });
    expect(controller.znodes['/latest_producer_id_block']?.data).toBe('{"version":1,"broker":1,"block_start":"1000","block_end":"1999"}');
  });

  test('[R10] are for brokers of the present registration only', () => {
    const controller = newTestController([1, 2], {});
    ask(controller, 7, 'AllocateProducerIds', { brokerId: 2, brokerEpoch: 1 });
    ask(controller, 8, 'AllocateProducerIds', { brokerId: 9, brokerEpoch: 1 });
    expect(answerOf(controller, 7, 'AllocateProducerIds')?.errorCode).toBe(errorCode('STALE_BROKER_EPOCH'));
    expect(answerOf(controller, 8, 'AllocateProducerIds')?.errorCode).toBe(errorCode('BROKER_ID_NOT_REGISTERED'));
  });
});

describe('reassignment', () => {
  const STATE = { 'orders-0': { leader: 1, leader_epoch: 0, isr: [1, 2] } };
  const wish = (replicas: readonly number[] | null): object => ({
    timeoutMs: 60_000,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas }] }],
  });
  const started = (replicas: readonly number[] | null): ReturnType<typeof newTestController> => {
    const controller = newTestController([1, 2, 3, 4], { orders: [[1, 2]] }, STATE);
    ask(controller, 7, 'AlterPartitionReassignments', wish(replicas) as never);
    return controller;
  };
  const inSync = (controller: ReturnType<typeof newTestController>, isr: readonly number[]): void => {
    const { leader, leader_epoch: leaderEpoch } = stateOf(controller, 'orders-0') as { leader: number; leader_epoch: number };
    const { version, czxid } = controller.znodes['/brokers/topics/orders/partitions/0/state'] ?? { version: 0, czxid: 0 };
    const brokerEpoch = controller.znodes[`/brokers/ids/${leader}`]?.czxid ?? czxid;
    const partition = { partitionIndex: 0, leaderEpoch, newIsr: isr, newIsrWithEpochs: [], leaderRecoveryState: 0, partitionEpoch: version };
    ask(controller, 8, 'AlterPartition', { brokerId: leader, brokerEpoch, topics: [{ topicName: 'orders', topicId: '', partitions: [partition] }] });
  };
  const topicOf = (controller: ReturnType<typeof newTestController>): object =>
    JSON.parse(controller.znodes['/brokers/topics/orders']?.data ?? 'null') as object;

  test('[R12] the znode names all replicas, a new epoch tells them, and the new one begins to copy', () => {
    const controller = started([2, 3]);
    expect(topicOf(controller)).toMatchObject({ partitions: { 0: [2, 3, 1] }, adding_replicas: { 0: [3] }, removing_replicas: { 0: [1] } });
    expect(stateOf(controller, 'orders-0')).toMatchObject({ leader: 1, leader_epoch: 1, isr: [1, 2] });
    expect(toldTo(controller, 3)).toContain('LeaderAndIsr orders-0 epoch 1');
    expect(answerOf(controller, 7, 'AlterPartitionReassignments')?.responses[0]?.partitions[0]).toMatchObject({ errorCode: 0 });
    ask(controller, 9, 'ListPartitionReassignments', { timeoutMs: 60_000, topics: null });
    expect(answerOf(controller, 9, 'ListPartitionReassignments')?.topics[0]?.partitions[0]).toMatchObject({
      replicas: [2, 3, 1],
      addingReplicas: [3],
      removingReplicas: [1],
    });
  });

  test('[R12] with all in sync: a leader among them, then the old one leaves and deletes, and the znode comes last', () => {
    const controller = started([2, 3]);
    inSync(controller, [1, 2, 3]);
    expect(controller.written.map((data) => JSON.parse(data) as object)).toMatchObject([
      { leader: 1, leader_epoch: 1, isr: [1, 2, 3] },
      { leader: 2, leader_epoch: 2, isr: [1, 2, 3] },
      { leader: 2, leader_epoch: 3, isr: [2, 3] },
    ]);
    expect(topicOf(controller)).toMatchObject({ partitions: { 0: [2, 3] }, adding_replicas: {}, removing_replicas: {} });
    expect(toldTo(controller, 1).filter((text) => text.startsWith('Stop'))).toEqual(['StopReplica orders-0 epoch 2', 'StopReplica orders-0 epoch 3 delete']);
  });

  test('[R12] what is in sync already needs two epochs only', () => {
    const controller = newTestController([1, 2, 3], { orders: [[1, 2, 3]] }, { 'orders-0': { leader: 1, leader_epoch: 0, isr: [1, 2, 3] } });
    ask(controller, 7, 'AlterPartitionReassignments', wish([3, 2]) as never);
    expect(controller.written.map((data) => JSON.parse(data) as object)).toMatchObject([
      { leader: 3, leader_epoch: 1, isr: [1, 2, 3] },
      { leader: 3, leader_epoch: 2, isr: [2, 3] },
    ]);
  });

  test('[R12] taken back: the one that came goes again, and the assignment is what it was', () => {
    const controller = started([1, 2, 3]);
    ask(controller, 8, 'AlterPartitionReassignments', wish(null) as never);
    expect(topicOf(controller)).toMatchObject({ partitions: { 0: [1, 2] }, adding_replicas: {}, removing_replicas: {} });
    expect(toldTo(controller, 3)).toContain('StopReplica orders-0 epoch 1 delete');
    ask(controller, 9, 'AlterPartitionReassignments', wish(null) as never);
    expect(answerOf(controller, 9, 'AlterPartitionReassignments')?.responses[0]?.partitions[0]).toMatchObject({
      errorCode: errorCode('NO_REASSIGNMENT_IN_PROGRESS'),
      errorMessage: 'No partition reassignment is in progress.',
    });
  });

  test('[R12] another target replaces the first', () => {
    const controller = started([1, 3]);
    ask(controller, 8, 'AlterPartitionReassignments', wish([1, 4]) as never);
    expect(topicOf(controller)).toMatchObject({ partitions: { 0: [1, 4, 2] }, adding_replicas: { 0: [4] }, removing_replicas: { 0: [2] } });
    expect(toldTo(controller, 3).some((text) => text.endsWith('delete'))).toBe(true);
  });

  test.each([
    [[], 'Empty replica list specified in partition reassignment.'],
    [[1, 1], 'Duplicate replica ids in partition reassignment replica list: ArrayBuffer(1, 1)'],
    [[1, -2], 'Invalid broker id in replica list: ArrayBuffer(1, -2)'],
    [[1, 9], 'Replica assignment has brokers that are not alive. Replica list: ArrayBuffer(9), live broker list: Set(1, 2, 3, 4)'],
  ])('[R12] a wish for %j is refused and changes nothing', (replicas, message) => {
    const controller = started(replicas);
    expect(answerOf(controller, 7, 'AlterPartitionReassignments')?.responses[0]?.partitions[0]).toMatchObject({
      errorCode: errorCode('INVALID_REPLICA_ASSIGNMENT'),
      errorMessage: message,
    });
    expect(controller.written).toEqual([]);
    expect(topicOf(controller)).toMatchObject({ partitions: { 0: [1, 2] } });
  });

  test('[R12] one that is under way goes on when its new broker comes back, and with the next controller', () => {
    const controller = started([2, 3]);
    killBrokers(controller, [3]);
    putBroker(controller, 3);
    forget(controller);
    step(controller, { type: 'zkWatch', kind: 'childrenChanged', path: '/brokers/ids' });
    expect(stateOf(controller, 'orders-0')).toMatchObject({ leader: 1, leader_epoch: 2 });
    expect(toldTo(controller, 3)).toContain('LeaderAndIsr orders-0 epoch 2');
  });

  test('[R12] /admin/reassign_partitions is obeyed as well, and emptied', () => {
    const controller = newTestController([1, 2, 3], { orders: [[1, 2]] }, STATE);
    const path = '/admin/reassign_partitions';
    writeZnode(controller, path, JSON.stringify({ version: 1, partitions: [{ topic: 'orders', partition: 0, replicas: [2, 1] }] }), { path, kind: 'created' });
    expect(topicOf(controller)).toMatchObject({ partitions: { 0: [2, 1] } });
    expect(controller.znodes[path]).toBeUndefined();
  });
});

describe('deletion of a topic', () => {
  const path = '/admin/delete_topics';
  const deleted = (controller: ReturnType<typeof newTestController>): ReturnType<typeof newTestController> => {
    forget(controller);
    writeZnode(controller, `${path}/orders`, '', { path, kind: 'childrenChanged' });
    return controller;
  };
  const left = (controller: ReturnType<typeof newTestController>): string[] => Object.keys(controller.znodes).filter((name) => name.includes('orders'));

  test('[R13] brokers hear of it, replicas leave one by one, stop, delete; then every znode is gone', () => {
    const controller = deleted(newTestController([1, 2, 3], { orders: [[1, 2, 3]] }));
    expect(controller.written.map((data) => JSON.parse(data) as object)).toMatchObject([
      { leader: -1, leader_epoch: 1, isr: [2, 3] },
      { leader: -1, leader_epoch: 2, isr: [3] },
      { leader: -1, leader_epoch: 3, isr: [3] },
    ]);
    expect(toldTo(controller, 2).filter((text) => text.startsWith('Stop'))).toEqual(['StopReplica orders-0 epoch -2', 'StopReplica orders-0 epoch -2 delete']);
    expect(left(controller)).toEqual([]);
    expect(controller.traces.at(-1)).toMatchObject({ type: 'TopicDeleted', topic: 'orders' });
  });

  test('[R13] with a dead broker it waits for its return, and the others have deleted meanwhile', () => {
    const controller = newTestController([1, 2, 3], { orders: [[1, 2, 3]] });
    killBrokers(controller, [3]);
    deleted(controller);
    expect(toldTo(controller, 2)).toContain('StopReplica orders-0 epoch -2 delete');
    expect(controller.traces).toContainEqual(expect.objectContaining({ type: 'TopicDeletionHalted', topic: 'orders', waitsFor: [3] }));
    expect(left(controller)).toContain(`${path}/orders`);
    putBroker(controller, 3);
    step(controller, { type: 'zkWatch', kind: 'childrenChanged', path: '/brokers/ids' });
    expect(toldTo(controller, 3)).toContain('StopReplica orders-0 epoch -2 delete');
    expect(left(controller)).toEqual([]);
  });

  test('[R13] a wish for a topic that is not there is taken back', () => {
    const controller = newTestController([1, 2], {});
    deleted(controller);
    expect(left(controller)).toEqual([]);
  });
});

describe('state machines', () => {
  test('[R14] a replica of a new topic is new, then online; one whose broker goes is offline', () => {
    const controller = newTestController([1, 2], { orders: [[1, 2]] });
    expect(Object.entries(mapObject(controller.state.active?.replicas))).toEqual([
      ['1/orders-0', 'OnlineReplica'],
      ['2/orders-0', 'OnlineReplica'],
    ]);
    killBrokers(controller, [2]);
    expect(mapObject(controller.state.active?.replicas)).toMatchObject({ '2/orders-0': 'OfflineReplica' });
  });
});

function mapObject<Value>(map: PersistentMap<Value> | undefined): Record<string, Value> {
  return Object.fromEntries(map === undefined ? [] : mapEntries(map));
}
