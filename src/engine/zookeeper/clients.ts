import { mapDelete, mapGet, mapSet, mapValues } from '../kernel/persistent-map.ts';
import type { ConnectionId, HostName } from '../kernel/units.ts';
import type { TransactionBody, WireOperation, WireResult, ZabTransaction, ZkClientMessage, ZkServerMessage } from '../protocol/zookeeper-messages.ts';
import { touchSession } from './sessions.ts';
import { isServing, NO_SESSION, say, sayZab, update, type ClientConnection, type Work } from './state.ts';
import { childrenOf, parentOf, statOf, type TreeChange, type ZnodeTree } from './znode-tree.ts';

/** The server's side towards its own clients: sessions, requests in order, reads served here, watches. */
type ConnectMessage = Extract<ZkClientMessage, { kind: 'zkConnect' }>;

export function onClientAccepted(work: Work, connection: ConnectionId, peer: HostName): void {
  const client: ClientConnection = { connection, peer, sessionId: null, timeoutMs: 0, established: false, queue: [], watching: [] };
  putClient(work, client);
}

function putClient(work: Work, client: ClientConnection): void {
  update(work, { clients: mapSet(work.state.clients, String(client.connection), client) });
}

export function clientOf(work: Work, connection: ConnectionId): ClientConnection | undefined {
  return mapGet(work.state.clients, String(connection));
}

function clientOfSession(work: Work, sessionId: string): ClientConnection | undefined {
  const connection = mapGet(work.state.sessionConnections, sessionId);
  return connection === undefined ? undefined : clientOf(work, connection);
}

function answer(work: Work, connection: ConnectionId, message: Parameters<typeof say<ZkServerMessage>>[2]): void {
  say<ZkServerMessage>(work, connection, message);
}

/** Without a quorum a server serves nobody: it hangs up. */
export function onClientMessage(work: Work, connection: ConnectionId, message: ZkClientMessage): void {
  const client = clientOf(work, connection);
  if (client === undefined) return;
  if (!isServing(work.state)) return hangUp(work, client);
  if (message.kind === 'zkConnect') return onConnect(work, client, message);
  if (client.sessionId === null) return hangUp(work, client);
  touchSession(work, client.sessionId);
  if (message.kind === 'zkPing') return answer(work, connection, { kind: 'zkPong', zxid: work.state.tree.lastZxid });
  putClient(work, { ...client, queue: [...client.queue, { xid: message.xid, operation: message.operation }] });
  if (isWrite(message.operation)) work.forwards.push({ sessionId: client.sessionId, xid: message.xid, operation: message.operation });
  answerReads(work, connection);
}

function isWrite(operation: WireOperation): boolean {
  return operation.op !== 'getData' && operation.op !== 'exists' && operation.op !== 'getChildren' && operation.op !== 'setWatches';
}

/** A client that has seen more than this server is refused: its view must never go back. */
function onConnect(work: Work, client: ClientConnection, message: ConnectMessage): void {
  const { config, tree, nextSession } = work.state;
  if (message.lastZxidSeen > tree.lastZxid) return hangUp(work, client);
  const timeoutMs = Math.min(Math.max(message.timeoutMs, 2 * config.tickTime), 20 * config.tickTime);
  if (message.sessionId === NO_SESSION) {
    const sessionId = hexOf(config.myid, 2) + hexOf(nextSession, 14);
    update(work, { nextSession: nextSession + 1 });
    bindSession(work, { ...client, sessionId, timeoutMs });
    work.forwards.push({ sessionId, xid: 0, operation: { op: 'createSession', timeoutMs } });
    return;
  }
  bindSession(work, { ...client, sessionId: message.sessionId, timeoutMs });
  const { leading, following } = work.state;
  if (leading !== null) return onRevalidated(work, message.sessionId, mapGet(tree.sessions, message.sessionId) !== undefined);
  if (following !== null) sayZab(work, following.connection, { kind: 'zabRevalidate', sessionId: message.sessionId, timeoutMs });
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function bindSession(work: Work, client: ClientConnection): void {
  putClient(work, client);
  update(work, { sessionConnections: mapSet(work.state.sessionConnections, client.sessionId ?? NO_SESSION, client.connection) });
}

/** The leader said whether a session that moved here still lives. */
export function onRevalidated(work: Work, sessionId: string, valid: boolean): void {
  const client = clientOfSession(work, sessionId);
  if (client === undefined || client.established) return;
  if (!valid) {
    answer(work, client.connection, { kind: 'zkConnected', timeoutMs: 0, sessionId: NO_SESSION });
    return hangUp(work, client);
  }
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
  for (const key of client.watching) {
    const left = (mapGet(work.state.watches, key) ?? []).filter((other) => other !== connection);
    update(work, { watches: left.length === 0 ? mapDelete(work.state.watches, key) : mapSet(work.state.watches, key, left) });
  }
  update(work, { clients: mapDelete(work.state.clients, String(connection)) });
  if (client.sessionId !== null && mapGet(work.state.sessionConnections, client.sessionId) === connection) {
    update(work, { sessionConnections: mapDelete(work.state.sessionConnections, client.sessionId) });
  }
}

/** Closes every client connection: this server no longer serves. */
export function hangUpAll(work: Work): void {
  for (const client of mapValues(work.state.clients)) hangUp(work, client);
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
      const node = mapGet(work.state.tree.nodes, operation.path);
      // A watch on a znode that is not there waits for its creation; only `exists` may set it.
      if (operation.watch && (node !== undefined || operation.op === 'exists')) watch(work, connection, `${operation.op === 'getChildren' ? 'child' : 'data'}:${operation.path}`);
      if (node === undefined) return { error: 'NONODE' };
      const stat = statOf(node);
      if (operation.op === 'getData') return { error: null, data: node.data, stat };
      return operation.op === 'exists' ? { error: null, stat } : { error: null, children: childrenOf(node), stat };
    }
    case 'setWatches':
      setWatches(work, connection, operation);
      return { error: null };
    default:
      return { error: 'BADARGUMENTS' };
  }
}

