import { concatBytes } from '../../engine/kernel/bytes.ts';
import type { DeviceWrite } from './contract.ts';

/** A file's bytes lie in rows of at most this, each with one write; a row is named by where it starts in the file. */
export const EXTENT_BYTES = 65536;

/** A file as its device knows it. Its extents are found by its number, so that this is as small for a large file as for a small one. */
export interface Inode {
  readonly ino: number;
  /** The size is this, or the end of the data where that lies beyond. */
  readonly leastSizeBytes: number;
  readonly dataEnd: number;
}

/** The table of a device's files. */
export interface InodeTable {
  readonly inodes: Map<string, Inode>;
  nextIno: number;
  /** Over all files, so that a row that got lost is missed. */
  dataBytes: number;
}

export function emptyInodeTable(): InodeTable {
  return { inodes: new Map(), nextIno: 1, dataBytes: 0 };
}

/** What one transaction must do, in this order. */
export interface BatchPlan {
  /** Files of which all stored extents go. */
  readonly droppedInos: readonly number[];
  /** Files of which the stored bytes from `end` on go. */
  readonly cuts: readonly { readonly ino: number; readonly end: number }[];
  readonly extents: readonly { readonly ino: number; readonly start: number; readonly bytes: Uint8Array }[];
  /** Files by path, where their entry changed; null: the entry goes. An append changes no entry. */
  readonly entries: readonly { readonly path: string; readonly inode: Inode | null }[];
  /** What the table becomes once the transaction is durable. */
  readonly changes: readonly { readonly path: string; readonly inode: Inode | null }[];
  readonly nextIno: number;
  readonly dataBytes: number;
}

/** The content of a file in the making: what remains of the stored bytes, and what comes behind them. */
interface Content {
  readonly existed: boolean;
  storedEnd: number;
  cutTo: number | null;
  pending: { start: number; parts: Uint8Array[]; lengthBytes: number }[];
}

interface Draft {
  readonly table: InodeTable;
  /** Paths that this batch touched, as they are now. */
  readonly paths: Map<string, Inode | null>;
  readonly contents: Map<number, Content>;
  readonly dropped: number[];
  nextIno: number;
  dataBytes: number;
}

/** Works out a batch without touching storage. An append is rows of its own: nothing that is stored is read or written again. */
export function planBatch(table: InodeTable, writes: readonly DeviceWrite[]): BatchPlan {
  const draft: Draft = { table, paths: new Map(), contents: new Map(), dropped: [], nextIno: table.nextIno, dataBytes: table.dataBytes };
  for (const write of writes) apply(draft, write);
  const changes = [...draft.paths].map(([path, inode]) => ({ path, inode })).filter(({ path, inode }) => inode !== null || table.inodes.has(path));
  return {
    droppedInos: draft.dropped,
    cuts: [...draft.contents].flatMap(([ino, { cutTo }]) => (cutTo === null ? [] : [{ ino, end: cutTo }])),
    extents: [...draft.contents].flatMap(([ino, { pending }]) => pending.map(({ start, parts }) => ({ ino, start, bytes: freshBytes(parts) }))),
    entries: changes.filter(({ path, inode }) => !isSameEntry(table.inodes.get(path), inode)),
    changes,
    nextIno: draft.nextIno,
    dataBytes: draft.dataBytes,
  };
}

/** Brings the table to what the plan made of the device. */
export function acceptPlan(table: InodeTable, plan: BatchPlan): void {
  for (const { path, inode } of plan.changes) {
    if (inode === null) table.inodes.delete(path);
    else table.inodes.set(path, inode);
  }
  table.nextIno = plan.nextIno;
  table.dataBytes = plan.dataBytes;
}

function isSameEntry(before: Inode | undefined, after: Inode | null): boolean {
  return after !== null && before !== undefined && before.ino === after.ino && before.leastSizeBytes === after.leastSizeBytes;
}

