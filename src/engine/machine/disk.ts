import { appendToFile, deleteFile, grownFile, renameFile, replaceFile, resizeFile, withGeneration, type FileImage, type FileTree } from '../kernel/files.ts';
import { arrayGet } from '../kernel/persistent-array.ts';
import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import { readPages, renameCold, trimCold } from './cold-reads.ts';
import type { DiskFaults, JournalEntry } from './contract.ts';
import { startFlush } from './device.ts';
import { changeDisk, copyDisk, missingBytes, storedContent } from './disk-state.ts';
import { firstFailure } from './disk-failures.ts';
import { accountForFaults } from './disk-faults.ts';
import { trace, type Draft } from './draft.ts';
import { armWriteBack, heedDirtyLimits } from './write-back.ts';

/** Performs one disk operation on the page cache; a flush also occupies the device and answers later. */
export function performDiskEffect(draft: Draft, effect: DiskEffect): void {
  const { disk } = draft.state;
  if (disk.faults !== null && !isAllowed(draft, disk.faults, effect)) return;
  switch (effect.type) {
    case 'append':
      return appendToCache(draft, effect.path, effect.bytes);
    case 'replace':
      return writeCache(draft, effect.path, replaceFile(disk.cache, effect.path, effect.bytes), effect.bytes.length);
    case 'resize':
      return writeCache(draft, effect.path, resizeFile(disk.cache, effect.path, effect.sizeBytes), 0);
    case 'rename':
      return renameInCache(draft, effect.from, effect.to);
    case 'delete':
      return deleteInCache(draft, effect.path);
    case 'flush':
      return startFlush(draft, effect);
    case 'read':
      return readPages(draft, effect);
  }
}

/** A disk with faults: what it refuses is not done, and what it does takes room. */
function isAllowed(draft: Draft, faults: DiskFaults, effect: DiskEffect): boolean {
  const failure = firstFailure(draft.state.disk, [effect]);
  if (failure === null) {
    accountForFaults(draft, faults, effect);
    return true;
  }
  trace(draft, { type: 'DiskFailed', path: failure.path, error: failure.error });
  return false;
}

/** Nearly every write: bytes at the end of a file that is there. Neither its name nor what it held changes. */
function appendToCache(draft: Draft, path: string, bytes: Uint8Array): void {
  const { disk } = draft.state;
  const file = mapGet(disk.cache, path);
  if (file === undefined) return writeCache(draft, path, appendToFile(disk.cache, path, bytes), bytes.length);
  const next = copyDisk(disk);
  next.cache = mapSet(disk.cache, path, grownFile(file, bytes));
  next.dirtyBytes = disk.dirtyBytes + bytes.length;
  next.writtenBytes = disk.writtenBytes + bytes.length;
  if (mapGet(disk.dirtySinceUs, path) === undefined) next.dirtySinceUs = mapSet(disk.dirtySinceUs, path, draft.nowUs);
  draft.state.disk = next;
  armWriteBack(draft);
  heedDirtyLimits(draft);
}

function writeCache(draft: Draft, path: string, cache: FileTree, writtenBytes: number): void {
  const { disk } = draft.state;
  const before = mapGet(disk.cache, path);
  const created = before === undefined;
  let after = mapGet(cache, path);
  let written = cache;
  let nextGeneration = disk.nextGeneration;
  if (after !== undefined && (created || before.generation !== after.generation)) {
    after = withGeneration(after, nextGeneration);
    written = mapSet(cache, path, after);
    nextGeneration += 1;
  }
  const entry = journalEntryOf(path, before, after);
  const missingBefore = missingBytes(before, storedContent(disk, path));
  changeDisk(draft, {
    cache: written,
    nextGeneration,
    dirtySinceUs: mapGet(disk.dirtySinceUs, path) === undefined ? mapSet(disk.dirtySinceUs, path, draft.nowUs) : disk.dirtySinceUs,
    journal: entry === null ? disk.journal : [...disk.journal, entry],
    writtenBytes: disk.writtenBytes + writtenBytes,
  });
  const missingAfter = missingBytes(after, storedContent(draft.state.disk, path));
  if (missingAfter !== missingBefore) changeDisk(draft, { dirtyBytes: disk.dirtyBytes + missingAfter - missingBefore });
  if (before !== undefined && after !== undefined && after.generation !== before.generation) trimCold(draft, path, entry?.op === 'cut' ? entry.sizeBytes : 0);
  armWriteBack(draft);
  heedDirtyLimits(draft);
}

/** What a write means for the journal: a new name, or data cut off at the end. */
function journalEntryOf(path: string, before: FileImage | undefined, after: FileImage | undefined): JournalEntry | null {
  if (before === undefined) return { op: 'create', path };
  const cut = after !== undefined && after.dataEnd < before.dataEnd && after.generation !== before.generation && isCutOf(after, before);
  return cut ? { op: 'cut', path, sizeBytes: after.dataEnd, from: before.generation, to: after.generation } : null;
}

/** True when the extents are the first ones of `before`: a cut, not other content. */
function isCutOf(after: FileImage, before: FileImage): boolean {
  const first = arrayGet(after.extents, 0);
  const original = arrayGet(before.extents, 0);
  return first === undefined ? after.dataEnd === 0 : original !== undefined && first.buffer === original.buffer && first.byteOffset === original.byteOffset;
}

function renameInCache(draft: Draft, from: string, to: string): void {
  const { disk } = draft.state;
  const moved = mapGet(disk.cache, from);
  if (moved === undefined) return;
  const image = (mapGet(disk.flushing, from) ?? 0) > 0 ? moved : null;
  const since = mapGet(disk.dirtySinceUs, from);
  let dirtySinceUs = mapDelete(mapDelete(disk.dirtySinceUs, from), to);
  if (since !== undefined) dirtySinceUs = mapSet(dirtySinceUs, to, since);
  const missing = missingOf(draft, from) + missingOf(draft, to);
  changeDisk(draft, { cache: renameFile(disk.cache, from, to), dirtySinceUs, journal: [...disk.journal, { op: 'rename', from, to, image }] });
  changeDisk(draft, { dirtyBytes: disk.dirtyBytes - missing + missingOf(draft, to) });
  renameCold(draft, from, to);
  armWriteBack(draft);
}

function deleteInCache(draft: Draft, path: string): void {
  const { disk } = draft.state;
  if (mapGet(disk.cache, path) === undefined) return;
  changeDisk(draft, {
    dirtyBytes: disk.dirtyBytes - missingOf(draft, path),
    cache: deleteFile(disk.cache, path),
    dirtySinceUs: mapDelete(disk.dirtySinceUs, path),
    journal: [...disk.journal, { op: 'delete', path }],
  });
  trimCold(draft, path, 0);
  armWriteBack(draft);
}

function missingOf(draft: Draft, path: string): number {
  const { disk } = draft.state;
  return missingBytes(mapGet(disk.cache, path), storedContent(disk, path));
}
