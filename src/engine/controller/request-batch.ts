import { mapGet, mapSet, mapValues } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import {
  allPartitions,
  liveBrokers,
  liveOrShuttingDown,
  onlineReplicas,
  partitionKey,
  updateActive,
  type ActiveController,
  type BrokerChannel,
  type ChannelRequest,
  type ControlledPartition,
  type PartitionForBroker,
  type StopOrder,
  type Work,
} from './state.ts';

/**
 * ControllerBrokerRequestBatch: what one state change has to tell the brokers. Sent in Kafka's order to each broker:
 * LeaderAndIsr, then UpdateMetadata, then StopReplica.
 */
export interface RequestBatch {
  readonly leaderAndIsr: Map<BrokerId, PartitionForBroker[]>;
  readonly metadataBrokers: Set<BrokerId>;
  readonly metadata: Map<string, PartitionForBroker>;
  readonly stop: Map<BrokerId, StopOrder[]>;
}

export function newBatch(): RequestBatch {
  return { leaderAndIsr: new Map(), metadataBrokers: new Set(), metadata: new Map(), stop: new Map() };
}

/** The partition as a request carries it; null before it has a leader. */
export function forBroker(active: ActiveController, part: ControlledPartition, isNew: boolean): PartitionForBroker | null {
  if (part.leaderAndIsr === null) return null;
  // A broker on its way down serves on, and counts as offline here.
  const online = onlineReplicas(active, partitionKey(part.topic, part.partition), liveBrokers(active));
  return {
    topic: part.topic,
    topicId: mapGet(active.topics, part.topic)?.topicId ?? '',
    partition: part.partition,
    leaderAndIsr: part.leaderAndIsr,
    version: part.version,
    replicas: part.replicas,
    isNew,
    offlineReplicas: part.replicas.filter((id) => !online.has(id)),
  };
}

/** A LeaderAndIsr for one partition to some brokers also goes to everybody as UpdateMetadata. */
export function addLeaderAndIsr(
  work: Work,
  batch: RequestBatch,
  part: ControlledPartition,
  to: { readonly brokers: readonly BrokerId[]; readonly isNew: boolean },
): void {
  const { active } = work.state;
  if (active === null) return;
  const entry = forBroker(active, part, to.isNew);
  if (entry === null) return;
  for (const id of to.brokers) {
    if (mapGet(active.brokers, String(id)) === undefined) continue;
    batch.leaderAndIsr.set(id, [...(batch.leaderAndIsr.get(id) ?? []), entry]);
  }
  addMetadata(work, batch, null, [part]);
}

/** UpdateMetadata for some partitions to some brokers; null: all that are live. */
export function addMetadata(work: Work, batch: RequestBatch, brokers: readonly BrokerId[] | null, parts: readonly ControlledPartition[]): void {
  const { active } = work.state;
  if (active === null) return;
  for (const id of brokers ?? liveOrShuttingDown(active)) batch.metadataBrokers.add(id);
  for (const part of parts) {
    const entry = forBroker(active, part, false);
    if (entry !== null) batch.metadata.set(partitionKey(part.topic, part.partition), entry);
  }
}

export function addStop(batch: RequestBatch, broker: BrokerId, stop: StopOrder): void {
  batch.stop.set(broker, [...(batch.stop.get(broker) ?? []), stop]);
}

/** Puts the batch into the channels' queues. */
export function sendBatch(work: Work, batch: RequestBatch): void {
  const byId = (a: [BrokerId, unknown], b: [BrokerId, unknown]): number => a[0] - b[0];
  for (const [id, partitions] of [...batch.leaderAndIsr].sort(byId)) enqueue(work, id, { api: 'LeaderAndIsr', partitions });
  const partitions = [...batch.metadata.values()];
  for (const id of [...batch.metadataBrokers].sort((a, b) => a - b)) enqueue(work, id, { api: 'UpdateMetadata', partitions });
  for (const [id, stops] of [...batch.stop].sort(byId)) enqueue(work, id, { api: 'StopReplica', partitions: stops });
}

function enqueue(work: Work, id: BrokerId, request: ChannelRequest): void {
  const { active } = work.state;
  const channel = active === null ? undefined : mapGet(active.channels, String(id));
  if (active === null || channel === undefined) return;
  const queued: BrokerChannel = { ...channel, queue: [...channel.queue, request] };
  updateActive(work, { channels: mapSet(active.channels, String(id), queued) });
}

/** Everything there is to know, to some brokers. */
export function addAllMetadata(work: Work, batch: RequestBatch, brokers: readonly BrokerId[] | null): void {
  const { active } = work.state;
  if (active !== null) addMetadata(work, batch, brokers, allPartitions(active));
}

export function knownBrokerIds(active: ActiveController): readonly BrokerId[] {
  return mapValues(active.brokers)
    .map((broker) => broker.id)
    .sort((a, b) => a - b);
}
