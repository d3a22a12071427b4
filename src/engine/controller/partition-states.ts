import { NO_EPOCH } from '../kernel/units.ts';
import { canStep, PARTITION_CHART, stepChart } from './charts.ts';
import { createStates } from './state-writes.ts';
import {
  allPartitions,
  isBeingDeleted,
  isReplicaOnline,
  keyOf,
  onlineReplicas,
  partitionOf,
  putPartition,
  runFirst,
  type ControlledPartition,
  type Work,
} from './state.ts';
import type { PlannedWrite, Task } from './steps.ts';
import { encodeLeaderAndIsr, partitionPath, partitionsPath, statePath } from './znodes.ts';
import { guarded } from './zookeeper-calls.ts';

/** PartitionStateMachine. A transition that its chart does not have is left out, as in Kafka, which logs it. */
export function partitionsTo(work: Work, { keys, state }: Extract<Task, { type: 'partitionsTo' }>): void {
  const event = { NewPartition: 'NEW', OfflinePartition: 'OFFLINE', NonExistentPartition: 'NON_EXISTENT' }[state];
  for (const key of keys) {
    const { active } = work.state;
    const part = active === null ? undefined : partitionOf(active, key);
    if (part !== undefined && canStep(PARTITION_CHART, part.state, event))
      putPartition(work, { ...part, state: stepChart(PARTITION_CHART, part.state, event) });
  }
}

/** partitionsWithOfflineLeader → OfflinePartition: in memory, before anything is written or said. */
export function offlineLeaders(work: Work): void {
  const { active } = work.state;
  if (active === null) return;
  const parts = allPartitions(active).filter(
    (part) =>
      part.leaderAndIsr !== null && !isBeingDeleted(active, part.topic) && !isReplicaOnline(active, { key: keyOf(part), brokerId: part.leaderAndIsr.leader }),
  );
  partitionsTo(work, { type: 'partitionsTo', keys: parts.map(keyOf), state: 'OfflinePartition' });
}

/** triggerOnlinePartitionStateChange: whatever is new or offline gets a leader if it can. */
export function triggerOnline(work: Work, topic: string | null): void {
  const { active } = work.state;
  if (active === null) return;
  const parts = allPartitions(active).filter(
    (part) =>
      (part.state === 'OfflinePartition' || part.state === 'NewPartition') && !isBeingDeleted(active, part.topic) && (topic === null || part.topic === topic),
  );
  if (parts.length > 0) partitionsOnline(work, { type: 'partitionsOnline', keys: parts.map(keyOf), strategy: 'offline', allowUnclean: false });
}

/** To OnlinePartition: a first state for what is new, an election for the rest; then the brokers hear of both. */
export function partitionsOnline(work: Work, { keys, strategy, allowUnclean }: Extract<Task, { type: 'partitionsOnline' }>): void {
  const { active } = work.state;
  const parts = active === null ? [] : keys.flatMap((key) => partitionOf(active, key) ?? []).filter((part) => canStep(PARTITION_CHART, part.state, 'ONLINE'));
  const fresh = parts.filter((part) => part.state === 'NewPartition');
  const others = parts.filter((part) => part.state !== 'NewPartition').map(keyOf);
  runFirst(work, [
    ...(others.length > 0 ? [{ type: 'changeStates', keys: others, change: { type: 'elect', strategy, allowUnclean } } as const] : []),
    { type: 'sendBatch' },
  ]);
  if (fresh.length > 0) initialize(work, fresh);
}

/** initializeLeaderAndIsrForPartitions: the first online replica leads, all online ones are in sync; without one the partition stays new. */
function initialize(work: Work, parts: readonly ControlledPartition[]): void {
  const { active } = work.state;
  if (active === null) return;
  const writes = parts.flatMap((part): PlannedWrite[] => {
    const isr = onlineReplicas(active, part);
    const [leader] = isr;
    if (leader === undefined) return [];
    const next = { leader, leaderEpoch: NO_EPOCH + 1, isr, controllerEpoch: active.epoch, recovering: false };
    return [{ key: keyOf(part), next, version: -1, recipients: isr, strategy: 'newPartition' }];
  });
  if (writes.length === 0) return;
  const written = parts.filter((part) => writes.some((write) => write.key === keyOf(part)));
  const make = (path: string, data = ''): ReturnType<typeof guarded> => guarded(work, { op: 'create', path, data, ephemeral: false, sequential: false });
  const topics = [...new Set(written.map((part) => part.topic))];
  createStates(work, writes, [
    ...topics.map((topic) => make(partitionsPath(topic))),
    ...written.map((part) => make(partitionPath(part.topic, part.partition))),
    ...written.map((part, i) => make(statePath(part.topic, part.partition), encodeLeaderAndIsr((writes[i] as PlannedWrite).next))),
  ]);
}
