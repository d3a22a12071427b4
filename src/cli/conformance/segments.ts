import { codecs } from '../../host/codecs/loaded-codecs.ts';
import { utf8Decode } from '../../engine/kernel/bytes.ts';
import { readControlRecord } from '../../engine/protocol/control-batch.ts';
import {
  baseOffset,
  baseSequence,
  baseTimestamp,
  batchError,
  batchSizeBytes,
  buildBatch,
  codecOf,
  hasDeleteHorizon,
  isControlBatch,
  isLogAppendTime,
  isTransactional,
  lastOffset,
  lastOffsetDelta,
  LOG_OVERHEAD_BYTES,
  magic,
  maxTimestamp,
  partitionLeaderEpoch,
  producerEpoch,
  producerId,
  readRecords,
  rebuildBatch,
  recordCount,
  storedCrc,
  type BatchRecord,
} from '../../engine/protocol/record-batch.ts';
import { cleanedAgain, isCleanedLog } from './cleaned-logs.ts';
import { checkPlace, firstDifference, type Checker } from './checker.ts';

const LOG_FILE = /^segments\/([^/]+)\/(\d{20})\.log$/;
const DUMP_FILE = /^segments\/[^/]+\.\d{20}\.dump\.txt$/;

/** A segment's `.log`, batch by batch and record by record, against what kafka-dump-log printed of it. */
export const segmentLogChecker: Checker = {
  knows: (path) => LOG_FILE.test(path),
  check: (file, report) => {
    const [, topicPartition, base] = LOG_FILE.exec(file.path) ?? [];
    const dump = file.other(`segments/${topicPartition}.${base}.dump.txt`);
    const expected = dump === null ? null : groupByBatch(utf8Decode(dump).split('\n'));
    if (expected === null) report.note('there is no dump of it: sizes and checksums only');
    let position = 0;
    let index = 0;
    while (position < file.bytes.length) {
      const batch = batchAt(file.bytes, position);
      if (batch === null) break;
      const [from, place] = [position, index];
      const againstDump = (): string | null => (expected === null ? null : checkAgainstDump(batch, from, expected[place]));
      checkPlace(report, `batch ${place} at ${from}`, () => batchError(batch) ?? againstDump() ?? (codecOf(batch) === 'none' ? encodedAgain(batch) : null));
      position += batch.length;
      index += 1;
    }
    if (isCleanedLog(file)) checkPlace(report, 'cleaned by us from the log before', () => cleanedAgain(file));
    checkPlace(report, 'end', () =>
      firstDifference([
        ['end of the last whole batch', file.bytes.length, position],
        ...(expected === null ? [] : [['batches', expected.length, index] as const]),
      ]),
    );
  },
};

/** With all the records that were sent: the cleaner leaves gaps and delete horizons. */
function isAsWritten(batch: Uint8Array): boolean {
  return !hasDeleteHorizon(batch) && recordCount(batch) === lastOffsetDelta(batch) + 1;
}

function encodedAgain(batch: Uint8Array): string | null {
  const read = readRecords(batch, codecs);
  if (!read.ok) return `its records cannot be read: ${read.detail}`;
  const fields = {
    baseOffset: baseOffset(batch),
    partitionLeaderEpoch: partitionLeaderEpoch(batch),
    producerId: producerId(batch),
    producerEpoch: producerEpoch(batch),
    baseSequence: baseSequence(batch),
    isTransactional: isTransactional(batch),
    isControl: isControlBatch(batch),
    ...(isLogAppendTime(batch) ? { logAppendTimeMs: maxTimestamp(batch) } : {}),
  };
  const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);
  if (isAsWritten(batch)) return firstDifference([['encoded again', batch, buildBatch(read.records, fields, allocate)]]);
  const deleteHorizonMs = hasDeleteHorizon(batch) ? baseTimestamp(batch) : null;
  return firstDifference([['encoded again', batch, rebuildBatch(batch, { records: read.records, deleteHorizonMs, level: null }, { codecs, allocate })]]);
}

