import { describe, expect, test } from 'vitest';
import { utf8Encode } from '../kernel/bytes.ts';
import { deleteFile, fileExists, listPaths, replaceFile, resizeFile } from '../kernel/files.ts';
import { closeLog, logStartEntry } from './close.ts';
import { logDirProblem } from './file-names.ts';
import { loadLog } from './load.ts';
import { assignEpoch, segmentList, updateHighWatermark, type LogState } from './log-state.ts';
import { batchesBetween } from './read.ts';
import { incrementLogStartOffset } from './retention.ts';
import { appended, fileBytes, fileSize, newTestDisk, newTestLog, perform, reload, testBatch, testConfig, TEST_NOW_MS, type TestDisk } from './test-support.ts';

const SEGMENT_0 = 'orders-0/00000000000000000000.log';
const SIZE = testBatch().length;
const SMALL_SEGMENTS = { 'segment.bytes': String(2 * SIZE) };

function logOf(disk: TestDisk, count: number, configs: Readonly<Record<string, string>> = {}): LogState {
  let log = newTestLog(disk, configs);
  for (let i = 0; i < count; i++) log = appended(log, { timestampMs: TEST_NOW_MS + i }, disk).log;
  perform(disk);
  return log;
}

function damage(disk: TestDisk, path: string, at: number): void {
  const bytes = (fileBytes(disk, path) ?? new Uint8Array(0)).slice();
  bytes[at] = (bytes[at] ?? 0) ^ 255;
  disk.files = replaceFile(disk.files, path, bytes);
}

