import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import { unreachable } from '../kernel/assert.ts';
import type { BrokerId } from '../kernel/units.ts';
import { errorCode, type ErrorName } from '../protocol/errors.ts';
import { controlledShutdownResponse, controlledShutdownResponseRemainingPartition } from '../protocol/generated/controlled-shutdown-response.ts';
import {
  electLeadersResponse,
  electLeadersResponsePartitionResult,
  electLeadersResponseReplicaElectionResult,
} from '../protocol/generated/elect-leaders-response.ts';
import { startAlterPartition } from './alter-partition.ts';
import { closeChannel, openChannel } from './channels.ts';
import { PARTITION_CHART, stepChart, type ReplicaState } from './charts.ts';
import type { ElectionStrategy } from './contract.ts';
import { electForShutdown, electOffline, electPreferred, type Elected } from './elections.ts';
import { addAllMetadata, addLeaderAndIsr, addMetadata, addStop, newBatch, sendBatch } from './request-batch.ts';
import {
  allPartitions,
  liveBrokers,
  liveOrShuttingDown,
  partitionKey,
  partitionOf,
  putPartition,
  updateActive,
  type ActiveController,
  type ControlledPartition,
  type PlannedChange,
  type Task,
  type Work,
} from './state.ts';
import { writeChanges } from './write.ts';

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
    case 'sendMetadata':
      return sendMetadata(work, task);
    case 'elect':
      return elect(work, active, task);
    case 'shutdownFollowers':
      return shutdownFollowers(work, active, task);
    case 'answerShutdown':
      return answerShutdown(work, active, task);
    case 'answerElection':
      return answerElection(work, task);
    case 'alterPartition':
      return startAlterPartition(work, task);
    default:
      return unreachable(task);
  }
}

/** Dead brokers leave the live set, and what they led is offline: in memory, before anything is written. */
function brokersGone(work: Work, brokers: readonly BrokerId[]): void {
  for (const id of brokers) {
    closeChannel(work, id);
    const { active } = work.state;
    if (active === null) return;
    updateActive(work, { brokers: mapDelete(active.brokers, String(id)), shuttingDown: active.shuttingDown.filter((other) => other !== id) });
    for (const part of allPartitions(active)) {
      if (part.leaderAndIsr?.leader === id && part.state === 'OnlinePartition')
        putPartition(work, { ...part, state: stepChart(PARTITION_CHART, part.state, 'OFFLINE') });
    }
  }
  const batch = newBatch();
  addMetadata(work, batch, null, []);
  sendBatch(work, batch);
}

function brokersCame(work: Work, active: ActiveController, task: Extract<Task, { type: 'brokersCame' }>): void {
  let { brokers } = active;
  for (const broker of task.brokers) brokers = mapSet(brokers, String(broker.id), broker);
  updateActive(work, { brokers });
  for (const broker of task.brokers) openChannel(work, broker.id);
}

function sendMetadata(work: Work, task: Extract<Task, { type: 'sendMetadata' }>): void {
  const batch = newBatch();
  if (task.withPartitions) addAllMetadata(work, batch, task.brokers);
  else addMetadata(work, batch, task.brokers, []);
  sendBatch(work, batch);
}