function apply(draft: Draft, write: DeviceWrite): void {
  switch (write.op) {
    case 'append':
      return append(draft, write.path, inodeAt(draft, write.path) ?? newInode(draft, 0), write.bytes);
    case 'put': {
      drop(draft, inodeAt(draft, write.path));
      return append(draft, write.path, newInode(draft, 0), write.bytes);
    }
    case 'resize':
      return resize(draft, write.path, inodeAt(draft, write.path) ?? newInode(draft, 0), write.sizeBytes);
    case 'rename': {
      const moved = inodeAt(draft, write.from);
      if (moved === null || write.from === write.to) return;
      drop(draft, inodeAt(draft, write.to));
      draft.paths.set(write.from, null);
      draft.paths.set(write.to, moved);
      return;
    }
    case 'delete': {
      drop(draft, inodeAt(draft, write.path));
      draft.paths.set(write.path, null);
    }
  }
}

function inodeAt(draft: Draft, path: string): Inode | null {
  const touched = draft.paths.get(path);
  return touched === undefined ? (draft.table.inodes.get(path) ?? null) : touched;
}

function newInode(draft: Draft, leastSizeBytes: number): Inode {
  const ino = draft.nextIno++;
  draft.contents.set(ino, { existed: false, storedEnd: 0, cutTo: null, pending: [] });
  return { ino, leastSizeBytes, dataEnd: 0 };
}

function contentOf(draft: Draft, inode: Inode): Content {
  let content = draft.contents.get(inode.ino);
  if (content === undefined) {
    content = { existed: true, storedEnd: inode.dataEnd, cutTo: null, pending: [] };
    draft.contents.set(inode.ino, content);
  }
  return content;
}

/** Rows behind one another that this batch makes become one, as long as they fit. */
function append(draft: Draft, path: string, inode: Inode, bytes: Uint8Array): void {
  const { pending } = contentOf(draft, inode);
  let at = 0;
  while (at < bytes.length) {
    let last = pending[pending.length - 1];
    if (last === undefined || last.lengthBytes === EXTENT_BYTES) {
      last = { start: inode.dataEnd + at, parts: [], lengthBytes: 0 };
      pending.push(last);
    }
    const end = Math.min(bytes.length, at + EXTENT_BYTES - last.lengthBytes);
    last.parts.push(bytes.subarray(at, end));
    last.lengthBytes += end - at;
    at = end;
  }
  draft.dataBytes += bytes.length;
  draft.paths.set(path, { ino: inode.ino, leastSizeBytes: inode.leastSizeBytes, dataEnd: inode.dataEnd + bytes.length });
}

function resize(draft: Draft, path: string, inode: Inode, sizeBytes: number): void {
  const dataEnd = Math.min(inode.dataEnd, sizeBytes);
  draft.paths.set(path, { ino: inode.ino, leastSizeBytes: sizeBytes, dataEnd });
  if (dataEnd === inode.dataEnd) return;
  draft.dataBytes -= inode.dataEnd - dataEnd;
  const content = contentOf(draft, inode);
  if (dataEnd < content.storedEnd) {
    content.storedEnd = dataEnd;
    content.cutTo = dataEnd;
  }
  content.pending = content.pending.flatMap(({ start, parts }) => {
    const left = Math.max(0, dataEnd - start);
    const kept = freshBytes(parts).subarray(0, left);
    return kept.length === 0 ? [] : [{ start, parts: [kept], lengthBytes: kept.length }];
  });
}

function drop(draft: Draft, inode: Inode | null): void {
  if (inode === null) return;
  draft.dataBytes -= inode.dataEnd;
  if (contentOf(draft, inode).existed) draft.dropped.push(inode.ino);
  draft.contents.delete(inode.ino);
}

/** A buffer of its own: storing a view would store the whole buffer behind it. */
function freshBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined && only.byteLength === only.buffer.byteLength ? only : concatBytes(parts);
}
