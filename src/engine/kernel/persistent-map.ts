import { hashString } from './hash.ts';

/**
 * A map by string key whose versions share structure (hash trie, 16-way). Plain data, structured-cloneable.
 * Iteration order is never the trie's: `mapKeys` and `mapEntries` sort by code unit.
 */
export interface PersistentMap<V> {
  readonly size: number;
  readonly root: Node<V> | null;
}

type Node<V> = Branch<V> | Leaf<V>;
interface Branch<V> {
  readonly kind: 'branch';
  readonly slots: readonly (Node<V> | null)[];
}
interface Leaf<V> {
  readonly kind: 'leaf';
  readonly hash: number;
  /** Usually one entry; more only when two keys share all 32 bits of their hash. */
  readonly entries: readonly (readonly [string, V])[];
}

const BITS = 4;
const WIDTH = 1 << BITS;
const MASK = WIDTH - 1;
const EMPTY: PersistentMap<never> = { size: 0, root: null };

export function emptyMap<V>(): PersistentMap<V> {
  return EMPTY;
}

export function mapGet<V>(map: PersistentMap<V>, key: string): V | undefined {
  const hash = hashString(key);
  let node = map.root;
  let shift = 0;
  while (node !== null && node.kind === 'branch') {
    node = node.slots[(hash >>> shift) & MASK] ?? null;
    shift += BITS;
  }
  if (node === null || node.hash !== hash) return undefined;
  for (const entry of node.entries) if (entry[0] === key) return entry[1];
  return undefined;
}

export function mapHas<V>(map: PersistentMap<V>, key: string): boolean {
  return mapGet(map, key) !== undefined;
}

/** A version where `key` has `value` (which must not be undefined). */
export function mapSet<V>(map: PersistentMap<V>, key: string, value: V): PersistentMap<V> {
  const hash = hashString(key);
  const grown = mapGet(map, key) === undefined ? 1 : 0;
  return { size: map.size + grown, root: insert(map.root, { hash, key, value }, 0) };
}

/** A version without `key`. */
export function mapDelete<V>(map: PersistentMap<V>, key: string): PersistentMap<V> {
  if (mapGet(map, key) === undefined) return map;
  return { size: map.size - 1, root: remove(map.root, { hash: hashString(key), key }, 0) };
}

/** Keys in ascending code-unit order. */
export function mapKeys<V>(map: PersistentMap<V>): string[] {
  return mapEntries(map).map((entry) => entry[0]);
}

/** Values in ascending order of their keys. */
export function mapValues<V>(map: PersistentMap<V>): V[] {
  return mapEntries(map).map((entry) => entry[1]);
}

/** Entries in ascending code-unit order of keys. */
export function mapEntries<V>(map: PersistentMap<V>): (readonly [string, V])[] {
  const entries: (readonly [string, V])[] = [];
  collect(map.root, entries);
  return entries.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

/** The least of what `measure` says of the values, Infinity for none. Least is least in any order, so nothing is sorted. */
export function mapLeast<V>(map: PersistentMap<V>, measure: (value: V, key: string) => number): number {
  return map.root === null ? Infinity : leastIn(map.root, measure);
}

function leastIn<V>(node: Node<V>, measure: (value: V, key: string) => number): number {
  let least = Infinity;
  if (node.kind === 'leaf') for (const entry of node.entries) least = Math.min(least, measure(entry[1], entry[0]));
  else for (const slot of node.slots) if (slot !== null) least = Math.min(least, leastIn(slot, measure));
  return least;
}

export function mapFrom<V>(entries: readonly (readonly [string, V])[]): PersistentMap<V> {
  let map = emptyMap<V>();
  for (const [key, value] of entries) map = mapSet(map, key, value);
  return map;
}

interface Pair<V> {
  readonly hash: number;
  readonly key: string;
  readonly value: V;
}

function insert<V>(node: Node<V> | null, pair: Pair<V>, shift: number): Node<V> {
  if (node === null) return { kind: 'leaf', hash: pair.hash, entries: [[pair.key, pair.value]] };
  if (node.kind === 'branch') {
    const slot = (pair.hash >>> shift) & MASK;
    const slots = node.slots.slice();
    slots[slot] = insert(slots[slot] ?? null, pair, shift + BITS);
    return { kind: 'branch', slots };
  }
  if (node.hash === pair.hash) {
    if (node.entries.length === 1 && node.entries[0]?.[0] === pair.key) return { kind: 'leaf', hash: node.hash, entries: [[pair.key, pair.value]] };
    const others = node.entries.filter((entry) => entry[0] !== pair.key);
    return { kind: 'leaf', hash: node.hash, entries: [...others, [pair.key, pair.value]] };
  }
  const slots: (Node<V> | null)[] = [];
  for (let i = 0; i < WIDTH; i++) slots.push(null);
  slots[(node.hash >>> shift) & MASK] = node;
  return insert({ kind: 'branch', slots }, pair, shift);
}

function remove<V>(node: Node<V> | null, target: { hash: number; key: string }, shift: number): Node<V> | null {
  if (node === null) return null;
  if (node.kind === 'leaf') {
    const entries = node.entries.filter((entry) => entry[0] !== target.key);
    return entries.length === 0 ? null : { kind: 'leaf', hash: node.hash, entries };
  }
  const slot = (target.hash >>> shift) & MASK;
  const slots = node.slots.slice();
  slots[slot] = remove(slots[slot] ?? null, target, shift + BITS);
  const left = slots.filter((child) => child !== null);
  if (left.length === 0) return null;
  const only = left[0];
  if (left.length === 1 && only?.kind === 'leaf') return only;
  return { kind: 'branch', slots };
}

function collect<V>(node: Node<V> | null, entries: (readonly [string, V])[]): void {
  if (node === null) return;
  if (node.kind === 'leaf') {
    for (const entry of node.entries) entries.push(entry);
    return;
  }
  for (const slot of node.slots) collect(slot ?? null, entries);
}
