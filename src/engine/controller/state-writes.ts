import { assert, required, unreachable } from '../kernel/assert.ts';
import { mapHas, mapSet } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import type { ZkOperation, ZkResult } from '../zookeeper-client/contract.ts';
import { PARTITION_CHART, stepChart } from './charts.ts';
import { elect, electionFailure } from './elections.ts';
import { addLeaderAndIsr, addLeaderAndIsrForReassignment } from './request-batch.ts';
import {
  awaitZooKeeper,
  isBeingDeleted,
  isReplicaOnline,
  partitionOf,
  putPartition,
  replicaKey,
  runFirst,
  updateActive,
  updateCurrent,
  type ActiveController,
  type ControlledPartition,
  type Work,
} from './state.ts';
import type { Outcome, PlannedWrite, ReadStep, StateChange } from './steps.ts';
import { decodeLeaderAndIsr, decodeTopicConfigs, encodeLeaderAndIsr, statePath, topicConfigPath, type LeaderAndIsr } from './znodes.ts';
import { found, guarded, read, statOfWrite } from './zookeeper-calls.ts';

/**
 * How partitions get new states. The state znodes are read anew, what is to become of each is decided by what they say, and it is written over
 * that version; where somebody was faster, all of it is done again (doElectLeaderForPartitions, doRemoveReplicasFromIsr, updateLeaderEpoch).
 */
export function changeStates(work: Work, keys: readonly string[], change: StateChange): void {
  const { active } = work.state;
  const parts = active === null ? [] : keys.flatMap((key) => partitionOf(active, key) ?? []);
  if (active === null || parts.length === 0) return;
  const topics = change.type === 'elect' && change.strategy === 'offline' && !change.allowUnclean ? topicsWithoutInSync(active, parts) : [];
  const operations = [...parts.map((part) => read(statePath(part.topic, part.partition))), ...topics.map((topic) => read(topicConfigPath(topic)))];
  awaitZooKeeper(work, operations, { type: 'statesRead', keys, topics, change });
}

/** Whether a replica outside the ISR may lead is asked only where no member is there to be elected (collectUncleanLeaderElectionState). */
function topicsWithoutInSync(active: ActiveController, parts: readonly ControlledPartition[]): readonly string[] {
  const without = parts.filter(
    (part) => part.leaderAndIsr?.isr.some((brokerId) => isReplicaOnline(active, { key: `${part.topic}-${part.partition}`, brokerId })) !== true,
  );
  return [...new Set(without.map((part) => part.topic))];
}

export function onStatesRead(work: Work, step: Extract<ReadStep, { type: 'statesRead' }>, results: readonly ZkResult[]): void {
  const { keys, topics, change } = step;
  const unclean = new Set(topics.filter((_, i) => allowsUnclean(work, results[keys.length + i])));
  const writes: PlannedWrite[] = [];
  for (const [i, key] of keys.entries()) {
    const { active } = work.state;
    const part = active === null ? undefined : partitionOf(active, key);
    if (active === null || part === undefined) continue;
    const stored = found(results[i]);
    const current = stored === null ? null : decodeLeaderAndIsr(stored.data);
    if (stored === null || current === null) fail(work, missing(part, change));
    else if (current.controllerEpoch > active.epoch)
      fail(work, { key, error: 'ELIGIBLE_LEADERS_NOT_AVAILABLE', message: writtenByAnother(work, key, current) });
    else {
      const fresh: ControlledPartition = { ...part, leaderAndIsr: current, version: stored.stat.version };
      putPartition(work, fresh);
      const write = plan(work, fresh, { change, allowUnclean: unclean.has(part.topic) });
      if (write !== null) writes.push(write);
    }
  }
  if (writes.length === 0) return;
  awaitZooKeeper(
    work,
    writes.map((write) => overwrite(work, write)),
    { type: 'statesWritten', writes, change },
  );
}

function allowsUnclean(work: Work, result: ZkResult | undefined): boolean {
  const stored = found(result);
  const own = stored === null ? undefined : decodeTopicConfigs(stored.data)['unclean.leader.election.enable'];
  return own === undefined ? work.state.settings.uncleanElection : own === 'true';
}

function missing(part: ControlledPartition, change: StateChange): Outcome {
  const key = `${part.topic}-${part.partition}`;
  const error = change.type === 'elect' && change.strategy === 'preferred' ? 'PREFERRED_LEADER_NOT_AVAILABLE' : 'ELIGIBLE_LEADERS_NOT_AVAILABLE';
  return { key, error, message: `LeaderAndIsr information doesn't exist for partition ${key} in ${part.state} state` };
}

