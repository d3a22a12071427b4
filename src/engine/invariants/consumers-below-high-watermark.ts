import { partitionKey, type Invariant } from './invariant.ts';

/** K1: a consumer is never given a record at or above the high watermark that its answer carried, nor above any a leader reached. */
export function consumersBelowHighWatermark(): Invariant {
  const reached = new Map<string, number>();
  return {
    id: 'consumers-below-high-watermark',
    onTrace(record, ghosts) {
      const { event } = record;
      if (event.type === 'HighWatermarkAdvanced' || event.type === 'BecameLeader') {
        const key = partitionKey(event);
        reached.set(key, Math.max(reached.get(key) ?? 0, event.highWatermark));
      }
      if (event.type !== 'RecordsConsumed') return;
      const key = partitionKey(event);
      const bound = reached.get(key) ?? 0;
      if (event.nextOffset > event.highWatermark || event.nextOffset > bound) {
        ghosts.breaches.push({
          invariant: 'consumers-below-high-watermark',
          at: record.id,
          detail: `${event.client} was given ${key} up to ${event.nextOffset}, high watermark ${Math.min(event.highWatermark, bound)}`,
        });
      }
    },
  };
}
