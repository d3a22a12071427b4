import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import type { FileStatus } from '../../../engine/machine/disk-view.ts';
import { codecs } from '../../../host/codecs/loaded-codecs.ts';
import { decodeFile } from '../../../projection/files/decode-file.ts';
import { firstFile, treeRows } from './file-tree.ts';
import { pageTiles } from './pages.ts';
import { pathToByte, spanRows } from './span-rows.ts';

function status(path: string, dataEnd: number, onDeviceUpTo = dataEnd, fields: Partial<FileStatus> = {}): FileStatus {
  return { path, sizeBytes: dataEnd, dataEnd, onDeviceUpTo, journalOnly: false, dirtySinceUs: null, flushing: false, coldPages: [], version: '1', ...fields };
}

const DISK = [
  status('meta.properties', 80),
  status('orders-0/0.log', 900, 300),
  status('orders-0/9.log', 0),
  status('orders-10/0.log', 5),
  status('orders-9/0.log', 5),
];

describe('the tree', () => {
  test('[R9] folders in the order of their numbers with what a power cut would take, then the files beside them', () => {
    const rows = treeRows(DISK, new Set(['orders-10']));
    expect(rows.map((row) => `${'-'.repeat(row.level)}${row.name} ${row.dataBytes} ${row.unwrittenBytes}`)).toEqual([
      '-orders-0 900 600',
      '--0.log 900 600',
      '--9.log 0 0',
      '-orders-9 5 0',
      '--0.log 5 0',
      '-orders-10 5 0',
      '-meta.properties 80 0',
    ]);
  });

  test('[R9] opens at the newest segment of the partition in focus', () => {
    expect([firstFile(DISK, 'orders-0'), firstFile(DISK, 'gone-0'), firstFile([], null)]).toEqual(['orders-0/9.log', 'orders-0/0.log', null]);
  });
});

describe('pages', () => {
  test('[R9] are on the device, only in the page cache, or cold; the one on the border is in the cache only', () => {
    const file = status('a.log', 4096 * 4 + 1, 4096 + 7, { coldPages: [{ from: 0, to: 1 }] });
    expect(pageTiles(file, 10).tiles.map((tile) => tile.state)).toEqual(['cold', 'dirty', 'dirty', 'dirty', 'dirty']);
    expect(pageTiles(status('a.log', 4096 * 30), 10)).toMatchObject({ hidden: 20, tiles: [{ page: 20 }, {}, {}, {}, {}, {}, {}, {}, {}, { page: 29 }] });
    expect(pageTiles(status('a.log', 0), 10).tiles).toEqual([]);
  });
});

describe('bytes and meaning', () => {
  const bytes = new Uint8Array(readFileSync(new URL('../../../testing/goldens/segments/g-none-0/00000000000000000000.log', import.meta.url)));
  const { spans } = decodeFile('00000000000000000000.log', bytes, codecs);

  test('[R9] each byte leads to its field, and the rows that are opened on the way show it', () => {
    const second = spans[1];
    if (second === undefined) throw new Error('a second batch expected');
    expect(pathToByte(spans, second.from + 17).map(({ span }) => span.label)).toEqual(['batch', 'crc']);
    const inRecord = pathToByte(spans, second.from + 61);
    expect(inRecord.map(({ span }) => span.label).slice(0, 2)).toEqual(['batch', expect.stringContaining('record')]);
    const rows = spanRows(spans, new Set(inRecord.map(({ key }) => key)));
    const deepest = inRecord.at(-1);
    expect(rows.filter((row) => row.key === deepest?.key)).toHaveLength(1);
    expect(rows.length).toBeGreaterThan(spanRows(spans, new Set()).length);
  });

  test('[R9] beyond the end, and in nothing, there is no meaning', () => {
    expect(pathToByte(spans, bytes.length)).toEqual([]);
    expect(pathToByte([], 0)).toEqual([]);
  });

  test('[R9] compressed records are lit as one stretch', () => {
    const compressed = new Uint8Array(readFileSync(new URL('../../../testing/goldens/segments/g-lz4-0/00000000000000000000.log', import.meta.url)));
    const decoded = decodeFile('00000000000000000000.log', compressed, codecs);
    const path = pathToByte(decoded.spans, 80);
    expect(path.at(-1)?.span).toMatchObject({ label: 'records', kind: 'compressed', from: 61 });
    expect(path.at(-1)?.span.children.length).toBeGreaterThan(0);
  });
});
