import { crcOfRounds } from './crc32c-rounds.ts';

/** CRC-32C (Castagnoli, reflected 0x82F63B78). Table k, at 256 k, is what a byte does k bytes further on. */
const POLYNOMIAL = 0x82f63b78;
const TABLES = 16;
const T = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(256 * TABLES);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const crc = tables[at - 256] as number;
    tables[at] = (crc >>> 8) ^ (tables[crc & 255] as number);
  }
  return tables;
}

const overRounds = crcOfRounds(T);
const ROUND_BYTES = 16;
/** Below this the way into the other loop costs more than it brings. */
const LEAST_FOR_ROUNDS = 192;

/** CRC-32C of bytes [from, to), an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  if (to - from < LEAST_FOR_ROUNDS) return ~overBytes(-1, bytes, from, to) >>> 0;
  const end = to - ((to - from) % ROUND_BYTES);
  return ~overBytes(overRounds(-1, bytes, from, end), bytes, end, to) >>> 0;
}

/** Eight bytes a round, and the last ones one by one. */
function overBytes(start: number, bytes: Uint8Array, from: number, to: number): number {
  let crc = start;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    crc ^= (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    crc =
      (T[1792 + (crc & 255)] as number) ^
      (T[1536 + ((crc >>> 8) & 255)] as number) ^
      (T[1280 + ((crc >>> 16) & 255)] as number) ^
      (T[1024 + (crc >>> 24)] as number) ^
      (T[768 + (bytes[at + 4] as number)] as number) ^
      (T[512 + (bytes[at + 5] as number)] as number) ^
      (T[256 + (bytes[at + 6] as number)] as number) ^
      (T[bytes[at + 7] as number] as number);
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ (T[(crc ^ (bytes[at] as number)) & 255] as number);
  return crc;
}