/** New → Online with every live replica as ISR; Offline → Online by the offline election. */
function bringOnline(work: Work, partitions: readonly ControlledPartition[]): void {
  const { active, settings } = work.state;
  if (active === null) return;
  const live = liveBrokers(active);
  const changes: PlannedChange[] = [];
  for (const part of partitions) {
    const key = partitionKey(part.topic, part.partition);
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
      recovering: elected.unclean || (part.leaderAndIsr?.recovering === true && elected.isr.join() === part.leaderAndIsr.isr.join()),
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
  for (const id of brokers) batch.full.add(id);
  sendBatch(work, batch);
}

/** Replicas that are gone leave the ISR, epoch + 1; the last member stays, and the partition has no leader then. */
function replicasOffline(work: Work, active: ActiveController, brokers: readonly BrokerId[]): void {
  const changes: PlannedChange[] = [];
  for (const part of allPartitions(active)) {
    const gone = brokers.filter((id) => part.replicas.includes(id));
    for (const id of gone) setReplicaState(work, id, part, 'OfflineReplica');
    const change = withoutReplicas(active, part, gone);
    if (change !== null) changes.push(change);
  }
  if (changes.length > 0) writeChanges(work, changes, { type: 'none' });
}

/** ReplicaStateMachine.doRemoveReplicasFromIsr for one partition; null when none of them is in the ISR. */
function withoutReplicas(active: ActiveController, part: ControlledPartition, gone: readonly BrokerId[]): PlannedChange | null {
  const current = part.leaderAndIsr;
  if (current === null || !current.isr.some((id) => gone.includes(id))) return null;
  const leader = gone.includes(current.leader) ? -1 : current.leader;
  const left = current.isr.filter((id) => !gone.includes(id));
  const isr = left.length === 0 ? current.isr.slice(-1) : left;
  // Nothing would change: the last member is gone already and the partition has no leader.
  if (leader === current.leader && isr.length === current.isr.length) return null;
  const live = liveOrShuttingDown(active);
  return {
    key: partitionKey(part.topic, part.partition),
    next: { leader, leaderEpoch: current.leaderEpoch + 1, isr, controllerEpoch: active.epoch, recovering: false },
    strategy: leader === current.leader ? null : 'offline',
    by: 'controller',
    creates: false,
    tell: part.replicas.filter((id) => live.has(id) && !gone.includes(id)),
  };
}

function elect(work: Work, active: ActiveController, task: Extract<Task, { type: 'elect' }>): void {
  const changes: PlannedChange[] = [];
  const failures: { key: string; error: string }[] = [];
  for (const key of task.keys) {
    const part = partitionOf(active, key);
    if (part === undefined || part.leaderAndIsr === null) continue;
    const elected = choose(active, part, task.strategy);
    if (elected === null) failures.push({ key, error: task.strategy === 'preferred' ? 'PREFERRED_LEADER_NOT_AVAILABLE' : 'ELIGIBLE_LEADERS_NOT_AVAILABLE' });
    else changes.push(plan(active, part, elected, task.strategy));
  }
  const { current } = work.state;
  if (current !== null) work.state = { ...work.state, current: { ...current, failures: [...current.failures, ...failures] } };
  if (changes.length > 0) writeChanges(work, changes, { type: 'none' });
}

function choose(active: ActiveController, part: ControlledPartition, strategy: ElectionStrategy): Elected | null {
  if (part.leaderAndIsr === null) return null;
  const candidate = { replicas: part.replicas, current: part.leaderAndIsr, live: liveBrokers(active) };
  if (strategy === 'preferred') return electPreferred(candidate);
  if (strategy === 'controlledShutdown') return electForShutdown({ ...candidate, live: liveOrShuttingDown(active) }, new Set(active.shuttingDown));
  return electOffline(candidate, strategy === 'unclean');
}

/** What a leaving broker follows: it is stopped there, and leaves the ISR with a new epoch. */
function shutdownFollowers(work: Work, active: ActiveController, task: Extract<Task, { type: 'shutdownFollowers' }>): void {
  const { brokerId } = task;
  const batch = newBatch();
  const changes: PlannedChange[] = [];
  for (const part of task.keys.flatMap((key) => partitionOf(active, key) ?? [])) {
    const current = part.leaderAndIsr;
    if (current === null) continue;
    addStop(batch, brokerId, { topic: part.topic, partition: part.partition, leaderEpoch: current.leaderEpoch, deletes: false });
    setReplicaState(work, brokerId, part, 'OfflineReplica');
    const change = withoutReplicas(active, part, [brokerId]);
    if (change !== null) changes.push(change);
  }
  sendBatch(work, batch);
  if (changes.length > 0) writeChanges(work, changes, { type: 'none' });
}

function answerShutdown(work: Work, active: ActiveController, task: Extract<Task, { type: 'answerShutdown' }>): void {
  const led = allPartitions(active).filter((part) => part.leaderAndIsr?.leader === task.brokerId && part.replicas.length > 1);
  const remainingPartitions = led.map((part) => controlledShutdownResponseRemainingPartition({ topicName: part.topic, partitionIndex: part.partition }));
  work.scope.effects.push({ type: 'respond', requestId: task.requestId, api: 'ControlledShutdown', body: controlledShutdownResponse({ remainingPartitions }) });
}

/** Texts as Kafka's ApiError gives them. */
const ELECTION_TEXTS: Readonly<Record<string, string>> = {
  ELECTION_NOT_NEEDED: 'Leader election not needed for topic partition.',
  PREFERRED_LEADER_NOT_AVAILABLE: 'The preferred leader was not available.',
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 'Eligible topic partition leaders are not available.',
  UNKNOWN_TOPIC_OR_PARTITION: 'The partition does not exist.',
};

function answerElection(work: Work, task: Extract<Task, { type: 'answerElection' }>): void {
  const failures = [...task.preset, ...(work.state.current?.failures ?? [])];
  const topics = new Map<string, ReturnType<typeof electLeadersResponsePartitionResult>[]>();
  for (const key of task.keys) {
    const dash = key.lastIndexOf('-');
    const error = failures.find((failure) => failure.key === key)?.error ?? 'NONE';
    const result = electLeadersResponsePartitionResult({
      partitionId: Number(key.slice(dash + 1)),
      errorCode: errorCode(error as ErrorName),
      errorMessage: error === 'NONE' ? null : (ELECTION_TEXTS[error] ?? error),
    });
    topics.set(key.slice(0, dash), [...(topics.get(key.slice(0, dash)) ?? []), result]);
  }
  const replicaElectionResults = [...topics].map(([topic, partitionResult]) => electLeadersResponseReplicaElectionResult({ topic, partitionResult }));
  work.scope.effects.push({ type: 'respond', requestId: task.requestId, api: 'ElectLeaders', body: electLeadersResponse({ replicaElectionResults }) });
}
