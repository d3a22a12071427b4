import type { BrokerId } from '../../kernel/units.ts';
import type { AppendInfo } from '../../log/append.ts';
import { baseOffset, lastOffset, partitionLeaderEpoch, storedCrc } from '../../protocol/record-batch.ts';
import type { BrokerScope } from '../contract.ts';
import { onReplica, type Partition } from './partition.ts';

/** One event a batch, as replicas append the same batches in other portions. */
export function traceAppend(partition: Partition, info: AppendInfo, brokerId: BrokerId, scope: BrokerScope): void {
  const role = partition.role.kind === 'leader' ? 'leader' : 'follower';
  if (info.rolledTo !== null)
    scope.effects.push({ type: 'trace', event: { type: 'SegmentRolled', ...onReplica(partition, brokerId), baseOffset: info.rolledTo } });
  for (const batch of info.batches) {
    scope.effects.push({
      type: 'trace',
      event: {
        type: 'RecordsAppended',
        brokerId,
        topic: partition.topic,
        partition: partition.partition,
        role,
        leaderEpoch: partitionLeaderEpoch(batch),
        baseOffset: baseOffset(batch),
        logEndOffset: lastOffset(batch) + 1,
        sizeBytes: batch.length,
        batchCrc: storedCrc(batch),
      },
    });
  }
}
