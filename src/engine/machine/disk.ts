import { assert } from '../kernel/assert.ts';
import {
  appendToFile,
  cutFile,
  grownFile,
  withGeneration,
  deleteFile,
  EMPTY_FILE,
  renameFile,
  replaceFile,
  resizeFile,
  type FileImage,
  type FileTree,
} from '../kernel/files.ts';
import { arrayGet } from '../kernel/persistent-array.ts';
import { changed, type Mutable } from '../kernel/mutable.ts';
import { emptyMap, mapDelete, mapEntries, mapGet, mapKeys, mapSet } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import { EVENT_CLASS, type DeviceVersion, type DiskState, type JournalEntry } from './contract.ts';
import { draw, schedule, type Draft } from './draft.ts';

export const PAGE_BYTES = 4096;
/** More changes than one window of the live host can make. */
const RECENT_DEVICES = 256;

export function emptyDisk(files: FileTree): DiskState {
  return {
    cache: files,
    device: files,
    dirtySinceUs: emptyMap(),
    journal: [],
    deviceFreeUs: 0,
    nextGeneration: 1,
    flushing: emptyMap(),
    flushSequence: 0,
    recentDevices: [{ flushSequence: 0, device: files }],
    flushedBytes: 0,
    writeBackArmed: false,
  };
}

/** Performs one disk operation on the page cache; a flush also occupies the device and answers later. */
export function performDiskEffect(draft: Draft, effect: DiskEffect): void {
  const { disk } = draft.state;
  switch (effect.type) {
    case 'append':
      return appendToCache(draft, effect.path, effect.bytes);
    case 'replace':
      return writeCache(draft, effect.path, replaceFile(disk.cache, effect.path, effect.bytes));
    case 'resize':
      return writeCache(draft, effect.path, resizeFile(disk.cache, effect.path, effect.sizeBytes));
    case 'rename':
      return renameInCache(draft, effect.from, effect.to);
    case 'delete':
      return deleteInCache(draft, effect.path);
    case 'flush':
      return startFlush(draft, effect);
  }
}

function setDisk(draft: Draft, disk: DiskState): void {
  draft.state.disk = disk;
}

function copyDisk(disk: DiskState): Mutable<DiskState> {
  return {
    cache: disk.cache,
    device: disk.device,
    dirtySinceUs: disk.dirtySinceUs,
    journal: disk.journal,
    deviceFreeUs: disk.deviceFreeUs,
    nextGeneration: disk.nextGeneration,
    flushing: disk.flushing,
    flushSequence: disk.flushSequence,
    recentDevices: disk.recentDevices,
    flushedBytes: disk.flushedBytes,
    writeBackArmed: disk.writeBackArmed,
  };
}

/** Nearly every write: bytes at the end of a file that is there. Neither its name nor what it held changes. */
function appendToCache(draft: Draft, path: string, bytes: Uint8Array): void {
  const { disk } = draft.state;
  const file = mapGet(disk.cache, path);
  if (file === undefined) return writeCache(draft, path, appendToFile(disk.cache, path, bytes));
  const next = copyDisk(disk);
  next.cache = mapSet(disk.cache, path, grownFile(file, bytes));
  if (mapGet(disk.dirtySinceUs, path) === undefined) next.dirtySinceUs = mapSet(disk.dirtySinceUs, path, draft.nowUs);
  setDisk(draft, next);
  armWriteBack(draft);
}

function writeCache(draft: Draft, path: string, cache: FileTree): void {
  const { disk } = draft.state;
  const before = mapGet(disk.cache, path);
  const created = before === undefined;
  const after = mapGet(cache, path);
  let written = cache;
  let nextGeneration = disk.nextGeneration;
  if (after !== undefined && (created || before.generation !== after.generation)) {
    written = mapSet(cache, path, withGeneration(after, nextGeneration));
    nextGeneration += 1;
  }
  const entry = journalEntryOf(path, before, { after, generation: nextGeneration - 1 });
  const dirtySinceUs = mapGet(disk.dirtySinceUs, path) === undefined ? mapSet(disk.dirtySinceUs, path, draft.nowUs) : disk.dirtySinceUs;
  const next = copyDisk(disk);
  next.cache = written;
  next.nextGeneration = nextGeneration;
  next.dirtySinceUs = dirtySinceUs;
  if (entry !== null) next.journal = [...disk.journal, entry];
  setDisk(draft, next);
  armWriteBack(draft);
}

