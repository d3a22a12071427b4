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
  readonly key: string;
  readonly value: V;
  /** Other keys that share all 32 bits of the hash; nearly always null. */
  readonly others: Leaf<V> | null;
}

const BITS = 4;
const WIDTH = 1 << BITS;
const MASK = WIDTH - 1;
const EMPTY: PersistentMap<never> = { size: 0, root: null };

export function emptyMap<V>(): PersistentMap<V> {
  return EMPTY;
}

export function mapGet<V>(map: PersistentMap<V>, key: string): V | undefined {
  return map.root === null ? undefined : find(map.root, key, hashString(key))?.value;
}

function find<V>(root: Node<V>, key: string, hash: number): Leaf<V> | null {
  let node: Node<V> | null = root;
  let shift = 0;
  while (node !== null && node.kind === 'branch') {
    node = node.slots[(hash >>> shift) & MASK] ?? null;
    shift += BITS;
  }
  if (node === null || node.hash !== hash) return null;
  for (let leaf: Leaf<V> | null = node; leaf !== null; leaf = leaf.others) if (leaf.key === key) return leaf;
  return null;
}

export function mapHas<V>(map: PersistentMap<V>, key: string): boolean {
  return mapGet(map, key) !== undefined;
}

/** A version where `key` has `value` (which must not be undefined); the same one if it has it already. */
export function mapSet<V>(map: PersistentMap<V>, key: string, value: V): PersistentMap<V> {
  const hash = hashString(key);
  const known = map.root === null ? null : find(map.root, key, hash);
  if (known !== null && Object.is(known.value, value)) return map;
  return { size: known === null ? map.size + 1 : map.size, root: insert(map.root, { hash, key, value }, 0) };
}

/** A version without `key`. */
export function mapDelete<V>(map: PersistentMap<V>, key: string): PersistentMap<V> {
  const hash = hashString(key);
  if (map.root === null || find(map.root, key, hash) === null) return map;
  return { size: map.size - 1, root: remove(map.root, { hash, key }, 0) };
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
  if (node.kind === 'leaf') for (let leaf: Leaf<V> | null = node; leaf !== null; leaf = leaf.others) least = Math.min(least, measure(leaf.value, leaf.key));
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
  if (node === null) return { kind: 'leaf', hash: pair.hash, key: pair.key, value: pair.value, others: null };
  if (node.kind === 'branch') {
    const slot = (pair.hash >>> shift) & MASK;
    const slots = node.slots.slice();
    slots[slot] = insert(slots[slot] ?? null, pair, shift + BITS);
    return { kind: 'branch', slots };
  }
  if (node.hash === pair.hash) return { kind: 'leaf', hash: pair.hash, key: pair.key, value: pair.value, others: withoutKey(node, pair.key) };
  const slots: (Node<V> | null)[] = [];
  for (let i = 0; i < WIDTH; i++) slots.push(null);
  slots[(node.hash >>> shift) & MASK] = node;
  return insert({ kind: 'branch', slots }, pair, shift);
}

function withoutKey<V>(leaf: Leaf<V> | null, key: string): Leaf<V> | null {
  if (leaf === null) return null;
  if (leaf.key === key) return leaf.others;
  return { kind: 'leaf', hash: leaf.hash, key: leaf.key, value: leaf.value, others: withoutKey(leaf.others, key) };
}

function remove<V>(node: Node<V> | null, target: { hash: number; key: string }, shift: number): Node<V> | null {
  if (node === null) return null;
  if (node.kind === 'leaf') return withoutKey(node, target.key);
  const slot = (target.hash >>> shift) & MASK;
  const slots = node.slots.slice();
  slots[slot] = remove(slots[slot] ?? null, target, shift + BITS);
  let only: Node<V> | null = null;
  let left = 0;
  for (const child of slots) {
    if (child === null) continue;
    only = child;
    left += 1;
  }
  if (left === 0) return null;
  return left === 1 && only?.kind === 'leaf' ? only : { kind: 'branch', slots };
}

function collect<V>(node: Node<V> | null, entries: (readonly [string, V])[]): void {
  if (node === null) return;
  if (node.kind === 'leaf') for (let leaf: Leaf<V> | null = node; leaf !== null; leaf = leaf.others) entries.push([leaf.key, leaf.value]);
  else for (const slot of node.slots) collect(slot, entries);
}
