import { NO_CODECS } from '../kernel/codecs.ts';
import { describe, expect, test } from 'vitest';
import { baseOffset } from '../protocol/record-batch.ts';
import { assignEpoch, positionOf, updateHighWatermark, type LogState } from './log-state.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, MAX_TIMESTAMP, offsetForTimestamp } from './list-offsets.ts';
import { batchesBetween, bytesBetween, readLog, type ReadRequest } from './read.ts';
import { incrementLogStartOffset } from './retention.ts';
import { appended, newTestDisk, newTestLog, testBatch, type TestDisk } from './test-support.ts';

const SIZE = testBatch({ count: 3 }).length;

/** Batches of three records at offsets 0, 3, 6, ...; two batches a segment. */
function logOf(disk: TestDisk, batchCount: number): LogState {
  let log = newTestLog(disk, { 'segment.bytes': String(2 * SIZE) });
  for (let i = 0; i < batchCount; i++) log = appended(log, { count: 3, timestampMs: 1000 + i }, disk).log;
  return log;
}

function basesRead(log: LogState, request: Partial<ReadRequest>): readonly number[] | string {
  const read = readLog(log, { startOffset: 0, maxBytes: 1_000_000, upperBound: log.logEndOffset, minOneMessage: false, ...request });
  return read.error === null ? read.batches.map(baseOffset) : read.error;
}

describe('reading', () => {
  test('[R7] starts with the batch that holds the offset and stays within its segment', () => {
    const log = logOf(newTestDisk(), 5);
    expect(basesRead(log, { startOffset: 0 })).toEqual([0, 3]);
    expect(basesRead(log, { startOffset: 5 })).toEqual([3]);
    expect(basesRead(log, { startOffset: 6 })).toEqual([6, 9]);
    expect(basesRead(log, { startOffset: 14 })).toEqual([12]);
  });

  test('[R7] stops at the bound, and at or beyond it there is nothing', () => {
    const log = logOf(newTestDisk(), 2);
    expect(basesRead(log, { upperBound: 3 })).toEqual([0]);
    expect(basesRead(log, { upperBound: 4 })).toEqual([0]);
    expect(basesRead(log, { startOffset: 3, upperBound: 3 })).toEqual([]);
    expect(basesRead(log, { startOffset: 6, upperBound: 3 })).toEqual([]);
  });

  test('[R7] outside [logStartOffset, logEndOffset] is out of range', () => {
    const disk = newTestDisk();
    const log = incrementLogStartOffset(updateHighWatermark(logOf(disk, 3), 9), 4, disk.scope).log;
    expect(basesRead(log, { startOffset: 3 })).toBe('OFFSET_OUT_OF_RANGE');
    expect(basesRead(log, { startOffset: 4 })).toEqual([3]);
    expect(basesRead(log, { startOffset: 9 })).toEqual([]);
    expect(basesRead(log, { startOffset: 10 })).toBe('OFFSET_OUT_OF_RANGE');
  });

  test('[R7] a first batch larger than the limit comes only when one message is asked for', () => {
    const log = logOf(newTestDisk(), 2);
    const request = { startOffset: 0, maxBytes: SIZE - 1, upperBound: 6, minOneMessage: false };
    expect(readLog(log, request)).toEqual({ error: null, batches: [], sizeBytes: 0, path: '', position: 0, firstEntryIncomplete: true });
    expect(readLog(log, { ...request, minOneMessage: true })).toMatchObject({ sizeBytes: SIZE, firstEntryIncomplete: false });
    expect(readLog(log, { ...request, maxBytes: 2 * SIZE - 1 })).toMatchObject({ sizeBytes: SIZE });
    expect(readLog(log, { ...request, maxBytes: 2 * SIZE })).toMatchObject({ sizeBytes: 2 * SIZE });
  });

  test('[R7] positions and the bytes a parked fetch waits for', () => {
    const log = logOf(newTestDisk(), 4);
    expect(positionOf(log, 4)).toEqual({ offset: 4, segmentBaseOffset: 0, positionInSegment: SIZE });
    expect(positionOf(log, 12)).toEqual({ offset: 12, segmentBaseOffset: 6, positionInSegment: 2 * SIZE });
    expect(bytesBetween(log, 6, 12)).toEqual({ sizeBytes: 2 * SIZE, olderSegment: false });
    expect(bytesBetween(log, 0, 12)).toEqual({ sizeBytes: 0, olderSegment: true });
    expect(bytesBetween(log, 12, 12)).toEqual({ sizeBytes: 0, olderSegment: false });
  });

  test('[R7] batchesBetween crosses segments and takes batches that straddle its ends', () => {
    const log = logOf(newTestDisk(), 4);
    expect(batchesBetween(log, 4, 7).map(baseOffset)).toEqual([3, 6]);
    expect(batchesBetween(log, 3, 6).map(baseOffset)).toEqual([3]);
    expect(batchesBetween(log, 0, 99).map(baseOffset)).toEqual([0, 3, 6, 9]);
  });
});

describe('ListOffsets', () => {
  test('[R7] finds the first record at or after a timestamp, across segments', () => {
    const disk = newTestDisk();
    const log = logOf(disk, 5);
    expect(offsetForTimestamp(log, 1001, NO_CODECS)).toEqual({ timestampMs: 1001, offset: 3, leaderEpoch: 0 });
    expect(offsetForTimestamp(log, 1004, NO_CODECS)).toEqual({ timestampMs: 1004, offset: 12, leaderEpoch: 0 });
    expect(offsetForTimestamp(log, 1005, NO_CODECS)).toBeNull();
    const raised = incrementLogStartOffset(updateHighWatermark(log, 15), 5, disk.scope).log;
    expect(offsetForTimestamp(raised, 1, NO_CODECS)).toEqual({ timestampMs: 1001, offset: 5, leaderEpoch: 0 });
  });

  test('[R7] earliest, latest and the largest timestamp', () => {
    const disk = newTestDisk();
    let log = logOf(disk, 2);
    log = appended(log, { timestampMs: 900 }, disk, 2).log;
    log = assignEpoch(log, 4, 7, disk.scope);
    expect(offsetForTimestamp(log, EARLIEST_TIMESTAMP, NO_CODECS)).toEqual({ timestampMs: -1, offset: 0, leaderEpoch: 0 });
    expect(offsetForTimestamp(log, LATEST_TIMESTAMP, NO_CODECS)).toEqual({ timestampMs: -1, offset: 7, leaderEpoch: 4 });
    expect(offsetForTimestamp(log, MAX_TIMESTAMP, NO_CODECS)).toEqual({ timestampMs: 1001, offset: 3, leaderEpoch: 0 });
    expect(offsetForTimestamp(newTestLog(disk), MAX_TIMESTAMP, NO_CODECS)).toBeNull();
  });
});
