import type { EpochMs, Offset } from '../kernel/units.ts';
import { DELETED_SUFFIX, snapshotPath } from './file-names.ts';
import type { LogScope } from './log-scope.ts';
import { decodeSnapshot, encodeSnapshot } from './producer-snapshot.ts';
import { findProducer, updateProducers, withoutExpired, type ProducerBatchHeader, type Producers } from './producer-state.ts';
import { abortedTxn, completeTransaction, dropReplicated, NO_TRANSACTIONS, startTransaction, type CompletedTxn, type Transactions } from './transactions.ts';
import type { AbortedTxn } from './txn-index.ts';

/** ProducerStateManager: the producers as of `mapEndOffset`, and the snapshot files on disk. */
export interface ProducerStore {
  readonly producers: Producers;
  /** Transactions that hold back the last stable offset. */
  readonly transactions: Transactions;
  readonly mapEndOffset: Offset;
  readonly lastSnapshotOffset: Offset;
  /** Ascending by offset. Bytes are kept, so that a truncation can go back to a snapshot without reading the disk. */
  readonly snapshots: readonly Snapshot[];
}

export interface Snapshot {
  readonly offset: Offset;
  readonly bytes: Uint8Array;
}

/** What replaying the log needs: the producer headers of all batches with an offset in [from, to), by segment, and segment bases. */
export interface ProducerSource {
  readonly logStartOffset: Offset;
  readonly segmentBases: readonly Offset[];
  headersBetween(from: Offset, to: Offset): readonly ProducerBatchHeader[];
}

/** Default of `producer.id.expiration.ms`, applied when a snapshot is loaded. */
export const PRODUCER_ID_EXPIRATION_MS = 86_400_000;

export function emptyProducerStore(snapshots: readonly Snapshot[]): ProducerStore {
  return { producers: [], transactions: NO_TRANSACTIONS, mapEndOffset: 0, lastSnapshotOffset: 0, snapshots };
}

/** A store and what a set of batches adds to the transaction index. */
export interface NotedBatches {
  readonly store: ProducerStore;
  readonly aborted: readonly AbortedTxn[];
}

const NONE_ABORTED: readonly AbortedTxn[] = [];

/**
 * Notes batches appended in one go, of producers all. As in Kafka all transactions of the set begin before the first of them is
 * decided, so the last stable offset of an index entry can be that of a transaction that comes after it in the set.
 */
export function noteBatches(before: ProducerStore, batches: readonly ProducerBatchHeader[], endOffset: Offset): NotedBatches {
  let { producers, transactions } = before;
  const completed: CompletedTxn[] = [];
  for (const batch of batches) {
    const openedAt = findProducer(producers, batch.producerId)?.currentTxnFirstOffset ?? -1;
    producers = updateProducers(producers, batch);
    if (batch.isControl) {
      if (openedAt < 0 || batch.marker === null) continue;
      completed.push({ producerId: batch.producerId, firstOffset: openedAt, lastOffset: batch.baseOffset, isAborted: batch.marker.isAbort });
    } else if (batch.isTransactional && openedAt < 0) {
      transactions = startTransaction(transactions, { producerId: batch.producerId, firstOffset: batch.baseOffset });
    }
  }
  const aborted: AbortedTxn[] = [];
  for (const txn of completed) {
    if (txn.isAborted) aborted.push(abortedTxn(transactions, txn));
    transactions = completeTransaction(transactions, txn);
  }
  return { store: storeAt(before, { producers, transactions, mapEndOffset: endOffset }), aborted };
}

/** `noteBatches` of one batch; one without a producer id only moves `mapEndOffset`. */
export function noteBatch(store: ProducerStore, batch: ProducerBatchHeader): NotedBatches {
  const endOffset = batch.lastOffset + 1;
  if (batch.producerId >= 0) return noteBatches(store, [batch], endOffset);
  return { store: atMapEnd(store, endOffset), aborted: NONE_ABORTED };
}

/** Batches without a producer id were appended up to `endOffset` (ProducerStateManager.updateMapEndOffset). */
export function atMapEnd(store: ProducerStore, endOffset: Offset): ProducerStore {
  return storeAt(store, { producers: store.producers, transactions: store.transactions, mapEndOffset: endOffset });
}

