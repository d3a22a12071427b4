import { emptyMap, mapDelete, mapGet, mapKeys, mapSet } from '../kernel/persistent-map.ts';
import type { ConnectionId } from '../kernel/units.ts';
import type { WatchEventType, WireOperation, ZkServerMessage } from '../protocol/zookeeper-types.ts';
import { clientOf, putClient } from './client-table.ts';
import { say, update, type ClientConnection, type Work } from './state.ts';
import { parentOf, type TreeChange } from './znode-tree.ts';

/** One-shot watches (WatchManager), local to the server that the client is connected to. */
type WatchedList = 'data' | 'child';

function keyOf(list: WatchedList, path: string): string {
  return `${list}:${path}`;
}

export function watch(work: Work, connection: ConnectionId, watched: { readonly list: WatchedList; readonly path: string }): void {
  const key = keyOf(watched.list, watched.path);
  const waiting = mapGet(work.state.watches, key) ?? [];
  const client = clientOf(work, connection);
  if (client === undefined || waiting.includes(connection)) return;
  update(work, { watches: mapSet(work.state.watches, key, [...waiting, connection]) });
  putClient(work, { ...client, watching: mapSet(client.watching, key, true) });
}

/** A connection is gone, and its watches with it. */
export function forgetWatches(work: Work, client: ClientConnection): void {
  for (const key of mapKeys(client.watching)) {
    const left = (mapGet(work.state.watches, key) ?? []).filter((other) => other !== client.connection);
    update(work, { watches: left.length === 0 ? mapDelete(work.state.watches, key) : mapSet(work.state.watches, key, left) });
  }
}

/** After a reconnect: what changed since the client's last zxid fires at once, the rest waits here (DataTree.setWatches). */
export function setWatches(work: Work, connection: ConnectionId, operation: Extract<WireOperation, { op: 'setWatches' }>): void {
  const { nodes } = work.state.tree;
  const since = operation.relativeZxid;
  for (const path of operation.data) {
    const node = mapGet(nodes, path);
    if (node === undefined) fire(work, connection, 'deleted', path);
    else if (node.mzxid > since) fire(work, connection, 'dataChanged', path);
    else watch(work, connection, { list: 'data', path });
  }
  for (const path of operation.exists) {
    if (mapGet(nodes, path) !== undefined) fire(work, connection, 'created', path);
    else watch(work, connection, { list: 'data', path });
  }
  for (const path of operation.children) {
    const node = mapGet(nodes, path);
    if (node === undefined) fire(work, connection, 'deleted', path);
    else if (node.pzxid > since) fire(work, connection, 'childrenChanged', path);
    else watch(work, connection, { list: 'child', path });
  }
}

function fire(work: Work, connection: ConnectionId, event: WatchEventType, path: string): void {
  say<ZkServerMessage>(work, connection, { kind: 'zkWatchEvent', event, path });
}

/** A creation fires data and the parent's child watches, a change data, a deletion data, child and the parent's child. */
export function fireWatches(work: Work, change: TreeChange): void {
  const told = take(work, keyOf('data', change.path));
  for (const connection of told) fire(work, connection, change.event, change.path);
  if (change.event === 'dataChanged') return;
  // Who watches both data and children of a deleted znode is told once.
  if (change.event === 'deleted')
    for (const connection of take(work, keyOf('child', change.path))) if (!told.includes(connection)) fire(work, connection, 'deleted', change.path);
  const parent = parentOf(change.path);
  for (const connection of take(work, keyOf('child', parent))) fire(work, connection, 'childrenChanged', parent);
}

/** The connections that wait for a key, which they do no longer. */
function take(work: Work, key: string): readonly ConnectionId[] {
  const waiting = mapGet(work.state.watches, key);
  if (waiting === undefined) return [];
  update(work, { watches: mapDelete(work.state.watches, key) });
  for (const connection of waiting) {
    const client = clientOf(work, connection);
    if (client !== undefined) putClient(work, { ...client, watching: mapDelete(client.watching, key) });
  }
  return waiting;
}

export const NO_WATCHES = emptyMap<true>();
