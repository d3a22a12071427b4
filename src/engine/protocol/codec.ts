import { utf8Decode, utf8Length, writeUtf8 } from '../kernel/bytes.ts';
import { MAX_LONG } from '../kernel/units.ts';
import { assert } from '../kernel/assert.ts';

/** Bytes that are not a message of the protocol. Caught where bytes come in (`decodeFrame`, the conformance checks). */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DecodeError';
  }
}

/** Codec of one message: encoded size, bytes, and back, at a version. */
export interface MessageCodec<T> {
  readonly name: string;
  /** Lowest and highest version. */
  readonly validVersions: readonly [number, number];
  /** First flexible version (KIP-482); above the highest when there is none. */
  readonly flexibleFrom: number;
  size(value: T, version: number): number;
  encode(value: T, version: number): Uint8Array;
  /** Throws `DecodeError`, also when bytes are left over. */
  decode(bytes: Uint8Array, version: number): T;
}

const TWO_32 = 4294967296;

export interface Writer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

export interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

export function newWriter(sizeBytes: number): Writer {
  const bytes = new Uint8Array(sizeBytes);
  return { bytes, view: new DataView(bytes.buffer), at: 0 };
}

export function newReader(bytes: Uint8Array): Reader {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0 };
}

function take(reader: Reader, sizeBytes: number): number {
  const at = reader.at;
  if (sizeBytes < 0 || at + sizeBytes > reader.bytes.length) throw new DecodeError(`${sizeBytes} bytes wanted at ${at}, ${reader.bytes.length - at} left`);
  reader.at = at + sizeBytes;
  return at;
}

export function writeInt8(writer: Writer, value: number): void {
  writer.view.setInt8(writer.at, value);
  writer.at += 1;
}
export function readInt8(reader: Reader): number {
  return reader.view.getInt8(take(reader, 1));
}
export function writeBool(writer: Writer, value: boolean): void {
  writeInt8(writer, value ? 1 : 0);
}
export function readBool(reader: Reader): boolean {
  return readInt8(reader) !== 0;
}
export function writeInt16(writer: Writer, value: number): void {
  writer.view.setInt16(writer.at, value);
  writer.at += 2;
}
export function readInt16(reader: Reader): number {
  return reader.view.getInt16(take(reader, 2));
}
export function writeUint16(writer: Writer, value: number): void {
  writer.view.setUint16(writer.at, value);
  writer.at += 2;
}
export function readUint16(reader: Reader): number {
  return reader.view.getUint16(take(reader, 2));
}
export function writeInt32(writer: Writer, value: number): void {
  writer.view.setInt32(writer.at, value);
  writer.at += 4;
}
export function readInt32(reader: Reader): number {
  return reader.view.getInt32(take(reader, 4));
}
export function writeFloat64(writer: Writer, value: number): void {
  writer.view.setFloat64(writer.at, value);
  writer.at += 8;
}
export function readFloat64(reader: Reader): number {
  return reader.view.getFloat64(take(reader, 8));
}

/** `MAX_LONG` is Kafka's Long.MAX_VALUE; every other number must be below 2^53. */
export function writeInt64(writer: Writer, value: number): void {
  if (value >= MAX_LONG) {
    writer.view.setInt32(writer.at, 0x7fffffff);
    writer.view.setInt32(writer.at + 4, -1);
  } else {
    assert(Number.isSafeInteger(value), `an int64 below 2^53, got ${value}`);
    writer.view.setInt32(writer.at, Math.floor(value / TWO_32));
    writer.view.setUint32(writer.at + 4, value >>> 0);
  }
  writer.at += 8;
}
export function readInt64(reader: Reader): number {
  const at = take(reader, 8);
  const high = reader.view.getInt32(at);
  const low = reader.view.getUint32(at + 4);
  if (high === 0x7fffffff && low === 0xffffffff) return MAX_LONG;
  const value = high * TWO_32 + low;
  if (!Number.isSafeInteger(value)) throw new DecodeError(`an int64 beyond 2^53 at ${at}`);
  return value;
}

