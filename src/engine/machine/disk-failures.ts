import { mapGet } from '../kernel/persistent-map.ts';
import type { DiskEffect, DiskFailure } from '../kernel/system.ts';
import type { DiskFaults, DiskState } from './contract.ts';
import { overlap, pagesOf } from './page-ranges.ts';

/** True when the device under this path answers with EIO. */
export function isFailed(faults: DiskFaults | null, path: string): boolean {
  return faults !== null && faults.failedDirs.some((dir) => dir === '' || path.startsWith(`${dir}/`));
}

/**
 * The first of these system calls that the disk would refuse, with its error: what a process asks before it relies on them. Space
 * is taken and given back in order.
 * `Simplified:` free space is that of the whole machine, also where its log dirs fail one by one.
 */
export function firstFailure(disk: DiskState, effects: readonly { readonly type: string }[]): DiskFailure | null {
  const { faults } = disk;
  if (faults === null) return null;
  let free = faults.freeBytes ?? Infinity;
  for (const effect of effects) {
    if (!isDiskEffect(effect)) continue;
    const path = effect.type === 'rename' ? effect.from : effect.path;
    if (isFailed(faults, path) && (effect.type !== 'read' || isCold(disk, effect))) return { path, error: 'EIO' };
    const taken = spaceTaken(disk, effect);
    if (taken > free) return { path, error: 'ENOSPC' };
    free -= taken;
  }
  return null;
}

function isDiskEffect(effect: { readonly type: string }): effect is DiskEffect {
  switch (effect.type) {
    case 'append':
    case 'replace':
    case 'resize':
    case 'rename':
    case 'delete':
    case 'flush':
    case 'read':
      return true;
    default:
      return false;
  }
}

function isCold(disk: DiskState, effect: Extract<DiskEffect, { type: 'read' }>): boolean {
  return overlap(mapGet(disk.coldPages.ranges, effect.path) ?? [], pagesOf(effect)).length > 0;
}

/** Bytes that an operation takes of what is free; less than 0 when it gives some back. Holes and names take none. */
export function spaceTaken(disk: DiskState, effect: DiskEffect): number {
  switch (effect.type) {
    case 'append':
      return effect.bytes.length;
    case 'replace':
      return effect.bytes.length - dataEndOf(disk, effect.path);
    case 'resize':
      return Math.min(0, effect.sizeBytes - dataEndOf(disk, effect.path));
    case 'rename':
      return -dataEndOf(disk, effect.to);
    case 'delete':
      return -dataEndOf(disk, effect.path);
    case 'flush':
    case 'read':
      return 0;
  }
}

function dataEndOf(disk: DiskState, path: string): number {
  return mapGet(disk.cache, path)?.dataEnd ?? 0;
}
