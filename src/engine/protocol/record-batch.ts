import { assert } from '../kernel/assert.ts';
import { utf8Decode, utf8Encode, utf8Length } from '../kernel/bytes.ts';
import { CODEC_NAMES, type CodecName, type Codecs } from '../kernel/codecs.ts';
import { DecodeError } from './codec.ts';
import { CODEC_IDS, MOST_RECORDS_BYTES } from './compression.ts';
import { crc32c } from './crc32c.ts';
import type { ErrorName } from './errors.ts';
import { readVarint, readVarlong, sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong, type Cursor } from './varint.ts';

/** Record batch, magic 2 (DefaultRecordBatch). Header accessors read straight from the bytes, wherever these lie. */
export const LOG_OVERHEAD_BYTES = 12;
export const BATCH_OVERHEAD_BYTES = 61;
const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
} as const;
const MAGIC = 2;
const TWO_32 = 4294967296;

export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface RecordToWrite {
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export interface BatchRecord extends RecordToWrite {
  readonly offset: number;
}

function int16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
}
function int32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
}
function int64(bytes: Uint8Array, at: number): number {
  return int32(bytes, at) * TWO_32 + (int32(bytes, at + 4) >>> 0);
}
function putInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >> 8) & 255;
  bytes[at + 1] = value & 255;
}
function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >>> 24) & 255;
  bytes[at + 1] = (value >>> 16) & 255;
  bytes[at + 2] = (value >>> 8) & 255;
  bytes[at + 3] = value & 255;
}
function putInt64(bytes: Uint8Array, at: number, value: number): void {
  putInt32(bytes, at, Math.floor(value / TWO_32));
  putInt32(bytes, at + 4, value >>> 0);
}

export const baseOffset = (batch: Uint8Array): number => int64(batch, AT.baseOffset);
/** The whole batch's size by its own length field. */
export const batchSizeBytes = (batch: Uint8Array): number => LOG_OVERHEAD_BYTES + int32(batch, AT.length);
export const partitionLeaderEpoch = (batch: Uint8Array): number => int32(batch, AT.leaderEpoch);
export const magic = (batch: Uint8Array): number => batch[AT.magic] ?? -1;
export const storedCrc = (batch: Uint8Array): number => int32(batch, AT.crc) >>> 0;
export const attributes = (batch: Uint8Array): number => int16(batch, AT.attributes);
export const lastOffsetDelta = (batch: Uint8Array): number => int32(batch, AT.lastOffsetDelta);
export const lastOffset = (batch: Uint8Array): number => baseOffset(batch) + lastOffsetDelta(batch);
export const baseTimestamp = (batch: Uint8Array): number => int64(batch, AT.baseTimestamp);
export const maxTimestamp = (batch: Uint8Array): number => int64(batch, AT.maxTimestamp);
export const producerId = (batch: Uint8Array): number => int64(batch, AT.producerId);
export const producerEpoch = (batch: Uint8Array): number => int16(batch, AT.producerEpoch);
export const baseSequence = (batch: Uint8Array): number => int32(batch, AT.baseSequence);
export const recordCount = (batch: Uint8Array): number => int32(batch, AT.count);
export const isTransactional = (batch: Uint8Array): boolean => (attributes(batch) & 0x10) !== 0;
export const isControlBatch = (batch: Uint8Array): boolean => (attributes(batch) & 0x20) !== 0;
export const isLogAppendTime = (batch: Uint8Array): boolean => (attributes(batch) & 0x08) !== 0;
export const hasDeleteHorizon = (batch: Uint8Array): boolean => (attributes(batch) & 0x40) !== 0;
export const codecOf = (batch: Uint8Array): CodecName | null => CODEC_NAMES[attributes(batch) & 7] ?? null;

export interface BatchFields {
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  /** LogAppendTime: the time of every record. */
  readonly logAppendTimeMs?: number;
}

/** Bytes of a batch of these records without compression. */
export function sizeOfBatch(records: readonly RecordToWrite[]): number {
  const first = records[0]?.timestamp ?? 0;
  let sizeBytes = BATCH_OVERHEAD_BYTES;
  records.forEach((record, i) => {
    const body = sizeOfRecordBody(record, { timestampDelta: record.timestamp - first, offsetDelta: i });
    sizeBytes += sizeOfVarint(body) + body;
  });
  return sizeBytes;
}

/** Upper bound of what one record adds to a batch (DefaultRecord.recordSizeUpperBound). */
export function recordSizeUpperBound(record: Pick<RecordToWrite, 'key' | 'value' | 'headers'>): number {
  return 21 + sizeOfKeyAndValue(record);
}

