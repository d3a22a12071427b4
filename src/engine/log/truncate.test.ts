import { describe, expect, test } from 'vitest';
import { listPaths } from '../kernel/files.ts';
import { arrayToList } from '../kernel/persistent-array.ts';
import { baseOffset } from '../protocol/record-batch.ts';
import { flushLog, onFlushDone } from './flush.ts';
import { assignEpoch, segmentList, updateHighWatermark, type LogState } from './log-state.ts';
import { deleteDueFiles, nextDeletionMs } from './retire.ts';
import { readLog } from './read.ts';
import { incrementLogStartOffset } from './retention.ts';
import { appended, fileBytes, fileSize, newTestDisk, newTestLog, perform, testBatch, TEST_NOW_MS, type TestDisk } from './test-support.ts';
import { truncateFully, truncateTo } from './truncate.ts';

function logOf(disk: TestDisk, batchCounts: readonly number[], configs: Readonly<Record<string, string>> = {}): LogState {
  let log = newTestLog(disk, configs);
  for (const count of batchCounts) log = appended(log, { count }, disk).log;
  log = updateHighWatermark(log, log.logEndOffset);
  perform(disk);
  return log;
}

const names = (disk: TestDisk): string[] => listPaths(disk.files, 'orders-0/').map((path) => path.slice('orders-0/'.length));

