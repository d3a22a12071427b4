const SEED = 0x9747b28c | 0;
const M = 0x5bd1e995;
const R = 24;

/** Kafka's key hash (Utils.murmur2): 32-bit, little-endian blocks, a signed result. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = SEED ^ length;
  const blocks = length >> 2;
  for (let block = 0; block < blocks; block++) {
    const at = block * 4;
    let k = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    k = Math.imul(k, M);
    k ^= k >>> R;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const tail = blocks * 4;
  const left = length - tail;
  if (left >= 3) hash ^= (bytes[tail + 2] as number) << 16;
  if (left >= 2) hash ^= (bytes[tail + 1] as number) << 8;
  if (left >= 1) hash = Math.imul(hash ^ (bytes[tail] as number), M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** The partition of a keyed record (BuiltInPartitioner.partitionForKey). */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

/** Java's String.hashCode: 31 h + UTF-16 unit, 32-bit. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

/** Kafka's Utils.abs: like |n|, but 0 for the one number that has no opposite. */
export function kafkaAbs(value: number): number {
  return value === -2147483648 ? 0 : Math.abs(value);
}
