import { describe, expect, test } from 'vitest';
import { baseOffset, isLogAppendTime, batchError, maxTimestamp, partitionLeaderEpoch } from '../protocol/record-batch.ts';
import { appendAsFollower, appendAsLeader } from './append.ts';
import { flushAwaiting, flushLog, logIdOfOperation, onFlushDone } from './flush.ts';
import { arrayToList } from '../kernel/persistent-array.ts';
import { segmentList, type LogState } from './log-state.ts';
import { appended, copied, fileBytes, fileSize, newTestDisk, newTestLog, perform, testBatch, TEST_NOW_MS, type TestDisk } from './test-support.ts';

function refusalOf(log: LogState, batches: readonly Uint8Array[], disk: TestDisk): string {
  const result = appendAsLeader(log, batches, { leaderEpoch: 0 }, disk.scope);
  return result.error === null ? 'none' : `${result.error}: ${result.message}`;
}

describe('a leader appends', () => {
  test('[R3] a batch gets the next offsets and the leader epoch, and its CRC still holds', () => {
    const disk = newTestDisk();
    const sent = testBatch({ count: 3 });
    const first = appendAsLeader(newTestLog(disk), [testBatch()], { leaderEpoch: 4 }, disk.scope);
    const second = appendAsLeader(first.log, [sent], { leaderEpoch: 5 }, disk.scope);
    if (second.error !== null) throw new Error(second.error);
    expect(second.info).toMatchObject({ firstOffset: 1, lastOffset: 3, logAppendTimeMs: -1, duplicate: false, rolledTo: null });
    const stored = second.info.batches[0] ?? sent;
    expect([baseOffset(stored), partitionLeaderEpoch(stored), batchError(stored)]).toEqual([1, 5, null]);
    expect(second.log.logEndOffset).toBe(4);
    expect(second.log.leaderEpochs).toEqual([
      { epoch: 4, startOffset: 0 },
      { epoch: 5, startOffset: 1 },
    ]);
    // The bytes of the request were not touched.
    expect([baseOffset(sent), partitionLeaderEpoch(sent)]).toEqual([0, -1]);
  });

  test('[R3] what is wrong with a batch is refused by its name, and nothing is written', () => {
    const disk = newTestDisk();
    const log = newTestLog(disk, { 'max.message.bytes': '200', 'segment.bytes': '150' });
    perform(disk);
    const corrupt = testBatch();
    corrupt[65] = (corrupt[65] ?? 0) ^ 1;
    const wrongCount = testBatch({ count: 2 });
    expect(refusalOf(log, [testBatch({ baseOffset: 7 })], disk)).toBe(
      'INVALID_RECORD: The baseOffset of the record batch in the append to orders-0 should be 0, but it is 7',
    );
    expect(refusalOf(log, [testBatch({ value: 'x'.repeat(200) })], disk)).toMatch(
      /^MESSAGE_TOO_LARGE: The record batch size in the append to orders-0 is \d+ bytes which exceeds the maximum configured value of 200\.$/,
    );
    expect(refusalOf(log, [corrupt], disk)).toMatch(/^CORRUPT_MESSAGE: Record is corrupt \(stored crc = \d+\) in topic partition orders-0\.$/);
    expect(refusalOf(log, [wrongCount, testBatch()], disk)).toBe('INVALID_RECORD: Compressed outer record has more than one batch');
    expect(refusalOf(log, [testBatch({ isControl: true })], disk)).toMatch(/^INVALID_RECORD: Clients are not allowed to write control records/);
    expect(refusalOf(log, [testBatch({ producerId: 5, producerEpoch: 0 })], disk)).toMatch(
      /^INVALID_RECORD: Invalid sequence number -1 in record batch with producerId 5/,
    );
    expect(disk.scope.effects).toEqual([]);
    expect(refusalOf(log, [testBatch({ value: 'x'.repeat(90) })], disk)).toMatch(
      /^RECORD_LIST_TOO_LARGE: Message batch size is \d+ bytes in append to partition orders-0, which exceeds the maximum configured segment size of 150\.$/,
    );
    expect(disk.scope.effects.filter((effect) => effect.type === 'append')).toEqual([]);
  });

  test('[R3] records without a key are refused in a compacted topic, old ones where timestamps are bounded', () => {
    const disk = newTestDisk();
    const compacted = newTestLog(disk, { 'cleanup.policy': 'compact' });
    const result = appendAsLeader(compacted, [testBatch({ key: null, count: 2 })], { leaderEpoch: 0 }, disk.scope);
    expect(result).toMatchObject({ error: 'INVALID_RECORD', recordErrors: [{ batchIndex: 0 }, { batchIndex: 1 }] });
    const bounded = newTestLog(disk, { 'message.timestamp.before.max.ms': '1000' });
    expect(refusalOf(bounded, [testBatch({ timestampMs: TEST_NOW_MS - 1001 })], disk)).toBe(
      'INVALID_TIMESTAMP: One or more records have been rejected due to invalid timestamp',
    );
    expect(refusalOf(bounded, [testBatch({ timestampMs: TEST_NOW_MS - 1000 })], disk)).toBe('none');
    expect(refusalOf(bounded, [testBatch({ logAppendTimeMs: TEST_NOW_MS })], disk)).toMatch(/^INVALID_TIMESTAMP/);
  });

  test('[R3] with LogAppendTime the batch carries the time of the append, and its CRC is made anew', () => {
    const disk = newTestDisk();
    const { info } = appended(newTestLog(disk, { 'message.timestamp.type': 'LogAppendTime' }), { timestampMs: 5 }, disk);
    const stored = info.batches[0] ?? new Uint8Array(0);
    expect([isLogAppendTime(stored), maxTimestamp(stored), batchError(stored), info.logAppendTimeMs]).toEqual([true, TEST_NOW_MS, null, TEST_NOW_MS]);
  });

  test('[R3] an empty request appends nothing', () => {
    const disk = newTestDisk();
    const log = newTestLog(disk);
    const result = appendAsLeader(log, [], { leaderEpoch: 3 }, disk.scope);
    expect(result.log).toBe(log);
  });
});

