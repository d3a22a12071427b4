import { hashString } from '../kernel/hash.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { TransactionBody, ZabTransaction } from '../protocol/zookeeper-messages.ts';
import { afterCommit } from './clients.ts';
import { traceZooKeeper, update, type Work } from './state.ts';
import { snapshotWhenLong } from './transaction-log.ts';
import { applyTransaction } from './znode-tree.ts';

/** FinalRequestProcessor: applies a committed transaction, fires watches, answers the client if it is ours. */
export function applyCommitted(work: Work, transaction: ZabTransaction): void {
  const { tree, config } = work.state;
  const ephemerals = mapGet(tree.ephemerals, transaction.sessionId) ?? [];
  const before = tree;
  const applied = applyTransaction(tree, transaction);
  update(work, { tree: applied.tree });
  const { body, sessionId, zxid } = transaction;
  traceZooKeeper(work, { type: 'ZooKeeperTransactionApplied', server: config.myid, zxid, kind: body.type, path: pathOf(body), digest: hashString(JSON.stringify(transaction)) });
  if (body.type === 'createSession') traceZooKeeper(work, { type: 'ZooKeeperSessionCreated', server: config.myid, sessionId, timeoutMs: body.timeoutMs });
  if (body.type === 'closeSession' && mapGet(before.sessions, sessionId) !== undefined) traceZooKeeper(work, { type: 'ZooKeeperSessionClosed', server: config.myid, sessionId, expired: body.expired, ephemerals });
  afterCommit(work, { transaction, changes: applied.changes, before });
  snapshotWhenLong(work);
}

function pathOf(body: TransactionBody): string | null {
  if (body.type === 'multi') {
    for (const inner of body.bodies) {
      const path = pathOf(inner);
      if (path !== null) return path;
    }
    return null;
  }
  return 'path' in body ? body.path : null;
}
