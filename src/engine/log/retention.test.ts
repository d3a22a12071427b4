import { describe, expect, test } from 'vitest';
import { fileExists, listPaths } from '../kernel/files.ts';
import { closeLog } from './close.ts';
import { segmentList, updateHighWatermark, type LogState } from './log-state.ts';
import { deleteOldSegments, incrementLogStartOffset } from './retention.ts';
import { appended, fileBytes, newTestDisk, newTestLog, perform, testBatch, TEST_NOW_MS, type TestDisk } from './test-support.ts';

const SIZE = testBatch().length;

/** One batch a segment, timestamps a second apart, all committed. */
function logOf(disk: TestDisk, count: number, configs: Readonly<Record<string, string>> = {}): LogState {
  let log = newTestLog(disk, { 'segment.bytes': String(SIZE), ...configs });
  for (let i = 0; i < count; i++) log = appended(log, { timestampMs: TEST_NOW_MS + 1000 * i }, disk).log;
  perform(disk);
  return updateHighWatermark(log, count);
}

const bases = (log: LogState): number[] => segmentList(log).map((segment) => segment.baseOffset);

describe('retention', () => {
  test('[R14] by time: segments older than retention.ms go, and the start moves up', () => {
    const disk = newTestDisk();
    const log = logOf(disk, 4, { 'retention.ms': '5000' });
    disk.scope.context.nowMs = TEST_NOW_MS + 6001;
    const { log: kept, deleted } = deleteOldSegments(log, disk.scope);
    expect([bases(kept), kept.logStartOffset, deleted]).toEqual([[2, 3], 2, [{ reason: 'retention.ms', baseOffsets: [0, 1] }]]);
    expect(kept.leaderEpochs).toEqual([{ epoch: 0, startOffset: 2 }]);
    perform(disk);
    expect(listPaths(disk.files, 'orders-0/').filter((path) => path.includes('.log'))).toEqual([
      'orders-0/00000000000000000000.log.deleted',
      'orders-0/00000000000000000001.log.deleted',
      'orders-0/00000000000000000002.log',
      'orders-0/00000000000000000003.log',
    ]);
  });

  test('[R14] one record far in the future keeps its segment and all later ones', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'segment.bytes': String(SIZE), 'retention.ms': '5000' });
    for (const timestampMs of [1, TEST_NOW_MS * 2, 2, 3]) log = appended(log, { timestampMs }, disk).log;
    expect(bases(deleteOldSegments(updateHighWatermark(log, 4), disk.scope).log)).toEqual([1, 2, 3]);
  });

  test('[R14] by size: the log never falls below retention.bytes', () => {
    const disk = newTestDisk();
    const log = logOf(disk, 5, { 'retention.bytes': String(3 * SIZE - 1), 'retention.ms': '-1' });
    expect(bases(deleteOldSegments(log, disk.scope).log)).toEqual([2, 3, 4]);
  });

  test('[R14] nothing at or above the high watermark goes', () => {
    const disk = newTestDisk();
    const log = updateHighWatermark(logOf(disk, 4, { 'retention.ms': '0' }), 2);
    disk.scope.context.nowMs = TEST_NOW_MS + 100_000;
    expect(bases(deleteOldSegments(log, disk.scope).log)).toEqual([2, 3]);
  });

  test('[R14] when all has expired an empty segment is rolled first, and once it stands alone it stays', () => {
    const disk = newTestDisk();
    const log = logOf(disk, 2, { 'retention.ms': '1000' });
    disk.scope.context.nowMs = TEST_NOW_MS + 100_000;
    const emptied = deleteOldSegments(log, disk.scope).log;
    perform(disk);
    expect([bases(emptied), emptied.logStartOffset, emptied.logEndOffset]).toEqual([[2], 2, 2]);
    disk.scope.context.nowMs += 100_000;
    expect(deleteOldSegments(emptied, disk.scope)).toEqual({ log: emptied, deleted: [] });
    // Nobody has written to it or read from it: there are no index files, and a stop makes none.
    closeLog(emptied, disk.scope);
    perform(disk);
    expect(fileExists(disk.files, 'orders-0/00000000000000000002.index')).toBe(false);
    expect(fileBytes(disk, 'orders-0/00000000000000000002.snapshot')?.length).toBe(10);
  });

  test('[R14] a compacted topic keeps all but what lies below its start', () => {
    const disk = newTestDisk();
    const log = logOf(disk, 4, { 'retention.ms': '0', 'cleanup.policy': 'compact' });
    disk.scope.context.nowMs = TEST_NOW_MS + 100_000;
    expect(bases(deleteOldSegments(log, disk.scope).log)).toEqual([0, 1, 2, 3]);
    const raised = incrementLogStartOffset(log, 2, disk.scope).log;
    expect(deleteOldSegments(raised, disk.scope).deleted).toEqual([{ reason: 'logStartOffset', baseOffsets: [0, 1] }]);
  });
});

describe('logStartOffset', () => {
  test('[R1] never passes the high watermark and never goes back', () => {
    const disk = newTestDisk();
    const log = updateHighWatermark(logOf(disk, 4), 3);
    expect(incrementLogStartOffset(log, 4, disk.scope)).toMatchObject({ error: 'OFFSET_OUT_OF_RANGE', changed: false });
    const raised = incrementLogStartOffset(log, 3, disk.scope);
    expect([raised.changed, raised.log.logStartOffset, raised.log.recoveryPoint]).toEqual([true, 3, 3]);
    expect(incrementLogStartOffset(raised.log, 1, disk.scope)).toEqual({ log: raised.log, error: null, changed: false });
  });
});
