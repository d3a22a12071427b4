import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8Decode, utf8Encode } from '../../kernel/bytes.ts';
import { listPaths } from '../../kernel/files.ts';
import { buildEndTxnMarker } from '../../protocol/control-batch.ts';
import { buildBatch, compressBatch, hasDeleteHorizon, isControlBatch, readRecords, recordCount, type BatchFields } from '../../protocol/record-batch.ts';
import { codecs } from '../../../host/codecs/loaded-codecs.ts';
import { appendAsFollower } from '../append.ts';
import { lastStableOffset, segmentList, updateHighWatermark, type LogState } from '../log-state.ts';
import { batchesBetween } from '../read.ts';
import { rollSegment } from '../roll.ts';
import { truncateTo } from '../truncate.ts';
import { newTestDisk, newTestLog, perform, reload, TEST_NOW_MS, type TestDisk } from '../test-support.ts';
import { cleanableOf, isDue } from './cleanable.ts';
import { CLEANER_DEFAULTS, type CleanerConfig } from './cleaner-config.ts';
import { cleanLog } from './clean-log.ts';

const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);
const COMPACT = { 'cleanup.policy': 'compact', 'delete.retention.ms': '1000' };

/** `['a', '1']` puts, `['a', null]` deletes, `[null, '1']` has no key. */
type Put = readonly [key: string | null, value: string | null];

function batchOf(puts: readonly Put[], fields: BatchFields, nowMs = TEST_NOW_MS): Uint8Array {
  const records = puts.map(([key, value]) => ({
    timestamp: nowMs,
    key: key === null ? null : utf8Encode(key),
    value: value === null ? null : utf8Encode(value),
    headers: [],
  }));
  return buildBatch(records, fields, allocate);
}

function append(log: LogState, batch: Uint8Array, disk: TestDisk): LogState {
  const result = appendAsFollower(log, [batch], disk.scope);
  if (result.error !== null) throw new Error(result.error);
  return updateHighWatermark(result.log, result.log.logEndOffset);
}

/** Each list is a batch; `'roll'` begins a new segment. */
function logOf(disk: TestDisk, batches: readonly (readonly Put[] | 'roll')[], configs: Readonly<Record<string, string>> = COMPACT): LogState {
  let log = newTestLog(disk, configs);
  for (const batch of batches)
    log = batch === 'roll' ? rollSegment(log, 0, disk.scope) : append(log, batchOf(batch, { baseOffset: log.logEndOffset, partitionLeaderEpoch: 0 }), disk);
  perform(disk);
  return log;
}

function clean(log: LogState, disk: TestDisk, from: number | null = null, config: CleanerConfig = CLEANER_DEFAULTS): ReturnType<typeof cleanLog> {
  const cleaned = cleanLog(log, cleanableOf(log, from, disk.scope.context.nowMs), config, disk.scope);
  perform(disk);
  return cleaned;
}

/** `0:a=1`, `2:b=` for a tombstone. */
function content(log: LogState): readonly string[] {
  return batchesBetween(log, 0, log.logEndOffset).flatMap((batch) => {
    if (isControlBatch(batch)) return [];
    const read = readRecords(batch, codecs);
    if (!read.ok) throw new Error(read.detail);
    return read.records.map(({ offset, key, value }) => `${offset}:${key === null ? '' : utf8Decode(key)}=${value === null ? '' : utf8Decode(value)}`);
  });
}

const bases = (log: LogState): number[] => segmentList(log).map((segment) => segment.baseOffset);

