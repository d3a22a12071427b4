import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listPaths, replaceFile, resizeFile } from '../kernel/files.ts';
import { buildEndTxnMarker } from '../protocol/control-batch.ts';
import { baseOffset, lastOffset, partitionLeaderEpoch } from '../protocol/record-batch.ts';
import { arrayToList } from '../kernel/persistent-array.ts';
import { appendAsLeader } from './append.ts';
import { batchAt } from './batch-list.ts';
import { encodeEpochCheckpoint } from './checkpoint-files.ts';
import { closeLog } from './close.ts';
import { filenamePrefix, segmentPaths } from './file-names.ts';
import { flushLog, onFlushDone } from './flush.ts';
import { lastStableOffset, segmentList, updateHighWatermark, type LogState } from './log-state.ts';
import { abortedTransactions, batchesBetween, readLog } from './read.ts';
import { deleteOldSegments, incrementLogStartOffset } from './retention.ts';
import { encodeOffsetIndex, encodeTimeIndex } from './segment-index.ts';
import { appended, copied, fileBytes, fileSize, newTestDisk, newTestLog, perform, reload, testBatch, TEST_NOW_MS, type TestDisk } from './test-support.ts';
import { truncateFully, truncateTo } from './truncate.ts';
import { encodeTxnIndex } from './txn-index.ts';

/** `npm run test:fuzz`: ten thousand cases by chance; the suite plays the same few each time. */
const FUZZ = import.meta.env.MODE === 'fuzz';

const CONFIGS = { 'segment.bytes': '700', 'index.interval.bytes': '150', 'retention.bytes': '2500', 'retention.ms': '-1' };

type TxnEnd = 'COMMIT' | 'ABORT';