function sizeOfRecordBody(record: RecordToWrite, deltas: { timestampDelta: number; offsetDelta: number }): number {
  return 1 + sizeOfVarlong(deltas.timestampDelta) + sizeOfVarint(deltas.offsetDelta) + sizeOfKeyAndValue(record);
}

function sizeOfKeyAndValue(record: Pick<RecordToWrite, 'key' | 'value' | 'headers'>): number {
  let sizeBytes = sizeOfField(record.key) + sizeOfField(record.value) + sizeOfVarint(record.headers.length);
  for (const header of record.headers) sizeBytes += sizeOfLength(utf8Length(header.key)) + sizeOfField(header.value);
  return sizeBytes;
}

function sizeOfField(value: Uint8Array | null): number {
  return value === null ? 1 : sizeOfLength(value.length);
}

function sizeOfLength(length: number): number {
  return sizeOfVarint(length) + length;
}

/** Builds a batch (codec none) in a region from `allocate`; its CRC is complete. */
export function buildBatch(records: readonly RecordToWrite[], fields: BatchFields, allocate: (sizeBytes: number) => Uint8Array): Uint8Array {
  assert(records.length > 0, 'a batch of at least one record');
  const sizeBytes = sizeOfBatch(records);
  const batch = allocate(sizeBytes);
  const first = records[0]?.timestamp ?? 0;
  let greatest = -1;
  let at: number = BATCH_OVERHEAD_BYTES;
  records.forEach((record, i) => {
    greatest = Math.max(greatest, record.timestamp);
    at = writeRecord(batch, at, record, { timestampDelta: record.timestamp - first, offsetDelta: i });
  });
  assert(at === sizeBytes, 'to write as many bytes as were counted');
  writeHeader(batch, fields, {
    count: records.length,
    lastOffsetDelta: records.length - 1,
    baseTimestamp: first,
    maxTimestamp: fields.logAppendTimeMs ?? greatest,
  });
  return batch;
}

interface HeaderFacts {
  readonly count: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
}

function writeHeader(batch: Uint8Array, fields: BatchFields, facts: HeaderFacts): void {
  putInt64(batch, AT.baseOffset, fields.baseOffset ?? 0);
  putInt32(batch, AT.length, batch.length - LOG_OVERHEAD_BYTES);
  putInt32(batch, AT.leaderEpoch, fields.partitionLeaderEpoch ?? -1);
  batch[AT.magic] = MAGIC;
  putInt16(
    batch,
    AT.attributes,
    (fields.logAppendTimeMs === undefined ? 0 : 0x08) | (fields.isTransactional === true ? 0x10 : 0) | (fields.isControl === true ? 0x20 : 0),
  );
  putInt32(batch, AT.lastOffsetDelta, facts.lastOffsetDelta);
  putInt64(batch, AT.baseTimestamp, facts.baseTimestamp);
  putInt64(batch, AT.maxTimestamp, facts.maxTimestamp);
  putInt64(batch, AT.producerId, fields.producerId ?? -1);
  putInt16(batch, AT.producerEpoch, fields.producerEpoch ?? -1);
  putInt32(batch, AT.baseSequence, fields.baseSequence ?? -1);
  putInt32(batch, AT.count, facts.count);
  putInt32(batch, AT.crc, crc32c(batch, AT.attributes));
}

function writeRecord(batch: Uint8Array, from: number, record: RecordToWrite, deltas: { timestampDelta: number; offsetDelta: number }): number {
  let at = writeVarint(batch, from, sizeOfRecordBody(record, deltas));
  batch[at++] = 0;
  at = writeVarlong(batch, at, deltas.timestampDelta);
  at = writeVarint(batch, at, deltas.offsetDelta);
  at = writeField(batch, at, record.key);
  at = writeField(batch, at, record.value);
  at = writeVarint(batch, at, record.headers.length);
  for (const header of record.headers) {
    at = writeField(batch, at, utf8Encode(header.key));
    at = writeField(batch, at, header.value);
  }
  return at;
}

function writeField(batch: Uint8Array, from: number, value: Uint8Array | null): number {
  if (value === null) return writeVarint(batch, from, -1);
  const at = writeVarint(batch, from, value.length);
  batch.set(value, at);
  return at + value.length;
}

/** How a batch is compressed; `level` null is the codec's default. */
export interface Compression {
  readonly codec: CodecName;
  readonly level: number | null;
}

/** Builds a batch as `buildBatch` does, with its records compressed as one piece. */
export function buildCompressedBatch(
  records: readonly RecordToWrite[],
  fields: BatchFields,
  compression: Compression,
  context: { readonly codecs: Codecs; readonly allocate: (sizeBytes: number) => Uint8Array },
): Uint8Array {
  if (compression.codec === 'none') return buildBatch(records, fields, (sizeBytes) => context.allocate(sizeBytes));
  return compressBatch(
    buildBatch(records, fields, (sizeBytes) => new Uint8Array(sizeBytes)),
    compression,
    context,
  );
}

