import type { Mutable } from '../../kernel/mutable.ts';
import type { PersistentArray } from '../../kernel/persistent-array.ts';
import type { PersistentMap } from '../../kernel/persistent-map.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { SystemEffect } from '../../kernel/system.ts';
import type { HostName, InstantUs } from '../../kernel/units.ts';
import type { NetworkClientState } from '../../network-client/network-client.ts';
import type { Compression, RecordToWrite } from '../../protocol/record-batch.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Configs } from '../shared/client-configs.ts';
import type { ClientMetadata } from '../shared/metadata.ts';
import type { CompressionTally } from './compression.ts';
import type { ClientTrace } from '../trace.ts';

export interface ProducerConfig {
  readonly clientId: string;
  readonly bootstrap: readonly { readonly host: HostName; readonly port: number }[];
  readonly configs: Configs;
  readonly workload: Workload;
}

export interface Workload {
  readonly topic: string;
  readonly recordsPerSecond: number;
  readonly keyCount: number;
  readonly valueBytes: number;
  readonly recordCount?: number;
}

/** A record sent by hand. */
export interface ProduceCommand {
  readonly type: 'produce';
  readonly client: string;
  readonly topic: string;
  readonly partition: number | null;
  readonly key: string | null;
  /** Null: a tombstone. */
  readonly value: string | null;
  readonly commandId: number;
}

/** A record on its way into a batch. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition: number | null;
  readonly record: RecordToWrite;
  readonly value: string;
}

/** A record in a batch, and its value as text, by which events name it. */
export interface BatchedRecord {
  readonly record: RecordToWrite;
  readonly value: string;
}

/** ProducerBatch: the records of one partition that travel together. */
export interface ProducerBatch {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  readonly records: PersistentArray<BatchedRecord>;
  /** Upper bound of its size without compression; its memory. */
  readonly sizeBytes: number;
  /** What its topic's batches shrink to, by what was known when it began. */
  readonly estimatedRatio: number;
  readonly createdUs: InstantUs;
  readonly attempts: number;
  /** A retry waits until then. */
  readonly notBeforeUs: InstantUs;
  readonly closed: boolean;
  /** Leader epoch of its partition when it was last sent, -1 before: a retry does not wait where a newer leader is known. */
  readonly sentLeaderEpoch: number;
}

export interface ProducerRequest {
  readonly nodeId: number;
  readonly batches: readonly ProducerBatch[];
  /** Partitions whose batch in this request has expired meanwhile. */
  readonly expiredKeys: readonly string[];
}

export interface ProducerState {
  readonly config: ProducerConfig;
  readonly settings: ProducerSettings;
  readonly net: NetworkClientState;
  readonly metadata: ClientMetadata;
  /** The accumulator: a deque of batches per partition (`orders-0`); the last one may still grow. */
  readonly queues: PersistentMap<readonly ProducerBatch[]>;
  /** Requests under way by tag. */
  readonly requests: PersistentMap<ProducerRequest>;
  /** Partitions with a batch under way, when only one may be (max.in.flight 1). */
  readonly muted: readonly string[];
  /** Records whose send() blocks: no metadata yet, or no memory. First in, first out. */
  readonly blocked: readonly { readonly record: OutgoingRecord; readonly sinceUs: InstantUs }[];
  readonly sticky: PersistentMap<{ readonly partition: number; readonly bytes: number }>;
  readonly nextBatchId: number;
  readonly usedBytes: number;
  readonly generated: number;
  /** The workload's grid: record n since `sinceUs` is due n intervals after it; null before the first. */
  readonly grid: { readonly sinceUs: InstantUs; readonly count: number } | null;
  /** Counts starts of this process; values of a later one have it in their text, so that none comes twice. */
  readonly incarnation: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** CompressionRatioEstimator's estimate by topic; none without compression. */
  readonly compressionRatios: PersistentMap<number>;
  readonly compressed: CompressionTally;
}

export interface ProducerSettings {
  readonly acks: -1 | 0 | 1;
  readonly batchSizeBytes: number;
  readonly lingerMs: number;
  readonly bufferBytes: number;
  readonly maxBlockMs: number;
  readonly maxRequestBytes: number;
  readonly requestTimeoutMs: number;
  readonly deliveryTimeoutMs: number;
  readonly retries: number;
  readonly retryBackoffMs: number;
  readonly retryBackoffMaxMs: number;
  readonly maxInFlight: number;
  readonly compression: Compression;
}

export type ProducerScope = Scope<SystemEffect<WireMessage, ClientTrace>>;

/** A step's own copy of the state, changed in place until the step ends. */
export function copyProducer(state: ProducerState): Mutable<ProducerState> {
  return {
    config: state.config,
    settings: state.settings,
    net: state.net,
    metadata: state.metadata,
    queues: state.queues,
    requests: state.requests,
    muted: state.muted,
    blocked: state.blocked,
    sticky: state.sticky,
    nextBatchId: state.nextBatchId,
    usedBytes: state.usedBytes,
    generated: state.generated,
    grid: state.grid,
    incarnation: state.incarnation,
    acknowledged: state.acknowledged,
    failed: state.failed,
    compressionRatios: state.compressionRatios,
    compressed: state.compressed,
  };
}

/** One step in the making. */
export interface Work {
  readonly state: Mutable<ProducerState>;
  readonly scope: ProducerScope;
}

export function queueKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}
