import { deleteDB, openDB, unwrap, type DBSchema, type IDBPDatabase, type IDBPTransaction } from 'idb';
import { concatBytes } from '../../engine/kernel/bytes.ts';
import { StorageError, type DeviceBatch, type DeviceFile, type DeviceImage, type DevicePosition, type DeviceStore, type Opened } from './contract.ts';
import { openDatabase, type Watched } from './open-database.ts';
import { acceptPlan, emptyInodeTable, planBatch, type BatchPlan, type InodeTable } from './row-plan.ts';
import { Serial } from './serial.ts';

/** 2: a file's extents are found by its number, version 1 listed them in its entry. What an older version wrote is thrown away. */
const SCHEMA_VERSION = 2;

/** Keys begin with the branch, so that the device of a branch of history can be read by one range. */
interface DiskSchema extends DBSchema {
  /** [branch, path] */
  inodes: { key: [number, string]; value: InodeRow };
  /** [branch, ino, where it starts in the file] */
  extents: { key: [number, number, number]; value: Uint8Array };
  /** [branch] */
  state: { key: [number]; value: StateRow };
}

interface InodeRow {
  readonly path: string;
  readonly ino: number;
  readonly leastSizeBytes: number;
}

interface StateRow {
  readonly flushSequence: number;
  readonly atUs: number;
  readonly nextIno: number;
  readonly fileCount: number;
  readonly dataBytes: number;
}

type Database = IDBPDatabase<DiskSchema>;
type Writing = IDBPTransaction<DiskSchema, ('inodes' | 'extents' | 'state')[], 'readwrite'>;
type Reading = IDBPTransaction<DiskSchema, ('inodes' | 'extents' | 'state')[]>;
const STORES: ('inodes' | 'extents' | 'state')[] = ['inodes', 'extents', 'state'];
/** An append changes no entry: a transaction over fewer stores costs less. */
const BYTES_ONLY: ('inodes' | 'extents' | 'state')[] = ['extents', 'state'];
const EMPTY_STATE: StateRow = { flushSequence: 0, atUs: 0, nextIno: 1, fileCount: 0, dataBytes: 0 };

/** Opens, or creates, the database of one machine's device. */
export async function openIndexedDbDisk(name: string, branch = 0): Promise<Opened<DeviceStore>> {
  const opened = await openDatabase<DiskSchema>((callbacks) =>
    openDB<DiskSchema>(name, SCHEMA_VERSION, {
      ...callbacks,
      upgrade(database) {
        const before = Array.from(database.objectStoreNames);
        for (const store of before) database.deleteObjectStore(store);
        for (const store of STORES) database.createObjectStore(store);
      },
    }),
  );
  return opened.ok ? { ok: true, store: new IndexedDbDisk(name, branch, opened.store) } : opened;
}

