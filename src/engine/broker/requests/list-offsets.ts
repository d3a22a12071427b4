import type { Codecs } from '../../kernel/codecs.ts';
import { EARLIEST_LOCAL_TIMESTAMP, EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, offsetForTimestamp, type TimestampAndOffset } from '../../log/list-offsets.ts';
import { lastStableOffset } from '../../log/log-state.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import type { ListOffsetsRequestListOffsetsPartition } from '../../protocol/generated/list-offsets-request.ts';
import type { ListOffsetsResponseListOffsetsPartitionResponse } from '../../protocol/generated/list-offsets-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import { getPartition, notHostedError, partitionKey, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { checkAccess, type Partition } from '../replication/partition.ts';

const CONSUMER_REPLICA_ID = -1;
const DEBUGGING_REPLICA_ID = -2;
const READ_COMMITTED = 1;

type Bound = 'logEnd' | 'highWatermark' | 'txnCommitted';
type Lookup = { readonly error: ErrorName } | { readonly error: null; readonly found: TimestampAndOffset | null };

interface Asker {
  readonly bound: Bound;
  readonly onlyLeader: boolean;
  readonly from: string;
  readonly codecs: Codecs;
}

/** ListOffsets (KafkaApis.handleListOffsetRequestV1AndAbove). */
export function onListOffsets(state: BrokerState, requestId: number, frame: RequestFrameOf<'ListOffsets'>, scope: BrokerScope): BrokerState {
  const asker = askerOf(frame, scope.context.codecs);
  const topics = frame.body.topics.map((topic) => ({
    name: topic.name,
    partitions: topic.partitions.map((asked) => {
      const result = lookUp(state, topic.name, asked, asker);
      if (result.error !== null) {
        const at = { brokerId: state.identity.brokerId, topic: topic.name, partition: asked.partitionIndex };
        scope.effects.push({ type: 'trace', event: { type: 'RequestRefused', ...at, api: 'ListOffsets', error: result.error, from: asker.from } });
      }
      return answer(asked.partitionIndex, result);
    }),
  }));
  scope.effects.push({ type: 'respond', requestId, api: 'ListOffsets', body: { throttleTimeMs: 0, topics } });
  return state;
}

/** A consumer sees committed offsets, a follower the log's end. */
function askerOf(frame: RequestFrameOf<'ListOffsets'>, codecs: Codecs): Asker {
  const { replicaId, isolationLevel } = frame.body;
  const onlyLeader = replicaId !== DEBUGGING_REPLICA_ID;
  if (replicaId !== CONSUMER_REPLICA_ID) return { bound: 'logEnd', onlyLeader, from: replicaId >= 0 ? `broker-${replicaId}` : frame.clientId, codecs };
  return { bound: isolationLevel === READ_COMMITTED ? 'txnCommitted' : 'highWatermark', onlyLeader, from: frame.clientId, codecs };
}

function lookUp(state: BrokerState, topic: string, asked: ListOffsetsRequestListOffsetsPartition, asker: Asker): Lookup {
  const partition = getPartition(state, partitionKey(topic, asked.partitionIndex));
  if (partition === null) return { error: notHostedError(state, topic, asked.partitionIndex) };
  const error = checkAccess(partition, { currentLeaderEpoch: asked.currentLeaderEpoch, onlyLeader: asker.onlyLeader });
  return error === null ? fetchOffset(partition, asked.timestamp, asker) : { error };
}

/**
 * Partition.fetchOffsetForTimestamp. While a new leader's high watermark is below the start of its epoch, a client is not told
 * where the partition ends: records that were committed before may still be above.
 */
function fetchOffset(partition: Partition, timestampMs: number, { bound, codecs }: Asker): Lookup {
  const { log, role } = partition;
  const end = lastFetchable(partition, bound);
  const lagging = bound !== 'logEnd' && role.kind === 'leader' && role.epochStartOffset > log.highWatermark;
  switch (timestampMs) {
    case LATEST_TIMESTAMP:
      return lagging ? { error: 'OFFSET_NOT_AVAILABLE' } : { error: null, found: { timestampMs: -1, offset: end, leaderEpoch: partition.leaderEpoch } };
    case EARLIEST_TIMESTAMP:
    case EARLIEST_LOCAL_TIMESTAMP:
      return { error: null, found: offsetForTimestamp(log, timestampMs, codecs) };
    default: {
      const found = offsetForTimestamp(log, timestampMs, codecs);
      if (found !== null && found.offset < end) return { error: null, found };
      return lagging ? { error: 'OFFSET_NOT_AVAILABLE' } : { error: null, found: null };
    }
  }
}

function lastFetchable(partition: Partition, bound: Bound): number {
  switch (bound) {
    case 'logEnd':
      return partition.log.logEndOffset;
    case 'highWatermark':
      return partition.log.highWatermark;
    case 'txnCommitted':
      return lastStableOffset(partition.log);
  }
}

function answer(partitionIndex: number, result: Lookup): ListOffsetsResponseListOffsetsPartitionResponse {
  const found = result.error === null ? result.found : null;
  return {
    partitionIndex,
    errorCode: result.error === null ? 0 : errorCode(result.error),
    oldStyleOffsets: [],
    timestamp: found?.timestampMs ?? -1,
    offset: found?.offset ?? -1,
    leaderEpoch: found?.leaderEpoch ?? -1,
  };
}
