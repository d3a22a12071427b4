import { assert } from '../kernel/assert.ts';
import { utf8Encode } from '../kernel/bytes.ts';
import { arrayForEach, arrayFrom, arrayGet, arrayPush, arrayToList, arrayTruncate, type PersistentArray } from '../kernel/persistent-array.ts';
import type { Zxid } from '../kernel/units.ts';
import type { ZabTransaction } from '../protocol/zookeeper-types.ts';
import { ACCEPTED_EPOCH_FILE, CURRENT_EPOCH_FILE, encodeLogEntry, logPath, snapshotPath, type LogEntry } from './log-file.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot-file.ts';
import { OWNER, update, type AwaitedFlush, type FlushThen, type LogFile, type TransactionLog, type Work } from './state.ts';
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
export function indexAfter(transactions: PersistentArray<LogEntry>, zxid: Zxid): number {
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
  assert(transaction.zxid > work.state.log.lastZxid, `a zxid above ${work.state.log.lastZxid}, got ${transaction.zxid}`);
  const file = fileToWrite(work, transaction.zxid);
  const { log } = work.state;
  const isFirst = file.from === log.transactions.length;
  const bytes = encodeLogEntry(transaction, isFirst ? { previousZxid: log.lastZxid } : 'later');
  work.scope.effects.push({ type: 'append', path: file.path, bytes });
  const endBytes = (isFirst ? 0 : sizeOfLastFile(log)) + bytes.length;
  update(work, { log: { ...log, transactions: arrayPush(log.transactions, { transaction, endBytes }), lastZxid: transaction.zxid } });
  flushLog(work);
}

/** The last file, or a new one once that is long: its beginning is the point at which the next snapshot is taken. */
function fileToWrite(work: Work, zxid: Zxid): LogFile {
  const { log } = work.state;
  const last = log.files[log.files.length - 1];
  if (last !== undefined && (log.snapshotDueZxid !== null || log.transactions.length - last.from < SNAP_COUNT)) return last;
  const file: LogFile = { path: logPath(zxid), from: log.transactions.length };
  // What the next flush does not reach any more goes to the device before it.
  if (last !== undefined && !isLogFlushed(log)) awaitFlush(work, last.path, { type: 'fileFlushed' });
  update(work, { log: { ...work.state.log, files: [...log.files, file], snapshotDueZxid: last === undefined ? null : log.lastZxid } });
  return file;
}

function sizeOfLastFile(log: TransactionLog): number {
  return arrayGet(log.transactions, log.transactions.length - 1)?.endBytes ?? 0;
}

/** One flush at a time: what comes meanwhile goes with the next. */
export function flushLog(work: Work): void {
  const { log } = work.state;
  if (log.flushOperation === null && !isLogFlushed(log)) startFlush(work);
}

/** A flush of the last file: with it everything is durable that the log now holds, as files before it were flushed before. */
function startFlush(work: Work): void {
  const { log } = work.state;
  const operation = awaitFlush(work, log.files[log.files.length - 1]?.path ?? log.snapshotPath ?? '', LOG_FLUSHED);
  update(work, { log: { ...work.state.log, flushOperation: operation } });
}

/** After a start nothing is known to be on the device: every file is flushed, the last one last. */
export function flushAllFiles(work: Work): void {
  for (const file of work.state.log.files.slice(0, -1)) awaitFlush(work, file.path, { type: 'fileFlushed' });
  startFlush(work);
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
 * Cuts every transaction after `zxid` from log and files, and the tree goes back with it. False when the log does not reach
 * back that far. Snapshots only hold what was committed, so no leader asks for it.
 */
export function truncateLog(work: Work, zxid: Zxid): boolean {
  const { log, tree } = work.state;
  if (zxid < log.baseTree.lastZxid) return false;
  const keep = indexAfter(log.transactions, zxid);
  const transactions = arrayTruncate(log.transactions, keep);
  const files = log.files.filter((file) => file.from < keep);
  const last = files[files.length - 1];
  for (const file of log.files.slice(files.length)) work.scope.effects.push({ type: 'delete', path: file.path });
  const cut: TransactionLog = {
    ...log,
    files,
    transactions,
    lastZxid: arrayGet(transactions, keep - 1)?.transaction.zxid ?? log.windowZxid,
    snapshotDueZxid: null,
    flushedZxid: NOT_FLUSHED,
    flushOperation: null,
  };
  if (last !== undefined) work.scope.effects.push({ type: 'resize', path: last.path, sizeBytes: sizeOfLastFile(cut) });
  update(work, { log: cut });
  if (tree.lastZxid > zxid) update(work, { tree: log.baseTree });
  catchUpTree(work);
  startFlush(work);
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
  // The point of the next snapshot may be passed by something that is not committed: wait for another one.
  const snapshotDueZxid = log.snapshotDueZxid !== null && log.snapshotDueZxid > tree.lastZxid ? log.snapshotDueZxid : null;
  update(work, { tree, log: { ...log, snapshotDueZxid } });
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
  return [...(log.snapshotPath === null ? [] : [log.snapshotPath]), ...log.files.map((file) => file.path)];
}

/** The first snapshot, of the empty tree, without which a log would say nothing. */
export function writeFirstSnapshot(work: Work): void {
  const { log } = work.state;
  const path = snapshotPath(log.lastZxid);
  const operation = replaceAtomically(work, path, { bytes: encodeSnapshot(log.baseTree), then: LOG_FLUSHED });
  update(work, { log: { ...work.state.log, snapshotPath: path, flushOperation: operation } });
}

/** Takes a snapshot when the tree, of which all is committed, has come to the point where a new file begins. */
export function snapshotWhenDue(work: Work): void {
  const { log, tree } = work.state;
  if (log.snapshotDueZxid === null || tree.lastZxid !== log.snapshotDueZxid) return;
  const path = snapshotPath(tree.lastZxid);
  replaceAtomically(work, path, { bytes: encodeSnapshot(tree), then: { type: 'fileFlushed' } });
  dropOlderFiles(work);
  // The files before it stay, and their transactions in memory: they serve DIFF.
  const dropped = log.baseIndex;
  const baseIndex = indexAfter(log.transactions, tree.lastZxid) - dropped;
  const files = log.files.map((file) => ({ ...file, from: file.from - dropped }));
  const olderFiles = files.filter((file) => file.from < baseIndex);
  const olderPaths = pathsOf({ ...log, files: olderFiles });
  const transactions = arrayFrom(arrayToList(log.transactions).slice(dropped));
  update(work, {
    log: {
      ...log,
      files: files.slice(olderFiles.length),
      snapshotPath: path,
      baseTree: tree,
      baseIndex,
      windowZxid: log.baseTree.lastZxid,
      transactions,
      snapshotDueZxid: null,
      olderPaths,
    },
  });
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
