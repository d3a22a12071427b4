import { describe, expect, test } from 'vitest';
import { buildEndTxnMarker, type EndTxnMarker } from '../protocol/control-batch.ts';
import { appendAsFollower, appendAsLeader } from './append.ts';
import { closeLog } from './close.ts';
import { lastStableOffset, updateHighWatermark, type LogState } from './log-state.ts';
import { abortedTransactions, readLog } from './read.ts';
import { incrementLogStartOffset } from './retention.ts';
import { appended, copied, fileBytes, fileSize, newTestDisk, newTestLog, perform, reload, testBatch, TEST_NOW_MS, type TestDisk } from './test-support.ts';
import { truncateTo } from './truncate.ts';
import { decodeTxnIndex } from './txn-index.ts';

const TXN_INDEX = 'orders-0/00000000000000000000.txnindex';

interface Written {
  readonly disk: TestDisk;
  log: LogState;
}

/** A leader's log to which producers write by short calls. */
function newWritten(configs: Readonly<Record<string, string>> = {}): Written {
  const disk = newTestDisk();
  return { disk, log: newTestLog(disk, configs) };
}

const nextSequences = new WeakMap<Written, Map<number, number>>();

function data(written: Written, producerId: number, count = 1): void {
  const sequences = nextSequences.get(written) ?? new Map<number, number>();
  nextSequences.set(written, sequences);
  const baseSequence = sequences.get(producerId) ?? 0;
  sequences.set(producerId, baseSequence + count);
  written.log = appended(written.log, { count, producerId, producerEpoch: 0, baseSequence, isTransactional: true }, written.disk).log;
}

function plain(written: Written): void {
  written.log = appended(written.log, {}, written.disk).log;
}

function markerBatch(marker: Partial<EndTxnMarker> & { readonly producerId: number }): Uint8Array {
  const whole = { result: 'COMMIT', coordinatorEpoch: 0, producerEpoch: 0, timestampMs: TEST_NOW_MS, ...marker } as const;
  return buildEndTxnMarker(whole, (sizeBytes) => new Uint8Array(sizeBytes));
}

function end(written: Written, producerId: number, result: 'COMMIT' | 'ABORT'): void {
  const marked = appendAsLeader(written.log, [markerBatch({ producerId, result })], { leaderEpoch: 0, origin: 'coordinator' }, written.disk.scope);
  expect(marked.error).toBeNull();
  written.log = marked.log;
}

function commitAll(written: Written): void {
  written.log = updateHighWatermark(written.log, written.log.logEndOffset);
}

function txnIndexOf(disk: TestDisk, path = TXN_INDEX) {
  const bytes = fileBytes(disk, path);
  const read = bytes === null ? null : decodeTxnIndex(bytes, { path, baseOffset: 0 });
  return read?.ok === true ? read.entries : read;
}

/** Aborted transactions as [producer id, first offset], as a read_committed fetch gets them. */
function abortedFrom(log: LogState, startOffset: number): readonly (readonly [number, number])[] {
  const read = readLog(log, { startOffset, maxBytes: 1_000_000, upperBound: lastStableOffset(log), minOneMessage: true });
  if (read.error !== null) throw new Error(read.message);
  return abortedTransactions(log, read, startOffset).map((txn) => [txn.producerId, txn.firstOffset]);
}

describe('the last stable offset', () => {
  test('[R17] is the high watermark without transactions, the start of the earliest open one else', () => {
    const written = newWritten();
    plain(written);
    expect(lastStableOffset(updateHighWatermark(written.log, 1))).toBe(1);
    data(written, 7);
    data(written, 8);
    commitAll(written);
    expect([written.log.highWatermark, lastStableOffset(written.log)]).toEqual([3, 1]);
    end(written, 7, 'COMMIT');
    commitAll(written);
    expect([written.log.highWatermark, lastStableOffset(written.log)]).toEqual([4, 2]);
    end(written, 8, 'ABORT');
    commitAll(written);
    expect(lastStableOffset(written.log)).toBe(5);
  });

  test('[R17] a decided transaction holds it back until its marker is below the high watermark', () => {
    const written = newWritten();
    data(written, 7);
    commitAll(written);
    end(written, 7, 'COMMIT');
    plain(written);
    expect(lastStableOffset(written.log)).toBe(0);
    expect(lastStableOffset(updateHighWatermark(written.log, 1))).toBe(0);
    expect(lastStableOffset(updateHighWatermark(written.log, 2))).toBe(2);
  });

  test('[R17] never lies below the log start', () => {
    const written = newWritten();
    data(written, 7, 3);
    commitAll(written);
    const raised = incrementLogStartOffset(written.log, 2, written.disk.scope).log;
    expect([raised.logStartOffset, lastStableOffset(raised)]).toEqual([2, 2]);
  });

  test('[R17] a marker without data before it decides nothing', () => {
    const written = newWritten();
    end(written, 7, 'ABORT');
    commitAll(written);
    perform(written.disk);
    expect([lastStableOffset(written.log), fileSize(written.disk, TXN_INDEX)]).toEqual([1, -1]);
    expect(written.log.producers.producers).toMatchObject([{ producerId: 7, producerEpoch: 0, coordinatorEpoch: 0, batches: [] }]);
  });
});

