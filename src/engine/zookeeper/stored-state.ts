import { utf8Decode } from '../kernel/bytes.ts';
import { listPaths, readFile, type FileTree } from '../kernel/files.ts';
import { arrayFrom } from '../kernel/persistent-array.ts';
import type { Zxid } from '../kernel/units.ts';
import { ACCEPTED_EPOCH_FILE, CURRENT_EPOCH_FILE, LOG_PREFIX, readLogFile, SNAPSHOT_PREFIX, zxidOfPath, type LogEntry } from './log-file.ts';
import { decodeSnapshot } from './snapshot-file.ts';
import { epochOf, type LogFile, type TransactionLog } from './state.ts';
import { applyTransaction, emptyZnodeTree, type ZnodeTree } from './znode-tree.ts';

/** What a server finds on its disk (FileTxnSnapLog.restore). */
export interface StoredState {
  readonly log: TransactionLog;
  /** The snapshot with every logged transaction applied, committed or not. */
  readonly tree: ZnodeTree;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** Files whose end is torn, with what is left of them; nothing of those that a torn one has parted from the rest. */
  readonly cut: readonly CutFile[];
  /** An empty disk: the first snapshot is still to be written. */
  readonly isNew: boolean;
}

interface CutFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Reads the newest sound snapshot and every log after it. Null where the files cannot be right: the server does not start. */
export function readStoredState(files: FileTree): StoredState | null {
  const logs = byZxid(listPaths(files, LOG_PREFIX));
  const snapshots = byZxid(listPaths(files, SNAPSHOT_PREFIX).filter((path) => !path.endsWith('.tmp')));
  if (logs.length === 0 && snapshots.length === 0)
    return { ...newStoredState(), acceptedEpoch: readEpoch(files, ACCEPTED_EPOCH_FILE), currentEpoch: readEpoch(files, CURRENT_EPOCH_FILE) };
  for (const path of snapshots.slice().reverse()) {
    const zxid = zxidOfPath(path);
    const tree = decodeSnapshot(readFile(files, path) ?? new Uint8Array(0), zxid);
    const stored = tree === null ? null : replayLogs(files, { tree, path, logs: logs.filter((log) => zxidOfPath(log) > zxid) });
    if (stored === null) continue;
    const older = [...snapshots, ...logs.filter((log) => zxidOfPath(log) <= zxid)].filter((other) => other !== path);
    // The log of an epoch is only begun once the whole history before it is there, so its epoch is ours.
    const loggedEpoch = epochOf(stored.log.lastZxid);
    return {
      ...stored,
      log: { ...stored.log, olderPaths: older },
      acceptedEpoch: Math.max(loggedEpoch, readEpoch(files, ACCEPTED_EPOCH_FILE)),
      currentEpoch: Math.max(loggedEpoch, readEpoch(files, CURRENT_EPOCH_FILE)),
    };
  }
  return null;
}

function byZxid(paths: readonly string[]): string[] {
  return paths.slice().sort((a, b) => zxidOfPath(a) - zxidOfPath(b));
}

function readEpoch(files: FileTree, path: string): number {
  const epoch = Number(utf8Decode(readFile(files, path) ?? new Uint8Array(0)));
  return Number.isSafeInteger(epoch) ? epoch : 0;
}

/** The state of a server whose disk is empty. */
export function newStoredState(): StoredState {
  const tree = emptyZnodeTree();
  return { log: logAfter(tree, null), tree, acceptedEpoch: 0, currentEpoch: 0, cut: [], isNew: true };
}

/** Nothing is known to be on the device. */
export const NOT_FLUSHED = -1;

/** An empty log behind a snapshot. */
export function logAfter(tree: ZnodeTree, snapshotPath: string | null): TransactionLog {
  const zxid: Zxid = tree.lastZxid;
  return {
    files: [],
    snapshotPath,
    baseTree: tree,
    baseIndex: 0,
    windowZxid: zxid,
    transactions: arrayFrom<LogEntry>([]),
    lastZxid: zxid,
    snapshotDueZxid: null,
    flushedZxid: NOT_FLUSHED,
    flushOperation: null,
    olderPaths: [],
  };
}

interface Found {
  readonly tree: ZnodeTree;
  readonly path: string;
  readonly logs: readonly string[];
}

/** Applies log after log as long as each begins where the one before ended. Null where an entry is damaged. */
function replayLogs(files: FileTree, found: Found): Omit<StoredState, 'acceptedEpoch' | 'currentEpoch'> | null {
  const transactions: LogEntry[] = [];
  const cut: CutFile[] = [];
  const logFiles: LogFile[] = [];
  let { tree } = found;
  for (const path of found.logs) {
    const bytes = readFile(files, path) ?? new Uint8Array(0);
    const { previousZxid, entries, soundBytes, isDamaged } = readLogFile(bytes);
    if (isDamaged) return null;
    if (previousZxid !== tree.lastZxid || entries.length === 0) {
      cut.push({ path, sizeBytes: 0 });
      continue;
    }
    if (soundBytes < bytes.length) cut.push({ path, sizeBytes: soundBytes });
    logFiles.push({ path, from: transactions.length });
    for (const entry of entries) {
      transactions.push(entry);
      tree = applyTransaction(tree, entry.transaction).tree;
    }
  }
  const log: TransactionLog = { ...logAfter(found.tree, found.path), files: logFiles, transactions: arrayFrom(transactions), lastZxid: tree.lastZxid };
  return { log, tree, cut, isNew: false };
}