/** What a write means for the journal: a new name, or data cut off at the end. */
function journalEntryOf(
  path: string,
  before: FileImage | undefined,
  written: { readonly after: FileImage | undefined; readonly generation: number },
): JournalEntry | null {
  if (before === undefined) return { op: 'create', path };
  const { after } = written;
  const cut = after !== undefined && after.dataEnd < before.dataEnd && after.generation !== before.generation && isCutOf(after, before);
  return cut ? { op: 'cut', path, sizeBytes: after.dataEnd, from: before.generation, to: written.generation } : null;
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
  setDisk(
    draft,
    changed(copyDisk(disk), { cache: renameFile(disk.cache, from, to), dirtySinceUs, journal: [...disk.journal, { op: 'rename', from, to, image }] }),
  );
  armWriteBack(draft);
}

function deleteInCache(draft: Draft, path: string): void {
  const { disk } = draft.state;
  if (mapGet(disk.cache, path) === undefined) return;
  setDisk(
    draft,
    changed(copyDisk(disk), {
      cache: deleteFile(disk.cache, path),
      dirtySinceUs: mapDelete(disk.dirtySinceUs, path),
      journal: [...disk.journal, { op: 'delete', path }],
    }),
  );
  armWriteBack(draft);
}

function armWriteBack(draft: Draft): void {
  const { disk } = draft.state;
  if (disk.writeBackArmed) return;
  setDisk(draft, changed(copyDisk(disk), { writeBackArmed: true }));
  const atUs = draft.nowUs + draft.environment.spec.profile.writeBackIntervalUs;
  schedule(draft, { atUs, class: EVENT_CLASS.disk, input: { type: 'writeBack', boot: bootOf(draft) } });
}

/** Operations of an earlier boot are void; the number of power cycles is the count of the `boot` stream. */
export function bootOf(draft: Draft): number {
  return mapGet(draft.state.draws, 'boot') ?? 0;
}

function startFlush(draft: Draft, effect: Extract<DiskEffect, { type: 'flush' }>): void {
  const { disk } = draft.state;
  const { profile } = draft.environment.spec;
  const image = mapGet(disk.cache, effect.path) ?? null;
  const unflushedBytes = image === null ? 0 : missingBytes(image, mapGet(disk.device, effect.path));
  const startsUs = Math.max(draft.nowUs, disk.deviceFreeUs);
  const doneUs = startsUs + profile.deviceFlushUs + Math.ceil((unflushedBytes * 1_000_000) / profile.deviceBytesPerSecond);
  setDisk(
    draft,
    changed(copyDisk(disk), { deviceFreeUs: doneUs, flushing: mapSet(disk.flushing, effect.path, (mapGet(disk.flushing, effect.path) ?? 0) + 1) }),
  );
  schedule(draft, {
    atUs: doneUs,
    class: EVENT_CLASS.disk,
    input: {
      type: 'flushDone',
      owner: effect.owner,
      operation: effect.operation,
      path: effect.path,
      image,
      incarnation: draft.state.process.incarnation,
      boot: bootOf(draft),
    },
  });
}

function missingBytes(image: FileImage, onDevice: FileImage | undefined): number {
  if (onDevice === undefined || onDevice.generation !== image.generation) return image.dataEnd;
  return Math.max(0, image.dataEnd - onDevice.dataEnd);
}

