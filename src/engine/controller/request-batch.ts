import { emptyMap, mapEntries, mapGet, mapSet, mapValues, type PersistentMap } from '../kernel/persistent-map.ts';
import { NO_EPOCH, type BrokerId } from '../kernel/units.ts';
import { originReplicas } from './assignment.ts';
import {
  allPartitions,
  EMPTY_BATCH,
  isBeingDeleted,
  isReplicaOnline,
  keyOf,
  registeredIds,
  updateActive,
  updateCurrent,
  type ActiveController,
  type BrokerChannel,
  type ChannelRequest,
  type ControlledPartition,
  type PartitionForBroker,
  type RequestBatch,
  type StopOrder,
  type Work,
} from './state.ts';
import type { LeaderAndIsr } from './znodes.ts';

/** LeaderAndIsr.LeaderDuringDelete and EpochDuringDelete. */
export const LEADER_DURING_DELETE = -2;
const EPOCH_DURING_DELETE = -2;

/**
 * ControllerBrokerRequestBatch: a state change adds to the batch of the event under way, and sends it when it is complete. In Kafka's order to
 * each broker: LeaderAndIsr, then UpdateMetadata, then StopReplica.
 */

/** The partition as a request carries it; null before it has a leader. */
function forBroker(active: ActiveController, part: ControlledPartition, isNew: boolean): PartitionForBroker | null {
  if (part.leaderAndIsr === null) return null;
  const { topic, partition, leaderAndIsr, version, replicas, adding, removing } = part;
  const key = keyOf(part);
  return {
    topic,
    topicId: mapGet(active.topics, topic) ?? '',
    partition,
    leaderAndIsr,
    version,
    replicas,
    adding,
    removing,
    isNew,
    // A broker on its way down serves on, and counts as offline here.
    offlineReplicas: replicas.filter((brokerId) => !isReplicaOnline(active, { key, brokerId })),
  };
}

function batchOf(work: Work): RequestBatch {
  return work.state.current?.batch ?? EMPTY_BATCH;
}

/** LeaderAndIsr for one partition to some brokers; it also goes to everybody as UpdateMetadata. */
export function addLeaderAndIsr(work: Work, part: ControlledPartition, to: { readonly brokers: readonly BrokerId[]; readonly isNew: boolean }): void {
  const { active } = work.state;
  const entry = active === null ? null : forBroker(active, part, to.isNew);
  if (active === null || entry === null) return;
  const batch = batchOf(work);
  let { leaderAndIsr } = batch;
  for (const id of to.brokers) {
    const sofar = mapGet(leaderAndIsr, String(id)) ?? emptyMap<PartitionForBroker>();
    const alreadyNew = mapGet(sofar, keyOf(part))?.isNew === true;
    leaderAndIsr = mapSet(leaderAndIsr, String(id), mapSet(sofar, keyOf(part), alreadyNew ? { ...entry, isNew: true } : entry));
  }
  updateCurrent(work, { batch: { ...batch, leaderAndIsr } });
  addMetadata(work, registeredIds(active), [part]);
}

/** During a reassignment: the origin as it is, those that are being added as new, so that they may choose a log dir. */
export function addLeaderAndIsrForReassignment(work: Work, part: ControlledPartition): void {
  addLeaderAndIsr(work, part, { brokers: originReplicas(part), isNew: false });
  addLeaderAndIsr(work, part, { brokers: part.adding, isNew: true });
}

/** UpdateMetadata for some partitions to some brokers. Partitions of a topic that is being deleted are said to have leader -2. */
export function addMetadata(work: Work, brokers: readonly BrokerId[], parts: readonly ControlledPartition[]): void {
  const { active } = work.state;
  if (active === null) return;
  const batch = batchOf(work);
  let { metadata } = batch;
  for (const part of parts) {
    const entry = forBroker(active, part, false);
    if (entry === null) continue;
    const told = isBeingDeleted(active, part.topic) ? { ...entry, version: 0, leaderAndIsr: duringDelete(entry.leaderAndIsr) } : entry;
    metadata = mapSet(metadata, keyOf(part), told);
  }
  const metadataBrokers = [...batch.metadataBrokers, ...brokers.filter((id) => !batch.metadataBrokers.includes(id))];
  updateCurrent(work, { batch: { ...batch, metadata, metadataBrokers } });
}

function duringDelete(state: LeaderAndIsr): LeaderAndIsr {
  return { ...state, leader: LEADER_DURING_DELETE, leaderEpoch: 0, recovering: false };
}

export function addStop(work: Work, brokerId: BrokerId, part: ControlledPartition, deletes: boolean): void {
  const { active } = work.state;
  if (active === null) return;
  const batch = batchOf(work);
  const leaderEpoch = isBeingDeleted(active, part.topic) ? EPOCH_DURING_DELETE : (part.leaderAndIsr?.leaderEpoch ?? NO_EPOCH);
  const sofar = mapGet(batch.stops, String(brokerId)) ?? emptyMap<StopOrder>();
  const alreadyDeletes = mapGet(sofar, keyOf(part))?.deletes === true;
  const order: StopOrder = { topic: part.topic, partition: part.partition, leaderEpoch, deletes: deletes || alreadyDeletes };
  updateCurrent(work, { batch: { ...batch, stops: mapSet(batch.stops, String(brokerId), mapSet(sofar, keyOf(part), order)) } });
}

/** Puts the batch into the channels' queues (sendRequestsToBrokers); what is for a broker that is gone is dropped. */
export function sendBatch(work: Work): void {
  const batch = batchOf(work);
  updateCurrent(work, { batch: EMPTY_BATCH });
  for (const [id, partitions] of byBroker(batch.leaderAndIsr)) queueFor(work, id, { api: 'LeaderAndIsr', partitions: mapValues(partitions) });
  const partitions = mapValues(batch.metadata);
  for (const id of [...batch.metadataBrokers].sort((a, b) => a - b)) queueFor(work, id, { api: 'UpdateMetadata', partitions });
  for (const [id, orders] of byBroker(batch.stops)) queueFor(work, id, { api: 'StopReplica', partitions: mapValues(orders) });
}

function byBroker<Value>(map: PersistentMap<Value>): (readonly [BrokerId, Value])[] {
  return mapEntries(map)
    .map(([id, value]) => [Number(id), value] as const)
    .sort((a, b) => a[0] - b[0]);
}

function queueFor(work: Work, id: BrokerId, request: ChannelRequest): void {
  const { active } = work.state;
  const channel = active === null ? undefined : mapGet(active.channels, String(id));
  if (active === null || channel === undefined) return;
  const queued: BrokerChannel = { ...channel, queue: [...channel.queue, request] };
  updateActive(work, { channels: mapSet(active.channels, String(id), queued) });
}

/** Partitions that have a leader, of topics that stay (partitionsWithLeaders). */
export function partitionsWithLeaders(active: ActiveController): readonly ControlledPartition[] {
  return allPartitions(active).filter((part) => part.leaderAndIsr !== null && !isBeingDeleted(active, part.topic));
}
