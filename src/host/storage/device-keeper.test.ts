import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendToFile, deleteFile, emptyTree, renameFile, replaceFile, resizeFile, type FileTree } from '../../engine/kernel/files.ts';
import { mapGet, mapSet } from '../../engine/kernel/persistent-map.ts';
import { onDiskCommand } from '../../engine/machine/disk-faults.ts';
import { TestMachineDisk } from '../../engine/machine/disk.test-support.ts';
import { differenceOf, keepDevice, leftPosition, writesOfTree, type KeptChange } from './device-keeper.ts';
import { deviceWritesOf } from './device-writes.ts';
import { destroyDatabase, openIndexedDbDisk } from './indexed-db-disk.ts';
import { MemoryDisk } from './memory-disk.ts';

/** A device as the machine's model changes it: each content that does not continue an earlier one has a generation of its own. */
class ModelDevice {
  files: FileTree = emptyTree();
  flushSequence = 0;
  private nextGeneration = 1;
  private readonly changes: KeptChange[] = [];

  write(path: string, next: FileTree): void {
    const before = mapGet(this.files, path) ?? null;
    const after = mapGet(next, path) ?? null;
    const another = after !== null && (before === null || before.generation !== after.generation);
    this.set(path, another ? mapSet(next, path, { ...after, generation: this.nextGeneration++ }) : next);
  }

  rename(from: string, to: string): void {
    const moved = mapGet(this.files, from);
    if (moved === undefined || from === to) return;
    const renamed = renameFile(this.files, from, to);
    this.set(from, deleteFile(this.files, from));
    this.set(to, renamed);
  }

  remove(path: string): void {
    if (mapGet(this.files, path) !== undefined) this.set(path, deleteFile(this.files, path));
  }

  takeChanges(): KeptChange[] {
    return this.changes.splice(0);
  }

  private set(path: string, next: FileTree): void {
    this.flushSequence += 1;
    this.changes.push({ path, before: mapGet(this.files, path) ?? null, after: mapGet(next, path) ?? null, flushSequence: this.flushSequence, flushed: false });
    this.files = next;
  }
}