describe('truncateTo', () => {
  test('[R8] at a batch boundary the log ends there, in memory and on disk', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [5, 5, 5]);
    const { log: cut, truncated } = truncateTo(log, 10, disk.scope);
    perform(disk);
    expect([truncated, cut.logEndOffset, cut.highWatermark, cut.recoveryPoint]).toEqual([true, 10, 10, 0]);
    expect(fileSize(disk, 'orders-0/00000000000000000000.log')).toBe(cut.active.sizeBytes);
    expect(fileBytes(disk, 'orders-0/00000000000000000010.snapshot')?.length).toBe(10);
    // A longer log, which shares what is left, is as it was.
    expect(readLog(log, { startOffset: 12, maxBytes: 9999, upperBound: 15, minOneMessage: true })).toMatchObject({ error: null });
  });

  test('[R8] inside a batch the whole batch goes, yet the end is exactly the target', () => {
    const disk = newTestDisk();
    const cut = truncateTo(logOf(disk, [5, 5, 5]), 12, disk.scope).log;
    expect([cut.logEndOffset, cut.highWatermark, cut.active.batches.length]).toEqual([12, 12, 2]);
    const next = appended(cut, {}, disk);
    expect(next.info.firstOffset).toBe(12);
    const read = readLog(next.log, { startOffset: 11, maxBytes: 9999, upperBound: 13, minOneMessage: false });
    expect(read.error === null && read.batches.map(baseOffset)).toEqual([12]);
  });

  test('[R8] at or beyond the end only epochs without a record go', () => {
    const disk = newTestDisk();
    const led = assignEpoch(logOf(disk, [2]), 3, 2, disk.scope);
    expect(led.leaderEpochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 2 },
    ]);
    const { log, truncated } = truncateTo(led, 2, disk.scope);
    perform(disk);
    expect([truncated, log.logEndOffset, log.leaderEpochs]).toEqual([false, 2, [{ epoch: 0, startOffset: 0 }]]);
    expect(new TextDecoder().decode(fileBytes(disk, 'orders-0/leader-epoch-checkpoint') ?? undefined)).toBe('0\n1\n0 0\n');
  });

  test('[R8] segments above the target go to .deleted, the one that holds it becomes active at full index size', () => {
    const disk = newTestDisk();
    const size = testBatch().length;
    const log = logOf(disk, [1, 1, 1, 1, 1, 1], { 'segment.bytes': String(2 * size), 'file.delete.delay.ms': '1000' });
    const cut = truncateTo(log, 3, disk.scope).log;
    perform(disk);
    expect(segmentList(cut).map((segment) => segment.baseOffset)).toEqual([0, 2]);
    expect(fileSize(disk, 'orders-0/00000000000000000002.log')).toBe(size);
    expect(fileSize(disk, 'orders-0/00000000000000000002.timeindex')).toBe(10485756);
    expect(names(disk)).toContain('00000000000000000004.log.deleted');
    expect(names(disk)).not.toContain('00000000000000000004.snapshot');
    expect(names(disk)).toContain('00000000000000000003.snapshot');
    expect(nextDeletionMs(cut)).toBe(TEST_NOW_MS + 1000);
    disk.scope.context.nowMs += 999;
    expect(deleteDueFiles(cut, disk.scope)).toBe(cut);
    disk.scope.context.nowMs += 1;
    expect(deleteDueFiles(cut, disk.scope).deletions).toEqual([]);
    perform(disk);
    expect(names(disk).filter((name) => name.endsWith('.deleted'))).toEqual([]);
  });

  test('[R8] below the first segment the log is wiped and restarts at the target', () => {
    const disk = newTestDisk();
    const wiped = truncateTo(truncateFully(logOf(disk, [3]), { startAt: 20 }, disk.scope), 10, disk.scope).log;
    expect([wiped.logStartOffset, wiped.logEndOffset, wiped.highWatermark, wiped.leaderEpochs]).toEqual([10, 10, 10, []]);
  });

  test('[R8] index entries at or above the target go, and the largest timestamp is found again', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'index.interval.bytes': '0' });
    for (const timestampMs of [10, 40, 30, 50]) log = appended(log, { timestampMs }, disk).log;
    const cut = truncateTo(log, 3, disk.scope).log;
    expect(arrayToList(cut.active.offsetIndex).map((entry) => entry.offset)).toEqual([1, 2]);
    expect(arrayToList(cut.active.timeIndex)).toEqual([{ timestampMs: 40, offset: 1 }]);
    expect([cut.active.maxTimestampMs, cut.active.offsetOfMaxTimestamp]).toEqual([40, 1]);
    const emptied = truncateTo(cut, 0, disk.scope).log;
    expect([emptied.active.maxTimestampMs, emptied.active.rollingTimestampMs, emptied.active.sizeBytes]).toEqual([-1, null, 0]);
  });

  test('[R4] bytes since the last index entry are counted anew after a cut', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'index.interval.bytes': String(2 * testBatch().length) });
    for (let i = 0; i < 4; i++) log = appended(log, {}, disk).log;
    log = truncateTo(log, 3, disk.scope).log;
    const indexed = [0, 1, 2, 3].map(() => {
      log = appended(log, {}, disk).log;
      return arrayToList(log.active.offsetIndex).map((entry) => entry.offset);
    });
    expect(indexed).toEqual([[], [], [], [6]]);
  });

  test('[R5] a snapshot at or below the log start goes with a truncation', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [1, 1, 1, 1], { 'segment.bytes': String(testBatch().length) });
    const raised = incrementLogStartOffset(log, 2, disk.scope).log;
    expect(truncateTo(raised, 3, disk.scope).log.producers.snapshots.map((snapshot) => snapshot.offset)).toEqual([3]);
  });

  test('[R8] a flush under way no longer raises the recovery point beyond the cut', () => {
    const disk = newTestDisk();
    let log = flushLog(logOf(disk, [5, 5]), disk.scope);
    const flushes = perform(disk).flatMap((effect) => (effect.type === 'flush' ? [effect.operation] : []));
    log = appended(truncateTo(log, 5, disk.scope).log, { count: 5 }, disk).log;
    for (const operation of flushes) log = onFlushDone(log, operation, null, disk.scope);
    expect([log.logEndOffset, log.recoveryPoint]).toEqual([10, 5]);
  });

  test('[R12] producers go back to what they were at the target', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'segment.bytes': String(2 * testBatch({ producerId: 7, producerEpoch: 0, baseSequence: 0 }).length) });
    for (let sequence = 0; sequence < 5; sequence++) log = appended(log, { producerId: 7, producerEpoch: 0, baseSequence: sequence }, disk).log;
    const cut = truncateTo(log, 3, disk.scope).log;
    expect(cut.producers.producers).toMatchObject([{ producerId: 7, batches: [{ lastSequence: 1 }, { lastSequence: 2 }] }]);
    expect(appended(cut, { producerId: 7, producerEpoch: 0, baseSequence: 3 }, disk).info).toMatchObject({ duplicate: false, firstOffset: 3 });
  });
});

describe('truncateFully', () => {
  test('[R8] leaves one empty segment at the start, its index files not yet made', () => {
    const disk = newTestDisk();
    const log = truncateFully(logOf(disk, [3, 3]), { startAt: 100 }, disk.scope);
    perform(disk);
    expect([log.logStartOffset, log.highWatermark, log.logEndOffset, log.recoveryPoint]).toEqual([100, 100, 100, 0]);
    expect(names(disk).filter((name) => !name.endsWith('.deleted'))).toEqual(['00000000000000000100.log', 'leader-epoch-checkpoint']);
    expect(appended(log, {}, disk).info.firstOffset).toBe(100);
  });
});
