import { deleteDB, openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction } from 'idb';
import { concatBytes } from '../../engine/kernel/bytes.ts';
import { StorageError, type DeviceBatch, type DeviceFile, type DeviceImage, type DeviceStore, type Opened } from './contract.ts';
import { EMPTY_TABLE, planBatch, type BatchPlan, type ExtentRef, type Inode, type InodeTable, type Piece } from './extent-plan.ts';
import { openDatabase, type Watched } from './open-database.ts';
import { Serial } from './serial.ts';

const SCHEMA_VERSION = 1;

/** Keys begin with the branch, so that the device of a branch of history can be read by one range. */
interface DiskSchema extends DBSchema {
  /** [branch, path] */
  inodes: { key: [number, string]; value: Inode & { readonly path: string } };
  /** [branch, extent id] */
  extents: { key: [number, number]; value: Uint8Array };
  /** [branch] */
  state: { key: [number]; value: StateRow };
}

interface StateRow {
  readonly flushSequence: number;
  readonly atUs: number;
  readonly nextIno: number;
  readonly nextExtent: number;
}

type Database = IDBPDatabase<DiskSchema>;
type Writing = IDBPTransaction<DiskSchema, ('inodes' | 'extents' | 'state')[], 'readwrite'>;
const STORES: ('inodes' | 'extents' | 'state')[] = ['inodes', 'extents', 'state'];
const EMPTY_STATE: StateRow = { flushSequence: 0, atUs: 0, nextIno: 1, nextExtent: 1 };

/** Opens, or creates, the database of one machine's device. */
export async function openIndexedDbDisk(name: string, branch = 0): Promise<Opened<DeviceStore>> {
  const opened = await openDatabase<DiskSchema>((callbacks) =>
    openDB<DiskSchema>(name, SCHEMA_VERSION, {
      ...callbacks,
      upgrade(database) {
        for (const store of STORES) database.createObjectStore(store);
      },
    }),
  );
  return opened.ok ? { ok: true, store: new IndexedDbDisk(name, branch, opened.store) } : opened;
}

/**
 * One database a machine. A file is a row of `inodes` that names its `extents`; an extent is written once, under a new number,
 * and the row, the extents it no longer names and the `state` go in the same transaction.
 */
class IndexedDbDisk implements DeviceStore {
  private readonly name: string;
  private readonly branch: number;
  private readonly database: Database;
  private readonly serial = new Serial();
  /** The table as of the last commit; null until first read. */
  private table: InodeTable | null = null;

  constructor(name: string, branch: number, watched: Watched<Database>) {
    this.name = name;
    this.branch = branch;
    this.database = watched.database;
    watched.onLost((error) => this.serial.fail(error));
  }

  load(): Promise<DeviceImage> {
    return this.serial.run(() => this.readImage());
  }

  imageAt(flushSequence: number): Promise<DeviceImage | null> {
    return this.serial.run(async () => {
      const image = await this.readImage();
      return image.flushSequence === flushSequence ? image : null;
    });
  }

  commit(batch: DeviceBatch): Promise<void> {
    return this.serial.run(async () => {
      const plan = planBatch(this.table ?? (await this.readTable()), batch.writes);
      const transaction = this.database.transaction(STORES, 'readwrite', { durability: batch.durability });
      await settled(this.write(transaction, plan, batch), transaction.done);
      this.table = plan.table;
    });
  }

  async close(): Promise<void> {
    await this.serial.end('This disk has been closed.');
    this.database.close();
  }

  async destroy(): Promise<void> {
    await this.close();
    await destroyDatabase(this.name);
  }

  private async write(transaction: Writing, plan: BatchPlan, batch: DeviceBatch): Promise<void> {
    const inodes = transaction.objectStore('inodes');
    const extents = transaction.objectStore('extents');
    const stored = await this.readPieces(transaction, plan);
    const requests: Promise<unknown>[] = [];
    try {
      for (const { id, pieces } of plan.newExtents) requests.push(extents.put(joinPieces(pieces, stored), [this.branch, id]));
      for (const id of plan.droppedExtents) requests.push(extents.delete([this.branch, id]));
      for (const path of plan.removedPaths) requests.push(inodes.delete([this.branch, path]));
      for (const path of plan.changedPaths) {
        const inode = plan.table.inodes.get(path);
        if (inode !== undefined) requests.push(inodes.put({ path, ...inode }, [this.branch, path]));
      }
      const { nextIno, nextExtent } = plan.table;
      requests.push(transaction.objectStore('state').put({ flushSequence: batch.flushSequence, atUs: batch.atUs, nextIno, nextExtent }, [this.branch]));
      await Promise.all(requests);
    } catch (error) {
      abort(transaction);
      await Promise.allSettled(requests);
      throw error;
    }
  }

