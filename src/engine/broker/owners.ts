import type { BrokerId } from '../kernel/units.ts';

/** Owners of the timers and connections of the broker part. The process routes by `isBrokerOwner`. */
export const REPLICA_MANAGER = 'replica-manager';
export const PURGATORY_PRODUCE = 'purgatory-produce';
export const PURGATORY_FETCH = 'purgatory-fetch';
export const PURGATORY_DELETE = 'purgatory-delete-records';
export const ALTER_PARTITION = 'alter-partition';
export const PRODUCER_IDS = 'producer-ids';
export const LOG_MANAGER = 'log-manager';
export const LOG_CLEANER = 'log-cleaner';
const FETCHER_PREFIX = 'fetcher-';

export function fetcherOwner(leader: BrokerId): string {
  return FETCHER_PREFIX + leader;
}

/** The source broker of a fetcher's owner, or null. */
export function leaderOfFetcherOwner(owner: string): BrokerId | null {
  return owner.startsWith(FETCHER_PREFIX) ? Number(owner.slice(FETCHER_PREFIX.length)) : null;
}

/** Flushes are owned by `log` (LOG_OWNER of the log folder). */
export function isBrokerOwner(owner: string): boolean {
  switch (owner) {
    case REPLICA_MANAGER:
    case PURGATORY_PRODUCE:
    case PURGATORY_FETCH:
    case PURGATORY_DELETE:
    case ALTER_PARTITION:
    case PRODUCER_IDS:
    case LOG_MANAGER:
    case LOG_CLEANER:
    case 'log':
      return true;
    default:
      return owner.startsWith(FETCHER_PREFIX);
  }
}
