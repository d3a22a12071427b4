import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listPaths, readFile, type FileTree } from '../kernel/files.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import { reckonedDirtyBytes, TEST_DISK_PROFILE, TestMachineDisk } from './disk.test-support.ts';

const PAGE = 4096;
const append = (path: string, sizeBytes: number, fill = 1): DiskEffect => ({ type: 'append', path, bytes: new Uint8Array(sizeBytes).fill(fill) });
const flush = (path: string, operation = 1): DiskEffect => ({ type: 'flush', owner: 'me', operation, path });
const read = (path: string, position: number, sizeBytes: number, by: 'sendfile' | 'read' = 'sendfile'): DiskEffect => ({
  type: 'read',
  path,
  position,
  sizeBytes,
  by,
});
const onDevice = (disk: TestMachineDisk, path: string): number => mapGet(disk.disk.device, path)?.dataEnd ?? -1;

describe('write-back', () => {
  test('[R10] by age: what was dirty for dirty_expire_centisecs goes out at the next wake-up, not before', () => {
    const disk = new TestMachineDisk();
    disk.perform(append('log', 1000));
    disk.wait(1_500_000);
    disk.perform(append('late', 1000));
    disk.wait(2_999_999);
    expect([onDevice(disk, 'log'), onDevice(disk, 'late')]).toEqual([0, 0]);
    disk.wait(3_500_000);
    expect([onDevice(disk, 'log'), onDevice(disk, 'late')]).toEqual([1000, 0]);
    disk.wait(9_000_000);
    expect(onDevice(disk, 'late')).toBe(1000);
    expect(disk.disk.dirtyBytes).toBe(0);
    expect(disk.disk.counters.writtenBackBytes).toBe(2000);
  });

  test('[R10] by amount: above dirty_background_bytes the oldest files go out at once, until no more than that is dirty', () => {
    const disk = new TestMachineDisk();
    disk.perform(append('a', 12_000));
    disk.wait(10);
    disk.perform(append('b', 8000));
    expect(disk.disk.writingBack).toEqual([]);
    disk.wait(20);
    disk.perform(append('c', 1000));
    expect(disk.disk.writingBack.map((one) => one.path)).toEqual(['a']);
    disk.wait(20 + 12_000);
    expect([onDevice(disk, 'a'), onDevice(disk, 'b'), disk.disk.dirtyBytes]).toEqual([12_000, 0, 9000]);
  });

  test('[R10] above dirty_bytes the writer waits until the device has written the excess', () => {
    const disk = new TestMachineDisk();
    expect(disk.perform(append('a', 30_000))).toBe(0);
    expect(disk.perform(append('a', 15_000))).toBe(5000);
    expect(disk.disk.counters.throttledUs).toBe(5000);
  });

  test('[R10] what is written while write-back is under way stays dirty; a file renamed meanwhile is left for the next time', () => {
    const disk = new TestMachineDisk();
    disk.perform(append('a', 9000), append('b', 10_000));
    disk.wait(3_000_000);
    expect(disk.disk.writingBack.length).toBe(2);
    disk.perform(append('a', 500, 2), { type: 'rename', from: 'b', to: 'c' });
    disk.wait(3_900_000);
    expect([onDevice(disk, 'a'), onDevice(disk, 'c')]).toEqual([9000, -1]);
    expect(disk.disk.dirtyBytes).toBe(10_500);
    disk.wait(9_000_000);
    expect([onDevice(disk, 'a'), onDevice(disk, 'c')]).toEqual([9500, 10_000]);
  });

  test('[R10] a flush behind write-back waits for the device', () => {
    const disk = new TestMachineDisk();
    disk.perform(append('a', 25_000), append('b', 1000));
    disk.perform(flush('b', 7));
    disk.wait(25_000);
    expect(disk.flushed).toEqual([]);
    disk.wait(25_000 + 1000 + TEST_DISK_PROFILE.deviceFlushUs);
    expect(disk.flushed).toEqual([7]);
    expect(disk.disk.counters.flushedBytes).toBe(1000);
  });
});

