import type { ZkOperation, ZkResult } from '../zookeeper-client/contract.ts';
import { addLeaderAndIsr, addMetadata, addStop, newBatch, sendBatch, type RequestBatch } from './request-batch.ts';
import { stepChart, PARTITION_CHART } from './charts.ts';
import {
  awaitZooKeeper,
  liveOrShuttingDown,
  partitionOf,
  putPartition,
  type AfterWrite,
  type ControlledPartition,
  type PlannedChange,
  type ToldBeside,
  type Work,
} from './state.ts';
import { CONTROLLER_EPOCH_PATH, decodeLeaderAndIsr, encodeLeaderAndIsr, partitionPath, partitionsPath, statePath, type LeaderAndIsr } from './znodes.ts';

/**
 * Writing partition states. Every write is a multi that first checks the version of `/controller_epoch`, so that a deposed
 * controller's writes fail (KafkaZkClient.setOrCreate… with expectedControllerEpochZkVersion).
 */
export function writeChanges(work: Work, changes: readonly PlannedChange[], then: AfterWrite, beside: ToldBeside | null = null): void {
  const operations: ZkOperation[] = [];
  for (const change of changes) {
    const part = partitionOfChange(work, change);
    if (part !== undefined) operations.push(...operationsOf(work, part, change));
  }
  awaitZooKeeper(work, operations, { type: 'write', changes, then, beside });
}

function partitionOfChange(work: Work, change: PlannedChange): ControlledPartition | undefined {
  return work.state.active === null ? undefined : partitionOf(work.state.active, change.key);
}

function operationsOf(work: Work, part: ControlledPartition, change: PlannedChange): ZkOperation[] {
  const { topic, partition } = part;
  const data = encodeLeaderAndIsr(change.next);
  const check = { op: 'check', path: CONTROLLER_EPOCH_PATH, version: work.state.active?.epochVersion ?? -1 } as const;
  const persistent = { ephemeral: false, sequential: false } as const;
  if (!change.creates) return [{ op: 'multi', operations: [check, { op: 'setData', path: statePath(topic, partition), data, version: part.version }] }];
  return [
    { op: 'create', path: partitionsPath(topic), data: '', ...persistent },
    { op: 'create', path: partitionPath(topic, partition), data: '', ...persistent },
    { op: 'multi', operations: [check, { op: 'create', path: statePath(topic, partition), data, ...persistent }] },
  ];
}

export interface Written {
  readonly done: readonly PlannedChange[];
  /** The controller's epoch is not the newest any more. */
  readonly fenced: boolean;
}

/** Takes the results over; what failed on its version is read again. Returns null while that is under way. */
export function onWritten(
  work: Work,
  step: { readonly changes: readonly PlannedChange[]; readonly then: AfterWrite; readonly beside: ToldBeside | null },
  results: readonly ZkResult[],
): Written | null {
  const multis = results.filter((result) => result.op === 'multi');
  const doubtful: PlannedChange[] = [];
  const done: PlannedChange[] = [];
  for (const [index, change] of step.changes.entries()) {
    const result = multis[index];
    if (result === undefined) continue;
    if (result.ok) {
      const inner = result.op === 'multi' ? result.results[1] : undefined;
      const version = inner?.ok === true && inner.op === 'setData' ? inner.stat.version : 0;
      applyChange(work, change, version);
      done.push(change);
    } else if (result.failedIndex === 0 || result.error === 'SESSIONEXPIRED') return { done, fenced: true };
    else doubtful.push(change);
  }
  if (done.length > 0 || step.beside !== null) tellBrokers(work, done, step.beside);
  if (doubtful.length === 0) return { done, fenced: false };
  const operations = doubtful.map((change): ZkOperation => {
    const part = partitionOfChange(work, change);
    return { op: 'getData', path: statePath(part?.topic ?? '', part?.partition ?? 0), watch: false };
  });
  awaitZooKeeper(work, operations, { type: 'reread', changes: doubtful, then: step.then });
  return null;
}

/** A write that was repeated after a lost connection may have succeeded the first time: then the znode says just what we wanted. */
export function onReread(work: Work, changes: readonly PlannedChange[], results: readonly ZkResult[]): Written {
  const done: PlannedChange[] = [];
  for (const [index, change] of changes.entries()) {
    const result = results[index];
    const part = partitionOfChange(work, change);
    if (part === undefined || result === undefined || !result.ok || result.op !== 'getData') continue;
    const stored = decodeLeaderAndIsr(result.data);
    if (stored === null) continue;
    if (stored.controllerEpoch > (work.state.active?.epoch ?? 0)) return { done, fenced: true };
    if (sameState(stored, change.next)) {
      applyChange(work, change, result.stat.version);
      done.push(change);
    } else putPartition(work, { ...part, leaderAndIsr: stored, version: result.stat.version });
  }
  if (done.length > 0) tellBrokers(work, done, null);
  return { done, fenced: false };
}

function sameState(a: LeaderAndIsr, b: LeaderAndIsr): boolean {
  return a.leader === b.leader && a.leaderEpoch === b.leaderEpoch && a.controllerEpoch === b.controllerEpoch && a.isr.join() === b.isr.join();
}

function applyChange(work: Work, change: PlannedChange, version: number): void {
  const part = partitionOfChange(work, change);
  const { active } = work.state;
  if (part === undefined || active === null) return;
  const state = stepChart(PARTITION_CHART, part.state, change.next.leader >= 0 ? 'ONLINE' : 'OFFLINE');
  putPartition(work, { ...part, leaderAndIsr: change.next, version, state });
  const { topic, partition } = part;
  const { leader, leaderEpoch, isr } = change.next;
  const facts = { topic, partition, leader, leaderEpoch, isr, replicas: part.replicas, controllerEpoch: active.epoch };
  const previousIsr = part.leaderAndIsr?.isr ?? [];
  if (change.strategy !== null) work.scope.effects.push({ type: 'trace', event: { type: 'LeaderElected', ...facts, strategy: change.strategy } });
  else work.scope.effects.push({ type: 'trace', event: { type: 'IsrChanged', ...facts, previousIsr, by: change.by } });
}

/** LeaderAndIsr to those concerned, UpdateMetadata to all. */
export function tellBrokers(work: Work, changes: readonly PlannedChange[], beside: ToldBeside | null): void {
  const { active } = work.state;
  if (active === null) return;
  const batch: RequestBatch = newBatch();
  const live = liveOrShuttingDown(active);
  for (const change of changes) {
    const part = partitionOf(active, change.key);
    if (part === undefined) continue;
    const brokers = change.tell ?? part.replicas.filter((id) => live.has(id));
    if (brokers.length === 0) addMetadata(work, batch, null, [part]);
    else addLeaderAndIsr(work, batch, part, { brokers, isNew: change.creates });
  }
  if (beside !== null) addBeside(work, batch, beside);
  sendBatch(work, batch);
}

function addBeside(work: Work, batch: RequestBatch, { brokerId, keys, stops }: ToldBeside): void {
  for (const key of keys) {
    const part = work.state.active === null ? undefined : partitionOf(work.state.active, key);
    if (part !== undefined) addLeaderAndIsr(work, batch, part, { brokers: part.replicas.filter((id) => id !== brokerId), isNew: false });
  }
  for (const stop of stops) addStop(batch, brokerId, stop);
}
