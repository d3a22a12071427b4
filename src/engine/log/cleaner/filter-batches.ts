import type { StepContext } from '../../kernel/machine-contract.ts';
import type { EpochMs, Offset } from '../../kernel/units.ts';
import {
  baseTimestamp,
  emptiedBatch,
  hasDeleteHorizon,
  isControlBatch,
  lastOffset,
  producerEpoch,
  producerId,
  readRecords,
  rebuildBatch,
  type BatchRecord,
} from '../../protocol/record-batch.ts';
import type { Producers } from '../producer-state.ts';
import { isDiscardable, type CleanedTransactions } from './cleaned-transactions.ts';
import { latestOffsetOf, type OffsetMap } from './offset-map.ts';

/** What decides which records stay. */
export interface RecordFilter {
  readonly map: Readonly<OffsetMap>;
  readonly transactions: CleanedTransactions;
  readonly producers: Producers;
  readonly nowMs: EpochMs;
  readonly deleteRetentionMs: number;
}

/** How many records a pass saw and kept, and which of the kept ones are tombstones. */
export interface CleanerStats {
  records: number;
  kept: number;
  tombstones: number;
  /** Batches that could not be opened. */
  unreadable: number;
}

/** The batch as it is after cleaning: the same bytes, fewer records, only its header, or null (MemoryRecords.filterTo for one batch). */
export function filterBatch(
  batch: Uint8Array,
  filter: RecordFilter,
  stats: CleanerStats,
  context: Pick<StepContext, 'codecs' | 'allocate'>,
): Uint8Array | null {
  const isControl = isControlBatch(batch);
  const canDiscard = isDiscardable(filter.transactions, batch, isControl);
  const horizonMs = hasDeleteHorizon(batch) ? baseTimestamp(batch) : null;
  const discards = canDiscard && (!isControl || (horizonMs !== null && horizonMs <= filter.nowMs));
  const keepsEmpty = isLastOfProducer(filter.producers, batch);
  if (discards && !keepsEmpty) {
    stats.records += countRecords(batch, context);
    return null;
  }
  const read = readRecords(batch, context.codecs);
  // A batch that cannot be opened ends the cleaning; what was written so far is thrown away.
  if (!read.ok) {
    stats.unreadable += 1;
    return batch;
  }
  const kept = discards ? [] : read.records.filter((record) => isControl || isRetained(record, horizonMs, filter));
  stats.records += read.records.length;
  stats.kept += kept.length;
  const tombstones = isControl ? 0 : kept.filter((record) => record.value === null).length;
  stats.tombstones += tombstones;
  if (kept.length === 0) return keepsEmpty ? emptiedBatch(batch, (sizeBytes) => context.allocate(sizeBytes)) : null;
  const setsHorizon = (tombstones > 0 || (canDiscard && isControl)) && horizonMs === null;
  if (kept.length === read.records.length && !setsHorizon) return batch;
  return rebuildBatch(batch, { records: kept, deleteHorizonMs: setsHorizon ? filter.nowMs + filter.deleteRetentionMs : horizonMs, level: null }, context);
}

function countRecords(batch: Uint8Array, context: Pick<StepContext, 'codecs'>): number {
  const read = readRecords(batch, context.codecs);
  return read.ok ? read.records.length : 0;
}

/** Its last sequence number or its epoch would be forgotten with it (Cleaner.isBatchLastRecordOfProducer). */
function isLastOfProducer(producers: Producers, batch: Uint8Array): boolean {
  if (producerId(batch) < 0) return false;
  const entry = producers.find((one) => one.producerId === producerId(batch));
  if (entry === undefined) return false;
  const lastData: Offset | undefined = entry.batches[entry.batches.length - 1]?.lastOffset;
  return lastData === undefined ? isControlBatch(batch) && producerEpoch(batch) === entry.producerEpoch : lastOffset(batch) === lastData;
}

/** The newest of its key, and not a tombstone whose time is over; records without a key never stay (Cleaner.shouldRetainRecord). */
function isRetained(record: BatchRecord, horizonMs: EpochMs | null, { map, nowMs }: RecordFilter): boolean {
  if (record.offset > map.latestOffset) return true;
  if (record.key === null || record.offset < latestOffsetOf(map, record.key)) return false;
  return record.value !== null || horizonMs === null || nowMs < horizonMs;
}
