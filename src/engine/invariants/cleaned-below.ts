import type { TraceRecord } from '../machine/contract.ts';
import { partitionKey, type Ghosts } from './invariant.ts';

/**
 * Below here logs may lawfully differ: a cleaned replica serves other batches than it was sent, and what retention or a client let go
 * is in no log that is made anew (P1, K2 of the behaviour notes: only offsets that both still have count).
 */
export function noteCleaning(ghosts: Ghosts, { event }: TraceRecord): void {
  switch (event.type) {
    case 'LogCleaned':
      return raise(ghosts, partitionKey(event), event.endOffset);
    case 'SegmentsDeleted':
    case 'LogStartOffsetIncremented':
      return raise(ghosts, partitionKey(event), event.logStartOffset);
    default:
      return;
  }
}

function raise(ghosts: Ghosts, key: string, offset: number): void {
  if (offset > cleanedBelow(ghosts, key)) ghosts.cleanedBelow.set(key, offset);
}

/** 0 for a partition where nothing was cleaned or deleted. */
export function cleanedBelow(ghosts: Pick<Ghosts, 'cleanedBelow'>, key: string): number {
  return ghosts.cleanedBelow.get(key) ?? 0;
}
