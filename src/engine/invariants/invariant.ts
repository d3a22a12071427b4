import type { EventId, TraceRecord } from '../machine/contract.ts';
import type { LostTails } from './lost-tails.ts';
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
  'one-leader-an-epoch',
  'epochs-never-go-back',
  'isr-within-replicas',
  'committed-prefix',
  'acknowledged-records',
  'consumers-below-high-watermark',
  'zookeeper-agreement',
];

/** What an observer of the whole cluster knows. */
export interface Ghosts {
  readonly logs: ShadowLogs;
  /** Per partition, what a leader that was not stale held below its high watermark: batches by offset. */
  readonly committed: Map<string, ShadowBatch[]>;
  /** Per partition, what a leader of an older epoch still committed with its ISR before it heard of its successor. */
  readonly committedLate: Map<string, ShadowBatch[]>;
  /** Partitions that had an unclean election: what a leader of an older epoch acknowledges there is promised by nobody. */
  readonly unclean: Set<string>;
  /** Per partition, the batches acknowledged with acks=all and promised since. */
  readonly acknowledged: Map<string, ShadowBatch[]>;
  /** Per partition, below what offset some replica's cleaner may have written batches anew, or retention and clients let records go. */
  readonly cleanedBelow: Map<string, number>;
  readonly lostTails: LostTails;
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
  /**
   * `unclean election`: a replica outside the ISR was made leader. `power cut of every in-sync copy`: no member of the ISR held the
   * record any more. `power cut of a replica counted in sync`: others of the ISR still held it, but a member that had lost its tail
   * and was back before anybody missed it leads (known of Kafka before KIP-966).
   */
  readonly kind: 'unclean election' | 'power cut of every in-sync copy' | 'power cut of a replica counted in sync';
  readonly partition: string;
  readonly fromOffset: number;
}

export function partitionKey(event: { topic: string; partition: number }): string {
  return `${event.topic}-${event.partition}`;
}
