import { changed } from '../../kernel/mutable.ts';
import { mapHas } from '../../kernel/persistent-map.ts';
import { assignTopicId } from '../../log/close.ts';
import type { LogState } from '../../log/log-state.ts';
import { ZERO_UUID } from '../../protocol/codec.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import type { LeaderAndIsrRequest, LeaderAndIsrRequestLeaderAndIsrPartitionState } from '../../protocol/generated/leader-and-isr-request.ts';
import type { LeaderAndIsrResponse, LeaderAndIsrResponseLeaderAndIsrTopicError } from '../../protocol/generated/leader-and-isr-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import { copyBroker, getPartition, isOffline, partitionKey, putPartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { settleFetchers } from '../fetcher/replica-fetcher.ts';
import { markOffline } from '../logs/log-dir-failure.ts';
import { openLog } from '../logs/log-manager.ts';
import { startHighWatermarkCheckpoint } from '../tasks.ts';
import { becomeFollower } from './become-follower.ts';
import { becomeLeader } from './become-leader.ts';
import { isStaleBrokerEpoch } from './control-epochs.ts';
import { newPartition, type Partition } from './partition.ts';

type PartitionState = LeaderAndIsrRequestLeaderAndIsrPartitionState;

/** Topics of which a log must be made: their configuration has to be read from ZooKeeper first, as it may be new. */
export function topicsToConfigure(state: BrokerState, body: LeaderAndIsrRequest): readonly string[] {
  if (refusalOf(state, body) !== null) return [];
  const topics: string[] = [];
  for (const topic of body.topicStates) {
    const isNew = topic.partitionStates.some((told) => needsNewLog(state, topic.topicName, told));
    if (isNew) topics.push(topic.topicName);
  }
  return topics;
}

function needsNewLog(state: BrokerState, topic: string, told: PartitionState): boolean {
  const key = partitionKey(topic, told.partitionIndex);
  return told.replicas.includes(state.identity.brokerId) && !mapHas(state.partitions, key) && !mapHas(state.idleLogs, key) && !isOffline(state, key);
}

function refusalOf(state: BrokerState, body: LeaderAndIsrRequest): ErrorName | null {
  if (isStaleBrokerEpoch(state, body.brokerEpoch)) return 'STALE_BROKER_EPOCH';
  return body.controllerEpoch < state.controllerEpoch ? 'STALE_CONTROLLER_EPOCH' : null;
}

/**
 * LeaderAndIsr (ReplicaManager.becomeLeaderOrFollower). Partition by partition an epoch that is not new is refused; then all new
 * leaders, then all new followers, and fetchers without partitions end.
 */
export function onLeaderAndIsr(state: BrokerState, requestId: number, frame: RequestFrameOf<'LeaderAndIsr'>, scope: BrokerScope): BrokerState {
  const { body } = frame;
  const refusal = refusalOf(state, body);
  if (refusal !== null) {
    scope.effects.push({ type: 'respond', requestId, api: 'LeaderAndIsr', body: errorForAll(body, refusal) });
    return state;
  }
  const work: Work = { leaders: [], followers: [] };
  let next: BrokerState = changed(copyBroker(state), { controllerEpoch: body.controllerEpoch });
  const topics: LeaderAndIsrResponseLeaderAndIsrTopicError[] = [];
  for (const topic of body.topicStates) {
    const partitionErrors = topic.partitionStates.map((told) => {
      let error = judge(next, { topic: topic.topicName, topicId: topic.topicId, told });
      if (error === null) ({ state: next, error } = host(next, { topic: topic.topicName, topicId: topic.topicId, told }, work, scope));
      return { topicName: '', partitionIndex: told.partitionIndex, errorCode: errorCode(error ?? 'NONE') };
    });
    topics.push({ topicId: topic.topicId, partitionErrors });
  }
  next = changeRoles(next, work, scope);
  next = settleFetchers(startHighWatermarkCheckpoint(next, scope), scope);
  scope.effects.push({ type: 'respond', requestId, api: 'LeaderAndIsr', body: { errorCode: 0, partitionErrors: [], topics } });
  return next;
}

interface Told {
  readonly topic: string;
  readonly topicId: string;
  readonly told: PartitionState;
}

interface Work {
  readonly leaders: { readonly key: string; readonly told: PartitionState }[];
  readonly followers: { readonly key: string; readonly told: PartitionState }[];
}

/** What speaks against one partition's state; null if it is news for a replica of this broker. */
function judge(state: BrokerState, { topic, topicId, told }: Told): ErrorName | null {
  const key = partitionKey(topic, told.partitionIndex);
  if (isOffline(state, key)) return 'KAFKA_STORAGE_ERROR';
  const partition = getPartition(state, key);
  const knownId = partition?.log.topicId ?? null;
  if (knownId !== null && topicId !== ZERO_UUID && knownId !== topicId) return 'INCONSISTENT_TOPIC_ID';
  if (partition !== null && told.leaderEpoch <= partition.leaderEpoch) return 'STALE_CONTROLLER_EPOCH';
  return told.replicas.includes(state.identity.brokerId) ? null : 'UNKNOWN_TOPIC_OR_PARTITION';
}

/** Opens the log if the replica is new here, and gives it its topic id. A log that may lie in a log dir that failed cannot be opened. */
function host(
  state: BrokerState,
  { topic, topicId, told }: Told,
  work: Work,
  scope: BrokerScope,
): { readonly state: BrokerState; readonly error: ErrorName | null } {
  const key = partitionKey(topic, told.partitionIndex);
  const hosted = getPartition(state, key);
  const opened = hosted === null ? openLog(state, { topic, partition: told.partitionIndex, isNew: told.isNew }, scope) : { state, log: hosted.log };
  if (opened === null) return { state: markOffline(state, key), error: 'KAFKA_STORAGE_ERROR' };
  const partition: Partition = { ...(hosted ?? newPartition(opened.log)), log: withTopicId(opened.log, topicId, scope) };
  (told.leader === state.identity.brokerId ? work.leaders : work.followers).push({ key, told });
  return { state: putPartition(opened.state, partition), error: null };
}

function withTopicId(log: LogState, topicId: string, scope: BrokerScope): LogState {
  return topicId === ZERO_UUID ? log : assignTopicId(log, topicId, scope).log;
}

function changeRoles(state: BrokerState, work: Work, scope: BrokerScope): BrokerState {
  let next = state;
  for (const { key, told } of work.leaders) {
    const partition = getPartition(next, key);
    if (partition !== null) next = becomeLeader(next, partition, told, scope);
  }
  for (const { key, told } of work.followers) {
    const partition = getPartition(next, key);
    if (partition !== null) next = becomeFollower(next, partition, told, scope);
  }
  return next;
}

/** The error for the request as a whole and for each partition in it. */
function errorForAll(body: LeaderAndIsrRequest, error: ErrorName): LeaderAndIsrResponse {
  const code = errorCode(error);
  const topics = body.topicStates.map((topic) => ({
    topicId: topic.topicId,
    partitionErrors: topic.partitionStates.map((told) => ({ topicName: '', partitionIndex: told.partitionIndex, errorCode: code })),
  }));
  return { errorCode: code, partitionErrors: [], topics };
}