describe('reads', () => {
  const coldDisk = (sizeBytes: number): TestMachineDisk => {
    const disk = new TestMachineDisk();
    disk.perform(append('log', sizeBytes), flush('log'));
    disk.wait(1_000_000);
    disk.cutPower();
    return disk;
  };

  test('[R11] what was written since power came on is read from the page cache and costs no time; sendfile is counted as such', () => {
    const disk = new TestMachineDisk();
    disk.perform(append('log', 9000));
    expect(disk.perform(read('log', 0, 5000), read('log', 5000, 4000, 'read'))).toBe(0);
    expect(disk.disk.counters).toMatchObject({ cacheReadBytes: 9000, deviceReadBytes: 0, sendfileBytes: 5000, randomReadCount: 0 });
  });

  test('[R11] after a power cut a first read seeks; the next one goes on behind the read-ahead without a seek', () => {
    const disk = coldDisk(40 * PAGE);
    expect(disk.perform(read('log', 0, PAGE))).toBe(10_000 + Math.ceil((5 * PAGE * 1_000_000) / 1_000_000));
    disk.wait(2_000_000);
    // The four pages behind the first were read ahead.
    expect(disk.perform(read('log', PAGE, 4 * PAGE))).toBe(0);
    expect(disk.disk.counters).toMatchObject({ cacheReadBytes: 4 * PAGE, deviceReadBytes: PAGE, randomReadCount: 1, sequentialReadCount: 0 });
    expect(disk.perform(read('log', 5 * PAGE, PAGE))).toBe(9 * PAGE);
    expect(disk.disk.counters).toMatchObject({ randomReadCount: 1, sequentialReadCount: 1 });
    disk.wait(3_000_000);
    expect(disk.perform(read('log', 30 * PAGE, 10))).toBeGreaterThan(10_000);
    expect(disk.disk.counters).toMatchObject({ randomReadCount: 2, sequentialReadCount: 1 });
  });

  test('[R11] a file read to its end is warm again, also under another name; what is appended was never cold', () => {
    const disk = coldDisk(3 * PAGE);
    disk.perform(append('log', 2 * PAGE), { type: 'rename', from: 'log', to: 'old' });
    expect(disk.perform(read('old', 3 * PAGE, 2 * PAGE))).toBe(0);
    expect(disk.perform(read('old', 0, 3 * PAGE))).toBeGreaterThan(0);
    expect(disk.disk.coldPages.ranges.size).toBe(0);
    expect(disk.perform(read('old', 0, 5 * PAGE))).toBe(0);
  });
});

describe('a power cut', () => {
  test('[R5] asked for a torn page, it leaves one of each dirty file whose name is on the device', () => {
    const disk = new TestMachineDisk();
    disk.perform(append('log', 2 * PAGE), flush('log'));
    disk.wait(1_000_000);
    disk.perform(append('log', 3 * PAGE, 2));
    disk.cutPower({ torn: true });
    const end = onDevice(disk, 'log');
    expect(end).toBeGreaterThanOrEqual(2 * PAGE);
    expect(end).toBeLessThan(5 * PAGE);
    expect(end === 2 * PAGE || end % PAGE !== 0).toBe(true);
  });
});

/** Any operation on a handful of names. */
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('append' as const), path: fc.nat(3), size: fc.integer({ min: 0, max: 3 * PAGE }) }) },
  fc.record({ op: fc.constant('replace' as const), path: fc.nat(3), size: fc.integer({ min: 0, max: 2 * PAGE }) }),
  fc.record({ op: fc.constant('resize' as const), path: fc.nat(3), size: fc.integer({ min: 0, max: 4 * PAGE }) }),
  fc.record({ op: fc.constant('rename' as const), path: fc.nat(3), size: fc.nat(3) }),
  fc.record({ op: fc.constant('delete' as const), path: fc.nat(3), size: fc.constant(0) }),
  { weight: 2, arbitrary: fc.record({ op: fc.constant('flush' as const), path: fc.nat(3), size: fc.constant(0) }) },
  fc.record({ op: fc.constant('read' as const), path: fc.nat(3), size: fc.nat(8 * PAGE) }),
  { weight: 3, arbitrary: fc.record({ op: fc.constant('wait' as const), path: fc.constant(0), size: fc.nat(1_500_000) }) },
);
type Operation = {
  readonly op: 'append' | 'replace' | 'resize' | 'rename' | 'delete' | 'flush' | 'read' | 'wait';
  readonly path: number;
  readonly size: number;
};

