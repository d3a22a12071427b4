/**
 * `next` with every part that equals the one in `previous` replaced by the one in `previous`: what did not change keeps its
 * identity, also when it was copied on its way here. Plain data only.
 */
export function share<T>(previous: T | undefined, next: T): T {
  if (Object.is(previous, next) || previous === undefined) return next;
  if (Array.isArray(previous) && Array.isArray(next)) return shareLists(previous, next) as T;
  if (isRecord(previous) && isRecord(next)) return shareRecords(previous, next) as T;
  return next;
}

function shareLists(previous: readonly unknown[], next: readonly unknown[]): readonly unknown[] {
  let same = previous.length === next.length;
  const shared = next.map((item, i) => {
    const kept = share(previous[i], item);
    if (!Object.is(kept, previous[i])) same = false;
    return kept;
  });
  return same ? previous : shared;
}

type PlainRecord = Readonly<Record<string, unknown>>;

function shareRecords(previous: PlainRecord, next: PlainRecord): PlainRecord {
  const keys = Object.keys(next);
  let same = keys.length === Object.keys(previous).length;
  const shared: Record<string, unknown> = {};
  for (const key of keys) {
    const kept = share(previous[key], next[key]);
    if (!Object.is(kept, previous[key])) same = false;
    shared[key] = kept;
  }
  return same ? previous : shared;
}

function isRecord(value: unknown): value is PlainRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
