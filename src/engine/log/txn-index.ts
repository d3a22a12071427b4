import { assert } from '../kernel/assert.ts';
import type { Offset } from '../kernel/units.ts';
import { readInt16, readInt64, writeInt16, writeInt64 } from './big-endian.ts';

/** AbortedTxn: 34 bytes of a `.txnindex`. `lastOffset` is the abort marker's; below `lastStableOffset` all was decided at that moment. */
export interface AbortedTxn {
  readonly producerId: number;
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly lastStableOffset: Offset;
}

/** A segment's aborted transactions, ascending by `lastOffset`; null as long as it has no `.txnindex` file. */
export type TxnIndex = readonly AbortedTxn[] | null;

export const ABORTED_TXN_BYTES = 34;
const VERSION = 0;

/** A version with the entry at its end (TransactionIndex.append). */
export function appendAbortedTxn(index: TxnIndex, txn: AbortedTxn): readonly AbortedTxn[] {
  const entries = index ?? [];
  assert((entries[entries.length - 1]?.lastOffset ?? -1) < txn.lastOffset, 'last offsets of aborted transactions that ascend');
  return [...entries, txn];
}

/** Without the entries from the first one on that ends at `offset` or later. */
export function truncateTxnIndex(index: TxnIndex, offset: Offset): TxnIndex {
  const first = index?.findIndex((txn) => txn.lastOffset >= offset) ?? -1;
  return index === null || first < 0 ? index : index.slice(0, first);
}

/**
 * Aborted transactions that have records in [fetchOffset, upperBound), and whether later segments need not be asked, as everything
 * below the bound was decided by then (TransactionIndex.collectAbortedTxns).
 */
export function collectAbortedTxns(
  index: TxnIndex,
  range: { readonly fetchOffset: Offset; readonly upperBound: Offset },
): { readonly aborted: readonly AbortedTxn[]; readonly isComplete: boolean } {
  const aborted: AbortedTxn[] = [];
  for (const txn of index ?? []) {
    if (txn.lastOffset >= range.fetchOffset && txn.firstOffset < range.upperBound) aborted.push(txn);
    if (txn.lastStableOffset >= range.upperBound) return { aborted, isComplete: true };
  }
  return { aborted, isComplete: false };
}

/** The whole `.txnindex`, or the bytes that an append of these entries adds. */
export function encodeTxnIndex(entries: readonly AbortedTxn[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ABORTED_TXN_BYTES);
  entries.forEach((txn, i) => {
    const at = i * ABORTED_TXN_BYTES;
    writeInt16(bytes, at, VERSION);
    writeInt64(bytes, at + 2, txn.producerId);
    writeInt64(bytes, at + 10, txn.firstOffset);
    writeInt64(bytes, at + 18, txn.lastOffset);
    writeInt64(bytes, at + 26, txn.lastStableOffset);
  });
  return bytes;
}

/** `corrupt`: the index is made anew from the `.log` (CorruptIndexException); `unknown version`: Kafka gives up (KafkaException). */
export type TxnIndexRead =
  | { readonly ok: true; readonly entries: readonly AbortedTxn[] }
  | { readonly ok: false; readonly reason: 'corrupt' | 'unknown version'; readonly message: string };

/** Reads a `.txnindex` and checks it as a start does (TransactionIndex.sanityCheck). An entry cut short at the end is left out. */
export function decodeTxnIndex(bytes: Uint8Array, file: { readonly path: string; readonly baseOffset: Offset }): TxnIndexRead {
  const entries: AbortedTxn[] = [];
  for (let at = 0; at + ABORTED_TXN_BYTES <= bytes.length; at += ABORTED_TXN_BYTES) {
    const version = readInt16(bytes, at);
    if (version > VERSION) {
      const message = `Unexpected aborted transaction version ${version} in transaction index ${file.path}, current version is ${VERSION}`;
      return { ok: false, reason: 'unknown version', message };
    }
    const txn = {
      producerId: readInt64(bytes, at + 2),
      firstOffset: readInt64(bytes, at + 10),
      lastOffset: readInt64(bytes, at + 18),
      lastStableOffset: readInt64(bytes, at + 26),
    };
    if (txn.lastOffset < file.baseOffset) return { ok: false, reason: 'corrupt', message: lessThanStart(txn, version, file) };
    entries.push(txn);
  }
  return { ok: true, entries };
}

function lessThanStart(txn: AbortedTxn, version: number, file: { readonly path: string; readonly baseOffset: Offset }): string {
  const shown =
    `AbortedTxn(version=${version}, producerId=${txn.producerId}, firstOffset=${txn.firstOffset}, ` +
    `lastOffset=${txn.lastOffset}, lastStableOffset=${txn.lastStableOffset})`;
  return `Last offset of aborted transaction ${shown} in index ${file.path} is less than start offset ${file.baseOffset}`;
}
