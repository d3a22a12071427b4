import { describe, expect, test } from 'vitest';
import type { DeviceWrite } from './contract.ts';
import { acceptPlan, emptyInodeTable, EXTENT_BYTES, planBatch, type BatchPlan, type InodeTable } from './row-plan.ts';

function append(length: number, path = 'log'): DeviceWrite {
  return { op: 'append', path, bytes: new Uint8Array(length) };
}

function commit(table: InodeTable, ...writes: DeviceWrite[]): BatchPlan {
  const plan = planBatch(table, writes);
  acceptPlan(table, plan);
  return plan;
}

function rows(plan: BatchPlan): [number, number, number][] {
  return plan.extents.map(({ ino, start, bytes }) => [ino, start, bytes.length]);
}

describe('planning a batch', () => {
  test('[R11] a write is one row behind those that are there; the entry of the file stays as it is', () => {
    const table = emptyInodeTable();
    commit(table, append(1_000_000));
    const plan = commit(table, append(100));
    expect(rows(plan)).toEqual([[1, 1_000_000, 100]]);
    expect([plan.cuts, plan.droppedInos, plan.entries]).toEqual([[], [], []]);
  });

  test('[R11] writes of one batch behind one another share rows, of at most 64 KiB each', () => {
    const table = emptyInodeTable();
    expect(rows(commit(table, append(10), append(20), append(100, 'other'), append(30)))).toEqual([
      [1, 0, 60],
      [2, 0, 100],
    ]);
    expect(rows(commit(table, append(EXTENT_BYTES - 1), append(10)))).toEqual([
      [1, 60, EXTENT_BYTES],
      [1, 60 + EXTENT_BYTES, 9],
    ]);
  });

  test('[R11] rows are buffers of their own, however large the one they were cut from', () => {
    const large = new Uint8Array(1_000_000);
    const plan = planBatch(emptyInodeTable(), [{ op: 'append', path: 'log', bytes: large.subarray(5, 25) }]);
    expect(plan.extents.map(({ bytes }) => bytes.buffer.byteLength)).toEqual([20]);
  });

  test('[R11] what a batch writes and replaces again is never stored', () => {
    const plan = planBatch(emptyInodeTable(), [
      append(50),
      { op: 'put', path: 'log', bytes: new Uint8Array(10) },
      append(70),
      { op: 'rename', from: 'log', to: 'log.deleted' },
      { op: 'delete', path: 'log.deleted' },
    ]);
    expect([plan.extents, plan.droppedInos, plan.cuts, plan.entries, plan.dataBytes]).toEqual([[], [], [], [], 0]);
  });

  test('[R11] a cut keeps what is stored below it, and bytes of the same batch never were', () => {
    const table = emptyInodeTable();
    commit(table, append(100));
    const plan = commit(table, append(50), { op: 'resize', path: 'log', sizeBytes: 120 }, { op: 'resize', path: 'log', sizeBytes: 40 }, append(7));
    expect([plan.cuts, rows(plan), plan.dataBytes]).toEqual([[{ ino: 1, end: 40 }], [[1, 40, 7]], 47]);
    expect(rows(commit(table, append(50), { op: 'resize', path: 'log', sizeBytes: 60 }))).toEqual([[1, 47, 13]]);
  });

  test('[R11] a replaced, renamed-over or deleted file gives up all its rows; a rename moves none', () => {
    const table = emptyInodeTable();
    commit(table, append(10, 'a'), append(20, 'b'), append(30, 'c'));
    expect(commit(table, { op: 'rename', from: 'a', to: 'b' })).toMatchObject({ droppedInos: [2], extents: [] });
    expect(commit(table, { op: 'put', path: 'b', bytes: new Uint8Array(1) })).toMatchObject({ droppedInos: [1] });
    expect(commit(table, { op: 'delete', path: 'c' })).toMatchObject({ droppedInos: [3], entries: [{ path: 'c', inode: null }] });
    expect([...table.inodes.keys(), table.dataBytes]).toEqual(['b', 1]);
  });

  test('[R11] a table that was planned from does not change until the plan is accepted', () => {
    const table = emptyInodeTable();
    commit(table, append(100));
    const before = structuredClone(table);
    planBatch(table, [append(1), { op: 'delete', path: 'log' }, append(2, 'x')]);
    expect(table).toEqual(before);
  });
});
