import { describe, expect, test } from 'vitest';
import { fixtureView } from '../../playground/session/fixture-view.ts';
import type { BrokerView, PartitionView, ReplicaView, View } from '../../projection/view.ts';
import { en } from '../i18n/en.ts';
import { beliefOf, brokerLook, dropsOf, replicaLook, sessionLook } from './appearance.ts';

function pick(view: View, brokerId: number): { broker: BrokerView; replica: ReplicaView; partition: PartitionView } {
  const broker = view.brokers.find((row) => row.brokerId === brokerId);
  const replica = broker?.replicas.find((row) => row.key === 'orders-0');
  const partition = view.partitions.find((row) => row.key === 'orders-0');
  if (broker === undefined || replica === undefined || partition === undefined) throw new Error('expected orders-0 on every broker of the picture');
  return { broker, replica, partition };
}

const FAILOVER = fixtureView('failover', 0);
const ZOMBIE = fixtureView('zombie', 0);

describe('how a broker looks', () => {
  test('[R1] killed is dead, running is live', () => {
    expect(brokerLook(pick(FAILOVER, 1).broker, FAILOVER.truth)).toBe('dead');
    expect(brokerLook(pick(FAILOVER, 2).broker, FAILOVER.truth)).toBe('live');
  });

  test('[R1] a zombie runs and leads in its own belief while ZooKeeper no longer has it', () => {
    const { broker } = pick(ZOMBIE, 1);
    expect(brokerLook(broker, ZOMBIE.truth)).toBe('zombie');
    expect(brokerLook(broker, { ...ZOMBIE.truth, liveBrokers: [1, 2, 3] })).toBe('live');
    expect(brokerLook(broker, { ...ZOMBIE.truth, known: false })).toBe('live');
    expect(brokerLook({ ...broker, replicas: [] }, ZOMBIE.truth)).toBe('live');
  });

  test('[R2] gold is for the leader of the present epoch; a leader in its own belief only has a dashed crown', () => {
    const two = pick(FAILOVER, 2);
    expect(replicaLook(two.replica, two.partition, two.broker, false)).toBe('leader');
    expect(replicaLook({ ...two.replica, leaderEpoch: 3 }, two.partition, two.broker, false)).toBe('ghost');
    const one = pick(ZOMBIE, 1);
    expect(replicaLook(one.replica, one.partition, one.broker, false)).toBe('ghost');
  });

  test('[R2] a follower is in or out of the ISR as the cluster has it', () => {
    const three = pick(FAILOVER, 3);
    expect(replicaLook(three.replica, three.partition, three.broker, false)).toBe('isr');
    expect(replicaLook(three.replica, { ...three.partition, isr: [2] }, three.broker, false)).toBe('out');
  });
});

describe('what a broker believes', () => {
  const believe = (view: View, brokerId: number): ReturnType<typeof beliefOf> => {
    const { broker, replica, partition } = pick(view, brokerId);
    return beliefOf(en, { broker, replica, partition, truth: view.truth, look: brokerLook(broker, view.truth) });
  };

  test('[R3] agreement, a stale belief and what a dead disk says are told apart', () => {
    expect(believe(FAILOVER, 2)).toMatchObject({ kind: 'agrees', title: 'believes it leads, epoch 4' });
    expect(believe(FAILOVER, 3)).toMatchObject({ kind: 'stale', title: 'believes 1 leads, epoch 3', detail: 'the cluster: 2 leads, epoch 4' });
    expect(believe(FAILOVER, 1)).toMatchObject({ kind: 'disk', detail: 'from 17 on not the leader’s' });
    expect(believe(ZOMBIE, 1)).toMatchObject({ kind: 'stale', title: 'believes it leads, epoch 3' });
  });

  test('[R3] without ZooKeeper nobody is called wrong', () => {
    const blind = { ...ZOMBIE, truth: { ...ZOMBIE.truth, known: false } };
    expect(believe(blind, 1).kind).toBe('untold');
  });
});

describe('lines and drops', () => {
  test('[R4] a session is whole, expired, or cut off', () => {
    expect(sessionLook(pick(FAILOVER, 2).broker, FAILOVER)).toEqual({ whole: true, word: null });
    expect(sessionLook(pick(FAILOVER, 1).broker, FAILOVER)).toEqual({ whole: false, word: 'expired' });
    expect(sessionLook(pick(ZOMBIE, 1).broker, ZOMBIE)).toEqual({ whole: false, word: 'cutExpired' });
    const stillCounted = { ...FAILOVER, truth: { ...FAILOVER.truth, liveBrokers: [1, 2, 3] } };
    expect(sessionLook(pick(stillCounted, 1).broker, stillCounted).word).toBe('lost');
  });

  test('[R4] a consumer stands where it reads, on the broker it reads from', () => {
    expect(dropsOf(FAILOVER.consumers, 'orders-0', 2)).toEqual([
      { name: 'C1', at: 16 },
      { name: 'C3', at: 12 },
    ]);
    expect(dropsOf(FAILOVER.consumers, 'orders-0', 3)).toEqual([]);
  });
});
