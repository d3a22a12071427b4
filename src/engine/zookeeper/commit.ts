import { mapHas } from '../kernel/persistent-map.ts';
import { crc32c } from '../protocol/crc32c.ts';
import { encodeTransaction } from '../protocol/zookeeper-transactions.ts';
import type { TransactionBody, ZabTransaction } from '../protocol/zookeeper-types.ts';
import { afterCommit } from './clients.ts';
import { traceZooKeeper, update, type Work } from './state.ts';
import { snapshotWhenDue } from './transaction-log.ts';
import { applyTransaction } from './znode-tree.ts';

/** FinalRequestProcessor: applies a committed transaction, fires watches, answers the client if it is ours. */
export function applyCommitted(work: Work, transaction: ZabTransaction): void {
  const before = work.state.tree;
  const { tree, changes } = applyTransaction(before, transaction);
  update(work, { tree });
  const { body, zxid } = transaction;
  const server = work.state.config.myid;
  traceZooKeeper(work, {
    type: 'ZooKeeperTransactionApplied',
    server,
    zxid,
    kind: body.type,
    path: pathOf(body),
    digest: crc32c(encodeTransaction(transaction)),
  });
  traceSession(work, transaction, mapHas(before.sessions, transaction.sessionId));
  afterCommit(work, transaction, changes);
  snapshotWhenDue(work);
}

function traceSession(work: Work, transaction: ZabTransaction, existed: boolean): void {
  const { body, sessionId, xid } = transaction;
  const server = work.state.config.myid;
  if (body.type === 'createSession') traceZooKeeper(work, { type: 'ZooKeeperSessionCreated', server, sessionId, timeoutMs: body.timeoutMs });
  if (body.type === 'closeSession' && existed)
    traceZooKeeper(work, { type: 'ZooKeeperSessionClosed', server, sessionId, expired: xid === 0, ephemerals: body.paths });
}

/** The path that a transaction is about, the first one that a multi changes. */
function pathOf(body: TransactionBody): string | null {
  if (body.type !== 'multi') return 'path' in body ? body.path : null;
  for (const inner of body.bodies) {
    const path = inner.type === 'check' ? null : pathOf(inner);
    if (path !== null) return path;
  }
  return null;
}