describe('the transaction index', () => {
  test('[R17] names aborted transactions only, with what was stable then', () => {
    const written = newWritten();
    data(written, 7);
    data(written, 8);
    end(written, 7, 'COMMIT');
    perform(written.disk);
    expect(fileSize(written.disk, TXN_INDEX)).toBe(-1);
    data(written, 7);
    end(written, 7, 'ABORT');
    end(written, 8, 'ABORT');
    perform(written.disk);
    expect(txnIndexOf(written.disk)).toEqual([
      { producerId: 7, firstOffset: 3, lastOffset: 4, lastStableOffset: 1 },
      { producerId: 8, firstOffset: 1, lastOffset: 5, lastStableOffset: 6 },
    ]);
  });

  test('[R17] of a follower that gets data and markers in one set counts all transactions of the set as begun', () => {
    const disk = newTestDisk();
    const txn = { producerEpoch: 0, baseSequence: 0, isTransactional: true };
    const set = [
      testBatch({ ...txn, producerId: 7, baseOffset: 0 }),
      markerBatch({ producerId: 7, result: 'ABORT', baseOffset: 1 }),
      testBatch({ baseOffset: 2 }),
      testBatch({ ...txn, producerId: 8, baseOffset: 3 }),
    ];
    const together = copied(newTestLog(disk), set, disk);
    perform(disk);
    expect(txnIndexOf(disk)).toEqual([{ producerId: 7, firstOffset: 0, lastOffset: 1, lastStableOffset: 3 }]);
    expect(lastStableOffset(updateHighWatermark(together, 4))).toBe(3);
  });

  test('[R8] [R17] is cut with the log, and a cut marker leaves its transaction open again', () => {
    const written = newWritten();
    data(written, 7);
    end(written, 7, 'ABORT');
    data(written, 8);
    end(written, 8, 'ABORT');
    const { log } = truncateTo(written.log, 3, written.disk.scope);
    perform(written.disk);
    expect(txnIndexOf(written.disk)).toEqual([{ producerId: 7, firstOffset: 0, lastOffset: 1, lastStableOffset: 2 }]);
    expect(log.producers.transactions.ongoing).toEqual([{ producerId: 8, firstOffset: 2, lastOffset: null }]);
    expect(lastStableOffset(updateHighWatermark(log, 3))).toBeLessThanOrEqual(2);
  });

  test('[R17] a read_committed reader is told of those it meets, across segments', () => {
    const written = newWritten({ 'segment.bytes': '200' });
    data(written, 7);
    data(written, 8);
    plain(written);
    end(written, 7, 'ABORT');
    plain(written);
    end(written, 8, 'COMMIT');
    plain(written);
    commitAll(written);
    expect(written.log.rolled.length).toBeGreaterThan(1);
    expect([0, 1, 3, 4].map((offset) => abortedFrom(written.log, offset))).toEqual([[[7, 0]], [[7, 0]], [[7, 0]], []]);
  });

  test('[R5] [R14] goes with its segment', () => {
    const written = newWritten({ 'file.delete.delay.ms': '1000' });
    data(written, 7);
    end(written, 7, 'ABORT');
    const { log } = truncateTo(written.log, 0, written.disk.scope);
    perform(written.disk);
    expect([log.active.txnIndex, fileSize(written.disk, TXN_INDEX)]).toEqual([[], 0]);
  });
});

