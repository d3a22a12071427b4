import type { DeviceWrite } from './contract.ts';

/** A file's bytes lie in extents of at most this, each written once under a number of its own and never overwritten. */
export const EXTENT_BYTES = 65536;

export interface Inode {
  readonly ino: number;
  readonly sizeBytes: number;
  readonly dataEnd: number;
  readonly extents: readonly ExtentRef[];
}

export interface ExtentRef {
  readonly id: number;
  readonly lengthBytes: number;
}

/** The table of a device's files, and the counters for new names. Changed by `planBatch` only through copies. */
export interface InodeTable {
  readonly inodes: ReadonlyMap<string, Inode>;
  readonly nextIno: number;
  readonly nextExtent: number;
}

export const EMPTY_TABLE: InodeTable = { inodes: new Map(), nextIno: 1, nextExtent: 1 };

/** Part of a new extent: bytes at hand, or a range of one that is stored. */
export type Piece =
  { readonly from: 'write'; readonly bytes: Uint8Array } | { readonly from: 'stored'; readonly id: number; readonly start: number; readonly end: number };

/** What one transaction must do to bring a device from one table to the next. */
export interface BatchPlan {
  readonly table: InodeTable;
  readonly newExtents: readonly { readonly id: number; readonly pieces: readonly Piece[] }[];
  readonly droppedExtents: readonly number[];
  readonly changedPaths: readonly string[];
  readonly removedPaths: readonly string[];
}

interface Draft {
  readonly inodes: Map<string, Inode>;
  nextIno: number;
  nextExtent: number;
  /** Extents of this batch; those superseded within it are never stored. */
  readonly fresh: Map<number, Piece[]>;
  readonly dropped: number[];
  readonly touched: Set<string>;
}

/**
 * Works out a batch without touching storage. An append joins the file's last extents only while they are no longer than what
 * joins them, so a byte is rewritten a logarithmic number of times at most, however small the appends.
 */
export function planBatch(table: InodeTable, writes: readonly DeviceWrite[]): BatchPlan {
  const draft: Draft = {
    inodes: new Map(table.inodes),
    nextIno: table.nextIno,
    nextExtent: table.nextExtent,
    fresh: new Map(),
    dropped: [],
    touched: new Set(),
  };
  for (const write of writes) apply(draft, write);
  const changedPaths: string[] = [];
  const removedPaths: string[] = [];
  for (const path of draft.touched) {
    if (draft.inodes.has(path)) changedPaths.push(path);
    else if (table.inodes.has(path)) removedPaths.push(path);
  }
  return {
    table: { inodes: draft.inodes, nextIno: draft.nextIno, nextExtent: draft.nextExtent },
    newExtents: [...draft.fresh].map(([id, pieces]) => ({ id, pieces })),
    droppedExtents: draft.dropped,
    changedPaths,
    removedPaths,
  };
}

function apply(draft: Draft, write: DeviceWrite): void {
  switch (write.op) {
    case 'append':
      return set(draft, write.path, appended(draft, inodeAt(draft, write.path), write.bytes));
    case 'put': {
      const old = inodeAt(draft, write.path);
      dropExtents(draft, old.extents);
      return set(draft, write.path, { ino: old.ino, sizeBytes: write.bytes.length, dataEnd: write.bytes.length, extents: newExtents(draft, [], write.bytes) });
    }
    case 'resize':
      return set(draft, write.path, resized(draft, inodeAt(draft, write.path), write.sizeBytes));
    case 'rename': {
      const moved = draft.inodes.get(write.from);
      if (moved === undefined || write.from === write.to) return;
      dropExtents(draft, draft.inodes.get(write.to)?.extents ?? []);
      remove(draft, write.from);
      return set(draft, write.to, moved);
    }
    case 'delete': {
      dropExtents(draft, draft.inodes.get(write.path)?.extents ?? []);
      return remove(draft, write.path);
    }
  }
}

function set(draft: Draft, path: string, inode: Inode): void {
  draft.inodes.set(path, inode);
  draft.touched.add(path);
}

