import { mapGet, mapValues } from '../kernel/persistent-map.ts';
import { msToUs, type ConnectionId, type HostName } from '../kernel/units.ts';
import type { TransactionBody, WireOperation, WireResult, ZabTransaction, ZkClientMessage, ZkServerMessage } from '../protocol/zookeeper-types.ts';
import { bindSession, clientOf, clientOfSession, putClient, removeClient } from './client-table.ts';
import { revalidateSession, touchSession } from './sessions.ts';
import { isServing, NO_SESSION, say, sayZab, update, type ClientConnection, type Work } from './state.ts';
import { fireWatches, forgetWatches, NO_WATCHES, setWatches, watch } from './watches.ts';
import { childrenOf, statOf, type TreeChange, type ZnodeTree } from './znode-tree.ts';

/** The server's side towards its own clients: sessions, requests in order, reads served here, answers to writes. */
type ConnectMessage = Extract<ZkClientMessage, { kind: 'zkConnect' }>;

/** NIOServerCnxnFactory: how long a connection may be without a session. */
const SESSIONLESS_TIMEOUT_MS = 10_000;
const LOWER_56_BITS_DIGITS = 14;

export function onClientAccepted(work: Work, connection: ConnectionId, peer: HostName): void {
  putClient(work, {
    connection,
    peer,
    sessionId: null,
    timeoutMs: SESSIONLESS_TIMEOUT_MS,
    established: false,
    lastHeardUs: work.scope.context.nowUs,
    queue: [],
    watching: NO_WATCHES,
  });
}

function answer(work: Work, connection: ConnectionId, message: Parameters<typeof say<ZkServerMessage>>[2]): void {
  say<ZkServerMessage>(work, connection, message);
}

/** Without a quorum a server serves nobody: it hangs up. */
export function onClientMessage(work: Work, connection: ConnectionId, message: ZkClientMessage): void {
  const known = clientOf(work, connection);
  if (known === undefined) return;
  if (!isServing(work.state)) return hangUp(work, known);
  const client: ClientConnection = { ...known, lastHeardUs: work.scope.context.nowUs };
  if (message.kind === 'zkConnect') return onConnect(work, client, message);
  if (client.sessionId === null || !client.established) return hangUp(work, client);
  touchSession(work, client.sessionId);
  if (message.kind === 'zkPing') {
    putClient(work, client);
    return answer(work, connection, { kind: 'zkPong', zxid: work.state.tree.lastZxid });
  }
  putClient(work, { ...client, queue: [...client.queue, { xid: message.xid, operation: message.operation }] });
  if (isWrite(message.operation)) work.forwards.push({ sessionId: client.sessionId, xid: message.xid, operation: message.operation });
  answerReads(work, connection);
}

function isWrite(operation: WireOperation): boolean {
  return operation.op !== 'getData' && operation.op !== 'exists' && operation.op !== 'getChildren' && operation.op !== 'setWatches';
}

/** A client that has seen more than this server is refused: its view must never go back. */
function onConnect(work: Work, client: ClientConnection, message: ConnectMessage): void {
  const { config, tree } = work.state;
  if (client.sessionId !== null || message.lastZxidSeen > tree.lastZxid) return hangUp(work, client);
  const timeoutMs = Math.min(Math.max(message.timeoutMs, 2 * config.tickTime), 20 * config.tickTime);
  if (message.sessionId === NO_SESSION) {
    const sessionId = newSessionId(work);
    bindSession(work, { ...client, sessionId, timeoutMs });
    work.forwards.push({ sessionId, xid: 0, operation: { op: 'createSession', timeoutMs } });
    return;
  }
  const { sessionId } = message;
  // The same session over an older connection of this server: its client has given that one up.
  const before = clientOfSession(work, sessionId);
  if (before !== undefined) hangUp(work, before);
  bindSession(work, { ...client, sessionId, timeoutMs });
  const { leading, following } = work.state;
  if (leading !== null) onRevalidated(work, sessionId, revalidateSession(work, sessionId, config.myid));
  else if (following !== null) sayZab(work, following.connection, { kind: 'zabRevalidate', sessionId, timeoutMs });
}

