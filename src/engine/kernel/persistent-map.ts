import { hashString } from './hash.ts';

/**
 * A map by string key whose versions share structure. Plain data, structured-cloneable. Iteration is sorted by code unit.
 *
 * Most maps of the engine hold a handful of entries (timers, connections, the partitions of a topic), so a map of up to
 * `FLAT_SIZE` entries is three parallel arrays sorted by key, of which a changed value copies one; a larger one is a hash trie,
 * 16-way. Hashes are kept to tell keys apart without comparing texts.
 */
export interface PersistentMap<V> {
  readonly size: number;
  /** Null while the map is flat. */
  readonly root: Node<V> | null;
  readonly keys: readonly string[];
  readonly hashes: readonly number[];
  readonly values: readonly V[];
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
const FLAT_SIZE = 16;
/** A trie that shrinks becomes flat a little later than a flat map became a trie, so that none goes to and fro. */
const FLAT_AGAIN_SIZE = 8;
const NO_KEYS: readonly string[] = [];
const NO_HASHES: readonly number[] = [];
const EMPTY: PersistentMap<never> = { size: 0, root: null, keys: NO_KEYS, hashes: NO_HASHES, values: [] };

export function emptyMap<V>(): PersistentMap<V> {
  return EMPTY;
}

export function mapGet<V>(map: PersistentMap<V>, key: string): V | undefined {
  const hash = hashString(key);
  if (map.root !== null) return find(map.root, key, hash)?.value;
  const at = flatIndex(map, key, hash);
  return at < 0 ? undefined : map.values[at];
}

function flatIndex<V>(map: PersistentMap<V>, key: string, hash: number): number {
  const { hashes, keys } = map;
  for (let i = 0; i < hashes.length; i++) if (hashes[i] === hash && keys[i] === key) return i;
  return -1;
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
  if (map.root === null) return setInFlat(map, { hash, key, value });
  const known = find(map.root, key, hash);
  if (known !== null && known.value === value) return map;
  return trie(known === null ? map.size + 1 : map.size, insert(map.root, { hash, key, value }, 0));
}

function setInFlat<V>(map: PersistentMap<V>, pair: Pair<V>): PersistentMap<V> {
  const { keys, hashes, values } = map;
  const at = flatIndex(map, pair.key, pair.hash);
  if (at >= 0) {
    if (values[at] === pair.value) return map;
    const changed = values.slice();
    changed[at] = pair.value;
    return { size: map.size, root: null, keys, hashes, values: changed };
  }
  if (keys.length === FLAT_SIZE) return trieOf(map, pair);
  let place = 0;
  while (place < keys.length && (keys[place] as string) < pair.key) place += 1;
  return {
    size: map.size + 1,
    root: null,
    keys: inserted(keys, place, pair.key),
    hashes: inserted(hashes, place, pair.hash),
    values: inserted(values, place, pair.value),
  };
}

function inserted<T>(list: readonly T[], place: number, item: T): T[] {
  const longer = list.slice();
  longer.push(item);
  for (let i = list.length; i > place; i--) longer[i] = longer[i - 1] as T;
  longer[place] = item;
  return longer;
}

function removed<T>(list: readonly T[], place: number): T[] {
  const shorter = list.slice();
  for (let i = place + 1; i < list.length; i++) shorter[i - 1] = shorter[i] as T;
  shorter.pop();
  return shorter;
}

function trie<V>(size: number, root: Node<V> | null): PersistentMap<V> {
  return { size, root, keys: NO_KEYS, hashes: NO_HASHES, values: EMPTY.values };
}

/** A flat map that is full, with one entry more. */
function trieOf<V>(map: PersistentMap<V>, pair: Pair<V>): PersistentMap<V> {
  let root = insert(null, pair, 0);
  map.keys.forEach((key, i) => (root = insert(root, { hash: map.hashes[i] as number, key, value: map.values[i] as V }, 0)));
  return trie(map.size + 1, root);
}

/** A version without `key`. */
export function mapDelete<V>(map: PersistentMap<V>, key: string): PersistentMap<V> {
  const hash = hashString(key);
  if (map.root !== null) return deleteInTrie(map, map.root, { hash, key });
  const at = flatIndex(map, key, hash);
  if (at < 0) return map;
  if (map.size === 1) return EMPTY;
  return { size: map.size - 1, root: null, keys: removed(map.keys, at), hashes: removed(map.hashes, at), values: removed(map.values, at) };
}

function deleteInTrie<V>(map: PersistentMap<V>, root: Node<V>, target: { readonly hash: number; readonly key: string }): PersistentMap<V> {
  if (find(root, target.key, target.hash) === null) return map;
  const smaller = trie(map.size - 1, remove(root, target, 0));
  return smaller.size > FLAT_AGAIN_SIZE ? smaller : mapFrom(mapEntries(smaller));
}

/** Keys in ascending code-unit order. */
export function mapKeys<V>(map: PersistentMap<V>): readonly string[] {
  return map.root === null ? map.keys : mapEntries(map).map((entry) => entry[0]);
}

/** Values in ascending order of their keys. */
export function mapValues<V>(map: PersistentMap<V>): readonly V[] {
  return map.root === null ? map.values : mapEntries(map).map((entry) => entry[1]);
}

/** Entries in ascending code-unit order of keys. */
export function mapEntries<V>(map: PersistentMap<V>): (readonly [string, V])[] {
  if (map.root === null) return map.keys.map((key, i) => [key, map.values[i] as V] as const);
  const entries: (readonly [string, V])[] = [];
  collect(map.root, entries);
  return entries.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

/** The least of what `measure` says of the values, Infinity for none. Least is least in any order, so nothing is sorted. */
export function mapLeast<V>(map: PersistentMap<V>, measure: (value: V, key: string) => number): number {
  if (map.root !== null) return leastIn(map.root, measure);
  let least = Infinity;
  for (let i = 0; i < map.values.length; i++) least = Math.min(least, measure(map.values[i] as V, map.keys[i] as string));
  return least;
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