function remove(draft: Draft, path: string): void {
  draft.inodes.delete(path);
  draft.touched.add(path);
}

function inodeAt(draft: Draft, path: string): Inode {
  return draft.inodes.get(path) ?? { ino: draft.nextIno++, sizeBytes: 0, dataEnd: 0, extents: [] };
}

function appended(draft: Draft, inode: Inode, bytes: Uint8Array): Inode {
  const dataEnd = inode.dataEnd + bytes.length;
  if (bytes.length === 0) return inode;
  const kept = inode.extents.slice();
  const joined: Piece[] = [];
  let joinedBytes = 0;
  for (let last = kept[kept.length - 1]; last !== undefined; last = kept[kept.length - 1]) {
    const weightBytes = joinedBytes + bytes.length;
    if (last.lengthBytes > weightBytes || last.lengthBytes + joinedBytes >= EXTENT_BYTES) break;
    kept.pop();
    joined.unshift(...takePieces(draft, last));
    joinedBytes += last.lengthBytes;
  }
  return { ino: inode.ino, sizeBytes: Math.max(inode.sizeBytes, dataEnd), dataEnd, extents: [...kept, ...newExtents(draft, joined, bytes)] };
}

function resized(draft: Draft, inode: Inode, sizeBytes: number): Inode {
  if (sizeBytes >= inode.dataEnd) return { ...inode, sizeBytes };
  const kept: ExtentRef[] = [];
  let leftBytes = sizeBytes;
  for (const extent of inode.extents) {
    if (extent.lengthBytes <= leftBytes) kept.push(extent);
    else if (leftBytes <= 0) dropExtents(draft, [extent]);
    else kept.push(store(draft, cutPieces(takePieces(draft, extent), leftBytes)));
    leftBytes = Math.max(0, leftBytes - extent.lengthBytes);
  }
  return { ino: inode.ino, sizeBytes, dataEnd: sizeBytes, extents: kept };
}

/** Extents that hold `joined` and then `bytes`, each full but the last. */
function newExtents(draft: Draft, joined: readonly Piece[], bytes: Uint8Array): ExtentRef[] {
  const extents: ExtentRef[] = [];
  let pieces = joined.slice();
  let at = 0;
  while (at < bytes.length) {
    const end = Math.min(bytes.length, at + EXTENT_BYTES - lengthOf(pieces));
    pieces.push({ from: 'write', bytes: bytes.subarray(at, end) });
    extents.push(store(draft, pieces));
    pieces = [];
    at = end;
  }
  return extents;
}

function store(draft: Draft, pieces: Piece[]): ExtentRef {
  const id = draft.nextExtent++;
  draft.fresh.set(id, pieces);
  return { id, lengthBytes: lengthOf(pieces) };
}

/** The content of an extent that goes into another one; the extent itself is gone. */
function takePieces(draft: Draft, extent: ExtentRef): Piece[] {
  const fresh = draft.fresh.get(extent.id);
  dropExtents(draft, [extent]);
  return fresh ?? [{ from: 'stored', id: extent.id, start: 0, end: extent.lengthBytes }];
}

function dropExtents(draft: Draft, extents: readonly ExtentRef[]): void {
  for (const extent of extents) if (!draft.fresh.delete(extent.id)) draft.dropped.push(extent.id);
}

function cutPieces(pieces: readonly Piece[], lengthBytes: number): Piece[] {
  const kept: Piece[] = [];
  let leftBytes = lengthBytes;
  for (const piece of pieces) {
    if (leftBytes <= 0) break;
    const take = Math.min(leftBytes, pieceLength(piece));
    kept.push(piece.from === 'write' ? { from: 'write', bytes: piece.bytes.subarray(0, take) } : { ...piece, end: piece.start + take });
    leftBytes -= take;
  }
  return kept;
}

export function pieceLength(piece: Piece): number {
  return piece.from === 'write' ? piece.bytes.length : piece.end - piece.start;
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + pieceLength(piece), 0);
}
