import { withGeneration } from '../kernel/files.ts';
import { emptyMap, mapGet, mapSet, mapValues } from '../kernel/persistent-map.ts';
import type { DiskEffect, FlippedBit } from '../kernel/system.ts';
import { flipped, rotAfter, rotAfterPowerLoss, rottableEnd } from './bit-rot.ts';
import { dropPage } from './cold-reads.ts';
import type { DiskCommand, DiskFaults, DiskState } from './contract.ts';
import { changeDevice } from './device.ts';
import { spaceTaken } from './disk-failures.ts';
import { changeDisk } from './disk-state.ts';
import { PAGE_BYTES } from './page-ranges.ts';
import { draw, trace, type Draft } from './draft.ts';

const NO_FAULTS: DiskFaults = { freeBytes: null, failedDirs: [], slowFactor: 1, rot: emptyMap() };

/** A fault that somebody asked for, or its end. The world has checked that it makes sense. */
export function onDiskCommand(draft: Draft, command: DiskCommand): void {
  const faults = draft.state.disk.faults ?? NO_FAULTS;
  switch (command.type) {
    case 'fillDisk':
      setFaults(draft, { ...faults, freeBytes: command.freeBytes });
      return trace(draft, command.freeBytes === null ? { type: 'DiskFreed' } : { type: 'DiskFilled', freeBytes: command.freeBytes });
    case 'failDisk':
      setFaults(draft, { ...faults, failedDirs: command.fails ? [...faults.failedDirs, command.dir] : faults.failedDirs.filter((dir) => dir !== command.dir) });
      return trace(draft, { type: command.fails ? 'DiskBroken' : 'DiskHealed', dir: command.dir });
    case 'slowDisk':
      setFaults(draft, { ...faults, slowFactor: command.factor });
      return trace(draft, { type: 'DiskSlowed', factor: command.factor });
    case 'corruptPage':
      return corruptPage(draft, command);
  }
}

/** A disk without any fault has none, so that a plain run pays nothing for them. */
function setFaults(draft: Draft, faults: DiskFaults): void {
  const none = faults.freeBytes === null && faults.failedDirs.length === 0 && faults.slowFactor === 1 && faults.rot.size === 0;
  changeDisk(draft, { faults: none ? null : faults });
}

/** Keeps account of an operation on a disk with faults: what is free, and rot that went with its bytes. */
export function accountForFaults(draft: Draft, faults: DiskFaults, effect: DiskEffect): void {
  const { disk } = draft.state;
  const freeBytes = faults.freeBytes === null ? null : Math.max(0, faults.freeBytes - spaceTaken(disk, effect));
  setFaults(draft, { ...faults, freeBytes, rot: rotAfter(faults.rot, effect) });
}

/** After a power cut: what was lost is free again, and rot in lost bytes is gone with them. */
export function faultsAfterPowerLoss(before: DiskState, after: DiskState): DiskFaults | null {
  const { faults } = before;
  if (faults === null) return null;
  const used = (disk: DiskState): number => mapValues(disk.cache).reduce((sum, file) => sum + file.dataEnd, 0);
  return {
    ...faults,
    rot: rotAfterPowerLoss(faults.rot, after),
    freeBytes: faults.freeBytes === null ? null : faults.freeBytes + used(before) - used(after),
  };
}

/** A bit of a page that is on the device flips there, and the page leaves the cache: the next read sees it. */
function corruptPage(draft: Draft, command: Extract<DiskCommand, { type: 'corruptPage' }>): void {
  const { disk } = draft.state;
  const { path, page } = command;
  const cached = mapGet(disk.cache, path);
  const stored = mapGet(disk.device, path);
  const end = rottableEnd(disk, path, page);
  if (cached === undefined || stored === undefined || end === null) return;
  const start = page * PAGE_BYTES;
  const position = command.byte === null ? start + (draw(draft, 'bit-rot') % (end - start)) : Math.min(end - 1, start + command.byte);
  const bit: FlippedBit = { position, mask: 1 << (draw(draft, 'bit-rot') & 7) };
  const generation = disk.nextGeneration;
  const faults = disk.faults ?? NO_FAULTS;
  changeDisk(draft, {
    cache: mapSet(disk.cache, path, withGeneration(flipped(cached, bit), generation)),
    nextGeneration: generation + 1,
    faults: { ...faults, rot: mapSet(faults.rot, path, [...(mapGet(faults.rot, path) ?? []), bit]) },
  });
  changeDevice(draft, path, withGeneration(flipped(stored, bit), generation));
  // Both changed alike: the device lacks what it lacked before.
  changeDisk(draft, { dirtyBytes: disk.dirtyBytes });
  dropPage(draft, path, page);
  trace(draft, { type: 'PageCorrupted', path, page, position });
}
