import 'fake-indexeddb/auto';
import { describe, expect, test } from 'vitest';
import { appendToFile, emptyTree, readFile, resizeFile } from '../../engine/kernel/files.ts';
import { mapGet, mapKeys } from '../../engine/kernel/persistent-map.ts';
import { newMachine } from '../../engine/machine/machine.ts';
import { keepDevice, reopenDevice } from './device-keeper.ts';
import { withContent, withoutContent } from './kept-content.ts';

const files = resizeFile(appendToFile(appendToFile(emptyTree(), 'log', Uint8Array.of(1, 2)), 'log', Uint8Array.of(3)), 'index', 10_485_760);
const left = { ...newMachine(files).disk, flushSequence: 7 };

describe('a disk whose machine has no power', () => {
  test('[R13] its content stays in the database, and the next boot gets from there what was left', async () => {
    await (await keepDevice({ kind: 'indexeddb', database: 'dark', fresh: true }, { files, flushSequence: 7, atUs: 5 })).close();
    const { disk, hashes } = withoutContent(left);
    expect(readFile(disk.device, 'log')).toHaveLength(0);
    const { kept, image } = await reopenDevice('dark');
    const booted = withContent(disk, hashes, image);
    await kept.close();
    expect(mapKeys(booted.cache)).toEqual(['index', 'log']);
    expect(readFile(booted.cache, 'log')).toEqual(Uint8Array.of(1, 2, 3));
    expect(mapGet(booted.device, 'index')).toMatchObject({ sizeBytes: 10_485_760, dataEnd: 0 });
    expect(booted.recentDevices).toEqual([{ flushSequence: 7, device: booted.device }]);
  });

  test('[R13] anything else is refused with the place of the difference', () => {
    const { disk, hashes } = withoutContent(left);
    const index = { path: 'index', bytes: new Uint8Array(0), sizeBytes: 10_485_760 };
    const image = (bytes: Uint8Array, flushSequence = 7) => ({ files: [index, { path: 'log', bytes, sizeBytes: bytes.length }], flushSequence, atUs: 5 });
    expect(() => withContent(disk, hashes, image(Uint8Array.of(1, 2, 4)))).toThrow('the content of log differs');
    expect(() => withContent(disk, hashes, image(Uint8Array.of(1, 2)))).toThrow('the content of log differs');
    expect(() => withContent(disk, hashes, image(Uint8Array.of(1, 2, 3), 6))).toThrow('flush 6');
    expect(() => withContent(disk, hashes, { files: [index], flushSequence: 7, atUs: 5 })).toThrow('1 files');
  });
});
