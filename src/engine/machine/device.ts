import { cutFile, deleteFile, EMPTY_FILE, withGeneration, type FileImage } from '../kernel/files.ts';
import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import { EVENT_CLASS, type DeviceVersion, type DiskState, type JournalEntry } from './contract.ts';
import { imageWithRot } from './bit-rot.ts';
import { isFailed } from './disk-failures.ts';
import { bootOf, changeDisk, count, missingBytes, slowness, storedContent, transferUs } from './disk-state.ts';
import { schedule, type Draft } from './draft.ts';

/** More changes than one window of the live host can make. */
const RECENT_DEVICES = 256;

/** fsync: everything in the file so far, and its name, once the device gets to it. */
export function startFlush(draft: Draft, effect: Extract<DiskEffect, { type: 'flush' }>): void {
  const { disk } = draft.state;
  const image = mapGet(disk.cache, effect.path) ?? null;
  const unflushedBytes = image === null ? 0 : missingBytes(image, storedContent(disk, effect.path));
  const startsUs = Math.max(draft.nowUs, disk.deviceFreeUs);
  const doneUs = startsUs + draft.environment.spec.profile.deviceFlushUs * slowness(draft) + transferUs(draft, unflushedBytes);
  changeDisk(draft, { deviceFreeUs: doneUs, flushing: mapSet(disk.flushing, effect.path, (mapGet(disk.flushing, effect.path) ?? 0) + 1) });
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

/** A flush reached the device: the metadata journal first, then the file as it was when the flush was asked for. */
export function completeFlush(draft: Draft, path: string, asked: FileImage | null): void {
  abandonFlush(draft, path);
  commitJournal(draft);
  if (asked === null) return;
  const image = imageWithRot(draft.state.disk, path, asked);
  const current = mapGet(draft.state.disk.cache, path);
  // The path may have been replaced or renamed away since; what is on the device then is newer or another file.
  if (current === undefined || current.generation < image.generation) return;
  const onDevice = mapGet(draft.state.disk.device, path);
  if (onDevice !== undefined && isNewer(onDevice, image)) return;
  count(draft, { flushedBytes: missingBytes(image, onDevice) });
  writeDevice(draft, path, image);
}

/** The device failed under a flush: nothing of it counts. */
export function abandonFlush(draft: Draft, path: string): void {
  const { flushing } = draft.state.disk;
  const left = (mapGet(flushing, path) ?? 1) - 1;
  changeDisk(draft, { flushing: left > 0 ? mapSet(flushing, path, left) : mapDelete(flushing, path) });
}

export function isNewer(a: FileImage, b: FileImage): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.dataEnd > b.dataEnd);
}

/** Puts a file's content on the device under a name that is there. */
export function writeDevice(draft: Draft, path: string, image: FileImage): void {
  const before = mapGet(draft.state.disk.device, path);
  const same = before !== undefined && before.generation === image.generation && before.dataEnd === image.dataEnd && before.sizeBytes === image.sizeBytes;
  if (!same) changeDevice(draft, path, image);
  markClean(draft, path);
}

function markClean(draft: Draft, path: string): void {
  const { disk } = draft.state;
  const cached = mapGet(disk.cache, path);
  const stored = mapGet(disk.device, path);
  const clean =
    cached === undefined ||
    (stored !== undefined && cached.generation === stored.generation && cached.dataEnd === stored.dataEnd && cached.sizeBytes === stored.sizeBytes);
  // What came after the write began stays dirty, from now on.
  changeDisk(draft, { dirtySinceUs: clean ? mapDelete(disk.dirtySinceUs, path) : mapSet(disk.dirtySinceUs, path, draft.nowUs) });
}

/** Creations, renames, deletions and cuts so far are on the device, in order. */
export function commitJournal(draft: Draft): void {
  const { journal, faults } = draft.state.disk;
  if (journal.length === 0) return;
  if (faults === null) return commitEntries(draft, journal, []);
  const isStuck = (entry: JournalEntry): boolean => isFailed(faults, entry.op === 'rename' ? entry.to : entry.path);
  commitEntries(
    draft,
    journal.filter((entry) => !isStuck(entry)),
    journal.filter(isStuck),
  );
}

/** Some entries of the journal are on the device; others wait for a device that failed. */
export function commitEntries(draft: Draft, entries: readonly JournalEntry[], waiting: readonly JournalEntry[]): void {
  const { disk } = draft.state;
  // Taken off first: from here on the device says what is stored.
  changeDisk(draft, { journal: waiting });
  for (const entry of entries) commitEntry(draft, entry);
  // What the journal promised and what the device now holds are the same, so the dirty bytes are what they were.
  changeDisk(draft, { dirtyBytes: disk.dirtyBytes });
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

/** The one place where the device changes: counts it, and says so to a host that keeps it somewhere real. */
export function changeDevice(draft: Draft, path: string, after: FileImage | null): void {
  const { disk } = draft.state;
  const before = mapGet(disk.device, path) ?? null;
  const cached = mapGet(disk.cache, path);
  const flushSequence = disk.flushSequence + 1;
  const device = after === null ? deleteFile(disk.device, path) : mapSet(disk.device, path, after);
  changeDisk(draft, {
    device,
    dirtyBytes: disk.dirtyBytes + missingBytes(cached, after ?? undefined) - missingBytes(cached, before ?? undefined),
    flushSequence,
    recentDevices: withVersion(disk, { flushSequence, device }),
  });
  draft.effects.push({ type: 'deviceChanged', path, before, after, flushSequence, flushed: draft.flushing });
}

/** The list of latest device versions with one more. */
function withVersion(disk: DiskState, version: DeviceVersion): readonly DeviceVersion[] {
  return [...disk.recentDevices.slice(-(RECENT_DEVICES - 1)), version];
}
