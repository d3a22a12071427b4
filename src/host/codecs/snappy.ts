import { compress } from 'snappyjs';
import { concatBytes } from '../../engine/kernel/bytes.ts';
import { decompressSnappyBlock } from './snappy-block.ts';

/** The framing of snappy-java (SnappyOutputStream): a header, then blocks with their size before them. Kafka's clients always write it. */
const MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0] as const;
const HEADER = Uint8Array.of(...MAGIC, 0, 0, 0, 1, 0, 0, 0, 1);
const BLOCK_BYTES = 32_768;

export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [HEADER];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = compress(bytes.slice(at, at + BLOCK_BYTES));
    const size = new Uint8Array(4);
    new DataView(size.buffer).setInt32(0, block.length);
    parts.push(size, block);
  }
  return concatBytes(parts);
}

/** Framed blocks of any size, or one raw block; null when they are not sound or give more than `maxBytes`. */
export function decompressSnappy(bytes: Uint8Array, maxBytes: number): Uint8Array | null {
  if (!isFramed(bytes)) return decompressSnappyBlock(bytes, maxBytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  let total = 0;
  let at = HEADER.length;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return null;
    const sizeBytes = view.getInt32(at);
    const end = at + 4 + sizeBytes;
    if (sizeBytes < 0 || end > bytes.length) return null;
    const block = decompressSnappyBlock(bytes.subarray(at + 4, end), maxBytes - total);
    if (block === null) return null;
    total += block.length;
    blocks.push(block);
    at = end;
  }
  return concatBytes(blocks);
}

function isFramed(bytes: Uint8Array): boolean {
  return bytes.length >= HEADER.length && MAGIC.every((byte, i) => bytes[i] === byte);
}