/** A flush reached the device: the metadata journal first, then the file as it was when the flush was asked for. */
export function completeFlush(draft: Draft, path: string, image: FileImage | null): void {
  const left = (mapGet(draft.state.disk.flushing, path) ?? 1) - 1;
  const { flushing } = draft.state.disk;
  setDisk(draft, changed(copyDisk(draft.state.disk), { flushing: left > 0 ? mapSet(flushing, path, left) : mapDelete(flushing, path) }));
  commitJournal(draft);
  if (image === null) return;
  const current = mapGet(draft.state.disk.cache, path);
  // The path may have been replaced or renamed away since; what is on the device then is newer or another file.
  if (current === undefined || current.generation < image.generation) return;
  const onDevice = mapGet(draft.state.disk.device, path);
  if (onDevice !== undefined && isNewer(onDevice, image)) return;
  writeDevice(draft, path, image);
}

function isNewer(a: FileImage, b: FileImage): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.dataEnd > b.dataEnd);
}

/** Dirty for long enough: written to the device in order of path; runs again while anything is dirty. */
export function writeBack(draft: Draft): void {
  const { profile } = draft.environment.spec;
  setDisk(draft, changed(copyDisk(draft.state.disk), { writeBackArmed: false }));
  commitJournal(draft);
  for (const [path, sinceUs] of mapEntries(draft.state.disk.dirtySinceUs)) {
    const image = mapGet(draft.state.disk.cache, path);
    if (image !== undefined && draft.nowUs - sinceUs >= profile.dirtyExpireUs) writeDevice(draft, path, image);
  }
  if (draft.state.disk.dirtySinceUs.size > 0) armWriteBack(draft);
}

function writeDevice(draft: Draft, path: string, image: FileImage): void {
  const { disk } = draft.state;
  const before = mapGet(disk.device, path) ?? null;
  if (before !== null && before.generation === image.generation && before.dataEnd === image.dataEnd && before.sizeBytes === image.sizeBytes)
    return markClean(draft, path);
  const flushSequence = disk.flushSequence + 1;
  const flushedBytes = disk.flushedBytes + missingBytes(image, before ?? undefined);
  const device = mapSet(disk.device, path, image);
  setDisk(draft, changed(copyDisk(disk), { device, flushSequence, flushedBytes, recentDevices: withVersion(disk, { flushSequence, device }) }));
  draft.effects.push({ type: 'deviceChanged', path, before, after: image, flushSequence });
  markClean(draft, path);
}

function markClean(draft: Draft, path: string): void {
  const { disk } = draft.state;
  const cached = mapGet(disk.cache, path);
  const stored = mapGet(disk.device, path);
  const clean =
    cached === undefined ||
    (stored !== undefined && cached.generation === stored.generation && cached.dataEnd === stored.dataEnd && cached.sizeBytes === stored.sizeBytes);
  // What came after the flush began stays dirty, from now on.
  setDisk(draft, changed(copyDisk(disk), { dirtySinceUs: clean ? mapDelete(disk.dirtySinceUs, path) : mapSet(disk.dirtySinceUs, path, draft.nowUs) }));
}

function commitJournal(draft: Draft): void {
  for (const entry of draft.state.disk.journal) commitEntry(draft, entry);
  setDisk(draft, changed(copyDisk(draft.state.disk), { journal: [] }));
}

function commitEntry(draft: Draft, entry: JournalEntry): void {
  const { disk } = draft.state;
  switch (entry.op) {
    case 'create':
      if (mapGet(disk.device, entry.path) === undefined) changeDevice(draft, entry.path, EMPTY_FILE);
      return;
    case 'delete':
      if (mapGet(disk.device, entry.path) !== undefined) changeDevice(draft, entry.path, null);
      return;
    case 'cut': {
      const stored = mapGet(disk.device, entry.path);
      if (stored === undefined || stored.generation !== entry.from) return;
      changeDevice(draft, entry.path, withGeneration(cutFile(stored, Math.min(entry.sizeBytes, stored.dataEnd)), entry.to));
      return;
    }
    case 'rename': {
      const moved = entry.image ?? mapGet(disk.device, entry.from);
      if (moved === undefined) return;
      if (mapGet(disk.device, entry.from) !== undefined) changeDevice(draft, entry.from, null);
      changeDevice(draft, entry.to, moved);
      markClean(draft, entry.to);
      return;
    }
  }
}