export function sizeOfUnsignedVarint(value: number): number {
  let size = 1;
  for (let rest = value >>> 0; rest > 127; rest >>>= 7) size += 1;
  return size;
}
export function writeUnsignedVarint(writer: Writer, value: number): void {
  let rest = value >>> 0;
  while (rest > 127) {
    writer.bytes[writer.at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  writer.bytes[writer.at++] = rest;
}
export function readUnsignedVarint(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.bytes[take(reader, 1)] ?? 0;
    value += shift === 28 ? (byte & 15) * 268435456 : (byte & 127) << shift;
    if (byte < 128) return value;
  }
  throw new DecodeError(`an unsigned varint of more than 5 bytes at ${reader.at}`);
}

const UUID_HEX = 32;
const HEX = '0123456789abcdef';
/** Kafka's Uuid.ZERO_UUID. */
export const ZERO_UUID = '00000000000000000000000000000000';

export function writeUuid(writer: Writer, value: string): void {
  assert(value.length === UUID_HEX, `a UUID of 32 hex digits, got ${value}`);
  for (let i = 0; i < UUID_HEX; i += 2) writer.bytes[writer.at++] = (HEX.indexOf(value.charAt(i)) << 4) | HEX.indexOf(value.charAt(i + 1));
}
export function readUuid(reader: Reader): string {
  const at = take(reader, 16);
  let text = '';
  for (let i = at; i < at + 16; i++) {
    const byte = reader.bytes[i] ?? 0;
    text += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15);
  }
  return text;
}

/** Length prefixes: compact in flexible versions (unsigned varint of length + 1, 0 for null), else int16 or int32 (-1 for null). */
export function sizeOfString(value: string | null, flexible: boolean): number {
  if (value === null) return flexible ? 1 : 2;
  const length = utf8Length(value);
  return length + (flexible ? sizeOfUnsignedVarint(length + 1) : 2);
}
export function writeString(writer: Writer, value: string | null, flexible: boolean): void {
  const length = value === null ? -1 : utf8Length(value);
  if (flexible) writeUnsignedVarint(writer, length + 1);
  else writeInt16(writer, length);
  if (value !== null) writer.at = writeUtf8(writer.bytes, writer.at, value);
}
export function readNullableString(reader: Reader, flexible: boolean): string | null {
  const length = flexible ? readUnsignedVarint(reader) - 1 : readInt16(reader);
  if (length === -1) return null;
  const at = take(reader, length);
  return utf8Decode(reader.bytes.subarray(at, at + length));
}
export function readString(reader: Reader, flexible: boolean): string {
  const text = readNullableString(reader, flexible);
  if (text === null) throw new DecodeError(`a string that may not be null at ${reader.at}`);
  return text;
}

export function sizeOfBytes(value: Uint8Array | null, flexible: boolean): number {
  const length = value?.length ?? 0;
  return length + (flexible ? sizeOfUnsignedVarint(value === null ? 0 : length + 1) : 4);
}
export function writeBytes(writer: Writer, value: Uint8Array | null, flexible: boolean): void {
  const length = value?.length ?? -1;
  if (flexible) writeUnsignedVarint(writer, length + 1);
  else writeInt32(writer, length);
  if (value !== null) {
    writer.bytes.set(value, writer.at);
    writer.at += value.length;
  }
}
export function readNullableBytes(reader: Reader, flexible: boolean): Uint8Array | null {
  const length = flexible ? readUnsignedVarint(reader) - 1 : readInt32(reader);
  if (length === -1) return null;
  const at = take(reader, length);
  return reader.bytes.subarray(at, at + length);
}
export function readBytes(reader: Reader, flexible: boolean): Uint8Array {
  const bytes = readNullableBytes(reader, flexible);
  if (bytes === null) throw new DecodeError(`bytes that may not be null at ${reader.at}`);
  return bytes;
}

