import 'fake-indexeddb/auto';
import type { IDBPDatabase } from 'idb';
import { describe, expect, test } from 'vitest';
import { DISK_CASES, type DiskHarness } from './disk-contract.ts';
import { openIndexedDbDisk } from './indexed-db-disk.ts';
import { MemoryDisk, newMemoryDevice, type MemoryDevice } from './memory-disk.ts';

const memoryDevices = new Map<string, MemoryDevice>();

const memory: DiskHarness = {
  async open(name) {
    const device = memoryDevices.get(name) ?? newMemoryDevice();
    memoryDevices.set(name, device);
    return new MemoryDisk(device);
  },
};

const indexedDb: DiskHarness = {
  async open(name) {
    const opened = await openIndexedDbDisk(name);
    if (!opened.ok) throw new Error(opened.problem.message);
    return opened.store;
  },
  async commitFailing(disk, batch, at) {
    const restore = failWriteNumber(at);
    try {
      await disk.commit(batch);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ name: 'StorageError', problem: { kind: 'quota' } });
      return true;
    } finally {
      restore();
    }
  },
};

describe.each([
  ['MemoryDisk', memory],
  ['IndexedDbDisk', indexedDb],
] as const)('%s as a device', (kind, harness) => {
  let number = 0;
  test.each(DISK_CASES.map((one) => [one.title, one] as const))('%s', async (_, one) => {
    await expect(one.run(harness, () => `${kind}-${++number}`)).resolves.toBeUndefined();
  });
});

/** Lets the write of that number, from now on, fail as when the disk is full. */
function failWriteNumber(at: number): () => void {
  const { put, delete: remove } = IDBObjectStore.prototype;
  let count = 0;
  const next = (): void => {
    if (count++ === at) throw new DOMException('no room', 'QuotaExceededError');
  };
  IDBObjectStore.prototype.put = function (...values) {
    next();
    return put.apply(this, values);
  };
  IDBObjectStore.prototype.delete = function (...values) {
    next();
    return remove.apply(this, values);
  };
  return () => {
    IDBObjectStore.prototype.put = put;
    IDBObjectStore.prototype.delete = remove;
  };
}

test('[R8] after a failure every later commit fails too, so that no batch is left out in the middle', async () => {
  const opened = await openIndexedDbDisk('after-failure');
  if (!opened.ok) throw new Error(opened.problem.message);
  const disk = opened.store;
  const restore = failWriteNumber(0);
  await expect(
    disk.commit({ writes: [{ op: 'put', path: 'f', bytes: Uint8Array.of(1) }], flushSequence: 1, atUs: 1, durability: 'relaxed' }),
  ).rejects.toMatchObject({ problem: { kind: 'quota' } });
  restore();
  await expect(
    disk.commit({ writes: [{ op: 'put', path: 'g', bytes: Uint8Array.of(2) }], flushSequence: 2, atUs: 2, durability: 'relaxed' }),
  ).rejects.toMatchObject({ problem: { kind: 'quota' } });
  await disk.close();
});

test('[R9] two branches in one database do not see each other', async () => {
  const [one, two] = [await openIndexedDbDisk('branches', 1), await openIndexedDbDisk('branches', 2)];
  if (!one.ok || !two.ok) throw new Error('expected both to open');
  await one.store.commit({ writes: [{ op: 'put', path: 'f', bytes: Uint8Array.of(1) }], flushSequence: 4, atUs: 1, durability: 'relaxed' });
  expect((await two.store.load()).files).toEqual([]);
  expect((await one.store.load()).flushSequence).toBe(4);
  await one.store.close();
  await two.store.close();
});

test('[R10] a page without IndexedDB is told that storage is refused', async () => {
  const real = globalThis.indexedDB;
  Reflect.deleteProperty(globalThis, 'indexedDB');
  const opened = await openIndexedDbDisk('nowhere');
  Object.defineProperty(globalThis, 'indexedDB', { value: real, configurable: true, writable: true });
  expect(opened).toMatchObject({ ok: false, problem: { kind: 'refused' } });
});

test('[R10] an open that another tab blocks is answered, not waited for', async () => {
  const { openDB } = await import('idb');
  const { openDatabase } = await import('./open-database.ts');
  const holder = await openDB('held', 1);
  const opened = await openDatabase((callbacks) => openDB('held', 2, callbacks));
  expect(opened).toMatchObject({ ok: false, problem: { kind: 'blocked' } });
  holder.close();
});

