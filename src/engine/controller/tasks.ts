import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import { required, unreachable } from '../kernel/assert.ts';
import type { BrokerId } from '../kernel/units.ts';
import { controlledShutdownResponse, controlledShutdownResponseRemainingPartition } from '../protocol/generated/controlled-shutdown-response.ts';
import { startAlterPartition } from './alter-partition.ts';
import { closeChannel, openChannel } from './channels.ts';
import { PARTITION_CHART, stepChart, type ReplicaState } from './charts.ts';
import type { ElectionStrategy } from './contract.ts';
import { CONTROLLER_EPOCH_PATH } from './znodes.ts';
import { answerElection, electionFailure } from './elect-leaders.ts';
import { electForShutdown, electOffline, electPreferred, type Elected } from './elections.ts';
import { addAllMetadata, addLeaderAndIsr, addMetadata, addStop, newBatch, sendBatch } from './request-batch.ts';
import {
  allPartitions,
  awaitZooKeeper,
  liveBrokers,
  liveOrShuttingDown,
  onlineReplicas,
  partitionKey,
  partitionOf,
  putPartition,
  updateActive,
  type ActiveController,
  type ControlledPartition,
  type ElectionOutcome,
  type PlannedChange,
  type StopOrder,
  type Task,
  type Work,
} from './state.ts';
import { tellBrokers, writeChanges } from './write.ts';

/** One task of the event under way. It may begin a write, and the event goes on when that is answered. */
export function runTask(work: Work, task: Task): void {
  const { active } = work.state;
  if (active === null) return;
  switch (task.type) {
    case 'brokersGone':
      return brokersGone(work, task.brokers);
    case 'brokersCame':
      return brokersCame(work, active, task);
    case 'electOffline':
      return bringOnline(
        work,
        allPartitions(active).filter((part) => part.state === 'OfflinePartition' || part.state === 'NewPartition'),
      );
    case 'partitionsOnline':
      return bringOnline(
        work,
        task.keys.flatMap((key) => partitionOf(active, key) ?? []),
      );
    case 'replicasOnline':
      return replicasOnline(work, active, task.brokers);
    case 'replicasOffline':
      return replicasOffline(work, active, task.brokers);
    case 'dirReplicasOffline':
      return dirReplicasOffline(work, active, task);
    case 'deleteLogDirEvents':
      return deleteLogDirEvents(work, active, task.paths);
    case 'sendMetadata':
      return sendMetadata(work, active, task);
    case 'elect':
      return elect(work, active, task);
    case 'shutdownFollowers':
      return shutdownFollowers(work, active, task);
    case 'answerShutdown':
      return answerShutdown(work, active, task);
    case 'answerElection':
      return answerElection(work, active, task);
    case 'alterPartition':
      return startAlterPartition(work, task);
    default:
      return unreachable(task);
  }
}

/** Dead brokers leave the live set, and what they led is offline: in memory, before anything is written or said. */
function brokersGone(work: Work, brokers: readonly BrokerId[]): void {
  for (const id of brokers) {
    closeChannel(work, id);
    const { active } = work.state;
    if (active === null) return;
    updateActive(work, {
      brokers: mapDelete(active.brokers, String(id)),
      shuttingDown: active.shuttingDown.filter((other) => other !== id),
      offlineDirReplicas: mapDelete(active.offlineDirReplicas, String(id)),
    });
    for (const part of allPartitions(active)) {
      if (part.leaderAndIsr?.leader === id && part.state === 'OnlinePartition')
        putPartition(work, { ...part, state: stepChart(PARTITION_CHART, part.state, 'OFFLINE') });
    }
  }
}

function brokersCame(work: Work, active: ActiveController, task: Extract<Task, { type: 'brokersCame' }>): void {
  let { brokers } = active;
  for (const broker of task.brokers) brokers = mapSet(brokers, String(broker.id), broker);
  updateActive(work, { brokers });
  for (const broker of task.brokers) openChannel(work, broker.id);
}

function sendMetadata(work: Work, active: ActiveController, task: Extract<Task, { type: 'sendMetadata' }>): void {
  const batch = newBatch();
  const brokers = typeof task.brokers === 'string' ? [...liveOrShuttingDown(active)].filter((id) => !task.than.includes(id)) : task.brokers;
  if (task.withPartitions) addAllMetadata(work, batch, brokers);
  else addMetadata(work, batch, brokers, []);
  sendBatch(work, batch);
}

