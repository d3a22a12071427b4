import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runConformance, type Conformance } from './conformance.ts';

const goldens = fileURLToPath(new URL('../testing/goldens', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'conformance-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(where: string): Conformance & { readonly lines: readonly string[]; readonly failures: readonly string[] } {
  const lines: string[] = [];
  const result = runConformance(where, (line) => lines.push(line));
  expect(lines.at(-1)).toBe(`${result.passed} passed, ${result.failed} failed`);
  return { ...result, lines, failures: lines.filter((line) => line.startsWith('FAIL')) };
}

function copy(...paths: string[]): void {
  for (const path of paths) cpSync(join(goldens, path), join(folder, path), { recursive: true });
}

type Edit = (rows: Record<string, unknown>[]) => void;

function edit(path: string, change: Edit): void {
  const rows = JSON.parse(readFileSync(join(goldens, path), 'utf8')) as Record<string, unknown>[];
  change(rows);
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), JSON.stringify(rows));
}

const set =
  (row: number, field: string, value: unknown): Edit =>
  (rows) => {
    rows[row] = { ...rows[row], [field]: value };
  };

describe('conformance', () => {
  test('[R4] a log that our cleaner does not turn into the one that a real cleaner left', () => {
    copy('segments/g-compact-0-before', 'segments/g-compact-0-after');
    const before = join(folder, 'segments/g-compact-0-before/00000000000000000076.log');
    const bytes = readFileSync(before);
    // Its last batch goes: other records are the newest of their keys then.
    writeFileSync(before, bytes.subarray(0, bytes.length - 40));
    expect(run(folder).failures).toContainEqual(expect.stringContaining('g-compact-0-after/00000000000000000076.log cleaned by us from the log before'));
  });

  test('[R1] [R4] the recorded facts pass, and what is not checked is named', () => {
    const { passed, failed, lines } = run(goldens);
    expect(failed).toBe(0);
    expect(passed).toBeGreaterThan(600);
    for (const line of [
      'messages.json: 236 passed, 0 failed',
      'vectors/requests.json: 17 passed, 0 failed',
      'vectors/record-batches.json: 32 passed, 0 failed',
    ])
      expect(lines).toContain(line);
    expect(lines.some((line) => line.includes('compressed batches'))).toBe(false);
    expect(lines).not.toContain('not checked yet: README.md');
  });

  test.each<[string, Edit, string]>([
    ['vectors/partitioner.json', set(0, 'murmur2', 1), 'FAIL vectors/partitioner.json [0]: murmur2: expected 1, got 1818166172'],
    ['vectors/partitioner.json', set(2, 'partitionFor3_6_12', [2, 5, 6]), '[2]: partitionFor3_6_12: expected [2,5,6], got [2,5,5]'],
    ['vectors/varints.json', set(3, 'varint', '7f'), '[3]: varint: expected "7f", got "7e"'],
    ['vectors/varints.json', set(5, 'unsignedVarint', '41'), '[5]: unsignedVarint: expected "41", got "40"'],
    ['vectors/replica-placement.json', set(3, 'fixedStartIndex', 0), '[3]: partition 0: expected [3], got [2]'],
    ['vectors/record-batches.json', set(0, 'producerId', 5), '[0]: producerId: expected 5, got -1'],
    ['vectors/record-batches.json', set(6, 'crc', 5), '[6]: crc: expected 5, got 1484237061'],
    [
      'vectors/record-batches.json',
      set(0, 'records', [{ timestamp: 1700000030857, key: 'oytlcdbudjz', value: 'other', headers: [] }]),
      '[0]: records[0]: expected',
    ],
    ['vectors/record-batches.json', set(30, 'control', 'ABORT'), '[30]: control record: expected'],
    ['vectors/record-batches.json', set(1, 'hex', '00'), '[1]: the batch is CORRUPT_MESSAGE'],
    ['vectors/requests.json', set(0, 'correlationId', 9), '[0]: correlationId: expected 9, got 1'],
    ['vectors/requests.json', set(0, 'version', 99), 'FAIL vectors/requests.json [0]'],
    ['messages.json', set(0, 'validVersions', '0-5'), 'FAIL messages.json [0] AddOffsetsToTxnRequest: versions: expected 0-5, got 0-4'],
  ])('[R2] a changed fact of %s is found at its place', (path, change, expected) => {
    edit(path, change);
    const { failed, failures } = run(folder);
    expect(failed).toBe(1);
    expect(failures[0]).toContain(expected);
  });

  test('[R2] fields of a request are held against the text Kafka printed', () => {
    copy('messages.json');
    edit('vectors/requests.json', (rows) => {
      rows[0] = { ...rows[0], text: String(rows[0]?.['text']).replace('1.0', '1.1') };
    });
    expect(run(folder).failures).toEqual([expect.stringContaining('vectors/requests.json [0]: fields: expected')]);
  });

  test('[R2] a flipped bit in a log, a cut log, a log without its dump', () => {
    copy(
      'segments/g-none-0',
      'segments/g-none-0.00000000000000000000.dump.txt',
      'segments/g-none-0.00000000000000000120.dump.txt',
      'segments/g-lz4-0.00000000000000000000.dump.txt',
    );
    const log = join(folder, 'segments/g-none-0/00000000000000000000.log');
    const bytes = readFileSync(log);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(log, bytes);
    const cut = join(folder, 'segments/g-none-0/00000000000000000120.log');
    writeFileSync(cut, readFileSync(cut).subarray(0, -1));
    const { failures } = run(folder);
    expect(failures).toEqual([
      expect.stringContaining('g-lz4-0.00000000000000000000.dump.txt file: segments/g-lz4-0/00000000000000000000.log, of which this is the dump, is not there'),
      expect.stringContaining('g-none-0/00000000000000000000.index rebuilt from the .log alone'),
      expect.stringContaining('00000000000000000000.log batch 0 at 0: CORRUPT_MESSAGE'),
      expect.stringContaining('g-none-0/00000000000000000000.timeindex rebuilt from the .log alone'),
      expect.stringMatching(/00000000000000000120\.log end: end of the last whole batch/),
      expect.stringContaining('00000000000000000120.snapshot rebuilt from the .log alone'),
    ]);
  });

  test.each([
    '',
    '{',
    '[]',
    '{}',
    'null',
    '[1, null, "x", [], {}]',
    '\u0000',
    '[{"brokers": [{"id": 1}, {"id": 1}], "partitions": 1, "replicationFactor": 2, "fixedStartIndex": 0, "startPartitionId": 0, "assignment": {"0": [1, 1]}}]',
    '[{"brokers": [], "partitions": 1e15, "assignment": {}}]',
    '[{"value": "zero", "varlong": "0"}]',
    '[{"name": "constructor", "validVersions": "0"}]',
  ])('[R3] %j in every file is a failure and nothing worse', (text) => {
    mkdirSync(join(folder, 'vectors'));
    const paths = ['messages.json', ...['partitioner', 'varints', 'replica-placement', 'record-batches', 'requests'].map((name) => `vectors/${name}.json`)];
    for (const path of paths) writeFileSync(join(folder, path), text);
    const { passed, failures } = run(folder);
    expect(passed).toBe(0);
    for (const path of paths)
      expect(
        failures.some((line) => line.startsWith(`FAIL ${path} `)),
        path,
      ).toBe(true);
  });

  test('[R3] a damaged row stands alone: the others are still checked', () => {
    edit('vectors/partitioner.json', (rows) => {
      rows[1] = {};
    });
    expect(run(folder)).toMatchObject({ passed: 211, failed: 1, failures: ['FAIL vectors/partitioner.json [1]: key is not a text'] });
  });

  test('[R5] no folder, a file instead of one, or nothing to check: one failure that says so', () => {
    expect(run(join(folder, 'nowhere')).failures).toEqual([expect.stringContaining('there is no such folder')]);
    writeFileSync(join(folder, 'notes.txt'), '');
    expect(run(join(folder, 'notes.txt')).failures).toEqual([expect.stringContaining('this is not a folder')]);
    expect(run('').failures).toEqual(['FAIL no folder was given']);
    const nothing = run(folder);
    expect(nothing.failures).toEqual([expect.stringContaining('nothing in it could be checked')]);
    expect(nothing.lines).toContain('not checked yet: notes.txt');
  });
});

