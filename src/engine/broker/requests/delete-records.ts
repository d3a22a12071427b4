import { changed } from '../../kernel/mutable.ts';
import type { Offset, PartitionId } from '../../kernel/units.ts';
import { incrementLogStartOffset } from '../../log/retention.ts';
import type { ErrorName } from '../../protocol/errors.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import { copyBroker, getPartition, notHostedError, partitionKey, putPartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { findPartition } from '../metadata/metadata-cache.ts';
import type { DelayedDeleteRecords, DeleteRecordsStatus } from '../purgatory/delayed-operations.ts';
import { checkLowWatermark, respondToDeletion } from '../purgatory/delayed-deletion.ts';
import { expiryUs, park } from '../purgatory/purgatory.ts';
import { onReplica, withLog, type Partition } from '../replication/partition.ts';
import { INTERNAL_TOPICS } from './internal-topics.ts';

const INVALID_LOW_WATERMARK = -1;
/** In place of an offset: everything that is committed. */
const HIGH_WATERMARK = -1;

/**
 * DeleteRecords (ReplicaManager.deleteRecords): the leader's log starts later at once; the answer waits until every live replica's does.
 * The files go when retention next looks.
 */
export function onDeleteRecords(state: BrokerState, requestId: number, frame: RequestFrameOf<'DeleteRecords'>, scope: BrokerScope): BrokerState {
  let next = state;
  const partitions: DeleteRecordsStatus[] = [];
  for (const topic of frame.body.topics) {
    for (const { partitionIndex, offset } of topic.partitions) {
      const done = deleteFromPartition(next, { topic: topic.name, partition: partitionIndex, offset }, { from: frame.clientId, scope });
      next = done.state;
      partitions.push(checkLowWatermark(next, done.status));
    }
  }
  const pending = partitions.filter((status) => status.pending);
  const { nowUs } = scope.context;
  const operation: DelayedDeleteRecords = {
    requestId,
    parkedUs: nowUs,
    expiresUs: expiryUs(nowUs, frame.body.timeoutMs),
    keys: pending.map((status) => status.key),
    partitions,
  };
  if (pending.length > 0) return changed(copyBroker(next), { delayedDelete: park(next.delayedDelete, operation, scope) });
  respondToDeletion(operation, scope);
  return next;
}

interface Wanted {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly offset: Offset;
}

function deleteFromPartition(
  state: BrokerState,
  wanted: Wanted,
  asked: { readonly from: string; readonly scope: BrokerScope },
): { readonly state: BrokerState; readonly status: DeleteRecordsStatus } {
  const { topic, partition } = wanted;
  const { from, scope } = asked;
  const { brokerId } = state.identity;
  const key = partitionKey(topic, partition);
  const hosted = getPartition(state, key);
  const refused = (error: ErrorName): ReturnType<typeof deleteFromPartition> => {
    scope.effects.push({ type: 'trace', event: { type: 'RequestRefused', brokerId, topic, partition, api: 'DeleteRecords', error, from } });
    return { state, status: { key, topic, partition, requestedOffset: -1, pending: false, lowWatermark: INVALID_LOW_WATERMARK, error } };
  };
  const error = refusal(state, wanted, hosted);
  if (error !== null || hosted === null) return refused(error ?? 'NOT_LEADER_OR_FOLLOWER');
  const requestedOffset = wanted.offset === HIGH_WATERMARK ? hosted.log.highWatermark : wanted.offset;
  if (requestedOffset < 0) return refused('OFFSET_OUT_OF_RANGE');
  const raised = incrementLogStartOffset(hosted.log, requestedOffset, scope);
  if (raised.error !== null) return refused(raised.error);
  if (raised.changed)
    scope.effects.push({
      type: 'trace',
      event: { type: 'LogStartOffsetIncremented', ...onReplica(hosted, brokerId), logStartOffset: requestedOffset, reason: 'clientRecordDeletion' },
    });
  const status: DeleteRecordsStatus = {
    key,
    topic,
    partition,
    requestedOffset,
    pending: true,
    lowWatermark: INVALID_LOW_WATERMARK,
    error: 'REQUEST_TIMED_OUT',
  };
  return { state: putPartition(state, withLog(hosted, raised.log)), status };
}

/** What speaks against it, in Kafka's order (KafkaApis.handleDeleteRecordsRequest, Partition.deleteRecordsOnLeader). */
function refusal(state: BrokerState, { topic, partition }: Wanted, hosted: Partition | null): ErrorName | null {
  if (findPartition(state.metadata, topic, partition) === null) return 'UNKNOWN_TOPIC_OR_PARTITION';
  if (INTERNAL_TOPICS.includes(topic)) return 'INVALID_TOPIC_EXCEPTION';
  if (hosted === null) return notHostedError(state, topic, partition);
  if (hosted.role.kind !== 'leader') return 'NOT_LEADER_OR_FOLLOWER';
  return hosted.log.config.delete ? null : 'POLICY_VIOLATION';
}
