import { mapEntries, mapGet } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import { uuidFromBase64 } from '../log/partition-metadata.ts';
import { errorCode, type ErrorName } from '../protocol/errors.ts';
import type { AlterPartitionRequestPartitionData } from '../protocol/generated/alter-partition-request.ts';
import {
  alterPartitionResponse,
  alterPartitionResponsePartitionData,
  alterPartitionResponseTopicData,
} from '../protocol/generated/alter-partition-response.ts';
import type { RequestFrameOf } from '../protocol/wire.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { addMetadata, sendBatch } from './request-batch.ts';
import { overwrite, traceIsr } from './state-writes.ts';
import {
  awaitZooKeeper,
  isLive,
  partitionKey,
  partitionOf,
  putPartition,
  registeredIds,
  runFirst,
  splitKey,
  type ActiveController,
  type ControlledPartition,
  type Work,
} from './state.ts';
import type { Outcome, PlannedWrite, ReadStep } from './steps.ts';
import { decodeLeaderAndIsr, encodeLeaderAndIsr, statePath, type LeaderAndIsr } from './znodes.ts';
import { found, read } from './zookeeper-calls.ts';

/**
 * KafkaController.processAlterPartition: an ISR change that a leader asks for. The leader epoch stays, the partition epoch rises; what the
 * controller knows is compared with what the leader believes, and the version it names is the one that is written over.
 */
export function startAlterPartition(work: Work, requestId: number, frame: RequestFrameOf<'AlterPartition'>): void {
  const { active } = work.state;
  if (active === null) return;
  const sender = mapGet(active.brokers, String(frame.body.brokerId));
  if (sender === undefined || sender.epoch !== frame.body.brokerEpoch) return answerTopLevel(work, requestId, 'STALE_BROKER_EPOCH');
  const writes: PlannedWrite[] = [];
  const outcomes: Outcome[] = [];
  for (const topic of frame.body.topics) {
    const name = topic.topicName !== '' ? topic.topicName : topicNameOf(active, topic.topicId);
    for (const data of topic.partitions) {
      const key = partitionKey(name ?? topic.topicId, data.partitionIndex);
      const part = name === null ? undefined : partitionOf(active, key);
      const verdict = name === null ? 'UNKNOWN_TOPIC_ID' : part === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : judge(active, part, data, frame.body.brokerId);
      if (verdict === 'change') writes.push(writeOf(active, key, data, frame.body.brokerId));
      outcomes.push({ key, error: verdict === 'change' || verdict === 'done' ? 'NONE' : verdict, message: null });
    }
  }
  if (writes.length === 0) return finish(work, requestId, outcomes);
  awaitZooKeeper(
    work,
    writes.map((write) => overwrite(work, write)),
    { type: 'isrAltered', writes, requestId, outcomes },
  );
}

function topicNameOf(active: ActiveController, topicId: string): string | null {
  return mapEntries(active.topics).find(([, id]) => uuidFromBase64(id) === topicId)?.[0] ?? null;
}

function newIsrOf(data: AlterPartitionRequestPartitionData): readonly BrokerId[] {
  return data.newIsrWithEpochs.length > 0 ? data.newIsrWithEpochs.map((one) => one.brokerId) : data.newIsr;
}

/** The checks of tryProcessAlterPartition, in order. */
function judge(active: ActiveController, part: ControlledPartition, data: AlterPartitionRequestPartitionData, sender: BrokerId): ErrorName | 'change' | 'done' {
  const current = part.leaderAndIsr;
  if (current === null) return 'UNKNOWN_TOPIC_OR_PARTITION';
  const isr = newIsrOf(data);
  const recovering = data.leaderRecoveryState === 1;
  // A leader that knows more than this controller: it is likely that another one leads.
  if (data.leaderEpoch > current.leaderEpoch || data.partitionEpoch > part.version) return 'NOT_CONTROLLER';
  if (data.leaderEpoch < current.leaderEpoch) return 'FENCED_LEADER_EPOCH';
  if (current.leader === sender && isr.join() === current.isr.join() && recovering === current.recovering) return 'done';
  if (data.partitionEpoch < part.version) return 'INVALID_UPDATE_VERSION';
  if (recovering && isr.length > 1) return 'INVALID_REQUEST';
  if (!current.recovering && recovering) return 'INVALID_REQUEST';
  return isr.every((id) => isLive(active, id)) ? 'change' : 'INELIGIBLE_REPLICA';
}

function writeOf(active: ActiveController, key: string, data: AlterPartitionRequestPartitionData, leader: BrokerId): PlannedWrite {
  const next: LeaderAndIsr = {
    leader,
    leaderEpoch: data.leaderEpoch,
    isr: newIsrOf(data),
    controllerEpoch: active.epoch,
    recovering: data.leaderRecoveryState === 1,
  };
  return { key, next, version: data.partitionEpoch, recipients: [], strategy: null };
}

