import { batchBytesAt } from '../../engine/log/recovery.ts';
import { utf8Decode } from '../../engine/kernel/bytes.ts';
import { readControlRecord } from '../../engine/protocol/control-batch.ts';
import { baseOffset, isControlBatch, isTransactional, lastOffset, producerId, readRecords } from '../../engine/protocol/record-batch.ts';
import { codecs } from '../../host/codecs/loaded-codecs.ts';
import { BadInput, checkPlace, firstDifference, type Checker, type GoldenFile } from './checker.ts';

/**
 * What was sent into each recorded topic: the records of its logs must be these, in this order, whatever their codec; and what consumers
 * were given of the transactional one.
 */
export const producedChecker: Checker = {
  knows: (path) => path === 'segments/produced.json',
  check: (file, report) => {
    const topics: unknown = JSON.parse(utf8Decode(file.bytes));
    if (typeof topics !== 'object' || topics === null) throw new BadInput('no topics');
    for (const [topic, steps] of Object.entries(topics)) {
      const all: readonly unknown[] = Array.isArray(steps) ? steps : [];
      const sent = all.filter(isRecord);
      if (sent.length > 0)
        checkPlace(report, topic, () => {
          const found = recordsOf(file, topic).map(({ timestamp, key, value }) => [timestamp, key, value]);
          return firstDifference([['records', sent.map(({ timestamp, key, value }) => [timestamp, key, value]), found]]);
        });
      for (const given of all.filter(isReading))
        checkPlace(report, `${topic}, ${given.isolation}`, () => {
          const { records, endOffset } = readAs(given.isolation, recordsOf(file, topic));
          return firstDifference([
            ['records', given.read, records.map((record) => `${record.offset}:${record.value ?? ''}`)],
            ['end', given.endOffset, endOffset],
          ]);
        });
    }
  },
};

interface Sent {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
}

interface Reading {
  readonly isolation: string;
  readonly read: readonly string[];
  readonly endOffset: number;
}

function isRecord(step: unknown): step is Sent {
  return typeof step === 'object' && step !== null && 'value' in step && 'timestamp' in step;
}

function isReading(step: unknown): step is Reading {
  return typeof step === 'object' && step !== null && 'isolation' in step && 'read' in step;
}

interface Found extends Sent {
  readonly offset: number;
  readonly endOffset: number;
  /** What became of its transaction; `none` for a record without one. */
  readonly transaction: 'none' | 'committed' | 'aborted' | 'open';
}

/** Below the first record whose transaction is open, without those that were aborted; or everything. */
function readAs(isolation: string, found: readonly Found[]): { readonly records: readonly Found[]; readonly endOffset: number } {
  const endOffset = found.at(-1)?.endOffset ?? 0;
  if (isolation !== 'read_committed') return { records: found, endOffset };
  const firstOpen = found.find((record) => record.transaction === 'open')?.offset ?? endOffset;
  return { records: found.filter((record) => record.offset < firstOpen && record.transaction !== 'aborted'), endOffset: firstOpen };
}

function recordsOf(file: GoldenFile, topic: string): readonly Found[] {
  const found: { -readonly [Field in keyof Found]: Found[Field] }[] = [];
  const open = new Map<number, typeof found>();
  for (const batch of batchesOf(file, topic)) {
    const endOffset = lastOffset(batch) + 1;
    if (isControlBatch(batch)) {
      const control = readControlRecord(batch);
      if (!control.ok) throw new BadInput(`no marker at ${baseOffset(batch)}`);
      for (const record of open.get(producerId(batch)) ?? []) record.transaction = control.type === 'COMMIT' ? 'committed' : 'aborted';
      open.delete(producerId(batch));
      continue;
    }
    const read = readRecords(batch, codecs);
    if (!read.ok) throw new BadInput(read.detail);
    for (const { offset, timestamp, key, value } of read.records) {
      const transaction = isTransactional(batch) ? ('open' as const) : ('none' as const);
      const record = { offset, endOffset, timestamp, key: text(key), value: text(value), transaction };
      found.push(record);
      if (transaction === 'open') open.set(producerId(batch), [...(open.get(producerId(batch)) ?? []), record]);
    }
  }
  return found;
}

/** The dumps beside this file name the segments. A log that was cleaned later is called after its state. */
function batchesOf(file: GoldenFile, topic: string): readonly Uint8Array[] {
  const folder = topic === 'g-compact-0' ? 'g-compact-0-before' : topic;
  const dumps = file.beside().filter((path) => path.startsWith(`segments/${folder}.`) && path.endsWith('.dump.txt'));
  return dumps.flatMap((path) => {
    const bytes = file.other(path.replace('.dump.txt', '.log').replace(`${folder}.`, `${folder}/`)) ?? new Uint8Array();
    const batches: Uint8Array[] = [];
    let position = 0;
    for (let batch = batchBytesAt(bytes, 0); batch !== null; batch = batchBytesAt(bytes, position)) {
      batches.push(batch);
      position += batch.length;
    }
    return batches;
  });
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : utf8Decode(bytes);
}
