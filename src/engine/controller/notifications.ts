import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import { compareTexts } from '../kernel/order.ts';
import type { BrokerId } from '../kernel/units.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { awaitZooKeeper, isRegistered, partitionKey, partitionOf, putPartition, runFirst, splitKey, updateActive, type Work } from './state.ts';
import type { ReadStep } from './steps.ts';
import { decodeLeaderAndIsr, decodeLogDirEvent, decodePartitions, ISR_CHANGES_PATH, LOG_DIR_EVENTS_PATH, statePath } from './znodes.ts';
import { childrenOf, found, listen, read } from './zookeeper-calls.ts';

/** What brokers tell the controller by sequential znodes: log dirs that failed, and (before KIP-497) ISRs that they changed themselves. */

/** processLogDirEventNotification: which brokers lost a log dir is in the data of the events. */
export function readLogDirEvents(work: Work): void {
  awaitZooKeeper(work, [listen(LOG_DIR_EVENTS_PATH)], { type: 'logDirEvents' });
}

export function onLogDirEvents(work: Work, results: readonly ZkResult[]): void {
  const paths = childrenOf(results[0]).map((name) => `${LOG_DIR_EVENTS_PATH}/${name}`);
  if (paths.length === 0) return;
  awaitZooKeeper(
    work,
    paths.map((path) => read(path)),
    { type: 'logDirEventData', paths },
  );
}

/** onBrokerLogDirFailure: LeaderAndIsr for all that the brokers host; what they refuse with KAFKA_STORAGE_ERROR is offline. */
export function onLogDirEventData(work: Work, paths: readonly string[], results: readonly ZkResult[]): void {
  const { active } = work.state;
  if (active === null) return;
  const named = new Set(results.flatMap((result) => decodeLogDirEvent(found(result)?.data ?? '') ?? []));
  const brokers = [...named].filter((id) => isRegistered(active, id)).sort((a, b) => a - b);
  work.scope.effects.push({ type: 'trace', event: { type: 'LogDirFailureHandled', brokerIds: brokers, controllerEpoch: active.epoch } });
  runFirst(work, [
    { type: 'hostedTo', brokers, state: 'OnlineReplica' },
    { type: 'deleteZnodes', paths },
  ]);
}

/**
 * processLeaderAndIsrResponseReceived: replicas whose log dir has failed are offline from now on. Those that were not known to be go through
 * onReplicasBecomeOffline: what they led is offline in memory, gets new leaders, and then they leave their ISRs.
 */
export function onLeaderAndIsrResponse(
  work: Work,
  { brokerId, offline, online }: { readonly brokerId: BrokerId; readonly offline: readonly string[]; readonly online: readonly string[] },
): void {
  const { active } = work.state;
  if (active === null) return;
  const before = mapGet(active.offlineDirReplicas, String(brokerId)) ?? [];
  const fresh = offline.filter((key) => !before.includes(key));
  const now = [...before.filter((key) => !online.includes(key)), ...fresh].sort(compareTexts);
  const id = String(brokerId);
  updateActive(work, { offlineDirReplicas: now.length === 0 ? mapDelete(active.offlineDirReplicas, id) : mapSet(active.offlineDirReplicas, id, now) });
  if (fresh.length === 0) return;
  const replicas = fresh.map((key) => ({ key, brokerId }));
  const kept = replicas.filter(({ key }) => !active.deleting.includes(splitKey(key).topic));
  runFirst(work, [
    { type: 'offlineLeaders' },
    { type: 'triggerOnline', topic: null },
    { type: 'replicasTo', replicas: kept, state: 'OfflineReplica' },
    { type: 'failDeletion', replicas },
  ]);
}

/** processIsrChangeNotification: the states of the partitions that are named are read anew, and all brokers hear of them. */
export function readIsrChanges(work: Work): void {
  awaitZooKeeper(work, [listen(ISR_CHANGES_PATH)], { type: 'isrChanges' });
}

export function onIsrChanges(work: Work, results: readonly ZkResult[]): void {
  const paths = childrenOf(results[0]).map((name) => `${ISR_CHANGES_PATH}/${name}`);
  if (paths.length === 0) return;
  awaitZooKeeper(
    work,
    paths.map((path) => read(path)),
    { type: 'isrChangeData', paths },
  );
}

export function onIsrChangeData(work: Work, paths: readonly string[], results: readonly ZkResult[]): void {
  const { active } = work.state;
  if (active === null) return;
  const named = results.flatMap((result) => decodePartitions(found(result)?.data ?? '').map(({ topic, partition }) => partitionKey(topic, partition)));
  const keys = [...new Set(named)].filter((key) => partitionOf(active, key) !== undefined);
  if (keys.length === 0) return runFirst(work, [{ type: 'deleteZnodes', paths }]);
  awaitZooKeeper(
    work,
    keys.map((key) => read(statePath(splitKey(key).topic, splitKey(key).partition))),
    { type: 'isrChangeStates', keys, paths },
  );
}

export function onIsrChangeStates(work: Work, step: Extract<ReadStep, { type: 'isrChangeStates' }>, results: readonly ZkResult[]): void {
  step.keys.forEach((key, i) => {
    const { active } = work.state;
    const part = active === null ? undefined : partitionOf(active, key);
    const stored = found(results[i]);
    const state = stored === null ? null : decodeLeaderAndIsr(stored.data);
    if (part !== undefined && stored !== null && state !== null) putPartition(work, { ...part, leaderAndIsr: state, version: stored.stat.version });
  });
  runFirst(work, [
    { type: 'sendMetadata', brokers: 'all', than: [], partitions: step.keys },
    { type: 'completeReassignments', keys: step.keys },
    { type: 'deleteZnodes', paths: step.paths },
  ]);
}