  /** What joined extents take from stored ones, read inside the transaction that replaces them. */
  private async readPieces(transaction: Writing, plan: BatchPlan): Promise<ReadonlyMap<number, Uint8Array>> {
    const ids = new Set<number>();
    for (const { pieces } of plan.newExtents) for (const piece of pieces) if (piece.from === 'stored') ids.add(piece.id);
    const extents = transaction.objectStore('extents');
    const read = await Promise.all([...ids].map(async (id) => [id, await extents.get([this.branch, id])] as const));
    const stored = new Map<number, Uint8Array>();
    for (const [id, bytes] of read) {
      if (bytes === undefined) throw corrupt(`extent ${id} of ${this.name} is missing`);
      stored.set(id, bytes);
    }
    return stored;
  }

  private async readTable(): Promise<InodeTable> {
    const transaction = this.database.transaction(STORES, 'readonly');
    const [rows, state] = await Promise.all([
      transaction.objectStore('inodes').getAll(this.wholeBranch()),
      transaction.objectStore('state').get([this.branch]),
      transaction.done,
    ]);
    this.table = tableOf(rows, state ?? EMPTY_STATE);
    return this.table;
  }

  private async readImage(): Promise<DeviceImage> {
    const transaction = this.database.transaction(STORES, 'readonly');
    const extents = transaction.objectStore('extents');
    const range = this.wholeBranch();
    const [rows, keys, values, stored] = await Promise.all([
      transaction.objectStore('inodes').getAll(range),
      extents.getAllKeys(range),
      extents.getAll(range),
      transaction.objectStore('state').get([this.branch]),
      transaction.done,
    ]);
    const state = stored ?? EMPTY_STATE;
    const bytesOf = new Map<number, Uint8Array>();
    keys.forEach((key, index) => {
      const bytes = values[index];
      if (bytes !== undefined) bytesOf.set(key[1], bytes);
    });
    this.table = tableOf(rows, state);
    return { files: rows.map((row) => fileOf(row, bytesOf)), flushSequence: state.flushSequence, atUs: state.atUs };
  }

  /** An array sorts after every number and string, so this covers each key that begins with the branch. */
  private wholeBranch(): IDBKeyRange {
    return IDBKeyRange.bound([this.branch], [this.branch, []]);
  }
}

function tableOf(rows: readonly (Inode & { readonly path: string })[], state: StateRow): InodeTable {
  const inodes = new Map<string, Inode>();
  for (const { path, ...inode } of rows) inodes.set(path, inode);
  return { ...EMPTY_TABLE, inodes, nextIno: state.nextIno, nextExtent: state.nextExtent };
}

function fileOf(row: Inode & { readonly path: string }, bytesOf: ReadonlyMap<number, Uint8Array>): DeviceFile {
  const bytes = concatBytes(row.extents.map((extent) => extentBytes(row.path, extent, bytesOf)));
  if (bytes.length !== row.dataEnd) throw corrupt(`${row.path} has ${bytes.length} bytes of data, its entry says ${row.dataEnd}`);
  return { path: row.path, bytes, sizeBytes: row.sizeBytes };
}

function extentBytes(path: string, extent: ExtentRef, bytesOf: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const bytes = bytesOf.get(extent.id);
  if (bytes === undefined || bytes.length !== extent.lengthBytes)
    throw corrupt(`extent ${extent.id} of ${path} should have ${extent.lengthBytes} bytes, it has ${bytes?.length ?? 'none'}`);
  return bytes;
}

/** A fresh buffer each: a view of a larger one would store that whole buffer. */
function joinPieces(pieces: readonly Piece[], stored: ReadonlyMap<number, Uint8Array>): Uint8Array {
  return concatBytes(
    pieces.map((piece) => {
      if (piece.from === 'write') return piece.bytes;
      const bytes = stored.get(piece.id);
      if (bytes === undefined || bytes.length < piece.end) throw corrupt(`extent ${piece.id} is shorter than ${piece.end} bytes`);
      return bytes.subarray(piece.start, piece.end);
    }),
  );
}

function corrupt(what: string): StorageError {
  return new StorageError({ kind: 'corrupt', message: `The stored disk contradicts itself: ${what}.` });
}

/** Waits for both and throws the cause: requests of a transaction that could not commit only say that it was aborted. */
async function settled(work: Promise<void>, done: Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  for (const result of await Promise.allSettled([work, done])) if (result.status === 'rejected') failures.push(result.reason);
  if (failures.length === 0) return;
  throw failures.find((error) => !(error instanceof DOMException && error.name === 'AbortError')) ?? failures[0];
}

function abort(transaction: Writing): void {
  try {
    transaction.abort();
  } catch {
    // It has been aborted already by the request that failed.
  }
}

/** Deletes a database; fails as blocked when another tab still holds it open. */
export function destroyDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    deleteDB(name, {
      blocked: () => reject(new StorageError({ kind: 'blocked', message: `Another tab holds ${name} open.` })),
    }).then(resolve, reject);
  });
}