describe('timelines', () => {
  const timeline = (name: string, change: (lines: Record<string, unknown>[]) => void): void => {
    const lines = readFileSync(join(goldens, `timelines/${name}.jsonl`), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    change(lines);
    mkdirSync(join(folder, 'timelines'), { recursive: true });
    writeFileSync(join(folder, `timelines/${name}.jsonl`), lines.map((line) => JSON.stringify(line)).join('\n'));
  };
  const lineWith = (lines: Record<string, unknown>[], fields: Record<string, unknown>): Record<string, unknown> => {
    const found = lines.find((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
    if (found === undefined) throw new Error(`no line with ${JSON.stringify(fields)}`);
    return found;
  };

  test('[R6] another offset of a record, or another refusal, is found', () => {
    timeline('isr-shrink-expand', (lines) => (lineWith(lines, { value: 'b1' })['offset'] = 5));
    expect(run(folder).failures).toContainEqual(expect.stringContaining('offset: expected 5, got 2'));
  });

  test('[R6] a state that never came, or came in another order, is found', () => {
    timeline('reassign', (lines) => {
      const states = lines.filter((line) => String(line['path']).endsWith('/state'));
      const [, second] = states;
      if (second !== undefined) second['data'] = { ...(second['data'] as object), isr: [2, 1] };
    });
    const { failures } = run(folder);
    expect(failures).toContainEqual(expect.stringContaining('/brokers/topics/f9/partitions/0/state at 497 ms: expected'));
  });

  test('[R6] a survivor more or less is found', () => {
    timeline('acks1-divergence', (lines) => (lineWith(lines, { event: 'read' })['records'] = ['0:0:a0', '1:0:a1', '2:0:a2', '3:0:lost0', '4:0:lost1']));
    expect(run(folder).failures).toContainEqual(expect.stringContaining('records: expected'));
  });

  test('[R6] a change that took much longer is found, and so is one that nobody recorded', () => {
    timeline('reassign', (lines) => {
      for (const line of lines) if (Number(line['ms']) >= 566) line['ms'] = Number(line['ms']) + 4000;
    });
    expect(run(folder).failures).toContainEqual(expect.stringContaining('ms after what was done before it, recorded:'));
    timeline('reassign', (lines) =>
      lines.splice(
        lines.findIndex((line) => (line['data'] as { leader_epoch?: number } | undefined)?.leader_epoch === 3),
        1,
      ),
    );
    expect(run(folder).failures).toContainEqual(expect.stringContaining('which was not recorded'));
  });

  test('[R3] lines that make no sense are failures with their number', () => {
    timeline('isr-shrink-expand', (lines) => (lineWith(lines, { event: 'signal' })['signal'] = 'HUP'));
    expect(run(folder).failures).toContainEqual(expect.stringContaining('"signal" must be one of KILL, TERM, STOP, CONT, got HUP'));
    writeFileSync(join(folder, 'timelines/isr-shrink-expand.jsonl'), '{"ms": 1, "event": "signal"\n');
    expect(run(folder).failures).toContainEqual(expect.stringContaining('line 1: '));
    writeFileSync(join(folder, 'timelines/isr-shrink-expand.jsonl'), '{"event": "signal"}\n');
    expect(run(folder).failures).toContainEqual(expect.stringContaining('line 1: "ms" must be a number'));
  });
});
