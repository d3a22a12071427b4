import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesEqual } from '../../engine/kernel/bytes.ts';
import type { DeviceBatch, DeviceImage, DeviceStore, DeviceWrite } from './contract.ts';

/** One kind of disk under test. Each `open` of a name finds what earlier ones of that name left. */
export interface DiskHarness {
  open(name: string): Promise<DeviceStore>;
  /** Starts the commit and lets the storage fail at write number `at` of it; true when there were that many. */
  commitFailing?(disk: DeviceStore, batch: DeviceBatch, at: number): Promise<boolean>;
}

/** Every rule of the `DeviceStore` port, for any disk behind it. */
export function describeDiskContract(kind: string, harness: DiskHarness, runs: { readonly randomRuns: number }): void {
  let number = 0;
  const freshName = (): string => `${kind}-${++number}`;

  describe(`${kind} as a device`, () => {
    test('[R1] a new device is empty, at flush 0', async () => {
      const disk = await harness.open(freshName());
      expect(await disk.load()).toEqual({ files: [], flushSequence: 0, atUs: 0 });
      await disk.close();
    });

    test('[R1] what was committed is there after reopening, files sorted by path', async () => {
      const name = freshName();
      const disk = await harness.open(name);
      await disk.commit(batch(3, [{ op: 'append', path: 'b', bytes: bytes(1, 2) }, { op: 'put', path: 'a/log', bytes: bytes(9) }, { op: 'append', path: 'b', bytes: bytes(3) }, { op: 'resize', path: 'b', sizeBytes: 4096 }]));
      await disk.close();
      const again = await harness.open(name);
      const image = await again.load();
      expect(image.flushSequence).toBe(3);
      expect(image.atUs).toBe(3000);
      expect(plain(image)).toEqual({ 'a/log': { bytes: [9], sizeBytes: 1 }, b: { bytes: [1, 2, 3], sizeBytes: 4096 } });
      expect(image.files.map((file) => file.path)).toEqual(['a/log', 'b']);
      await again.close();
    });

    test('[R2] zeros behind the data are a size, and cutting below the data cuts them', async () => {
      const disk = await harness.open(freshName());
      await disk.commit(batch(1, [{ op: 'append', path: 'index', bytes: bytes(1, 2, 3, 4) }, { op: 'resize', path: 'index', sizeBytes: 10_485_760 }]));
      await disk.commit(batch(2, [{ op: 'append', path: 'index', bytes: bytes(5) }]));
      expect(plain(await disk.load())).toEqual({ index: { bytes: [1, 2, 3, 4, 5], sizeBytes: 10_485_760 } });
      await disk.commit(batch(3, [{ op: 'resize', path: 'index', sizeBytes: 2 }]));
      await disk.commit(batch(4, [{ op: 'append', path: 'index', bytes: bytes(7) }]));
      expect(plain(await disk.load())).toEqual({ index: { bytes: [1, 2, 7], sizeBytes: 3 } });
      await disk.close();
    });

    test('[R3] a rename replaces, and of a missing path does nothing', async () => {
      const disk = await harness.open(freshName());
      await disk.commit(batch(1, [{ op: 'put', path: 'checkpoint', bytes: bytes(1) }, { op: 'put', path: 'checkpoint.tmp', bytes: bytes(2, 2) }, { op: 'rename', from: 'checkpoint.tmp', to: 'checkpoint' }]));
      await disk.commit(batch(2, [{ op: 'rename', from: 'nowhere', to: 'checkpoint' }, { op: 'delete', path: 'nowhere' }]));
      expect(plain(await disk.load())).toEqual({ checkpoint: { bytes: [2, 2], sizeBytes: 2 } });
      await disk.close();
    });

    test('[R4] only the latest image can be had again', async () => {
      const disk = await harness.open(freshName());
      await disk.commit(batch(5, [{ op: 'put', path: 'f', bytes: bytes(5) }]));
      await disk.commit(batch(8, [{ op: 'put', path: 'f', bytes: bytes(8) }]));
      expect(await disk.imageAt(5)).toBeNull();
      expect(plain((await disk.imageAt(8)) ?? missing())).toEqual({ f: { bytes: [8], sizeBytes: 1 } });
      await disk.close();
    });

    test('[R5] a closed disk refuses, with a StorageError', async () => {
      const disk = await harness.open(freshName());
      await disk.close();
      await expect(disk.commit(batch(1, []))).rejects.toMatchObject({ name: 'StorageError', problem: { kind: 'lost' } });
      await expect(disk.load()).rejects.toMatchObject({ name: 'StorageError' });
    });

    test('[R5] a destroyed disk is empty when it is opened again', async () => {
      const name = freshName();
      const disk = await harness.open(name);
      await disk.commit(batch(1, [{ op: 'put', path: 'f', bytes: bytes(5) }]));
      await disk.destroy();
      const again = await harness.open(name);
      expect(plain(await again.load())).toEqual({});
      await again.close();
    });

    test('[R6] commits that were not waited for take effect in order', async () => {
      const name = freshName();
      const disk = await harness.open(name);
      const commits = [0, 1, 2, 3, 4, 5].map((n) => disk.commit(batch(n + 1, [{ op: 'append', path: 'log', bytes: bytes(n) }])));
      await Promise.all(commits);
      expect(plain(await disk.load())).toEqual({ log: { bytes: [0, 1, 2, 3, 4, 5], sizeBytes: 6 } });
      await disk.close();
    });

    test('[R6] the caller may reuse its bytes once the commit is done', async () => {
      const disk = await harness.open(freshName());
      const reused = bytes(1, 2, 3);
      await disk.commit(batch(1, [{ op: 'append', path: 'log', bytes: reused }]));
      reused.fill(0);
      expect(plain(await disk.load())).toEqual({ log: { bytes: [1, 2, 3], sizeBytes: 3 } });
      await disk.close();
    });

    test('[R7] any sequence of batches gives what a naive model gives, across reopening', async () => {
      expect.hasAssertions();
      await fc.assert(
        fc.asyncProperty(fc.array(fc.record({ writes: fc.array(writeArbitrary(), { maxLength: 8 }), reopen: fc.boolean() }), { maxLength: 12 }), async (batches) => {
          const name = freshName();
          let disk = await harness.open(name);
          const model: Model = {};
          for (const [n, { writes, reopen }] of batches.entries()) {
            const real = writes.map(realWrite);
            await disk.commit(batch(n + 1, real));
            for (const write of real) applyNaively(model, write);
            if (!reopen) continue;
            await disk.close();
            disk = await harness.open(name);
          }
          expectSame(await disk.load(), model);
          await disk.destroy();
        }),
        { numRuns: runs.randomRuns },
      );
    });

    const { commitFailing } = harness;
    if (commitFailing !== undefined) {
      test('[R8] a batch that fails half way leaves the device as it was', async () => {
        const first: DeviceWrite[] = [{ op: 'append', path: 'log', bytes: bytes(1, 2) }, { op: 'put', path: 'index', bytes: bytes(3) }];
        const second: DeviceWrite[] = [{ op: 'append', path: 'log', bytes: bytes(4, 5, 6) }, { op: 'delete', path: 'index' }, { op: 'put', path: 'other', bytes: bytes(7) }];
        let failures = 0;
        for (let at = 0; ; at++) {
          const name = freshName();
          const disk = await harness.open(name);
          await disk.commit(batch(1, first));
          const failed = await commitFailing(disk, batch(2, second), at);
          await disk.close();
          const again = await harness.open(name);
          const image = await again.load();
          await again.close();
          if (!failed) {
            expect(image.flushSequence).toBe(2);
            break;
          }
          failures += 1;
          expect(image.flushSequence).toBe(1);
          expect(plain(image)).toEqual({ index: { bytes: [3], sizeBytes: 1 }, log: { bytes: [1, 2], sizeBytes: 2 } });
        }
        expect(failures).toBeGreaterThan(3);
      });
    }
  });
}