describe('after an unclean stop', () => {
  test('[R9] a log that lost nothing comes back whole, with a snapshot at its end', () => {
    const disk = newTestDisk();
    const before = logOf(disk, 5);
    const { log, recovered } = reload(disk, { cleanShutdown: false });
    expect([log.logEndOffset, log.recoveryPoint, log.highWatermark, log.leaderEpochs]).toEqual([5, 0, 0, before.leaderEpochs]);
    expect(recovered).toEqual({ segments: [0], discardedBytes: 0, cut: null, indexProblems: [] });
    expect(batchesBetween(log, 0, 5)).toEqual(batchesBetween(before, 0, 5));
    expect(fileBytes(disk, 'orders-0/00000000000000000005.snapshot')?.length).toBe(10);
    expect(fileSize(disk, 'orders-0/00000000000000000000.index')).toBe(10485760);
  });

  test.each([1, 11, 12, 16, 17, 60, SIZE - 1])('[R9] a tail torn off after %i bytes of the last batch is cut', (left) => {
    const disk = newTestDisk();
    logOf(disk, 3);
    disk.files = resizeFile(disk.files, SEGMENT_0, 2 * SIZE + left);
    const { log, recovered } = reload(disk, { cleanShutdown: false });
    expect([log.logEndOffset, recovered.discardedBytes, fileSize(disk, SEGMENT_0)]).toEqual([2, left, 2 * SIZE]);
    expect(appended(log, {}, disk).info.firstOffset).toBe(2);
  });

  test('[R9] a wrong byte inside a batch cuts there, and later segments go', () => {
    const disk = newTestDisk();
    logOf(disk, 6, SMALL_SEGMENTS);
    damage(disk, 'orders-0/00000000000000000002.log', SIZE + 64);
    const { log, recovered } = reload(disk, { cleanShutdown: false, configs: SMALL_SEGMENTS });
    expect([log.logEndOffset, recovered.segments, recovered.discardedBytes]).toEqual([3, [0, 2], 3 * SIZE]);
    expect(segmentList(log).map((segment) => segment.baseOffset)).toEqual([0, 2]);
    expect(listPaths(disk.files, 'orders-0/00000000000000000004')).toEqual([
      'orders-0/00000000000000000004.index.deleted',
      'orders-0/00000000000000000004.log.deleted',
      'orders-0/00000000000000000004.timeindex.deleted',
    ]);
    expect(log.leaderEpochs).toEqual([{ epoch: 0, startOffset: 0 }]);
  });

  test('[R9] only segments from the recovery point on are read through', () => {
    const disk = newTestDisk();
    logOf(disk, 6, SMALL_SEGMENTS);
    damage(disk, SEGMENT_0, 64);
    const { log, recovered } = reload(disk, { cleanShutdown: false, recoveryPoint: 3, configs: SMALL_SEGMENTS });
    expect([log.logEndOffset, log.recoveryPoint, recovered]).toEqual([6, 3, { segments: [2, 4], discardedBytes: 0, cut: null, indexProblems: [] }]);
  });

  test('[R9] an offset that fits no segment is cut, though the CRC, which does not cover it, is good', () => {
    const disk = newTestDisk();
    logOf(disk, 3);
    damage(disk, SEGMENT_0, SIZE + 7);
    damage(disk, SEGMENT_0, 2 * SIZE + 6);
    damage(disk, SEGMENT_0, 2 * SIZE + 3);
    const { log, recovered } = reload(disk, { cleanShutdown: false });
    expect([log.logEndOffset, recovered.cut]).toEqual([255, { reason: 'offset', segmentBaseOffset: 0, position: 2 * SIZE }]);
  });

  test('[R11] epochs beyond the end are dropped from the cache and from the file', () => {
    const disk = newTestDisk();
    assignEpoch(logOf(disk, 3), 5, 3, disk.scope);
    perform(disk);
    disk.files = resizeFile(disk.files, SEGMENT_0, 2 * SIZE + 20);
    const { log } = reload(disk, { cleanShutdown: false });
    expect(log.leaderEpochs).toEqual([{ epoch: 0, startOffset: 0 }]);
    expect(new TextDecoder().decode(fileBytes(disk, 'orders-0/leader-epoch-checkpoint') ?? undefined)).toBe('0\n1\n0 0\n');
  });

  test('[R11] epochs that the file lost are found again in the batches', () => {
    const disk = newTestDisk();
    let log = logOf(disk, 1);
    log = appended(log, {}, disk, 4).log;
    perform(disk);
    disk.files = replaceFile(disk.files, 'orders-0/leader-epoch-checkpoint', utf8Encode('0\n1\n0 0\n'));
    expect(reload(disk, { cleanShutdown: false }).log.leaderEpochs).toEqual([
      { epoch: 0, startOffset: 0 },
      { epoch: 4, startOffset: 1 },
    ]);
  });

  test('[R12] a producer is remembered by its last batch only', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk);
    for (let sequence = 0; sequence < 3; sequence++) log = appended(log, { producerId: 7, producerEpoch: 1, baseSequence: sequence }, disk).log;
    perform(disk);
    const loaded = reload(disk, { cleanShutdown: false }).log;
    expect(loaded.producers.producers).toMatchObject([{ producerId: 7, producerEpoch: 1, batches: [{ lastSequence: 2, lastOffset: 2 }] }]);
    expect(fileBytes(disk, 'orders-0/00000000000000000003.snapshot')?.length).toBe(56);
  });

  test('[R9] a log that ends below its start is emptied and starts there', () => {
    const disk = newTestDisk();
    logOf(disk, 3);
    const { log } = reload(disk, { cleanShutdown: false, logStartOffset: 50 });
    expect([log.logStartOffset, log.logEndOffset, log.highWatermark, log.leaderEpochs]).toEqual([50, 50, 50, []]);
    expect(fileExists(disk.files, 'orders-0/00000000000000000050.log')).toBe(true);
    expect(fileExists(disk.files, `${SEGMENT_0}.deleted`)).toBe(true);
  });
});

describe('a folder that has no place in a log dir', () => {
  test.each(['lost+found', 'orders', 'orders-', '-0', 'orders-x', 'orders-0-delete', 'orders-99999999999'])('[R9] %s is refused in Kafka words', (name) => {
    expect(logDirProblem(name)).toBe(
      `Found directory ${name}, '${name}' is not in the form of topic-partition or topic-partition.uniqueId-delete (if marked for deletion).\n` +
        "Kafka's log directories (and children) should only contain Kafka topic data.",
    );
  });

  test.each(['orders-0', 'a-b-12', 'orders-0.77aa-delete', 'orders-0.77aa-future', 'orders-0.77aa-stray'])('[R9] %s is not', (name) => {
    expect(logDirProblem(name)).toBeNull();
  });
});

