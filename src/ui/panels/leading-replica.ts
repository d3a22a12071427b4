import type { BrokerView, PartitionView, ReplicaView } from '../../projection/view.ts';

export interface ReplicaRow {
  readonly broker: BrokerView;
  readonly replica: ReplicaView;
}

/**
 * The replica whose high watermark and log end stand for the partition: the leader's. While the leader is down, its files tell
 * only the last checkpoint, so the highest water that is still known in the ISR stands for it; a high watermark never goes back.
 */
export function leadingReplica(rows: readonly ReplicaRow[], partition: Pick<PartitionView, 'leader' | 'isr'>): ReplicaView | undefined {
  const leader = rows.find((row) => row.broker.brokerId === partition.leader);
  if (leader !== undefined && !isDown(leader.broker)) return leader.replica;
  let highest: ReplicaView | undefined;
  for (const { broker, replica } of rows) {
    if (isDown(broker) || !partition.isr.includes(broker.brokerId)) continue;
    if (highest === undefined || replica.highWatermark > highest.highWatermark) highest = replica;
  }
  return highest ?? leader?.replica;
}

function isDown(broker: BrokerView): boolean {
  return broker.process === 'killed' || broker.process === 'stopped' || broker.process === 'off';
}
