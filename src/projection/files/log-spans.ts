import { DecodeError } from '../../engine/protocol/codec.ts';
import type { Codecs } from '../../engine/protocol/compression.ts';
import { crc32c } from '../../engine/protocol/crc32c.ts';
import {
  BATCH_OVERHEAD_BYTES,
  batchSizeBytes,
  codecOf,
  isControlBatch,
  LOG_OVERHEAD_BYTES,
  recordCount,
  storedCrc,
} from '../../engine/protocol/record-batch.ts';
import { readVarint, readVarlong, type Cursor } from '../../engine/protocol/varint.ts';
import { contentText, FieldReader, span, timeText, type FileProblem, type FileSpan } from './span.ts';

const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const CONTROL_TYPES = ['ABORT', 'COMMIT', 'LEADER_CHANGE', 'SNAPSHOT_HEADER', 'SNAPSHOT_FOOTER', 'KRAFT_VERSION', 'KRAFT_VOTERS'];
const SMALLEST_BATCH_BYTES = BATCH_OVERHEAD_BYTES;
/** No sound batch opens to more than this; what claims to is not opened. */
export const MOST_DECOMPRESSED_BYTES = 64 * 1024 * 1024;
const MAGIC_AT = 16;
const CRC_FROM = 21;

export interface LogSpans {
  readonly spans: readonly FileSpan[];
  readonly problem: FileProblem | null;
}

/** The batches of a `.log`, or of a part of one that begins at a batch; `origin` is the part's place in the file. */
export function logSpans(bytes: Uint8Array, origin: number, codecs: Codecs): LogSpans {
  const spans: FileSpan[] = [];
  let problem: FileProblem | null = null;
  let at = 0;
  while (at < bytes.length) {
    const whole = wholeBatch(bytes, at);
    if (!whole.ok) {
      problem ??= { error: 'CORRUPT_MESSAGE', message: whole.reason, at: origin + at };
      spans.push(span({ from: origin + at, to: origin + bytes.length }, 'not a batch', whole.reason, 'broken'));
      break;
    }
    const batch = batchSpan(bytes.subarray(at, at + whole.sizeBytes), origin + at, codecs);
    spans.push(batch.span);
    problem ??= batch.problem;
    at += whole.sizeBytes;
  }
  return { spans, problem };
}

type WholeBatch = { readonly ok: true; readonly sizeBytes: number } | { readonly ok: false; readonly reason: string };

function wholeBatch(bytes: Uint8Array, at: number): WholeBatch {
  const left = bytes.length - at;
  if (left < LOG_OVERHEAD_BYTES) return { ok: false, reason: `${left} bytes at the end are too few for a batch` };
  const sizeBytes = batchSizeBytes(bytes.subarray(at, at + LOG_OVERHEAD_BYTES));
  if (sizeBytes < SMALLEST_BATCH_BYTES) return { ok: false, reason: `a batch cannot have a batchLength of ${sizeBytes - LOG_OVERHEAD_BYTES}` };
  if (sizeBytes > left) return { ok: false, reason: `the batch says it has ${sizeBytes} bytes, the file ends after ${left}` };
  const magic = bytes[at + MAGIC_AT] ?? 0;
  return magic === 2 ? { ok: true, sizeBytes } : { ok: false, reason: `magic is ${magic}; Highwater reads record batches of magic 2` };
}

function batchSpan(batch: Uint8Array, origin: number, codecs: Codecs): { readonly span: FileSpan; readonly problem: FileProblem | null } {
  const computedCrc = crc32c(batch, CRC_FROM) >>> 0;
  const isSound = computedCrc === storedCrc(batch);
  const fields = headerFields(batch, origin, computedCrc);
  const problem = isSound
    ? null
    : { error: 'CORRUPT_MESSAGE', message: `Record is corrupt (stored crc = ${storedCrc(batch)}, computed crc = ${computedCrc})`, at: origin };
  const records = isSound
    ? recordsSpans(batch, origin, codecs)
    : { spans: brokenRecords(batch, origin, 'the CRC is wrong: these bytes mean nothing'), problem: null };
  const [base, count] = [fields.baseOffset, recordCount(batch)];
  const last = base + BigInt(fields.lastOffsetDelta);
  const offsets = base === last ? `offset ${base}` : `offsets ${base}–${last}`;
  const value = isControlBatch(batch) ? `${offsets}, control batch` : `${offsets}, ${count} record${count === 1 ? '' : 's'}`;
  return {
    span: span({ from: origin, to: origin + batch.length }, 'batch', value, isSound ? 'batch' : 'broken', [...fields.spans, ...records.spans]),
    problem: problem ?? records.problem,
  };
}