/** Whole record batches, one item each; on the wire their concatenation. */
export type RecordBatches = readonly Uint8Array[];

export function sizeOfRecords(value: RecordBatches | null, flexible: boolean): number {
  let length = 0;
  if (value !== null) for (const batch of value) length += batch.length;
  return length + (flexible ? sizeOfUnsignedVarint(value === null ? 0 : length + 1) : 4);
}
export function writeRecords(writer: Writer, value: RecordBatches | null, flexible: boolean): void {
  let length = -1;
  if (value !== null) {
    length = 0;
    for (const batch of value) length += batch.length;
  }
  if (flexible) writeUnsignedVarint(writer, length + 1);
  else writeInt32(writer, length);
  if (value === null) return;
  for (const batch of value) {
    writer.bytes.set(batch, writer.at);
    writer.at += batch.length;
  }
}
const LOG_OVERHEAD_BYTES = 12;
/** Splits at the batch lengths; the last item may be a part of a batch, as a broker may send one. */
export function readRecords(reader: Reader, flexible: boolean): RecordBatches | null {
  const all = readNullableBytes(reader, flexible);
  if (all === null) return null;
  const view = new DataView(all.buffer, all.byteOffset, all.length);
  const batches: Uint8Array[] = [];
  let at = 0;
  while (at < all.length) {
    const sizeBytes = at + LOG_OVERHEAD_BYTES <= all.length ? LOG_OVERHEAD_BYTES + view.getInt32(at + 8) : 0;
    const end = sizeBytes < LOG_OVERHEAD_BYTES ? all.length : Math.min(all.length, at + sizeBytes);
    batches.push(all.subarray(at, end));
    at = end;
  }
  return batches;
}

export function sizeOfArrayLength(length: number, flexible: boolean): number {
  return flexible ? sizeOfUnsignedVarint(length + 1) : 4;
}
/** `length` -1 stands for null. */
export function writeArrayLength(writer: Writer, length: number, flexible: boolean): void {
  if (flexible) writeUnsignedVarint(writer, length + 1);
  else writeInt32(writer, length);
}
/** The count of an array, never more than there are bytes left; -1 for null. */
export function readArrayLength(reader: Reader, flexible: boolean): number {
  const length = flexible ? readUnsignedVarint(reader) - 1 : readInt32(reader);
  if (length < -1 || length > reader.bytes.length - reader.at)
    throw new DecodeError(`an array of ${length} items with ${reader.bytes.length - reader.at} bytes left`);
  return length;
}
export function notNull<T>(value: T | null, field: string): T {
  if (value === null) throw new DecodeError(`${field} may not be null`);
  return value;
}

/** Reads the tagged fields of a struct; `known` handles a tag and says whether it did. */
export function readTags(reader: Reader, known: (tag: number, part: Reader) => void): void {
  const count = readUnsignedVarint(reader);
  for (let i = 0; i < count; i++) {
    const tag = readUnsignedVarint(reader);
    const size = readUnsignedVarint(reader);
    const at = take(reader, size);
    known(tag, newReader(reader.bytes.subarray(at, at + size)));
  }
}

/** Runs a decoder over all of `bytes`. */
export function decodeWhole<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader = newReader(bytes);
  const value = read(reader);
  if (reader.at !== bytes.length) throw new DecodeError(`${bytes.length - reader.at} bytes left over`);
  return value;
}

/** Runs an encoder into a buffer of exactly `sizeBytes`. */
export function encodeWhole(sizeBytes: number, write: (writer: Writer) => void): Uint8Array {
  const writer = newWriter(sizeBytes);
  write(writer);
  assert(writer.at === sizeBytes, `to write the ${sizeBytes} bytes that were counted, wrote ${writer.at}`);
  return writer.bytes;
}
