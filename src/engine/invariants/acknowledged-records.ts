import { cleanedBelow } from './cleaned-below.ts';
import type { TraceRecord } from '../machine/contract.ts';
import { partitionKey, type Ghosts, type Invariant, type Loss } from './invariant.ts';
import { isRewritten, lostToPower } from './lost-tails.ts';
import { batchAt, shadowLog, type ShadowBatch } from './shadow-logs.ts';

/**
 * P6, P9: a record acknowledged with acks=all is in every later leader's log, unless faults voided the promise. The checker
 * establishes that from the run: an unclean election, or power cuts that took the record from the new leader's log. Then it is a loss of
 * that kind, and the partition's promise starts anew without the record.
 */
export function acknowledgedRecords(): Invariant {
  return {
    id: 'acknowledged-records',
    onTrace(record, ghosts) {
      const { event } = record;
      switch (event.type) {
        case 'RecordsAcknowledged':
          if (event.acks === -1) remember(ghosts, event, record);
          return;
        case 'LeaderElected':
          if (event.strategy !== 'unclean') return;
          ghosts.unclean.add(partitionKey(event));
          return dropMissing(ghosts, { ...event, brokerId: event.leader }, { record, kind: () => 'unclean election' });
        case 'BecameLeader':
          // A stale LeaderAndIsr may still make somebody lead an old epoch; it promises nothing.
          if (event.leaderEpoch < (ghosts.isr.get(partitionKey(event))?.leaderEpoch ?? 0)) return;
          return dropMissing(ghosts, event, { record, kind: (batch) => explain(ghosts, event, batch) });
        default:
          return;
      }
    },
  };
}

interface Replica {
  readonly brokerId: number;
  readonly topic: string;
  readonly partition: number;
}

function remember(ghosts: Ghosts, event: { topic: string; partition: number; baseOffset: number }, record: TraceRecord): void {
  const key = partitionKey(event);
  const batch =
    batchAt(ghosts.committed.get(key) ?? [], event.baseOffset) ??
    ghosts.committedLate.get(key)?.find((one) => one.baseOffset <= event.baseOffset && event.baseOffset < one.endOffset);
  if (batch !== undefined) {
    const list = ghosts.acknowledged.get(key);
    if (list === undefined) ghosts.acknowledged.set(key, [batch]);
    else list.push(batch);
  } else if (!ghosts.unclean.has(key)) {
    ghosts.breaches.push({
      invariant: 'acknowledged-records',
      at: record.id,
      detail: `${key}: the record at offset ${event.baseOffset} was acknowledged with acks=all, and no leader had committed it`,
    });
  }
}

/** What this leader lacks of the promised records is lost, and a breach where nothing explains it; from here on its log is the truth. */
function dropMissing(
  ghosts: Ghosts,
  leader: Replica,
  cause: { readonly record: TraceRecord; readonly kind: (batch: ShadowBatch) => Loss['kind'] | null },
): void {
  const key = partitionKey(leader);
  const log = shadowLog(ghosts.logs, leader.brokerId, leader.topic, leader.partition);
  const from = cleanedBelow(ghosts, key);
  const isHeld = (batch: ShadowBatch): boolean => batch.baseOffset < from || batchAt(log, batch.baseOffset)?.crc === batch.crc;
  const promised = ghosts.acknowledged.get(key) ?? [];
  const missing = promised.filter((batch) => !isHeld(batch));
  const told = new Set<Loss['kind']>();
  for (const batch of missing) {
    const kind = cause.kind(batch);
    if (kind === null) {
      ghosts.breaches.push({
        invariant: 'acknowledged-records',
        at: cause.record.id,
        detail: `${key}: leader ${leader.brokerId} lacks the acknowledged record at offset ${batch.baseOffset}`,
      });
      break;
    }
    if (!told.has(kind)) ghosts.losses.push({ at: cause.record.id, kind, partition: key, fromOffset: batch.baseOffset });
    told.add(kind);
  }
  if (missing.length > 0) ghosts.acknowledged.set(key, promised.filter(isHeld));
  const committed = ghosts.committed.get(key);
  if (committed?.every(isHeld) === false)
    ghosts.committed.set(
      key,
      committed.slice(
        0,
        committed.findIndex((batch) => !isHeld(batch)),
      ),
    );
}

/** Why a leader out of the ISR may lack a record that was acknowledged with acks=all; null when nothing in the run explains it. */
function explain(ghosts: Ghosts, leader: Replica, batch: ShadowBatch): Loss['kind'] | null {
  const key = partitionKey(leader);
  if (!lostToPower(ghosts.lostTails, key, leader.brokerId, batch) && !isRewritten(ghosts.lostTails, key, batch)) return null;
  const others = (ghosts.isr.get(key)?.isr ?? []).filter((id) => id !== leader.brokerId);
  const held = others.some((id) => batchAt(shadowLog(ghosts.logs, id, leader.topic, leader.partition), batch.baseOffset)?.crc === batch.crc);
  return held ? 'power cut of a replica counted in sync' : 'power cut of every in-sync copy';
}
