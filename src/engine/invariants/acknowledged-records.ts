import type { TraceRecord } from '../machine/contract.ts';
import { batchAt, shadowLog, type ShadowBatch } from './shadow-logs.ts';
import { partitionKey, type Ghosts, type Invariant, type Loss } from './invariant.ts';

interface Acknowledged {
  readonly baseOffset: number;
  readonly batch: ShadowBatch;
}

/**
 * P6, P9: a record acknowledged with acks=all is in every later leader's log, unless faults voided the promise. The
 * checker establishes that from the run: an unclean election, or power cuts after which no member of the ISR held the
 * record any more. Then it is a loss of that kind, and the partition's promise starts anew.
 */
export function acknowledgedRecords(): Invariant {
  const acknowledged = new Map<string, Acknowledged[]>();
  /** Brokers that lost bytes of a partition in a power cut since the partition last promised anew. */
  const cut = new Map<string, Set<number>>();
  return {
    id: 'acknowledged-records',
    onTrace(record, ghosts) {
      const { event } = record;
      switch (event.type) {
        case 'RecordsAcknowledged':
          if (event.acks === -1) remember(acknowledged, ghosts, event);
          return;
        case 'PoweredOff':
          return notePowerCut(cut, ghosts, record);
        case 'LeaderElected':
          if (event.strategy === 'unclean') voidPromise(ghosts, acknowledged, { key: partitionKey(event), kind: 'unclean election', record, leader: event.leader });
          return;
        case 'BecameLeader':
          return checkLeader(acknowledged, cut, { ghosts, record, leader: event.brokerId, topic: event.topic, partition: event.partition, leaderEpoch: event.leaderEpoch });
        default:
          return;
      }
    },
  };
}

function remember(acknowledged: Map<string, Acknowledged[]>, ghosts: Ghosts, event: { topic: string; partition: number; baseOffset: number }): void {
  const key = partitionKey(event);
  const batch = batchAt(ghosts.committed.get(key) ?? [], event.baseOffset);
  // Not committed by a leader that counts: `committedPrefix` and `consumersBelowHighWatermark` speak of that.
  if (batch === null) return;
  const list = acknowledged.get(key) ?? [];
  list.push({ baseOffset: event.baseOffset, batch });
  acknowledged.set(key, list);
}

function notePowerCut(cut: Map<string, Set<number>>, ghosts: Ghosts, record: TraceRecord): void {
  const { event } = record;
  const brokerId = ghosts.brokerOfHost.get(record.host);
  if (event.type !== 'PoweredOff' || brokerId === undefined) return;
  for (const path of event.lostFiles) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (!path.endsWith('.log')) continue;
    const losers = cut.get(folder) ?? new Set<number>();
    losers.add(brokerId);
    cut.set(folder, losers);
  }
}

interface LeaderCheck {
  readonly ghosts: Ghosts;
  readonly record: TraceRecord;
  readonly leader: number;
  readonly topic: string;
  readonly partition: number;
  readonly leaderEpoch: number;
}

function checkLeader(acknowledged: Map<string, Acknowledged[]>, cut: Map<string, Set<number>>, check: LeaderCheck): void {
  const { ghosts } = check;
  const key = partitionKey(check);
  // A stale LeaderAndIsr may still make somebody lead an old epoch; it promises nothing.
  if (check.leaderEpoch < (ghosts.isr.get(key)?.leaderEpoch ?? 0)) return;
  const log = shadowLog(ghosts.logs, check.leader, check.topic, check.partition);
  const missing = (acknowledged.get(key) ?? []).find((one) => batchAt(log, one.baseOffset)?.crc !== one.batch.crc);
  if (missing === undefined) return;
  if (cut.get(key)?.has(check.leader) === true) {
    voidPromise(ghosts, acknowledged, { key, kind: 'power cut of every in-sync copy', record: check.record, leader: check.leader });
    cut.delete(key);
    return;
  }
  ghosts.breaches.push({ invariant: 'acknowledged-records', at: check.record.id, detail: `${key}: leader ${check.leader} of epoch ${check.leaderEpoch} lacks the acknowledged record at offset ${missing.baseOffset}` });
}

/** What the new leader lacks is lost; from here on its log is the truth of the partition. */
function voidPromise(ghosts: Ghosts, acknowledged: Map<string, Acknowledged[]>, cause: { key: string; kind: Loss['kind']; record: TraceRecord; leader: number }): void {
  const { key } = cause;
  const dash = key.lastIndexOf('-');
  const log = shadowLog(ghosts.logs, cause.leader, key.slice(0, dash), Number(key.slice(dash + 1)));
  const kept = (acknowledged.get(key) ?? []).filter((one) => batchAt(log, one.baseOffset)?.crc === one.batch.crc);
  const first = (acknowledged.get(key) ?? []).find((one) => !kept.includes(one));
  if (first !== undefined) ghosts.losses.push({ at: cause.record.id, kind: cause.kind, partition: key, fromOffset: first.baseOffset });
  acknowledged.set(key, kept);
  const committed = (ghosts.committed.get(key) ?? []).filter((batch) => batchAt(log, batch.baseOffset)?.crc === batch.crc);
  ghosts.committed.set(key, committed);
}
