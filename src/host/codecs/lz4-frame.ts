import { concatBytes } from '../../engine/kernel/bytes.ts';
import { compressLz4Block, decompressLz4Block, lz4BlockBound } from './lz4-block.ts';
import { xxHash32 } from './xx-hash.ts';

/** LZ4 frames as Kafka's clients write them (Lz4BlockOutputStream): independent blocks of at most 64 KiB, no checksums, no content size. */
const MAGIC = [0x04, 0x22, 0x4d, 0x18] as const;
const FLAGS = 0x60;
const BLOCK_DESCRIPTOR = 0x40;
const HEADER_CHECKSUM = 0x82;
const BLOCK_BYTES = 65_536;
const STORED = 0x80000000;

export function compressLz4(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(...MAGIC, FLAGS, BLOCK_DESCRIPTOR, HEADER_CHECKSUM)];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    const block = bytes.subarray(at, Math.min(bytes.length, at + BLOCK_BYTES));
    const target = new Uint8Array(lz4BlockBound(block.length));
    const sizeBytes = compressLz4Block(block, target);
    // What does not shrink is stored as it is.
    if (sizeBytes >= block.length) parts.push(sizeWord((block.length | STORED) >>> 0), block);
    else parts.push(sizeWord(sizeBytes), target.subarray(0, sizeBytes));
  }
  parts.push(sizeWord(0));
  return concatBytes(parts);
}

function sizeWord(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
}

function readWord(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

interface FrameHeader {
  readonly bodyAt: number;
  readonly blockBytes: number;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
}

/** Any frame of version 1; null where Kafka's Lz4BlockInputStream finds fault, or beyond `maxBytes`. */
export function decompressLz4(bytes: Uint8Array, maxBytes: number): Uint8Array | null {
  const header = readHeader(bytes);
  if (header === null) return null;
  const blocks: Uint8Array[] = [];
  let total = 0;
  let at = header.bodyAt;
  for (;;) {
    if (at + 4 > bytes.length) return null;
    const word = readWord(bytes, at);
    at += 4;
    if (word === 0) break;
    const sizeBytes = word & 0x7fffffff;
    const end = at + sizeBytes;
    if (sizeBytes > header.blockBytes || end > bytes.length) return null;
    const stored = bytes.subarray(at, end);
    const block = word >= STORED ? stored : openBlock(stored, Math.min(header.blockBytes, maxBytes - total));
    if (block === null) return null;
    at = end;
    if (header.blockChecksums) {
      if (at + 4 > bytes.length || xxHash32(stored) !== readWord(bytes, at)) return null;
      at += 4;
    }
    total += block.length;
    if (total > maxBytes) return null;
    blocks.push(block);
  }
  return at + (header.contentChecksum ? 4 : 0) === bytes.length ? concatBytes(blocks) : null;
}

function openBlock(stored: Uint8Array, roomBytes: number): Uint8Array | null {
  const target = new Uint8Array(roomBytes);
  const end = decompressLz4Block(stored, target, 0);
  return end < 0 ? null : target.subarray(0, end);
}

function readHeader(bytes: Uint8Array): FrameHeader | null {
  if (bytes.length < 7 || MAGIC.some((byte, i) => bytes[i] !== byte)) return null;
  const flags = bytes[4] ?? 0;
  const sizeCode = ((bytes[5] ?? 0) >> 4) & 7;
  const isVersion1 = flags >> 6 === 1;
  const independent = (flags & 0x20) !== 0;
  if (!isVersion1 || !independent || (flags & 0x03) !== 0 || sizeCode < 4 || ((bytes[5] ?? 0) & 0x8f) !== 0) return null;
  const checksumAt = 6 + ((flags & 0x08) === 0 ? 0 : 8);
  if (bytes.length <= checksumAt || ((xxHash32(bytes.subarray(4, checksumAt)) >>> 8) & 255) !== bytes[checksumAt]) return null;
  return { bodyAt: checksumAt + 1, blockBytes: 1 << (8 + 2 * sizeCode), blockChecksums: (flags & 0x10) !== 0, contentChecksum: (flags & 0x04) !== 0 };
}