describe('files left half way', () => {
  test('[R9] .deleted and .cleaned files go, a .swap takes the place of what it covers, an index without a log goes', () => {
    const disk = newTestDisk();
    logOf(disk, 6, SMALL_SEGMENTS);
    const all = ['00000000000000000000', '00000000000000000002'].map((stem) => fileBytes(disk, `orders-0/${stem}.log`) ?? new Uint8Array(0));
    disk.files = replaceFile(disk.files, `${SEGMENT_0}.swap`, Uint8Array.from(all.flatMap((bytes) => [...bytes])));
    for (const name of ['00000000000000000009.log.deleted', '00000000000000000008.log.cleaned', '00000000000000000077.index']) {
      disk.files = replaceFile(disk.files, `orders-0/${name}`, new Uint8Array(3));
    }
    const { log } = reload(disk, { cleanShutdown: true, configs: SMALL_SEGMENTS });
    expect(segmentList(log).map((segment) => [segment.baseOffset, segment.sizeBytes])).toEqual([
      [0, 4 * SIZE],
      [4, 2 * SIZE],
    ]);
    expect(listPaths(disk.files).filter((path) => /deleted|cleaned|swap|0077/.test(path))).toEqual([]);
  });

  test('[R9] a segment without its offset index is recovered even after a clean stop', () => {
    const disk = newTestDisk();
    closeLog(logOf(disk, 3), disk.scope);
    perform(disk);
    disk.files = deleteFile(disk.files, 'orders-0/00000000000000000000.index');
    const { log, recovered } = reload(disk, { cleanShutdown: true });
    expect([log.logEndOffset, recovered.segments]).toEqual([3, [0]]);
  });

  test('[R9] a segment recovered for want of its index counts its loss once, and later segments stay', () => {
    const disk = newTestDisk();
    logOf(disk, 6, SMALL_SEGMENTS);
    disk.files = deleteFile(disk.files, 'orders-0/00000000000000000002.index');
    damage(disk, 'orders-0/00000000000000000002.log', SIZE + 64);
    const { log, recovered } = reload(disk, { cleanShutdown: false, configs: SMALL_SEGMENTS });
    expect([segmentList(log).map((segment) => segment.sizeBytes / SIZE), recovered.segments, recovered.discardedBytes]).toEqual([[2, 1, 2], [2, 0, 4], SIZE]);
    expect(recovered.cut).toEqual({ reason: 'crc', segmentBaseOffset: 2, position: SIZE });
    expect(recovered.indexProblems).toEqual(['Offset index file orders-0/00000000000000000002.index does not exist']);
  });

  test('[R15] a malformed epoch file is reported, not guessed at', () => {
    const disk = newTestDisk();
    logOf(disk, 1);
    disk.files = replaceFile(disk.files, 'orders-0/leader-epoch-checkpoint', utf8Encode('0\n1\nzero 0\n'));
    const options = { topic: 'orders', partition: 0, logId: 1, config: testConfig(), cleanShutdown: true, recoveryPoint: 0, logStartOffset: 0 };
    expect(loadLog(disk.files, options, disk.scope)).toEqual({
      ok: false,
      exception: 'IOException',
      message: 'Malformed line in checkpoint file [orders-0/leader-epoch-checkpoint]: zero 0',
    });
  });
});

