import { describe, expect, test } from 'vitest';
import { readFile } from '../kernel/files.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import type { DiskCommand } from './contract.ts';
import { firstFailure } from './disk-failures.ts';
import { onDiskCommand } from './disk-faults.ts';
import { reckonedDirtyBytes, TestMachineDisk } from './disk.test-support.ts';

const PAGE = 4096;
const append = (path: string, sizeBytes: number): DiskEffect => ({ type: 'append', path, bytes: new Uint8Array(sizeBytes) });
const flush = (path: string, operation = 1): DiskEffect => ({ type: 'flush', owner: 'me', operation, path });
const command = (disk: TestMachineDisk, what: DiskCommand): void => disk.step((draft) => onDiskCommand(draft, what));

/** A log with one page and a bit on the device. */
function withLog(sizeBytes = PAGE + 100): TestMachineDisk {
  const disk = new TestMachineDisk();
  disk.perform(append('data1/log', sizeBytes), flush('data1/log'));
  disk.wait(1_000_000);
  return disk;
}

describe('a full disk', () => {
  test('[R14] refuses what does not fit, in the order of the calls; what is deleted or cut makes room', () => {
    const disk = withLog();
    command(disk, { type: 'fillDisk', freeBytes: 100 });
    const failure = (...effects: DiskEffect[]): unknown => firstFailure(disk.disk, effects);
    expect(failure(append('a', 60), append('b', 41))).toEqual({ path: 'b', error: 'ENOSPC' });
    expect(failure(append('a', 60), append('b', 40), flush('b'))).toBeNull();
    expect(failure({ type: 'resize', path: 'data1/log', sizeBytes: PAGE }, append('a', 200))).toBeNull();
    expect(failure({ type: 'delete', path: 'data1/log' }, append('a', PAGE + 200))).toBeNull();
    // Holes take no room: Kafka preallocates its indexes.
    expect(failure({ type: 'resize', path: 'index', sizeBytes: 10_485_760 })).toBeNull();
    disk.perform(append('a', 100));
    expect(failure(append('a', 1))).toEqual({ path: 'a', error: 'ENOSPC' });
    command(disk, { type: 'fillDisk', freeBytes: null });
    expect(disk.disk.faults).toBeNull();
  });

  test('[R15] what a power cut loses is free again', () => {
    const disk = new TestMachineDisk();
    command(disk, { type: 'fillDisk', freeBytes: 1000 });
    disk.perform(append('never-flushed', 600));
    expect(disk.disk.faults?.freeBytes).toBe(400);
    disk.cutPower({ exactDevice: disk.disk.flushSequence });
    expect(disk.disk.faults?.freeBytes).toBe(1000);
  });
});

describe('a disk that fails', () => {
  test('[R14] answers every call under the dir with EIO, a flush under way too, and writes nothing back until it is healed', () => {
    const disk = withLog();
    disk.perform(append('data1/log', 50), append('data2/log', 50));
    disk.perform(flush('data1/log', 8));
    command(disk, { type: 'failDisk', dir: 'data1', fails: true });
    expect(firstFailure(disk.disk, [append('data2/log', 1)])).toBeNull();
    expect(firstFailure(disk.disk, [flush('data1/log')])).toEqual({ path: 'data1/log', error: 'EIO' });
    // What is in the page cache can still be read.
    const read: DiskEffect = { type: 'read', path: 'data1/log', position: 0, sizeBytes: 10, by: 'sendfile' };
    expect(firstFailure(disk.disk, [read])).toBeNull();
    disk.wait(20_000_000);
    expect([mapGet(disk.disk.device, 'data1/log')?.dataEnd, mapGet(disk.disk.device, 'data2/log')?.dataEnd]).toEqual([PAGE + 100, 50]);
    command(disk, { type: 'failDisk', dir: 'data1', fails: false });
    disk.wait(40_000_000);
    expect(mapGet(disk.disk.device, 'data1/log')?.dataEnd).toBe(PAGE + 150);
  });
});

describe('bit rot', () => {
  test('[R13] flips one bit on the device, drops the page, and makes nothing dirty', () => {
    const disk = withLog();
    disk.perform(append('data1/log', 10));
    command(disk, { type: 'corruptPage', path: 'data1/log', page: 0, byte: 7 });
    const bytes = readFile(disk.disk.device, 'data1/log') ?? new Uint8Array();
    expect(bytes.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0)).toBe(1);
    expect(bytes[7]).not.toBe(0);
    expect(disk.disk.dirtyBytes).toBe(10);
    expect(disk.disk.dirtyBytes).toBe(reckonedDirtyBytes(disk.disk));
    expect(disk.perform({ type: 'read', path: 'data1/log', position: 0, sizeBytes: 10, by: 'read' })).toBeGreaterThan(0);
    disk.wait(9_000_000);
    expect(mapGet(disk.disk.device, 'data1/log')?.dataEnd).toBe(PAGE + 110);
  });

  test('[R13] a flush that was under way keeps its promise', () => {
    const disk = withLog();
    disk.perform(append('data1/log', 3 * PAGE), flush('data1/log', 9));
    command(disk, { type: 'corruptPage', path: 'data1/log', page: 0, byte: 0 });
    disk.wait(1_900_000);
    expect(disk.flushed).toContain(9);
    disk.cutPower({ exactDevice: disk.disk.flushSequence });
    expect(mapGet(disk.disk.device, 'data1/log')?.dataEnd).toBe(4 * PAGE + 100);
  });

  test('[R13] a dirty page cannot rot; rot goes with its file and is gone with its bytes', () => {
    const disk = withLog();
    disk.perform(append('data1/log', 10));
    command(disk, { type: 'corruptPage', path: 'data1/log', page: 1, byte: 0 });
    expect(disk.disk.faults).toBeNull();
    command(disk, { type: 'corruptPage', path: 'data1/log', page: 0, byte: 5 });
    disk.perform({ type: 'rename', from: 'data1/log', to: 'data1/old' });
    expect(mapGet(disk.disk.faults?.rot as never, 'data1/old')).toMatchObject([{ position: 5 }]);
    disk.perform({ type: 'resize', path: 'data1/old', sizeBytes: 5 });
    expect(disk.disk.faults).toBeNull();
  });
});

describe('a slow disk', () => {
  test('[R15] takes so many times as long', () => {
    const disk = new TestMachineDisk();
    command(disk, { type: 'slowDisk', factor: 10 });
    disk.perform(append('log', 1000), flush('log', 3));
    disk.wait(14_999);
    expect(disk.flushed).toEqual([]);
    disk.wait(15_000);
    expect(disk.flushed).toEqual([3]);
  });
});
