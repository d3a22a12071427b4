import { describe, expect, test } from 'vitest';
import type { EventView } from '../../projection/view.ts';
import { headlineOf } from './headline.ts';

function elected(id: number, partition: number, atUs: number): EventView {
  return {
    id,
    atUs,
    host: 'b2',
    event: {
      type: 'LeaderElected',
      topic: 'orders',
      partition,
      leader: 2,
      leaderEpoch: 1,
      isr: [2],
      replicas: [1, 2, 3],
      controllerEpoch: 1,
      strategy: 'offline',
    },
  };
}
const QUIET: EventView = { id: 9, atUs: 900_000, host: 'b1', event: { type: 'HighWatermarksCheckpointed', brokerId: 1 } };

describe('the narrator', () => {
  test('[R1] tells the latest headline, whatever quiet things came after', () => {
    expect(headlineOf([elected(1, 0, 0), elected(2, 1, 500_000), QUIET], null)?.id).toBe(2);
    expect(headlineOf([QUIET], null)).toBeNull();
  });

  test('[R1] brokers that lose their connection as ZooKeeper loses its majority do not hide that', () => {
    const lost: EventView = { id: 1, atUs: 0, host: 'zk2', event: { type: 'ZooKeeperQuorumLost', server: 2 } };
    const cut: EventView = { id: 2, atUs: 50_000, host: 'b2', event: { type: 'ZooKeeperSessionLost', brokerId: 2, state: 'disconnected' } };
    expect(headlineOf([lost, cut], null)?.id).toBe(1);
    expect(headlineOf([cut], null)?.id).toBe(2);
  });

  test('[R2] of several of one kind in one moment, the one about the partition in focus', () => {
    expect(headlineOf([elected(1, 0, 0), elected(2, 1, 10), elected(3, 2, 20)], 'orders-0')?.id).toBe(1);
    expect(headlineOf([elected(1, 0, 0), elected(2, 1, 800_000)], 'orders-0')?.id).toBe(2);
  });
});
