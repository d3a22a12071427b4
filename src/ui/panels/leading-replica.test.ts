import { describe, expect, test } from 'vitest';
import { fixtureView } from '../../playground/session/fixture-view.ts';
import type { BrokerView, ProcessView } from '../../projection/view.ts';
import { leadingReplica, type ReplicaRow } from './leading-replica.ts';

const BROKER = fixtureView('failover', 0).brokers[0] as BrokerView;
const REPLICA = BROKER.replicas[0];

function row(brokerId: number, process: ProcessView, highWatermark: number): ReplicaRow {
  if (REPLICA === undefined) throw new Error('expected a replica in the fixture');
  return { broker: { ...BROKER, brokerId, process }, replica: { ...REPLICA, highWatermark } };
}

describe('the replica that stands for a partition', () => {
  test('[R8] the leader while it runs, even where another knows more', () => {
    expect(leadingReplica([row(1, 'running', 13), row(2, 'running', 18)], { leader: 1, isr: [1, 2] })?.highWatermark).toBe(13);
  });

  test('[R8] a leader that was killed does not take the high watermark back to its checkpoint', () => {
    expect(leadingReplica([row(1, 'killed', 13), row(2, 'running', 17), row(3, 'running', 18)], { leader: 1, isr: [1, 2, 3] })?.highWatermark).toBe(18);
  });

  test('[R8] who is out of the ISR does not stand for it; with nobody left the files of the leader do', () => {
    expect(leadingReplica([row(1, 'off', 13), row(2, 'running', 18)], { leader: 1, isr: [1] })?.highWatermark).toBe(13);
  });
});
