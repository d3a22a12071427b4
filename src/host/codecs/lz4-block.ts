/**
 * LZ4 blocks (the format's specification, not its fastest implementation). Ours, as the synchronous libraries there are break the rules for
 * the end of a block, and Kafka's decoder then refuses what they wrote.
 */
const MIN_MATCH = 4;
/** The last match begins at least so far before the end, and the last bytes are literals. */
const LAST_MATCH_BYTES = 12;
const LAST_LITERALS = 5;
const MOST_DISTANCE = 65_535;
const HASH_BITS = 14;
/** After so many misses in a row the search takes longer steps (2 to this power). */
const SKIP_TRIGGER = 6;
const LENGTH_MASK = 15;

/** Greatest size of the block of `sizeBytes` bytes. */
export function lz4BlockBound(sizeBytes: number): number {
  return sizeBytes + Math.floor(sizeBytes / 255) + 16;
}

/** Compresses at most 64 KiB into `target`; returns the block's size. */
export function compressLz4Block(source: Uint8Array, target: Uint8Array): number {
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  const matchLimit = source.length - LAST_MATCH_BYTES;
  const lengthLimit = source.length - LAST_LITERALS;
  let anchor = 0;
  let at = 0;
  let end = 0;
  let misses = 1 << SKIP_TRIGGER;
  while (at <= matchLimit) {
    const word = wordAt(source, at);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = table[slot] ?? -1;
    table[slot] = at;
    if (candidate < 0 || at - candidate > MOST_DISTANCE || wordAt(source, candidate) !== word) {
      at += misses++ >> SKIP_TRIGGER;
      continue;
    }
    misses = 1 << SKIP_TRIGGER;
    let length = MIN_MATCH;
    while (at + length < lengthLimit && source[candidate + length] === source[at + length]) length += 1;
    end = writeSequence(target, end, { source, from: anchor, to: at, distance: at - candidate, matchLength: length });
    at += length;
    anchor = at;
  }
  return writeSequence(target, end, { source, from: anchor, to: source.length, distance: 0, matchLength: 0 });
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

interface Sequence {
  readonly source: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** 0 for the last sequence, which is literals only. */
  readonly distance: number;
  readonly matchLength: number;
}

function writeSequence(target: Uint8Array, start: number, { source, from, to, distance, matchLength }: Sequence): number {
  const literals = to - from;
  const extra = distance === 0 ? 0 : matchLength - MIN_MATCH;
  target[start] = (Math.min(literals, LENGTH_MASK) << 4) | Math.min(extra, LENGTH_MASK);
  let end = writeLength(target, start + 1, literals);
  target.set(source.subarray(from, to), end);
  end += literals;
  if (distance === 0) return end;
  target[end] = distance & 255;
  target[end + 1] = distance >> 8;
  return writeLength(target, end + 2, extra);
}

function writeLength(target: Uint8Array, start: number, length: number): number {
  if (length < LENGTH_MASK) return start;
  let end = start;
  let rest = length - LENGTH_MASK;
  for (; rest >= 255; rest -= 255) target[end++] = 255;
  target[end++] = rest;
  return end;
}

/** Decompresses a block behind what `target` holds up to `start`; the end of what it gave, or -1 when the block is not sound or does not fit. */
export function decompressLz4Block(block: Uint8Array, target: Uint8Array, start: number): number {
  let at = 0;
  let end = start;
  while (at < block.length) {
    const token = block[at++] ?? 0;
    const literals = readLength(block, at, token >> 4);
    if (literals === null) return -1;
    at = literals.next;
    if (at + literals.length > block.length || end + literals.length > target.length) return -1;
    target.set(block.subarray(at, at + literals.length), end);
    at += literals.length;
    end += literals.length;
    if (at === block.length) return end;
    if (at + 2 > block.length) return -1;
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8);
    const match = readLength(block, at + 2, token & LENGTH_MASK);
    if (match === null || distance === 0 || distance > end) return -1;
    at = match.next;
    const length = match.length + MIN_MATCH;
    if (end + length > target.length) return -1;
    // Byte by byte, as a match may reach into what it writes.
    for (let i = 0; i < length; i++) target[end + i] = target[end + i - distance] ?? 0;
    end += length;
  }
  return -1;
}

function readLength(block: Uint8Array, start: number, nibble: number): { readonly length: number; readonly next: number } | null {
  if (nibble < LENGTH_MASK) return { length: nibble, next: start };
  let length = nibble;
  let at = start;
  for (;;) {
    const byte = block[at++];
    if (byte === undefined) return null;
    length += byte;
    if (byte < 255) return { length, next: at };
  }
}
