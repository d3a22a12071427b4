import { changed } from '../kernel/mutable.ts';
import type { Uuid } from '../kernel/units.ts';
import { writeTextAtomically, type PartitionOffset } from './checkpoint-files.ts';
import { LEADER_EPOCH_CHECKPOINT, PARTITION_METADATA, snapshotPath } from './file-names.ts';
import { LOG_OWNER, UNAWAITED_OPERATION, type LogScope } from './log-scope.ts';
import { copyLog, floorSegmentIndex, logName, segmentAt, segmentCount, segmentList, type LogState } from './log-state.ts';
import { encodePartitionMetadata, uuidToBase64 } from './partition-metadata.ts';
import { takeSnapshot } from './producer-store.ts';
import { filesOfSegment, flushSegment, sealIndexes, type Segment } from './segment.ts';

/**
 * Clean stop of one log (LogManager.shutdown, UnifiedLog.close): everything is flushed, a producer snapshot is written at the end and
 * the indexes are trimmed. The recovery point becomes the end at once, for the checkpoint that is written next.
 * `Simplified:` the flush is asked for after the indexes are trimmed, so that one flush does for both.
 */
export function closeLog(log: LogState, scope: LogScope): LogState {
  const { store, path } = takeSnapshot(log.producers, log.dir, scope);
  if (path !== null) scope.effects.push({ type: 'flush', owner: LOG_OWNER, operation: UNAWAITED_OPERATION, path });
  const active: Segment = sealIndexes(log.active, scope);
  const closed: LogState = changed(copyLog(log), { active, producers: store });
  for (let i = Math.max(0, floorSegmentIndex(log, log.recoveryPoint)); i < segmentCount(closed); i++) {
    const segment = segmentAt(closed, i);
    if (segment !== undefined) flushSegment(segment, UNAWAITED_OPERATION, scope);
  }
  return { ...closed, recoveryPoint: log.logEndOffset, pendingFlushes: [], lastFlushedMs: scope.context.nowMs };
}

export type TopicIdAssignment =
  { readonly log: LogState; readonly error: null } | { readonly log: LogState; readonly error: 'INCONSISTENT_TOPIC_ID'; readonly message: string };

/** Gives the log its topic id and writes `partition.metadata`; another id than the one it has is refused (UnifiedLog.assignTopicId). */
export function assignTopicId(log: LogState, topicId: Uuid, scope: Pick<LogScope, 'effects'>): TopicIdAssignment {
  if (log.topicId === topicId) return { log, error: null };
  if (log.topicId !== null) {
    const message = `Tried to assign topic ID ${uuidToBase64(topicId)} to log for topic partition ${logName(log)}, but log already contained topic ID ${uuidToBase64(log.topicId)}`;
    return { log, error: 'INCONSISTENT_TOPIC_ID', message };
  }
  writeTextAtomically(`${log.dir}/${PARTITION_METADATA}`, encodePartitionMetadata(topicId), scope);
  return { log: changed(copyLog(log), { topicId }), error: null };
}

/**
 * Deletes every file of the log's folder (StopReplica with deletion). `Simplified:` at once, where Kafka renames the folder to
 * `…-delete` and waits `file.delete.delay.ms`.
 */
export function deleteLog(log: LogState, scope: Pick<LogScope, 'effects'>): void {
  for (const segment of segmentList(log)) {
    for (const path of filesOfSegment(segment)) scope.effects.push({ type: 'delete', path });
  }
  for (const snapshot of log.producers.snapshots) scope.effects.push({ type: 'delete', path: snapshotPath(log.dir, snapshot.offset) });
  for (const deletion of log.deletions) for (const path of deletion.paths) scope.effects.push({ type: 'delete', path });
  scope.effects.push({ type: 'delete', path: `${log.dir}/${LEADER_EPOCH_CHECKPOINT}` });
  scope.effects.push({ type: 'delete', path: `${log.dir}/${PARTITION_METADATA}` });
}

/** The log's line in `recovery-point-offset-checkpoint`. */
export function recoveryPointEntry(log: LogState): PartitionOffset {
  return { topic: log.topic, partition: log.partition, offset: log.recoveryPoint };
}

/** The log's line in `log-start-offset-checkpoint`, or null: only a start above the first segment's base is noted. */
export function logStartEntry(log: LogState): PartitionOffset | null {
  const first = segmentAt(log, 0) ?? log.active;
  return log.logStartOffset > first.baseOffset ? { topic: log.topic, partition: log.partition, offset: log.logStartOffset } : null;
}

/** The log's line in `replication-offset-checkpoint`. */
export function highWatermarkEntry(log: LogState): PartitionOffset {
  return { topic: log.topic, partition: log.partition, offset: log.highWatermark };
}
