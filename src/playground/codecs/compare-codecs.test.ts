import { describe, expect, test } from 'vitest';
import { codecs } from '../../host/codecs/loaded-codecs.ts';
import { compareCodecs } from './compare-codecs.ts';

const lines = Array.from({ length: 120 }, (_, i) => `{"order":${i},"what":"order placed","city":"${i % 2 === 0 ? 'Seoul' : 'Busan'}"}`).join('\n');
/** A clock that stands still between ticks of five milliseconds. */
const clock = (): (() => number) => {
  let ms = 0;
  return () => (ms += 5);
};

describe('codecs on a text', () => {
  test('[R1] every codec shrinks what repeats itself, and larger batches shrink more', () => {
    const small = compareCodecs({ text: lines, recordsPerBatch: 10 }, codecs, clock());
    const large = compareCodecs({ text: lines, recordsPerBatch: 120 }, codecs, clock());
    expect([small.recordCount, small.results.map((one) => one.codec)]).toEqual([120, ['none', 'gzip', 'snappy', 'lz4', 'zstd']]);
    const plain = small.results[0]?.bytes ?? 0;
    for (const one of small.results.slice(1)) expect(one.bytes).toBeLessThan(plain);
    large.results.forEach((one, i) => expect(one.bytes).toBeLessThan(small.results[i]?.bytes ?? 0));
    expect([small.results[0]?.batchCount, large.results[0]?.batchCount]).toEqual([12, 1]);
  });

  test('[R1] a single short record does not shrink: the container costs more than it saves', () => {
    const { results } = compareCodecs({ text: 'x', recordsPerBatch: 1 }, codecs, clock());
    for (const one of results.slice(1)) expect(one.bytes).toBeGreaterThan(results[0]?.bytes ?? 0);
  });

  test('[R2] times are medians of the clock that was given; nothing takes none', () => {
    // As long as what is measured at once, so that one run is one time.
    const long = `${'words that repeat, '.repeat(20)}\n`.repeat(800);
    const { results } = compareCodecs({ text: long, recordsPerBatch: 120 }, codecs, clock());
    expect(results.map((one) => [one.compressMs, one.openMs])).toEqual([
      [null, null],
      [5, 5],
      [5, 5],
      [5, 5],
      [5, 5],
    ]);
    expect(compareCodecs({ text: '\n\n', recordsPerBatch: 5 }, codecs, clock()).results.map((one) => one.bytes)).toEqual([0, 0, 0, 0, 0]);
  });
});