describe('indexes after a clean stop', () => {
  const INDEX = 'orders-0/00000000000000000000.index';
  const TIME_INDEX = 'orders-0/00000000000000000000.timeindex';

  /** A closed log with index entries, one of its index files changed, opened again. */
  function reopened(path: string, change: (bytes: Uint8Array) => Uint8Array): { readonly problems: readonly string[]; readonly rebuilt: boolean } {
    const disk = newTestDisk();
    const configs = { 'index.interval.bytes': '100' };
    closeLog(logOf(disk, 12, configs), disk.scope);
    perform(disk);
    const [index, timeIndex] = [fileBytes(disk, INDEX), fileBytes(disk, TIME_INDEX)];
    disk.files = replaceFile(disk.files, path, change(fileBytes(disk, path) ?? new Uint8Array(0)));
    const { recovered } = reload(disk, { cleanShutdown: true, recoveryPoint: 12, configs });
    return { problems: recovered.indexProblems, rebuilt: sameBytes(fileBytes(disk, INDEX), index) && sameBytes(fileBytes(disk, TIME_INDEX), timeIndex) };
  }

  function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
    return Buffer.from(a ?? []).equals(Buffer.from(b ?? []));
  }

  function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
    const copy = bytes.slice();
    copy[at] = value;
    return copy;
  }

  test.each([
    [INDEX, (bytes: Uint8Array) => bytes.slice(0, -1), `Index file ${INDEX} is corrupt, found 39 bytes which is neither positive nor a multiple of 8`],
    [
      INDEX,
      (bytes: Uint8Array) => withByte(bytes, bytes.length - 8, 255),
      `Corrupt index found, index file ${INDEX} has non-zero size but the last offset is -16777206 which is less than the base offset 0`,
    ],
    [
      INDEX,
      (bytes: Uint8Array) => withByte(bytes, 7, 3),
      `Index file ${INDEX} is corrupt, entry 0 (offset 2, position 3) does not agree with the batches of its segment`,
    ],
    [
      TIME_INDEX,
      (bytes: Uint8Array) => bytes.slice(0, -5),
      `Time index file ${TIME_INDEX} is corrupt, found 67 bytes which is neither positive nor a multiple of 12`,
    ],
    [
      TIME_INDEX,
      (bytes: Uint8Array) => withByte(bytes, bytes.length - 10, 0),
      `Corrupt time index found, time index file (${TIME_INDEX}) has non-zero size but the last timestamp is 600488472235 which is less than the first timestamp 1700000100002`,
    ],
    [
      TIME_INDEX,
      (bytes: Uint8Array) => withByte(bytes, bytes.length - 4, 255),
      `Corrupt time index found, time index file (${TIME_INDEX}) has non-zero size but the last offset is -16777205 which is less than the first offset 0`,
    ],
  ])('[R9] %s is rebuilt when it cannot be, and the reason is Kafka its own', (path, change, problem) => {
    expect(reopened(path, change)).toEqual({ problems: [problem], rebuilt: true });
  });

  test('[R10] sound ones are taken as they are', () => {
    expect(reopened(INDEX, (bytes) => bytes).problems).toEqual([]);
  });
});

describe('a clean stop', () => {
  test('[R10] trims and flushes everything, and the next start takes the files as they are', () => {
    const disk = newTestDisk();
    const before = updateHighWatermark(logOf(disk, 5), 4);
    const closed = closeLog(before, disk.scope);
    const flushed = perform(disk).flatMap((effect) => (effect.type === 'flush' ? [effect.path.slice(-9)] : []));
    expect([closed.recoveryPoint, flushed]).toEqual([5, ['.snapshot', '00000.log', '000.index', 'timeindex']]);
    expect([fileSize(disk, 'orders-0/00000000000000000000.index'), fileSize(disk, 'orders-0/00000000000000000000.timeindex')]).toEqual([0, 12]);
    damage(disk, SEGMENT_0, 64);
    const { log, recovered } = reload(disk, { cleanShutdown: true, recoveryPoint: 5 });
    expect([log.logEndOffset, log.recoveryPoint, log.highWatermark, recovered.segments]).toEqual([5, 5, 0, []]);
    expect([log.active.maxTimestampMs, log.active.offsetOfMaxTimestamp, log.active.rollingTimestampMs]).toEqual([TEST_NOW_MS + 4, 4, TEST_NOW_MS]);
  });

  test('[R10] a raised log start survives by its checkpoint', () => {
    const disk = newTestDisk();
    const raised = incrementLogStartOffset(updateHighWatermark(logOf(disk, 5), 5), 3, disk.scope).log;
    expect(logStartEntry(raised)).toEqual({ topic: 'orders', partition: 0, offset: 3 });
    closeLog(raised, disk.scope);
    perform(disk);
    const { log } = reload(disk, { cleanShutdown: true, recoveryPoint: 5, logStartOffset: 3 });
    expect([log.logStartOffset, log.highWatermark, log.leaderEpochs]).toEqual([3, 3, [{ epoch: 0, startOffset: 3 }]]);
  });
});
