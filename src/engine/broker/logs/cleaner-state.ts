import { emptyMap, type PersistentMap } from '../../kernel/persistent-map.ts';
import type { Offset } from '../../kernel/units.ts';
import type { Cleanable } from '../../log/cleaner/cleanable.ts';
import type { TransactionsUnderWay } from '../../log/cleaner/cleaned-transactions.ts';
import type { CleanedGroup, CleaningPlan, CleaningStats } from '../../log/cleaner/clean-log.ts';

/** LogCleaner and LogCleanerManager with their one thread, as plain data. */
export interface LogCleanerState {
  /** What `cleaner-offset-checkpoint` says: where the dirty part of a log begins, by folder. */
  readonly checkpoints: PersistentMap<Offset>;
  /** The log that is being cleaned (LogCleaningInProgress), or null. */
  readonly ongoing: OngoingCleaning | null;
  /** Logs with a batch that cannot be opened, by folder: not cleaned until the process starts anew. */
  readonly uncleanable: readonly string[];
  /** Operation of the next cleaning's flushes, so that an answer of one that was aborted is known. */
  readonly nextNumber: number;
}

export interface OngoingCleaning {
  readonly key: string;
  readonly number: number;
  readonly cleanable: Cleanable;
  readonly plan: CleaningPlan;
  /** How many groups have taken their places. */
  readonly groupsDone: number;
  readonly stats: CleaningStats;
  /** As the groups that are done left them. */
  readonly transactions: TransactionsUnderWay;
  /** Written as `.cleaned`, and on its way to the device. */
  readonly written: CleanedGroup | null;
  /** How many of its files are not on the device yet. */
  readonly flushesLeft: number;
}

export function newLogCleaner(checkpoints: PersistentMap<Offset> = emptyMap()): LogCleanerState {
  return { checkpoints, ongoing: null, uncleanable: [], nextNumber: 1 };
}
