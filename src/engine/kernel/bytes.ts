import type { FlippedBit } from './system.ts';
import { assert } from './assert.ts';

/**
 * Arenas: 64 KiB buffers that are filled once from the front. A region is written by the step that allocated it and
 * never again, so states, messages, page cache and checkpoints may share it. Oversized requests get their own buffer.
 */
export const ARENA_BYTES = 65536;

export interface Arena {
  buffer: Uint8Array;
  usedBytes: number;
}

export function newArena(): Arena {
  return { buffer: new Uint8Array(ARENA_BYTES), usedBytes: 0 };
}

/** A fresh zeroed region of `sizeBytes`. The arena only ever moves forward, whatever state is restored. */
export function allocateFrom(arena: Arena, sizeBytes: number): Uint8Array {
  assert(sizeBytes >= 0, 'a size of 0 or more');
  if (sizeBytes > ARENA_BYTES / 4) return new Uint8Array(sizeBytes);
  if (arena.usedBytes + sizeBytes > ARENA_BYTES) {
    arena.buffer = new Uint8Array(ARENA_BYTES);
    arena.usedBytes = 0;
  }
  const region = arena.buffer.subarray(arena.usedBytes, arena.usedBytes + sizeBytes);
  arena.usedBytes += sizeBytes;
  return region;
}

export const EMPTY_BYTES = new Uint8Array(0);

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.length;
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Number of bytes of `text` in UTF-8. */
export function utf8Length(text: string): number {
  let sizeBytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) sizeBytes += 1;
    else if (unit < 0x800) sizeBytes += 2;
    else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(i + 1))) {
      sizeBytes += 4;
      i++;
    } else sizeBytes += 3;
  }
  return sizeBytes;
}

/** Writes `text` as UTF-8 at `at`; lone surrogates become U+FFFD. Returns the position after it. */
export function writeUtf8(target: Uint8Array, at: number, text: string): number {
  let end = at;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (isHighSurrogate(code) && isLowSurrogate(text.charCodeAt(i + 1))) {
      code = 0x10000 + ((code - 0xd800) << 10) + (text.charCodeAt(++i) - 0xdc00);
    } else if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) target[end++] = code;
    else if (code < 0x800) {
      target[end++] = 0xc0 | (code >> 6);
      target[end++] = 0x80 | (code & 63);
    } else if (code < 0x10000) {
      target[end++] = 0xe0 | (code >> 12);
      target[end++] = 0x80 | ((code >> 6) & 63);
      target[end++] = 0x80 | (code & 63);
    } else {
      target[end++] = 0xf0 | (code >> 18);
      target[end++] = 0x80 | ((code >> 12) & 63);
      target[end++] = 0x80 | ((code >> 6) & 63);
      target[end++] = 0x80 | (code & 63);
    }
  }
  return end;
}

/** `allocate` gives the bytes a place in an arena, which costs less than an array of their own. */
export function utf8Encode(text: string, allocate?: (sizeBytes: number) => Uint8Array): Uint8Array {
  const sizeBytes = utf8Length(text);
  const bytes = allocate === undefined ? new Uint8Array(sizeBytes) : allocate(sizeBytes);
  if (sizeBytes > text.length) writeUtf8(bytes, 0, text);
  else for (let i = 0; i < sizeBytes; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** UTF-8 to text; malformed sequences become U+FFFD, one per bad byte. */
export function utf8Decode(bytes: Uint8Array): string {
  const ascii = asciiPrefix(bytes);
  let text = asciiText(bytes, ascii);
  let at = ascii;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const need = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : -1;
    const code = need < 0 ? -1 : decodeSequence(bytes, { at, need, lead });
    if (code < 0) {
      text += '\ufffd';
      at += 1;
      continue;
    }
    text += String.fromCodePoint(code);
    at += need + 1;
  }
  return text;
}

function asciiPrefix(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length && (bytes[at] ?? 0x80) < 0x80) at += 1;
  return at;
}

/** The first `length` bytes, which are ASCII: sixteen characters a call, as each call makes a piece that has to be joined later. */
function asciiText(bytes: Uint8Array, length: number): string {
  const at = (i: number): number => bytes[i] ?? 0;
  let text = '';
  let i = 0;
  for (; i + 16 <= length; i += 16) {
    const j = i + 8;
    text += String.fromCharCode(
      at(i),
      at(i + 1),
      at(i + 2),
      at(i + 3),
      at(i + 4),
      at(i + 5),
      at(i + 6),
      at(i + 7),
      at(j),
      at(j + 1),
      at(j + 2),
      at(j + 3),
      at(j + 4),
      at(j + 5),
      at(j + 6),
      at(j + 7),
    );
  }
  for (; i < length; i++) text += String.fromCharCode(at(i));
  return text;
}

function decodeSequence(bytes: Uint8Array, sequence: { at: number; need: number; lead: number }): number {
  const { at, need, lead } = sequence;
  if (need === 0) return lead;
  if (at + need >= bytes.length + 0 && at + need > bytes.length - 1) return -1;
  let code = lead & (need === 1 ? 0x1f : need === 2 ? 0x0f : 0x07);
  for (let i = 1; i <= need; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (next & 0x3f);
  }
  if (need === 2 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) return -1;
  if (need === 3 && (code < 0x10000 || code > 0x10ffff)) return -1;
  return code;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Pieces of a file that begin at `position`, with the bits that flipped in it since they were written. */
export function withFlippedBits(pieces: readonly Uint8Array[], position: number, flipped: readonly FlippedBit[]): readonly Uint8Array[] {
  let start = position;
  return pieces.map((piece) => {
    const here = flipped.filter((bit) => bit.position >= start && bit.position < start + piece.length);
    const copy = here.length === 0 ? piece : piece.slice();
    for (const bit of here) copy[bit.position - start] = (copy[bit.position - start] ?? 0) ^ bit.mask;
    start += piece.length;
    return copy;
  });
}