/** A batch without compression, compressed: header fields stay, size, codec and CRC are new. */
export function compressBatch(
  batch: Uint8Array,
  { codec, level }: Compression,
  context: { readonly codecs: Codecs; readonly allocate: (sizeBytes: number) => Uint8Array },
): Uint8Array {
  assert(codecOf(batch) === 'none', 'a batch without compression to compress');
  if (codec === 'none') return batch;
  const packed = context.codecs.compress(codec, batch.subarray(BATCH_OVERHEAD_BYTES), level);
  const compressed = context.allocate(BATCH_OVERHEAD_BYTES + packed.length);
  compressed.set(batch.subarray(0, BATCH_OVERHEAD_BYTES));
  compressed.set(packed, BATCH_OVERHEAD_BYTES);
  putInt32(compressed, AT.length, compressed.length - LOG_OVERHEAD_BYTES);
  putInt16(compressed, AT.attributes, attributes(batch) | CODEC_IDS[codec]);
  putInt32(compressed, AT.crc, crc32c(compressed, AT.attributes));
  return compressed;
}

/** What a batch keeps and what is new when some of its records go (MemoryRecords.filterTo). */
export interface Rebuild {
  /** Records of that batch, in order; at least one. */
  readonly records: readonly BatchRecord[];
  /** Written into baseTimestamp; null leaves none. */
  readonly deleteHorizonMs: number | null;
  readonly level: number | null;
}

/** The batch with fewer records: offsets, epoch, producer, timestamp type and codec stay, so that it may span more offsets than it has records. */
export function rebuildBatch(
  batch: Uint8Array,
  { records, deleteHorizonMs, level }: Rebuild,
  context: { readonly codecs: Codecs; readonly allocate: (sizeBytes: number) => Uint8Array },
): Uint8Array {
  const base = deleteHorizonMs ?? records[0]?.timestamp ?? -1;
  const deltas = records.map((record) => ({ timestampDelta: record.timestamp - base, offsetDelta: record.offset - baseOffset(batch) }));
  let sizeBytes = BATCH_OVERHEAD_BYTES;
  records.forEach((record, i) => {
    const body = sizeOfRecordBody(record, deltas[i] ?? NO_DELTAS);
    sizeBytes += sizeOfVarint(body) + body;
  });
  const plain = new Uint8Array(sizeBytes);
  let at: number = BATCH_OVERHEAD_BYTES;
  let greatest = -1;
  records.forEach((record, i) => {
    at = writeRecord(plain, at, record, deltas[i] ?? NO_DELTAS);
    greatest = Math.max(greatest, record.timestamp);
  });
  copyIdentity(plain, batch);
  putInt16(plain, AT.attributes, (attributes(batch) & ~(0x07 | 0x40)) | (deleteHorizonMs === null ? 0 : 0x40));
  putInt64(plain, AT.baseTimestamp, base);
  putInt64(plain, AT.maxTimestamp, isLogAppendTime(batch) ? maxTimestamp(batch) : greatest);
  putInt32(plain, AT.count, records.length);
  putInt32(plain, AT.crc, crc32c(plain, AT.attributes));
  const codec = codecOf(batch) ?? 'none';
  if (codec !== 'none') return compressBatch(plain, { codec, level }, context);
  const rebuilt = context.allocate(plain.length);
  rebuilt.set(plain);
  return rebuilt;
}

/** What is left of a producer's last batch once all its records have gone (DefaultRecordBatch.writeEmptyHeader). */
export function emptiedBatch(batch: Uint8Array, allocate: (sizeBytes: number) => Uint8Array): Uint8Array {
  const empty = allocate(BATCH_OVERHEAD_BYTES);
  copyIdentity(empty, batch);
  putInt16(empty, AT.attributes, attributes(batch) & ~(0x07 | 0x40));
  putInt64(empty, AT.baseTimestamp, -1);
  putInt64(empty, AT.maxTimestamp, maxTimestamp(batch));
  putInt32(empty, AT.count, 0);
  putInt32(empty, AT.crc, crc32c(empty, AT.attributes));
  return empty;
}

const NO_DELTAS = { timestampDelta: 0, offsetDelta: 0 };

/** What a batch is known by: offsets, leader epoch, producer. Its size is the target's. */
function copyIdentity(target: Uint8Array, batch: Uint8Array): void {
  target.set(batch.subarray(0, BATCH_OVERHEAD_BYTES));
  putInt32(target, AT.length, target.length - LOG_OVERHEAD_BYTES);
}