interface ModelFile {
  bytes: Uint8Array;
  sizeBytes: number;
}
type Model = Record<string, ModelFile>;

function applyNaively(model: Model, write: DeviceWrite): void {
  switch (write.op) {
    case 'append': {
      const file = (model[write.path] ??= { bytes: bytes(), sizeBytes: 0 });
      const longer = new Uint8Array(file.bytes.length + write.bytes.length);
      longer.set(file.bytes);
      longer.set(write.bytes, file.bytes.length);
      file.bytes = longer;
      file.sizeBytes = Math.max(file.sizeBytes, longer.length);
      return;
    }
    case 'put':
      model[write.path] = { bytes: write.bytes.slice(), sizeBytes: write.bytes.length };
      return;
    case 'resize': {
      const file = (model[write.path] ??= { bytes: bytes(), sizeBytes: 0 });
      file.bytes = file.bytes.slice(0, write.sizeBytes);
      file.sizeBytes = write.sizeBytes;
      return;
    }
    case 'rename': {
      const file = model[write.from];
      if (file === undefined || write.from === write.to) return;
      delete model[write.from];
      model[write.to] = file;
      return;
    }
    case 'delete':
      delete model[write.path];
  }
}

/** Writes with their content as a length and a first byte, so that a counterexample can be read. */
type DrawnWrite =
  | { readonly op: 'append' | 'put'; readonly path: string; readonly lengthBytes: number; readonly firstByte: number }
  | Exclude<DeviceWrite, { op: 'append' | 'put' }>;

