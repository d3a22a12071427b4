import { assert } from '../kernel/assert.ts';
import type { WireErrorName, WireResult } from '../protocol/zookeeper-types.ts';
import type { ZkErrorName, ZkOperation, ZkResult } from './contract.ts';

type Asked = ZkOperation | { readonly op: 'check' };

/** What a server answered to an operation, as its user is told. */
export function resultOf(operation: Asked, wire: WireResult): ZkResult {
  if (wire.error !== null) return refused(operation, errorNameOf(wire.error), wire.failedIndex);
  switch (operation.op) {
    case 'create':
      return { ok: true, op: 'create', path: given(wire.path), stat: given(wire.stat) };
    case 'setData':
    case 'exists':
      return { ok: true, op: operation.op, stat: given(wire.stat) };
    case 'getData':
      return { ok: true, op: 'getData', data: given(wire.data), stat: given(wire.stat) };
    case 'getChildren':
      return { ok: true, op: 'getChildren', children: given(wire.children), stat: given(wire.stat) };
    case 'multi':
      return { ok: true, op: 'multi', results: operation.operations.map((inner, i) => resultOf(inner, given(wire.results?.[i]))) };
    case 'delete':
    case 'sync':
    case 'check':
      return { ok: true, op: operation.op };
  }
}

function refused(operation: Asked, error: ZkErrorName, failedIndex: number | undefined): ZkResult {
  return failedIndex === undefined ? { ok: false, op: operation.op, error } : { ok: false, op: operation.op, error, failedIndex };
}

/** A session that moved is told so by the server it left, over a connection that nobody listens to any more. */
function errorNameOf(error: WireErrorName): ZkErrorName {
  return error === 'SESSIONMOVED' ? 'CONNECTIONLOSS' : error;
}

function given<T>(value: T | undefined): T {
  assert(value !== undefined, 'an answer with what the operation gives');
  return value;
}
