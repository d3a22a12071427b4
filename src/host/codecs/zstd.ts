import { Decompress } from 'fzstd';

/** Frames begin with this, least significant byte first. */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;
/** zstd's own limit for a window that a reader need not ask about; Kafka's reader has the same. */
const MOST_WINDOW_BYTES = 128 * 1024 * 1024;

class TooLarge extends Error {}

/** Any zstd frame; null when it is not sound, ends early or gives more than `maxBytes`. */
export function decompressZstd(bytes: Uint8Array, maxBytes: number): Uint8Array | null {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return null;
  const window = windowBytes(bytes);
  if (window === null || window > MOST_WINDOW_BYTES) return null;
  const parts: Uint8Array[] = [];
  let total = 0;
  let complete = false;
  try {
    const stream = new Decompress((part, final) => {
      total += part.length;
      if (total > maxBytes) throw new TooLarge();
      parts.push(part.slice());
      if (final === true) complete = true;
    });
    stream.push(bytes, true);
  } catch {
    return null;
  }
  if (!complete) return null;
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The window that the first frame asks for, or its content size when it is one segment. */
function windowBytes(bytes: Uint8Array): number | null {
  const descriptor = bytes[4];
  const next = bytes[5];
  if (descriptor === undefined || next === undefined) return null;
  if ((descriptor & 0x20) === 0) {
    const base = 2 ** (10 + (next >> 3));
    return base + (base / 8) * (next & 7);
  }
  const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sizeOfSize = [1, 2, 4, 8][descriptor >> 6] ?? 1;
  if (at + sizeOfSize > bytes.length) return null;
  if (sizeOfSize === 1) return bytes[at] ?? 0;
  if (sizeOfSize === 2) return view.getUint16(at, true) + 256;
  return sizeOfSize === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