/** New → Online with every live replica as ISR; Offline → Online by the offline election. */
function bringOnline(work: Work, partitions: readonly ControlledPartition[]): void {
  const { active, settings } = work.state;
  if (active === null) return;
  const liveIds = liveBrokers(active);
  const changes: PlannedChange[] = [];
  for (const part of partitions) {
    const key = partitionKey(part.topic, part.partition);
    const live = onlineReplicas(active, key, liveIds);
    if (part.leaderAndIsr === null) {
      const isr = part.replicas.filter((id) => live.has(id));
      const leader = isr[0];
      if (leader === undefined) continue;
      changes.push({
        key,
        next: { leader, leaderEpoch: 0, isr, controllerEpoch: active.epoch, recovering: false },
        strategy: 'newPartition',
        by: 'controller',
        creates: true,
        tell: isr,
      });
      continue;
    }
    const unclean = mapGet(active.topicConfigs, part.topic)?.['unclean.leader.election.enable'];
    const elected = electOffline(
      { replicas: part.replicas, current: part.leaderAndIsr, live },
      unclean === undefined ? settings.uncleanElection : unclean === 'true',
    );
    if (elected !== null) changes.push(plan(active, part, elected, elected.unclean ? 'unclean' : 'offline'));
  }
  if (changes.length > 0) writeChanges(work, changes, { type: 'none' });
}

function plan(active: ActiveController, part: ControlledPartition, elected: Elected, strategy: ElectionStrategy): PlannedChange {
  const leaderEpoch = (part.leaderAndIsr?.leaderEpoch ?? -1) + 1;
  return {
    key: partitionKey(part.topic, part.partition),
    next: {
      leader: elected.leader,
      leaderEpoch,
      isr: elected.isr,
      controllerEpoch: active.epoch,
      recovering: elected.unclean || part.leaderAndIsr?.recovering === true,
    },
    strategy,
    by: 'controller',
    creates: false,
    tell: null,
  };
}

function setReplicaState(work: Work, id: BrokerId, part: ControlledPartition, state: ReplicaState): void {
  const { active } = work.state;
  if (active !== null) updateActive(work, { replicas: mapSet(active.replicas, `${id}/${partitionKey(part.topic, part.partition)}`, state) });
}

/** A broker that came is told all it hosts, in one LeaderAndIsr: this is what starts its fetchers. */
function replicasOnline(work: Work, active: ActiveController, brokers: readonly BrokerId[]): void {
  const batch = newBatch();
  for (const part of allPartitions(active)) {
    const here = brokers.filter((id) => part.replicas.includes(id));
    if (here.length === 0 || part.leaderAndIsr === null) continue;
    for (const id of here) setReplicaState(work, id, part, 'OnlineReplica');
    addLeaderAndIsr(work, batch, part, { brokers: here, isNew: false });
  }
  sendBatch(work, batch);
}

/** Replicas of brokers that are gone go offline, broker after broker as in Kafka: one that took two of an ISR with it costs two epochs. */
function replicasOffline(work: Work, active: ActiveController, brokers: readonly BrokerId[]): void {
  const [brokerId, ...others] = brokers;
  if (brokerId === undefined) return;
  const { current } = work.state;
  if (others.length > 0 && current !== null)
    work.state = { ...work.state, current: { ...current, tasks: [{ type: 'replicasOffline', brokers: others }, ...current.tasks] } };
  takeOffline(work, { brokerId, parts: allPartitions(active).filter((part) => part.replicas.includes(brokerId)), stops: [] });
}

/**
 * Second half of onReplicasBecomeOffline, for replicas of a broker that lives: each leaves its ISR, and the broker is told to stop it, which it
 * refuses as it refused LeaderAndIsr.
 */
function dirReplicasOffline(work: Work, active: ActiveController, { brokerId, keys }: Extract<Task, { type: 'dirReplicasOffline' }>): void {
  const parts = keys.flatMap((key) => partitionOf(active, key) ?? []);
  takeOffline(work, { brokerId, parts, stops: parts.filter((part) => part.leaderAndIsr !== null).map(stopOf) });
}

function stopOf(part: ControlledPartition): StopOrder {
  return { topic: part.topic, partition: part.partition, leaderEpoch: part.leaderAndIsr?.leaderEpoch ?? -1, deletes: false };
}

/** The events are dealt with; an event that is gone already is fine. */
function deleteLogDirEvents(work: Work, active: ActiveController, paths: readonly string[]): void {
  const check = { op: 'check', path: CONTROLLER_EPOCH_PATH, version: active.epochVersion } as const;
  awaitZooKeeper(
    work,
    paths.map((path) => ({ op: 'multi', operations: [check, { op: 'delete', path, version: -1 }] })),
    { type: 'logDirEventsDeleted' },
  );
}

interface TakenOffline {
  readonly brokerId: BrokerId;
  readonly parts: readonly ControlledPartition[];
  /** What the broker itself is told once more, if it still lives. */
  readonly stops: readonly StopOrder[];
}

