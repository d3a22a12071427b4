import { assert } from './assert.ts';

/**
 * A dense array whose versions share structure: a tree of nodes of 16, as deep as its length asks for. Plain data,
 * structured-cloneable. `set` and `push` copy one node a level, so that an append costs the same after an hour as after a second.
 * For tables by small integer index (replicas, links) and for what only grows (extents of a file, chunks of a log).
 */
export interface PersistentArray<T> {
  readonly length: number;
  /** Bits of an index below the root's slot: 0 when the root holds the items themselves. */
  readonly shift: number;
  readonly root: TreeNode<T>;
}

/** Items at the bottom level, nodes above it. */
type TreeNode<T> = readonly (T | TreeNode<T>)[];

const BITS = 4;
const WIDTH = 1 << BITS;
const MASK = WIDTH - 1;
const EMPTY: PersistentArray<never> = { length: 0, shift: 0, root: [] };

export function emptyArray<T>(): PersistentArray<T> {
  return EMPTY;
}

export function arrayFrom<T>(items: readonly T[]): PersistentArray<T> {
  let level: TreeNode<T> = items.slice();
  let shift = 0;
  while (level.length > WIDTH) {
    const above: TreeNode<T>[] = [];
    for (let at = 0; at < level.length; at += WIDTH) above.push(level.slice(at, at + WIDTH));
    level = above;
    shift += BITS;
  }
  return { length: items.length, shift, root: level };
}

/** The item at `index`, or undefined outside [0, length). */
export function arrayGet<T>(array: PersistentArray<T>, index: number): T | undefined {
  if (index < 0 || index >= array.length) return undefined;
  let node = array.root;
  for (let shift = array.shift; shift > 0; shift -= BITS) node = node[(index >> shift) & MASK] as TreeNode<T>;
  return node[index & MASK] as T;
}

/** A version with `value` at `index`; `index` may be the length (append). */
export function arraySet<T>(array: PersistentArray<T>, index: number, value: T): PersistentArray<T> {
  assert(index >= 0 && index <= array.length, 'an index within the array, or its length');
  const full = index === 1 << (array.shift + BITS);
  const shift = full ? array.shift + BITS : array.shift;
  const root = withItem(full ? [array.root] : array.root, shift, { index, value });
  return { length: index === array.length ? array.length + 1 : array.length, shift, root };
}

function withItem<T>(node: TreeNode<T> | undefined, shift: number, item: { readonly index: number; readonly value: T }): TreeNode<T> {
  const copy = node === undefined ? [] : node.slice();
  const slot = (item.index >> shift) & MASK;
  copy[slot] = shift === 0 ? item.value : withItem(copy[slot] as TreeNode<T> | undefined, shift - BITS, item);
  return copy;
}

export function arrayPush<T>(array: PersistentArray<T>, value: T): PersistentArray<T> {
  return arraySet(array, array.length, value);
}

/** The first `length` items. */
export function arrayTruncate<T>(array: PersistentArray<T>, length: number): PersistentArray<T> {
  if (length >= array.length) return array;
  if (length <= 0) return EMPTY;
  let { shift } = array;
  let root = cutAfter(array.root, shift, length - 1);
  for (; shift > 0 && root.length === 1; shift -= BITS) root = root[0] as TreeNode<T>;
  return { length, shift, root };
}

/** A node without what comes after the item at `last`. */
function cutAfter<T>(node: TreeNode<T>, shift: number, last: number): TreeNode<T> {
  const slot = (last >> shift) & MASK;
  const kept = node.slice(0, slot + 1);
  if (shift > 0) kept[slot] = cutAfter(kept[slot] as TreeNode<T>, shift - BITS, last);
  return kept;
}

/** Calls `visit` for each item in index order. */
export function arrayForEach<T>(array: PersistentArray<T>, visit: (item: T, index: number) => void): void {
  walk(array.root, { shift: array.shift, from: 0 }, visit);
}

function walk<T>(node: TreeNode<T>, place: { readonly shift: number; readonly from: number }, visit: (item: T, index: number) => void): void {
  const { shift, from } = place;
  for (let slot = 0; slot < node.length; slot++) {
    const index = from + (slot << shift);
    if (shift === 0) visit(node[slot] as T, index);
    else walk(node[slot] as TreeNode<T>, { shift: shift - BITS, from: index }, visit);
  }
}

export function arrayToList<T>(array: PersistentArray<T>): T[] {
  if (array.shift === 0) return array.root.slice() as T[];
  const list: T[] = [];
  arrayForEach(array, (item) => list.push(item));
  return list;
}