/** SessionTrackerImpl.initializeNextSessionId: server id in the top byte, then 40 bits of the start's time, then a count. */
function newSessionId(work: Work): string {
  const { config, startedMs, sessionCount } = work.state;
  update(work, { sessionCount: sessionCount + 1 });
  const time = startedMs + Math.floor(sessionCount / 65536);
  return hexOf(config.myid, 2) + (hexOf(time, LOWER_56_BITS_DIGITS) + hexOf(sessionCount % 65536, 4)).slice(-LOWER_56_BITS_DIGITS);
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** The leader said whether a session that moved here still lives. */
export function onRevalidated(work: Work, sessionId: string, valid: boolean): void {
  const client = clientOfSession(work, sessionId);
  if (client === undefined || client.established) return;
  if (!valid) {
    answer(work, client.connection, { kind: 'zkConnected', timeoutMs: 0, sessionId: NO_SESSION });
    return hangUp(work, client);
  }
  establish(work, client, sessionId);
}

function establish(work: Work, client: ClientConnection, sessionId: string): void {
  touchSession(work, sessionId);
  putClient(work, { ...client, established: true });
  answer(work, client.connection, { kind: 'zkConnected', timeoutMs: client.timeoutMs, sessionId });
}

function hangUp(work: Work, client: ClientConnection): void {
  work.scope.effects.push({ type: 'close', connection: client.connection });
  onClientClosed(work, client.connection);
}

export function onClientClosed(work: Work, connection: ConnectionId): void {
  const client = clientOf(work, connection);
  if (client === undefined) return;
  forgetWatches(work, client);
  removeClient(work, client);
}

/** Closes every client connection: this server no longer serves. */
export function hangUpAll(work: Work): void {
  for (const client of mapValues(work.state.clients)) hangUp(work, client);
}

/** Closes connections over which nothing came for their session time-out: their clients are gone or elsewhere. */
export function hangUpSilent(work: Work): void {
  const { nowUs } = work.scope.context;
  for (const client of mapValues(work.state.clients)) if (client.lastHeardUs + msToUs(client.timeoutMs) < nowUs) hangUp(work, client);
}

/** Reads at the head of the queue are answered here and now; a write waits for its commit, and what is behind it too. */
function answerReads(work: Work, connection: ConnectionId): void {
  for (;;) {
    const client = clientOf(work, connection);
    const head = client?.queue[0];
    if (client === undefined || head === undefined || isWrite(head.operation)) return;
    putClient(work, { ...client, queue: client.queue.slice(1) });
    reply(work, connection, head.xid, readNow(work, connection, head.operation));
  }
}

function reply(work: Work, connection: ConnectionId, xid: number, result: WireResult): void {
  answer(work, connection, { kind: 'zkReply', xid, zxid: work.state.tree.lastZxid, result });
}

function readNow(work: Work, connection: ConnectionId, operation: WireOperation): WireResult {
  switch (operation.op) {
    case 'getData':
    case 'exists':
    case 'getChildren': {
      const { op, path } = operation;
      const node = mapGet(work.state.tree.nodes, path);
      // A watch on a znode that is not there waits for its creation; only `exists` may set it.
      if (operation.watch && (node !== undefined || op === 'exists')) watch(work, connection, { list: op === 'getChildren' ? 'child' : 'data', path });
      if (node === undefined) return { error: 'NONODE' };
      const stat = statOf(node);
      if (op === 'getData') return { error: null, data: node.data, stat };
      return op === 'exists' ? { error: null, stat } : { error: null, children: childrenOf(node), stat };
    }
    case 'setWatches':
      setWatches(work, connection, operation);
      return { error: null };
    default:
      return { error: 'BADARGUMENTS' };
  }
}

/** Watches first, so that nobody sees the new data before the event; then the answer, if the client is ours. */
export function afterCommit(work: Work, transaction: ZabTransaction, changes: readonly TreeChange[]): void {
  for (const change of changes) fireWatches(work, change);
  const { sessionId, xid, body } = transaction;
  const client = clientOfSession(work, sessionId);
  if (client === undefined) return;
  if (body.type === 'createSession') {
    if (!client.established) establish(work, client, sessionId);
    return;
  }
  if (client.queue[0]?.xid === xid) answerWrite(work, client, transaction);
  if (body.type === 'closeSession') hangUp(work, client);
}

function answerWrite(work: Work, client: ClientConnection, transaction: ZabTransaction): void {
  if (isMoved(transaction.body)) return hangUp(work, client);
  putClient(work, { ...client, queue: client.queue.slice(1) });
  reply(work, client.connection, transaction.xid, resultOf(work.state.tree, transaction.body));
  if (transaction.body.type !== 'closeSession') answerReads(work, client.connection);
}

/** The session's client is with another server: what still comes over this connection is late. */
function isMoved(body: TransactionBody): boolean {
  return body.type === 'error' && body.error === 'SESSIONMOVED';
}

/** What the client is told of its own write. */
function resultOf(tree: ZnodeTree, body: TransactionBody): WireResult {
  switch (body.type) {
    case 'create':
    case 'setData': {
      const node = mapGet(tree.nodes, body.path);
      const stat = node === undefined ? {} : { stat: statOf(node) };
      return body.type === 'create' ? { error: null, path: body.path, ...stat } : { error: null, ...stat };
    }
    case 'multi':
      return { error: null, results: body.bodies.map((inner) => resultOf(tree, inner)) };
    case 'error':
      return { error: body.error };
    case 'failedMulti':
      return { error: body.error, failedIndex: body.failedIndex };
    case 'delete':
    case 'check':
    case 'createSession':
    case 'closeSession':
      return { error: null };
  }
}

/** Everything proposed before the sync is applied here: the client may read on. */
export function answerSync(work: Work, sessionId: string, xid: number): void {
  const client = clientOfSession(work, sessionId);
  if (client === undefined || client.queue[0]?.xid !== xid) return;
  putClient(work, { ...client, queue: client.queue.slice(1) });
  reply(work, client.connection, xid, { error: null });
  answerReads(work, client.connection);
}
