import type { ZkMultiOperation, ZkOperation, ZkResult, ZkStat } from '../zookeeper-client/contract.ts';
import type { Work } from './state.ts';
import { CONTROLLER_EPOCH_PATH } from './znodes.ts';

/** What is asked of ZooKeeper and how its answers are read. */
export const read = (path: string, watch = false): ZkOperation => ({ op: 'getData', path, watch });
export const listen = (path: string): ZkOperation => ({ op: 'getChildren', path, watch: true });

/** A write that is done only while nobody else has become the controller. */
export function guarded(work: Work, operation: ZkMultiOperation): ZkOperation {
  const check = { op: 'check', path: CONTROLLER_EPOCH_PATH, version: work.state.active?.epochVersion ?? -1 } as const;
  return { op: 'multi', operations: [check, operation] };
}

/** True for a guarded write that was refused because the controller's epoch is not the newest any more, or for a session that is over. */
export function isFenced(result: ZkResult): boolean {
  return !result.ok && result.op === 'multi' && (result.failedIndex === 0 || result.error === 'SESSIONEXPIRED');
}

/** Stat of what a guarded setData or create left; null if it did neither. */
export function statOfWrite(result: ZkResult | undefined): ZkStat | null {
  const inner = result?.ok === true && result.op === 'multi' ? result.results[1] : undefined;
  return inner?.ok === true && (inner.op === 'setData' || inner.op === 'create') ? inner.stat : null;
}

export function childrenOf(result: ZkResult | undefined): readonly string[] {
  return result?.ok === true && result.op === 'getChildren' ? result.children : [];
}

export interface Found {
  readonly data: string;
  readonly stat: ZkStat;
}

export function found(result: ZkResult | undefined): Found | null {
  return result?.ok === true && result.op === 'getData' ? { data: result.data, stat: result.stat } : null;
}
