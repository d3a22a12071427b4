import { assert } from '../kernel/assert.ts';
import { mapEntries, mapFrom, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { Zxid } from '../kernel/units.ts';
import { DecodeError, newReader, newWriter, readInt32, writeInt32, type Reader, type Writer } from '../protocol/codec.ts';
import { INT, LONG, record, SESSION, skipped, TEXT, ZNODE_DATA, type Jute } from '../protocol/jute.ts';
import { NO_ACL_VERSION, OWNER } from '../protocol/zookeeper-operations.ts';
import { adler32 } from './adler32.ts';
import { childrenOf, nameOf, parentOf, type Znode, type ZnodeTree } from './znode-tree.ts';

/** FileSnap and DataTree.serialize: header, sessions, access lists, znodes each before its children, end mark, checksum. */
export interface FileHeader {
  readonly magic: number;
  readonly version: number;
  readonly dbid: number;
}
export const FILE_HEADER: Jute<FileHeader> = record<FileHeader>({ magic: INT, version: INT, dbid: LONG });
export const FILE_HEADER_BYTES = 16;
/** `ZKSN`. */
const MAGIC = 0x5a4b534e;
export const FILE_VERSION = 2;
/** Access lists other than the open one; there are none. */
const NO_ACCESS_LISTS = 0;
/** The access list of everything, by its number: -1, the open one. */
const OPEN_ACL_ID = skipped(new Uint8Array(8).fill(255));
const END_MARK = '/';
const SEAL_BYTES = 8 + 5;

interface StoredZnode extends Omit<Znode, 'children'> {
  readonly acl?: undefined;
  readonly aclVersion?: undefined;
}
const ZNODE = record<StoredZnode>({
  data: ZNODE_DATA,
  acl: OPEN_ACL_ID,
  czxid: LONG,
  mzxid: LONG,
  ctimeMs: LONG,
  mtimeMs: LONG,
  version: INT,
  createdChildren: INT,
  aclVersion: NO_ACL_VERSION,
  ephemeralOwner: OWNER,
  pzxid: LONG,
});

interface Visited {
  /** The root's is empty in the file, as `/` is the mark of the end. */
  readonly path: string;
  readonly node: Znode;
}

/** The content of a snapshot file of the tree. */
export function encodeSnapshot(tree: ZnodeTree): Uint8Array {
  const visits = preorder(tree, '', []);
  const sessions = mapEntries(tree.sessions);
  let sizeBytes = FILE_HEADER_BYTES + 4 + sessions.length * 12 + 4 + TEXT.size(END_MARK) + SEAL_BYTES;
  for (const { path, node } of visits) sizeBytes += TEXT.size(path) + ZNODE.size(node);
  const writer = newWriter(sizeBytes);
  FILE_HEADER.write(writer, { magic: MAGIC, version: FILE_VERSION, dbid: -1 });
  writeInt32(writer, sessions.length);
  for (const [sessionId, timeoutMs] of sessions) {
    SESSION.write(writer, sessionId);
    writeInt32(writer, timeoutMs);
  }
  writeInt32(writer, NO_ACCESS_LISTS);
  for (const { path, node } of visits) {
    TEXT.write(writer, path);
    ZNODE.write(writer, node);
  }
  TEXT.write(writer, END_MARK);
  seal(writer);
  assert(writer.at === sizeBytes, `to write the ${sizeBytes} bytes that were counted, wrote ${writer.at}`);
  return writer.bytes;
}

/** SnapStream.sealStream: the checksum of all before it, and a mark. */
function seal(writer: Writer): void {
  LONG.write(writer, adler32(writer.bytes, 0, writer.at));
  TEXT.write(writer, END_MARK);
}

function preorder(tree: ZnodeTree, path: string, visits: Visited[]): Visited[] {
  const node = mapGet(tree.nodes, path === '' ? '/' : path);
  if (node === undefined) return visits;
  visits.push({ path, node });
  if (node.children.size > 0) for (const name of childrenOf(node)) preorder(tree, `${path}/${name}`, visits);
  return visits;
}

/** The tree of a snapshot file, or null where the file is damaged or no snapshot. */
export function decodeSnapshot(bytes: Uint8Array, lastZxid: Zxid): ZnodeTree | null {
  if (bytes.length < FILE_HEADER_BYTES + SEAL_BYTES) return null;
  const sealAt = bytes.length - SEAL_BYTES;
  const reader = newReader(bytes);
  reader.at = sealAt;
  try {
    if (LONG.read(reader) !== adler32(bytes, 0, sealAt) || TEXT.read(reader) !== END_MARK) return null;
    reader.at = 0;
    return readTree(reader, lastZxid);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function readTree(reader: Reader, lastZxid: Zxid): ZnodeTree | null {
  const header = FILE_HEADER.read(reader);
  if (header.magic !== MAGIC || header.version !== FILE_VERSION) return null;
  const sessions: [string, number][] = [];
  for (let left = readInt32(reader); left > 0; left--) sessions.push([SESSION.read(reader), readInt32(reader)]);
  if (readInt32(reader) !== NO_ACCESS_LISTS) return null;
  let tree: ZnodeTree = { nodes: mapFrom<Znode>([]), sessions: mapFrom(sessions), ephemerals: mapFrom<readonly string[]>([]), lastZxid };
  for (let path = TEXT.read(reader); path !== END_MARK; path = TEXT.read(reader)) tree = withZnode(tree, path === '' ? '/' : path, ZNODE.read(reader));
  return tree;
}

/** Adds a znode whose parent is there already. */
function withZnode(tree: ZnodeTree, path: string, stored: StoredZnode): ZnodeTree {
  const { data, czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, createdChildren, ephemeralOwner } = stored;
  let nodes = mapSet(tree.nodes, path, { data, czxid, mzxid, pzxid, ctimeMs, mtimeMs, version, createdChildren, ephemeralOwner, children: mapFrom<true>([]) });
  const parentPath = parentOf(path);
  const parent = path === '/' ? undefined : mapGet(nodes, parentPath);
  if (parent !== undefined) nodes = mapSet(nodes, parentPath, { ...parent, children: mapSet(parent.children, nameOf(path), true) });
  const ephemerals =
    ephemeralOwner === null ? tree.ephemerals : mapSet(tree.ephemerals, ephemeralOwner, [...(mapGet(tree.ephemerals, ephemeralOwner) ?? []), path]);
  return { ...tree, nodes, ephemerals };
}
