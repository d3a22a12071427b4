import type { EpochMs, LeaderEpoch, Offset } from '../kernel/units.ts';
import { NO_CODECS } from '../kernel/codecs.ts';
import { buildBatch, codecOf, isControlBatch, readRecords, type BatchRecord } from './record-batch.ts';

/** Types of control records by their number (ControlRecordType). */
const TYPES = ['ABORT', 'COMMIT', 'LEADER_CHANGE', 'SNAPSHOT_HEADER', 'SNAPSHOT_FOOTER', 'KRAFT_VERSION', 'KRAFT_VOTERS'] as const;
export type ControlRecordType = (typeof TYPES)[number];

const KEY_BYTES = 4;
const MARKER_VALUE_BYTES = 6;
const CURRENT_VERSION = 0;

/** How a transaction ended in one partition. */
export type EndTxnResult = 'ABORT' | 'COMMIT';

export interface EndTxnMarker {
  readonly result: EndTxnResult;
  readonly coordinatorEpoch: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly timestampMs: EpochMs;
  /** Given by the leader's append when absent. */
  readonly baseOffset?: Offset;
  readonly partitionLeaderEpoch?: LeaderEpoch;
}

/** A batch that ends a transaction (EndTransactionMarker, MemoryRecords.withEndTransactionMarker): one control record, 78 bytes in our century. */
export function buildEndTxnMarker(marker: EndTxnMarker, allocate: (sizeBytes: number) => Uint8Array): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  const keyView = new DataView(key.buffer);
  keyView.setInt16(0, CURRENT_VERSION);
  keyView.setInt16(2, TYPES.indexOf(marker.result));
  const value = new Uint8Array(MARKER_VALUE_BYTES);
  const valueView = new DataView(value.buffer);
  valueView.setInt16(0, CURRENT_VERSION);
  valueView.setInt32(2, marker.coordinatorEpoch);
  return buildBatch(
    [{ timestamp: marker.timestampMs, key, value, headers: [] }],
    {
      producerId: marker.producerId,
      producerEpoch: marker.producerEpoch,
      isTransactional: true,
      isControl: true,
      ...(marker.baseOffset === undefined ? {} : { baseOffset: marker.baseOffset }),
      ...(marker.partitionLeaderEpoch === undefined ? {} : { partitionLeaderEpoch: marker.partitionLeaderEpoch }),
    },
    allocate,
  );
}

export type ControlRecord =
  | { readonly ok: true; readonly type: EndTxnResult; readonly coordinatorEpoch: number }
  /** A control record of KRaft, whose value is a message of its own, or of a type that this version does not know (`UNKNOWN`). */
  | { readonly ok: true; readonly type: Exclude<ControlRecordType, EndTxnResult> | 'UNKNOWN'; readonly value: Uint8Array | null }
  | { readonly ok: false; readonly reason: 'not a control batch' | 'corrupt'; readonly detail: string };

/** What the first record of a control batch says. Wrong bytes are an answer, never an exception. */
export function readControlRecord(batch: Uint8Array): ControlRecord {
  if (!isControlBatch(batch)) return { ok: false, reason: 'not a control batch', detail: 'attribute bit 5 is not set' };
  // Kafka never compresses a control batch.
  if (codecOf(batch) !== 'none') return { ok: false, reason: 'corrupt', detail: 'a control batch that is compressed' };
  const read = readRecords(batch, NO_CODECS);
  if (!read.ok) return { ok: false, reason: 'corrupt', detail: read.detail };
  const record = read.records[0];
  return record === undefined ? { ok: false, reason: 'corrupt', detail: 'a control batch without records' } : controlOf(record);
}

function controlOf(record: BatchRecord): ControlRecord {
  const { key, value } = record;
  if (key === null || key.length < KEY_BYTES) return { ok: false, reason: 'corrupt', detail: `a control key of ${key?.length ?? 0} bytes` };
  const keyView = new DataView(key.buffer, key.byteOffset, key.length);
  if (keyView.getInt16(0) < 0) return { ok: false, reason: 'corrupt', detail: `version ${keyView.getInt16(0)} of a control key` };
  const type = TYPES[keyView.getInt16(2)];
  if (type !== 'ABORT' && type !== 'COMMIT') return { ok: true, type: type ?? 'UNKNOWN', value };
  if (value === null || value.length < MARKER_VALUE_BYTES)
    return { ok: false, reason: 'corrupt', detail: `an end of transaction marker of ${value?.length ?? 0} bytes` };
  return { ok: true, type, coordinatorEpoch: new DataView(value.buffer, value.byteOffset, value.length).getInt32(2) };
}
