import { assert } from './assert.ts';
import { concatBytes } from './bytes.ts';
import { arrayFrom, arrayPush, arrayToList, emptyArray, type PersistentArray } from './persistent-array.ts';
import { emptyMap, mapDelete, mapGet, mapKeys, mapSet, type PersistentMap } from './persistent-map.ts';

/**
 * A tree of files as plain data. The machine keeps two: what the page cache shows and what the device holds. Both share
 * the extents. A file's data are [0, dataEnd); beyond it, up to sizeBytes, it reads as zeros (Kafka preallocates indexes).
 */
export interface FileImage {
  readonly sizeBytes: number;
  readonly dataEnd: number;
  readonly extents: PersistentArray<Uint8Array>;
  /** Rises each time bytes below dataEnd change or go (truncate, replace), so prefixes of one generation agree. */
  readonly generation: number;
}

/** Path relative to the machine's disk, `orders-0/00000000000000000000.log`, to file. */
export type FileTree = PersistentMap<FileImage>;

export const EMPTY_FILE: FileImage = { sizeBytes: 0, dataEnd: 0, extents: emptyArray(), generation: 0 };

export function emptyTree(): FileTree {
  return emptyMap();
}

/** Paths that start with `prefix`, sorted. */
export function listPaths(tree: FileTree, prefix = ''): string[] {
  return mapKeys(tree).filter((path) => path.startsWith(prefix));
}

export function fileExists(tree: FileTree, path: string): boolean {
  return mapGet(tree, path) !== undefined;
}

/** The data of a file as one array (trailing preallocated zeros left out), or null if there is no such file. */
export function readFile(tree: FileTree, path: string): Uint8Array | null {
  const file = mapGet(tree, path);
  if (file === undefined) return null;
  const extents = arrayToList(file.extents);
  const only = extents[0];
  return extents.length === 1 && only !== undefined ? only : concatBytes(extents);
}

/** Appends at dataEnd; creates the file if needed. */
export function appendToFile(tree: FileTree, path: string, bytes: Uint8Array): FileTree {
  return mapSet(tree, path, grownFile(mapGet(tree, path) ?? EMPTY_FILE, bytes));
}

/** A file with `bytes` at the end of its data. */
export function grownFile(file: FileImage, bytes: Uint8Array): FileImage {
  const dataEnd = file.dataEnd + bytes.length;
  const extents = bytes.length === 0 ? file.extents : arrayPush(file.extents, bytes);
  return { sizeBytes: Math.max(file.sizeBytes, dataEnd), dataEnd, extents, generation: file.generation };
}

export function withGeneration(file: FileImage, generation: number): FileImage {
  return { sizeBytes: file.sizeBytes, dataEnd: file.dataEnd, extents: file.extents, generation };
}

/** The whole content becomes `bytes`. */
export function replaceFile(tree: FileTree, path: string, bytes: Uint8Array): FileTree {
  const generation = (mapGet(tree, path)?.generation ?? 0) + 1;
  return mapSet(tree, path, { sizeBytes: bytes.length, dataEnd: bytes.length, extents: arrayFrom([bytes]), generation });
}

/** Sets the size: cuts the data or adds zeros (preallocation). Creates the file if needed. */
export function resizeFile(tree: FileTree, path: string, sizeBytes: number): FileTree {
  assert(sizeBytes >= 0, 'a file size of 0 or more');
  const file = mapGet(tree, path) ?? EMPTY_FILE;
  return mapSet(
    tree,
    path,
    sizeBytes >= file.dataEnd ? { sizeBytes, dataEnd: file.dataEnd, extents: file.extents, generation: file.generation } : cutFile(file, sizeBytes),
  );
}

/** The first `sizeBytes` of a file's data. */
export function cutFile(file: FileImage, sizeBytes: number): FileImage {
  const kept: Uint8Array[] = [];
  let left = sizeBytes;
  for (const extent of arrayToList(file.extents)) {
    if (left <= 0) break;
    kept.push(extent.length <= left ? extent : extent.subarray(0, left));
    left -= extent.length;
  }
  return { sizeBytes, dataEnd: Math.min(sizeBytes, file.dataEnd), extents: arrayFrom(kept), generation: file.generation + 1 };
}

export function renameFile(tree: FileTree, from: string, to: string): FileTree {
  const file = mapGet(tree, from);
  return file === undefined ? tree : mapSet(mapDelete(tree, from), to, file);
}

export function deleteFile(tree: FileTree, path: string): FileTree {
  return mapDelete(tree, path);
}
