import { assert } from '../kernel/assert.ts';
import { utf8Encode } from '../kernel/bytes.ts';
import { arrayForEach, arrayFrom, arrayGet, arrayPush, arrayToList, arrayTruncate, type PersistentArray } from '../kernel/persistent-array.ts';
import type { Zxid } from '../kernel/units.ts';
import type { ZabTransaction } from '../protocol/zookeeper-types.ts';
import { ACCEPTED_EPOCH_FILE, CURRENT_EPOCH_FILE, encodeLogEntry, logPath, snapshotPath } from './log-file.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot-file.ts';
import { OWNER, update, type AwaitedFlush, type FlushThen, type LoggedTransaction, type TransactionLog, type Work } from './state.ts';
import { logAfter, NOT_FLUSHED } from './stored-state.ts';
import { applyTransaction } from './znode-tree.ts';

/** A snapshot is taken, and a new log begun, after so many transactions (ZooKeeper's snapCount is 100,000, its window for DIFF 500). */
export const SNAP_COUNT = 500;

const LOG_FLUSHED: FlushThen = { type: 'logFlushed' };

/** True when all that the log holds is on the device, cuts and snapshots included. */
export function isLogFlushed(log: TransactionLog): boolean {
  return log.flushedZxid >= log.lastZxid;
}

