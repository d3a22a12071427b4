import type { BrokerId } from '../../kernel/units.ts';
import type { LogState } from '../../log/log-state.ts';
import { deleteOldSegments } from '../../log/retention.ts';
import type { BrokerScope } from '../contract.ts';
import { onReplica, type Partition } from '../replication/partition.ts';
import { armFileDeletion } from './file-deletion.ts';

/** Deletes the segments of a replica's log that are below its start, too many or too old, and tells which. */
export function retainLog(partition: Partition, brokerId: BrokerId, scope: BrokerScope): LogState {
  const { log, deleted } = deleteOldSegments(partition.log, scope);
  if (deleted.length > 0) armFileDeletion(log, scope);
  for (const { reason, baseOffsets } of deleted)
    scope.effects.push({
      type: 'trace',
      event: { type: 'SegmentsDeleted', ...onReplica(partition, brokerId), reason, baseOffsets, logStartOffset: log.logStartOffset },
    });
  return log;
}
