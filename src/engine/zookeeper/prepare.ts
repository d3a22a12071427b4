import { compareTexts } from '../kernel/order.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { ForwardedOperation, TransactionBody, WireErrorName, WireOperation, ZabTransaction } from '../protocol/zookeeper-types.ts';
import { applyTransaction, isOwnPath, parentOf, type Znode, type ZnodeTree } from './znode-tree.ts';

const ANY_VERSION = -1;

export interface PrepareFacts {
  readonly sessionId: string;
  readonly zxid: number;
  readonly timeMs: number;
}

/**
 * PrepRequestProcessor: turns a request into an idempotent transaction body against the tree with every outstanding proposal
 * already applied, or into an error body. Sequential names and new versions are settled here.
 */
export function prepareBody(tree: ZnodeTree, operation: ForwardedOperation, facts: PrepareFacts): TransactionBody {
  switch (operation.op) {
    case 'createSession':
      return { type: 'createSession', timeoutMs: operation.timeoutMs };
    case 'closeSession':
      return prepareCloseSession(tree, facts.sessionId);
    case 'multi':
      return prepareMulti(tree, operation.operations, facts);
    default:
      return prepareOne(tree, operation);
  }
}

/** The end of a session takes its ephemerals with it. */
export function prepareCloseSession(tree: ZnodeTree, sessionId: string): TransactionBody {
  const paths = (mapGet(tree.ephemerals, sessionId) ?? []).slice().sort(compareTexts);
  return { type: 'closeSession', paths };
}

export function failed(error: WireErrorName): TransactionBody {
  return { type: 'error', error };
}

function prepareMulti(tree: ZnodeTree, operations: readonly WireOperation[], facts: PrepareFacts): TransactionBody {
  const bodies: TransactionBody[] = [];
  let speculative = tree;
  for (const [failedIndex, operation] of operations.entries()) {
    const body = prepareOne(speculative, operation);
    if (body.type === 'error') return { type: 'failedMulti', error: body.error, failedIndex, operationCount: operations.length };
    bodies.push(body);
    const transaction: ZabTransaction = { ...facts, xid: 0, body };
    speculative = applyTransaction(speculative, transaction).tree;
  }
  return { type: 'multi', bodies };
}

function prepareOne(tree: ZnodeTree, operation: ForwardedOperation): TransactionBody {
  switch (operation.op) {
    case 'create':
      return prepareCreate(tree, operation);
    case 'delete': {
      if (isOwnPath(operation.path)) return failed('BADARGUMENTS');
      const node = mapGet(tree.nodes, operation.path);
      if (node === undefined) return failed('NONODE');
      if (!versionFits(node, operation.version)) return failed('BADVERSION');
      return node.children.size > 0 ? failed('NOTEMPTY') : { type: 'delete', path: operation.path };
    }
    case 'setData': {
      const node = mapGet(tree.nodes, operation.path);
      if (node === undefined) return failed('NONODE');
      return versionFits(node, operation.version)
        ? { type: 'setData', path: operation.path, data: operation.data, version: node.version + 1 }
        : failed('BADVERSION');
    }
    case 'check': {
      const node = mapGet(tree.nodes, operation.path);
      if (node === undefined) return failed('NONODE');
      return versionFits(node, operation.version) ? { type: 'check', path: operation.path, version: node.version + 1 } : failed('BADVERSION');
    }
    default:
      return failed('BADARGUMENTS');
  }
}

function versionFits(node: Znode, version: number): boolean {
  return version === ANY_VERSION || version === node.version;
}

function prepareCreate(tree: ZnodeTree, operation: Extract<WireOperation, { op: 'create' }>): TransactionBody {
  if (!isValidPath(operation.sequential ? `${operation.path}1` : operation.path)) return failed('BADARGUMENTS');
  const parent = mapGet(tree.nodes, parentOf(operation.path));
  if (parent === undefined) return failed('NONODE');
  const path = operation.sequential ? operation.path + String(parent.createdChildren).padStart(10, '0') : operation.path;
  if (mapGet(tree.nodes, path) !== undefined) return failed('NODEEXISTS');
  if (parent.ephemeralOwner !== null) return failed('NOCHILDRENFOREPHEMERALS');
  return { type: 'create', path, data: operation.data, ephemeral: operation.ephemeral, parentCVersion: parent.createdChildren + 1 };
}

/** PathUtils.validatePath: absolute, no empty or relative part, no slash at the end, no NUL. */
function isValidPath(path: string): boolean {
  if (path === '/') return true;
  if (!path.startsWith('/') || path.endsWith('/') || path.includes('\0')) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}
