import { partitionKey, type Invariant } from './invariant.ts';

/** M3, M4: the ISR is never empty, has no double member, contains the leader, and is a subset of the replicas. */
export function isrWithinReplicas(): Invariant {
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
      const stranger = event.isr.find((id) => !event.replicas.includes(id));
      if (stranger !== undefined) fail(`${stranger} is in the ISR but not among the replicas ${event.replicas.join(',')}`);
      ghosts.isr.set(key, { leader: event.leader, leaderEpoch: event.leaderEpoch, isr: event.isr });
    },
  };
}
