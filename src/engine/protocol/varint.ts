import { DecodeError } from './codec.ts';

/**
 * Zig-zag varints as record batches use them (ByteUtils.writeVarint, writeVarlong). A varlong is a number below 2^53 in
 * magnitude; zig-zag is done on it as high and low word, as there is no 64-bit integer here.
 */
const TWO_32 = 4294967296;

export function sizeOfVarint(value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let size = 1;
  while (rest > 127) {
    rest >>>= 7;
    size += 1;
  }
  return size;
}

/** Writes at `at`, returns the position after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let end = at;
  while (rest > 127) {
    bytes[end++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}

/** A position in bytes that readers move on. */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function nextByte(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined) throw new DecodeError(`the bytes end within a varint at ${cursor.at}`);
  cursor.at += 1;
  return byte;
}

export function readVarint(cursor: Cursor): number {
  let raw = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = nextByte(cursor);
    raw |= (byte & 127) << shift;
    if (byte < 128) return (raw >>> 1) ^ -(raw & 1);
  }
  throw new DecodeError(`a varint of more than 5 bytes at ${cursor.at}`);
}

/** Zig-zag of a number: n >= 0 becomes 2n, n < 0 becomes -2n - 1; up to 2^54, so kept as two words. */
function zigZag(value: number): { high: number; low: number } {
  const magnitude = value < 0 ? -value - 1 : value;
  const low = magnitude >>> 0;
  const high = Math.floor(magnitude / TWO_32);
  const shiftedHigh = ((high << 1) | (low >>> 31)) >>> 0;
  const shiftedLow = ((low << 1) | (value < 0 ? 1 : 0)) >>> 0;
  return { high: shiftedHigh, low: shiftedLow };
}

export function sizeOfVarlong(value: number): number {
  let { high, low } = zigZag(value);
  let size = 1;
  while (high !== 0 || low > 127) {
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
    size += 1;
  }
  return size;
}

export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  let { high, low } = zigZag(value);
  let end = at;
  while (high !== 0 || low > 127) {
    bytes[end++] = (low & 127) | 128;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  bytes[end++] = low;
  return end;
}

/** Reads a varlong; numbers beyond 2^53 are refused. */
export function readVarlong(cursor: Cursor): number {
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    const byte = nextByte(cursor);
    const bits = byte & 127;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high |= bits >>> 4;
    } else if (shift < 63) high |= bits << (shift - 32);
    else high |= (bits & 1) << 31;
    if (byte < 128) return unZigZag(high >>> 0, low >>> 0);
  }
  throw new DecodeError(`a varlong of more than 10 bytes at ${cursor.at}`);
}

function unZigZag(high: number, low: number): number {
  const negative = (low & 1) === 1;
  const magnitude = (high >>> 1) * TWO_32 + (((low >>> 1) | (high << 31)) >>> 0);
  if (magnitude > Number.MAX_SAFE_INTEGER) throw new DecodeError('a varlong beyond 2^53');
  return negative ? -magnitude - 1 : magnitude;
}