describe('what a leader refuses of transactions', () => {
  const refusal = (written: Written, batch: Uint8Array, origin: 'client' | 'coordinator') => {
    const result = appendAsLeader(written.log, [batch], { leaderEpoch: 0, origin }, written.disk.scope);
    return result.error === null ? null : [result.error, result.message];
  };

  test('[R17] a marker of an older coordinator, of an older producer epoch, and data outside the open transaction', () => {
    const written = newWritten();
    data(written, 7);
    end(written, 7, 'COMMIT');
    const marked = appendAsLeader(
      written.log,
      [markerBatch({ producerId: 7, producerEpoch: 3, coordinatorEpoch: 5 })],
      { leaderEpoch: 0, origin: 'coordinator' },
      written.disk.scope,
    );
    written.log = marked.log;
    expect(refusal(written, markerBatch({ producerId: 7, producerEpoch: 3, coordinatorEpoch: 4 }), 'coordinator')).toEqual([
      'TRANSACTION_COORDINATOR_FENCED',
      'Invalid coordinator epoch for producerId 7 at offset 3 in partition orders-0: 4 (zombie), 5 (current)',
    ]);
    expect(refusal(written, markerBatch({ producerId: 7, producerEpoch: 2, coordinatorEpoch: 6 }), 'coordinator')?.[0]).toBe('INVALID_PRODUCER_EPOCH');
    expect(refusal(written, testBatch({ producerId: 7, producerEpoch: 2, baseSequence: 1 }), 'client')?.[0]).toBe('INVALID_PRODUCER_EPOCH');
    expect(refusal(written, testBatch({ producerId: 7, producerEpoch: 3, baseSequence: 1, isTransactional: true }), 'client')?.[0]).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
    data(written, 8);
    expect(refusal(written, testBatch({ producerId: 8, producerEpoch: 0, baseSequence: 1 }), 'client')).toEqual([
      'INVALID_TXN_STATE',
      'Expected transactional write from producer 8 at offset (offset=4, segment=[-1:-1]) in partition orders-0',
    ]);
  });

  test('[R17] a follower takes what its leader took', () => {
    const written = newWritten();
    data(written, 7);
    const old = appendAsFollower(written.log, [markerBatch({ producerId: 7, producerEpoch: -1, baseOffset: 1 })], written.disk.scope);
    expect(old.error).toBeNull();
  });
});

describe('after a restart', () => {
  test.each([true, false])('[R9] [R10] [R17] open transactions are open again and decided ones stay decided (clean stop: %s)', (cleanShutdown) => {
    const written = newWritten();
    data(written, 7);
    end(written, 7, 'ABORT');
    data(written, 8);
    if (cleanShutdown) closeLog(written.log, written.disk.scope);
    perform(written.disk);
    const { log } = reload(written.disk, { cleanShutdown, recoveryPoint: cleanShutdown ? 3 : 0 });
    expect(log.producers.transactions.ongoing).toEqual([{ producerId: 8, firstOffset: 2, lastOffset: null }]);
    expect(lastStableOffset(updateHighWatermark(log, 3))).toBe(2);
    expect(log.active.txnIndex).toEqual([{ producerId: 7, firstOffset: 0, lastOffset: 1, lastStableOffset: 2 }]);
    expect(log.producers.producers.find((entry) => entry.producerId === 8)?.currentTxnFirstOffset).toBe(2);
  });

  test('[R9] a transaction index of another version keeps the broker from starting, one below its base is made anew', () => {
    const written = newWritten();
    data(written, 7);
    end(written, 7, 'ABORT');
    closeLog(written.log, written.disk.scope);
    perform(written.disk);
    const whole = written.disk.files;
    const bytes = fileBytes(written.disk, TXN_INDEX) ?? new Uint8Array(0);
    written.disk.scope.effects.push({ type: 'replace', path: TXN_INDEX, bytes: bytes.map((byte, at) => (at === 1 ? 1 : byte)) });
    perform(written.disk);
    expect(() => reload(written.disk, { cleanShutdown: true })).toThrow(
      `Unexpected aborted transaction version 1 in transaction index ${TXN_INDEX}, current version is 0`,
    );
    written.disk.files = whole;
    written.disk.scope.effects.push({ type: 'replace', path: TXN_INDEX, bytes: bytes.map((byte, at) => (at === 18 ? 255 : byte)) });
    perform(written.disk);
    const { log, recovered } = reload(written.disk, { cleanShutdown: true });
    expect(recovered.segments).toEqual([0]);
    expect(recovered.indexProblems[0]).toMatch(/^Last offset of aborted transaction AbortedTxn\(version=0, producerId=7, .* is less than start offset 0$/);
    expect(log.active.txnIndex).toEqual([{ producerId: 7, firstOffset: 0, lastOffset: 1, lastStableOffset: 2 }]);
  });
});

test('[R17] a truncation to the high watermark leaves the last stable offset there: what was decided before it stays decided', () => {
  const written = newWritten();
  data(written, 7);
  end(written, 7, 'COMMIT');
  plain(written);
  commitAll(written);
  plain(written);
  expect(lastStableOffset(written.log)).toBe(3);
  const cut = truncateTo(written.log, 3, written.disk.scope).log;
  expect([cut.highWatermark, lastStableOffset(cut)]).toEqual([3, 3]);
});
