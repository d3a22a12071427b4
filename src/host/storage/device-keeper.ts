import { bytesEqual, EMPTY_BYTES } from '../../engine/kernel/bytes.ts';
import { readFile, type FileTree } from '../../engine/kernel/files.ts';
import { mapEntries } from '../../engine/kernel/persistent-map.ts';
import type { InstantUs } from '../../engine/kernel/units.ts';
import { StorageError, type DeviceBatch, type DeviceImage, type DevicePosition, type DeviceStore, type DeviceWrite, type Opened } from './contract.ts';
import { deviceWritesOf, type PathChange } from './device-writes.ts';
import { openIndexedDbDisk, destroyDatabase } from './indexed-db-disk.ts';
import { MemoryDisk } from './memory-disk.ts';

/** A change of the model's device, with the count it brought the device to. */
export interface KeptChange extends PathChange {
  readonly flushSequence: number;
  /** A process waits for it (fsync). */
  readonly flushed: boolean;
}

/** The model's device at the moment a machine is booted. */
export interface ModelDevice {
  readonly files: FileTree;
  readonly flushSequence: number;
  readonly atUs: InstantUs;
}

export type KeptAt =
  | { readonly kind: 'memory' }
  /** `fresh`: what is there is thrown away and the model's device written; else the database must hold that device already. */
  | { readonly kind: 'indexeddb'; readonly database: string; readonly fresh: boolean };

/** Writes a machine's device changes down as its model makes them. */
export interface KeptDevice {
  /** One transaction a call; resolves when it is durable, rejects with a `StorageError`. */
  commit(changes: readonly KeptChange[], atUs: InstantUs): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the place where a machine's device is kept and makes sure that it holds the model's device. Rejects with a
 * `StorageError`: of kind `corrupt` when a device that should be there already is another one.
 */
export async function keepDevice(at: KeptAt, model: ModelDevice): Promise<KeptDevice> {
  const store = at.kind === 'memory' ? new MemoryDisk() : await openKept(at);
  if (at.kind === 'memory' || at.fresh)
    await store.commit({ writes: writesOfTree(model.files), flushSequence: model.flushSequence, atUs: model.atUs, durability: 'relaxed' });
  else {
    const difference = differenceOf(await store.load(), model);
    if (difference !== null) {
      await store.close();
      throw new StorageError({ kind: 'corrupt', message: `${at.database} does not hold the disk of this run: ${difference}.` });
    }
  }
  return keeperOf(store);
}

/** Opens the database of a machine that was switched off, with what it left there. */
export async function reopenDevice(database: string): Promise<{ readonly kept: KeptDevice; readonly image: DeviceImage }> {
  const store = await openKept({ kind: 'indexeddb', database, fresh: false });
  return { kept: keeperOf(store), image: await store.load() };
}

function keeperOf(store: DeviceStore): KeptDevice {
  return {
    async commit(changes, atUs) {
      const last = changes[changes.length - 1];
      if (last === undefined) return;
      // What nobody waits for may be a little behind after a crash of the computer; a reload of the page finds it either way.
      const durability = changes.some((change) => change.flushed) ? 'strict' : 'relaxed';
      const batch: DeviceBatch = { writes: deviceWritesOf(changes), flushSequence: last.flushSequence, atUs, durability };
      await store.commit(batch);
    },
    close: () => store.close(),
  };
}

async function openKept(at: Extract<KeptAt, { kind: 'indexeddb' }>): Promise<DeviceStore> {
  if (at.fresh) await destroyDatabase(at.database);
  const opened: Opened<DeviceStore> = await openIndexedDbDisk(at.database);
  if (!opened.ok) throw new StorageError(opened.problem);
  return opened.store;
}

/** Writes that make an empty device hold `files`. */
export function writesOfTree(files: FileTree): DeviceWrite[] {
  return deviceWritesOf(mapEntries(files).map(([path, after]) => ({ path, before: null, after })));
}

/** What a stored image has otherwise than the model, in words; null when they are the same. */
export function differenceOf(image: DeviceImage, model: Pick<ModelDevice, 'files' | 'flushSequence'>): string | null {
  if (image.flushSequence !== model.flushSequence) return `it stands at flush ${image.flushSequence}, the run at ${model.flushSequence}`;
  const expected = mapEntries(model.files);
  if (expected.length !== image.files.length) return `it has ${image.files.length} files, the run ${expected.length}`;
  for (const [i, [path, file]] of expected.entries()) {
    const stored = image.files[i];
    if (stored?.path !== path) return `${stored?.path ?? 'no file'} stands where ${path} should be`;
    if (stored.sizeBytes !== file.sizeBytes) return `${path} has ${stored.sizeBytes} bytes instead of ${file.sizeBytes}`;
    if (!bytesEqual(stored.bytes, readFile(model.files, path) ?? EMPTY_BYTES)) return `the content of ${path} differs`;
  }
  return null;
}

/**
 * How far a machine's device is, by its database and by what the run knows that it had reached. A database that is behind that is not
 * the one that was left: the browser has deleted it, or put an older one back. Null when storage cannot be had at all.
 */
export async function leftPosition(database: string, reachedFlush: number): Promise<(DevicePosition & { readonly evicted: boolean }) | null> {
  const opened = await openIndexedDbDisk(database);
  if (!opened.ok) return null;
  const { flushSequence, atUs } = await opened.store.position();
  await opened.store.close();
  return { flushSequence: Math.max(flushSequence, reachedFlush), atUs, evicted: flushSequence < reachedFlush };
}