function writtenByAnother(work: Work, key: string, current: LeaderAndIsr): string {
  const { brokerId } = work.state.config;
  return `Aborted leader election for partition ${key} since the LeaderAndIsr path was already written by another controller. This probably means that the current controller ${brokerId} went through a soft failure and another controller was elected with epoch ${current.controllerEpoch}.`;
}

function fail(work: Work, outcome: Outcome): void {
  updateCurrent(work, { failures: [...(work.state.current?.failures ?? []), outcome] });
}

export function overwrite(work: Work, { key, next, version }: PlannedWrite): ZkOperation {
  const part = work.state.active === null ? undefined : partitionOf(work.state.active, key);
  const { topic, partition } = required(part, 'a partition that is being written');
  return guarded(work, { op: 'setData', path: statePath(topic, partition), data: encodeLeaderAndIsr(next), version });
}

/** What is to be written, or null where nothing is: then whatever follows is done here. */
function plan(work: Work, part: ControlledPartition, how: { readonly change: StateChange; readonly allowUnclean: boolean }): PlannedWrite | null {
  const { active } = work.state;
  const current = part.leaderAndIsr;
  if (active === null || current === null) return null;
  const key = `${part.topic}-${part.partition}`;
  const { change } = how;
  const leaderEpoch = current.leaderEpoch + 1;
  const newest = { controllerEpoch: active.epoch, leaderEpoch };
  switch (change.type) {
    case 'elect': {
      const chosen = elect(active, part, { current, strategy: change.strategy, allowUnclean: change.allowUnclean || how.allowUnclean });
      if (chosen === null) {
        fail(work, electionFailure(key, change.strategy));
        return null;
      }
      const next: LeaderAndIsr = { ...newest, leader: chosen.leader, isr: chosen.isr, recovering: chosen.unclean || current.recovering };
      const strategy = change.strategy === 'offline' || change.strategy === 'unclean' ? (chosen.unclean ? 'unclean' : 'offline') : change.strategy;
      return { key, next, version: part.version, recipients: chosen.recipients, strategy };
    }
    case 'removeReplica': {
      const { brokerId } = change;
      if (!current.isr.includes(brokerId)) {
        replicaRemoved(work, part, brokerId);
        return null;
      }
      const leader = current.leader === brokerId ? -1 : current.leader;
      const isr = current.isr.length === 1 ? current.isr : current.isr.filter((id) => id !== brokerId);
      const next: LeaderAndIsr = { ...newest, leader, isr, recovering: current.recovering };
      return { key, next, version: part.version, recipients: [], strategy: leader === current.leader ? null : 'offline' };
    }
    case 'raiseEpoch':
      return { key, next: { ...current, ...newest }, version: part.version, recipients: [], strategy: null };
    default:
      return unreachable(change);
  }
}

/** Written, or not: a version that was no longer the newest means that all of it is done again for that partition. */
export function onStatesWritten(work: Work, step: Extract<ReadStep, { type: 'statesWritten' }>, results: readonly ZkResult[]): void {
  const again: string[] = [];
  for (const [i, write] of step.writes.entries()) {
    const result = results[i];
    const stat = statOfWrite(result);
    if (stat !== null) written(work, write, { change: step.change, version: stat.version });
    else if (result?.ok === false && result.error === 'BADVERSION') again.push(write.key);
    else fail(work, { key: write.key, error: 'UNKNOWN_SERVER_ERROR', message: result?.ok === false ? `KeeperErrorCode = ${result.error}` : null });
  }
  if (again.length > 0) runFirst(work, [{ type: 'changeStates', keys: again, change: step.change }]);
}

function written(work: Work, write: PlannedWrite, facts: { readonly change: StateChange; readonly version: number }): void {
  const { change, version } = facts;
  const before = work.state.active === null ? undefined : partitionOf(work.state.active, write.key);
  if (before === undefined) return;
  const part: ControlledPartition = { ...before, leaderAndIsr: write.next, version };
  switch (change.type) {
    case 'elect':
      putPartition(work, { ...part, state: stepChart(PARTITION_CHART, part.state, 'ONLINE') });
      traceElection(work, part, required(write.strategy, 'the strategy of an election'));
      updateCurrent(work, { elected: (work.state.current?.elected ?? 0) + 1 });
      return addLeaderAndIsr(work, part, { brokers: write.recipients, isNew: false });
    case 'removeReplica':
      putPartition(work, part);
      if (write.strategy !== null) traceElection(work, part, write.strategy);
      else traceIsr(work, { part, previousIsr: before.leaderAndIsr?.isr ?? [], by: 'controller' });
      return replicaRemoved(work, part, change.brokerId);
    case 'raiseEpoch': {
      putPartition(work, part);
      work.scope.effects.push({ type: 'trace', event: { type: 'LeaderEpochRaised', ...factsOf(work, part), adding: part.adding, removing: part.removing } });
      return addLeaderAndIsrForReassignment(work, part);
    }
    default:
      return unreachable(change);
  }
}

