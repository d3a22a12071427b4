import fc from 'fast-check';
import { assert } from '../../engine/kernel/assert.ts';
import { bytesEqual } from '../../engine/kernel/bytes.ts';
import { StorageError, type DeviceBatch, type DeviceImage, type DeviceStore, type DeviceWrite } from './contract.ts';

/** One kind of disk under test. Each `open` of a name finds what earlier ones of that name left. */
export interface DiskHarness {
  open(name: string): Promise<DeviceStore>;
  /** Starts the commit and lets the storage fail at write number `at` of it; true when there were that many. */
  commitFailing?(disk: DeviceStore, batch: DeviceBatch, at: number): Promise<boolean>;
}

export interface DiskCase {
  readonly title: string;
  /** Rejects when the rule does not hold. `fresh` gives a name that was not used before. */
  run(harness: DiskHarness, fresh: () => string): Promise<void>;
}

/** Every rule of the `DeviceStore` port, for any disk behind it; bound to no test runner, so that it runs in a browser too. */
export const DISK_CASES: readonly DiskCase[] = [
  {
    title: '[R1] a new device is empty, at flush 0',
    async run(harness, fresh) {
      const disk = await harness.open(fresh());
      same(await disk.position(), { flushSequence: 0, atUs: 0 });
      same(await disk.load(), { files: [], flushSequence: 0, atUs: 0 });
      await disk.close();
    },
  },
  {
    title: '[R1] what was committed is there after reopening, files sorted by path',
    async run(harness, fresh) {
      const name = fresh();
      const disk = await harness.open(name);
      await disk.commit(
        batch(3, [
          { op: 'append', path: 'b', bytes: bytes(1, 2) },
          { op: 'put', path: 'a/log', bytes: bytes(9) },
          { op: 'append', path: 'b', bytes: bytes(3) },
          { op: 'resize', path: 'b', sizeBytes: 4096 },
        ]),
      );
      await disk.close();
      const again = await harness.open(name);
      same(await again.position(), { flushSequence: 3, atUs: 3000 });
      const image = await again.load();
      same([image.flushSequence, image.atUs], [3, 3000]);
      same(plain(image), { 'a/log': { bytes: [9], sizeBytes: 1 }, b: { bytes: [1, 2, 3], sizeBytes: 4096 } });
      same(
        image.files.map((file) => file.path),
        ['a/log', 'b'],
      );
      await again.close();
    },
  },
  {
    title: '[R2] zeros behind the data are a size, and cutting below the data cuts them',
    async run(harness, fresh) {
      const disk = await harness.open(fresh());
      await disk.commit(
        batch(1, [
          { op: 'append', path: 'index', bytes: bytes(1, 2, 3, 4) },
          { op: 'resize', path: 'index', sizeBytes: 10_485_760 },
        ]),
      );
      await disk.commit(batch(2, [{ op: 'append', path: 'index', bytes: bytes(5) }]));
      same(plain(await disk.load()), { index: { bytes: [1, 2, 3, 4, 5], sizeBytes: 10_485_760 } });
      await disk.commit(batch(3, [{ op: 'resize', path: 'index', sizeBytes: 2 }]));
      await disk.commit(batch(4, [{ op: 'append', path: 'index', bytes: bytes(7) }]));
      same(plain(await disk.load()), { index: { bytes: [1, 2, 7], sizeBytes: 3 } });
      await disk.commit(batch(5, [{ op: 'resize', path: 'index', sizeBytes: 0 }]));
      await disk.commit(batch(6, [{ op: 'append', path: 'index', bytes: bytes(9) }]));
      same(plain(await disk.load()), { index: { bytes: [9], sizeBytes: 1 } });
      await disk.close();
    },
  },
  {
    title: '[R3] a rename replaces, and of a missing path does nothing',
    async run(harness, fresh) {
      const disk = await harness.open(fresh());
      await disk.commit(
        batch(1, [
          { op: 'put', path: 'checkpoint', bytes: bytes(1) },
          { op: 'put', path: 'checkpoint.tmp', bytes: bytes(2, 2) },
          { op: 'rename', from: 'checkpoint.tmp', to: 'checkpoint' },
        ]),
      );
      await disk.commit(
        batch(2, [
          { op: 'rename', from: 'nowhere', to: 'checkpoint' },
          { op: 'delete', path: 'nowhere' },
        ]),
      );
      same(plain(await disk.load()), { checkpoint: { bytes: [2, 2], sizeBytes: 2 } });
      await disk.close();
    },
  },
  {
    title: '[R4] only the latest image can be had again',
    async run(harness, fresh) {
      const disk = await harness.open(fresh());
      await disk.commit(batch(5, [{ op: 'put', path: 'f', bytes: bytes(5) }]));
      await disk.commit(batch(8, [{ op: 'put', path: 'f', bytes: bytes(8) }]));
      same(await disk.imageAt(5), null);
      const latest = await disk.imageAt(8);
      same(latest === null ? null : plain(latest), { f: { bytes: [8], sizeBytes: 1 } });
      await disk.close();
    },
  },
  {
    title: '[R5] a closed disk refuses, with a StorageError',
    async run(harness, fresh) {
      const disk = await harness.open(fresh());
      await disk.close();
      same(await refusal(disk.commit(batch(1, []))), { name: 'StorageError', kind: 'lost' });
      same(await refusal(disk.load()), { name: 'StorageError', kind: 'lost' });
    },
  },
  {
    title: '[R5] a destroyed disk is empty when it is opened again',
    async run(harness, fresh) {
      const name = fresh();
      const disk = await harness.open(name);
      await disk.commit(batch(1, [{ op: 'put', path: 'f', bytes: bytes(5) }]));
      await disk.destroy();
      const again = await harness.open(name);
      same(plain(await again.load()), {});
      await again.close();
    },
  },
  {
    title: '[R6] commits that were not waited for take effect in order',
    async run(harness, fresh) {
      const disk = await harness.open(fresh());
      await Promise.all([0, 1, 2, 3, 4, 5].map((n) => disk.commit(batch(n + 1, [{ op: 'append', path: 'log', bytes: bytes(n) }]))));
      same(plain(await disk.load()), { log: { bytes: [0, 1, 2, 3, 4, 5], sizeBytes: 6 } });
      await disk.close();
    },
  },
  {
    title: '[R6] the caller may reuse its bytes once the commit is done',
    async run(harness, fresh) {
      const disk = await harness.open(fresh());
      const reused = bytes(1, 2, 3);
      await disk.commit(batch(1, [{ op: 'append', path: 'log', bytes: reused }]));
      reused.fill(0);
      same(plain(await disk.load()), { log: { bytes: [1, 2, 3], sizeBytes: 3 } });
      await disk.close();
    },
  },
  {
    title: '[R7] any sequence of batches gives what a naive model gives, across reopening',
    async run(harness, fresh) {
      const step = fc.record({ writes: fc.array(writeArbitrary(), { maxLength: 8 }), reopen: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) => followModel(harness, fresh(), steps)),
        { numRuns: 40 },
      );
    },
  },
  {
    title: '[R8] a batch that fails half way leaves the device as it was',
    async run(harness, fresh) {
      if (harness.commitFailing === undefined) return;
      let failures = 0;
      while (await failsAt(harness, fresh(), failures)) failures += 1;
      assert(failures > 3, `more than 3 writes in a batch, got ${failures}`);
    },
  },
];