function watch(work: Work, connection: ConnectionId, key: string): void {
  const waiting = mapGet(work.state.watches, key) ?? [];
  if (waiting.includes(connection)) return;
  update(work, { watches: mapSet(work.state.watches, key, [...waiting, connection]) });
  const client = clientOf(work, connection);
  if (client !== undefined) putClient(work, { ...client, watching: [...client.watching.filter((other) => other !== key), key] });
}

/** After a reconnect: what changed since the client's last zxid fires at once, the rest waits here (DataTree.setWatches). */
function setWatches(work: Work, connection: ConnectionId, operation: Extract<WireOperation, { op: 'setWatches' }>): void {
  const { nodes } = work.state.tree;
  const since = operation.relativeZxid;
  for (const path of operation.data) {
    const node = mapGet(nodes, path);
    if (node === undefined) fire(work, connection, 'deleted', path);
    else if (node.mzxid > since) fire(work, connection, 'dataChanged', path);
    else watch(work, connection, `data:${path}`);
  }
  for (const path of operation.exists) {
    if (mapGet(nodes, path) !== undefined) fire(work, connection, 'created', path);
    else watch(work, connection, `data:${path}`);
  }
  for (const path of operation.children) {
    const node = mapGet(nodes, path);
    if (node === undefined) fire(work, connection, 'deleted', path);
    else if (node.pzxid > since) fire(work, connection, 'childrenChanged', path);
    else watch(work, connection, `child:${path}`);
  }
}

type WatchEvent = Extract<ZkServerMessage, { kind: 'zkWatchEvent' }>['event'];

function fire(work: Work, connection: ConnectionId, event: WatchEvent, path: string): void {
  answer(work, connection, { kind: 'zkWatchEvent', event, path });
}

export interface Committed {
  readonly transaction: ZabTransaction;
  readonly changes: readonly TreeChange[];
  readonly before: ZnodeTree;
}

/** Watches first, so that nobody sees the new data before the event; then the answer, if the client is ours. */
export function afterCommit(work: Work, committed: Committed): void {
  for (const change of committed.changes) fireWatches(work, change);
  const { sessionId, xid, body } = committed.transaction;
  const client = clientOfSession(work, sessionId);
  if (client === undefined) return;
  if (body.type === 'createSession') {
    if (client.established) return;
    touchSession(work, sessionId, body.timeoutMs);
    putClient(work, { ...client, established: true });
    return answer(work, client.connection, { kind: 'zkConnected', timeoutMs: body.timeoutMs, sessionId });
  }
  if (body.type === 'closeSession' && body.expired) return hangUp(work, client);
  if (client.queue[0]?.xid === xid) {
    putClient(work, { ...client, queue: client.queue.slice(1) });
    reply(work, client.connection, xid, resultOf(work.state.tree, body));
  }
  if (body.type === 'closeSession') {
    const closing = clientOfSession(work, sessionId);
    if (closing !== undefined) hangUp(work, closing);
    return;
  }
  answerReads(work, client.connection);
}

function fireWatches(work: Work, change: TreeChange): void {
  const told = new Set<string>();
  const tell = (key: string, event: WatchEvent, path: string): void => {
    for (const connection of mapGet(work.state.watches, key) ?? []) {
      const client = clientOf(work, connection);
      if (client === undefined) continue;
      putClient(work, { ...client, watching: client.watching.filter((other) => other !== key) });
      if (!told.has(`${connection} ${event} ${path}`)) fire(work, connection, event, path);
      told.add(`${connection} ${event} ${path}`);
    }
    update(work, { watches: mapDelete(work.state.watches, key) });
  };
  tell(`data:${change.path}`, change.event, change.path);
  if (change.event === 'dataChanged') return;
  if (change.event === 'deleted') tell(`child:${change.path}`, 'deleted', change.path);
  tell(`child:${parentOf(change.path)}`, 'childrenChanged', parentOf(change.path));
}

/** What the client is told of its own write. */
function resultOf(tree: ZnodeTree, body: TransactionBody): WireResult {
  switch (body.type) {
    case 'create': {
      const node = mapGet(tree.nodes, body.path);
      return node === undefined ? { error: null, path: body.path } : { error: null, path: body.path, stat: statOf(node) };
    }
    case 'setData': {
      const node = mapGet(tree.nodes, body.path);
      return node === undefined ? { error: null } : { error: null, stat: statOf(node) };
    }
    case 'multi':
      return { error: null, results: body.bodies.map((inner) => resultOf(tree, inner)) };
    case 'error':
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