function changeDevice(draft: Draft, path: string, after: FileImage | null): void {
  const { disk } = draft.state;
  const before = mapGet(disk.device, path) ?? null;
  const flushSequence = disk.flushSequence + 1;
  const device = after === null ? deleteFile(disk.device, path) : mapSet(disk.device, path, after);
  setDisk(draft, changed(copyDisk(disk), { device, flushSequence, recentDevices: withVersion(disk, { flushSequence, device }) }));
  draft.effects.push({ type: 'deviceChanged', path, before, after, flushSequence });
}

export interface PowerLoss {
  readonly lostBytes: number;
  readonly lostFiles: readonly string[];
}

/**
 * Power is gone: the device keeps what was flushed and, unless `exactDevice`, what write-back had reached by chance: a prefix of
 * the journal, and of each dirty file a prefix of its pages, perhaps with the last one torn.
 */
export function losePower(draft: Draft, exactDevice: number | null): PowerLoss {
  const before = draft.state.disk.cache;
  if (exactDevice !== null) takeDeviceOf(draft, exactDevice);
  else {
    const { journal } = draft.state.disk;
    const reached = journal.length === 0 ? 0 : draw(draft, 'power-journal') % (journal.length + 1);
    for (const entry of journal.slice(0, reached)) commitEntry(draft, entry);
    for (const path of mapKeys(draft.state.disk.dirtySinceUs)) surviveByChance(draft, path);
  }
  const { device, flushSequence, flushedBytes, nextGeneration } = draft.state.disk;
  setDisk(draft, { ...emptyDisk(device), flushSequence, flushedBytes, nextGeneration, recentDevices: [{ flushSequence, device }] });
  return compareTrees(before, device);
}

/** Goes back to the device as it was after a flush; the run cannot go on if that is longer ago than is kept. */
function takeDeviceOf(draft: Draft, flushSequence: number): void {
  const { disk } = draft.state;
  const version = disk.recentDevices.find((recent) => recent.flushSequence === flushSequence);
  assert(version !== undefined, `the device at flush ${flushSequence} among the latest ${disk.recentDevices.length}, now at ${disk.flushSequence}`);
  setDisk(draft, changed(copyDisk(disk), { device: version.device, flushSequence }));
}

/** The list of latest device versions with one more. */
function withVersion(disk: DiskState, version: DeviceVersion): readonly DeviceVersion[] {
  return [...disk.recentDevices.slice(-(RECENT_DEVICES - 1)), version];
}

function surviveByChance(draft: Draft, path: string): void {
  const { disk } = draft.state;
  const cached = mapGet(disk.cache, path);
  const stored = mapGet(disk.device, path);
  // A file whose name never reached the device has nowhere to survive.
  if (cached === undefined || stored === undefined) return;
  const chance = draw(draft, 'power-pages');
  if (stored.generation !== cached.generation && stored.dataEnd > 0) {
    if (chance % 2 === 1) writeDevice(draft, path, cached);
    return;
  }
  const from = stored.generation === cached.generation ? stored.dataEnd : 0;
  const pageCount = Math.ceil((cached.dataEnd - from) / PAGE_BYTES);
  if (pageCount <= 0) return;
  const pages = chance % (pageCount + 1);
  const torn = pages > 0 && draw(draft, 'power-torn') % 4 === 0 ? draw(draft, 'power-torn') % PAGE_BYTES : 0;
  const end = Math.max(from, Math.min(cached.dataEnd, from + pages * PAGE_BYTES) - torn);
  if (end > from) writeDevice(draft, path, withGeneration(cutFile(cached, end), cached.generation));
}

function compareTrees(before: FileTree, after: FileTree): PowerLoss {
  let lostBytes = 0;
  const lostFiles: string[] = [];
  for (const [path, file] of mapEntries(before)) {
    const kept = mapGet(after, path);
    const bytes = kept === undefined ? file.dataEnd : missingBytes(file, kept);
    if (bytes > 0) {
      lostBytes += bytes;
      lostFiles.push(path);
    }
  }
  return { lostBytes, lostFiles };
}