async function followModel(
  harness: DiskHarness,
  name: string,
  steps: readonly { readonly writes: readonly DrawnWrite[]; readonly reopen: boolean }[],
): Promise<void> {
  let disk = await harness.open(name);
  const model: Model = {};
  for (const [n, { writes, reopen }] of steps.entries()) {
    const real = writes.map(realWrite);
    await disk.commit(batch(n + 1, real));
    for (const write of real) applyNaively(model, write);
    if (!reopen) continue;
    await disk.close();
    disk = await harness.open(name);
  }
  demandSame(await disk.load(), model);
  await disk.destroy();
}

/** Whether the second batch has a write of that number; if so it fails there and must leave no trace. */
async function failsAt(harness: DiskHarness, name: string, at: number): Promise<boolean> {
  const first: DeviceWrite[] = [
    { op: 'append', path: 'log', bytes: bytes(1, 2) },
    { op: 'put', path: 'index', bytes: bytes(3) },
  ];
  const second: DeviceWrite[] = [
    { op: 'append', path: 'log', bytes: bytes(4, 5, 6) },
    { op: 'delete', path: 'index' },
    { op: 'put', path: 'other', bytes: bytes(7) },
  ];
  const disk = await harness.open(name);
  await disk.commit(batch(1, first));
  const failed = (await harness.commitFailing?.(disk, batch(2, second), at)) ?? false;
  await disk.close();
  const again = await harness.open(name);
  const image = await again.load();
  await again.close();
  same(image.flushSequence, failed ? 1 : 2);
  if (failed) same(plain(image), { index: { bytes: [3], sizeBytes: 1 }, log: { bytes: [1, 2], sizeBytes: 2 } });
  return failed;
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
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constant('resize' as const), path, sizeBytes: fc.oneof(fc.nat(400), fc.constantFrom(65_536, 100_000, 10_485_760)) }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('rename' as const), from: path, to: path }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant('delete' as const), path }) },
  );
}

function demandSame(image: DeviceImage, model: Model): void {
  same(
    image.files.map(({ path, sizeBytes }) => ({ path, sizeBytes })),
    Object.keys(model)
      .toSorted()
      .map((path) => ({ path, sizeBytes: model[path]?.sizeBytes })),
  );
  for (const file of image.files) assert(bytesEqual(file.bytes, model[file.path]?.bytes ?? bytes()), `the bytes written to ${file.path}`);
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

/** Plain values, objects with their fields in the same order. */
function same(actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  assert(got === wanted, `${wanted}, got ${got}`);
}

async function refusal(call: Promise<unknown>): Promise<{ name: string; kind: string } | null> {
  try {
    await call;
    return null;
  } catch (error) {
    return error instanceof StorageError ? { name: error.name, kind: error.problem.kind } : { name: String(error), kind: '' };
  }
}