function realWrite(write: DrawnWrite): DeviceWrite {
  if (!('lengthBytes' in write)) return write;
  return { op: write.op, path: write.path, bytes: Uint8Array.from({ length: write.lengthBytes }, (_, i) => (write.firstByte + i * 7 + (i >> 8)) & 255) };
}

/** Mostly small, now and then across the bounds of an extent. */
function writeArbitrary(): fc.Arbitrary<DrawnWrite> {
  const path = fc.constantFrom('a', 'orders-0/00000000000000000000.log', 'orders-0/00000000000000000000.index', 'z');
  const lengthBytes = fc.oneof({ weight: 6, arbitrary: fc.nat(300) }, { weight: 1, arbitrary: fc.constantFrom(0, 40_000, 65_535, 65_536, 65_537, 140_000) });
  const firstByte = fc.nat(255);
  return fc.oneof(
    { weight: 5, arbitrary: fc.record({ op: fc.constant('append' as const), path, lengthBytes, firstByte }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('put' as const), path, lengthBytes, firstByte }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constant('resize' as const), path, sizeBytes: fc.oneof(fc.nat(400), fc.constantFrom(65_536, 100_000, 10_485_760)) }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('rename' as const), from: path, to: path }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('delete' as const), path }) },
  );
}

function expectSame(image: DeviceImage, model: Model): void {
  expect(image.files.map(({ path, sizeBytes }) => ({ path, sizeBytes }))).toEqual(Object.keys(model).toSorted().map((path) => ({ path, sizeBytes: model[path]?.sizeBytes })));
  for (const file of image.files) expect(bytesEqual(file.bytes, model[file.path]?.bytes ?? bytes()), `the content of ${file.path}`).toBe(true);
}

function batch(flushSequence: number, writes: readonly DeviceWrite[]): DeviceBatch {
  return { writes, flushSequence, atUs: flushSequence * 1000, durability: flushSequence % 2 === 0 ? 'strict' : 'relaxed' };
}

function plain(image: DeviceImage): Record<string, { bytes: number[]; sizeBytes: number }> {
  const files: Record<string, { bytes: number[]; sizeBytes: number }> = {};
  for (const file of image.files) files[file.path] = { bytes: Array.from(file.bytes), sizeBytes: file.sizeBytes };
  return files;
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function missing(): never {
  throw new Error('expected an image');
}