type Action =
  | { readonly do: 'lead'; readonly count: number; readonly newEpoch: boolean }
  | { readonly do: 'copy'; readonly counts: readonly number[]; readonly gap: number }
  | { readonly do: 'truncate' | 'raiseStart' | 'watermark'; readonly at: number }
  | { readonly do: 'wipe'; readonly at: number }
  | { readonly do: 'retain' | 'flush' | 'cleanRestart' }
  | { readonly do: 'transact'; readonly producerId: number; readonly what: 'data' | TxnEnd }
  | { readonly do: 'crash'; readonly tornBytes: number }
  | { readonly do: 'rot'; readonly at: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('lead' as const), count: fc.integer({ min: 1, max: 4 }), newEpoch: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('copy' as const),
      counts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      gap: fc.constantFrom(0, 0, 0, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('truncate' as const, 'raiseStart' as const, 'watermark' as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wipe' as const), at: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('retain' as const, 'flush' as const, 'cleanRestart' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('transact' as const),
      producerId: fc.integer({ min: 1, max: 3 }),
      what: fc.constantFrom('data' as const, 'data' as const, 'COMMIT' as const, 'ABORT' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), tornBytes: fc.constantFrom(0, 1, 30, 80) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rot' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }) },
);

/** A batch as [first, last, epoch], and what it is to which producer's transactions. */
interface ModelBatch {
  readonly span: readonly [number, number, number];
  readonly txn: { readonly producerId: number; readonly what: 'data' | TxnEnd } | null;
}

/** What a log is, told plainly: its batches, and three offsets. */
interface Model {
  batches: ModelBatch[];
  start: number;
  end: number;
  watermark: number;
  epoch: number;
}

interface World {
  readonly disk: TestDisk;
  log: LogState;
  model: Model;
}

function write(world: World, count: number, at: number, txn: ModelBatch['txn'] = null): void {
  world.model.batches.push({ span: [at, at + count - 1, world.model.epoch], txn });
  world.model.end = at + count;
}

function perform1(world: World, act: Action): void {
  const { disk, model } = world;
  const between = (share: number): number => model.start + Math.floor(share * (model.end - model.start));
  switch (act.do) {
    case 'lead': {
      if (act.newEpoch) model.epoch += 1;
      world.log = appended(world.log, { count: act.count, timestampMs: TEST_NOW_MS + model.end }, disk, model.epoch).log;
      write(world, act.count, model.end);
      return;
    }
    case 'copy': {
      let at = model.end + act.gap;
      const batches = act.counts.map((count) => {
        const batch = testBatch({ count, baseOffset: at, partitionLeaderEpoch: model.epoch });
        at += count;
        return batch;
      });
      world.log = copied(world.log, batches, disk);
      for (const batch of batches) write(world, lastOffset(batch) - baseOffset(batch) + 1, baseOffset(batch));
      return;
    }
    case 'transact':
      return transact(world, act);
    case 'truncate':
      return truncate(world, between(act.at));
    case 'raiseStart': {
      const to = Math.min(between(act.at), model.watermark);
      world.log = incrementLogStartOffset(world.log, to, disk.scope).log;
      model.start = Math.max(model.start, to);
      return;
    }
    case 'watermark':
      world.log = updateHighWatermark(world.log, between(act.at));
      model.watermark = between(act.at);
      return;
    case 'wipe':
      world.log = truncateFully(world.log, { startAt: act.at }, disk.scope);
      world.model = { ...model, batches: [], start: act.at, end: act.at, watermark: act.at };
      return;
    case 'flush': {
      world.log = flushLog(world.log, disk.scope);
      for (const effect of perform(disk)) if (effect.type === 'flush') world.log = onFlushDone(world.log, effect.operation, null, disk.scope);
      return;
    }
    case 'retain': {
      world.log = deleteOldSegments(world.log, disk.scope).log;
      model.start = world.log.logStartOffset;
      model.batches = model.batches.filter((batch) => batch.span[1] >= (segmentList(world.log)[0]?.baseOffset ?? 0));
      return;
    }
    case 'cleanRestart':
      world.log = closeLog(world.log, disk.scope);
      return restart(world, { cleanShutdown: true, tornBytes: 0 });
    case 'rot':
      rot(world, act.at);
      return;
    case 'crash':
      // Power can only take what was not flushed.
      return restart(world, { cleanShutdown: false, tornBytes: world.log.recoveryPoint <= world.log.active.baseOffset ? act.tornBytes : 0 });
  }
}

/** Data of a transaction, or its marker, as a leader gets them from the transaction's coordinator. */
function transact(world: World, act: { readonly producerId: number; readonly what: 'data' | TxnEnd }): void {
  const { disk, model } = world;
  const { producerId, what } = act;
  const producer = { producerId, producerEpoch: 0 };
  const batch =
    what === 'data'
      ? testBatch({ ...producer, baseSequence: 0, isTransactional: true, timestampMs: TEST_NOW_MS + model.end })
      : buildEndTxnMarker({ ...producer, result: what, coordinatorEpoch: 0, timestampMs: TEST_NOW_MS + model.end }, (sizeBytes) => new Uint8Array(sizeBytes));
  const written = appendAsLeader(world.log, [batch], { leaderEpoch: model.epoch, origin: 'coordinator' }, disk.scope);
  expect(written.error).toBeNull();
  world.log = written.log;
  write(world, 1, model.end, { producerId, what });
}

/** Turns a byte of a batch in the active segment, one that its CRC covers, and crashes: the batch goes, and what follows it. */
function rot(world: World, share: number): void {
  const { disk, log } = world;
  const { batches, paths } = log.active;
  if (batches.length === 0) return;
  perform(disk);
  const at = Math.floor(share * (batches.length - 1));
  const bad = batchAt(batches, at);
  const bytes = (fileBytes(disk, paths.log) ?? new Uint8Array(0)).slice();
  const place = bad.position + BYTES_OUTSIDE_CRC + Math.floor(share * (bad.sizeBytes - BYTES_OUTSIDE_CRC - 1));
  bytes[place] = (bytes[place] ?? 0) ^ 0x40;
  disk.files = replaceFile(disk.files, paths.log, bytes);
  restart(world, { cleanShutdown: false, tornBytes: log.active.sizeBytes - bad.position, leaveTorn: true });
}

/** Base offset, length, leader epoch, magic and the CRC itself. */
const BYTES_OUTSIDE_CRC = 21;

function truncate(world: World, to: number): void {
  const { model } = world;
  world.log = truncateTo(world.log, to, world.disk.scope).log;
  if (to >= model.end) return;
  model.batches = model.batches.filter((batch) => batch.span[1] < to);
  model.end = to;
  model.watermark = Math.min(model.watermark, to);
  model.start = Math.min(model.start, to);
}

function restart(world: World, stop: { readonly cleanShutdown: boolean; readonly tornBytes: number; readonly leaveTorn?: boolean }): void {
  const { disk, model } = world;
  perform(disk);
  const { recoveryPoint, logStartOffset, active } = world.log;
  const sizeLeft = Math.max(0, active.sizeBytes - stop.tornBytes);
  if (stop.leaveTorn !== true) disk.files = resizeFile(disk.files, active.paths.log, sizeLeft);
  const lostCount = Array.from({ length: active.batches.length }, (_, i) => batchAt(active.batches, i)).filter(
    (batch) => batch.position + batch.sizeBytes > sizeLeft,
  ).length;
  world.log = reload(disk, { cleanShutdown: stop.cleanShutdown, recoveryPoint, logStartOffset, configs: CONFIGS }).log;
  // The end is one past the last batch: an end that no batch reached (after a cut inside a batch) is not remembered.
  model.batches = model.batches.slice(0, model.batches.length - lostCount);
  const lastBatch = model.batches[model.batches.length - 1];
  model.end = Math.max(active.baseOffset, lastBatch === undefined ? 0 : lastBatch.span[1] + 1);
  if (model.end < logStartOffset) world.model = { ...model, batches: [], start: logStartOffset, end: logStartOffset };
  world.model.watermark = world.log.highWatermark;
}

function checkAgainstModel(world: World): void {
  const { log, model, disk } = world;
  expect([log.logStartOffset, log.logEndOffset, log.highWatermark]).toEqual([
    model.start,
    model.end,
    Math.min(Math.max(model.watermark, model.start), model.end),
  ]);
  expect(batchesBetween(log, 0, Infinity).map((batch) => [baseOffset(batch), lastOffset(batch), partitionLeaderEpoch(batch)])).toEqual(
    model.batches.map((batch) => batch.span),
  );
  expect(log.recoveryPoint).toBeLessThanOrEqual(log.logEndOffset);
  for (let offset = model.start; offset < model.end; offset += 3) {
    const read = readLog(log, { startOffset: offset, maxBytes: 1, upperBound: model.end, minOneMessage: true });
    const expected = model.batches.find((batch) => batch.span[1] >= offset);
    expect(read.error === null && read.batches.map(baseOffset)).toEqual(expected === undefined ? [] : [expected.span[0]]);
  }
  for (let i = 1; i < log.leaderEpochs.length; i++) {
    expect(log.leaderEpochs[i]?.epoch).toBeGreaterThan(log.leaderEpochs[i - 1]?.epoch ?? 0);
    expect(log.leaderEpochs[i]?.startOffset).toBeGreaterThan(log.leaderEpochs[i - 1]?.startOffset ?? 0);
  }
  checkTransactions(world);
  checkFiles(log, disk);
}

interface ModelTxn {
  readonly producerId: number;
  readonly first: number;
  readonly end: { readonly what: TxnEnd; readonly at: number } | null;
}

/** The transactions that begin in the log, by walking through its batches. */
function transactionsOf(batches: readonly ModelBatch[]): readonly ModelTxn[] {
  const done: ModelTxn[] = [];
  const open = new Map<number, number>();
  for (const { span, txn } of batches) {
    if (txn === null) continue;
    const first = open.get(txn.producerId);
    if (txn.what === 'data') open.set(txn.producerId, first ?? span[0]);
    else if (first !== undefined) done.push({ producerId: txn.producerId, first, end: { what: txn.what, at: span[0] } });
    if (txn.what !== 'data') open.delete(txn.producerId);
  }
  return [...done, ...[...open].map(([producerId, first]) => ({ producerId, first, end: null }))];
}

/**
 * The last stable offset lies at the first open transaction or before it, and at the high watermark when all markers are below it. What begins
 * below the log's start may be forgotten. A read_committed reader is told of every aborted transaction that it meets.
 */
function checkTransactions({ log, model }: World): void {
  const stable = lastStableOffset(log);
  const known = transactionsOf(model.batches).filter((txn) => txn.first >= model.start);
  expect(stable).toBeLessThanOrEqual(log.highWatermark);
  for (const txn of known) if (txn.end === null) expect(stable).toBeLessThanOrEqual(Math.max(txn.first, model.start));
  const mayHold = model.batches.some((batch) => batch.txn !== null);
  if (!mayHold) expect([stable, log.producers.transactions.ongoing]).toEqual([log.highWatermark, []]);
  const read = readLog(log, { startOffset: model.start, maxBytes: 100_000, upperBound: stable, minOneMessage: true });
  if (read.error !== null || read.batches.length === 0) return;
  const readEnd = lastOffset(read.batches[read.batches.length - 1] ?? new Uint8Array(0));
  const told = abortedTransactions(log, read, model.start).map((txn) => [txn.producerId, txn.firstOffset]);
  for (const txn of known) if (txn.end?.what === 'ABORT' && txn.first <= readEnd) expect(told).toContainEqual([txn.producerId, txn.first]);
  const aborted = known.filter((txn) => txn.end?.what === 'ABORT').map((txn) => [txn.producerId, txn.first]);
  for (const txn of told) if ((txn[1] ?? 0) >= model.start) expect(aborted).toContainEqual(txn);
}

/** The files say what the state says, and no segment has files that the log does not know. */
function checkFiles(log: LogState, disk: TestDisk): void {
  perform(disk);
  for (const segment of segmentList(log)) {
    const { paths } = segment;
    const whole = Buffer.concat(arrayOfBatches(log, segment.baseOffset));
    expect(Buffer.from(fileBytes(disk, paths.log) ?? []).equals(whole)).toBe(true);
    expect(fileSize(disk, paths.log)).toBe(segment.sizeBytes);
    if (segment.indexFiles === 'absent') continue;
    expect(fileBytes(disk, paths.index)).toEqual(encodeOffsetIndex(segment.offsetIndex, segment.baseOffset));
    expect(fileBytes(disk, paths.timeIndex)).toEqual(encodeTimeIndex(segment.timeIndex, segment.baseOffset));
    expect(fileBytes(disk, paths.txnIndex)).toEqual(segment.txnIndex === null ? null : encodeTxnIndex(segment.txnIndex));
    const starts = Array.from({ length: segment.batches.length }, (_, i) => batchAt(segment.batches, i).position);
    for (const entry of arrayToList(segment.offsetIndex)) {
      expect(starts).toContain(entry.position);
      expect(entry.offset).toBeLessThan(log.logEndOffset);
    }
    const trimmed = segment.indexFiles === 'trimmed';
    expect(fileSize(disk, paths.index)).toBe(trimmed ? arrayToList(segment.offsetIndex).length * 8 : 10485760);
  }
  expect(Buffer.from(fileBytes(disk, 'orders-0/leader-epoch-checkpoint') ?? []).toString()).toBe(
    log.leaderEpochs.length === 0 && fileSize(disk, 'orders-0/leader-epoch-checkpoint') === 0 ? '' : encodeEpochCheckpoint(log.leaderEpochs),
  );
  const known = segmentList(log).map((segment) => segmentPaths('orders-0', segment.baseOffset).log);
  expect(listPaths(disk.files, 'orders-0/').filter((path) => path.endsWith('.log'))).toEqual(known);
  const snapshots = listPaths(disk.files, 'orders-0/').filter((path) => path.endsWith('.snapshot'));
  expect(snapshots).toEqual(log.producers.snapshots.map((snapshot) => `orders-0/${filenamePrefix(snapshot.offset)}.snapshot`));
}

function arrayOfBatches(log: LogState, base: number): Uint8Array[] {
  const segments = segmentList(log);
  const index = segments.findIndex((segment) => segment.baseOffset === base);
  const next = segments[index + 1]?.baseOffset ?? Infinity;
  return [...batchesBetween(log, base, next)];
}

describe('any sequence of operations', () => {
  test(
    '[R1] [R2] [R5] [R8] [R9] [R17] the log agrees with a plain list of batches, its files with the log, and older versions stay as they were',
    () => {
      fc.assert(
        fc.property(fc.array(action, { minLength: 1, maxLength: 40 }), (actions) => {
          const disk = newTestDisk();
          const world: World = { disk, log: newTestLog(disk, CONFIGS), model: { batches: [], start: 0, end: 0, watermark: 0, epoch: 0 } };
          const kept: { readonly log: LogState; readonly batches: readonly Uint8Array[] }[] = [];
          for (const act of actions) {
            if (kept.length < 5) kept.push({ log: world.log, batches: batchesBetween(world.log, 0, Infinity) });
            perform1(world, act);
            checkAgainstModel(world);
          }
          for (const old of kept) expect(batchesBetween(old.log, 0, Infinity)).toEqual(old.batches);
        }),
        FUZZ ? { numRuns: 10_000 } : { numRuns: 150, seed: 20231114 },
      );
    },
    FUZZ ? 3_600_000 : 60_000,
  );

  test('[R2] several thousand batches keep their order through sealed chunks and cuts', () => {
    const disk = newTestDisk();
    let log = newTestLog(disk);
    for (let i = 0; i < 1000; i++) log = appended(log, {}, disk).log;
    const whole = log;
    for (const cut of [999, 960, 640, 639, 65, 64, 63, 1, 0]) {
      log = truncateTo(log, cut, disk.scope).log;
      expect(batchesBetween(log, 0, 1000).map(baseOffset)).toEqual(Array.from({ length: cut }, (_, i) => i));
      expect(appended(log, {}, disk).info.firstOffset).toBe(cut);
    }
    expect(batchesBetween(whole, 0, 1000).length).toBe(1000);
  });
});
