const MODULUS = 65521;
/** As many bytes as both sums can take before they could pass 2^32. */
const BYTES_BETWEEN_REDUCTIONS = 5552;

/** java.util.zip.Adler32 of bytes [from, to): the checksum of ZooKeeper's logs and snapshots. A uint32. */
export function adler32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let a = 1;
  let b = 0;
  for (let at = from; at < to;) {
    const end = Math.min(to, at + BYTES_BETWEEN_REDUCTIONS);
    for (; at < end; at++) {
      a += bytes[at] ?? 0;
      b += a;
    }
    a %= MODULUS;
    b %= MODULUS;
  }
  return ((b << 16) | a) >>> 0;
}
