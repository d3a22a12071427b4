import type { StepContext } from '../kernel/machine-contract.ts';
import type { EpochMs, LeaderEpoch, Offset } from '../kernel/units.ts';
import { readControlRecord } from '../protocol/control-batch.ts';
import { crc32c } from '../protocol/crc32c.ts';
import {
  attributes,
  baseOffset,
  baseSequence,
  isControlBatch,
  isTransactional,
  lastOffsetDelta,
  maxTimestamp,
  partitionLeaderEpoch,
  producerEpoch,
  producerId,
  stampBatch,
} from '../protocol/record-batch.ts';
import type { BatchEntry } from './batch-list.ts';
import { writeInt16, writeInt32, writeInt64 } from './big-endian.ts';
import type { ProducerBatchHeader, ProducerMarker } from './producer-state.ts';

export const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const MAX_TIMESTAMP_AT = 35;
const LOG_APPEND_TIME = 0x08;

/** The columns a segment keeps of a batch that starts at `position`. */
export function batchEntry(bytes: Uint8Array, position: number): BatchEntry {
  const firstOffset = baseOffset(bytes);
  return {
    baseOffset: firstOffset,
    lastOffset: firstOffset + lastOffsetDelta(bytes),
    position,
    sizeBytes: bytes.length,
    maxTimestampMs: maxTimestamp(bytes),
    leaderEpoch: partitionLeaderEpoch(bytes),
    bytes,
  };
}

/** What producer state needs of a batch. */
export function producerHeader(bytes: Uint8Array): ProducerBatchHeader {
  const firstOffset = baseOffset(bytes);
  return {
    producerId: producerId(bytes),
    producerEpoch: producerEpoch(bytes),
    baseSequence: baseSequence(bytes),
    baseOffset: firstOffset,
    lastOffset: firstOffset + lastOffsetDelta(bytes),
    maxTimestampMs: maxTimestamp(bytes),
    isTransactional: isTransactional(bytes),
    isControl: isControlBatch(bytes),
    marker: isControlBatch(bytes) ? markerOf(bytes) : null,
  };
}

/** Null for a batch without a readable marker, which changes nothing of its producer. */
function markerOf(bytes: Uint8Array): ProducerMarker | null {
  const control = readControlRecord(bytes);
  if (!control.ok || (control.type !== 'ABORT' && control.type !== 'COMMIT')) return null;
  // A marker has one record, so the batch's largest timestamp is its own.
  return { isAbort: control.type === 'ABORT', coordinatorEpoch: control.coordinatorEpoch, timestampMs: maxTimestamp(bytes) };
}

/** A copy with the leader's offset and epoch and, for LogAppendTime (not -1), the time of the append, which changes the CRC. */
export function stampForAppend(
  bytes: Uint8Array,
  stamp: { readonly baseOffset: Offset; readonly leaderEpoch: LeaderEpoch; readonly logAppendTimeMs: EpochMs },
  context: Pick<StepContext, 'allocate'>,
): Uint8Array {
  const stamped = stampBatch(bytes, stamp, (sizeBytes) => context.allocate(sizeBytes));
  if (stamp.logAppendTimeMs < 0) return stamped;
  writeInt16(stamped, ATTRIBUTES_AT, attributes(stamped) | LOG_APPEND_TIME);
  writeInt64(stamped, MAX_TIMESTAMP_AT, stamp.logAppendTimeMs);
  writeInt32(stamped, CRC_AT, crc32c(stamped, ATTRIBUTES_AT));
  return stamped;
}
