import { deleteFile, fileExists, listPaths, readFile, renameFile, type FileTree } from '../kernel/files.ts';
import { MAX_LONG, type Offset } from '../kernel/units.ts';
import { CLEANED_SUFFIX, DELETED_SUFFIX, INDEX_SUFFIX, LOG_SUFFIX, offsetOfFileName, SWAP_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX } from './file-names.ts';
import type { LogScope } from './log-scope.ts';
import { scanBatches } from './recovery.ts';
import { lastOffsetAt } from './batch-list.ts';

/** Names of the files in a partition's folder, sorted. */
export function partitionFiles(files: FileTree, dir: string): readonly string[] {
  const prefix = `${dir}/`;
  return listPaths(files, prefix).map((path) => path.slice(prefix.length));
}

/**
 * Finishes what a crash interrupted (LogLoader, first three passes): `.deleted` and `.cleaned` files go; a `.swap` that an unfinished
 * split left goes too; the other `.swap` files take the place of the segments in their range. Returns the tree as it is then.
 */
export function settleTemporaryFiles(files: FileTree, dir: string, scope: Pick<LogScope, 'effects'>): FileTree {
  let settled = files;
  const remove = (name: string): void => {
    scope.effects.push({ type: 'delete', path: `${dir}/${name}` });
    settled = deleteFile(settled, `${dir}/${name}`);
  };
  const names = partitionFiles(files, dir);
  const cleaned = names.filter((name) => name.endsWith(CLEANED_SUFFIX));
  const leastCleaned = cleaned.reduce((least, name) => Math.min(least, offsetOfFileName(name) ?? MAX_LONG), MAX_LONG);
  for (const name of names) {
    const isUnfinishedSplit = name.endsWith(SWAP_SUFFIX) && (offsetOfFileName(name) ?? 0) >= leastCleaned;
    if (name.endsWith(DELETED_SUFFIX) || name.endsWith(CLEANED_SUFFIX) || isUnfinishedSplit) remove(name);
  }
  const swaps = partitionFiles(settled, dir).filter((name) => name.endsWith(SWAP_SUFFIX));
  const range = swapRange(settled, dir, swaps);
  for (const name of partitionFiles(settled, dir)) {
    const offset = offsetOfFileName(name);
    if (offset !== null && !name.endsWith(SWAP_SUFFIX) && offset >= range.from && offset < range.to) remove(name);
  }
  for (const name of swaps) {
    const from = `${dir}/${name}`;
    const to = from.slice(0, -SWAP_SUFFIX.length);
    scope.effects.push({ type: 'rename', from, to });
    settled = renameFile(settled, from, to);
  }
  return settled;
}

/** Offsets that the swapped-in segments cover, empty when there are none. */
function swapRange(files: FileTree, dir: string, swaps: readonly string[]): { readonly from: Offset; readonly to: Offset } {
  let from = MAX_LONG;
  let to = -1;
  for (const name of swaps) {
    const offset = offsetOfFileName(name);
    if (offset === null || !name.endsWith(LOG_SUFFIX + SWAP_SUFFIX)) continue;
    const { batches } = scanBatches(readFile(files, `${dir}/${name}`) ?? new Uint8Array(0));
    from = Math.min(from, offset);
    to = Math.max(to, batches.length === 0 ? offset : lastOffsetAt(batches, batches.length - 1) + 1);
  }
  return { from, to };
}

/** Deletes index files whose `.log` is gone. */
export function deleteOrphanedIndexes(files: FileTree, dir: string, scope: Pick<LogScope, 'effects'>): void {
  for (const name of partitionFiles(files, dir)) {
    const suffix = [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX].find((index) => name.endsWith(index));
    if (suffix === undefined) continue;
    const path = `${dir}/${name}`;
    if (!fileExists(files, path.slice(0, -suffix.length) + LOG_SUFFIX)) scope.effects.push({ type: 'delete', path });
  }
}
