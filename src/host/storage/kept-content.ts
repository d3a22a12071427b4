import { EMPTY_BYTES } from '../../engine/kernel/bytes.ts';
import { readFile, type FileImage, type FileTree } from '../../engine/kernel/files.ts';
import { arrayFrom, emptyArray } from '../../engine/kernel/persistent-array.ts';
import { emptyMap, mapEntries, mapSet } from '../../engine/kernel/persistent-map.ts';
import type { DiskState } from '../../engine/machine/contract.ts';
import { StorageError, type DeviceImage } from './contract.ts';

/** A hash of each file's data by path: what a stored device must have, once its content travels no longer with the machine. */
export type ContentHashes = Readonly<Record<string, number>>;

/**
 * The disk of a machine that was switched off, without its content: sizes and generations stay, the bytes are where the device
 * is kept. Page cache and device are one then.
 */
export function withoutContent(disk: DiskState): { readonly disk: DiskState; readonly hashes: ContentHashes } {
  const hashes: Record<string, number> = {};
  for (const [path] of mapEntries(disk.device)) hashes[path] = contentHash(readFile(disk.device, path) ?? EMPTY_BYTES);
  const outline = mapFiles(disk.device, (_path, file) => ({ ...file, extents: emptyArray() }));
  return { disk: onDevice(disk, outline), hashes };
}

/** Puts what was stored back into the disk. Throws a `StorageError` of kind `corrupt` where it is not what was left there. */
export function withContent(disk: DiskState, hashes: ContentHashes, image: DeviceImage): DiskState {
  if (image.flushSequence !== disk.flushSequence) throw corrupt(`it stands at flush ${image.flushSequence}, the machine left it at ${disk.flushSequence}`);
  if (image.files.length !== disk.device.size) throw corrupt(`it has ${image.files.length} files, the machine left ${disk.device.size}`);
  const stored = new Map(image.files.map((file) => [file.path, file]));
  const whole = mapFiles(disk.device, (path, file) => {
    const found = stored.get(path);
    if (found === undefined) throw corrupt(`${path} is missing`);
    if (found.sizeBytes !== file.sizeBytes || found.bytes.length !== file.dataEnd || contentHash(found.bytes) !== hashes[path])
      throw corrupt(`the content of ${path} differs`);
    return { ...file, extents: found.bytes.length === 0 ? emptyArray() : arrayFrom([found.bytes]) };
  });
  return onDevice(disk, whole);
}

function onDevice(disk: DiskState, device: FileTree): DiskState {
  return { ...disk, cache: device, device, recentDevices: [{ flushSequence: disk.flushSequence, device }] };
}

function mapFiles(tree: FileTree, change: (path: string, file: FileImage) => FileImage): FileTree {
  let changed: FileTree = emptyMap();
  for (const [path, file] of mapEntries(tree)) changed = mapSet(changed, path, change(path, file));
  return changed;
}

/** FNV-1a over bytes. */
function contentHash(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 | 0;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

function corrupt(what: string): StorageError {
  return new StorageError({ kind: 'corrupt', message: `The stored disk is not the one that was left: ${what}.` });
}
