/**
 * What a scenario says of its own run: a predicate over state and trace. A claim of state is judged with the world standing
 * exactly at `atMs`: everything before that instant has happened, nothing at it. A claim over the trace counts events at or
 * after `sinceMs` (absent: from the start) and before `atMs`.
 */
export type Claim = PartitionClaim | RecordClaim | ClusterClaim | TraceClaim | SafetyClaim;

export type ClaimOf<Type extends Claim['type']> = Extract<Claim, { type: Type }>;

interface OnPartition {
  readonly atMs: number;
  readonly topic: string;
  readonly partition: number;
}

interface Span {
  readonly atMs: number;
  readonly sinceMs?: number;
}

/** Inclusive; a claim gives at least one of them. */
export interface Bounds {
  readonly atLeast?: number;
  readonly atMost?: number;
}

export type PartitionClaim =
  /** As ZooKeeper's committed state znode has it; -1: nobody leads. */
  | (OnPartition & { readonly type: 'leader'; readonly leader: number; readonly leaderEpoch?: number })
  /** The same znode. Its order counts (who comes back stands last), unless `anyOrder`. */
  | (OnPartition & { readonly type: 'isr'; readonly isr: readonly number[]; readonly anyOrder?: true })
  /** What one broker itself believes and holds, fresh or stale; a broker that does not run: what its files say. */
  | (OnPartition & {
      readonly type: 'replica';
      readonly brokerId: number;
      readonly role?: 'leader' | 'follower' | 'offline' | 'none';
      readonly leader?: number;
      readonly leaderEpoch?: number;
      readonly highWatermark?: number;
      readonly logEndOffset?: number;
    })
  /** Of the cluster's leader, or of the broker named. */
  | (OnPartition & Bounds & { readonly type: 'highWatermark'; readonly brokerId?: number })
  /** The same at `fromMs` and at `atMs`, and never moved between. */
  | (OnPartition & { readonly type: 'highWatermarkUnchanged'; readonly fromMs: number; readonly brokerId?: number });

export type RecordClaim =
  /** Values from the log's start to its end: of the broker named, else of every broker that is assigned. */
  | (OnPartition & { readonly type: 'logEquals'; readonly records: readonly string[]; readonly brokerId?: number })
  /** Every assigned broker runs, has all that is committed, and no two of them differ at an offset that both hold. */
  | (OnPartition & { readonly type: 'logsAgree' })
  /** It was acknowledged to its producer, and no assigned broker has it any more. */
  | (OnPartition & { readonly type: 'recordLost'; readonly value: string })
  /** Records that producers were told are kept. */
  | (Span &
      Bounds & { readonly type: 'acknowledged'; readonly client?: string; readonly topic?: string; readonly partition?: number; readonly acks?: -1 | 0 | 1 })
  /** Offset of the next record that the consumer will read. */
  | (OnPartition & Bounds & { readonly type: 'consumed'; readonly client: string });

export type ClusterClaim =
  /** The content of `/controller` (-1: no such node) and of `/controller_epoch`. */
  | { readonly type: 'controller'; readonly atMs: number; readonly brokerId?: number; readonly epoch?: number; readonly epochAtLeast?: number }
  /** The children of `/brokers/ids`, ascending: who has a session, not who runs. */
  | { readonly type: 'liveBrokers'; readonly atMs: number; readonly brokerIds: readonly number[] }
  /** Whether a running server leads and a majority, it included, runs with it. */
  | { readonly type: 'zooKeeperQuorum'; readonly atMs: number; readonly holds: boolean; readonly leader?: number }
  | {
      readonly type: 'process';
      readonly atMs: number;
      readonly machine: string;
      readonly is: 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'killed' | 'off';
    };

/** An event by its type and fields. A text or number for a list of them means: it is among them. */
export interface EventPattern {
  readonly event: string;
  readonly where?: Readonly<Record<string, PatternValue>>;
}

export type PatternValue = string | number | boolean | readonly string[] | readonly number[];

export type TraceClaim =
  | (Span & Bounds & EventPattern & { readonly type: 'traceCount' })
  /** Each happened, one after the other; what lies between does not matter. */
  | (Span & { readonly type: 'inOrder'; readonly events: readonly EventPattern[] })
  /** A client (or the one named) was given this error by a broker, or gave up with it. */
  | (Span & { readonly type: 'refused'; readonly error: string; readonly client?: string })
  /** A command of this kind was refused, by Kafka with its error or with a plain sentence that has `because` in it. */
  | (Span & { readonly type: 'commandRefused'; readonly command: string; readonly because?: string });

export type SafetyClaim =
  /** Every record acknowledged by a leader (acks=1) or by the ISR (acks=all) stands at its offset in the leader's log. */
  | { readonly type: 'noAcknowledgedRecordLost'; readonly atMs: number; readonly topic?: string; readonly acks?: -1 | 1 }
  /** Faults voided the promise of acks=all, in this way. */
  | (OnPartition & {
      readonly type: 'promiseVoided';
      readonly kind: 'unclean election' | 'power cut of every in-sync copy' | 'power cut of a replica counted in sync';
    })
  /** No invariant was broken so far. */
  | { readonly type: 'invariantsHold'; readonly atMs: number };
