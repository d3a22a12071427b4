import { utf8Decode, utf8Encode } from '../kernel/bytes.ts';
import { listPaths, readFile, type FileTree } from '../kernel/files.ts';
import { arrayFrom, arrayGet, arrayPush, arrayToList, arrayTruncate } from '../kernel/persistent-array.ts';
import { mapEntries, mapFrom } from '../kernel/persistent-map.ts';
import type { Zxid } from '../kernel/units.ts';
import { crc32c } from '../protocol/crc32c.ts';
import type { ZabTransaction } from '../protocol/zookeeper-messages.ts';
import { NO_TRANSACTIONS, update, type AwaitedFlush, type LoggedTransaction, type TransactionLog, type Work } from './state.ts';
import { applyTransaction, emptyZnodeTree, type Znode, type ZnodeTree } from './znode-tree.ts';

const FOLDER = 'version-2';
const HEADER_BYTES = 8;
/** A snapshot is taken, and a new log begun, after so many transactions (ZooKeeper's snapCount, 100,000 there). */
const SNAP_COUNT = 500;
export const ACCEPTED_EPOCH_FILE = `${FOLDER}/acceptedEpoch`;
export const CURRENT_EPOCH_FILE = `${FOLDER}/currentEpoch`;

/** What a server finds on its disk. */
export interface StoredState {
  readonly log: TransactionLog;
  readonly baseTree: ZnodeTree;
  readonly tree: ZnodeTree;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
}

function logPath(zxid: Zxid): string {
  return `${FOLDER}/log.${zxid.toString(16)}`;
}

function snapshotPath(zxid: Zxid): string {
  return `${FOLDER}/snapshot.${zxid.toString(16)}`;
}

/** Snapshot, then every whole entry of the log that follows it; a torn tail is left out and cut off. */
export function readStoredState(files: FileTree): StoredState & { readonly tornPath: string | null } {
  const snapshot = readSnapshot(files);
  const path = logPath(snapshot.zxid + 1);
  const bytes = readFile(files, path) ?? new Uint8Array(0);
  let tree = snapshot.tree;
  const transactions: LoggedTransaction[] = [];
  let at = 0;
  for (;;) {
    const entry = readEntry(bytes, at);
    if (entry === null) break;
    at = entry.endBytes;
    transactions.push({ transaction: entry.transaction, endBytes: at });
    tree = applyTransaction(tree, entry.transaction).tree;
  }
  const lastZxid = transactions[transactions.length - 1]?.transaction.zxid ?? snapshot.zxid;
  const log: TransactionLog = { path, snapshotZxid: snapshot.zxid, transactions: arrayFrom(transactions), lastZxid, flushedZxid: snapshot.zxid, flushing: false };
  const epochOf = (file: string): number => Number(utf8Decode(readFile(files, file) ?? new Uint8Array(0)) || '0');
  return { log, baseTree: snapshot.tree, tree: { ...tree, lastZxid }, acceptedEpoch: epochOf(ACCEPTED_EPOCH_FILE), currentEpoch: epochOf(CURRENT_EPOCH_FILE), tornPath: at < bytes.length ? path : null };
}

