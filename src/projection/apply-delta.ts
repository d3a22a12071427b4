import { share } from './share.ts';
import type { Grown, Rows, View, ViewDelta } from './view.ts';

/** The view after a delta. Whatever did not change is the same object as before, so that selectors see no news. */
export function applyDelta(view: View, delta: ViewDelta): View {
  return {
    nowUs: delta.nowUs,
    run: section(view.run, delta.run),
    ensemble: section(view.ensemble, delta.ensemble),
    truth: section(view.truth, delta.truth),
    topics: section(view.topics, delta.topics),
    partitions: rows(view.partitions, delta.partitions, (row) => row.key),
    brokers: rows(view.brokers, delta.brokers, (row) => row.host),
    producers: rows(view.producers, delta.producers, (row) => row.host),
    consumers: rows(view.consumers, delta.consumers, (row) => row.host),
    admins: section(view.admins, delta.admins),
    links: section(view.links, delta.links),
    messages: delta.messages ?? view.messages,
    unseenMessageCount: delta.unseenMessageCount ?? view.unseenMessageCount,
    events: grown(view.events, delta.events),
    invariants: section(view.invariants, delta.invariants),
    configs: section(view.configs, delta.configs),
  };
}

function section<T>(previous: T, next: T | undefined): T {
  return next === undefined ? previous : share(previous, next);
}

function rows<Row>(previous: readonly Row[], delta: Rows<Row> | undefined, keyOf: (row: Row) => string): readonly Row[] {
  if (delta === undefined || (delta.order === undefined && delta.changed.length === 0)) return previous;
  const known = new Map(previous.map((row) => [keyOf(row), row]));
  for (const row of delta.changed) known.set(keyOf(row), share(known.get(keyOf(row)), row));
  const order = delta.order ?? previous.map(keyOf);
  const next: Row[] = [];
  for (const key of order) {
    const row = known.get(key);
    if (row !== undefined) next.push(row);
  }
  const same = next.length === previous.length && next.every((row, i) => row === previous[i]);
  return same ? previous : next;
}

function grown<T>(previous: readonly T[], delta: Grown<T> | undefined): readonly T[] {
  if (delta === undefined || (delta.keep === previous.length && delta.added.length === 0)) return previous;
  return [...previous.slice(0, delta.keep), ...delta.added];
}

/** A delta that turns `EMPTY_VIEW` into `view`. */
export function wholeView(view: View): ViewDelta {
  return {
    ...view,
    partitions: { order: view.partitions.map((row) => row.key), changed: view.partitions },
    brokers: { order: view.brokers.map((row) => row.host), changed: view.brokers },
    producers: { order: view.producers.map((row) => row.host), changed: view.producers },
    consumers: { order: view.consumers.map((row) => row.host), changed: view.consumers },
    events: { keep: 0, added: view.events },
  };
}
