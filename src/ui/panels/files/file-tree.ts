import type { FileStatus } from '../../../engine/machine/disk-view.ts';

/** A line of the tree: a folder with what is below it, or a file. */
export interface TreeRow {
  readonly kind: 'folder' | 'file';
  readonly path: string;
  readonly name: string;
  readonly level: 1 | 2;
  readonly isOpen: boolean;
  /** Bytes of data, and how many of them only the page cache has. */
  readonly dataBytes: number;
  readonly unwrittenBytes: number;
  readonly flushing: boolean;
}

/** Bytes that a power cut would take from a file now. */
export function unwrittenBytes(file: FileStatus): number {
  return Math.max(0, file.dataEnd - file.onDeviceUpTo);
}

/** Folders first as an operator's listing has them, each with its files unless it is closed. */
export function treeRows(files: readonly FileStatus[], closed: ReadonlySet<string>): readonly TreeRow[] {
  const folders = new Map<string, FileStatus[]>();
  const loose: FileStatus[] = [];
  for (const file of files) {
    const slash = file.path.lastIndexOf('/');
    if (slash < 0) loose.push(file);
    else folders.set(file.path.slice(0, slash), [...(folders.get(file.path.slice(0, slash)) ?? []), file]);
  }
  const rows: TreeRow[] = [];
  for (const folder of [...folders.keys()].sort(byName)) {
    const inside = folders.get(folder) ?? [];
    const isOpen = !closed.has(folder);
    rows.push({
      kind: 'folder',
      path: folder,
      name: folder,
      level: 1,
      isOpen,
      dataBytes: inside.reduce((sum, file) => sum + file.dataEnd, 0),
      unwrittenBytes: inside.reduce((sum, file) => sum + unwrittenBytes(file), 0),
      flushing: inside.some((file) => file.flushing),
    });
    if (isOpen) for (const file of inside) rows.push(fileRow(file, 2));
  }
  return [...rows, ...loose.map((file) => fileRow(file, 1))];
}

/** `orders-10` after `orders-9`. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function fileRow(file: FileStatus, level: 1 | 2): TreeRow {
  const { path, dataEnd, flushing } = file;
  return {
    kind: 'file',
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    level,
    isOpen: false,
    dataBytes: dataEnd,
    unwrittenBytes: unwrittenBytes(file),
    flushing,
  };
}

/** Where a panel that is just opened looks first: the newest segment of the partition in focus, else of any. */
export function firstFile(files: readonly FileStatus[], partition: string | null): string | null {
  const logs = files.filter(({ path }) => path.endsWith('.log'));
  const own = logs.filter(({ path }) => partition !== null && `/${path}`.includes(`/${partition}/`));
  return (own.at(-1) ?? logs.at(0) ?? files.at(0))?.path ?? null;
}
