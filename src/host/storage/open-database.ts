import type { IDBPDatabase, OpenDBCallbacks } from 'idb';
import { StorageError, type Opened } from './contract.ts';
import { problemOf } from './problem.ts';

/** An open database and the news that it is no longer ours. */
export interface Watched<Database> {
  readonly database: Database;
  /** Told at most once; at once if it happened before. */
  onLost(told: (error: StorageError) => void): void;
}

/** Private windows and broken profiles leave a request unanswered for ever. */
const PATIENCE_MS = 6000;

/**
 * Opens a database with the ways in which that can go wrong as values: no IndexedDB at all, refused by the browser's settings,
 * waiting for another tab that holds an older version open, or no answer at all.
 */
export function openDatabase<Schema>(
  open: (callbacks: OpenDBCallbacks<Schema>) => Promise<IDBPDatabase<Schema>>,
): Promise<Opened<Watched<IDBPDatabase<Schema>>>> {
  if (typeof indexedDB === 'undefined') return Promise.resolve({ ok: false, problem: { kind: 'refused', message: 'This browser offers no IndexedDB here.' } });
  return new Promise((resolve) => {
    let given = false;
    const patience = setTimeout(() => {
      given = true;
      resolve({ ok: false, problem: { kind: 'blocked', message: 'The browser does not answer when asked for its storage.' } });
    }, PATIENCE_MS);
    let database: IDBPDatabase<Schema> | null = null;
    let lost: StorageError | null = null;
    let told: ((error: StorageError) => void) | null = null;
    const lose = (message: string): void => {
      lost ??= new StorageError({ kind: 'lost', message });
      told?.(lost);
      told = null;
    };
    const callbacks: OpenDBCallbacks<Schema> = {
      blocked() {
        given = true;
        clearTimeout(patience);
        resolve({ ok: false, problem: { kind: 'blocked', message: 'Another tab holds an older version of the database open. Close it and try again.' } });
      },
      // Another tab wants to delete or upgrade: holding on would block it for ever.
      blocking() {
        lose('Another tab has taken over the database.');
        database?.close();
      },
      terminated() {
        lose('The browser closed the database.');
      },
    };
    // Where storage is forbidden even the call may throw.
    Promise.resolve()
      .then(() => open(callbacks))
      .then(
        (opened) => {
          clearTimeout(patience);
          // Too late: whoever asked was told that it is blocked.
          if (given) return opened.close();
          database = opened;
          const onLost = (listener: (error: StorageError) => void): void => {
            if (lost !== null) listener(lost);
            else told = listener;
          };
          return resolve({ ok: true, store: { database: opened, onLost } });
        },
        (error: unknown) => {
          clearTimeout(patience);
          resolve({ ok: false, problem: problemOf(error) });
        },
      );
  });
}
