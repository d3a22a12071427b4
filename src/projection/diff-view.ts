import { share } from './share.ts';
import type { Rows, View, ViewDelta } from './view.ts';

/**
 * What changed from one view to the next. Give it the view that it returned last time: parts that are equal are taken over
 * from there, so that the comparison is by identity and nothing that is as it was crosses again.
 */
export function diffViews(previous: View, projected: View): { readonly view: View; readonly delta: ViewDelta } {
  const events = projected.events;
  const view: View = { ...share({ ...previous, events: [] as View['events'] }, { ...projected, events: [] as View['events'] }), events };
  const delta: ViewDelta = {
    nowUs: view.nowUs,
    ...changed('run', previous, view),
    ...changed('ensemble', previous, view),
    ...changed('truth', previous, view),
    ...changed('topics', previous, view),
    ...changed('admins', previous, view),
    ...changed('links', previous, view),
    ...changed('messages', previous, view),
    ...changed('unseenMessageCount', previous, view),
    ...changed('invariants', previous, view),
    ...changed('configs', previous, view),
    ...rows('partitions', previous.partitions, view.partitions, (row) => row.key),
    ...rows('brokers', previous.brokers, view.brokers, (row) => row.host),
    ...rows('producers', previous.producers, view.producers, (row) => row.host),
    ...rows('consumers', previous.consumers, view.consumers, (row) => row.host),
    ...grownEvents(previous, view),
  };
  return { view, delta };
}

function changed<Key extends keyof View>(key: Key, previous: View, next: View): Partial<Pick<View, Key>> {
  return Object.is(previous[key], next[key]) ? {} : ({ [key]: next[key] } as unknown as Pick<View, Key>);
}

function rows<Name extends string, Row>(
  name: Name,
  previous: readonly Row[],
  next: readonly Row[],
  keyOf: (row: Row) => string,
): Partial<Record<Name, Rows<Row>>> {
  if (Object.is(previous, next)) return {};
  const known = new Map(previous.map((row) => [keyOf(row), row]));
  const changedRows = next.filter((row) => !Object.is(known.get(keyOf(row)), row));
  const order = next.map(keyOf);
  const sameOrder = order.length === previous.length && previous.every((row, i) => keyOf(row) === order[i]);
  const value: Rows<Row> = sameOrder ? { changed: changedRows } : { order, changed: changedRows };
  return { [name]: value } as Partial<Record<Name, Rows<Row>>>;
}

/** The list only grows while a run goes forward; a run opened anew begins with another first event. */
function grownEvents(previous: View, next: View): Pick<ViewDelta, 'events'> {
  if (Object.is(previous.events, next.events)) return {};
  const keep = previous.events.length > 0 && next.events[0] === previous.events[0] ? Math.min(previous.events.length, next.events.length) : 0;
  if (keep === next.events.length && keep === previous.events.length) return {};
  return { events: { keep, added: next.events.slice(keep) } };
}
