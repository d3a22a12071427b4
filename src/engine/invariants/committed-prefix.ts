import { cleanedBelow } from './cleaned-below.ts';
import { isRewritten } from './lost-tails.ts';
import { batchAt, shadowLog, type ShadowBatch } from './shadow-logs.ts';
import { partitionKey, type Ghosts, type Invariant } from './invariant.ts';

/**
 * P2, P4 to P7: what a leader that is not stale once held below its high watermark is what every later such leader and
 * every follower holds below its own, but for what a leader wrote twice in one epoch because a power cut took it in between.
 */
export function committedPrefix(): Invariant {
  return {
    id: 'committed-prefix',
    onTrace(record, ghosts) {
      const { event } = record;
      if (event.type !== 'HighWatermarkAdvanced') return;
      const key = partitionKey(event);
      const log = shadowLog(ghosts.logs, event.brokerId, event.topic, event.partition);
      const committed = ghosts.committed.get(key) ?? [];
      const from = cleanedBelow(ghosts, key);
      const mayDiffer = (batch: ShadowBatch): boolean => batch.baseOffset < from || isRewritten(ghosts.lostTails, key, batch);
      const difference = firstDifference(log, committed, { from: event.previous, to: event.highWatermark, mayDiffer });
      if (difference !== null) {
        ghosts.breaches.push({
          invariant: 'committed-prefix',
          at: record.id,
          detail: `${key} on broker ${event.brokerId} differs from what was committed at offset ${difference}`,
        });
      }
      if (event.role !== 'leader') return;
      if (isStale(ghosts, key, event.leaderEpoch)) noteLate(ghosts, key, { log, from: event.previous, to: event.highWatermark });
      else extend(ghosts, key, log, event.highWatermark);
    },
  };
}

/** True for a broker that leads in an epoch older than the controller's newest. */
export function isStale(ghosts: Ghosts, key: string, leaderEpoch: number): boolean {
  return leaderEpoch < (ghosts.isr.get(key)?.leaderEpoch ?? 0);
}

function firstDifference(
  log: readonly ShadowBatch[],
  committed: readonly ShadowBatch[],
  range: { from: number; to: number; mayDiffer: (batch: ShadowBatch) => boolean },
): number | null {
  let offset = range.from;
  while (offset < range.to) {
    const known = batchAt(committed, offset);
    const held = batchAt(log, offset);
    const differs = known !== null && held !== null && (known.crc !== held.crc || known.baseOffset !== held.baseOffset);
    if (differs && !range.mayDiffer(known) && !range.mayDiffer(held)) return offset;
    const next = held?.endOffset ?? known?.endOffset ?? range.to;
    if (next <= offset) return offset;
    offset = next;
  }
  return null;
}

/** Remembers the batches now below the high watermark. */
function extend(ghosts: Ghosts, key: string, log: readonly ShadowBatch[], highWatermark: number): void {
  const committed = ghosts.committed.get(key) ?? [];
  let end = committed[committed.length - 1]?.endOffset ?? 0;
  while (end < highWatermark) {
    const batch = batchAt(log, end);
    if (batch === null) break;
    committed.push(batch);
    end = batch.endOffset;
  }
  ghosts.committed.set(key, committed);
}

function noteLate(ghosts: Ghosts, key: string, range: { readonly log: readonly ShadowBatch[]; readonly from: number; readonly to: number }): void {
  const late = ghosts.committedLate.get(key) ?? [];
  ghosts.committedLate.set(key, [...range.log.filter((batch) => batch.endOffset > range.from && batch.endOffset <= range.to), ...late]);
}