/** Dumps are read together with their logs; one whose log is missing has nothing to be held against. */
export const segmentDumpChecker: Checker = {
  knows: (path) => DUMP_FILE.test(path),
  check: (file, report) => {
    const log = file.path.replace(/\.(\d{20})\.dump\.txt$/, '/$1.log');
    if (file.other(log) === null) report.fail('file', `${log}, of which this is the dump, is not there`);
  },
};

/** The lines of the dump: a batch's own line, then those of its records. */
function groupByBatch(lines: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  for (const line of lines) {
    if (line.startsWith('baseOffset: ')) groups.push([line]);
    else if (line.startsWith('| ')) groups.at(-1)?.push(line);
  }
  return groups;
}

/** A whole batch by its length field; null when the bytes end before, or the length cannot be. */
function batchAt(bytes: Uint8Array, position: number): Uint8Array | null {
  const rest = bytes.subarray(position);
  if (rest.length < LOG_OVERHEAD_BYTES) return null;
  const sizeBytes = batchSizeBytes(rest);
  return sizeBytes <= LOG_OVERHEAD_BYTES || sizeBytes > rest.length ? null : rest.subarray(0, sizeBytes);
}

function checkAgainstDump(batch: Uint8Array, position: number, lines: readonly string[] | undefined): string | null {
  if (lines === undefined) return 'the dump ends before it';
  const [header, ...recordLines] = lines;
  const inHeader = firstDifference([['dump', header, batchLine(batch, position)]]);
  if (inHeader !== null) return inHeader;
  const read = readRecords(batch, codecs);
  if (!read.ok) return `its records cannot be read: ${read.detail}`;
  return firstDifference([
    ['records', recordLines.length, read.records.length],
    ...read.records.map((record, i) => [`record ${i}`, recordLines[i], recordLine(batch, record)] as const),
  ]);
}

function batchLine(batch: Uint8Array, position: number): string {
  const sequence = baseSequence(batch);
  const horizon = hasDeleteHorizon(batch) ? `OptionalLong[${baseTimestamp(batch)}]` : 'OptionalLong.empty';
  return [
    `baseOffset: ${baseOffset(batch)} lastOffset: ${lastOffset(batch)} count: ${recordCount(batch)}`,
    `baseSequence: ${sequence} lastSequence: ${sequence < 0 ? -1 : sequence + lastOffsetDelta(batch)} producerId: ${producerId(batch)} producerEpoch: ${producerEpoch(batch)}`,
    `partitionLeaderEpoch: ${partitionLeaderEpoch(batch)} isTransactional: ${isTransactional(batch)} isControl: ${isControlBatch(batch)} deleteHorizonMs: ${horizon}`,
    `position: ${position} ${timestampType(batch)}: ${maxTimestamp(batch)} size: ${batch.length} magic: ${magic(batch)} compresscodec: ${codecOf(batch) ?? 'unknown'} crc: ${storedCrc(batch)} isvalid: true`,
  ].join(' ');
}

function timestampType(batch: Uint8Array): string {
  return isLogAppendTime(batch) ? 'LogAppendTime' : 'CreateTime';
}

function recordLine(batch: Uint8Array, record: BatchRecord): string {
  const sequence = baseSequence(batch) < 0 ? -1 : baseSequence(batch) + record.offset - baseOffset(batch);
  const facts = `| offset: ${record.offset} ${timestampType(batch)}: ${record.timestamp} keySize: ${record.key?.length ?? -1} valueSize: ${record.value?.length ?? -1} sequence: ${sequence} headerKeys: [${record.headers.map((header) => header.key).join(',')}]`;
  return `${facts}${isControlBatch(batch) ? controlText(batch) : dataText(record)}`;
}

function dataText(record: BatchRecord): string {
  return `${record.key === null ? '' : ` key: ${utf8Decode(record.key)}`}${record.value === null ? '' : ` payload: ${utf8Decode(record.value)}`}`;
}

function controlText(batch: Uint8Array): string {
  const control = readControlRecord(batch);
  if (!control.ok || (control.type !== 'ABORT' && control.type !== 'COMMIT')) return ' no end of a transaction';
  return ` endTxnMarker: ${control.type} coordinatorEpoch: ${control.coordinatorEpoch}`;
}
