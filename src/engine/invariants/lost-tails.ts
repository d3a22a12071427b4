import type { TraceRecord } from '../machine/contract.ts';
import { partitionKey, type Ghosts } from './invariant.ts';
import { shadowLog, type ShadowBatch } from './shadow-logs.ts';

/**
 * What power cuts took from whom, established from the run: the batches that a replica held before its machine lost power and no
 * longer held when its log had been recovered. A recovery that follows no power cut may lose nothing, so nothing is noted for it.
 */
export interface LostTails {
  /** By broker id: its machine lost power, and the broker has not registered again since. */
  readonly cutBrokers: Set<number>;
  /** By partition. */
  readonly lost: Map<string, { readonly brokerId: number; readonly batches: readonly ShadowBatch[] }[]>;
  /** By partition: epochs that a leader went on with after it had lost part of what it wrote in them. */
  readonly rewritten: Map<string, RewrittenEpoch[]>;
}

/**
 * A leader that is back before anybody missed it goes on in the same leader epoch with a shorter log. Followers may keep what it lost:
 * their logs differ within one epoch, which no comparison of epochs can see. Kafka in ZooKeeper mode has no remedy for that.
 */
export interface RewrittenEpoch {
  readonly leaderEpoch: number;
  readonly fromOffset: number;
  readonly leader: number;
}

export function newLostTails(): LostTails {
  return { cutBrokers: new Set(), lost: new Map(), rewritten: new Map() };
}

/** Must see each event before the shadow logs change. */
export function noteLostTails(tails: LostTails, ghosts: Pick<Ghosts, 'logs' | 'brokerOfHost'>, record: TraceRecord): void {
  const { event } = record;
  switch (event.type) {
    case 'PoweredOff': {
      const brokerId = ghosts.brokerOfHost.get(record.host);
      if (brokerId !== undefined) tails.cutBrokers.add(brokerId);
      return;
    }
    case 'BrokerRegistered':
      tails.cutBrokers.delete(event.brokerId);
      return;
    case 'LogRecovered': {
      if (!tails.cutBrokers.has(event.brokerId)) return;
      const batches = shadowLog(ghosts.logs, event.brokerId, event.topic, event.partition).filter((batch) => batch.endOffset > event.logEndOffset);
      if (batches.length > 0) push(tails.lost, partitionKey(event), { brokerId: event.brokerId, batches });
      return;
    }
    case 'BecameLeader':
      return noteRewritten(tails, event);
    default:
      return;
  }
}

function noteRewritten(tails: LostTails, event: { brokerId: number; topic: string; partition: number; leaderEpoch: number }): void {
  const key = partitionKey(event);
  for (const tail of tails.lost.get(key) ?? []) {
    if (tail.brokerId !== event.brokerId) continue;
    const first = tail.batches.find((batch) => batch.leaderEpoch === event.leaderEpoch);
    if (first !== undefined) push(tails.rewritten, key, { leaderEpoch: event.leaderEpoch, fromOffset: first.baseOffset, leader: event.brokerId });
  }
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** True when `brokerId` held this very batch and a power cut took it. */
export function lostToPower(tails: LostTails, key: string, brokerId: number, batch: ShadowBatch): boolean {
  return (tails.lost.get(key) ?? []).some(
    (tail) => tail.brokerId === brokerId && tail.batches.some((one) => one.crc === batch.crc && one.baseOffset === batch.baseOffset),
  );
}

/** True when the batch belongs to the part of an epoch that its leader wrote twice, differently. */
export function isRewritten(tails: LostTails, key: string, batch: ShadowBatch): boolean {
  return (tails.rewritten.get(key) ?? []).some((one) => one.leaderEpoch === batch.leaderEpoch && batch.endOffset > one.fromOffset);
}