describe('index entries', () => {
  test('[R4] a set is indexed once more than index.interval.bytes were written before it, counted since the last entry', () => {
    const disk = newTestDisk();
    const size = testBatch({ count: 2 }).length;
    let log = newTestLog(disk, { 'index.interval.bytes': String(size) });
    for (let i = 0; i < 6; i++) log = appended(log, { count: 2, timestampMs: TEST_NOW_MS + (i === 4 ? 50 : i) }, disk).log;
    // Two sets are more than the interval, one is not: the third and fifth set are indexed, at where they start.
    expect(arrayToList(log.active.offsetIndex)).toEqual([
      { offset: 5, position: 2 * size },
      { offset: 9, position: 4 * size },
    ]);
    expect(arrayToList(log.active.timeIndex)).toEqual([
      { timestampMs: TEST_NOW_MS + 2, offset: 5 },
      { timestampMs: TEST_NOW_MS + 50, offset: 9 },
    ]);
  });

  test('[R4] a follower that gets several batches at once writes one entry for them', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'index.interval.bytes': '0' });
    log = copied(log, [testBatch({ baseOffset: 0, partitionLeaderEpoch: 0 })], disk);
    log = copied(
      log,
      [1, 2, 3].map((offset) => testBatch({ baseOffset: offset, partitionLeaderEpoch: 0, timestampMs: TEST_NOW_MS - offset })),
      disk,
    );
    expect(arrayToList(log.active.offsetIndex)).toEqual([{ offset: 3, position: testBatch().length }]);
    expect(arrayToList(log.active.timeIndex)).toEqual([{ timestampMs: TEST_NOW_MS, offset: 0 }]);
  });

  test('[R5] index files are there at full size from the start, and absent in a segment just rolled until it is written to', () => {
    const disk = newTestDisk();
    const size = testBatch().length;
    let log = newTestLog(disk, { 'segment.bytes': String(size) });
    perform(disk);
    expect([fileSize(disk, 'orders-0/00000000000000000000.index'), fileSize(disk, 'orders-0/00000000000000000000.timeindex')]).toEqual([10485760, 10485756]);
    log = appended(log, {}, disk).log;
    log = appended(log, {}, disk).log;
    perform(disk);
    expect([fileSize(disk, 'orders-0/00000000000000000000.index'), fileSize(disk, 'orders-0/00000000000000000000.timeindex')]).toEqual([0, 12]);
    expect(fileSize(disk, 'orders-0/00000000000000000001.index')).toBe(10485760);
    expect(fileBytes(disk, 'orders-0/00000000000000000001.snapshot')?.length).toBe(10);
    expect(segmentList(log).map((segment) => segment.baseOffset)).toEqual([0, 1]);
  });
});

