import { mapGet } from '../kernel/persistent-map.ts';
import type { TransactionBody, WireOperation, ZabTransaction } from '../protocol/zookeeper-messages.ts';
import { applyTransaction, parentOf, type Znode, type ZnodeTree } from './znode-tree.ts';

const ANY_VERSION = -1;

/**
 * PrepRequestProcessor: turns a request into an idempotent transaction body against the tree with every outstanding proposal
 * already applied, or into an error body. Sequential names and new versions are settled here.
 */
export function prepareBody(tree: ZnodeTree, operation: WireOperation | { readonly op: 'createSession'; readonly timeoutMs: number }, facts: { readonly sessionId: string; readonly zxid: number; readonly timeMs: number }): TransactionBody {
  if (operation.op === 'createSession') return { type: 'createSession', timeoutMs: operation.timeoutMs };
  if (operation.op === 'closeSession') return { type: 'closeSession', expired: false };
  // A request of a session that was closed meanwhile must not leave anything behind.
  if (mapGet(tree.sessions, facts.sessionId) === undefined) return failed('SESSIONEXPIRED');
  return operation.op === 'multi' ? prepareMulti(tree, operation.operations, facts) : prepareOne(tree, operation);
}

function failed(error: string, failedIndex = 0): TransactionBody {
  return { type: 'error', error, failedIndex };
}

function prepareMulti(tree: ZnodeTree, operations: readonly WireOperation[], facts: { readonly sessionId: string; readonly zxid: number; readonly timeMs: number }): TransactionBody {
  const bodies: TransactionBody[] = [];
  let speculative = tree;
  for (const [index, operation] of operations.entries()) {
    const body = prepareOne(speculative, operation);
    if (body.type === 'error') return failed(body.error, index);
    bodies.push(body);
    const transaction: ZabTransaction = { zxid: facts.zxid, timeMs: facts.timeMs, sessionId: facts.sessionId, xid: 0, body };
    speculative = applyTransaction(speculative, transaction).tree;
  }
  return { type: 'multi', bodies };
}

function prepareOne(tree: ZnodeTree, operation: WireOperation): TransactionBody {
  switch (operation.op) {
    case 'create':
      return prepareCreate(tree, operation);
    case 'delete': {
      const node = mapGet(tree.nodes, operation.path);
      if (node === undefined || operation.path === '/') return failed(node === undefined ? 'NONODE' : 'BADARGUMENTS');
      if (!versionFits(node, operation.version)) return failed('BADVERSION');
      return node.children.size > 0 ? failed('NOTEMPTY') : { type: 'delete', path: operation.path };
    }
    case 'setData': {
      const node = mapGet(tree.nodes, operation.path);
      if (node === undefined) return failed('NONODE');
      return versionFits(node, operation.version) ? { type: 'setData', path: operation.path, data: operation.data, version: node.version + 1 } : failed('BADVERSION');
    }
    case 'check': {
      const node = mapGet(tree.nodes, operation.path);
      if (node === undefined) return failed('NONODE');
      return versionFits(node, operation.version) ? { type: 'check' } : failed('BADVERSION');
    }
    default:
      return failed('BADARGUMENTS');
  }
}

function versionFits(node: Znode, version: number): boolean {
  return version === ANY_VERSION || version === node.version;
}

function prepareCreate(tree: ZnodeTree, operation: Extract<WireOperation, { op: 'create' }>): TransactionBody {
  if (!isValidPath(operation.path, operation.sequential)) return failed('BADARGUMENTS');
  const parent = mapGet(tree.nodes, parentOf(operation.path));
  if (parent === undefined) return failed('NONODE');
  if (parent.ephemeralOwner !== null) return failed('NOCHILDRENFOREPHEMERALS');
  const path = operation.sequential ? operation.path + String(parent.cversion).padStart(10, '0') : operation.path;
  if (mapGet(tree.nodes, path) !== undefined) return failed('NODEEXISTS');
  return { type: 'create', path, data: operation.data, ephemeral: operation.ephemeral };
}

/** PathUtils.validatePath: absolute, no empty or relative part, no trailing slash. */
function isValidPath(path: string, sequential: boolean): boolean {
  const whole = sequential ? `${path}1` : path;
  if (!whole.startsWith('/') || whole.length < 2 || whole.endsWith('/')) return false;
  return whole.slice(1).split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
