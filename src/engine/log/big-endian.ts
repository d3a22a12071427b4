/** Big-endian integers as Kafka's files hold them. Int64 values lie within 2^53. */
const TWO_32 = 4294967296;

export function writeInt16(target: Uint8Array, at: number, value: number): void {
  target[at] = value >> 8;
  target[at + 1] = value;
}

export function writeInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >> 24;
  target[at + 1] = value >> 16;
  target[at + 2] = value >> 8;
  target[at + 3] = value;
}

export function writeInt64(target: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  writeInt32(target, at, high);
  writeInt32(target, at + 4, value - high * TWO_32);
}

export function readInt16(source: Uint8Array, at: number): number {
  return (((source[at] ?? 0) << 24) >> 16) | (source[at + 1] ?? 0);
}

export function readInt32(source: Uint8Array, at: number): number {
  return readUint32(source, at) | 0;
}

export function readUint32(source: Uint8Array, at: number): number {
  return (((source[at] ?? 0) << 24) | ((source[at + 1] ?? 0) << 16) | ((source[at + 2] ?? 0) << 8) | (source[at + 3] ?? 0)) >>> 0;
}

export function readInt64(source: Uint8Array, at: number): number {
  return readInt32(source, at) * TWO_32 + readUint32(source, at + 4);
}