const bases = (log: LogState): number[] => segmentList(log).map((segment) => segment.baseOffset);

describe('a segment rolls', () => {
  test('[R6] when the set would not fit segment.bytes', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'segment.bytes': String(2 * testBatch().length) });
    for (let i = 0; i < 5; i++) log = appended(log, {}, disk).log;
    expect(bases(log)).toEqual([0, 2, 4]);
  });

  test('[R6] by the timestamps of messages, not by the clock', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'segment.ms': '1000' });
    log = appended(log, { timestampMs: 5000 }, disk).log;
    disk.scope.context.nowMs += 999_999;
    log = appended(log, { timestampMs: 6000 }, disk).log;
    expect(bases(log)).toEqual([0]);
    const rolled = appended(log, { timestampMs: 6001 }, disk);
    expect([bases(rolled.log), rolled.info.rolledTo]).toEqual([[0, 2], 2]);
    expect(bases(appended(rolled.log, { timestampMs: 10 }, disk).log)).toEqual([0, 2]);
  });

  test('[R6] by the clock where records have no timestamp', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'segment.ms': '1000' });
    log = appended(log, { timestampMs: -1 }, disk).log;
    disk.scope.context.nowMs += 1001;
    expect(bases(appended(log, { timestampMs: -1 }, disk).log)).toEqual([0, 1]);
  });

  test('[R6] when an index has no slot left; the time index keeps one for the roll', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'segment.index.bytes': '36', 'index.interval.bytes': '0' });
    for (let i = 0; i < 5; i++) log = appended(log, { timestampMs: TEST_NOW_MS + i }, disk).log;
    // 36 bytes are three time entries; the second and third append fill the two that may be used.
    expect(bases(log)).toEqual([0, 3]);
  });

  test('[R6] when an offset is too far from the base: the new segment starts at the first offset of the set', () => {
    const disk = newTestDisk();
    const log = copied(newTestLog(disk), [testBatch({ baseOffset: 0, partitionLeaderEpoch: 0 })], disk);
    const far = 2147483648;
    expect(bases(copied(log, [testBatch({ baseOffset: far - 1, partitionLeaderEpoch: 0 })], disk))).toEqual([0]);
    expect(bases(copied(log, [testBatch({ baseOffset: far, partitionLeaderEpoch: 0 })], disk))).toEqual([0, far]);
    // In an empty segment the same makes it anew under the name of the set.
    expect(bases(copied(newTestLog(disk), [testBatch({ baseOffset: far, partitionLeaderEpoch: 0 })], disk))).toEqual([0, far]);
  });

  test('[R13] the rolled segment is flushed in the background, then the recovery point is the new base', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'segment.bytes': String(testBatch().length) });
    log = appended(log, {}, disk).log;
    perform(disk);
    log = appended(log, {}, disk).log;
    const flushes = perform(disk).flatMap((effect) => (effect.type === 'flush' && effect.operation !== 0 ? [effect] : []));
    expect(flushes.map((flush) => flush.path.slice(-14))).toEqual(['0000000000.log', '00000000.index', '0000.timeindex']);
    expect(log.recoveryPoint).toBe(0);
    const recoveryPoints = flushes.map((flush) => {
      expect([logIdOfOperation(flush.operation), flush.owner]).toEqual([1, 'log']);
      log = onFlushDone(log, flush.operation, null, disk.scope);
      return log.recoveryPoint;
    });
    expect([recoveryPoints, log.pendingFlushes]).toEqual([[0, 0, 1], []]);
  });

  test('[R13] a flush that fails leaves the recovery point where it was', () => {
    const disk = newTestDisk();
    let log = flushLog(appended(newTestLog(disk), {}, disk).log, disk.scope);
    const operation = flushAwaiting(log, 1) ?? -1;
    log = onFlushDone(log, operation, 'EIO', disk.scope);
    log = onFlushDone(onFlushDone(log, operation, null, disk.scope), operation, null, disk.scope);
    expect([log.recoveryPoint, flushAwaiting(log, 1)]).toEqual([0, null]);
  });

  test('[R13] flush.messages flushes once as many messages are neither flushed nor on their way', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk, { 'flush.messages': '3' });
    const flushesAfter = (count: number): number => {
      log = appended(log, { count }, disk).log;
      return perform(disk).filter((effect) => effect.type === 'flush' && effect.operation !== 0).length;
    };
    expect([flushesAfter(2), flushesAfter(1), flushesAfter(1), flushesAfter(2)]).toEqual([0, 3, 0, 3]);
  });
});

