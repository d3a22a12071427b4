import type { Scope } from '../kernel/scope.ts';
import type { SystemEffect } from '../kernel/system.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZkCall, ZkOperation } from '../zookeeper-client/contract.ts';
import { callZooKeeper } from '../zookeeper-client/session.ts';
import { updateState, type Work } from './kafka-server-state.ts';

/** The step's scope as the session sees it: it only adds effects, all of which a kafka-server has too. */
export function sessionScope(work: Work): Scope<SystemEffect<WireMessage, never>> {
  return work.scope as Scope<SystemEffect<WireMessage, never>>;
}

export function callFromPart(work: Work, call: ZkCall): void {
  updateState(work, { session: callZooKeeper(work.state.session, call, sessionScope(work)) });
}

/** Tags of the process's own calls. */
export const SERVER_TAG = 'server';

export function askZooKeeper(work: Work, what: string, operations: readonly ZkOperation[]): void {
  callFromPart(work, { type: 'zk', tag: `${SERVER_TAG}-${what}`, operations });
}