/** Field by field, as this is done at every append. */
function storeAt(store: ProducerStore, to: Pick<ProducerStore, 'producers' | 'transactions' | 'mapEndOffset'>): ProducerStore {
  return {
    producers: to.producers,
    transactions: to.transactions,
    mapEndOffset: to.mapEndOffset,
    lastSnapshotOffset: store.lastSnapshotOffset,
    snapshots: store.snapshots,
  };
}

/** The high watermark moved: transactions decided below it no longer hold back the last stable offset. The same store if there are none. */
export function onHighWatermarkUpdated(store: ProducerStore, highWatermark: Offset): ProducerStore {
  const transactions = dropReplicated(store.transactions, highWatermark);
  return transactions === store.transactions ? store : { ...store, transactions };
}

/** Writes `<mapEndOffset>.snapshot`, unless there is one at or above it already. Path of the written file, or null. */
export function takeSnapshot(store: ProducerStore, dir: string, scope: LogScope): { readonly store: ProducerStore; readonly path: string | null } {
  if (store.mapEndOffset <= store.lastSnapshotOffset) return { store, path: null };
  const offset = store.mapEndOffset;
  const bytes = encodeSnapshot(store.producers);
  const path = snapshotPath(dir, offset);
  scope.effects.push({ type: 'replace', path, bytes });
  const snapshots = [
    ...store.snapshots.filter((snapshot) => snapshot.offset < offset),
    { offset, bytes },
    ...store.snapshots.filter((snapshot) => snapshot.offset > offset),
  ];
  return { store: { ...store, lastSnapshotOffset: offset, snapshots }, path };
}

/** Deletes the snapshots that `doomed` names, at once. */
export function deleteSnapshots(store: ProducerStore, dir: string, doomed: (offset: Offset) => boolean, scope: LogScope): ProducerStore {
  const kept = store.snapshots.filter((snapshot) => !doomed(snapshot.offset));
  if (kept.length === store.snapshots.length) return store;
  for (const snapshot of store.snapshots) {
    if (doomed(snapshot.offset)) scope.effects.push({ type: 'delete', path: snapshotPath(dir, snapshot.offset) });
  }
  return { ...store, snapshots: kept };
}

/** Renames the snapshots of deleted segments to `.deleted`; returns the new paths, for the deletion that follows later. */
export function retireSnapshots(
  store: ProducerStore,
  dir: string,
  bases: readonly Offset[],
  scope: LogScope,
): { readonly store: ProducerStore; readonly paths: readonly string[] } {
  const retired = store.snapshots.filter((snapshot) => bases.includes(snapshot.offset));
  const paths = retired.map((snapshot) => {
    const from = snapshotPath(dir, snapshot.offset);
    scope.effects.push({ type: 'rename', from, to: from + DELETED_SUFFIX });
    return from + DELETED_SUFFIX;
  });
  if (paths.length === 0) return { store, paths };
  return { store: { ...store, snapshots: store.snapshots.filter((snapshot) => !bases.includes(snapshot.offset)) }, paths };
}

/** Without stray snapshots: of those that belong to no segment only the last stays, and only above the last segment's base. */
export function removeStraySnapshots(store: ProducerStore, dir: string, segmentBases: readonly Offset[], scope: LogScope): ProducerStore {
  const lastBase = segmentBases[segmentBases.length - 1] ?? -1;
  const strays = store.snapshots.map((snapshot) => snapshot.offset).filter((offset) => !segmentBases.includes(offset));
  const latest = strays[strays.length - 1] ?? -1;
  return deleteSnapshots(store, dir, (offset) => strays.includes(offset) && (offset !== latest || offset < lastBase), scope);
}

/** Nothing is known any more, and the next record will be at `offset`. */
export function restartProducers(store: ProducerStore, dir: string, offset: Offset, scope: LogScope): ProducerStore {
  const cleared = deleteSnapshots(store, dir, () => true, scope);
  return { ...cleared, producers: [], transactions: NO_TRANSACTIONS, lastSnapshotOffset: 0, mapEndOffset: offset };
}

export function onLogStartIncremented(store: ProducerStore, logStartOffset: Offset): ProducerStore {
  const latest = store.snapshots[store.snapshots.length - 1];
  return {
    ...store,
    transactions: dropReplicated(store.transactions, logStartOffset),
    mapEndOffset: Math.max(store.mapEndOffset, logStartOffset),
    lastSnapshotOffset: latest?.offset ?? logStartOffset,
  };
}

/**
 * Brings the store to the state as of `lastOffset` (UnifiedLog.rebuildProducerState): newest usable snapshot, then the batches
 * above it, with snapshots at the last two segment bases and at the end. After a clean stop without any snapshot nothing is read.
 */