test('[R10] a connection that another tab takes over fails what comes later', async () => {
  const { openDB } = await import('idb');
  const opened = await openIndexedDbDisk('taken');
  if (!opened.ok) throw new Error(opened.problem.message);
  const newer = await openDB('taken', 99);
  await expect(opened.store.load()).rejects.toMatchObject({ problem: { kind: 'lost' } });
  newer.close();
  expect(await openIndexedDbDisk('taken')).toMatchObject({ ok: false, problem: { kind: 'blocked' } });
});

/** Counts what goes into object stores while `act` runs. */
async function written(act: () => Promise<void>): Promise<{ extentBytes: number; extentCount: number; otherBytes: number; transactions: string[] }> {
  const seen = { extentBytes: 0, extentCount: 0, otherBytes: 0, transactions: [] as string[] };
  const { put } = IDBObjectStore.prototype;
  const { transaction } = IDBDatabase.prototype;
  IDBObjectStore.prototype.put = function (value: unknown, key) {
    if (value instanceof Uint8Array) {
      seen.extentBytes += value.buffer.byteLength;
      seen.extentCount += 1;
    } else seen.otherBytes += JSON.stringify([value, key]).length;
    return put.call(this, value, key);
  };
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    if (mode === 'readwrite') seen.transactions.push(options?.durability ?? 'default');
    return transaction.call(this, stores, mode, options);
  };
  await act();
  IDBObjectStore.prototype.put = put;
  IDBDatabase.prototype.transaction = transaction;
  return seen;
}

test('[R11] appending to a file of 64 MiB writes what is appended, in one transaction, and nothing that grows with the file', async () => {
  const opened = await openIndexedDbDisk('large');
  if (!opened.ok) throw new Error(opened.problem.message);
  const disk = opened.store;
  const MIB = 1_048_576;
  for (let i = 0; i < 64; i++)
    await disk.commit({ writes: [{ op: 'append', path: 'log', bytes: new Uint8Array(MIB) }], flushSequence: i + 1, atUs: 1, durability: 'relaxed' });
  const seen = await written(() =>
    disk.commit({ writes: [{ op: 'append', path: 'log', bytes: new Uint8Array(100) }], flushSequence: 65, atUs: 1, durability: 'strict' }),
  );
  expect(seen).toMatchObject({ extentBytes: 100, extentCount: 1, transactions: ['strict'] });
  expect(seen.otherBytes).toBeLessThan(200);
  await disk.destroy();
});

describe('what is stored and contradicts itself', () => {
  const damage: [string, (database: IDBPDatabase) => Promise<unknown>][] = [
    ['an extent in the middle is missing', (database) => database.delete('extents', [0, 1, 3])],
    ['the last extent is missing', (database) => database.delete('extents', [0, 1, 6])],
    ['an extent is shorter', (database) => database.put('extents', new Uint8Array(2), [0, 1, 3])],
    ['an extent is no bytes', (database) => database.put('extents', 'text', [0, 1, 3])],
    ['an entry is missing', (database) => database.delete('inodes', [0, 'log'])],
    ['an entry is no entry', (database) => database.put('inodes', { path: 'log' }, [0, 'log'])],
    ['the state is missing', (database) => database.delete('state', [0])],
    ['the state is no state', (database) => database.put('state', 7, [0])],
  ];
  test.each(damage)('[R18] %s: refused', async (what, act) => {
    const opened = await openIndexedDbDisk(`damaged ${what}`);
    if (!opened.ok) throw new Error(opened.problem.message);
    for (let i = 0; i < 3; i++)
      await opened.store.commit({
        writes: [{ op: 'append', path: 'log', bytes: Uint8Array.of(1, 2, 3) }],
        flushSequence: i + 1,
        atUs: 1,
        durability: 'relaxed',
      });
    await opened.store.close();
    const { openDB } = await import('idb');
    const database = await openDB(`damaged ${what}`);
    await act(database);
    database.close();
    const again = await openIndexedDbDisk(`damaged ${what}`);
    if (!again.ok) throw new Error(again.problem.message);
    await expect(again.store.load()).rejects.toMatchObject({ problem: { kind: 'corrupt' } });
    await again.store.close();
  });
});
