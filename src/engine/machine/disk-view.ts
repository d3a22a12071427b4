import type { FileImage } from '../kernel/files.ts';
import { mapGet, mapKeys } from '../kernel/persistent-map.ts';
import type { InstantUs } from '../kernel/units.ts';
import type { DiskState, PageRange } from './contract.ts';
import { storedContent, type Content } from './disk-state.ts';
import { PAGE_BYTES } from './page-ranges.ts';

/** Where the bytes of a file are: its content as processes see it, and which part of that only the page cache has. */
export interface FileStatus {
  readonly path: string;
  readonly sizeBytes: number;
  /** End of the data; what comes up to `sizeBytes` is preallocated and reads as zeros. */
  readonly dataEnd: number;
  /** The first byte that the device does not have; `dataEnd` when it has all. Bytes below it are on the device as they are here. */
  readonly onDeviceUpTo: number;
  /** The name or the size is not on the device yet. */
  readonly journalOnly: boolean;
  /** Since when it waits for write-back; null when the device has everything. */
  readonly dirtySinceUs: InstantUs | null;
  /** A flush or write-back of it is under way. */
  readonly flushing: boolean;
  /** Pages that are on the device only, as nobody has read them since the power came. */
  readonly coldPages: readonly PageRange[];
  /** Changes whenever the content does. */
  readonly version: string;
}

const NONE_COLD: readonly PageRange[] = [];

/** Status of one file of the page cache; null when there is no such file. */
export function fileStatus(disk: DiskState, path: string): FileStatus | null {
  const file = mapGet(disk.cache, path);
  if (file === undefined) return null;
  const stored = mapGet(disk.device, path);
  // A rename or a cut that waits in the journal makes nothing dirty.
  const onDeviceUpTo = sharedPrefix(file, storedContent(disk, path));
  return {
    path,
    sizeBytes: file.sizeBytes,
    dataEnd: file.dataEnd,
    onDeviceUpTo,
    journalOnly: stored === undefined || stored.sizeBytes !== file.sizeBytes,
    dirtySinceUs: mapGet(disk.dirtySinceUs, path) ?? null,
    flushing: (mapGet(disk.flushing, path) ?? 0) > 0 || disk.writingBack.some((one) => one.path === path),
    coldPages: mapGet(disk.coldPages.ranges, path) ?? NONE_COLD,
    version: `${file.generation}.${file.dataEnd}.${file.sizeBytes}`,
  };
}

function sharedPrefix(file: FileImage, stored: Content | undefined): number {
  if (stored === undefined || stored.generation !== file.generation) return 0;
  return Math.min(file.dataEnd, stored.dataEnd);
}

/** Status of every file of the page cache, by path. */
export function allFileStatuses(disk: DiskState): readonly FileStatus[] {
  return mapKeys(disk.cache).flatMap((path) => fileStatus(disk, path) ?? []);
}

/** Pages of a file of which some bytes are only in the page cache: [first, end) by number of page. */
export function dirtyPages(status: FileStatus): { readonly first: number; readonly end: number } {
  if (status.onDeviceUpTo >= status.dataEnd) return { first: 0, end: 0 };
  return { first: Math.floor(status.onDeviceUpTo / PAGE_BYTES), end: Math.ceil(status.dataEnd / PAGE_BYTES) };
}
