import type { Offset } from '../kernel/units.ts';
import { readInt16, readInt32, readInt64, readUint32, writeInt16, writeInt32, writeInt64 } from './big-endian.ts';
import { crc32c } from '../protocol/crc32c.ts';
import { lastSequence, putProducer, type ProducerEntry, type Producers } from './producer-state.ts';

/** `.snapshot`: int16 version, uint32 CRC-32C of what follows, then the array of producers, each with its last batch only. */
const VERSION = 1;
const CRC_AT = 2;
const COUNT_AT = 6;
const ENTRIES_AT = 10;
const ENTRY_BYTES = 46;

/** The whole file. With no producers it is 10 bytes. */
export function encodeSnapshot(producers: Producers): Uint8Array {
  const bytes = new Uint8Array(ENTRIES_AT + producers.length * ENTRY_BYTES);
  writeInt16(bytes, 0, VERSION);
  writeInt32(bytes, COUNT_AT, producers.length);
  hashMapOrder(producers).forEach((entry, index) => encodeEntry(bytes, ENTRIES_AT + index * ENTRY_BYTES, entry));
  writeInt32(bytes, CRC_AT, crc32c(bytes, COUNT_AT, bytes.length));
  return bytes;
}

/** The producers of a snapshot file, or null if it is corrupt (CorruptSnapshotException). */
export function decodeSnapshot(bytes: Uint8Array): Producers | null {
  if (bytes.length < ENTRIES_AT || readInt16(bytes, 0) !== VERSION) return null;
  const count = readInt32(bytes, COUNT_AT);
  if (count < 0 || bytes.length < ENTRIES_AT + count * ENTRY_BYTES) return null;
  if (readUint32(bytes, CRC_AT) !== crc32c(bytes, COUNT_AT, bytes.length) >>> 0) return null;
  let producers: Producers = [];
  for (let i = 0; i < count; i++) producers = putProducer(producers, decodeEntry(bytes, ENTRIES_AT + i * ENTRY_BYTES));
  return producers;
}

function encodeEntry(bytes: Uint8Array, at: number, entry: ProducerEntry): void {
  const last = entry.batches[entry.batches.length - 1];
  writeInt64(bytes, at, entry.producerId);
  writeInt16(bytes, at + 8, entry.producerEpoch);
  writeInt32(bytes, at + 10, lastSequence(entry));
  writeInt64(bytes, at + 14, last?.lastOffset ?? -1);
  writeInt32(bytes, at + 22, last?.offsetDelta ?? 0);
  writeInt64(bytes, at + 26, entry.lastTimestampMs);
  writeInt32(bytes, at + 34, entry.coordinatorEpoch);
  writeInt64(bytes, at + 38, entry.currentTxnFirstOffset);
}

function decodeEntry(bytes: Uint8Array, at: number): ProducerEntry {
  const lastOffset: Offset = readInt64(bytes, at + 14);
  const timestampMs = readInt64(bytes, at + 26);
  const batch = { lastSequence: readInt32(bytes, at + 10), lastOffset, offsetDelta: readInt32(bytes, at + 22), timestampMs };
  return {
    producerId: readInt64(bytes, at),
    producerEpoch: readInt16(bytes, at + 8),
    coordinatorEpoch: readInt32(bytes, at + 34),
    lastTimestampMs: timestampMs,
    currentTxnFirstOffset: readInt64(bytes, at + 38),
    batches: lastOffset >= 0 ? [batch] : [],
  };
}

/**
 * The order in which java.util.HashMap walks these ids: by bucket of the spread hash, in a table that doubles beyond 3/4 full.
 * `Simplified:` within a bucket by id, not by time of insertion, and a table never stays larger than its entries need.
 */
function hashMapOrder(producers: Producers): readonly ProducerEntry[] {
  let tableSize = 16;
  while (producers.length > tableSize * 0.75) tableSize *= 2;
  const bucket = (entry: ProducerEntry): number => {
    const hash = (entry.producerId | 0) ^ Math.floor(entry.producerId / 4294967296);
    return (hash ^ (hash >>> 16)) & (tableSize - 1);
  };
  return producers.slice().sort((a, b) => bucket(a) - bucket(b) || a.producerId - b.producerId);
}
