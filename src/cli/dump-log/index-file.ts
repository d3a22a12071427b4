/** An offset or time index as Kafka maps it (AbstractIndex): whole entries, of which those from its first hole on are zeros. */
export interface IndexFile {
  readonly path: string;
  readonly view: DataView;
  readonly length: number;
  readonly baseOffset: bigint;
  readonly entries: number;
}

export const OFFSET_ENTRY_BYTES = 8;
export const TIME_ENTRY_BYTES = 12;
const WARM_BYTES = 8192;

export function indexFile(source: { readonly path: string; readonly bytes: Uint8Array; readonly baseOffset: bigint }, entryBytes: number): IndexFile {
  const { path, bytes, baseOffset } = source;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { path, view, length: bytes.length, baseOffset, entries: Math.floor(bytes.length / entryBytes) };
}

export function offsetEntry(index: IndexFile, n: number): { readonly offset: bigint; readonly position: number } {
  const at = n * OFFSET_ENTRY_BYTES;
  return { offset: index.baseOffset + BigInt(index.view.getInt32(at)), position: index.view.getInt32(at + 4) };
}

export function timeEntry(index: IndexFile, n: number): { readonly timestamp: bigint; readonly offset: bigint } {
  const at = n * TIME_ENTRY_BYTES;
  return { timestamp: index.view.getBigInt64(at), offset: index.baseOffset + BigInt(index.view.getInt32(at + 8)) };
}

/** OffsetIndex.lookup: the position of the greatest entry at or below an offset, found the way Kafka looks, also among entries out of order. */
export function lookUp(index: IndexFile, offset: bigint): number {
  if (index.entries === 0) return 0;
  const firstWarm = Math.max(0, index.entries - 1 - WARM_BYTES / OFFSET_ENTRY_BYTES);
  if (offsetEntry(index, firstWarm).offset < offset) return search(index, offset, { low: firstWarm, high: index.entries - 1 });
  if (offsetEntry(index, 0).offset > offset) return 0;
  return search(index, offset, { low: 0, high: firstWarm });
}

function search(index: IndexFile, offset: bigint, range: { readonly low: number; readonly high: number }): number {
  let { low, high } = range;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const found = offsetEntry(index, middle);
    if (found.offset === offset) return found.position;
    if (found.offset > offset) high = middle - 1;
    else low = middle;
  }
  return offsetEntry(index, low).position;
}