export function onIsrAltered(work: Work, step: Extract<ReadStep, { type: 'isrAltered' }>, results: readonly ZkResult[]): void {
  const failed = new Set<string>();
  const doubtful: PlannedWrite[] = [];
  for (const [i, write] of step.writes.entries()) {
    const result = results[i];
    if (result?.ok === true) altered(work, write, write.version + 1);
    else if (result?.error === 'BADVERSION') doubtful.push(write);
    else failed.add(write.key);
  }
  const outcomes = step.outcomes.map((outcome): Outcome => (failed.has(outcome.key) ? { ...outcome, error: 'UNKNOWN_SERVER_ERROR' } : outcome));
  if (doubtful.length === 0) return finish(work, step.requestId, outcomes);
  const operations = doubtful.map(({ key }) => read(statePath(splitKey(key).topic, splitKey(key).partition)));
  awaitZooKeeper(work, operations, { type: 'isrReread', writes: doubtful, requestId: step.requestId, outcomes });
}

/** A write that was repeated after a lost connection may have succeeded the first time: then the znode says just what was wanted. */
export function onIsrReread(work: Work, step: Extract<ReadStep, { type: 'isrReread' }>, results: readonly ZkResult[]): void {
  const refused = new Set<string>();
  for (const [i, write] of step.writes.entries()) {
    const stored = found(results[i]);
    const state = stored === null ? null : decodeLeaderAndIsr(stored.data);
    if (stored !== null && state !== null && encodeLeaderAndIsr(state) === encodeLeaderAndIsr(write.next)) altered(work, write, stored.stat.version);
    else refused.add(write.key);
  }
  finish(
    work,
    step.requestId,
    step.outcomes.map((outcome): Outcome => (refused.has(outcome.key) ? { ...outcome, error: 'INVALID_UPDATE_VERSION' } : outcome)),
  );
}

function altered(work: Work, write: PlannedWrite, version: number): void {
  const before = work.state.active === null ? undefined : partitionOf(work.state.active, write.key);
  if (before === undefined) return;
  const part: ControlledPartition = { ...before, leaderAndIsr: write.next, version };
  putPartition(work, part);
  traceIsr(work, { part, previousIsr: before.leaderAndIsr?.isr ?? [], by: 'leader' });
}

/** All brokers hear of the partitions as they are now, the leader is answered, and reassignments that waited for this ISR are done. */
function finish(work: Work, requestId: number, outcomes: readonly Outcome[]): void {
  const { active } = work.state;
  if (active === null) return answerTopLevel(work, requestId, 'NOT_CONTROLLER');
  const parts = outcomes.flatMap(({ key }) => partitionOf(active, key) ?? []);
  addMetadata(work, registeredIds(active), parts);
  sendBatch(work);
  answer(work, active, requestId, outcomes);
  runFirst(work, [{ type: 'completeReassignments', keys: outcomes.flatMap(({ key, error }) => (error === 'NONE' ? [key] : [])) }]);
}

function answerTopLevel(work: Work, requestId: number, error: ErrorName): void {
  work.scope.effects.push({ type: 'respond', requestId, api: 'AlterPartition', body: alterPartitionResponse({ errorCode: errorCode(error) }) });
}

/** What each partition's state is now, or why it was not changed. */
function answer(work: Work, active: ActiveController, requestId: number, outcomes: readonly Outcome[]): void {
  const topics = new Map<string, ReturnType<typeof alterPartitionResponsePartitionData>[]>();
  for (const { key, error } of outcomes) {
    const { topic, partition: partitionIndex } = splitKey(key);
    const part = partitionOf(active, key);
    const state = part?.leaderAndIsr ?? null;
    const data =
      error !== 'NONE' || part === undefined || state === null
        ? alterPartitionResponsePartitionData({ partitionIndex, errorCode: errorCode(error === 'NONE' ? 'UNKNOWN_TOPIC_OR_PARTITION' : error) })
        : alterPartitionResponsePartitionData({
            partitionIndex,
            leaderId: state.leader,
            leaderEpoch: state.leaderEpoch,
            isr: state.isr,
            leaderRecoveryState: state.recovering ? 1 : 0,
            partitionEpoch: part.version,
          });
    topics.set(topic, [...(topics.get(topic) ?? []), data]);
  }
  const answers = [...topics].map(([topicName, partitions]) => {
    const topicId = uuidFromBase64(mapGet(active.topics, topicName) ?? '');
    return alterPartitionResponseTopicData({ topicName, ...(topicId === null ? { topicId: topicName } : { topicId }), partitions });
  });
  work.scope.effects.push({ type: 'respond', requestId, api: 'AlterPartition', body: alterPartitionResponse({ topics: answers }) });
}
