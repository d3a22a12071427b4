import { assert } from '../kernel/assert.ts';

/** A chart as plain data: the page hands the very same data to its state-chart panel. Events are named after their target. */
export interface Chart<State extends string> {
  readonly initial: State;
  readonly states: Readonly<Record<State, { readonly on: Readonly<Partial<Record<string, State>>> }>>;
}

export type PartitionState = 'NonExistentPartition' | 'NewPartition' | 'OnlinePartition' | 'OfflinePartition';
export type ReplicaState =
  | 'NonExistentReplica'
  | 'NewReplica'
  | 'OnlineReplica'
  | 'OfflineReplica'
  | 'ReplicaDeletionStarted'
  | 'ReplicaDeletionSuccessful'
  | 'ReplicaDeletionIneligible';

/** PartitionStateMachine's valid previous states, the other way round. */
export const PARTITION_CHART: Chart<PartitionState> = {
  initial: 'NonExistentPartition',
  states: {
    NonExistentPartition: { on: { NEW: 'NewPartition' } },
    NewPartition: { on: { ONLINE: 'OnlinePartition', OFFLINE: 'OfflinePartition' } },
    OnlinePartition: { on: { ONLINE: 'OnlinePartition', OFFLINE: 'OfflinePartition' } },
    OfflinePartition: { on: { ONLINE: 'OnlinePartition', OFFLINE: 'OfflinePartition', NON_EXISTENT: 'NonExistentPartition' } },
  },
};

/** ReplicaStateMachine's valid previous states, the other way round. */
export const REPLICA_CHART: Chart<ReplicaState> = {
  initial: 'NonExistentReplica',
  states: {
    NonExistentReplica: { on: { NEW: 'NewReplica' } },
    NewReplica: { on: { ONLINE: 'OnlineReplica', OFFLINE: 'OfflineReplica' } },
    OnlineReplica: { on: { ONLINE: 'OnlineReplica', OFFLINE: 'OfflineReplica' } },
    OfflineReplica: {
      on: { ONLINE: 'OnlineReplica', OFFLINE: 'OfflineReplica', DELETION_STARTED: 'ReplicaDeletionStarted', DELETION_INELIGIBLE: 'ReplicaDeletionIneligible' },
    },
    ReplicaDeletionStarted: { on: { DELETION_SUCCESSFUL: 'ReplicaDeletionSuccessful', DELETION_INELIGIBLE: 'ReplicaDeletionIneligible' } },
    ReplicaDeletionSuccessful: { on: { NON_EXISTENT: 'NonExistentReplica' } },
    ReplicaDeletionIneligible: { on: { ONLINE: 'OnlineReplica', OFFLINE: 'OfflineReplica' } },
  },
};

/** The state after `event`; an illegal one is a bug of ours. */
export function stepChart<State extends string>(chart: Chart<State>, state: State, event: string): State {
  const next = chart.states[state].on[event];
  assert(next !== undefined, `${event} to be legal in ${state}`);
  return next;
}

/** Whether the chart has that transition. */
export function canStep<State extends string>(chart: Chart<State>, state: State, event: string): boolean {
  return chart.states[state].on[event] !== undefined;
}

/** The event that leads to each state of a replica. */
export const REPLICA_EVENTS: Readonly<Record<ReplicaState, string>> = {
  NonExistentReplica: 'NON_EXISTENT',
  NewReplica: 'NEW',
  OnlineReplica: 'ONLINE',
  OfflineReplica: 'OFFLINE',
  ReplicaDeletionStarted: 'DELETION_STARTED',
  ReplicaDeletionSuccessful: 'DELETION_SUCCESSFUL',
  ReplicaDeletionIneligible: 'DELETION_INELIGIBLE',
};
