import { assert } from '../../kernel/assert.ts';
import { msToUs, type InstantUs } from '../../kernel/units.ts';
import type { BrokerScope } from '../contract.ts';

/** A parked request. Its connection is muted until it is answered, so the request id names it. */
export interface DelayedOperation {
  readonly requestId: number;
  readonly parkedUs: InstantUs;
  readonly expiresUs: InstantUs;
  /** Keys of the partitions it waits for (`orders-0`). */
  readonly keys: readonly string[];
}

/**
 * DelayedOperationPurgatory as plain data: what is parked, oldest first. A connection parks one request at the most, so the list is
 * short, and who watches a partition is read off it. Each operation has a timer of its own, named after its request.
 */
export interface Purgatory<Operation extends DelayedOperation> {
  /** Owner of the expiry timers. */
  readonly owner: string;
  readonly operations: readonly Operation[];
}

export function newPurgatory<Operation extends DelayedOperation>(owner: string): Purgatory<Operation> {
  return { owner, operations: [] };
}

/** When an operation that may wait `maxWaitMs` expires. */
export function expiryUs(nowUs: InstantUs, maxWaitMs: number): InstantUs {
  return nowUs + msToUs(Math.max(0, maxWaitMs));
}

export function park<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, operation: Operation, scope: BrokerScope): Purgatory<Operation> {
  assert(findOperation(purgatory, operation.requestId) === null, 'a request that is not parked already');
  scope.effects.push({ type: 'setTimer', owner: purgatory.owner, name: String(operation.requestId), atUs: operation.expiresUs });
  return { owner: purgatory.owner, operations: [...purgatory.operations, operation] };
}

/** The operation's new form (what it already knows of some partitions), in its old place. */
export function replaceOperation<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, operation: Operation): Purgatory<Operation> {
  return { owner: purgatory.owner, operations: purgatory.operations.map((other) => (other.requestId === operation.requestId ? operation : other)) };
}

/** Takes an operation out, with its timer. */
export function unpark<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, operation: Operation, scope: BrokerScope): Purgatory<Operation> {
  scope.effects.push({ type: 'cancelTimer', owner: purgatory.owner, name: String(operation.requestId) });
  return { owner: purgatory.owner, operations: purgatory.operations.filter((other) => other.requestId !== operation.requestId) };
}

export function findOperation<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, requestId: number): Operation | null {
  for (const operation of purgatory.operations) if (operation.requestId === requestId) return operation;
  return null;
}

/** Requests that watch a partition, oldest first. */
export function watchersOf<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, key: string): readonly number[] {
  const watching: number[] = [];
  for (const { requestId, keys } of purgatory.operations) if (keys.includes(key)) watching.push(requestId);
  return watching;
}
