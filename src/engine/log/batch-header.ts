import type { StepContext } from '../kernel/machine-contract.ts';
import type { EpochMs, LeaderEpoch, Offset } from '../kernel/units.ts';
import { readInt16, readInt32, readInt64, readUint32, writeInt16, writeInt32, writeInt64 } from './big-endian.ts';
import type { BatchEntry } from './batch-list.ts';
import { crc32c } from './crc-interim.ts';
import type { ProducerBatchHeader } from './producer-state.ts';

export const LOG_OVERHEAD = 12;
export const RECORD_BATCH_OVERHEAD = 61;
export const MAGIC_AT = 16;
const CRC_FROM = 21;

export interface ValidationHeader extends ProducerBatchHeader {
  readonly recordCount: number;
  readonly isLogAppendTime: boolean;
}

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

export function validationHeader(bytes: Uint8Array): ValidationHeader {
  return { ...producerHeader(bytes), recordCount: readInt32(bytes, 57), isLogAppendTime: (readInt16(bytes, 21) & 8) !== 0 };
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

export function isValidBatch(bytes: Uint8Array): boolean {
  return bytes.length >= RECORD_BATCH_OVERHEAD && bytes[MAGIC_AT] === 2 && readUint32(bytes, 17) === crc32c(bytes, CRC_FROM, bytes.length);
}

export function checkCrc(bytes: Uint8Array, partition: string): string | null {
  return isValidBatch(bytes) ? null : `Record is corrupt (stored crc = ${readUint32(bytes, 17)}) in topic partition ${partition}.`;
}

export function stampForAppend(bytes: Uint8Array, stamp: { readonly baseOffset: Offset; readonly leaderEpoch: LeaderEpoch; readonly logAppendTimeMs: EpochMs }, context: Pick<StepContext, 'allocate'>): Uint8Array {
  const stamped = context.allocate(bytes.length);
  stamped.set(bytes);
  writeInt64(stamped, 0, stamp.baseOffset);
  writeInt32(stamped, 12, stamp.leaderEpoch);
  if (stamp.logAppendTimeMs >= 0) {
    writeInt16(stamped, 21, readInt16(bytes, 21) | 8);
    writeInt64(stamped, 35, stamp.logAppendTimeMs);
    writeInt32(stamped, 17, crc32c(stamped, CRC_FROM, stamped.length));
  }
  return stamped;
}

export interface WalkedRecord {
  readonly hasKey: boolean;
  readonly timestampMs: EpochMs;
  readonly offsetDelta: number;
}

export function walkRecords(_bytes: Uint8Array, _visit: (record: WalkedRecord, index: number) => void): string | null {
  return null;
}