/**
 * To OfflineReplica (ReplicaStateMachine): the replicas leave the ISR, epoch + 1; the last member stays, and the partition has no leader then. The
 * other replicas hear LeaderAndIsr and everybody UpdateMetadata, also of partitions of whose ISR it was no member.
 */
function takeOffline(work: Work, { brokerId, parts, stops }: TakenOffline): void {
  const changes: PlannedChange[] = [];
  const unchanged: string[] = [];
  for (const part of parts) {
    setReplicaState(work, brokerId, part, 'OfflineReplica');
    const { active } = work.state;
    if (active === null || part.leaderAndIsr === null) continue;
    if (part.leaderAndIsr.isr.includes(brokerId)) changes.push(withoutReplica(active, part, brokerId));
    else unchanged.push(partitionKey(part.topic, part.partition));
  }
  const beside = { brokerId, keys: unchanged, stops };
  if (changes.length > 0) writeChanges(work, changes, { type: 'none' }, beside);
  else if (unchanged.length > 0 || stops.length > 0) tellBrokers(work, [], beside);
}

/** ReplicaStateMachine.doRemoveReplicasFromIsr for one partition. */
function withoutReplica(active: ActiveController, part: ControlledPartition, brokerId: BrokerId): PlannedChange {
  const current = required(part.leaderAndIsr, 'a partition with a state');
  const leader = current.leader === brokerId ? -1 : current.leader;
  const live = liveOrShuttingDown(active);
  return {
    key: partitionKey(part.topic, part.partition),
    next: {
      leader,
      leaderEpoch: current.leaderEpoch + 1,
      isr: current.isr.length === 1 ? current.isr : current.isr.filter((id) => id !== brokerId),
      controllerEpoch: active.epoch,
      recovering: current.recovering,
    },
    strategy: leader === current.leader ? null : 'offline',
    by: 'controller',
    creates: false,
    tell: part.replicas.filter((id) => live.has(id) && id !== brokerId),
  };
}

function elect(work: Work, active: ActiveController, task: Extract<Task, { type: 'elect' }>): void {
  const { keys, strategy } = task;
  const changes: PlannedChange[] = [];
  const failures: ElectionOutcome[] = [];
  for (const key of keys) {
    const part = partitionOf(active, key);
    const elected = part === undefined ? null : choose(active, part, strategy);
    if (part === undefined || elected === null) failures.push(electionFailure(key, strategy));
    else changes.push(plan(active, part, elected, strategy));
  }
  const { current } = work.state;
  if (current !== null) work.state = { ...work.state, current: { ...current, failures: [...current.failures, ...failures] } };
  if (changes.length > 0) writeChanges(work, changes, { type: 'none' });
}

function choose(active: ActiveController, part: ControlledPartition, strategy: ElectionStrategy): Elected | null {
  if (part.leaderAndIsr === null) return null;
  const key = partitionKey(part.topic, part.partition);
  const candidate = { replicas: part.replicas, current: part.leaderAndIsr, live: onlineReplicas(active, key, liveBrokers(active)) };
  if (strategy === 'preferred') return electPreferred(candidate);
  if (strategy === 'controlledShutdown')
    return electForShutdown({ ...candidate, live: onlineReplicas(active, key, liveOrShuttingDown(active)) }, new Set(active.shuttingDown));
  return electOffline(candidate, strategy === 'unclean');
}

/** What a leaving broker follows: it is stopped there, leaves the ISR with a new epoch, and is told once more to stop. */
function shutdownFollowers(work: Work, active: ActiveController, task: Extract<Task, { type: 'shutdownFollowers' }>): void {
  const { brokerId } = task;
  const batch = newBatch();
  const parts = task.keys.flatMap((key) => partitionOf(active, key) ?? []).filter((part) => part.leaderAndIsr !== null);
  const stops = parts.map(stopOf);
  for (const stop of stops) addStop(batch, brokerId, stop);
  sendBatch(work, batch);
  takeOffline(work, { brokerId, parts, stops });
}

function answerShutdown(work: Work, active: ActiveController, task: Extract<Task, { type: 'answerShutdown' }>): void {
  const led = allPartitions(active).filter((part) => part.leaderAndIsr?.leader === task.brokerId && part.replicas.length > 1);
  const remainingPartitions = led.map((part) => controlledShutdownResponseRemainingPartition({ topicName: part.topic, partitionIndex: part.partition }));
  work.scope.effects.push({ type: 'respond', requestId: task.requestId, api: 'ControlledShutdown', body: controlledShutdownResponse({ remainingPartitions }) });
}