/** The newest snapshot whose checksum is right. */
function readSnapshot(files: FileTree): { zxid: Zxid; tree: ZnodeTree } {
  const zxids = listPaths(files, `${FOLDER}/snapshot.`).filter((path) => !path.endsWith('.tmp')).map((path) => parseInt(path.slice(path.lastIndexOf('.') + 1), 16)).sort((a, b) => b - a);
  for (const zxid of zxids) {
    const bytes = readFile(files, snapshotPath(zxid)) ?? new Uint8Array(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (bytes.length > 4 && view.getUint32(0) === crc32c(bytes, 4)) return { zxid, tree: decodeTree(utf8Decode(bytes.subarray(4)), zxid) };
  }
  return { zxid: 0, tree: emptyZnodeTree() };
}

function readEntry(bytes: Uint8Array, at: number): { transaction: ZabTransaction; endBytes: number } | null {
  if (at + HEADER_BYTES > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const endBytes = at + HEADER_BYTES + view.getUint32(at);
  if (endBytes > bytes.length || view.getUint32(at + 4) !== crc32c(bytes, at + HEADER_BYTES, endBytes)) return null;
  return { transaction: JSON.parse(utf8Decode(bytes.subarray(at + HEADER_BYTES, endBytes))) as ZabTransaction, endBytes };
}

function encodeEntry(transaction: ZabTransaction): Uint8Array {
  const body = utf8Encode(JSON.stringify(transaction));
  const entry = new Uint8Array(HEADER_BYTES + body.length);
  entry.set(body, HEADER_BYTES);
  const view = new DataView(entry.buffer);
  view.setUint32(0, body.length);
  view.setUint32(4, crc32c(body));
  return entry;
}

/** The tree as text: what a snapshot file and a SNAP message carry. */
export function encodeTree(tree: ZnodeTree): string {
  const nodes = mapEntries(tree.nodes).map(([path, node]) => [path, { ...node, children: mapEntries(node.children).map(([name]) => name) }]);
  return JSON.stringify({ nodes, sessions: mapEntries(tree.sessions), ephemerals: mapEntries(tree.ephemerals) });
}

export function decodeTree(text: string, lastZxid: Zxid): ZnodeTree {
  type Stored = { nodes: [string, Omit<Znode, 'children'> & { children: string[] }][]; sessions: [string, number][]; ephemerals: [string, readonly string[]][] };
  const stored = JSON.parse(text) as Stored;
  const nodes = stored.nodes.map(([path, node]): [string, Znode] => [path, { ...node, children: mapFrom(node.children.map((name): [string, true] => [name, true])) }]);
  return { nodes: mapFrom(nodes), sessions: mapFrom(stored.sessions), ephemerals: mapFrom(stored.ephemerals), lastZxid };
}

/** Appends to the log; a flush is under way or starts now, and its end is told by `logFlushed`. */
export function logTransaction(work: Work, transaction: ZabTransaction): void {
  const { log } = work.state;
  const bytes = encodeEntry(transaction);
  const before = arrayGet(log.transactions, log.transactions.length - 1)?.endBytes ?? 0;
  work.scope.effects.push({ type: 'append', path: log.path, bytes });
  update(work, { log: { ...log, transactions: arrayPush(log.transactions, { transaction, endBytes: before + bytes.length }), lastZxid: transaction.zxid } });
  flushLog(work);
}

/** Begins a flush of what the log already holds. */
export function flushWholeLog(work: Work): void {
  flushLog(work);
}

function flushLog(work: Work): void {
  const { log } = work.state;
  if (log.flushing || log.flushedZxid >= log.lastZxid) return;
  awaitFlush(work, log.path, 'logFlushed');
  update(work, { log: { ...work.state.log, flushing: true } });
}

/** The flush that ran covers what was appended before it began; anything since starts the next. Returns the zxid now durable. */
export function onLogFlushed(work: Work, coveredZxid: Zxid): void {
  update(work, { log: { ...work.state.log, flushing: false, flushedZxid: Math.max(work.state.log.flushedZxid, Math.min(coveredZxid, work.state.log.lastZxid)) } });
  flushLog(work);
}

/** Asks for a flush of `path`; `then` is what the server goes on with. */
export function awaitFlush(work: Work, path: string, then: AwaitedFlush['then']): void {
  const { nextOperation, awaiting, phaseSinceUs } = work.state;
  work.scope.effects.push({ type: 'flush', owner: 'zk', operation: nextOperation, path });
  update(work, { nextOperation: nextOperation + 1, awaiting: [...awaiting, { operation: nextOperation, then, phaseSinceUs, coversZxid: work.state.log.lastZxid }] });
}

/** AtomicFileOutputStream: tmp, flush, rename; `then` follows once it is on the device. */
export function writeEpoch(work: Work, file: string, epoch: number, then: AwaitedFlush['then']): void {
  work.scope.effects.push({ type: 'replace', path: `${file}.tmp`, bytes: utf8Encode(String(epoch)) });
  awaitFlush(work, `${file}.tmp`, then);
  work.scope.effects.push({ type: 'rename', from: `${file}.tmp`, to: file });
}

/** Cuts every transaction after `zxid` from log and file. False when the log does not reach back that far. */
export function truncateLog(work: Work, zxid: Zxid): boolean {
  const { log } = work.state;
  if (zxid < log.snapshotZxid) return false;
  let keep = log.transactions.length;
  while (keep > 0 && (arrayGet(log.transactions, keep - 1)?.transaction.zxid ?? 0) > zxid) keep -= 1;
  const transactions = arrayTruncate(log.transactions, keep);
  const endBytes = arrayGet(log.transactions, keep - 1)?.endBytes ?? 0;
  work.scope.effects.push({ type: 'resize', path: log.path, sizeBytes: endBytes });
  update(work, { log: { ...log, transactions, lastZxid: zxid, flushedZxid: Math.min(log.flushedZxid, zxid) } });
  return true;
}

/** The tree with every logged transaction applied, committed or not: what a server starts from, and what is left after a cut. */
export function replayLog(work: Work): ZnodeTree {
  const { log, baseTree } = work.state;
  let tree = baseTree;
  for (const { transaction } of arrayToList(log.transactions)) tree = applyTransaction(tree, transaction).tree;
  return { ...tree, lastZxid: log.lastZxid };
}

/** Replaces everything by a snapshot, as a follower does that is too far behind. */
export function installSnapshot(work: Work, zxid: Zxid, text: string): ZnodeTree {
  const tree = decodeTree(text, zxid);
  beginLogAfterSnapshot(work, tree);
  return tree;
}

/** Takes a snapshot once the log is long, and begins a new log behind it. Only the applied part may be left behind. */
export function snapshotWhenLong(work: Work): void {
  const { log, tree } = work.state;
  if (log.transactions.length < SNAP_COUNT || tree.lastZxid !== log.lastZxid || log.flushing) return;
  beginLogAfterSnapshot(work, tree);
}

function beginLogAfterSnapshot(work: Work, tree: ZnodeTree): void {
  const zxid = tree.lastZxid;
  const { log } = work.state;
  const body = utf8Encode(encodeTree(tree));
  const bytes = new Uint8Array(4 + body.length);
  bytes.set(body, 4);
  new DataView(bytes.buffer).setUint32(0, crc32c(body));
  const path = snapshotPath(zxid);
  work.scope.effects.push({ type: 'replace', path: `${path}.tmp`, bytes }, { type: 'flush', owner: 'zk', operation: -1, path: `${path}.tmp` }, { type: 'rename', from: `${path}.tmp`, to: path });
  if (log.snapshotZxid > 0) work.scope.effects.push({ type: 'delete', path: snapshotPath(log.snapshotZxid) });
  work.scope.effects.push({ type: 'delete', path: log.path });
  const next = logPath(zxid + 1);
  work.scope.effects.push({ type: 'replace', path: next, bytes: new Uint8Array(0) });
  update(work, { baseTree: tree, log: { path: next, snapshotZxid: zxid, transactions: NO_TRANSACTIONS, lastZxid: zxid, flushedZxid: zxid, flushing: false } });
}
