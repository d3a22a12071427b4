import { readControlRecord } from '../../protocol/control-batch.ts';
import { isTransactional, lastOffset, producerId, recordCount } from '../../protocol/record-batch.ts';
import type { AbortedTxn } from '../txn-index.ts';

/**
 * Which transactions a pass through a log is in the middle of (CleanedTransactionMetadata). Batches of aborted ones go at once; a marker goes
 * once nothing of its transaction is left. Mutable: it lives within one pass.
 */
export interface CleanedTransactions {
  /** Not begun yet, by first offset. */
  waiting: readonly AbortedTxn[];
  readonly aborted: Map<number, { readonly txn: AbortedTxn; observed: boolean }>;
  readonly committed: Set<number>;
  /** What the transaction index of the cleaned segment must still list. */
  readonly kept: AbortedTxn[];
}

/** What a pass carries from one group of segments to the next, as plain data. */
export interface TransactionsUnderWay {
  readonly waiting: readonly AbortedTxn[];
  readonly aborted: readonly { readonly txn: AbortedTxn; readonly observed: boolean }[];
  /** Producers of committed transactions whose marker has not come yet. */
  readonly committed: readonly number[];
}

export const NO_TRANSACTIONS_UNDER_WAY: TransactionsUnderWay = { waiting: [], aborted: [], committed: [] };

export function newCleanedTransactions({ waiting, aborted, committed }: TransactionsUnderWay): CleanedTransactions {
  return {
    waiting,
    aborted: new Map(aborted.map(({ txn, observed }) => [txn.producerId, { txn, observed }])),
    committed: new Set(committed),
    kept: [],
  };
}

export function transactionsUnderWay({ waiting, aborted, committed }: CleanedTransactions): TransactionsUnderWay {
  return { waiting, aborted: [...aborted.values()], committed: [...committed] };
}

/** Aborted transactions that the next segment has records of; one that is known already is the same one. */
export function addAborted(transactions: CleanedTransactions, more: readonly AbortedTxn[]): void {
  transactions.waiting = [...transactions.waiting, ...more].sort((a, b) => a.firstOffset - b.firstOffset);
}

/** Notes a batch; true when it can be discarded: its transaction was aborted, or it is a marker whose transaction has no record left. */
export function isDiscardable(transactions: CleanedTransactions, batch: Uint8Array, isControl: boolean): boolean {
  beginUpTo(transactions, lastOffset(batch));
  if (isControl) return onMarker(transactions, batch);
  if (!isTransactional(batch)) return false;
  const ongoing = transactions.aborted.get(producerId(batch));
  if (ongoing === undefined) {
    transactions.committed.add(producerId(batch));
    return false;
  }
  ongoing.observed = true;
  return true;
}

function beginUpTo(transactions: CleanedTransactions, offset: number): void {
  for (let first = transactions.waiting[0]; first !== undefined && first.firstOffset <= offset; first = transactions.waiting[0]) {
    if (!transactions.aborted.has(first.producerId)) transactions.aborted.set(first.producerId, { txn: first, observed: false });
    transactions.waiting = transactions.waiting.slice(1);
  }
}

function onMarker(transactions: CleanedTransactions, batch: Uint8Array): boolean {
  // One that was emptied before has nothing to say any more.
  if (recordCount(batch) === 0) return true;
  const control = readControlRecord(batch);
  if (!control.ok) return false;
  const producer = producerId(batch);
  switch (control.type) {
    case 'ABORT': {
      const ended = transactions.aborted.get(producer);
      transactions.aborted.delete(producer);
      if (ended?.observed !== true) return true;
      transactions.kept.push(ended.txn);
      return false;
    }
    case 'COMMIT':
      return !transactions.committed.delete(producer);
    default:
      return false;
  }
}
