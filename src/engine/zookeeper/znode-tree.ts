import { assert, required } from '../kernel/assert.ts';
import { utf8Length } from '../kernel/bytes.ts';
import { emptyMap, mapDelete, mapFrom, mapGet, mapKeys, mapSet, type PersistentMap } from '../kernel/persistent-map.ts';
import type { Zxid } from '../kernel/units.ts';
import type { TransactionBody, WireStat, ZabTransaction } from '../protocol/zookeeper-types.ts';

/** One znode (DataNode). */
export interface Znode {
  readonly data: string;
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  readonly pzxid: Zxid;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  /** How many children were ever created: the next sequential suffix. Stat's cversion counts deletions too (`statOf`). */
  readonly createdChildren: number;
  readonly ephemeralOwner: string | null;
  readonly children: PersistentMap<true>;
}

/** DataTree with the session table: all that transactions change. */
export interface ZnodeTree {
  readonly nodes: PersistentMap<Znode>;
  /** Session id to its negotiated time-out in ms. */
  readonly sessions: PersistentMap<number>;
  /** Session id to the paths of its ephemerals. */
  readonly ephemerals: PersistentMap<readonly string[]>;
  readonly lastZxid: Zxid;
}

export interface TreeChange {
  readonly event: 'created' | 'deleted' | 'dataChanged';
  readonly path: string;
}

const EMPTY: Znode = {
  data: '',
  czxid: 0,
  mzxid: 0,
  pzxid: 0,
  ctimeMs: 0,
  mtimeMs: 0,
  version: 0,
  createdChildren: 0,
  ephemeralOwner: null,
  children: emptyMap(),
};

/** ZooKeeper's own znodes, which are there from the start and cannot be deleted. `Simplified:` the config is empty, there are no quotas. */
const OWN_PATHS = ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota'];

export function emptyZnodeTree(): ZnodeTree {
  const withChildren = (names: readonly string[]): Znode => ({ ...EMPTY, children: mapFrom(names.map((name): [string, true] => [name, true])) });
  const nodes = mapFrom<Znode>([
    ['/', withChildren(['zookeeper'])],
    ['/zookeeper', withChildren(['config', 'quota'])],
    ['/zookeeper/config', EMPTY],
    ['/zookeeper/quota', EMPTY],
  ]);
  return { nodes, sessions: emptyMap(), ephemerals: emptyMap(), lastZxid: 0 };
}

export function isOwnPath(path: string): boolean {
  return OWN_PATHS.includes(path);
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What a client sees of a znode beside its data (DataNode.copyStat). */
export function statOf(node: Znode): WireStat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    pzxid: node.pzxid,
    ctimeMs: node.ctimeMs,
    mtimeMs: node.mtimeMs,
    version: node.version,
    cversion: node.createdChildren * 2 - node.children.size,
    ephemeralOwner: node.ephemeralOwner,
    dataLength: utf8Length(node.data),
    numChildren: node.children.size,
  };
}

export function childrenOf(node: Znode): readonly string[] {
  return mapKeys(node.children);
}

/** The tree after a transaction, with what watches must hear of. Transactions were validated when they were prepared. */
export function applyTransaction(tree: ZnodeTree, transaction: ZabTransaction): { readonly tree: ZnodeTree; readonly changes: readonly TreeChange[] } {
  const changes: TreeChange[] = [];
  const applied = applyBody({ ...tree, lastZxid: transaction.zxid }, transaction, { body: transaction.body, changes });
  return { tree: applied, changes };
}

function applyBody(tree: ZnodeTree, transaction: ZabTransaction, part: { body: TransactionBody; changes: TreeChange[] }): ZnodeTree {
  const { body, changes } = part;
  switch (body.type) {
    case 'createSession':
      return { ...tree, sessions: mapSet(tree.sessions, transaction.sessionId, body.timeoutMs) };
    case 'closeSession': {
      let after = tree;
      for (const path of body.paths) {
        changes.push({ event: 'deleted', path });
        after = deleteNode(after, transaction.zxid, path);
      }
      return { ...after, sessions: mapDelete(after.sessions, transaction.sessionId) };
    }
    case 'create':
      changes.push({ event: 'created', path: body.path });
      return createNode(tree, transaction, body);
    case 'delete':
      changes.push({ event: 'deleted', path: body.path });
      return deleteNode(tree, transaction.zxid, body.path);
    case 'setData': {
      const node = required(mapGet(tree.nodes, body.path), `znode ${body.path} to set`);
      changes.push({ event: 'dataChanged', path: body.path });
      return {
        ...tree,
        nodes: mapSet(tree.nodes, body.path, { ...node, data: body.data, version: body.version, mzxid: transaction.zxid, mtimeMs: transaction.timeMs }),
      };
    }
    case 'multi': {
      let after = tree;
      for (const inner of body.bodies) after = applyBody(after, transaction, { body: inner, changes });
      return after;
    }
    case 'check':
    case 'error':
    case 'failedMulti':
      return tree;
  }
}

function createNode(tree: ZnodeTree, transaction: ZabTransaction, body: Extract<TransactionBody, { type: 'create' }>): ZnodeTree {
  const parentPath = parentOf(body.path);
  const parent = required(mapGet(tree.nodes, parentPath), `parent of ${body.path}`);
  assert(mapGet(tree.nodes, body.path) === undefined, `no znode ${body.path} yet`);
  const { zxid, timeMs, sessionId } = transaction;
  const node: Znode = {
    ...EMPTY,
    data: body.data,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctimeMs: timeMs,
    mtimeMs: timeMs,
    ephemeralOwner: body.ephemeral ? sessionId : null,
  };
  const changedParent: Znode = { ...parent, createdChildren: body.parentCVersion, pzxid: zxid, children: mapSet(parent.children, nameOf(body.path), true) };
  const ephemerals = body.ephemeral ? mapSet(tree.ephemerals, sessionId, [...(mapGet(tree.ephemerals, sessionId) ?? []), body.path]) : tree.ephemerals;
  return { ...tree, nodes: mapSet(mapSet(tree.nodes, parentPath, changedParent), body.path, node), ephemerals };
}

function deleteNode(tree: ZnodeTree, zxid: Zxid, path: string): ZnodeTree {
  const node = required(mapGet(tree.nodes, path), `znode ${path} to delete`);
  const parentPath = parentOf(path);
  const parent = required(mapGet(tree.nodes, parentPath), `parent of ${path}`);
  const changedParent: Znode = { ...parent, pzxid: zxid, children: mapDelete(parent.children, nameOf(path)) };
  let { ephemerals } = tree;
  if (node.ephemeralOwner !== null) {
    const left = (mapGet(ephemerals, node.ephemeralOwner) ?? []).filter((other) => other !== path);
    ephemerals = left.length === 0 ? mapDelete(ephemerals, node.ephemeralOwner) : mapSet(ephemerals, node.ephemeralOwner, left);
  }
  return { ...tree, nodes: mapSet(mapDelete(tree.nodes, path), parentPath, changedParent), ephemerals };
}
