import type { Offset } from '../../kernel/units.ts';

/** Bytes of one slot of Kafka's map: the MD5 of a key and an offset. */
const SLOT_BYTES = 24;

/**
 * The last offset of each key in the dirty part of a log (SkimpyOffsetMap). Mutable: it lives within one cleaning.
 * `Simplified:` keys themselves in place of their MD5, so that two keys are never taken for one; the limit is Kafka's.
 */
export interface OffsetMap {
  readonly offsets: Map<string, Offset>;
  readonly mostKeys: number;
  /** Last offset that was looked at, -1 at first. */
  latestOffset: Offset;
  /** A batch could not be opened. */
  unreadable: boolean;
}

/** A map of `log.cleaner.dedupe.buffer.size` bytes, filled up to `log.cleaner.io.buffer.load.factor`. */
export function newOffsetMap(bufferBytes: number, loadFactor: number): OffsetMap {
  return { offsets: new Map(), mostKeys: Math.floor(Math.floor(bufferBytes / SLOT_BYTES) * loadFactor), latestOffset: -1, unreadable: false };
}

/** False when the map is full: mapping ends there. */
export function putOffset(map: OffsetMap, key: Uint8Array, offset: Offset): boolean {
  if (map.offsets.size >= map.mostKeys) return false;
  map.offsets.set(keyText(key), offset);
  map.latestOffset = offset;
  return true;
}

/** -1 for a key that was not seen. */
export function latestOffsetOf(map: Readonly<OffsetMap>, key: Uint8Array): Offset {
  return map.offsets.get(keyText(key)) ?? -1;
}

/** One character a byte: equal texts, equal bytes. */
function keyText(key: Uint8Array): string {
  let text = '';
  for (const byte of key) text += String.fromCharCode(byte);
  return text;
}
