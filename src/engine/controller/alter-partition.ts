import { mapGet, mapValues } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import { uuidFromBase64 } from '../log/partition-metadata.ts';
import { errorCode, type ErrorName } from '../protocol/errors.ts';
import type { AlterPartitionRequestPartitionData } from '../protocol/generated/alter-partition-request.ts';
import {
  alterPartitionResponse,
  alterPartitionResponsePartitionData,
  alterPartitionResponseTopicData,
} from '../protocol/generated/alter-partition-response.ts';
import { liveBrokers, partitionKey, partitionOf, type ActiveController, type ControlledPartition, type PlannedChange, type Task, type Work } from './state.ts';
import { writeChanges } from './write.ts';

/** KafkaController.processAlterPartition: an ISR change that a leader asks for. The leader epoch stays, the partition epoch rises. */
export function startAlterPartition(work: Work, task: Extract<Task, { type: 'alterPartition' }>): void {
  const { active } = work.state;
  const { frame, requestId } = task;
  if (active === null || frame.api !== 'AlterPartition') return;
  const sender = mapGet(active.brokers, String(frame.body.brokerId));
  if (sender === undefined || sender.epoch !== frame.body.brokerEpoch) return answerTopLevel(work, requestId, 'STALE_BROKER_EPOCH');
  const changes: PlannedChange[] = [];
  const errors: { key: string; error: ErrorName }[] = [];
  const keys: string[] = [];
  for (const topic of frame.body.topics) {
    const name = topic.topicName !== '' ? topic.topicName : topicNameOf(active, topic.topicId);
    for (const data of topic.partitions) {
      const key = partitionKey(name ?? topic.topicId, data.partitionIndex);
      keys.push(key);
      const part = name === null ? undefined : partitionOf(active, key);
      const verdict = part === undefined ? 'UNKNOWN_TOPIC_ID' : judge(active, part, data, frame.body.brokerId);
      if (verdict === 'change' && part !== undefined) changes.push(changeOf(active, part, data));
      else if (verdict !== 'done' && verdict !== 'change') errors.push({ key, error: verdict });
    }
  }
  const then = { type: 'answerAlterPartition', requestId, errors, keys } as const;
  if (changes.length > 0) writeChanges(work, changes, then);
  else answerAlterPartition(work, then);
}

export function topicNameOf(active: ActiveController, topicId: string): string | null {
  return mapValues(active.topics).find((topic) => uuidFromBase64(topic.topicId) === topicId)?.topic ?? null;
}

function newIsrOf(data: AlterPartitionRequestPartitionData): readonly BrokerId[] {
  return data.newIsrWithEpochs.length > 0 ? data.newIsrWithEpochs.map((one) => one.brokerId) : data.newIsr;
}

/** The checks of tryProcessAlterPartition, in order. */
function judge(active: ActiveController, part: ControlledPartition, data: AlterPartitionRequestPartitionData, sender: BrokerId): ErrorName | 'change' | 'done' {
  const current = part.leaderAndIsr;
  if (current === null) return 'UNKNOWN_TOPIC_OR_PARTITION';
  const isr = newIsrOf(data);
  if (data.leaderEpoch > current.leaderEpoch || data.partitionEpoch > part.version) return 'NOT_CONTROLLER';
  if (data.leaderEpoch < current.leaderEpoch) return 'FENCED_LEADER_EPOCH';
  if (current.leader !== sender) return 'INVALID_REQUEST';
  const asWanted = isr.join() === current.isr.join() && (data.leaderRecoveryState === 1) === current.recovering;
  if (asWanted) return 'done';
  if (data.partitionEpoch < part.version) return 'INVALID_UPDATE_VERSION';
  if (data.leaderRecoveryState === 1 && isr.length > 1) return 'INVALID_REQUEST';
  if (!current.recovering && data.leaderRecoveryState === 1) return 'INVALID_REQUEST';
  const live = liveBrokers(active);
  const fit = isr.every((id) => live.has(id) && epochFits(active, data, id));
  return fit ? 'change' : 'INELIGIBLE_REPLICA';
}

/** A broker epoch of -1 says that the leader does not know it. */
function epochFits(active: ActiveController, data: AlterPartitionRequestPartitionData, id: BrokerId): boolean {
  const given = data.newIsrWithEpochs.find((one) => one.brokerId === id)?.brokerEpoch ?? -1;
  return given === -1 || given === mapGet(active.brokers, String(id))?.epoch;
}

function changeOf(active: ActiveController, part: ControlledPartition, data: AlterPartitionRequestPartitionData): PlannedChange {
  const leader = part.leaderAndIsr?.leader ?? -1;
  return {
    key: partitionKey(part.topic, part.partition),
    next: { leader, leaderEpoch: data.leaderEpoch, isr: newIsrOf(data), controllerEpoch: active.epoch, recovering: data.leaderRecoveryState === 1 },
    strategy: null,
    by: 'leader',
    creates: false,
    tell: [],
  };
}

function answerTopLevel(work: Work, requestId: number, error: ErrorName): void {
  work.scope.effects.push({ type: 'respond', requestId, api: 'AlterPartition', body: alterPartitionResponse({ errorCode: errorCode(error) }) });
}

/** What each partition's state is now, or why it was not changed. */
export function answerAlterPartition(
  work: Work,
  facts: { readonly requestId: number; readonly errors: readonly { readonly key: string; readonly error: string }[]; readonly keys: readonly string[] },
): void {
  const { active } = work.state;
  if (active === null) return answerTopLevel(work, facts.requestId, 'NOT_CONTROLLER');
  const topics = new Map<string, ReturnType<typeof alterPartitionResponsePartitionData>[]>();
  for (const key of facts.keys) {
    const dash = key.lastIndexOf('-');
    const topic = key.slice(0, dash);
    const partitionIndex = Number(key.slice(dash + 1));
    const error = facts.errors.find((one) => one.key === key)?.error ?? 'NONE';
    const part = partitionOf(active, key);
    const state = part?.leaderAndIsr;
    const data =
      error !== 'NONE' || state === undefined || state === null || part === undefined
        ? alterPartitionResponsePartitionData({ partitionIndex, errorCode: errorCode(error === 'NONE' ? 'UNKNOWN_TOPIC_OR_PARTITION' : (error as ErrorName)) })
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
    const topicId = uuidFromBase64(mapGet(active.topics, topicName)?.topicId ?? '');
    return alterPartitionResponseTopicData({ topicName, ...(topicId === null ? { topicId: topicName } : { topicId }), partitions });
  });
  work.scope.effects.push({ type: 'respond', requestId: facts.requestId, api: 'AlterPartition', body: alterPartitionResponse({ topics: answers }) });
}
