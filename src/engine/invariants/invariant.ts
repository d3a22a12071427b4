import type { EventId, TraceRecord } from '../machine/contract.ts';
import type { ShadowBatch, ShadowLogs } from './shadow-logs.ts';

/**
 * One claim about every run. A checker reads the trace in the one order of events and keeps what the brokers cannot know.
 * A breach is reported once, with the event that showed it.
 */
export interface Invariant {
  readonly id: InvariantId;
  /** After each trace event, with the ghost state already brought up to date. */
  onTrace(record: TraceRecord, ghosts: Ghosts): void;
}

export type InvariantId =
  | 'one-leader-an-epoch'
  | 'epochs-never-go-back'
  | 'isr-within-replicas'
  | 'committed-prefix'
  | 'acknowledged-records'
  | 'consumers-below-high-watermark'
  | 'zookeeper-agreement';

export const INVARIANT_IDS: readonly InvariantId[] = [
  'one-leader-an-epoch', 'epochs-never-go-back', 'isr-within-replicas', 'committed-prefix', 'acknowledged-records',
  'consumers-below-high-watermark', 'zookeeper-agreement',
];

/** What an observer of the whole cluster knows. */
export interface Ghosts {
  readonly logs: ShadowLogs;
  /** Per partition, what a leader that was not stale held below its high watermark: batches by offset. */
  readonly committed: Map<string, ShadowBatch[]>;
  /** Why the promise to keep committed records is void for a partition from some moment on. */
  readonly voided: Map<string, Loss['kind']>;
  readonly losses: Loss[];
  readonly breaches: Breach[];
  readonly brokerOfHost: Map<string, number>;
  /** The newest leader epoch and ISR that a controller wrote, by partition. */
  readonly isr: Map<string, { leader: number; leaderEpoch: number; isr: readonly number[] }>;
}

export interface Breach {
  readonly invariant: InvariantId;
  readonly at: EventId;
  readonly detail: string;
}

/** A loss that faults explain: told to the reader as such, and no breach. */
export interface Loss {
  readonly at: EventId;
  readonly kind: 'unclean election' | 'power cut of every in-sync copy';
  readonly partition: string;
  readonly fromOffset: number;
}

export function partitionKey(event: { topic: string; partition: number }): string {
  return `${event.topic}-${event.partition}`;
}
