import { withFlippedBits } from '../kernel/bytes.ts';
import { cutFile, withGeneration, type FileImage } from '../kernel/files.ts';
import { arrayFrom, arrayToList } from '../kernel/persistent-array.ts';
import { mapDelete, mapEntries, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { DiskEffect, FlippedBit } from '../kernel/system.ts';
import type { DiskFaults, DiskState } from './contract.ts';
import { PAGE_BYTES } from './page-ranges.ts';

/** Where the data of a page ends that is on the device and not dirty; null when it has none there. */
export function rottableEnd(disk: DiskState, path: string, page: number): number | null {
  const cached = mapGet(disk.cache, path);
  const stored = mapGet(disk.device, path);
  if (cached === undefined || stored === undefined || stored.generation !== cached.generation) return null;
  const end = Math.min((page + 1) * PAGE_BYTES, cached.dataEnd);
  return page * PAGE_BYTES < end && end <= stored.dataEnd ? end : null;
}

/** The file with a bit flipped. */
export function flipped(file: FileImage, bit: FlippedBit): FileImage {
  const extents = arrayFrom(withFlippedBits(arrayToList(file.extents), 0, [bit]));
  return { sizeBytes: file.sizeBytes, dataEnd: file.dataEnd, extents, generation: file.generation };
}

/** A flush that began before a bit of the file flipped: what it was to make durable, as it reads now. */
export function imageWithRot(disk: DiskState, path: string, image: FileImage): FileImage {
  const current = mapGet(disk.cache, path);
  if (disk.faults === null || current === undefined || current.generation <= image.generation || mapGet(disk.faults.rot, path) === undefined) return image;
  return image.dataEnd > current.dataEnd ? image : withGeneration(cutFile(current, image.dataEnd), current.generation);
}

/** Where rot is after an operation: it goes with the bytes it is in. */
export function rotAfter(rot: DiskFaults['rot'], effect: DiskEffect): DiskFaults['rot'] {
  if (rot.size === 0) return rot;
  switch (effect.type) {
    case 'replace':
    case 'delete':
      return mapDelete(rot, effect.path);
    case 'resize': {
      const kept = (mapGet(rot, effect.path) ?? []).filter((bit) => bit.position < effect.sizeBytes);
      return kept.length === 0 ? mapDelete(rot, effect.path) : mapSet(rot, effect.path, kept);
    }
    case 'rename': {
      const moved = mapGet(rot, effect.from);
      const without = mapDelete(mapDelete(rot, effect.from), effect.to);
      return moved === undefined ? without : mapSet(without, effect.to, moved);
    }
    case 'append':
    case 'flush':
    case 'read':
      return rot;
  }
}

/** Rot in bytes that the device did not keep is gone with them. */
export function rotAfterPowerLoss(rot: DiskFaults['rot'], after: DiskState): DiskFaults['rot'] {
  let kept = rot;
  for (const [path, bits] of mapEntries(rot)) {
    const left = bits.filter((bit) => bit.position < (mapGet(after.device, path)?.dataEnd ?? 0));
    kept = left.length === 0 ? mapDelete(kept, path) : mapSet(kept, path, left);
  }
  return kept;
}