/** What the disk was told and what it promised. */
class Watcher {
  readonly disk: TestMachineDisk;
  /** Every content that a file ever had, whole. */
  readonly contents = new Set<string>();
  /** The names there were after each change of names. */
  readonly namesAfter: string[] = [''];
  /** Path to what was flushed there, until something other than an append happens to it. */
  readonly promised = new Map<string, Uint8Array>();
  private readonly asked = new Map<number, { path: string; bytes: Uint8Array }>();
  private fill = 0;
  private flushCount = 0;

  constructor(seed: number) {
    this.disk = new TestMachineDisk(seed);
  }

  act({ op, path: index, size }: Operation): void {
    const path = `f${index}`;
    const to = `f${size}`;
    if (op === 'wait') this.disk.wait(this.disk.nowUs + size);
    else if (op === 'flush') this.ask(path);
    else this.disk.perform(this.effectOf(op, path, size));
    for (const done of this.disk.flushed.splice(0)) this.keepPromise(done);
    if (op === 'replace' || op === 'resize' || op === 'rename' || op === 'delete') this.forget(path);
    if (op === 'rename') this.forget(to);
    for (const name of listPaths(this.disk.disk.cache)) this.contents.add(textOf(this.disk.disk.cache, name));
    this.namesAfter.push(listPaths(this.disk.disk.cache).join());
  }

  private effectOf(op: 'append' | 'replace' | 'resize' | 'rename' | 'delete' | 'read', path: string, size: number): DiskEffect {
    this.fill = (this.fill + 1) % 256;
    switch (op) {
      case 'append':
      case 'replace':
        return { type: op, path, bytes: new Uint8Array(size).fill(this.fill) };
      case 'resize':
        return { type: 'resize', path, sizeBytes: size };
      case 'rename':
        return path === `f${size}` ? read(path, 0, 0) : { type: 'rename', from: path, to: `f${size}` };
      case 'delete':
        return { type: 'delete', path };
      case 'read':
        return read(path, 0, size);
    }
  }

  private ask(path: string): void {
    const bytes = readFile(this.disk.disk.cache, path);
    this.flushCount += 1;
    if (bytes !== null) this.asked.set(this.flushCount, { path, bytes });
    this.disk.perform(flush(path, this.flushCount));
  }

  private keepPromise(operationNumber: number): void {
    const asked = this.asked.get(operationNumber);
    if (asked !== undefined) this.promised.set(asked.path, asked.bytes);
  }

  private forget(path: string): void {
    this.promised.delete(path);
    for (const [number, asked] of this.asked) if (asked.path === path) this.asked.delete(number);
  }
}

function textOf(files: FileTree, path: string): string {
  return String.fromCharCode(...(readFile(files, path) ?? []));
}

describe('any operations', () => {
  test('[R12] dirty bytes are what the device lacks, and rest at none', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), fc.nat(), (operations, seed) => {
        const watcher = new Watcher(seed);
        for (const one of operations) {
          watcher.act(one);
          expect(watcher.disk.disk.dirtyBytes).toBe(reckonedDirtyBytes(watcher.disk.disk));
        }
        watcher.disk.wait(watcher.disk.nowUs + 20_000_000);
        expect(watcher.disk.disk.dirtyBytes).toBe(0);
        expect(listPaths(watcher.disk.disk.device)).toEqual(listPaths(watcher.disk.disk.cache));
        for (const path of listPaths(watcher.disk.disk.cache)) expect(textOf(watcher.disk.disk.device, path)).toBe(textOf(watcher.disk.disk.cache, path));
      }),
      { numRuns: 150 },
    );
  });

  test('[R5] [R6] a power cut at any moment loses nothing that was flushed, keeps names of one moment and prefixes of what files held', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), fc.nat(), fc.boolean(), (operations, seed, torn) => {
        const watcher = new Watcher(seed);
        for (const one of operations) watcher.act(one);
        watcher.disk.cutPower({ torn });
        const { device, cache } = watcher.disk.disk;
        expect(cache).toBe(device);
        expect(watcher.namesAfter).toContain(listPaths(device).join());
        for (const path of listPaths(device)) {
          const text = textOf(device, path);
          expect([...watcher.contents].some((content) => content.startsWith(text))).toBe(true);
        }
        for (const [path, bytes] of watcher.promised) expect(textOf(device, path).startsWith(String.fromCharCode(...bytes))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });
});
