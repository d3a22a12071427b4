import type { Offset } from '../kernel/units.ts';
import type { AbortedTxn } from './txn-index.ts';

/** TxnMetadata: a producer's transaction that began at `firstOffset`. `lastOffset` is its marker's, null while it is open. */
export interface TxnMetadata {
  readonly producerId: number;
  readonly firstOffset: Offset;
  readonly lastOffset: Offset | null;
}

/** CompletedTxn: a transaction with data whose marker, at `lastOffset`, was written. */
export interface CompletedTxn {
  readonly producerId: number;
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly isAborted: boolean;
}

/** ProducerStateManager's ongoingTxns and unreplicatedTxns, both ascending by first offset. Decided ones stay until the high watermark is above their marker. */
export interface Transactions {
  readonly ongoing: readonly TxnMetadata[];
  readonly unreplicated: readonly TxnMetadata[];
}

/** The one value of a log without transactions, so that asking whether there are any costs one comparison. */
export const NO_TRANSACTIONS: Transactions = { ongoing: [], unreplicated: [] };

/** Where the earliest transaction begins that is open, or decided by a marker not yet below the high watermark; null if there is none. */
export function firstUnstableOffset(transactions: Transactions): Offset | null {
  const open = transactions.ongoing[0]?.firstOffset ?? null;
  const unreplicated = transactions.unreplicated[0]?.firstOffset ?? null;
  if (open === null || unreplicated === null) return open ?? unreplicated;
  return Math.min(open, unreplicated);
}

export function startTransaction(transactions: Transactions, started: { readonly producerId: number; readonly firstOffset: Offset }): Transactions {
  const { producerId, firstOffset } = started;
  return { ongoing: insert(transactions.ongoing, { producerId, firstOffset, lastOffset: null }), unreplicated: transactions.unreplicated };
}

/** The transaction is decided; it is unreplicated until `dropReplicated` of an offset above its marker. */
export function completeTransaction(transactions: Transactions, completed: CompletedTxn): Transactions {
  const { producerId, firstOffset, lastOffset } = completed;
  const ongoing = transactions.ongoing.filter((txn) => txn.firstOffset !== firstOffset);
  return { ongoing, unreplicated: insert(transactions.unreplicated, { producerId, firstOffset, lastOffset }) };
}

/** Without the decided transactions whose marker lies below `offset` (high watermark, log start). The same value when there are none. */
export function dropReplicated(transactions: Transactions, offset: Offset): Transactions {
  if (transactions.unreplicated.length === 0) return transactions;
  const unreplicated = transactions.unreplicated.filter((txn) => txn.lastOffset === null || txn.lastOffset >= offset);
  if (unreplicated.length === transactions.unreplicated.length) return transactions;
  return unreplicated.length + transactions.ongoing.length === 0 ? NO_TRANSACTIONS : { ongoing: transactions.ongoing, unreplicated };
}

/** What the transaction index notes of an aborted transaction, while it still counts as open (ProducerStateManager.lastStableOffset). */
export function abortedTxn(transactions: Transactions, completed: CompletedTxn): AbortedTxn {
  const { producerId, firstOffset, lastOffset } = completed;
  const other = transactions.ongoing.find((txn) => txn.producerId !== producerId);
  return { producerId, firstOffset, lastOffset, lastStableOffset: other?.firstOffset ?? lastOffset + 1 };
}

function insert(list: readonly TxnMetadata[], txn: TxnMetadata): readonly TxnMetadata[] {
  const without = list.filter((each) => each.firstOffset !== txn.firstOffset);
  const above = without.findIndex((each) => each.firstOffset > txn.firstOffset);
  const at = above < 0 ? without.length : above;
  return [...without.slice(0, at), txn, ...without.slice(at)];
}
