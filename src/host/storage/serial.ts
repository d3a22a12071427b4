import { AssertionError } from '../../engine/kernel/assert.ts';
import { StorageError } from './contract.ts';
import { storageError } from './problem.ts';

/**
 * Runs asynchronous work one after another, in order of the calls. After one failure everything later fails alike, so that a
 * reader never meets a store whose middle is missing; a broken rule of our own passes as it is.
 */
export class Serial {
  private last: Promise<unknown> = Promise.resolve();
  private broken: StorageError | null = null;

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(async () => {
      if (this.broken !== null) throw this.broken;
      try {
        return await work();
      } catch (error) {
        if (error instanceof AssertionError) throw error;
        this.broken ??= storageError(error);
        throw this.broken;
      }
    });
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Waits for what was asked so far; whatever comes later fails with `problem`. */
  async end(message: string): Promise<void> {
    await this.last;
    this.broken ??= new StorageError({ kind: 'lost', message });
  }

  /** Fails everything later at once, as when the connection went away by itself. */
  fail(error: StorageError): void {
    this.broken ??= error;
  }
}
