import { deflateSync, inflateSync } from 'fflate';

/** One gzip member (RFC 1952) with the header that Java 17 writes: no flags, no time, no extra flags, operating system unknown. */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff] as const;
const TRAILER_BYTES = 8;
const DEFAULT_LEVEL = 6;
const FLAG_HEADER_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;

/** `level` 1 to 9 as zlib's; null and -1 are its default, 6. */
export function compressGzip(bytes: Uint8Array, level: number | null): Uint8Array {
  const body = deflateSync(bytes, { level: levelOf(level) });
  const member = new Uint8Array(HEADER.length + body.length + TRAILER_BYTES);
  member.set(HEADER);
  member.set(body, HEADER.length);
  const view = new DataView(member.buffer);
  view.setUint32(HEADER.length + body.length, crc32(bytes), true);
  view.setUint32(HEADER.length + body.length + 4, bytes.length >>> 0, true);
  return member;
}

function levelOf(level: number | null): 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 {
  return level === null || level < 1 || level > 9 ? DEFAULT_LEVEL : (level as 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9);
}

/** One member; null when header, data, checksum or size are wrong, or the size is beyond `maxBytes`. */
export function decompressGzip(bytes: Uint8Array, maxBytes: number): Uint8Array | null {
  const bodyAt = bodyOf(bytes);
  if (bodyAt === null || bytes.length < bodyAt + TRAILER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizeBytes = view.getUint32(bytes.length - 4, true);
  if (sizeBytes > maxBytes) return null;
  // One byte more than there should be, so that data that goes on is noticed.
  const opened = attempt(() => inflateSync(bytes.subarray(bodyAt, bytes.length - TRAILER_BYTES), { out: new Uint8Array(sizeBytes + 1) }));
  if (opened === null || opened.length !== sizeBytes || crc32(opened) !== view.getUint32(bytes.length - TRAILER_BYTES, true)) return null;
  return opened;
}

/** Libraries throw errors of their own for data that is none of theirs. */
export function attempt(open: () => Uint8Array): Uint8Array | null {
  try {
    return open();
  } catch {
    return null;
  }
}

/** Where the deflated data begins; null when this is no gzip member. */
function bodyOf(bytes: Uint8Array): number | null {
  if (bytes.length < HEADER.length || HEADER.slice(0, 3).some((byte, i) => bytes[i] !== byte)) return null;
  const flags = bytes[3] ?? 0;
  if (flags > 31) return null;
  let at: number = HEADER.length;
  if ((flags & FLAG_EXTRA) !== 0) at += 2 + ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8));
  for (const flag of [FLAG_NAME, FLAG_COMMENT]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return null;
    at = end + 1;
  }
  return at + ((flags & FLAG_HEADER_CRC) === 0 ? 0 : 2);
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  return value;
});

/** CRC-32 (IEEE), unsigned. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
