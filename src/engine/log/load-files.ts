import { deleteFile, fileExists, listPaths, readFile, renameFile, type FileTree } from '../kernel/files.ts';
import { EMPTY_BYTES } from '../kernel/bytes.ts';
import { MAX_LONG, type Offset } from '../kernel/units.ts';
import { lastOffsetAt } from './batch-list.ts';
import { CLEANED_SUFFIX, DELETED_SUFFIX, INDEX_SUFFIX, LOG_SUFFIX, offsetOfFileName, SWAP_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX } from './file-names.ts';
import type { LogScope } from './log-scope.ts';
import { scanBatches } from './recovery.ts';

/** Names of the files in a partition's folder, sorted. */
export function partitionFiles(files: FileTree, dir: string): readonly string[] {
  const prefix = `${dir}/`;
  return listPaths(files, prefix).map((path) => path.slice(prefix.length));
}

/** A folder's files, and the tree they are in. */
export interface Folder {
  readonly dir: string;
  readonly files: FileTree;
  readonly names: readonly string[];
}

/**
 * Finishes what a crash interrupted (LogLoader, first three passes): `.deleted` and `.cleaned` files go; a `.swap` that an unfinished
 * split left goes too; the other `.swap` files take the place of the segments in their range. Returns the folder as it is then.
 */
export function settleTemporaryFiles(folder: Folder, scope: Pick<LogScope, 'effects'>): Folder {
  const { dir, names } = folder;
  if (!names.some(isTemporary)) return folder;
  const cleaned = names.filter((name) => name.endsWith(CLEANED_SUFFIX));
  const leastCleaned = cleaned.reduce((least, name) => Math.min(least, offsetOfFileName(name) ?? MAX_LONG), MAX_LONG);
  const isUnfinishedSplit = (name: string): boolean => (offsetOfFileName(name) ?? 0) >= leastCleaned;
  const useful = removeFiles(folder, (name) => isTemporary(name) && (!name.endsWith(SWAP_SUFFIX) || isUnfinishedSplit(name)), scope);
  const swaps = useful.names.filter((name) => name.endsWith(SWAP_SUFFIX));
  const range = swapRange(useful, swaps);
  const isReplaced = (name: string): boolean => {
    const offset = offsetOfFileName(name);
    return offset !== null && !name.endsWith(SWAP_SUFFIX) && offset >= range.from && offset < range.to;
  };
  let { files } = removeFiles(useful, isReplaced, scope);
  for (const name of swaps) {
    const from = `${dir}/${name}`;
    const to = from.slice(0, -SWAP_SUFFIX.length);
    scope.effects.push({ type: 'rename', from, to });
    files = renameFile(files, from, to);
  }
  return { dir, files, names: partitionFiles(files, dir) };
}

function isTemporary(name: string): boolean {
  return name.endsWith(DELETED_SUFFIX) || name.endsWith(CLEANED_SUFFIX) || name.endsWith(SWAP_SUFFIX);
}

function removeFiles(folder: Folder, doomed: (name: string) => boolean, scope: Pick<LogScope, 'effects'>): Folder {
  let { files } = folder;
  for (const name of folder.names.filter(doomed)) {
    const path = `${folder.dir}/${name}`;
    scope.effects.push({ type: 'delete', path });
    files = deleteFile(files, path);
  }
  return { dir: folder.dir, files, names: folder.names.filter((name) => !doomed(name)) };
}

/** Offsets that the swapped-in segments cover, empty when there are none. */
function swapRange(folder: Folder, swaps: readonly string[]): { readonly from: Offset; readonly to: Offset } {
  let from = MAX_LONG;
  let to = -1;
  for (const name of swaps) {
    const offset = offsetOfFileName(name);
    if (offset === null || !name.endsWith(LOG_SUFFIX + SWAP_SUFFIX)) continue;
    const { batches } = scanBatches(readFile(folder.files, `${folder.dir}/${name}`) ?? EMPTY_BYTES, { from: offset, below: Infinity });
    from = Math.min(from, offset);
    to = Math.max(to, batches.length === 0 ? offset : lastOffsetAt(batches, batches.length - 1) + 1);
  }
  return { from, to };
}

/** Deletes index files whose `.log` is gone. */
export function deleteOrphanedIndexes(folder: Folder, scope: Pick<LogScope, 'effects'>): void {
  for (const name of folder.names) {
    const suffix = [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX].find((index) => name.endsWith(index));
    if (suffix === undefined) continue;
    const path = `${folder.dir}/${name}`;
    if (!fileExists(folder.files, path.slice(0, -suffix.length) + LOG_SUFFIX)) scope.effects.push({ type: 'delete', path });
  }
}
