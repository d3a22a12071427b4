import { StorageError, type StorageProblem } from './contract.ts';

/** What a failure of IndexedDB means to a person. */
export function problemOf(error: unknown): StorageProblem {
  if (error instanceof StorageError) return error.problem;
  const name = nameOf(error);
  const message = error instanceof Error && error.message !== '' ? error.message : name;
  switch (name) {
    case 'QuotaExceededError':
      return { kind: 'quota', message: `The browser has no room left for this run: ${message}` };
    case 'SecurityError':
    case 'InvalidAccessError':
    case 'NotAllowedError':
    case 'NotSupportedError':
    case 'ReferenceError':
      return { kind: 'refused', message: `The browser does not allow storage here: ${message}` };
    case 'VersionError':
      return { kind: 'blocked', message: `A newer version of this page has changed the database: ${message}` };
    default:
      return { kind: 'lost', message: `Storage failed: ${message}` };
  }
}

/** `problemOf` as an error to throw. */
export function storageError(error: unknown): StorageError {
  return error instanceof StorageError ? error : new StorageError(problemOf(error));
}

function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : String(error);
}
