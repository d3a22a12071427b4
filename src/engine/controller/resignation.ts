import { errorCode } from '../protocol/errors.ts';
import { allocateProducerIdsResponse } from '../protocol/generated/allocate-producer-ids-response.ts';
import { alterPartitionReassignmentsResponse } from '../protocol/generated/alter-partition-reassignments-response.ts';
import { alterPartitionResponse } from '../protocol/generated/alter-partition-response.ts';
import { controlledShutdownResponse } from '../protocol/generated/controlled-shutdown-response.ts';
import { electLeadersResponse } from '../protocol/generated/elect-leaders-response.ts';
import { listPartitionReassignmentsResponse } from '../protocol/generated/list-partition-reassignments-response.ts';
import type { RequestFrame } from '../protocol/wire.ts';
import { closeAllChannels } from './channels.ts';
import { CONTROLLER_OWNER, enqueue, type Work } from './state.ts';

/** Not the controller any more: nothing is written, everything that waits is refused (onControllerResignation). */
export function resign(work: Work): void {
  const { active, queue, current } = work.state;
  if (active !== null) {
    work.scope.effects.push({ type: 'trace', event: { type: 'ControllerResigned', brokerId: work.state.config.brokerId, controllerEpoch: active.epoch } });
    work.scope.effects.push({ type: 'cancelTimer', owner: CONTROLLER_OWNER, name: 'rebalance' });
    closeAllChannels(work);
  }
  for (const event of [...(current === null ? [] : [current.event]), ...queue]) if (event.type === 'Request') refuseAll(work, event.requestId, event.frame);
  work.state = { ...work.state, active: null, current: null, queue: queue.filter((event) => event.type === 'Elect' || event.type === 'ControllerChange') };
}

/** A write was refused, as another has become the controller: what we know is stale, and who it is has to be found out (ControllerMovedException). */
export function deposed(work: Work): void {
  resign(work);
  enqueue(work, { type: 'ControllerChange' });
}

/** The answer of a broker that is not the controller. */
export function refuseAll(work: Work, requestId: number, frame: RequestFrame): void {
  const code = errorCode('NOT_CONTROLLER');
  const { effects } = work.scope;
  switch (frame.api) {
    case 'AlterPartition':
      effects.push({ type: 'respond', requestId, api: 'AlterPartition', body: alterPartitionResponse({ errorCode: code }) });
      return;
    case 'ControlledShutdown':
      effects.push({ type: 'respond', requestId, api: 'ControlledShutdown', body: controlledShutdownResponse({ errorCode: code }) });
      return;
    case 'ElectLeaders':
      effects.push({ type: 'respond', requestId, api: 'ElectLeaders', body: electLeadersResponse({ errorCode: code }) });
      return;
    case 'AlterPartitionReassignments':
      effects.push({ type: 'respond', requestId, api: 'AlterPartitionReassignments', body: alterPartitionReassignmentsResponse({ errorCode: code }) });
      return;
    case 'ListPartitionReassignments':
      effects.push({ type: 'respond', requestId, api: 'ListPartitionReassignments', body: listPartitionReassignmentsResponse({ errorCode: code }) });
      return;
    default:
      effects.push({ type: 'respond', requestId, api: 'AllocateProducerIds', body: allocateProducerIdsResponse({ errorCode: code }) });
  }
}