describe('a follower appends', () => {
  test('[R3] offsets and epochs stay as the leader gave them; going back is refused', () => {
    const disk = newTestDisk();
    const log = copied(newTestLog(disk), [testBatch({ baseOffset: 10, count: 2, partitionLeaderEpoch: 3 })], disk);
    expect([log.logEndOffset, log.leaderEpochs]).toEqual([12, [{ epoch: 3, startOffset: 10 }]]);
    const back = appendAsFollower(log, [testBatch({ baseOffset: 11, partitionLeaderEpoch: 3 })], disk.scope);
    expect(back).toMatchObject({ error: 'UNEXPECTED_APPEND_OFFSET' });
    const disorder = appendAsFollower(
      log,
      [testBatch({ baseOffset: 13, partitionLeaderEpoch: 3 }), testBatch({ baseOffset: 12, partitionLeaderEpoch: 3 })],
      disk.scope,
    );
    expect(disorder).toMatchObject({ error: 'OFFSETS_OUT_OF_ORDER' });
  });

  test('[R3] max.message.bytes is not asked again, the CRC is', () => {
    const disk = newTestDisk();
    const log = newTestLog(disk, { 'max.message.bytes': '10' });
    const batch = testBatch({ baseOffset: 0, partitionLeaderEpoch: 0 });
    expect(appendAsFollower(log, [batch], disk.scope).error).toBeNull();
    const torn = batch.slice();
    torn[batch.length - 1] = 77;
    expect(appendAsFollower(log, [torn], disk.scope).error).toBe('CORRUPT_MESSAGE');
  });
});

function produce(log: LogState, disk: TestDisk, batch: { epoch?: number; sequence: number; count?: number; id?: number }): ReturnType<typeof appendAsLeader> {
  const sent = testBatch({ producerId: batch.id ?? 7, producerEpoch: batch.epoch ?? 0, baseSequence: batch.sequence, count: batch.count ?? 1 });
  return appendAsLeader(log, [sent], { leaderEpoch: 0 }, disk.scope);
}

describe('an idempotent producer', () => {
  function afterBatches(disk: TestDisk, count: number): LogState {
    let log = newTestLog(disk);
    for (let i = 0; i < count; i++) log = produce(log, disk, { sequence: 2 * i, count: 2 }).log;
    return log;
  }

  test('[R12] an exact repeat of one of the last five batches answers with the old offsets', () => {
    const disk = newTestDisk();
    const log = afterBatches(disk, 6);
    const repeat = produce(log, disk, { sequence: 2, count: 2 });
    expect(repeat).toMatchObject({ error: null, info: { duplicate: true, firstOffset: 2, lastOffset: 3 } });
    expect(repeat.log.logEndOffset).toBe(12);
    expect(produce(log, disk, { sequence: 0, count: 2 }).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(produce(log, disk, { sequence: 2, count: 1 }).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });

  test('[R12] a gap, an older epoch, and a new epoch that does not start at 0 are refused', () => {
    const disk = newTestDisk();
    const log = produce(afterBatches(disk, 1), disk, { sequence: 0, epoch: 3 }).log;
    expect(produce(log, disk, { sequence: 2, epoch: 3 }).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(produce(log, disk, { sequence: 1, epoch: 2 }).error).toBe('INVALID_PRODUCER_EPOCH');
    expect(produce(log, disk, { sequence: 0, count: 2, epoch: 0 }).error).toBe('INVALID_PRODUCER_EPOCH');
    expect(produce(log, disk, { sequence: 5, epoch: 4 }).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(produce(log, disk, { sequence: 0, epoch: 0 }).error).toBe('INVALID_PRODUCER_EPOCH');
    expect(produce(log, disk, { sequence: 1, epoch: 3 }).error).toBeNull();
  });

  test('[R12] an unknown producer starts anywhere, and after 2147483647 comes 0', () => {
    const disk = newTestDisk();
    const log = produce(newTestLog(disk), disk, { id: 9, epoch: 4, sequence: 2147483647 }).log;
    const next = produce(log, disk, { id: 9, epoch: 4, sequence: 0 });
    expect(next.error).toBeNull();
    expect(produce(next.log, disk, { id: 9, epoch: 4, sequence: 2147483647 })).toMatchObject({ info: { duplicate: true, firstOffset: 0 } });
  });
});
