import { assert } from '../../kernel/assert.ts';
import { emptyMap, mapDelete, mapGet, mapSet, mapValues, type PersistentMap } from '../../kernel/persistent-map.ts';
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
 * DelayedOperationPurgatory as plain data: operations, and for each partition who watches it. Each operation has a timer of its
 * own, named after its request.
 */
export interface Purgatory<Operation extends DelayedOperation> {
  /** Owner of the expiry timers. */
  readonly owner: string;
  readonly operations: PersistentMap<Operation>;
  /** Key to request ids, oldest first. */
  readonly watchers: PersistentMap<readonly number[]>;
}

const NOBODY: readonly number[] = [];

export function newPurgatory<Operation extends DelayedOperation>(owner: string): Purgatory<Operation> {
  return { owner, operations: emptyMap(), watchers: emptyMap() };
}

/** When an operation that may wait `maxWaitMs` expires. */
export function expiryUs(nowUs: InstantUs, maxWaitMs: number): InstantUs {
  return nowUs + msToUs(Math.max(0, maxWaitMs));
}

export function park<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, operation: Operation, scope: BrokerScope): Purgatory<Operation> {
  const name = String(operation.requestId);
  assert(mapGet(purgatory.operations, name) === undefined, 'a request that is not parked already');
  let { watchers } = purgatory;
  for (const key of operation.keys) {
    const watching = mapGet(watchers, key) ?? NOBODY;
    watchers = mapSet(watchers, key, watching.length === 0 ? [operation.requestId] : [...watching, operation.requestId]);
  }
  scope.effects.push({ type: 'setTimer', owner: purgatory.owner, name, atUs: operation.expiresUs });
  return { owner: purgatory.owner, operations: mapSet(purgatory.operations, name, operation), watchers };
}

/** The operation's new form (what it already knows of some partitions), under the same keys. */
export function replaceOperation<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, operation: Operation): Purgatory<Operation> {
  return { owner: purgatory.owner, operations: mapSet(purgatory.operations, String(operation.requestId), operation), watchers: purgatory.watchers };
}

/** Takes an operation out, with its watches and its timer. */
export function unpark<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, operation: Operation, scope: BrokerScope): Purgatory<Operation> {
  const name = String(operation.requestId);
  let { watchers } = purgatory;
  for (const key of operation.keys) {
    const left = (mapGet(watchers, key) ?? NOBODY).filter((requestId) => requestId !== operation.requestId);
    watchers = left.length === 0 ? mapDelete(watchers, key) : mapSet(watchers, key, left);
  }
  scope.effects.push({ type: 'cancelTimer', owner: purgatory.owner, name });
  return { owner: purgatory.owner, operations: mapDelete(purgatory.operations, name), watchers };
}

export function findOperation<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, requestId: number): Operation | null {
  return mapGet(purgatory.operations, String(requestId)) ?? null;
}

/** Requests that watch a partition, oldest first. */
export function watchersOf<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>, key: string): readonly number[] {
  return mapGet(purgatory.watchers, key) ?? NOBODY;
}

/** Everything parked, oldest first, as a picture shows it. */
export function parkedOperations<Operation extends DelayedOperation>(purgatory: Purgatory<Operation>): readonly Operation[] {
  return mapValues(purgatory.operations).sort((a, b) => a.parkedUs - b.parkedUs || a.requestId - b.requestId);
}
