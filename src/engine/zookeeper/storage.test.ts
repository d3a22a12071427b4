import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, utf8Encode } from '../kernel/bytes.ts';
import { appendToFile, emptyTree, readFile, replaceFile, type FileTree } from '../kernel/files.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { TransactionBody, ZabTransaction } from '../protocol/zookeeper-types.ts';
import { adler32 } from './adler32.ts';
import { encodeLogEntry, logPath, readLogFile, snapshotPath } from './log-file.ts';
import { prepareBody } from './prepare.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot-file.ts';
import { readStoredState } from './stored-state.ts';
import { applyTransaction, emptyZnodeTree, statOf, type ZnodeTree } from './znode-tree.ts';

const SESSION = '0100018bcfe56800';
const EPOCH_1 = 4294967296;

function transaction(count: number, body: TransactionBody): ZabTransaction {
  return { zxid: EPOCH_1 + count, timeMs: 1_700_000_000_000 + count, sessionId: SESSION, xid: count, body };
}

function create(tree: ZnodeTree, path: string, kind: { ephemeral?: boolean; sequential?: boolean } = {}): TransactionBody {
  return prepareBody(
    tree,
    { op: 'create', path, data: `data of ${path}`, ephemeral: kind.ephemeral ?? false, sequential: kind.sequential ?? false },
    { sessionId: SESSION, zxid: 0, timeMs: 0 },
  );
}

/** A few transactions as a leader would have made them, with the tree after them. */
function history(count: number): { transactions: ZabTransaction[]; tree: ZnodeTree } {
  const transactions: ZabTransaction[] = [transaction(1, { type: 'createSession', timeoutMs: 18_000 })];
  let { tree } = applyTransaction(emptyZnodeTree(), transactions[0] as ZabTransaction);
  for (let i = 2; i <= count; i++) {
    const next = transaction(i, create(tree, i % 3 === 0 ? `/e${i}` : `/p${i}`, { ephemeral: i % 3 === 0 }));
    transactions.push(next);
    ({ tree } = applyTransaction(tree, next));
  }
  return { transactions, tree };
}

function withLog(files: FileTree, transactions: readonly ZabTransaction[], previousZxid = 0): FileTree {
  const path = logPath(transactions[0]?.zxid ?? 0);
  return transactions.reduce((tree, one, i) => appendToFile(tree, path, encodeLogEntry(one, i === 0 ? { previousZxid } : 'later')), files);
}

function withSnapshot(files: FileTree, tree: ZnodeTree): FileTree {
  return replaceFile(files, snapshotPath(tree.lastZxid), encodeSnapshot(tree));
}

