import type { BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionId, Uuid } from '../../kernel/units.ts';
import type { ErrorName } from '../../protocol/errors.ts';
import type { FetchRequestFetchPartition } from '../../protocol/generated/fetch-request.ts';
import type { ProduceResponsePartitionProduceResponse } from '../../protocol/generated/produce-response.ts';
import type { DelayedOperation } from './purgatory.ts';

/** DelayedProduce: acks=all, appended, waiting for the high watermark to pass each batch. */
export interface DelayedProduce extends DelayedOperation {
  readonly clientId: string;
  readonly partitions: readonly ProduceStatus[];
}

export interface ProduceStatus {
  readonly key: string;
  readonly topic: string;
  readonly partition: PartitionId;
  /** The high watermark that answers it. */
  readonly requiredOffset: Offset;
  readonly acksPending: boolean;
  /** The answer so far; REQUEST_TIMED_OUT while acks are pending. */
  readonly response: ProduceResponsePartitionProduceResponse;
}

/** DelayedDeleteRecords: the leader's log starts later, and some live replica's does not yet. */
export interface DelayedDeleteRecords extends DelayedOperation {
  readonly partitions: readonly DeleteRecordsStatus[];
}

export interface DeleteRecordsStatus {
  readonly key: string;
  readonly topic: string;
  readonly partition: PartitionId;
  /** The low watermark that answers it. */
  readonly requestedOffset: Offset;
  readonly pending: boolean;
  /** The least log start of the live replicas, as last seen; -1 while unknown. */
  readonly lowWatermark: Offset;
  /** REQUEST_TIMED_OUT while it is pending. */
  readonly error: ErrorName;
}

/** DelayedFetch: nothing, or too little, to read yet. */
export interface DelayedFetch extends DelayedOperation {
  readonly params: FetchParams;
  readonly topics: readonly FetchTopicStatus[];
}

export type FetchIsolation = 'logEnd' | 'highWatermark' | 'txnCommitted';

/** Who fetches and under which rules, for all partitions of a request alike. */
export interface FetchParams {
  readonly version: number;
  /** -1: a consumer. */
  readonly replicaId: BrokerId;
  readonly replicaEpoch: BrokerEpoch;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolation: FetchIsolation;
  /** Followers and old consumers are served by the leader alone. */
  readonly onlyLeader: boolean;
  /** For events: client.id, or `broker-2`. */
  readonly from: string;
}

export interface FetchTopicStatus {
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partitions: readonly FetchPartitionStatus[];
}

export interface FetchPartitionStatus {
  /** `orders-0`; empty, as is the topic, for an unknown topic id. */
  readonly key: string;
  readonly topic: string;
  readonly fetch: FetchRequestFetchPartition;
  /** Found when the request came, before any reading (UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION). */
  readonly error: ErrorName | null;
}

/** Whether a fetch comes from another broker. */
export function isFromFollower(params: FetchParams): boolean {
  return params.replicaId >= 0;
}

/** -1 as "not given", as on the wire. */
export const NO_FETCHED_EPOCH: LeaderEpoch = -1;
