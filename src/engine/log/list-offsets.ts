import type { Codecs } from '../kernel/codecs.ts';
import { NO_EPOCH, type EpochMs, type LeaderEpoch, type Offset } from '../kernel/units.ts';
import { readRecords, type BatchRecord } from '../protocol/record-batch.ts';
import { batchAt, indexOfOffset, indexOfPosition, maxTimestampAt, type BatchEntry } from './batch-list.ts';
import { latestLeaderEpoch, segmentList, type LogState } from './log-state.ts';
import { lookupOffset, lookupTimestamp, NO_TIMESTAMP } from './segment-index.ts';
import { retentionTimestampMs, type Segment } from './segment.ts';

/** The special timestamps of ListOffsets. */
export const LATEST_TIMESTAMP = -1;
export const EARLIEST_TIMESTAMP = -2;
export const MAX_TIMESTAMP = -3;
export const EARLIEST_LOCAL_TIMESTAMP = -4;
export const LATEST_TIERED_TIMESTAMP = -5;

/** FileRecords.TimestampAndOffset: timestamp and epoch are -1 where Kafka gives none. */
export interface TimestampAndOffset {
  readonly timestampMs: EpochMs;
  readonly offset: Offset;
  readonly leaderEpoch: LeaderEpoch;
}

/**
 * The offset of a timestamp (UnifiedLog.fetchOffsetByTimestamp): earliest, latest (the log's end; a broker bounds it by the high
 * watermark), largest timestamp, or the first record at or after `timestampMs` and not below logStartOffset. Null when there is none.
 */
export function offsetForTimestamp(log: LogState, timestampMs: number, codecs: Codecs): TimestampAndOffset | null {
  switch (timestampMs) {
    case EARLIEST_TIMESTAMP:
    case EARLIEST_LOCAL_TIMESTAMP:
      return { timestampMs: NO_TIMESTAMP, offset: log.logStartOffset, leaderEpoch: earliestEpoch(log) };
    case LATEST_TIMESTAMP:
      return { timestampMs: NO_TIMESTAMP, offset: log.logEndOffset, leaderEpoch: latestLeaderEpoch(log) };
    case LATEST_TIERED_TIMESTAMP:
      return { timestampMs: NO_TIMESTAMP, offset: -1, leaderEpoch: NO_EPOCH };
    case MAX_TIMESTAMP:
      return offsetOfMaxTimestamp(log, codecs);
    default:
      return searchTimestamp(log, timestampMs, codecs);
  }
}

/** The first known epoch, if it reaches back to logStartOffset. */
function earliestEpoch(log: LogState): LeaderEpoch {
  const first = log.leaderEpochs[0];
  return first !== undefined && first.startOffset <= log.logStartOffset ? first.epoch : NO_EPOCH;
}

function offsetOfMaxTimestamp(log: LogState, codecs: Codecs): TimestampAndOffset | null {
  let newest = log.active;
  for (const segment of segmentList(log)) if (segment.maxTimestampMs > newest.maxTimestampMs) newest = segment;
  // Of segments with the same largest timestamp the first counts.
  const first = segmentList(log).find((segment) => segment.maxTimestampMs === newest.maxTimestampMs) ?? newest;
  for (let i = 0; i < first.batches.length; i++) {
    if (maxTimestampAt(first.batches, i) !== first.maxTimestampMs) continue;
    return firstRecord(batchAt(first.batches, i), codecs, (record) => record.timestamp === first.maxTimestampMs);
  }
  return null;
}

function searchTimestamp(log: LogState, timestampMs: EpochMs, codecs: Codecs): TimestampAndOffset | null {
  const segment = segmentList(log).find((each) => retentionTimestampMs(each) >= timestampMs);
  if (segment === undefined) return null;
  for (let i = scanStart(segment, timestampMs, log.logStartOffset); i < segment.batches.length; i++) {
    if (maxTimestampAt(segment.batches, i) < timestampMs) continue;
    const found = firstRecord(batchAt(segment.batches, i), codecs, (record) => record.timestamp >= timestampMs && record.offset >= log.logStartOffset);
    if (found !== null) return found;
  }
  return null;
}

/** Where a search begins: all batches before it are older, by the time index, or below the log's start (LogSegment.findOffsetByTimestamp). */
function scanStart(segment: Segment, timestampMs: EpochMs, startOffset: Offset): number {
  const { timeIndex, offsetIndex, batches, baseOffset } = segment;
  const older = lookupTimestamp(timeIndex, baseOffset, timestampMs);
  const { position } = lookupOffset(offsetIndex, baseOffset, Math.max(older.offset, startOffset));
  return Math.max(indexOfPosition(batches, position), indexOfOffset(batches, startOffset));
}

/** In a batch that cannot be opened the last offset stands for the record, as the header tells the largest timestamp only. */
function firstRecord(batch: BatchEntry, codecs: Codecs, matches: (record: BatchRecord) => boolean): TimestampAndOffset | null {
  const read = readRecords(batch.bytes, codecs);
  if (!read.ok) return { timestampMs: batch.maxTimestampMs, offset: batch.lastOffset, leaderEpoch: batch.leaderEpoch };
  const record = read.records.find(matches);
  return record === undefined ? null : { timestampMs: record.timestamp, offset: record.offset, leaderEpoch: batch.leaderEpoch };
}