describe('files', () => {
  test('[R10] the checksum is Adler-32', () => {
    expect(adler32(utf8Encode('Wikipedia'))).toBe(0x11e60398);
    expect(adler32(new Uint8Array(0))).toBe(1);
    expect(adler32(new Uint8Array(100_000).fill(255))).toBe(0x149a302c);
  });

  test('[R10] a log begins with ZKLG and version 2; an entry is checksum, length, transaction, B', () => {
    const entry = encodeLogEntry(transaction(1, { type: 'delete', path: '/a' }), { previousZxid: 3 });
    expect(Array.from(entry.slice(0, 16))).toEqual([0x5a, 0x4b, 0x4c, 0x47, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]);
    const view = new DataView(entry.buffer, entry.byteOffset);
    const length = view.getInt32(24);
    expect(entry.length).toBe(16 + 8 + 4 + length + 1);
    expect([view.getUint32(16), view.getUint32(20)]).toEqual([0, adler32(entry, 28, 28 + length)]);
    expect(entry[entry.length - 1]).toBe(0x42);
  });

  test('[R10] a log torn anywhere is read up to its last whole entry; a changed byte is damage', () => {
    const { transactions } = history(5);
    const parts = transactions.map((one, i) => encodeLogEntry(one, i === 0 ? { previousZxid: 0 } : 'later'));
    const bytes = concatBytes(parts);
    const ends = parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part.length, 0));
    expect(readLogFile(bytes)).toMatchObject({ previousZxid: 0, soundBytes: bytes.length, isDamaged: false });
    expect(readLogFile(bytes).entries.map((entry) => entry.transaction)).toEqual(transactions);
    for (let size = 0; size < bytes.length; size++) {
      const whole = ends.filter((end) => end <= size);
      expect(readLogFile(bytes.slice(0, size))).toMatchObject({ previousZxid: size < 16 ? null : 0, soundBytes: whole.at(-1) ?? 0, isDamaged: false });
      const flipped = bytes.slice();
      flipped[size] = (flipped[size] ?? 0) ^ 0x10;
      const read = readLogFile(flipped);
      // A length that is too great looks like a torn end; the zxid before the file is compared with the log before it.
      if (read.isDamaged) expect(read.entries.length).toBe(whole.length);
      else expect(read.previousZxid !== 0 || read.soundBytes === (whole.at(-1) ?? 0)).toBe(true);
    }
  });

  test('[R10] a snapshot is the tree; one with a changed byte is none', () => {
    const { tree } = history(12);
    const bytes = encodeSnapshot(tree);
    expect(Array.from(bytes.slice(0, 8))).toEqual([0x5a, 0x4b, 0x53, 0x4e, 0, 0, 0, 2]);
    const read = decodeSnapshot(bytes, tree.lastZxid);
    expect(read).not.toBeNull();
    expect(encodeSnapshot(read as ZnodeTree)).toEqual(bytes);
    expect(read?.lastZxid).toBe(tree.lastZxid);
    expect(mapGet((read as ZnodeTree).ephemerals, SESSION)?.toSorted()).toEqual(mapGet(tree.ephemerals, SESSION)?.toSorted());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, flip) => {
        const damaged = bytes.slice();
        damaged[place] = (damaged[place] ?? 0) ^ flip;
        expect(decodeSnapshot(damaged, tree.lastZxid) === null).toBe(true);
      }),
    );
    for (let size = 0; size < bytes.length; size += 7) expect(decodeSnapshot(bytes.slice(0, size), 1)).toBeNull();
  });
});

describe('a start', () => {
  const { transactions, tree } = history(9);
  const [first, rest] = [transactions.slice(0, 4), transactions.slice(4)];
  const middle = first.reduce((before, one) => applyTransaction(before, one).tree, emptyZnodeTree());

  test('[R10] an empty disk is a new server', () => {
    expect(readStoredState(emptyTree())).toMatchObject({ isNew: true, acceptedEpoch: 0, currentEpoch: 0, cut: [] });
  });

  const oldFiles = withLog(withSnapshot(emptyTree(), emptyZnodeTree()), first);

  test('[R10] the newest snapshot and the log after it; the epoch is at least the log’s', () => {
    const stored = readStoredState(withLog(withSnapshot(oldFiles, middle), rest, middle.lastZxid));
    expect(encodeSnapshot(stored?.tree as ZnodeTree)).toEqual(encodeSnapshot(tree));
    expect(stored).toMatchObject({ isNew: false, acceptedEpoch: 1, currentEpoch: 1, cut: [] });
    expect(stored?.log).toMatchObject({
      windowZxid: middle.lastZxid,
      lastZxid: tree.lastZxid,
      flushedZxid: -1,
      files: [{ path: logPath(EPOCH_1 + 5), from: 0 }],
      snapshotPath: snapshotPath(middle.lastZxid),
    });
    expect(stored?.log.olderPaths.toSorted()).toEqual([logPath(EPOCH_1 + 1), snapshotPath(0)]);
  });

  test('[R10] a damaged snapshot gives way to the one before it, with both logs', () => {
    const files = replaceFile(withLog(withSnapshot(oldFiles, middle), rest, middle.lastZxid), snapshotPath(middle.lastZxid), new Uint8Array(50));
    const stored = readStoredState(files);
    expect(encodeSnapshot(stored?.tree as ZnodeTree)).toEqual(encodeSnapshot(tree));
    expect(stored?.log).toMatchObject({
      windowZxid: 0,
      files: [
        { path: logPath(EPOCH_1 + 1), from: 0 },
        { path: logPath(EPOCH_1 + 5), from: 4 },
      ],
    });
  });

  test('[R10] a torn end is cut, and files that it parts from the rest go', () => {
    const tornFiles = (cutBytes: number): FileTree => {
      const path = logPath(EPOCH_1 + 1);
      const whole = readFile(oldFiles, path) ?? new Uint8Array(0);
      return withLog(replaceFile(oldFiles, path, whole.slice(0, whole.length - cutBytes)), rest, middle.lastZxid);
    };
    const sizes = readLogFile(readFile(oldFiles, logPath(EPOCH_1 + 1)) ?? new Uint8Array(0)).entries.map((entry) => entry.endBytes);
    const parted = { path: logPath(EPOCH_1 + 5), sizeBytes: 0 };
    expect(readStoredState(tornFiles(0))?.log.lastZxid).toBe(tree.lastZxid);
    expect(readStoredState(tornFiles(1))).toMatchObject({ log: { lastZxid: EPOCH_1 + 3 }, cut: [{ path: logPath(EPOCH_1 + 1), sizeBytes: sizes[2] }, parted] });
    expect(readStoredState(tornFiles((sizes[3] ?? 0) - (sizes[2] ?? 0)))).toMatchObject({ log: { lastZxid: EPOCH_1 + 3 }, cut: [parted] });
    expect(readStoredState(tornFiles((sizes[3] ?? 0) - 10))).toMatchObject({
      log: { lastZxid: 0, files: [] },
      cut: [{ path: logPath(EPOCH_1 + 1), sizeBytes: 0 }, parted],
    });
  });

  test('[R10] damage, or a log without a snapshot, is not taken up', () => {
    expect(readStoredState(withLog(emptyTree(), first))).toBeNull();
    const path = logPath(EPOCH_1 + 1);
    const rotten = (readFile(oldFiles, path) ?? new Uint8Array(0)).slice();
    rotten[60] = (rotten[60] ?? 0) ^ 1;
    expect(readStoredState(replaceFile(oldFiles, path, rotten))).toBeNull();
  });
});

