import { describe, expect, test } from 'vitest';
import { appendToFile, emptyTree, resizeFile } from '../../engine/kernel/files.ts';
import { mapDelete, mapGet, mapSet } from '../../engine/kernel/persistent-map.ts';
import { emptyDisk } from '../../engine/machine/disk-state.ts';
import { dirtyPages, fileStatus } from '../../engine/machine/disk-view.ts';
import { utf8Encode } from '../../engine/kernel/bytes.ts';
import { buildBatch } from '../../engine/protocol/record-batch.ts';
import { cutPart, filesSignature, PART_BYTES, type FilesView } from './files-view.ts';

function log(batchCount: number, valueBytes: number): Uint8Array {
  const value = utf8Encode('x'.repeat(valueBytes));
  const batches = Array.from({ length: batchCount }, (_, i) =>
    buildBatch([{ timestamp: 1, key: null, value, headers: [] }], { baseOffset: i }, (sizeBytes) => new Uint8Array(sizeBytes)),
  );
  const whole = new Uint8Array(batches.reduce((sum, batch) => sum + batch.length, 0));
  let at = 0;
  for (const batch of batches) {
    whole.set(batch, at);
    at += batch.length;
  }
  return whole;
}

function partsOf(path: string, whole: Uint8Array): { readonly starts: number[]; readonly joined: number[] } {
  const starts: number[] = [];
  const joined: number[] = [];
  for (let from: number | null = 0; from !== null;) {
    const part = cutPart(path, whole, from);
    starts.push(part.from);
    joined.push(...part.bytes);
    expect(cutPart(path, whole, part.from).previous ?? null).toBe(starts[starts.length - 2] ?? null);
    from = part.next;
  }
  return { starts, joined };
}

describe('parts of a file', () => {
  test('[R2] of a .log begin at batches and join to the file, also behind garbage and with batches larger than a part', () => {
    const whole = log(40, 5000);
    const { starts, joined } = partsOf('orders-0/00000000000000000000.log', whole);
    expect(joined).toEqual([...whole]);
    const batch = whole.length / 40;
    expect(starts.length).toBeGreaterThan(2);
    for (const start of starts) expect(start % batch).toBe(0);
    const torn = whole.slice(0, whole.length - 10);
    expect(partsOf('x.log', torn).joined).toEqual([...torn]);
    const large = log(3, PART_BYTES + 1);
    expect(partsOf('x.log.deleted', large).starts).toEqual([0, large.length / 3, (large.length / 3) * 2]);
    expect(partsOf('x.log', new Uint8Array(PART_BYTES * 2 + 5)).starts.length).toBe(3);
  });

  test('[R2] of other files are pieces of one size; past the end comes the last', () => {
    const whole = new Uint8Array(PART_BYTES * 2 + 1);
    expect(partsOf('x.index', whole).starts).toEqual([0, PART_BYTES, PART_BYTES * 2]);
    expect(cutPart('x.index', whole, 1e9).from).toBe(PART_BYTES * 2);
    expect(cutPart('x.index', new Uint8Array(), 0)).toEqual({ from: 0, bytes: new Uint8Array(), previous: null, next: null });
  });
});

describe('where the bytes of a file are', () => {
  test('[R1] what the device has is told byte for byte; a new name, a new size and other content wait for it', () => {
    const first = appendToFile(emptyTree(), 'a', new Uint8Array(5000));
    const disk = emptyDisk(first);
    expect(fileStatus(disk, 'a')).toMatchObject({ dataEnd: 5000, onDeviceUpTo: 5000, journalOnly: false, dirtySinceUs: null });
    const grown = { ...disk, cache: appendToFile(first, 'a', new Uint8Array(4000)), dirtySinceUs: mapSet(disk.dirtySinceUs, 'a', 7) };
    const status = fileStatus(grown, 'a');
    expect(status).toMatchObject({ dataEnd: 9000, onDeviceUpTo: 5000, journalOnly: true, dirtySinceUs: 7 });
    expect(status === null ? null : dirtyPages(status)).toEqual({ first: 1, end: 3 });
    expect(fileStatus({ ...disk, device: mapDelete(disk.device, 'a') }, 'a')).toMatchObject({ onDeviceUpTo: 0, journalOnly: true });
    const other = mapGet(first, 'a');
    if (other === undefined) throw new Error('a file expected');
    expect(fileStatus({ ...disk, cache: mapSet(first, 'a', { ...other, generation: 9 }) }, 'a')?.onDeviceUpTo).toBe(0);
    expect(fileStatus({ ...disk, cache: resizeFile(first, 'a', 10_000) }, 'a')).toMatchObject({
      sizeBytes: 10_000,
      dataEnd: 5000,
      onDeviceUpTo: 5000,
      journalOnly: true,
    });
    expect(fileStatus(disk, 'b')).toBeNull();
  });

  test('[R3] the signature tells every difference that is shown', () => {
    const file = { path: 'a', sizeBytes: 1, dataEnd: 1, onDeviceUpTo: 0, journalOnly: true, dirtySinceUs: 3, flushing: false, coldPages: [], version: '1.1.1' };
    const view: FilesView = {
      host: 'b1',
      files: [file],
      chosen: { path: 'a', from: 0, bytes: new Uint8Array(1), previous: null, next: null, version: '1.1.1' },
    };
    const others: FilesView[] = [
      { ...view, host: 'b2' },
      { ...view, files: [{ ...file, onDeviceUpTo: 1 }] },
      { ...view, files: [{ ...file, flushing: true }] },
      { ...view, files: [{ ...file, dirtySinceUs: null }] },
      { ...view, files: [{ ...file, coldPages: [{ from: 0, to: 2 }] }] },
      { ...view, files: [] },
      { ...view, chosen: null },
    ];
    for (const other of others) expect(filesSignature(other)).not.toBe(filesSignature(view));
    expect(filesSignature({ ...view, files: [{ ...file }] })).toBe(filesSignature(view));
  });
});
