import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MOST_DROPPED_BYTES, readGivenFile, type GivenFile } from './dropped-file.ts';

const golden = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../testing/goldens/segments/${path}`, import.meta.url)));

function given(name: string, bytes: Uint8Array): GivenFile {
  return { name, size: bytes.length, arrayBuffer: () => Promise.resolve(Uint8Array.from(bytes).buffer) };
}

describe('a file that is dropped on the page', () => {
  const log = golden('g-zstd-0/00000000000000000000.log');

  test('[R1] is read by its name, or as a log when a sound batch begins it', async () => {
    expect(await readGivenFile(given('00000000000000000000.log', log))).toMatchObject({ ok: true, file: { name: '00000000000000000000.log' } });
    expect(await readGivenFile(given('segment-from-prod', log))).toMatchObject({ ok: true, file: { name: 'segment-from-prod.log' } });
    expect(await readGivenFile(given('00000000000000000000.log', new Uint8Array()))).toMatchObject({ ok: true });
  });

  test('[R1] that is none of Kafka’s, or no log in spite of its name, is refused', async () => {
    const text = new TextEncoder().encode('2023-11-14 22:13:20 INFO this is a log, but not of that kind, and long enough for a header');
    expect(await readGivenFile(given('server.log', text))).toMatchObject({ ok: false, reason: 'notKafka' });
    expect(await readGivenFile(given('holiday.png', text))).toMatchObject({ ok: false, reason: 'notKafka' });
    expect(
      await readGivenFile(
        given(
          'flipped',
          log.map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
        ),
      ),
    ).toMatchObject({ ok: false, reason: 'notKafka' });
  });

  test('[R1] over 100 MB is refused before it is read, a folder that cannot be read likewise', async () => {
    let wasRead = false;
    const arrayBuffer = (): Promise<ArrayBuffer> => {
      wasRead = true;
      return Promise.reject(new Error('a folder'));
    };
    expect(await readGivenFile({ name: 'big.log', size: MOST_DROPPED_BYTES + 1, arrayBuffer })).toMatchObject({ ok: false, reason: 'tooLarge' });
    expect(wasRead).toBe(false);
    expect(await readGivenFile({ name: 'folder', size: 4096, arrayBuffer })).toMatchObject({ ok: false, reason: 'unreadable' });
  });
});
