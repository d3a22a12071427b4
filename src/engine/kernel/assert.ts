/** Thrown when a rule of our own is broken; never for an error a cluster may legitimately meet. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AssertionError';
  }
}

/** Throws `AssertionError` unless `condition` holds. The message says what was expected. */
export function assert(condition: boolean, expected: string): asserts condition {
  if (!condition) throw new AssertionError(`expected ${expected}`);
}

/** The value, which must be there. */
export function required<T>(value: T | undefined | null, expected: string): T {
  if (value === undefined || value === null) throw new AssertionError(`expected ${expected}`);
  return value;
}

/** Closes a switch over a union. */
export function unreachable(value: never): never {
  throw new AssertionError(`no other case, got ${JSON.stringify(value)}`);
}
