import { partitionKey, type Invariant } from './invariant.ts';

/** M1, M2: for each partition and leader epoch there is at most one leader, as named by the controller and as played by brokers. */
export function oneLeaderAnEpoch(): Invariant {
  const named = new Map<string, number>();
  const played = new Map<string, number>();
  return {
    id: 'one-leader-an-epoch',
    onTrace(record, ghosts) {
      const { event } = record;
      if (event.type !== 'LeaderElected' && event.type !== 'BecameLeader') return;
      const leader = event.type === 'LeaderElected' ? event.leader : event.brokerId;
      if (leader < 0) return;
      const table = event.type === 'LeaderElected' ? named : played;
      const key = `${partitionKey(event)}@${event.leaderEpoch}`;
      const other = table.get(key);
      if (other !== undefined && other !== leader) {
        ghosts.breaches.push({ invariant: 'one-leader-an-epoch', at: record.id, detail: `${key} is led by ${other} and by ${leader}` });
      }
      table.set(key, leader);
    },
  };
}