describe('what stays', () => {
  test('[R2] the newest of each key below the active segment, at its offset; records without a key go', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [
      [
        ['a', '1'],
        ['b', '1'],
        [null, 'x'],
      ],
      [['a', '2']],
      'roll',
      [
        ['b', '2'],
        ['c', '1'],
      ],
      'roll',
      [
        ['a', '3'],
        ['c', '2'],
      ],
    ]);
    const { log: cleaned, endOffset, stats } = clean(log, disk);
    expect(content(cleaned)).toEqual(['3:a=2', '4:b=2', '5:c=1', '6:a=3', '7:c=2']);
    expect([endOffset, stats.records, stats.kept, bases(cleaned)]).toEqual([6, 6, 3, [0, 6]]);
    expect(cleaned.logEndOffset).toBe(8);
    expect(content(reload(disk, { cleanShutdown: false, configs: COMPACT }).log)).toEqual(content(cleaned));
  });

  test('[R2] what is younger than min.compaction.lag.ms, or above the last stable offset, is not touched', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [[['a', '1']], [['a', '2']], 'roll', [['a', '3']], [['a', '4']], 'roll', [['z', '1']]], {
      ...COMPACT,
      'min.compaction.lag.ms': '500',
    });
    expect(cleanableOf(log, null, TEST_NOW_MS + 400).firstUncleanableOffset).toBe(0);
    expect(cleanableOf(log, null, TEST_NOW_MS + 600).firstUncleanableOffset).toBe(4);
    let open = append(
      log,
      batchOf([['t', '1']], { baseOffset: 5, partitionLeaderEpoch: 0, producerId: 9, producerEpoch: 0, baseSequence: 0, isTransactional: true }),
      disk,
    );
    open = rollSegment(open, 0, disk.scope);
    expect(lastStableOffset(open)).toBe(5);
    // The segment of the last stable offset begins at 4.
    expect(cleanableOf(open, null, TEST_NOW_MS + 600).firstUncleanableOffset).toBe(4);
  });

  test('[R2] a record above the high watermark takes nothing with it: it may yet be cut, and the older one of its key is committed', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [[['a', 'x0']], [['a', 'x1']], [['k', 'committed']], 'roll', [['b', '1']], [['k', 'not committed']], 'roll', [['z', '1']]]);
    const cleaned = clean({ ...log, highWatermark: 4 }, disk);
    expect(cleaned.endOffset).toBe(3);
    expect(content(cleaned.log).slice(0, 2)).toEqual(['1:a=x1', '2:k=committed']);
    expect(content(truncateTo(cleaned.log, 4, disk.scope).log)).toEqual(['1:a=x1', '2:k=committed', '3:b=1']);
  });

  const inTransaction = (key: string, value: string, offset: number, baseSequence: number): Uint8Array =>
    batchOf([[key, value]], { baseOffset: offset, partitionLeaderEpoch: 0, producerId: 7, producerEpoch: 0, baseSequence, isTransactional: true });
  const abort = (offset: number): Uint8Array =>
    buildEndTxnMarker(
      { producerId: 7, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: TEST_NOW_MS, partitionLeaderEpoch: 0, result: 'ABORT', baseOffset: offset },
      allocate,
    );

  test('[R4] an aborted record is no newest one, also where its marker lies in a later segment', () => {
    const disk = newTestDisk();
    let log = logOf(disk, [[['a', '0']], [['k', 'committed']]]);
    log = rollSegment(append(log, inTransaction('k', 'aborted', 2, 0), disk), 0, disk.scope);
    log = append(append(log, abort(3), disk), batchOf([['z', '1']], { baseOffset: 4, partitionLeaderEpoch: 0 }), disk);
    const cleaned = clean(log, disk);
    expect(content(cleaned.log)).toContain('1:k=committed');
    expect(content(cleaned.log).some((text) => text.includes('=aborted'))).toBe(false);
  });

  test('[R4] a transaction that began in one group of segments is still aborted in the next', () => {
    const disk = newTestDisk();
    const sizeBytes = batchOf([['a', '0']], { baseOffset: 0, partitionLeaderEpoch: 0 }).length;
    let log = newTestLog(disk, { ...COMPACT, 'segment.bytes': String(2 * sizeBytes + 10) });
    log = rollSegment(append(append(log, inTransaction('a', '0', 0, 0), disk), inTransaction('b', '0', 1, 1), disk), 0, disk.scope);
    log = rollSegment(append(append(log, abort(2), disk), batchOf([['c', '1']], { baseOffset: 3, partitionLeaderEpoch: 0 }), disk), 0, disk.scope);
    log = append(log, batchOf([['z', '1']], { baseOffset: 4, partitionLeaderEpoch: 0 }), disk);
    perform(disk);
    const cleaned = clean(log, disk);
    const left = content(cleaned.log);
    expect(left.some((text) => /:[ab]=/.test(text))).toBe(false);
    expect(left).toContain('3:c=1');
  });

  test('[R5] a checkpoint outside the log is known as such, also when the log has grown past it again', () => {
    const disk = newTestDisk();
    const short = logOf(disk, [[['k', '0']], [['k', '1']]]);
    expect(cleanableOf(short, 6, TEST_NOW_MS)).toMatchObject({ firstDirtyOffset: 0, isOutOfRange: true });
    expect(cleanableOf(short, 1, TEST_NOW_MS)).toMatchObject({ firstDirtyOffset: 1, isOutOfRange: false });
  });

  test('[R3] a tombstone outlives the first cleaning with a horizon, and goes with the next one after it', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [[['a', '1']], [['a', null]], 'roll', [['z', '1']]]);
    const first = clean(log, disk);
    expect([content(first.log), first.stats.tombstones]).toEqual([['1:a=', '2:z=1'], 1]);
    expect(batchesBetween(first.log, 0, 2).map((batch) => hasDeleteHorizon(batch))).toEqual([true]);
    disk.scope.context.nowMs += 999;
    expect(content(clean(first.log, disk).log)).toEqual(['1:a=', '2:z=1']);
    disk.scope.context.nowMs += 1;
    const last = clean(first.log, disk);
    expect(content(last.log)).toEqual(['2:z=1']);
    expect(content(reload(disk, { cleanShutdown: false, configs: COMPACT }).log)).toEqual(['2:z=1']);
  });

  test('[R4] an aborted transaction goes at once; its marker only after its horizon; the last batch of a producer stays, empty', () => {
    const disk = newTestDisk();
    const txn = { producerId: 7, producerEpoch: 0, isTransactional: true, partitionLeaderEpoch: 0 };
    let log = logOf(disk, [[['a', '1']]]);
    log = append(log, batchOf([['a', 'aborted']], { ...txn, baseOffset: 1, baseSequence: 0 }), disk);
    const marker = { producerId: 7, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: TEST_NOW_MS, partitionLeaderEpoch: 0 };
    log = append(log, buildEndTxnMarker({ ...marker, result: 'ABORT', baseOffset: 2 }, allocate), disk);
    log = rollSegment(log, 0, disk.scope);
    log = append(log, batchOf([['z', '1']], { baseOffset: 3, partitionLeaderEpoch: 0 }), disk);
    const first = clean(log, disk).log;
    expect(content(first)).toEqual(['0:a=1', '3:z=1']);
    expect(batchesBetween(first, 1, 3).map((batch) => [isControlBatch(batch), recordCount(batch)])).toEqual([
      [false, 0],
      [true, 1],
    ]);
    // Once its producer is forgotten, the empty batch goes, and with the next cleaning the marker gets its horizon.
    const forgotten: LogState = { ...first, producers: { ...first.producers, producers: [] } };
    const second = clean(clean(forgotten, disk).log, disk).log;
    expect(batchesBetween(second, 1, 3).map((batch) => [isControlBatch(batch), hasDeleteHorizon(batch)])).toEqual([[true, true]]);
    disk.scope.context.nowMs += 1001;
    expect(batchesBetween(clean(second, disk).log, 1, 3)).toEqual([]);
  });

  test('[R2] compressed batches are opened, filtered and written anew by the same codec', () => {
    const disk = newTestDisk();
    const scope = { ...disk.scope, context: { ...disk.scope.context, codecs } };
    const compressing: TestDisk = { scope, files: disk.files };
    let log = newTestLog(compressing, COMPACT);
    for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const)
      log = append(
        log,
        compressBatch(
          batchOf(
            [
              ['a', codec],
              [codec, '1'],
            ],
            { baseOffset: log.logEndOffset, partitionLeaderEpoch: 0 },
          ),
          { codec, level: null },
          { codecs, allocate },
        ),
        compressing,
      );
    log = rollSegment(log, 0, scope);
    const { log: cleaned } = clean(log, compressing);
    expect(content(cleaned)).toEqual(['1:gzip=1', '3:snappy=1', '5:lz4=1', '6:a=zstd', '7:zstd=1']);
    expect(batchesBetween(cleaned, 0, 8).map((batch) => (batch[22] ?? 0) & 7)).toEqual([1, 2, 3, 4]);
  });
});

