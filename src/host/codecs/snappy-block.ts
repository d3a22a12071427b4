/** Reads raw snappy blocks with every bound checked; the library that writes them takes a block that ends early for a whole one. */
const LENGTH_BYTES = 5;

/** The content of a block; null when it is not sound or longer than `maxBytes`. */
export function decompressSnappyBlock(block: Uint8Array, maxBytes: number): Uint8Array | null {
  const header = readLength(block);
  if (header === null || header.length > maxBytes) return null;
  // No block can grow by more than this: three bytes copy at most 64.
  if (header.length > block.length * 64) return null;
  const target = new Uint8Array(header.length);
  let at = header.next;
  let end = 0;
  while (at < block.length) {
    const tag = block[at++] ?? 0;
    const element = (tag & 3) === 0 ? readLiteral(block, at, tag) : readCopy(block, at, tag);
    if (element === null || end + element.length > target.length) return null;
    if (element.distance === 0) target.set(block.subarray(element.next - element.length, element.next), end);
    else if (element.distance > end) return null;
    else for (let i = 0; i < element.length; i++) target[end + i] = target[end + i - element.distance] ?? 0;
    at = element.next;
    end += element.length;
  }
  return end === target.length ? target : null;
}

interface Element {
  readonly length: number;
  /** 0: the bytes themselves, which end at `next`. */
  readonly distance: number;
  readonly next: number;
}

function readLength(block: Uint8Array): { readonly length: number; readonly next: number } | null {
  let length = 0;
  for (let i = 0; i < LENGTH_BYTES; i++) {
    const byte = block[i];
    if (byte === undefined) return null;
    length += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return length < 2 ** 32 ? { length, next: i + 1 } : null;
  }
  return null;
}

function littleEndian(block: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = 0; i < count; i++) value += (block[at + i] ?? 0) * 2 ** (8 * i);
  return value;
}

function readLiteral(block: Uint8Array, at: number, tag: number): Element | null {
  const code = tag >> 2;
  const extraBytes = code < 60 ? 0 : code - 59;
  const length = extraBytes === 0 ? code + 1 : littleEndian(block, at, extraBytes) + 1;
  const next = at + extraBytes + length;
  return next > block.length ? null : { length, distance: 0, next };
}

function readCopy(block: Uint8Array, at: number, tag: number): Element | null {
  const kind = tag & 3;
  const distanceBytes = kind === 3 ? 4 : kind;
  if (at + distanceBytes > block.length) return null;
  const low = littleEndian(block, at, distanceBytes);
  const distance = kind === 1 ? ((tag >> 5) << 8) + low : low;
  const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
  return distance === 0 ? null : { length, distance, next: at + distanceBytes };
}