interface HeaderFields {
  readonly spans: readonly FileSpan[];
  readonly baseOffset: bigint;
  readonly lastOffsetDelta: number;
}

function headerFields(batch: Uint8Array, origin: number, computedCrc: number): HeaderFields {
  const read = new FieldReader(batch, 0, origin);
  const baseOffset = read.int64('baseOffset', 'offset');
  read.int32('batchLength', 'length', (value) => `${value} bytes follow`);
  read.int32('partitionLeaderEpoch', 'epoch');
  read.int8('magic', 'attributes');
  read.uint32('crc', 'crc', (value) => (value === computedCrc ? `${value}, right` : `${value}, but the bytes give ${computedCrc}`));
  const attributes = read.int16('attributes', 'attributes', attributesText);
  const lastOffsetDelta = read.int32('lastOffsetDelta', 'offset');
  read.int64((attributes & 0x40) === 0 ? 'baseTimestamp' : 'baseTimestamp (delete horizon)', 'timestamp', timeText);
  read.int64('maxTimestamp', 'timestamp', timeText);
  read.int64('producerId', 'producer');
  read.int16('producerEpoch', 'producer');
  read.int32('baseSequence', 'producer');
  read.int32('records count', 'count');
  return { spans: read.spans, baseOffset, lastOffsetDelta };
}

function attributesText(attributes: number): string {
  const words = [`codec ${CODEC_NAMES[attributes & 7] ?? `${attributes & 7}, which there is not`}`, (attributes & 0x08) === 0 ? 'CreateTime' : 'LogAppendTime'];
  if ((attributes & 0x10) !== 0) words.push('transactional');
  if ((attributes & 0x20) !== 0) words.push('control');
  if ((attributes & 0x40) !== 0) words.push('delete horizon set');
  return words.join(', ');
}

function brokenRecords(batch: Uint8Array, origin: number, reason: string): readonly FileSpan[] {
  if (batch.length === BATCH_OVERHEAD_BYTES) return [];
  return [span({ from: origin + BATCH_OVERHEAD_BYTES, to: origin + batch.length }, 'records', reason, 'broken')];
}

function recordsSpans(batch: Uint8Array, origin: number, codecs: Codecs): LogSpans {
  const codec = codecOf(batch);
  const place = { from: origin + BATCH_OVERHEAD_BYTES, to: origin + batch.length };
  const broken = (reason: string): LogSpans => ({
    spans: brokenRecords(batch, origin, reason),
    problem: { error: 'CORRUPT_MESSAGE', message: reason, at: place.from },
  });
  if (codec === null) return broken(`codec ${batch[22] ?? 0} is none of Kafka's`);
  if (codec === 'none') return walkRecords(batch, { start: BATCH_OVERHEAD_BYTES, origin, within: null }, broken);
  if (batch.length === BATCH_OVERHEAD_BYTES) return { spans: [], problem: null };
  const opened = codecs.decompress(codec, batch.subarray(BATCH_OVERHEAD_BYTES), MOST_DECOMPRESSED_BYTES);
  if (opened === null) return broken(`the ${codec} data cannot be decompressed`);
  const inside = walkRecords(opened, { start: 0, origin: 0, within: { place, batch } }, broken);
  if (inside.problem !== null) return inside;
  const value = `${codec}: ${place.to - place.from} bytes, ${opened.length} when opened`;
  return { spans: [{ ...span(place, 'records', value, 'compressed', inside.spans), decompressed: true }], problem: null };
}

interface Area {
  readonly start: number;
  readonly origin: number;
  /** Records from decompressed bytes all have the place of the compressed stretch; the header is the batch's. */
  readonly within: { readonly place: { readonly from: number; readonly to: number }; readonly batch: Uint8Array } | null;
}

function walkRecords(bytes: Uint8Array, area: Area, broken: (reason: string) => LogSpans): LogSpans {
  const batch = area.within?.batch ?? bytes;
  const facts = factsOf(batch);
  const cursor: Cursor = { bytes, at: area.start };
  const spans: FileSpan[] = [];
  try {
    for (let i = 0; i < recordCount(batch); i++) spans.push(recordSpan(cursor, area, facts));
    if (cursor.at !== bytes.length) return broken(`${bytes.length - cursor.at} bytes after the last record`);
  } catch (error) {
    if (error instanceof DecodeError) return broken(error.message);
    throw error;
  }
  return { spans, problem: null };
}