/** Index of the first transaction after `zxid` in the window. */
export function indexAfter(transactions: PersistentArray<LoggedTransaction>, zxid: Zxid): number {
  let low = 0;
  let high = transactions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((arrayGet(transactions, middle)?.transaction.zxid ?? 0) <= zxid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Appends to the log; a flush is under way or starts now, and its end is told by `logFlushed`. */
export function logTransaction(work: Work, transaction: ZabTransaction): void {
  const { log } = work.state;
  assert(transaction.zxid > log.lastZxid, `a zxid above ${log.lastZxid}, got ${transaction.zxid}`);
  const bytes = encodeLogEntry(transaction, log.path === null ? 'first' : 'later');
  const path = log.path ?? logPath(transaction.zxid);
  work.scope.effects.push({ type: 'append', path, bytes });
  const endBytes = endOfLog(log) + bytes.length;
  update(work, { log: { ...log, path, transactions: arrayPush(log.transactions, { transaction, endBytes }), lastZxid: transaction.zxid } });
  flushLog(work);
}

/** Size of the present file. */
function endOfLog(log: TransactionLog): number {
  return log.path === null || log.transactions.length === log.ownFrom ? 0 : (arrayGet(log.transactions, log.transactions.length - 1)?.endBytes ?? 0);
}

/** One flush at a time: what comes meanwhile goes with the next. */
export function flushLog(work: Work): void {
  const { log } = work.state;
  if (log.flushOperation !== null || isLogFlushed(log)) return;
  startFlush(work, log.path ?? log.snapshotPath ?? '');
}

/** A flush of `path` that ends with everything durable that the log now holds. */
function startFlush(work: Work, path: string): void {
  const operation = awaitFlush(work, path, LOG_FLUSHED);
  update(work, { log: { ...work.state.log, flushOperation: operation } });
}

/** The log as it was when the flush began is on the device; anything since starts the next one. Void after a cut or a new snapshot. */
export function onLogFlushed(work: Work, awaited: AwaitedFlush): void {
  const { log } = work.state;
  if (log.flushOperation !== awaited.operation) return;
  update(work, { log: { ...log, flushOperation: null, flushedZxid: Math.max(log.flushedZxid, awaited.coversZxid) } });
  flushLog(work);
}

/** Asks for a flush of `path`; `then` is what the server goes on with. Returns the operation. */
function awaitFlush(work: Work, path: string, then: FlushThen): number {
  const { nextOperation, awaiting, phaseCount, log } = work.state;
  work.scope.effects.push({ type: 'flush', owner: OWNER, operation: nextOperation, path });
  update(work, { nextOperation: nextOperation + 1, awaiting: [...awaiting, { operation: nextOperation, then, phaseCount, coversZxid: log.lastZxid }] });
  return nextOperation;
}

const ACCEPTED_EPOCH: FlushThen = { type: 'epochAccepted' };

/** Promises on disk to follow no leader of an older epoch; `epochAccepted` follows. */
export function writeAcceptedEpoch(work: Work, epoch: number): void {
  update(work, { acceptedEpoch: epoch });
  replaceAtomically(work, ACCEPTED_EPOCH_FILE, { bytes: utf8Encode(String(epoch)), then: ACCEPTED_EPOCH });
}

/** Writes that our history is that of `epoch`: only once the log is on the device, or a shorter one could win an election. */
export function writeCurrentEpoch(work: Work, epoch: number): void {
  replaceAtomically(work, CURRENT_EPOCH_FILE, { bytes: utf8Encode(String(epoch)), then: { type: 'epochCurrent', epoch } });
}

/** AtomicFileOutputStream: tmp, flush, rename. Durable as a whole once the flush is done. */
function replaceAtomically(work: Work, path: string, content: { readonly bytes: Uint8Array; readonly then: FlushThen }): number {
  work.scope.effects.push({ type: 'replace', path: `${path}.tmp`, bytes: content.bytes });
  const operation = awaitFlush(work, `${path}.tmp`, content.then);
  work.scope.effects.push({ type: 'rename', from: `${path}.tmp`, to: path });
  return operation;
}

/**
 * Cuts every transaction after `zxid` from log and file, and the tree goes back with it. False when the file does not reach
 * back that far. Snapshots only hold what was committed, so no leader asks for it.
 */
export function truncateLog(work: Work, zxid: Zxid): boolean {
  const { log, tree } = work.state;
  if (zxid < log.baseTree.lastZxid) return false;
  const keep = indexAfter(log.transactions, zxid);
  const transactions = arrayTruncate(log.transactions, keep);
  const cut = { ...log, transactions, lastZxid: arrayGet(transactions, keep - 1)?.transaction.zxid ?? log.windowZxid, flushedZxid: NOT_FLUSHED, flushOperation: null };
  if (log.path !== null && keep <= log.ownFrom) {
    work.scope.effects.push({ type: 'delete', path: log.path });
    update(work, { log: { ...cut, path: null } });
  } else {
    if (log.path !== null) work.scope.effects.push({ type: 'resize', path: log.path, sizeBytes: endOfLog(cut) });
    update(work, { log: cut });
  }
  if (tree.lastZxid > zxid) update(work, { tree: log.baseTree });
  catchUpTree(work);
  startFlush(work, log.path ?? log.snapshotPath ?? '');
  return true;
}

/** Applies what is logged and not in the tree yet, committed or not: history that a leader starts from and a follower offers. */
export function catchUpTree(work: Work): void {
  const { log } = work.state;
  let { tree } = work.state;
  for (let i = indexAfter(log.transactions, tree.lastZxid); i < log.transactions.length; i++) {
    const logged = arrayGet(log.transactions, i);
    if (logged !== undefined) tree = applyTransaction(tree, logged.transaction).tree;
  }
  update(work, { tree });
}

/** Replaces everything by a leader's snapshot, as a follower does that is too far behind. False when the snapshot is damaged. */
export function installSnapshot(work: Work, zxid: Zxid, bytes: Uint8Array): boolean {
  const tree = decodeSnapshot(bytes, zxid);
  if (tree === null) return false;
  const { log } = work.state;
  const olderPaths = [...log.olderPaths, ...pathsOf(log)].filter((path) => path !== snapshotPath(zxid));
  update(work, { tree, log: { ...logAfter(tree, snapshotPath(zxid)), olderPaths } });
  const operation = replaceAtomically(work, snapshotPath(zxid), { bytes, then: LOG_FLUSHED });
  update(work, { log: { ...work.state.log, flushOperation: operation } });
  dropOlderFiles(work);
  return true;
}

function pathsOf(log: TransactionLog): string[] {
  return [log.snapshotPath, log.path].filter((path) => path !== null);
}

/** The first snapshot, of the empty tree, without which a log would say nothing. */
export function writeFirstSnapshot(work: Work): void {
  const { log } = work.state;
  const path = snapshotPath(log.lastZxid);
  const operation = replaceAtomically(work, path, { bytes: encodeSnapshot(log.baseTree), then: LOG_FLUSHED });
  update(work, { log: { ...work.state.log, snapshotPath: path, flushOperation: operation } });
}

/** Takes a snapshot once the log is long, and begins a new file behind it. Only of what is committed, applied and on the device. */
export function snapshotWhenLong(work: Work): void {
  const { log, tree } = work.state;
  if (log.transactions.length - log.ownFrom < SNAP_COUNT || tree.lastZxid !== log.lastZxid || !isLogFlushed(log)) return;
  const path = snapshotPath(tree.lastZxid);
  replaceAtomically(work, path, { bytes: encodeSnapshot(tree), then: { type: 'snapshotFlushed' } });
  // The file before stays, and its transactions in memory: they serve DIFF.
  const transactions = arrayFrom(arrayToList(log.transactions).slice(log.ownFrom));
  dropOlderFiles(work);
  update(work, { log: { ...log, path: null, snapshotPath: path, baseTree: tree, windowZxid: log.baseTree.lastZxid, transactions, ownFrom: transactions.length, olderPaths: pathsOf(log) } });
}

/** Behind the rename in the journal of the file system: nothing older goes before the newer is there. */
function dropOlderFiles(work: Work): void {
  const { log } = work.state;
  for (const path of log.olderPaths) work.scope.effects.push({ type: 'delete', path });
  update(work, { log: { ...log, olderPaths: [] } });
}

/** Calls `visit` for every logged transaction after `zxid`. */
export function forEachAfter(log: TransactionLog, zxid: Zxid, visit: (transaction: ZabTransaction) => void): void {
  const from = indexAfter(log.transactions, zxid);
  arrayForEach(log.transactions, (logged, i) => {
    if (i >= from) visit(logged.transaction);
  });
}
