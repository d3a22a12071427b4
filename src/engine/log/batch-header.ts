import { readInt16, readInt32, readInt64, readUint32 } from './big-endian.ts';
import type { BatchEntry } from './batch-list.ts';
import type { ProducerBatchHeader } from './producer-state.ts';

export const LOG_OVERHEAD = 12;
export const RECORD_BATCH_OVERHEAD = 61;

export function batchSize(bytes: Uint8Array): number {
  return LOG_OVERHEAD + readInt32(bytes, 8);
}

/** The columns a segment keeps of a batch that starts at `position`. */
export function batchEntry(bytes: Uint8Array, position: number): BatchEntry {
  const baseOffset = readInt64(bytes, 0);
  return {
    baseOffset,
    lastOffset: baseOffset + readInt32(bytes, 23),
    position,
    sizeBytes: bytes.length,
    maxTimestampMs: readInt64(bytes, 35),
    leaderEpoch: readInt32(bytes, 12),
    bytes,
  };
}

export function producerHeader(bytes: Uint8Array): ProducerBatchHeader {
  const baseOffset = readInt64(bytes, 0);
  const attributes = readInt16(bytes, 21);
  return {
    producerId: readInt64(bytes, 43),
    producerEpoch: readInt16(bytes, 51),
    baseSequence: readInt32(bytes, 53),
    baseOffset,
    lastOffset: baseOffset + readInt32(bytes, 23),
    maxTimestampMs: readInt64(bytes, 35),
    isTransactional: (attributes & 0x10) !== 0,
    isControl: (attributes & 0x20) !== 0,
  };
}

export function storedCrc(bytes: Uint8Array): number {
  return readUint32(bytes, 17);
}