describe('znodes', () => {
  test('[R5] sequential names count the children ever created, cversion the deletions too', () => {
    let tree = emptyZnodeTree();
    let count = 0;
    const does = (body: TransactionBody): string => {
      ({ tree } = applyTransaction(tree, transaction(++count, body)));
      return body.type === 'create' || body.type === 'delete' ? body.path : body.type;
    };
    does(create(tree, '/p'));
    expect(does(create(tree, '/p/n-', { sequential: true }))).toBe('/p/n-0000000000');
    does({ type: 'delete', path: '/p/n-0000000000' });
    expect(does(create(tree, '/p/n-', { sequential: true }))).toBe('/p/n-0000000001');
    const parent = mapGet(tree.nodes, '/p');
    expect(parent === undefined ? null : statOf(parent)).toMatchObject({ cversion: 3, numChildren: 1, version: 0, pzxid: EPOCH_1 + 4, czxid: EPOCH_1 + 1 });
    const root = mapGet(emptyZnodeTree().nodes, '/');
    expect(root === undefined ? null : statOf(root)).toMatchObject({ cversion: -1, numChildren: 1 });
  });

  test.each([
    ['a', 'BADARGUMENTS'],
    ['/a/', 'BADARGUMENTS'],
    ['//a', 'BADARGUMENTS'],
    ['/a/../b', 'BADARGUMENTS'],
    ['/a\0b', 'BADARGUMENTS'],
    ['/', 'NODEEXISTS'],
    ['/x/y', 'NONODE'],
    ['/zookeeper', 'NODEEXISTS'],
  ])('[R5] creating %j is refused: %s', (path, error) => {
    expect(create(emptyZnodeTree(), path)).toEqual({ type: 'error', error });
  });

  test('[R5] ZooKeeper’s own znodes cannot be deleted', () => {
    expect(prepareBody(emptyZnodeTree(), { op: 'delete', path: '/zookeeper/quota', version: -1 }, { sessionId: SESSION, zxid: 1, timeMs: 0 })).toEqual({
      type: 'error',
      error: 'BADARGUMENTS',
    });
  });
});
