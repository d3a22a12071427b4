import { assert } from './assert.ts';

/**
 * A dense array whose versions share structure: leaves of 16 under one spine. Plain data, structured-cloneable.
 * `set` copies one leaf and the spine. For tables by small integer index (replicas, connections, sessions).
 */
export interface PersistentArray<T> {
  readonly length: number;
  readonly leaves: readonly (readonly T[])[];
}

const LEAF_BITS = 4;
const LEAF_SIZE = 1 << LEAF_BITS;
const LEAF_MASK = LEAF_SIZE - 1;
const EMPTY: PersistentArray<never> = { length: 0, leaves: [] };

export function emptyArray<T>(): PersistentArray<T> {
  return EMPTY;
}

export function arrayFrom<T>(items: readonly T[]): PersistentArray<T> {
  const leaves: T[][] = [];
  for (let at = 0; at < items.length; at += LEAF_SIZE) leaves.push(items.slice(at, at + LEAF_SIZE));
  return { length: items.length, leaves };
}

/** The item at `index`, or undefined outside [0, length). */
export function arrayGet<T>(array: PersistentArray<T>, index: number): T | undefined {
  if (index < 0 || index >= array.length) return undefined;
  return array.leaves[index >> LEAF_BITS]?.[index & LEAF_MASK];
}

/** A version with `value` at `index`; `index` may be the length (append). */
export function arraySet<T>(array: PersistentArray<T>, index: number, value: T): PersistentArray<T> {
  assert(index >= 0 && index <= array.length, 'an index within the array, or its length');
  const leafIndex = index >> LEAF_BITS;
  const leaf = (array.leaves[leafIndex] ?? []).slice();
  leaf[index & LEAF_MASK] = value;
  const leaves = array.leaves.slice();
  leaves[leafIndex] = leaf;
  return { length: index === array.length ? array.length + 1 : array.length, leaves };
}

export function arrayPush<T>(array: PersistentArray<T>, value: T): PersistentArray<T> {
  return arraySet(array, array.length, value);
}

/** The first `length` items. */
export function arrayTruncate<T>(array: PersistentArray<T>, length: number): PersistentArray<T> {
  if (length >= array.length) return array;
  const leaves = array.leaves.slice(0, Math.ceil(length / LEAF_SIZE));
  const tail = length & LEAF_MASK;
  const last = leaves[leaves.length - 1];
  if (tail !== 0 && last !== undefined) leaves[leaves.length - 1] = last.slice(0, tail);
  return { length, leaves };
}

/** Calls `visit` for each item in index order. */
export function arrayForEach<T>(array: PersistentArray<T>, visit: (item: T, index: number) => void): void {
  let index = 0;
  for (const leaf of array.leaves) for (const item of leaf) visit(item, index++);
}

export function arrayToList<T>(array: PersistentArray<T>): T[] {
  const list: T[] = [];
  for (const leaf of array.leaves) for (const item of leaf) list.push(item);
  return list;
}
