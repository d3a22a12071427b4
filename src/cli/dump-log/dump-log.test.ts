import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../cli.ts';

const SEGMENTS = fileURLToPath(new URL('../../testing/goldens/segments/', import.meta.url));
const DUMPS = readdirSync(SEGMENTS).filter((name) => name.endsWith('.dump.txt'));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'highwater-dump-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Printed {
  readonly status: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

function dump(...words: readonly string[]): Printed {
  const out: string[] = [];
  const err: string[] = [];
  const status = runCli(['dump-log', ...words], { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { status, out, err };
}

/** `g-none-0/00000000000000000000.log` for the dump of that file. */
function sourceOf(dumpName: string): string {
  return dumpName.replace('.dump.txt', '.log').replace('.', '/');
}

/** A copy of a segment's files in a folder of its own, and the path of one of them. */
function copyOf(topic: string, name: string): string {
  const to = mkdtempSync(join(folder, 'segment-'));
  for (const one of readdirSync(join(SEGMENTS, topic))) copyFileSync(join(SEGMENTS, topic, one), join(to, one));
  return join(to, name);
}

describe("what Kafka's tool printed", () => {
  test('[R4] there is a recorded text of each log', () => {
    expect(DUMPS.length).toBe(14);
  });

  test.each(DUMPS)('[R4] %s, character for character', (dumpName) => {
    const path = join(SEGMENTS, sourceOf(dumpName));
    const { status, out, err } = dump(path, '--print-data-log');
    const text = `${out.join('\n')}\n`.replace(`Dumping ${path}`, `Dumping ${path.slice(path.lastIndexOf('/') + 1)}`);
    expect(text).toBe(readFileSync(join(SEGMENTS, dumpName), 'utf8'));
    expect(status).toBe(0);
    expect(err.filter((line) => !/^Non-consecutive offsets in \/|^ {2}\d+ is followed by \d+$/.test(line))).toEqual([]);
  });

  test('[R4] a compacted log tells its gaps, the last one first', () => {
    const { err } = dump(join(SEGMENTS, 'g-compact-0-after/00000000000000000076.log'), '--deep-iteration');
    expect(err.slice(0, 2)).toEqual([expect.stringMatching(/^Non-consecutive offsets in .*00000000000000000076\.log$/), '  141 is followed by 143']);
    expect(err.at(-1)).toBe('  128 is followed by 130');
  });
});

describe('the options', () => {
  const log = join(SEGMENTS, 'g-none-0/00000000000000000120.log');

  test('[R4] shallow: a line a batch', () => {
    const { out } = dump(log);
    expect(out.slice(0, 2)).toEqual([`Dumping ${log}`, 'Log starting offset: 120']);
    expect(out.slice(2).every((line) => line.startsWith('baseOffset: '))).toBe(true);
  });

  test('[R4] --deep-iteration without data, and data without metadata', () => {
    expect(dump(log, '--deep-iteration').out[3]).toBe('| offset: 120 CreateTime: 1700000039213 keySize: 6 valueSize: 42 sequence: 120 headerKeys: []');
    expect(dump('--files', log, '--print-data-log', '--skip-record-metadata').out[3]).toBe('| key: key-10 payload: {"id":120,"what":"order placed","n":92170}');
  });

  test('[R4] --max-bytes ends before the batch that does not fit, without a word on what is left', () => {
    expect(dump(log, '--max-bytes', '1498').out).toHaveLength(2);
    expect(dump(log, '--max-bytes', '1499').out).toHaveLength(3);
  });

  test('[R4] several files, one after the other', () => {
    const both = `${log},${join(SEGMENTS, 'g-txn-0/00000000000000000004.txnindex')}`;
    expect(dump('--files', both).out.filter((line) => line.startsWith('Dumping '))).toHaveLength(2);
  });
});

describe('the other files of a segment', () => {
  const dir = join(SEGMENTS, 'g-none-0');

  test('[R4] .index', () => {
    const { out, err, status } = dump(join(dir, '00000000000000000120.index'));
    expect(out.slice(1)).toEqual(['offset: 159 position: 1499', 'offset: 199 position: 3809']);
    expect({ err, status }).toEqual({ err: [], status: 0 });
    expect(dump(join(dir, '00000000000000000120.index'), '--verify-index-only').out).toHaveLength(1);
    expect(dump(join(dir, '00000000000000000120.index'), '--index-sanity-check').out[1]).toMatch(/00000000000000000120\.index passed sanity check\.$/);
    expect(dump(join(SEGMENTS, 'g-txn-0/00000000000000000004.index')).out[1]).toMatch(/\.index is empty\.$/);
  });

  test('[R4] .timeindex', () => {
    const { out, err, status } = dump(join(dir, '00000000000000000120.timeindex'));
    expect(out[1]).toMatch(/^timestamp: 17\d{11} offset: \d+$/);
    expect({ err, status }).toEqual({ err: [], status: 0 });
    expect(dump(join(dir, '00000000000000000120.timeindex'), '--index-sanity-check').out[1]).toMatch(/passed sanity check\.$/);
  });

  test('[R4] .txnindex and .snapshot', () => {
    expect(dump(join(SEGMENTS, 'g-txn-0/00000000000000000004.txnindex')).out.slice(1)).toEqual([
      'version: 0 producerId: 4002 firstOffset: 1 lastOffset: 4 lastStableOffset: 0',
      'version: 0 producerId: 6000 firstOffset: 6 lastOffset: 7 lastStableOffset: 8',
    ]);
    expect(dump(join(dir, '00000000000000000120.snapshot')).out.slice(1)).toEqual([
      'producerId: 5001 producerEpoch: 0 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong.empty lastTimestamp: 1700000038731' +
        ' firstSequence: 106 lastSequence: 119 lastOffset: 119 offsetDelta: 13 timestamp: 1700000038731',
    ]);
  });

  test('[R4] an index that disagrees with its log: which entry, status 1', () => {
    const path = copyOf('g-none-0', '00000000000000000120.index');
    const bytes = readFileSync(path);
    bytes.writeInt32BE(50, 0);
    writeFileSync(path, bytes);
    const { out, err, status } = dump(path);
    expect(out[1]).toBe('offset: 170 position: 1499');
    expect(err).toEqual([`Mismatches in :${path}`, '  Index offset: 170, log offset: 159']);
    expect(status).toBe(1);
  });

  test('[R4] a time index whose times are wrong', () => {
    const path = copyOf('g-none-0', '00000000000000000120.timeindex');
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(7) ^ 1, 7);
    writeFileSync(path, bytes);
    const { err, status } = dump(path);
    expect(err.slice(0, 2)).toEqual([`Found timestamp mismatch in :${path}`, expect.stringMatching(/^ {2}Index timestamp: \d+, log timestamp: \d+$/)]);
    expect(status).toBe(1);
  });
});

describe('bad input', () => {
  test('[R4] what is no log, in the words of Kafka', () => {
    const cut = copyOf('g-none-0', '00000000000000000120.log');
    truncateSync(cut, 1600);
    expect(dump(cut).out.at(-1)).toBe('Found 101 invalid bytes at the end of 00000000000000000120.log');
    const nothing = join(folder, '7.log');
    writeFileSync(nothing, new Uint8Array(100));
    expect(dump(nothing)).toMatchObject({
      status: 1,
      err: [
        `Exception in thread "main" org.apache.kafka.common.errors.CorruptRecordException: Found record size 0 smaller than minimum record overhead (14) in file ${nothing}.`,
      ],
    });
    const snapshot = copyOf('g-txn-0', '00000000000000000004.snapshot');
    truncateSync(snapshot, 50);
    expect(dump(snapshot).err[0]).toMatch(/^Snapshot failed schema validation: Error reading field 'producer_entries'/);
    const picture = join(folder, 'holiday.jpg');
    writeFileSync(picture, 'JFIF');
    expect(dump(picture)).toMatchObject({ status: 1, err: [`Ignoring unknown file ${picture}`] });
  });

  test.each([
    [[], /needs a file/],
    [['no-such.log'], /no-such\.log: there is no such file/],
    [[tmpdir()], /this is no file/],
    [['a.log', '--value-decoder-class', 'com.example.Mine'], /names a Java class, of which only org\.apache\.kafka\.tools\.api\.StringDecoder is known/],
    [['a.log', '--offsets-decoder'], /--offsets-decoder is not offered here/],
    [['a.log', '--max-bytes', 'many'], /--max-bytes is a number of bytes/],
    [['a.log', '--quick'], /no option "--quick" here/],
  ])('[R1] %j: one sentence, status 2', (words, sentence) => {
    const { status, out, err } = dump(...words);
    expect({ status, out }).toEqual({ status: 2, out: [] });
    expect(err).toEqual([expect.stringMatching(sentence)]);
  });

  test('[R1] an index without its log; a file over 100 MB', () => {
    const lonely = join(folder, '00000000000000000009.index');
    writeFileSync(lonely, new Uint8Array(8));
    expect(dump(lonely)).toMatchObject({ status: 2, err: [expect.stringMatching(/00000000000000000009\.log: there is no such file/)] });
    const large = join(folder, '00000000000000000001.log');
    writeFileSync(large, '');
    truncateSync(large, 100 * 1024 * 1024 + 1);
    expect(dump(large)).toMatchObject({ status: 2, err: [expect.stringMatching(/the file has 104857601 bytes; files over 100 MB are not read/)] });
  });

  test('[R4] any byte of any file changed, any file cut anywhere: an answer, never a crash or a hang', () => {
    const files = readdirSync(SEGMENTS)
      .filter((name) => statSync(join(SEGMENTS, name)).isDirectory())
      .flatMap((topic) => readdirSync(join(SEGMENTS, topic)).map((name) => join(SEGMENTS, topic, name)))
      .filter((path) => /\.(log|index|timeindex|txnindex|snapshot)$/.test(path) && statSync(path).size > 0);
    const work = mkdtempSync(join(folder, 'spoilt-'));
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 0, max: 255 }), (path, where, flip) => {
        const name = path.slice(path.lastIndexOf('/') + 1);
        for (const suffix of ['.log', '.index']) {
          const other = `${name.split('.')[0] ?? ''}${suffix}`;
          copyFileSync(join(dirname(path), other), join(work, other));
        }
        const bytes = readFileSync(path);
        const at = where % bytes.length;
        bytes.writeUInt8(bytes.readUInt8(at) ^ flip, at);
        writeFileSync(join(work, name), flip === 0 ? bytes.subarray(0, at) : bytes);
        const { status, err } = dump(join(work, name), '--print-data-log');
        expect([0, 1]).toContain(status);
        expect(err.join('\n')).not.toMatch(/engine stopped/);
      }),
      { numRuns: 2000 },
    );
  });
});