/**
 * One database a machine. A file is a row of `inodes`, its bytes are rows of `extents`: a write is a row behind those that are there,
 * which are not touched. The rows of a batch and `state` go in one transaction.
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

  position(): Promise<DevicePosition> {
    return this.serial.run(async () => {
      const { flushSequence, atUs } = stateOf(await this.database.get('state', [this.branch]));
      return { flushSequence, atUs };
    });
  }

  imageAt(flushSequence: number): Promise<DeviceImage | null> {
    return this.serial.run(async () => {
      const state = await this.database.get('state', [this.branch]);
      return stateOf(state).flushSequence === flushSequence ? this.readImage() : null;
    });
  }

  commit(batch: DeviceBatch): Promise<void> {
    return this.serial.run(async () => {
      const table = this.table ?? (await this.readTable());
      const plan = planBatch(table, batch.writes);
      const transaction = this.database.transaction(plan.entries.length > 0 ? STORES : BYTES_ONLY, 'readwrite', { durability: batch.durability });
      await settled(this.write(transaction, plan, batch), transaction.done);
      acceptPlan(table, plan);
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

  /**
   * Requests of a transaction are carried out in the order they are made. Nobody listens to each: what fails aborts the transaction,
   * and the transaction says why.
   */
  private async write(transaction: Writing, plan: BatchPlan, batch: DeviceBatch): Promise<void> {
    try {
      for (const { ino, end } of plan.cuts) await this.cutExtents(transaction, ino, end);
      const stores = unwrap(transaction);
      const extents = stores.objectStore('extents');
      for (const ino of plan.droppedInos) extents.delete(this.extentsFrom(ino, 0));
      for (const { ino, start, bytes } of plan.extents) extents.put(bytes, [this.branch, ino, start]);
      for (const { path, inode } of plan.entries) {
        const inodes = stores.objectStore('inodes');
        if (inode === null) inodes.delete([this.branch, path]);
        else inodes.put({ path, ino: inode.ino, leastSizeBytes: inode.leastSizeBytes } satisfies InodeRow, [this.branch, path]);
      }
      const { nextIno, dataBytes } = plan;
      const fileCount = countAfter(this.table, plan);
      const state: StateRow = { flushSequence: batch.flushSequence, atUs: batch.atUs, nextIno, fileCount, dataBytes };
      stores.objectStore('state').put(state, [this.branch]);
      // Nothing more is to come: the browser need not wait until each answer was heard.
      stores.commit();
    } catch (error) {
      abort(transaction);
      throw error;
    }
  }

  /** Removes a file's stored bytes from `end` on; the row that holds it is written again, without its tail. */
  private async cutExtents(transaction: Writing, ino: number, end: number): Promise<void> {
    const extents = transaction.objectStore('extents');
    // No row begins before zero, and IndexedDB refuses to look between a key and itself.
    const before = end === 0 ? null : await extents.openCursor(IDBKeyRange.bound([this.branch, ino, 0], [this.branch, ino, end], false, true), 'prev');
    if (before !== null) {
      const start = before.key[2];
      if (start + before.value.length > end) await before.update(before.value.slice(0, end - start));
    }
    await extents.delete(this.extentsFrom(ino, end));
  }

  /** For a device that is written to before it is read: where its files end is told by their last rows alone. */
  private async readTable(): Promise<InodeTable> {
    const transaction: Reading = this.database.transaction(STORES, 'readonly');
    const [rows, stored] = await Promise.all([
      transaction.objectStore('inodes').getAll(this.wholeBranch()),
      transaction.objectStore('state').get([this.branch]),
    ]);
    const state = stateOf(stored);
    for (const row of rows) checkEntry(row);
    const table: InodeTable = { ...emptyInodeTable(), nextIno: state.nextIno, dataBytes: state.dataBytes };
    for (const row of rows) {
      const last = await transaction.objectStore('extents').openCursor(this.extentsFrom(row.ino, 0), 'prev');
      const dataEnd = last === null ? 0 : last.key[2] + last.value.length;
      table.inodes.set(row.path, { ino: row.ino, leastSizeBytes: row.leastSizeBytes, dataEnd });
    }
    await transaction.done;
    this.table = table;
    return table;
  }

  private async readImage(): Promise<DeviceImage> {
    const transaction = this.database.transaction(STORES, 'readonly');
    const extents = transaction.objectStore('extents');
    const [rows, stored] = await Promise.all([
      transaction.objectStore('inodes').getAll(this.wholeBranch()),
      transaction.objectStore('state').get([this.branch]),
    ]);
    const state = stateOf(stored);
    for (const row of rows) checkEntry(row);
    // File by file, and without the keys: asking for those would read everything a second time.
    const contents = await Promise.all(rows.map((row) => extents.getAll(this.extentsFrom(row.ino, 0))));
    await transaction.done;
    const files = rows.map((row, i) => fileOf(row, contents[i] ?? []));
    checkState(state, files);
    this.table = { inodes: new Map(), nextIno: state.nextIno, dataBytes: state.dataBytes };
    for (const [i, { path, ino, leastSizeBytes }] of rows.entries()) this.table.inodes.set(path, { ino, leastSizeBytes, dataEnd: files[i]?.bytes.length ?? 0 });
    return { files, flushSequence: state.flushSequence, atUs: state.atUs };
  }

  /** An array sorts after every number and string, so this covers each key that begins with the branch. */
  private wholeBranch(): IDBKeyRange {
    return IDBKeyRange.bound([this.branch], [this.branch, []]);
  }

  private extentsFrom(ino: number, start: number): IDBKeyRange {
    return IDBKeyRange.bound([this.branch, ino, start], [this.branch, ino, []]);
  }
}

/** What is stored may be anything: only numbers are taken for numbers. */
function stateOf(stored: unknown): StateRow {
  if (stored === undefined) return EMPTY_STATE;
  if (!hasNumbers(stored, ['flushSequence', 'atUs', 'nextIno', 'fileCount', 'dataBytes'])) throw corrupt('its state is not readable');
  return stored as StateRow;
}

function checkEntry(row: InodeRow): void {
  if (!hasNumbers(row, ['ino', 'leastSizeBytes']) || typeof row.path !== 'string') throw corrupt('an entry is not readable');
}

function hasNumbers(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return names.every((name) => Number.isSafeInteger(fields[name]));
}

function countAfter(table: InodeTable | null, plan: BatchPlan): number {
  let count = table?.inodes.size ?? 0;
  for (const { path, inode } of plan.changes) count += (inode === null ? 0 : 1) - (table?.inodes.has(path) === true ? 1 : 0);
  return count;
}

/** The rows of a file come in order of their places. */
function fileOf(row: InodeRow, extents: readonly unknown[]): DeviceFile {
  for (const extent of extents) if (!(extent instanceof Uint8Array)) throw corrupt(`an extent of ${row.path} is no bytes`);
  const parts = extents as readonly Uint8Array[];
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : concatBytes(parts);
  return { path: row.path, bytes, sizeBytes: Math.max(row.leastSizeBytes, bytes.length) };
}

/** Rows that got lost, of a file or with one, are missed in the sums of the state. */
function checkState(state: StateRow, files: readonly DeviceFile[]): void {
  if (files.length !== state.fileCount) throw corrupt(`it has ${files.length} files, its state says ${state.fileCount}`);
  const dataBytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  if (dataBytes !== state.dataBytes) throw corrupt(`it has ${dataBytes} bytes of data, its state says ${state.dataBytes}`);
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