interface BatchFacts {
  readonly baseOffset: bigint;
  readonly baseTimestamp: bigint;
  readonly appendTime: bigint | null;
  readonly isControl: boolean;
}

function factsOf(batch: Uint8Array): BatchFacts {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const isAppendTime = (view.getInt16(21) & 0x08) !== 0;
  return {
    baseOffset: view.getBigInt64(0),
    baseTimestamp: view.getBigInt64(27),
    appendTime: isAppendTime ? view.getBigInt64(35) : null,
    isControl: isControlBatch(batch),
  };
}

function recordSpan(cursor: Cursor, area: Area, facts: BatchFacts): FileSpan {
  const start = cursor.at;
  const parts: FileSpan[] = [];
  const placeOf = (from: number): { readonly from: number; readonly to: number } =>
    area.within?.place ?? { from: area.origin + from, to: area.origin + cursor.at };
  const put = (from: number, label: string, value: string, kind: FileSpan['kind']): void => void parts.push(span(placeOf(from), label, value, kind));
  const sizeBytes = readVarint(cursor);
  const end = cursor.at + sizeBytes;
  if (sizeBytes < 0 || end > cursor.bytes.length) throw new DecodeError(`a record of ${sizeBytes} bytes at ${start}`);
  put(start, 'length', `${sizeBytes} bytes follow`, 'length');
  const attributesAt = cursor.at++;
  put(attributesAt, 'attributes', String(cursor.bytes[attributesAt] ?? 0), 'attributes');
  const timeAt = cursor.at;
  const timeDelta = readVarlong(cursor);
  put(timeAt, 'timestampDelta', `${timeDelta}: ${timeText(facts.appendTime ?? facts.baseTimestamp + BigInt(timeDelta))}`, 'timestamp');
  const offsetAt = cursor.at;
  const delta = readVarint(cursor);
  put(offsetAt, 'offsetDelta', `${delta}: offset ${facts.baseOffset + BigInt(delta)}`, 'offset');
  const key = readContent(cursor, put, { name: 'key', kind: 'key' });
  const value = readContent(cursor, put, { name: 'value', kind: 'value' });
  readHeaders(cursor, put);
  if (cursor.at !== end) throw new DecodeError(`a record of ${sizeBytes} bytes that ends ${cursor.at - end} off`);
  const text = facts.isControl ? controlText(key) : `${key === null ? '' : `${contentText(key)}: `}${contentText(value)}`;
  return span(placeOf(start), `record ${facts.baseOffset + BigInt(delta)}`, text, 'record', parts);
}

type Put = (from: number, label: string, value: string, kind: FileSpan['kind']) => void;

function readContent(cursor: Cursor, put: Put, field: { readonly name: string; readonly kind: FileSpan['kind'] }): Uint8Array | null {
  const lengthAt = cursor.at;
  const length = readVarint(cursor);
  put(lengthAt, `${field.name} length`, length === -1 ? '-1: null' : String(length), 'length');
  if (length === -1) return null;
  if (length < 0 || cursor.at + length > cursor.bytes.length) throw new DecodeError(`a ${field.name} of ${length} bytes at ${lengthAt}`);
  const contentAt = cursor.at;
  cursor.at += length;
  const content = cursor.bytes.subarray(contentAt, cursor.at);
  if (length > 0) put(contentAt, field.name, contentText(content), field.kind);
  return content;
}

function readHeaders(cursor: Cursor, put: Put): void {
  const countAt = cursor.at;
  const count = readVarint(cursor);
  if (count < 0 || count > cursor.bytes.length - cursor.at) throw new DecodeError(`${count} record headers`);
  put(countAt, 'headers count', String(count), 'count');
  for (let i = 0; i < count; i++) {
    if (readContent(cursor, put, { name: 'header key', kind: 'header' }) === null) throw new DecodeError('a record header without a key');
    readContent(cursor, put, { name: 'header value', kind: 'header' });
  }
}

function controlText(key: Uint8Array | null): string {
  if (key === null || key.length < 4) return 'a control record without a type';
  const type = new DataView(key.buffer, key.byteOffset, key.byteLength).getInt16(2);
  return CONTROL_TYPES[type] ?? `control type ${type}`;
}
