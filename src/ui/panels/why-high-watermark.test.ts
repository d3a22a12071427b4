import { describe, expect, test } from 'vitest';
import { fixtureView } from '../../playground/session/fixture-view.ts';
import type { PartitionView, ReplicaView, View } from '../../projection/view.ts';
import { en } from '../i18n/en.ts';
import { ko } from '../i18n/ko.ts';
import { whyHighWatermark } from './why-high-watermark.ts';

const VIEW = fixtureView('failover', 0);
const PARTITION = VIEW.partitions[0] as PartitionView;

function leading(view: View, change: Partial<ReplicaView>): View {
  return {
    ...view,
    brokers: view.brokers.map((broker) =>
      broker.brokerId === 2 ? { ...broker, replicas: broker.replicas.map((row) => (row.key === PARTITION.key ? { ...row, ...change } : row)) } : broker,
    ),
  };
}

describe('why the water stands where it stands', () => {
  test('[R1] a follower of which the leader does not know the log end', () => {
    expect(whyHighWatermark(en, VIEW, PARTITION)).toEqual([
      'It is the least log end over the ISR {2, 3}.',
      'Broker 3 has not fetched in epoch 4 yet, so broker 2 does not know its log end.',
    ]);
    expect(whyHighWatermark(ko, VIEW, PARTITION)[1]).toBe('브로커 3이 에포크 4에서 아직 페치하지 않아, 브로커 2는 그 로그 끝을 모릅니다.');
  });

  test('[R1] a follower that lags', () => {
    const view = leading(VIEW, { followers: [{ brokerId: 3, logEndOffset: 17, lastCaughtUpUs: 0 }] });
    expect(whyHighWatermark(en, view, PARTITION).at(-1)).toBe('Broker 3 has fetched up to 17 and no further.');
  });

  test('[R1] too few in sync', () => {
    const view = leading(VIEW, { followers: [] });
    expect(whyHighWatermark(en, view, { ...PARTITION, isr: [2] }).at(-1)).toContain('the ISR has 1 and min.insync.replicas is 2');
  });

  test('[R1] nothing to wait for, and too few in sync to take more', () => {
    const steps = whyHighWatermark(en, leading(VIEW, { highWatermark: 20, followers: [] }), { ...PARTITION, isr: [2] });
    expect(steps.at(-1)).toContain('the leader refuses writes with acks=all (NOT_ENOUGH_REPLICAS)');
    expect(steps).not.toContain(en.why.followerLater);
  });

  test('[R1] nothing to wait for, no leader, and a leader that is dead', () => {
    expect(whyHighWatermark(en, leading(VIEW, { highWatermark: 20 }), PARTITION)).toContain(en.why.level);
    expect(whyHighWatermark(en, VIEW, { ...PARTITION, leader: -1 })).toEqual([en.why.noLeader]);
    expect(whyHighWatermark(en, VIEW, { ...PARTITION, leader: 1 })).toEqual([en.why.leaderGone(1)]);
  });

  test('[R1] a leader that was told to stop leads until it has handed over', () => {
    const stopping = (view: View): View => ({
      ...view,
      brokers: view.brokers.map((broker) => (broker.brokerId === 2 ? { ...broker, process: 'stopping' } : broker)),
    });
    expect(whyHighWatermark(en, stopping(VIEW), PARTITION)).toEqual(whyHighWatermark(en, VIEW, PARTITION));
  });
});