/** The replica is offline; the others hear of it, unless their topic goes anyway. */
function replicaRemoved(work: Work, part: ControlledPartition, brokerId: BrokerId): void {
  const { active } = work.state;
  if (active === null) return;
  if (!isBeingDeleted(active, part.topic)) addLeaderAndIsr(work, part, { brokers: part.replicas.filter((id) => id !== brokerId), isNew: false });
  const replica = { key: `${part.topic}-${part.partition}`, brokerId };
  updateActive(work, { replicas: mapSet(active.replicas, replicaKey(replica), 'OfflineReplica') });
}

/** The first state of a partition, of which there is none yet: created, not written over. */
export function createStates(work: Work, writes: readonly PlannedWrite[], operations: readonly ZkOperation[]): void {
  awaitZooKeeper(work, operations, { type: 'statesCreated', writes });
}

/** `results` end with one for each state. */
export function onStatesCreated(work: Work, writes: readonly PlannedWrite[], results: readonly ZkResult[]): void {
  const own = results.slice(results.length - writes.length);
  const there: PlannedWrite[] = [];
  for (const [i, write] of writes.entries()) {
    const stat = statOfWrite(own[i]);
    const result = own[i];
    if (stat !== null) created(work, write, stat.version);
    else if (result?.ok === false && result.error === 'NODEEXISTS') there.push(write);
  }
  if (there.length === 0) return;
  const operations = there.map((write) => {
    const part = required(work.state.active === null ? undefined : partitionOf(work.state.active, write.key), 'a partition that is being created');
    return read(statePath(part.topic, part.partition));
  });
  awaitZooKeeper(work, operations, { type: 'createdBefore', writes: there });
}

/** A create that was repeated after a lost connection counts as done when the znode says just what was wanted. */
export function onCreatedBefore(work: Work, writes: readonly PlannedWrite[], results: readonly ZkResult[]): void {
  for (const [i, write] of writes.entries()) {
    const stored = found(results[i]);
    const state = stored === null ? null : decodeLeaderAndIsr(stored.data);
    if (stored !== null && state !== null && encodeLeaderAndIsr(state) === encodeLeaderAndIsr(write.next)) created(work, write, stored.stat.version);
  }
}

function created(work: Work, write: PlannedWrite, version: number): void {
  const before = work.state.active === null ? undefined : partitionOf(work.state.active, write.key);
  if (before === undefined) return;
  const part: ControlledPartition = { ...before, leaderAndIsr: write.next, version, state: stepChart(PARTITION_CHART, before.state, 'ONLINE') };
  putPartition(work, part);
  traceElection(work, part, 'newPartition');
  updateCurrent(work, { elected: (work.state.current?.elected ?? 0) + 1 });
  addLeaderAndIsr(work, part, { brokers: write.recipients, isNew: true });
}

interface StateFacts {
  readonly topic: string;
  readonly partition: number;
  readonly leader: BrokerId;
  readonly leaderEpoch: number;
  readonly isr: readonly BrokerId[];
  /** Assigned replicas, and those on their way out that are still there. */
  readonly replicas: readonly BrokerId[];
  readonly controllerEpoch: number;
}

function factsOf(work: Work, part: ControlledPartition): StateFacts {
  const { active } = work.state;
  const state = part.leaderAndIsr;
  assert(active !== null && state !== null, 'a state that a controller has written');
  const { topic, partition } = part;
  const { leader, leaderEpoch, isr } = state;
  const key = `${topic}-${partition}`;
  const leaving = isr.filter((brokerId) => !part.replicas.includes(brokerId) && mapHas(active.replicas, replicaKey({ key, brokerId })));
  const replicas = [...part.replicas, ...leaving];
  return { topic, partition, leader, leaderEpoch, isr, replicas, controllerEpoch: active.epoch };
}

function traceElection(work: Work, part: ControlledPartition, strategy: NonNullable<PlannedWrite['strategy']>): void {
  work.scope.effects.push({ type: 'trace', event: { type: 'LeaderElected', ...factsOf(work, part), strategy } });
}

export function traceIsr(
  work: Work,
  change: { readonly part: ControlledPartition; readonly previousIsr: readonly BrokerId[]; readonly by: 'leader' | 'controller' },
): void {
  const { part, previousIsr, by } = change;
  work.scope.effects.push({ type: 'trace', event: { type: 'IsrChanged', ...factsOf(work, part), previousIsr, by } });
}