export function rebuildProducers(
  store: ProducerStore,
  target: { readonly dir: string; readonly lastOffset: Offset; readonly reloadFromCleanShutdown: boolean; readonly source: ProducerSource },
  scope: LogScope,
): ProducerStore {
  const { dir, lastOffset, source } = target;
  const bases = source.segmentBases.slice(-2);
  if (store.snapshots.length === 0 && target.reloadFromCleanShutdown) {
    let marked = store;
    for (const offset of [...bases, lastOffset]) marked = takeSnapshot({ ...marked, mapEndOffset: offset }, dir, scope).store;
    return marked;
  }
  const wasEmpty = store.producers.length === 0 && store.transactions.unreplicated.length === 0 && store.mapEndOffset >= lastOffset;
  let rebuilt = truncateAndReload(store, target, scope);
  if (lastOffset > rebuilt.mapEndOffset && !wasEmpty) {
    const firstSegment = Math.max(0, lastIndexAtOrBelow(source.segmentBases, rebuilt.mapEndOffset));
    for (let i = firstSegment; i < source.segmentBases.length; i++) {
      const base = source.segmentBases[i] ?? 0;
      if (base >= lastOffset) break;
      const from = Math.max(base, rebuilt.mapEndOffset, source.logStartOffset);
      rebuilt = { ...rebuilt, mapEndOffset: from };
      if (bases.includes(base)) rebuilt = takeSnapshot(rebuilt, dir, scope).store;
      const to = Math.min(source.segmentBases[i + 1] ?? lastOffset, lastOffset);
      for (const header of source.headersBetween(from, to)) rebuilt = noteBatch(rebuilt, header).store;
    }
  }
  return takeSnapshot({ ...rebuilt, mapEndOffset: lastOffset }, dir, scope).store;
}

function truncateAndReload(
  store: ProducerStore,
  target: { readonly dir: string; readonly lastOffset: Offset; readonly source: ProducerSource },
  scope: LogScope,
): ProducerStore {
  const { dir, lastOffset } = target;
  const { logStartOffset } = target.source;
  const inRange = deleteSnapshots(store, dir, (offset) => offset > lastOffset || offset <= logStartOffset, scope);
  if (lastOffset === inRange.mapEndOffset) return onLogStartIncremented(inRange, logStartOffset);
  return loadFromSnapshot(inRange, target, scope);
}

/** From the newest snapshot that is not corrupt; corrupt ones are deleted. */
function loadFromSnapshot(store: ProducerStore, target: { readonly dir: string; readonly source: ProducerSource }, scope: LogScope): ProducerStore {
  let left = store;
  for (;;) {
    const newest = left.snapshots[left.snapshots.length - 1];
    if (newest === undefined) {
      const { logStartOffset } = target.source;
      return { ...left, producers: [], transactions: NO_TRANSACTIONS, mapEndOffset: logStartOffset, lastSnapshotOffset: logStartOffset };
    }
    const stored = decodeSnapshot(newest.bytes);
    if (stored !== null) {
      const producers = withoutExpired(stored, scope.context.nowMs, PRODUCER_ID_EXPIRATION_MS);
      return {
        ...left,
        producers,
        transactions: openTransactions(producers),
        mapEndOffset: newest.offset,
        lastSnapshotOffset: newest.offset,
      };
    }
    left = deleteSnapshots(left, target.dir, (offset) => offset === newest.offset, scope);
  }
}

/** The transactions that a snapshot says are open. */
function openTransactions(producers: Producers): Transactions {
  let transactions = NO_TRANSACTIONS;
  for (const { producerId, currentTxnFirstOffset } of producers) {
    if (currentTxnFirstOffset >= 0) transactions = startTransaction(transactions, { producerId, firstOffset: currentTxnFirstOffset });
  }
  return transactions;
}

/** Without the producers that have been silent too long; asked for every ten minutes (`producer.id.expiration.check.interval.ms`). */
export function expireProducers(store: ProducerStore, nowMs: EpochMs, expirationMs: number): ProducerStore {
  const producers = withoutExpired(store.producers, nowMs, expirationMs);
  return producers === store.producers ? store : { ...store, producers };
}

function lastIndexAtOrBelow(bases: readonly Offset[], offset: Offset): number {
  let index = -1;
  while (index + 1 < bases.length && (bases[index + 1] ?? 0) <= offset) index += 1;
  return index;
}
