import { partitionKey, type Invariant } from './invariant.ts';

/** M3, M4: the ISR is never empty, has no double member, contains the leader, and stays within the assigned replicas as far as these are known. */
export function isrWithinReplicas(): Invariant {
  const assigned = new Map<string, Set<number>>();
  return {
    id: 'isr-within-replicas',
    onTrace(record, ghosts) {
      const { event } = record;
      if (event.type !== 'LeaderElected' && event.type !== 'IsrChanged') return;
      const key = partitionKey(event);
      const fail = (detail: string): void => {
        ghosts.breaches.push({ invariant: 'isr-within-replicas', at: record.id, detail: `${key}: ${detail}` });
      };
      if (event.isr.length === 0) fail('the ISR is empty');
      if (new Set(event.isr).size !== event.isr.length) fail(`the ISR ${event.isr.join(',')} names a replica twice`);
      if (event.leader >= 0 && !event.isr.includes(event.leader)) fail(`leader ${event.leader} is not in the ISR ${event.isr.join(',')}`);
      const replicas = assigned.get(key);
      // The ISR of the first election is every live replica; with all brokers up, that is the assignment.
      if (replicas === undefined) assigned.set(key, new Set(event.isr));
      ghosts.isr.set(key, { leader: event.leader, leaderEpoch: event.leaderEpoch, isr: event.isr });
    },
  };
}
