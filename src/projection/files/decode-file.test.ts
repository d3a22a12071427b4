import fc from 'fast-check';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Codecs } from '../../engine/protocol/compression.ts';
import { decodeFile } from './decode-file.ts';
import type { DecodedFile, FileSpan } from './span.ts';

const SEGMENTS = fileURLToPath(new URL('../../testing/goldens/segments/', import.meta.url));
/** No codec: compressed areas count as corrupt here. */
const NO_CODECS: Codecs = { compress: () => new Uint8Array(), decompress: () => null };

interface Golden {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const GOLDENS: readonly Golden[] = readdirSync(SEGMENTS)
  .filter((name) => statSync(SEGMENTS + name).isDirectory())
  .flatMap((dir) => readdirSync(SEGMENTS + dir).map((name) => ({ path: `${dir}/${name}`, bytes: new Uint8Array(readFileSync(`${SEGMENTS}${dir}/${name}`)) })));
const PLAIN = GOLDENS.filter(({ path }) => !/gzip|snappy|lz4|zstd/.test(path));

/** Every byte has its place, once. */
function coversAll(spans: readonly FileSpan[], from: number, to: number): boolean {
  let at = from;
  for (const span of spans) {
    if (span.from !== at || span.to <= span.from) return false;
    if (span.decompressed !== true && span.children.length > 0 && !coversAll(span.children, span.from, span.to)) return false;
    at = span.to;
  }
  return at === to;
}

function recordsOf(decoded: DecodedFile): string[] {
  return decoded.spans.flatMap((batch) => batch.children.filter((child) => child.kind === 'record').map((record) => `${record.label} ${record.value}`));
}

describe('files of a real broker', () => {
  test('[R1] are read whole and without a problem', () => {
    expect(PLAIN.length).toBeGreaterThan(30);
    for (const { path, bytes } of PLAIN) {
      const decoded = decodeFile(path, bytes, NO_CODECS);
      expect(decoded.problem, path).toBeNull();
      expect(decoded.kind, path).not.toBe('unknown');
      expect(coversAll(decoded.spans, 0, bytes.length), path).toBe(true);
      const moved = decodeFile(path, bytes, NO_CODECS, 1000);
      expect(coversAll(moved.spans, 1000, 1000 + bytes.length), path).toBe(true);
    }
  });

  test('[R1] say what a broker wrote: records, aborted transactions, producers, epochs', () => {
    const read = (path: string): DecodedFile => decodeFile(path, GOLDENS.find((golden) => golden.path === path)?.bytes ?? new Uint8Array(), NO_CODECS);
    const txn = read('g-txn-0/00000000000000000004.log');
    expect(recordsOf(txn).some((record) => record.endsWith('ABORT'))).toBe(true);
    expect(read('g-txn-0/00000000000000000004.txnindex').spans.map((span) => span.label)).toHaveLength(2);
    expect(read('g-txn-0/00000000000000000004.snapshot').spans.filter((span) => span.kind === 'entry')).toHaveLength(2);
    expect(read('g-none-0/00000000000000000120.index').spans[0]?.label).toMatch(/^offset 1[2-9]\d$/);
    expect(read('g-none-0/leader-epoch-checkpoint').spans.map((span) => `${span.label} ${span.value}`)).toEqual([
      'version 0',
      'entries 1',
      'epoch 0 starts at offset 0',
    ]);
    expect(read('g-none-0/partition.metadata').spans[1]).toMatchObject({ label: 'topic_id' });
  });
});

test('[R5] an index of a running broker: its entries, then zeros to its full size', () => {
  for (const name of ['00000000000000000000.index', '00000000000000000000.timeindex']) {
    const entries = GOLDENS.find(({ path }) => path === `g-none-0/${name}`)?.bytes ?? new Uint8Array();
    const bytes = new Uint8Array(name.endsWith('.index') ? 10_485_760 : 10_485_756);
    bytes.set(entries);
    const { spans, problem } = decodeFile(name, bytes, NO_CODECS);
    expect({ problem, labels: spans.map((one) => one.label).slice(3) }).toEqual({ problem: null, labels: ['preallocated'] });
    expect(coversAll(spans, 0, bytes.length)).toBe(true);
  }
});

describe('bad bytes', () => {
  test('[R2][R3] any flipped byte and any cut of a golden file is told or harmless, never a throw and never a wrong record', () => {
    const faults: string[] = [];
    for (const { path, bytes } of PLAIN.filter((golden) => golden.bytes.length > 0)) {
      const sound = new Set(recordsOf(decodeFile(path, bytes, NO_CODECS)));
      const step = Math.max(1, Math.floor(bytes.length / 150));
      for (let at = 0; at < bytes.length; at += step) {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
        for (const bad of [flipped, bytes.slice(0, at)]) {
          const decoded = decodeFile(path, bad, NO_CODECS);
          if (!coversAll(decoded.spans, 0, bad.length)) faults.push(`${path}: a gap after a change at ${at}`);
          // A wrong base offset, epoch or magic lies outside the CRC, so the records' offsets may differ, never their content.
          for (const record of recordsOf(decoded))
            if (!sound.has(record) && !contentKnown(sound, record)) faults.push(`${path}: ${record} after a change at ${at}`);
        }
      }
    }
    expect(faults).toEqual([]);
  });

  test('[R2] 10,000 random files of every kind', () => {
    const names = [
      '1.log',
      '1.index',
      '1.timeindex',
      '1.txnindex',
      '1.snapshot',
      'leader-epoch-checkpoint',
      'replication-offset-checkpoint',
      'meta.properties',
      'x',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 300 }), (name, bytes) =>
        coversAll(decodeFile(name, bytes, NO_CODECS).spans, 0, bytes.length),
      ),
      { numRuns: 10_000 },
    );
    expect(names).toHaveLength(9);
  });

  test("[R2] the problem has Kafka's error and its place", () => {
    const golden = PLAIN.find(({ path }) => path === 'g-none-0/00000000000000000000.log');
    if (golden === undefined) throw new Error('a golden log expected');
    const flipped = golden.bytes.slice();
    flipped[70] = (flipped[70] ?? 0) ^ 1;
    expect(decodeFile(golden.path, flipped, NO_CODECS).problem).toMatchObject({ error: 'CORRUPT_MESSAGE', at: 0 });
    const cut = decodeFile(golden.path, golden.bytes.slice(0, golden.bytes.length - 1), NO_CODECS);
    expect(cut.problem).toMatchObject({
      error: 'CORRUPT_MESSAGE',
      message: expect.stringMatching(/^the batch says it has \d+ bytes, the file ends after \d+$/) as string,
    });
    expect(decodeFile('x/1.index', new Uint8Array(9), NO_CODECS).problem?.error).toBe('CorruptIndexException');
    expect(decodeFile('x/1.snapshot', new Uint8Array(20), NO_CODECS).problem?.error).toBe('CorruptSnapshotException');
    expect(decodeFile('x/leader-epoch-checkpoint', new Uint8Array([48, 10, 50, 10]), NO_CODECS).problem).toMatchObject({ error: 'IOException' });
  });
});

function contentKnown(sound: ReadonlySet<string>, record: string): boolean {
  const content = record.replace(/^record -?\d+ /, '');
  for (const known of sound) if (known.replace(/^record -?\d+ /, '') === content) return true;
  return false;
}
