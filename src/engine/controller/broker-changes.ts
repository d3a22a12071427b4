import { mapDelete, mapSet, mapValues } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { closeChannel, openChannel } from './channels.ts';
import { addMetadata, partitionsWithLeaders, sendBatch } from './request-batch.ts';
import { awaitZooKeeper, partitionOf, registeredIds, replicasOn, runFirst, updateActive, updateCurrent, type Work } from './state.ts';
import type { Task } from './steps.ts';
import { BROKER_IDS_PATH, brokerPath, decodeBroker, type LiveBroker } from './znodes.ts';
import { childrenOf, found, listen, read } from './zookeeper-calls.ts';

/** Brokers that come and go (processBrokerChange). */
export function readBrokerList(work: Work): void {
  awaitZooKeeper(work, [listen(BROKER_IDS_PATH)], { type: 'brokerList' });
}

export function onBrokerList(work: Work, results: readonly ZkResult[]): void {
  const brokers = childrenOf(results[0]).map(Number);
  if (brokers.length === 0) return onBrokerData(work, [], []);
  awaitZooKeeper(
    work,
    brokers.map((id) => read(brokerPath(id))),
    { type: 'brokerData', brokers },
  );
}

/** The registrations that could be read, `results` in the order of `ids`. */
export function decodedBrokers(ids: readonly BrokerId[], results: readonly ZkResult[]): LiveBroker[] {
  return ids.flatMap((id, i) => {
    const stored = found(results[i]);
    const broker = stored === null ? null : decodeBroker(id, Number(stored.stat.czxid), stored.data);
    return broker === null ? [] : [broker];
  });
}

/** New, restarted in between (same id, higher epoch: gone and then new), and gone, in this order. */
export function onBrokerData(work: Work, ids: readonly BrokerId[], results: readonly ZkResult[]): void {
  const { active } = work.state;
  if (active === null) return;
  const now = decodedBrokers(ids, results).sort((a, b) => a.id - b.id);
  const before = mapValues(active.brokers);
  const fresh = now.filter((one) => !before.some((old) => old.id === one.id));
  const bounced = now.filter((one) => before.some((old) => old.id === one.id && old.epoch < one.epoch));
  const gone = before
    .filter((old) => !now.some((one) => one.id === old.id))
    .map((old) => old.id)
    .sort((a, b) => a - b);
  runFirst(work, [...startup(fresh), ...failure(bounced.map((one) => one.id)), ...startup(bounced), ...failure(gone)]);
}

/** onBrokerStartup: the others hear of the brokers, they hear of everything, their replicas come online, and what waited for them goes on. */
function startup(brokers: readonly LiveBroker[]): Task[] {
  if (brokers.length === 0) return [];
  const ids = brokers.map((one) => one.id);
  return [
    { type: 'brokersCame', brokers },
    { type: 'sendMetadata', brokers: 'all', than: ids, partitions: [] },
    { type: 'sendMetadata', brokers: ids, than: [], partitions: 'withLeaders' },
    { type: 'hostedTo', brokers: ids, state: 'OnlineReplica' },
    { type: 'triggerOnline', topic: null },
    { type: 'resumeReassignments', except: [], brokers: ids },
    { type: 'resumeDeletionOn', brokers: ids },
  ];
}

/** onBrokerFailure: leaders first, then the replicas go offline, and deletions that need them halt. */
function failure(brokers: readonly BrokerId[]): Task[] {
  if (brokers.length === 0) return [];
  return [
    { type: 'brokersGone', brokers },
    { type: 'offlineLeaders' },
    { type: 'triggerOnline', topic: null },
    { type: 'hostedTo', brokers, state: 'OfflineReplica' },
    { type: 'failDeletionOn', brokers },
    { type: 'metadataUnlessTold', brokers },
  ];
}

/** Dead brokers leave the live set: in memory, before anything is written or said. */
export function brokersGone(work: Work, brokers: readonly BrokerId[]): void {
  const { active } = work.state;
  if (active === null) return;
  work.scope.effects.push({ type: 'trace', event: { type: 'BrokerFailureHandled', brokerIds: brokers, controllerEpoch: active.epoch } });
  let { brokers: left, offlineDirReplicas } = active;
  for (const id of brokers) {
    left = mapDelete(left, String(id));
    offlineDirReplicas = mapDelete(offlineDirReplicas, String(id));
  }
  updateActive(work, { brokers: left, offlineDirReplicas, shuttingDown: active.shuttingDown.filter((id) => !brokers.includes(id)) });
  for (const id of brokers) closeChannel(work, id);
  updateCurrent(work, { elected: 0 });
}

export function brokersCame(work: Work, came: readonly LiveBroker[]): void {
  const { active } = work.state;
  if (active === null) return;
  work.scope.effects.push({ type: 'trace', event: { type: 'BrokerStartupHandled', brokerIds: came.map((one) => one.id), controllerEpoch: active.epoch } });
  let { brokers, offlineDirReplicas } = active;
  for (const broker of came) {
    brokers = mapSet(brokers, String(broker.id), broker);
    offlineDirReplicas = mapDelete(offlineDirReplicas, String(broker.id));
  }
  updateActive(work, { brokers, offlineDirReplicas });
  for (const broker of came) openChannel(work, broker.id);
}

export function sendMetadata(work: Work, task: Extract<Task, { type: 'sendMetadata' }>): void {
  const { active } = work.state;
  if (active === null) return;
  const brokers = task.brokers === 'all' ? registeredIds(active).filter((id) => !task.than.includes(id)) : task.brokers;
  const parts = task.partitions === 'withLeaders' ? partitionsWithLeaders(active) : task.partitions.flatMap((key) => partitionOf(active, key) ?? []);
  addMetadata(work, brokers, parts);
  sendBatch(work);
}

/** Where the brokers that are gone hosted nothing and nobody was elected, an UpdateMetadata of its own says who is alive. */
export function metadataUnlessTold(work: Work, brokers: readonly BrokerId[]): void {
  const { active, current } = work.state;
  if (active === null || (current?.elected ?? 0) > 0) return;
  const hosted = replicasOn(active, brokers).some((replica) => !active.deleting.includes(partitionOf(active, replica.key)?.topic ?? ''));
  if (!hosted) sendMetadata(work, { type: 'sendMetadata', brokers: 'all', than: [], partitions: [] });
}