/** A copy with the leader's base offset and epoch; both stand outside the CRC, so that it stays as it was. */
export function stampBatch(
  batch: Uint8Array,
  stamp: { readonly baseOffset: number; readonly leaderEpoch: number },
  allocate: (sizeBytes: number) => Uint8Array,
): Uint8Array {
  const copy = allocate(batch.length);
  copy.set(batch);
  putInt64(copy, AT.baseOffset, stamp.baseOffset);
  putInt32(copy, AT.leaderEpoch, stamp.leaderEpoch);
  return copy;
}

/** Size, magic and CRC of one whole batch; null when all is well (DefaultRecordBatch.ensureValid). */
export function batchError(batch: Uint8Array): ErrorName | null {
  if (batch.length < BATCH_OVERHEAD_BYTES || batchSizeBytes(batch) !== batch.length) return 'CORRUPT_MESSAGE';
  if (magic(batch) !== MAGIC) return 'CORRUPT_MESSAGE';
  return crc32c(batch, AT.attributes) === storedCrc(batch) ? null : 'CORRUPT_MESSAGE';
}

export type BatchRecords = { readonly ok: true; readonly records: readonly BatchRecord[] } | { readonly ok: false; readonly detail: string };

/** The records of a batch with their offsets and times, or why its content is corrupt. Only here a compressed batch is opened. */
export function readRecords(batch: Uint8Array, codecs: Codecs): BatchRecords {
  const area = recordsArea(batch, codecs);
  if (!area.ok) return area;
  try {
    return { ok: true, records: decodeRecords(batch, area.cursor) };
  } catch (error) {
    if (error instanceof DecodeError) return { ok: false, detail: error.message };
    throw error;
  }
}

type RecordsArea = { readonly ok: true; readonly cursor: Cursor } | { readonly ok: false; readonly detail: string };

function recordsArea(batch: Uint8Array, codecs: Codecs): RecordsArea {
  const codec = codecOf(batch);
  if (codec === 'none') return { ok: true, cursor: { bytes: batch, at: BATCH_OVERHEAD_BYTES } };
  if (codec === null) return { ok: false, detail: `Unknown compression type id: ${attributes(batch) & 7}` };
  const opened = codecs.decompress(codec, batch.subarray(BATCH_OVERHEAD_BYTES), MOST_RECORDS_BYTES);
  return opened === null ? { ok: false, detail: `the ${codec} data cannot be decompressed` } : { ok: true, cursor: { bytes: opened, at: 0 } };
}

function decodeRecords(batch: Uint8Array, cursor: Cursor): BatchRecord[] {
  const count = recordCount(batch);
  const facts = { offset: baseOffset(batch), timestamp: baseTimestamp(batch), appendTime: isLogAppendTime(batch) ? maxTimestamp(batch) : null };
  const records: BatchRecord[] = [];
  for (let i = 0; i < count; i++) records.push(decodeRecord(cursor, facts));
  if (cursor.at !== cursor.bytes.length) throw new DecodeError(`${cursor.bytes.length - cursor.at} bytes after the last record`);
  return records;
}

function decodeRecord(cursor: Cursor, facts: { offset: number; timestamp: number; appendTime: number | null }): BatchRecord {
  const sizeBytes = readVarint(cursor);
  const end = cursor.at + sizeBytes;
  if (sizeBytes < 0 || end > cursor.bytes.length) throw new DecodeError(`a record of ${sizeBytes} bytes at ${cursor.at}`);
  cursor.at += 1;
  const timestamp = facts.timestamp + readVarlong(cursor);
  const offset = facts.offset + readVarint(cursor);
  const key = decodeField(cursor);
  const value = decodeField(cursor);
  const headerCount = readVarint(cursor);
  if (headerCount < 0 || headerCount > cursor.bytes.length - cursor.at) throw new DecodeError(`${headerCount} record headers`);
  const headers: RecordHeader[] = [];
  for (let i = 0; i < headerCount; i++) {
    const name = decodeField(cursor);
    if (name === null) throw new DecodeError('a record header without a key');
    headers.push({ key: utf8Decode(name), value: decodeField(cursor) });
  }
  if (cursor.at !== end) throw new DecodeError(`a record of ${sizeBytes} bytes that ends ${cursor.at - end} off`);
  return { offset, timestamp: facts.appendTime ?? timestamp, key, value, headers };
}

function decodeField(cursor: Cursor): Uint8Array | null {
  const sizeBytes = readVarint(cursor);
  if (sizeBytes === -1) return null;
  if (sizeBytes < 0 || cursor.at + sizeBytes > cursor.bytes.length) throw new DecodeError(`a field of ${sizeBytes} bytes at ${cursor.at}`);
  cursor.at += sizeBytes;
  return cursor.bytes.subarray(cursor.at - sizeBytes, cursor.at);
}
