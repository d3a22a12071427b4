import { describe, expect, test } from 'vitest';
import type { DeviceWrite } from './contract.ts';
import { EMPTY_TABLE, EXTENT_BYTES, pieceLength, planBatch, type InodeTable } from './extent-plan.ts';

describe('planning a batch', () => {
  test('[R11] appending a megabyte in small pieces stores a small multiple of it', () => {
    let table = EMPTY_TABLE;
    let storedBytes = 0;
    for (let written = 0; written < 1_048_576; written += 128) {
      const plan = planBatch(table, [append(128)]);
      for (const { pieces } of plan.newExtents) storedBytes += pieces.reduce((sum, piece) => sum + pieceLength(piece), 0);
      table = plan.table;
    }
    expect(storedBytes).toBeLessThan(1_048_576 * 12);
    expect(extentLengths(table).every((length) => length <= EXTENT_BYTES)).toBe(true);
    expect(extentLengths(table).length).toBeLessThan(32);
  });

  test('[R11] one small append to a large file touches no more than its own bytes and as many again', () => {
    const { table } = planBatch(EMPTY_TABLE, [append(1_000_000)]);
    const plan = planBatch(table, [append(100)]);
    expect(plan.newExtents.map(({ pieces }) => pieces.map(pieceLength))).toEqual([[100]]);
    expect(plan.droppedExtents).toEqual([]);
  });

  test('[R11] what a batch writes and replaces again is never stored', () => {
    const plan = planBatch(EMPTY_TABLE, [
      append(50),
      { op: 'put', path: 'log', bytes: new Uint8Array(10) },
      append(70),
      { op: 'rename', from: 'log', to: 'log.deleted' },
      { op: 'delete', path: 'log.deleted' },
    ]);
    expect(plan.newExtents).toEqual([]);
    expect(plan.droppedExtents).toEqual([]);
    expect(plan.changedPaths).toEqual([]);
    expect(plan.removedPaths).toEqual([]);
  });

  test('[R11] every stored extent is named by exactly one file, or dropped', () => {
    let table = EMPTY_TABLE;
    const stored = new Set<number>();
    const batches: DeviceWrite[][] = [
      [append(100), append(200)],
      [append(5)],
      [{ op: 'resize', path: 'log', sizeBytes: 150 }],
      [append(80_000)],
      [{ op: 'rename', from: 'log', to: 'old' }, append(4)],
      [{ op: 'delete', path: 'old' }],
    ];
    for (const writes of batches) {
      const plan = planBatch(table, writes);
      table = plan.table;
      for (const { id } of plan.newExtents) stored.add(id);
      for (const id of plan.droppedExtents) expect(stored.delete(id)).toBe(true);
      const named = [...table.inodes.values()].flatMap((inode) => inode.extents.map((extent) => extent.id));
      expect(named.toSorted((a, b) => a - b)).toEqual([...stored].toSorted((a, b) => a - b));
    }
  });

  test('[R11] a table that was planned from does not change', () => {
    const { table } = planBatch(EMPTY_TABLE, [append(100)]);
    const before = structuredClone(table);
    planBatch(table, [append(1), { op: 'delete', path: 'log' }]);
    expect(table).toEqual(before);
  });
});

function append(length: number): DeviceWrite {
  return { op: 'append', path: 'log', bytes: new Uint8Array(length) };
}

function extentLengths(table: InodeTable): number[] {
  return table.inodes.get('log')?.extents.map((extent) => extent.lengthBytes) ?? [];
}
