import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesEqual, utf8Encode } from '../../engine/kernel/bytes.ts';
import type { CompressedCodecName } from '../../engine/protocol/compression.ts';
import { BATCH_OVERHEAD_BYTES, codecOf } from '../../engine/protocol/record-batch.ts';
import rows from '../../testing/goldens/vectors/record-batches.json' with { type: 'json' };
import { loadCodecs } from './load-codecs.ts';

const codecs = await loadCodecs();
const NAMES: readonly CompressedCodecName[] = ['gzip', 'snappy', 'lz4', 'zstd'];
const MOST = 1 << 24;
const TEXT = utf8Encode(Array.from({ length: 400 }, (_, i) => `{"order":${i * 7919},"item":"tea","count":${i % 5},"city":"서울"}`).join('\n'));

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const contents = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.array(fc.constantFrom('key-1', 'value', '{"a":1}', 'xxxxxxxxxxxxxxxx', '\u0000'), { maxLength: 300 }).map((words) => utf8Encode(words.join(''))),
  fc.integer({ min: 0, max: 140_000 }).map((size) => Uint8Array.from({ length: size }, (_, i) => (i * i) >> 3)),
);

describe.each(NAMES)('%s', (name) => {
  test('[R5] gives back what it was given, whatever it was, across the sizes of its blocks', () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        const opened = codecs.decompress(name, codecs.compress(name, bytes, null), MOST);
        return opened !== null && bytesEqual(opened, bytes);
      }),
      { numRuns: 300 },
    );
    expect(codecs.compress(name, TEXT, null).length).toBeLessThan(TEXT.length / 3);
  });

  test("[R6] opens what Kafka's own clients wrote", () => {
    const own = rows.filter((row) => row.codec === name);
    expect(own.length).toBeGreaterThan(4);
    for (const row of own) {
      const batch = Uint8Array.from(row.hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      expect(codecOf(batch)).toBe(name);
      expect(codecs.decompress(name, batch.subarray(BATCH_OVERHEAD_BYTES), MOST)).not.toBeNull();
    }
  });

  test('[R7] what is cut or damaged is null or as it was, never a throw, never more than allowed', () => {
    const packed = codecs.compress(name, TEXT.subarray(0, 3000), null);
    // Snappy's framing has no end mark: nothing but the header is an empty stream, as for snappy-java.
    const emptyAt = name === 'snappy' ? 16 : -1;
    for (let at = 0; at < packed.length; at++) if (at !== emptyAt) expect(codecs.decompress(name, packed.slice(0, at), MOST), `cut at ${at}`).toBeNull();
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bad = packed.slice();
        bad[at] = (bad[at] ?? 0) ^ flip;
        const opened = codecs.decompress(name, bad, MOST);
        return opened === null || opened.length <= MOST;
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => (codecs.decompress(name, bytes, 4096)?.length ?? 0) <= 4096),
      { numRuns: 500 },
    );
    expect(codecs.decompress(name, codecs.compress(name, TEXT, null), TEXT.length)).toEqual(TEXT);
    expect(codecs.decompress(name, codecs.compress(name, TEXT, null), TEXT.length - 1)).toBeNull();
  });
});

describe('containers', () => {
  test("[R6] have Kafka's headers", () => {
    const bytes = utf8Encode('tea tea tea tea tea tea tea tea tea tea');
    expect(hex(codecs.compress('gzip', bytes, null)).slice(0, 20)).toBe('1f8b08000000000000ff');
    expect(hex(codecs.compress('snappy', bytes, null)).slice(0, 32)).toBe('82534e41505059000000000100000001');
    expect(hex(codecs.compress('lz4', bytes, null)).slice(0, 14)).toBe('04224d18604082');
    expect(hex(codecs.compress('zstd', bytes, null)).slice(0, 8)).toBe('28b52ffd');
  });

  test('[R6] snappy without the framing is read too', () => {
    const framed = codecs.compress('snappy', TEXT.subarray(0, 1000), null);
    expect(codecs.decompress('snappy', framed.slice(20), MOST)).toEqual(TEXT.subarray(0, 1000));
  });

  test('[R6] lz4 stores what does not shrink, and ends its blocks as the format demands', () => {
    let state = 1;
    const noise = Uint8Array.from({ length: 70_000 }, () => (state = Math.imul(state, 1_103_515_245) + 12_345) >>> 16);
    const packed = codecs.compress('lz4', noise, null);
    expect(hex(packed.subarray(7, 11))).toBe('00000180');
    expect(packed.length).toBe(7 + 4 + 65_536 + 4 + (70_000 - 65_536) + 4);
  });

  test('[R8] levels are obeyed', () => {
    expect(codecs.compress('gzip', TEXT, 9).length).toBeLessThan(codecs.compress('gzip', TEXT, 1).length);
    expect(codecs.compress('zstd', TEXT, 19).length).toBeLessThan(codecs.compress('zstd', TEXT, -5).length);
    expect(codecs.compress('gzip', TEXT, -1)).toEqual(codecs.compress('gzip', TEXT, 6));
  });
});