describe('the writes of device changes', () => {
  test('[R12] an append writes what was appended and no more', () => {
    const device = new ModelDevice();
    device.write('log', appendToFile(device.files, 'log', new Uint8Array(100_000)));
    device.takeChanges();
    device.write('log', appendToFile(device.files, 'log', Uint8Array.of(1, 2)));
    device.write('log', appendToFile(device.files, 'log', Uint8Array.of(3)));
    expect(deviceWritesOf(device.takeChanges())).toEqual([
      { op: 'append', path: 'log', bytes: Uint8Array.of(1, 2) },
      { op: 'append', path: 'log', bytes: Uint8Array.of(3) },
    ]);
  });

  test('[R12] a truncated log is cut, not written again', () => {
    const device = new ModelDevice();
    device.write('log', appendToFile(appendToFile(device.files, 'log', Uint8Array.of(1, 2, 3)), 'log', Uint8Array.of(4, 5, 6)));
    device.takeChanges();
    device.write('log', appendToFile(resizeFile(device.files, 'log', 4), 'log', Uint8Array.of(9)));
    expect(deviceWritesOf(device.takeChanges())).toEqual([
      { op: 'resize', path: 'log', sizeBytes: 4 },
      { op: 'append', path: 'log', bytes: Uint8Array.of(9) },
    ]);
  });

  test('[R12] a file that goes and comes back under another name is renamed', () => {
    const device = new ModelDevice();
    device.write('log', appendToFile(device.files, 'log', new Uint8Array(500)));
    device.takeChanges();
    device.rename('log', 'log.deleted');
    expect(deviceWritesOf(device.takeChanges())).toEqual([{ op: 'rename', from: 'log', to: 'log.deleted' }]);
  });

  test('[R12] any changes, in any cuts into batches, give the same device', async () => {
    const path = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ op: fc.constantFrom('append', 'replace', 'resize'), path, n: fc.nat(40) }),
      fc.record({ op: fc.constantFrom('rename', 'delete'), path, to: path }),
      fc.record({ op: fc.constant('commit') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const device = new ModelDevice();
        const disk = new MemoryDisk();
        const commit = (): Promise<void> =>
          disk.commit({ writes: deviceWritesOf(device.takeChanges()), flushSequence: device.flushSequence, atUs: 0, durability: 'relaxed' });
        for (const [i, one] of steps.entries()) {
          if (!('path' in one)) await commit();
          else if ('n' in one) device.write(one.path, written(device.files, one, i));
          else if (one.op === 'rename') device.rename(one.path, one.to);
          else device.remove(one.path);
        }
        await commit();
        expect(differenceOf(await disk.load(), device)).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

function written(files: FileTree, step: { op: string; path: string; n: number }, seed: number): FileTree {
  const bytes = Uint8Array.from({ length: step.n }, (_, i) => (seed * 31 + i) & 255);
  if (step.op === 'append') return appendToFile(files, step.path, bytes);
  return step.op === 'replace' ? replaceFile(files, step.path, bytes) : resizeFile(files, step.path, step.n);
}

describe("keeping a machine's device", () => {
  test("[R13] a fresh database takes over the model's device, and finds it there after a reload", async () => {
    const device = new ModelDevice();
    device.write('meta.properties', replaceFile(device.files, 'meta.properties', Uint8Array.of(1, 2)));
    device.takeChanges();
    const kept = await keepDevice({ kind: 'indexeddb', database: 'b1', fresh: true }, { files: device.files, flushSequence: 1, atUs: 10 });
    device.write('log', resizeFile(appendToFile(device.files, 'log', Uint8Array.of(7)), 'log', 4096));
    await kept.commit(device.takeChanges(), 20);
    await kept.close();
    const again = await keepDevice({ kind: 'indexeddb', database: 'b1', fresh: false }, { files: device.files, flushSequence: device.flushSequence, atUs: 20 });
    await again.close();
    const opened = await openIndexedDbDisk('b1');
    expect(opened.ok && (await opened.store.load()).files.map((file) => [file.path, file.bytes.length, file.sizeBytes])).toEqual([
      ['log', 1, 4096],
      ['meta.properties', 2, 2],
    ]);
  });

  test('[R13] a database that holds another device than the run is refused, and says where', async () => {
    const device = new ModelDevice();
    device.write('log', appendToFile(device.files, 'log', Uint8Array.of(1)));
    const kept = await keepDevice({ kind: 'indexeddb', database: 'b2', fresh: true }, { files: device.files, flushSequence: 1, atUs: 0 });
    await kept.close();
    const other = appendToFile(emptyTree(), 'log', Uint8Array.of(2));
    await expect(keepDevice({ kind: 'indexeddb', database: 'b2', fresh: false }, { files: other, flushSequence: 1, atUs: 0 })).rejects.toMatchObject({
      name: 'StorageError',
      problem: { kind: 'corrupt', message: expect.stringContaining('the content of log differs') },
    });
    await expect(keepDevice({ kind: 'indexeddb', database: 'b2', fresh: false }, { files: device.files, flushSequence: 4, atUs: 0 })).rejects.toMatchObject({
      problem: { message: expect.stringContaining('flush 1') },
    });
  });

  test('[R13] what an earlier run left is thrown away', async () => {
    const opened = await openIndexedDbDisk('b3');
    if (!opened.ok) throw new Error(opened.problem.message);
    await opened.store.commit({ writes: writesOfTree(appendToFile(emptyTree(), 'old', Uint8Array.of(1))), flushSequence: 9, atUs: 9, durability: 'relaxed' });
    await opened.store.close();
    const kept = await keepDevice({ kind: 'indexeddb', database: 'b3', fresh: true }, { files: emptyTree(), flushSequence: 0, atUs: 0 });
    await kept.close();
    const again = await openIndexedDbDisk('b3');
    expect(again.ok && (await again.store.load()).files).toEqual([]);
  });
});

describe('a disk that an earlier page left', () => {
  test('[R19] one that is behind what the run knows was deleted by the browser; the run goes on from what it knows', async () => {
    const tree = appendToFile(emptyTree(), 'log', Uint8Array.of(1, 2));
    const kept = await keepDevice({ kind: 'indexeddb', database: 'left', fresh: true }, { files: tree, flushSequence: 7, atUs: 900 });
    await kept.close();
    expect(await leftPosition('left', 5)).toEqual({ flushSequence: 7, atUs: 900, evicted: false });
    await destroyDatabase('left');
    expect(await leftPosition('left', 5)).toEqual({ flushSequence: 5, atUs: 0, evicted: true });
    // A run that never came to a flush has lost nothing.
    expect(await leftPosition('never', 0)).toEqual({ flushSequence: 0, atUs: 0, evicted: false });
  });

  test('[R12] a batch that a process waits for is strict, write-back is relaxed', async () => {
    const asked: string[] = [];
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
      if (mode === 'readwrite') asked.push(options?.durability ?? 'default');
      return transaction.call(this, stores, mode, options);
    };
    const kept = await keepDevice({ kind: 'indexeddb', database: 'durability', fresh: true }, { files: emptyTree(), flushSequence: 0, atUs: 0 });
    const device = new ModelDevice();
    device.write('log', appendToFile(device.files, 'log', Uint8Array.of(1)));
    await kept.commit(device.takeChanges(), 1);
    device.write('log', appendToFile(device.files, 'log', Uint8Array.of(2)));
    await kept.commit(
      device.takeChanges().map((change) => ({ ...change, flushed: true })),
      2,
    );
    IDBDatabase.prototype.transaction = transaction;
    await kept.close();
    expect(asked.slice(-2)).toEqual(['relaxed', 'strict']);
  });
});

describe('the disk of a machine', () => {
  test('[R13] [R7] any operations, power cuts and rot: what IndexedDB has is what the model has on its device', async () => {
    const step = fc.record({ what: fc.nat(11), path: fc.nat(3), size: fc.nat(9000) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
        const disk = new TestMachineDisk(seed);
        const database = `model ${seed} ${steps.length}`;
        const kept = await keepDevice({ kind: 'indexeddb', database, fresh: true }, { files: emptyTree(), flushSequence: 0, atUs: 0 });
        for (const one of steps) {
          actOn(disk, one);
          await kept.commit(disk.changes.splice(0), disk.nowUs);
        }
        await kept.close();
        const again = await openIndexedDbDisk(database);
        if (!again.ok) throw new Error(again.problem.message);
        const { device, flushSequence } = disk.disk;
        expect(differenceOf(await again.store.load(), { files: device, flushSequence })).toBeNull();
        await again.store.destroy();
      }),
      { numRuns: 60 },
    );
  });
});

function actOn(disk: TestMachineDisk, { what, path: index, size }: { readonly what: number; readonly path: number; readonly size: number }): void {
  const path = `f${index}`;
  const bytes = new Uint8Array(size).fill(size & 255);
  if (what < 4) disk.perform({ type: 'append', path, bytes });
  else if (what === 4) disk.perform({ type: 'replace', path, bytes });
  else if (what === 5) disk.perform({ type: 'resize', path, sizeBytes: size });
  else if (what === 6) disk.perform({ type: 'rename', from: path, to: `f${size & 3}` });
  else if (what === 7) disk.perform({ type: 'delete', path });
  else if (what === 8) disk.perform({ type: 'flush', owner: 'me', operation: 1, path });
  else if (what === 9) disk.wait(disk.nowUs + size * 200);
  else if (what === 10) disk.cutPower({ torn: (size & 1) === 0 });
  else disk.step((draft) => onDiskCommand(draft, { type: 'corruptPage', path, page: size >> 12, byte: null }));
}