describe('how much', () => {
  test('[R5] due by the dirty share, or by what is overdue', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [[['a', '1']], 'roll', [['b', '1']], 'roll', [['c', '1']]], { ...COMPACT, 'max.compaction.lag.ms': '60000' });
    const atHalf = cleanableOf(log, 1, TEST_NOW_MS);
    expect([atHalf.dirtyRatio, isDue(log, atHalf), isDue(log, cleanableOf(log, 0, TEST_NOW_MS))]).toEqual([0.5, false, true]);
    expect(isDue(log, cleanableOf(log, 1, TEST_NOW_MS + 60_001))).toBe(true);
    expect(isDue(log, cleanableOf(log, 2, TEST_NOW_MS + 60_001))).toBe(false);
    // A checkpoint beyond the log, or below its start, says nothing.
    expect(cleanableOf(log, 99, TEST_NOW_MS).firstDirtyOffset).toBe(0);
  });

  test('[R6] a map with room for two keys ends there, and the next cleaning goes on', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [[['a', '1']], [['b', '1']], [['a', '2']], [['b', '2']], 'roll', [['z', '1']]]);
    const small = { ...CLEANER_DEFAULTS, dedupeBufferBytes: 72, loadFactor: 0.9 };
    const first = clean(log, disk, null, small);
    expect([first.endOffset, content(first.log)]).toEqual([2, ['0:a=1', '1:b=1', '2:a=2', '3:b=2', '4:z=1']]);
    const second = clean(first.log, disk, first.endOffset, small);
    expect([second.endOffset, content(second.log)]).toEqual([4, ['2:a=2', '3:b=2', '4:z=1']]);
  });

  test('[R2] small neighbours become one segment, up to segment.bytes', () => {
    const disk = newTestDisk();
    const one = batchOf([['k0', '1']], {}).length;
    const log = logOf(disk, [[['k0', '1']], 'roll', [['k1', '1']], 'roll', [['k2', '1']], 'roll', [['k3', '1']]], {
      ...COMPACT,
      'segment.bytes': String(2 * one),
    });
    expect(bases(clean(log, disk).log)).toEqual([0, 2, 3]);
    expect(listPaths(disk.files, 'orders-0/').filter((path) => /\.(cleaned|swap)$/.test(path))).toEqual([]);
  });
});

