import type { Codecs } from '../../engine/protocol/compression.ts';
import { invalidRecord, JavaProblem } from './java-problem.ts';
import { codecOf, HEADER_BYTES, incrementSequence, isLogAppendTime, type BatchHeader, type LogFile } from './log-file.ts';

/** A record as Kafka's tool sees it (DefaultRecord). */
export interface DumpRecord {
  readonly offset: bigint;
  readonly timestamp: bigint;
  readonly sequence: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headerKeys: readonly string[];
}

/** A batch of records may open to this much; more is taken for corrupt. */
const MOST_DECOMPRESSED_BYTES = 256 * 1024 * 1024;
const PREMATURE_END = 'Incorrect declared batch size, premature EOF reached';
const BROKEN = 'Found invalid record structure';

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  /** Where reading must stop. */
  end: number;
}

/**
 * The records of a batch, one after the other, as its checksum is nobody's business here (DefaultRecordBatch.iterator). A compressed
 * batch is read whole before its first record is given, one without compression is not: what comes before a bad record is given.
 */
export function* recordsOf(log: LogFile, batch: BatchHeader, codecs: Codecs): Generator<DumpRecord> {
  if (batch.sizeBytes < HEADER_BYTES) throw new JavaProblem('java.lang.IndexOutOfBoundsException', null);
  if (batch.count === 0) return;
  const area = log.bytes.subarray(batch.position + HEADER_BYTES, batch.position + batch.sizeBytes);
  const codec = codecOf(batch);
  if (codec === 'none') yield* walk(area, batch, false);
  else {
    const opened = codecs.decompress(codec, area, MOST_DECOMPRESSED_BYTES);
    if (opened === null) throw new JavaProblem('org.apache.kafka.common.KafkaException', `Failed to decompress record stream (${codec})`);
    yield* Array.from(walk(opened, batch, true));
  }
}

function* walk(bytes: Uint8Array, batch: BatchHeader, wasCompressed: boolean): Generator<DumpRecord> {
  if (batch.count < 0) throw invalidRecord(`Found invalid record count ${batch.count} in magic v${batch.magic} batch`);
  const cursor: Cursor = { bytes, at: 0, end: bytes.length };
  for (let i = 0; i < batch.count; i++) {
    const record = readRecord(cursor, batch, wasCompressed);
    if (i === batch.count - 1 && cursor.at < bytes.length) throw invalidRecord('Incorrect declared batch size, records still remaining in file');
    yield record;
  }
}

function readRecord(cursor: Cursor, batch: BatchHeader, wasCompressed: boolean): DumpRecord {
  const size = Number(readVarint(cursor, 5, PREMATURE_END));
  const left = cursor.end - cursor.at;
  if (size > left && wasCompressed) throw invalidRecord(`Invalid record size: expected ${size} bytes in record payload, but the record payload reached EOF.`);
  if (size > left)
    throw invalidRecord(`Invalid record size: expected ${size} bytes in record payload, but instead the buffer has only ${left} remaining bytes.`);
  const start = cursor.at;
  const body: Cursor = { bytes: cursor.bytes, at: start, end: wasCompressed ? start + size : cursor.end };
  const record = readBody(body, batch);
  if (body.at - start !== size)
    throw invalidRecord(`Invalid record size: expected to read ${size} bytes in record payload, but instead read ${body.at - start}`);
  cursor.at = body.at;
  return record;
}

function readBody(body: Cursor, batch: BatchHeader): DumpRecord {
  if (body.at >= body.end) throw invalidRecord(BROKEN);
  body.at += 1;
  const timestampDelta = readVarint(body, 10, BROKEN);
  const offsetDelta = readVarint(body, 5, BROKEN);
  const key = readField(body);
  const value = readField(body);
  const headerCount = Number(readVarint(body, 5, BROKEN));
  if (headerCount < 0) throw invalidRecord(`Found invalid number of record headers ${headerCount}`);
  if (headerCount > body.end - body.at)
    throw invalidRecord(`Found invalid number of record headers. ${headerCount} is larger than the remaining size of the buffer`);
  const headerKeys: string[] = [];
  for (let i = 0; i < headerCount; i++) {
    const header = readField(body);
    if (header === null) throw invalidRecord(BROKEN);
    headerKeys.push(textOf(header));
    readField(body);
  }
  return {
    offset: BigInt.asIntN(64, batch.baseOffset + offsetDelta),
    timestamp: isLogAppendTime(batch) ? batch.maxTimestamp : BigInt.asIntN(64, batch.baseTimestamp + timestampDelta),
    sequence: batch.baseSequence >= 0 ? incrementSequence(batch.baseSequence, Number(offsetDelta)) : -1,
    key,
    value,
    headerKeys,
  };
}

/** Any negative length is null (Utils.readBytes). */
function readField(cursor: Cursor): Uint8Array | null {
  const size = Number(readVarint(cursor, 5, BROKEN));
  if (size < 0) return null;
  if (size > cursor.end - cursor.at) throw invalidRecord(BROKEN);
  cursor.at += size;
  return cursor.bytes.subarray(cursor.at - size, cursor.at);
}

/** A zig-zag varint (at most 5 bytes, 32 bits) or varlong (10 bytes, 64 bits), all of its bits. */
function readVarint(cursor: Cursor, mostBytes: 5 | 10, problem: string): bigint {
  const start = cursor.at;
  let raw = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = cursor.at < cursor.end ? cursor.bytes[cursor.at] : undefined;
    if (byte === undefined || cursor.at - start >= mostBytes) throw invalidRecord(problem);
    raw |= BigInt(byte & 127) << shift;
    cursor.at += 1;
    if (byte < 128) break;
  }
  raw = BigInt.asUintN(mostBytes === 5 ? 32 : 64, raw);
  return (raw >> 1n) ^ -(raw & 1n);
}

/** As Java's `new String(bytes, UTF_8)`: what is no UTF-8 becomes U+FFFD, a byte order mark stays. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
