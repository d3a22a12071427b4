import { codecs } from '../../host/codecs/loaded-codecs.ts';
import { utf8Encode } from '../../engine/kernel/bytes.ts';
import { buildEndTxnMarker, readControlRecord } from '../../engine/protocol/control-batch.ts';
import {
  baseOffset,
  baseSequence,
  batchError,
  buildBatch,
  compressBatch,
  codecOf,
  isLogAppendTime,
  isTransactional,
  lastOffset,
  maxTimestamp,
  partitionLeaderEpoch,
  producerEpoch,
  producerId,
  readRecords,
  sizeOfBatch,
  storedCrc,
  type RecordToWrite,
} from '../../engine/protocol/record-batch.ts';
import { BadInput, checkPlace, firstDifference, hexOf, type Checker } from './checker.ts';
import { arrayField, asRow, booleanField, hexField, integerField, nullableTextField, rowsOf, textField, type Row } from './json.ts';

const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);

/** Batches without codec and markers: fields, records, and the same bytes again. Compressed ones: their headers. */
export const recordBatchesChecker: Checker = {
  knows: (path) => path === 'vectors/record-batches.json',
  check: (file, report) => {
    for (const [i, value] of rowsOf(file).entries()) {
      checkPlace(report, `[${i}]`, () => {
        const row = asRow(value);
        const batch = hexField(row, 'hex');
        const error = batchError(batch);
        if (error !== null) return `the batch is ${error}`;
        if (row['control'] !== undefined) return checkMarker(row, batch);
        const inHeader = checkHeader(row, batch);
        if (inHeader !== null) return inHeader;
        return checkRecords(row, batch);
      });
    }
  },
};

function checkHeader(row: Row, batch: Uint8Array): string | null {
  return firstDifference([
    ['codec', textField(row, 'codec'), codecOf(batch)],
    ['baseOffset', integerField(row, 'baseOffset'), baseOffset(batch)],
    ['lastOffset', integerField(row, 'lastOffset'), lastOffset(batch)],
    ['partitionLeaderEpoch', integerField(row, 'partitionLeaderEpoch'), partitionLeaderEpoch(batch)],
    ['producerId', integerField(row, 'producerId'), producerId(batch)],
    ['producerEpoch', integerField(row, 'producerEpoch'), producerEpoch(batch)],
    ['baseSequence', integerField(row, 'baseSequence'), baseSequence(batch)],
    ['isTransactional', booleanField(row, 'isTransactional'), isTransactional(batch)],
    ['timestampType', textField(row, 'timestampType'), isLogAppendTime(batch) ? 'LogAppendTime' : 'CreateTime'],
    ['maxTimestamp', integerField(row, 'maxTimestamp'), maxTimestamp(batch)],
    ['crc', integerField(row, 'crc'), storedCrc(batch)],
    ['sizeInBytes', integerField(row, 'sizeInBytes'), batch.length],
  ]);
}

function checkRecords(row: Row, batch: Uint8Array): string | null {
  const records = arrayField(row, 'records').map(recordOf);
  if (records.length === 0) throw new BadInput('a batch without records');
  const read = readRecords(batch, codecs);
  if (!read.ok) return `its records cannot be read: ${read.detail}`;
  const appendTime = isLogAppendTime(batch) ? maxTimestamp(batch) : null;
  const wanted = records.map((record, i) => ({ ...printable(record), offset: baseOffset(batch) + i, timestamp: appendTime ?? record.timestamp }));
  const found = read.records.map((record) => ({ ...printable(record), offset: record.offset, timestamp: record.timestamp }));
  const differs = firstDifference([['records', wanted.length, found.length], ...wanted.map((record, i) => [`records[${i}]`, record, found[i]] as const)]);
  if (differs !== null) return differs;
  const fields = {
    baseOffset: integerField(row, 'baseOffset'),
    partitionLeaderEpoch: integerField(row, 'partitionLeaderEpoch'),
    producerId: integerField(row, 'producerId'),
    producerEpoch: integerField(row, 'producerEpoch'),
    baseSequence: integerField(row, 'baseSequence'),
    isTransactional: booleanField(row, 'isTransactional'),
  };
  const built = buildBatch(records, appendTime === null ? fields : { ...fields, logAppendTimeMs: appendTime }, allocate);
  const codec = codecOf(batch) ?? 'none';
  if (codec !== 'none') return checkOwnBytes(compressBatch(built, { codec, level: null }, { codecs, allocate }), { batch, wanted });
  return firstDifference([
    ['encoded', batch, built],
    ['size before encoding', batch.length, sizeOfBatch(records)],
  ]);
}

/** Compressors differ in their bytes: ours must open to the same records under the same header. */
function checkOwnBytes(own: Uint8Array, expected: { readonly batch: Uint8Array; readonly wanted: readonly object[] }): string | null {
  const read = readRecords(own, codecs);
  if (!read.ok) return `our own compressed batch cannot be read: ${read.detail}`;
  const found = read.records.map((record) => ({ ...printable(record), offset: record.offset, timestamp: record.timestamp }));
  return firstDifference([
    ['our batch', null, batchError(own)],
    ['our codec', codecOf(expected.batch), codecOf(own)],
    ['our maxTimestamp', maxTimestamp(expected.batch), maxTimestamp(own)],
    ...expected.wanted.map((record, i) => [`our records[${i}]`, record, found[i]] as const),
  ]);
}

function printable(record: RecordToWrite): object {
  const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : hexOf(bytes));
  return { key: hex(record.key), value: hex(record.value), headers: record.headers.map((header) => [header.key, hex(header.value)]) };
}

function recordOf(value: unknown): RecordToWrite {
  const row = asRow(value);
  const headers = arrayField(row, 'headers').map((header) => ({ key: textField(asRow(header), 'key'), value: bytesField(asRow(header), 'value') }));
  return { timestamp: integerField(row, 'timestamp'), key: bytesField(row, 'key'), value: bytesField(row, 'value'), headers };
}

function bytesField(row: Row, name: string): Uint8Array | null {
  const text = nullableTextField(row, name);
  return text === null ? null : utf8Encode(text);
}

function checkMarker(row: Row, batch: Uint8Array): string | null {
  const result = textField(row, 'control');
  if (result !== 'COMMIT' && result !== 'ABORT') throw new BadInput('control is neither COMMIT nor ABORT');
  const coordinatorEpoch = integerField(row, 'coordinatorEpoch');
  const facts = {
    producerId: integerField(row, 'producerId'),
    producerEpoch: integerField(row, 'producerEpoch'),
    baseOffset: integerField(row, 'baseOffset'),
    partitionLeaderEpoch: integerField(row, 'partitionLeaderEpoch'),
  };
  const built = buildEndTxnMarker({ result, coordinatorEpoch, timestampMs: integerField(row, 'timestamp'), ...facts }, allocate);
  return firstDifference([
    ['control record', { ok: true, type: result, coordinatorEpoch }, readControlRecord(batch)],
    ['producerId', facts.producerId, producerId(batch)],
    ['encoded', batch, built],
  ]);
}