describe('at any moment', () => {
  const puts = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.constantFrom('1', '2', '3'))), { minLength: 1, maxLength: 4 });
  const plan = fc.array(fc.oneof({ weight: 4, arbitrary: puts }, { weight: 1, arbitrary: fc.constant('roll' as const) }), { minLength: 1, maxLength: 20 });
  /** What a reader from the start ends up knowing. */
  const known = (log: LogState): Readonly<Record<string, string>> => {
    const values = new Map<string, string>();
    for (const line of content(log)) {
      const [, key = '', value = ''] = /^\d+:(.*)=(.*)$/.exec(line) ?? [];
      if (value === '') values.delete(key);
      else values.set(key, value);
    }
    return Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
  };

  test('[R2] whatever is put, deleted, rolled and cleaned, a reader from the start learns the same as from a log never cleaned', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(plan, fc.constantFrom(0, 500, 2000)), { minLength: 1, maxLength: 4 }), (rounds) => {
        const disk = newTestDisk();
        const twin = newTestDisk();
        let log = logOf(disk, []);
        let untouched = logOf(twin, []);
        let from: number | null = null;
        for (const [batches, waitMs] of rounds) {
          for (const batch of batches) {
            const add = (to: LogState, on: TestDisk): LogState =>
              batch === 'roll'
                ? to.active.batches.length === 0
                  ? to
                  : rollSegment(to, 0, on.scope)
                : append(to, batchOf(batch, { baseOffset: to.logEndOffset, partitionLeaderEpoch: 0 }), on);
            log = add(log, disk);
            untouched = add(untouched, twin);
          }
          disk.scope.context.nowMs += waitMs;
          const cleaned = clean(log, disk, from);
          [log, from] = [cleaned.log, cleaned.endOffset];
          expect(known(log)).toEqual(known(untouched));
          expect(log.logEndOffset).toBe(untouched.logEndOffset);
        }
        expect(known(reload(disk, { cleanShutdown: false, configs: COMPACT }).log)).toEqual(known(untouched));
      }),
      { numRuns: 150 },
    );
  });

  test('[R7] a crash after any of its effects leaves a log that says the same', () => {
    const disk = newTestDisk();
    const log = logOf(disk, [
      [
        ['a', '1'],
        ['b', '1'],
      ],
      'roll',
      [['a', '2']],
      'roll',
      [['b', null]],
      'roll',
      [['c', '1']],
    ]);
    const before = disk.files;
    cleanLog(log, cleanableOf(log, null, TEST_NOW_MS), CLEANER_DEFAULTS, disk.scope);
    const effects = disk.scope.effects.splice(0);
    expect(effects.length).toBeGreaterThan(10);
    for (let count = 0; count <= effects.length; count++) {
      const crashed = newTestDisk(before);
      crashed.scope.effects.push(...effects.slice(0, count));
      perform(crashed);
      const found = reload(crashed, { cleanShutdown: false, configs: COMPACT }).log;
      expect([count, known(found), found.logEndOffset]).toEqual([count, { a: '2', c: '1' }, 5]);
    }
  });
});
