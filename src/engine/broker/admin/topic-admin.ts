import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import { uuidFromBase64, uuidToBase64 } from '../../log/partition-metadata.ts';
import { validateTopicConfigs } from '../../log/log-config.ts';
import { msToUs, type InstantUs } from '../../kernel/units.ts';
import { createPartitionsResponse, createPartitionsResponseCreatePartitionsTopicResult } from '../../protocol/generated/create-partitions-response.ts';
import type { CreatePartitionsRequest } from '../../protocol/generated/create-partitions-request.ts';
import { createTopicsResponse, createTopicsResponseCreatableTopicResult } from '../../protocol/generated/create-topics-response.ts';
import type { CreateTopicsRequest, CreateTopicsRequestCreatableTopic } from '../../protocol/generated/create-topics-request.ts';
import type { DeleteTopicsRequest } from '../../protocol/generated/delete-topics-request.ts';
import { deleteTopicsResponse, deleteTopicsResponseDeletableTopicResult } from '../../protocol/generated/delete-topics-response.ts';
import { ZERO_UUID } from '../../protocol/codec.ts';
import { placeReplicas } from '../../protocol/replica-placement.ts';
import type { RequestFrame } from '../../protocol/wire.ts';
import type { ZkOperation, ZkResult } from '../../zookeeper-client/contract.ts';
import { TOPIC_ADMIN, type ClusterFacts, type TopicAdminScope } from './contract.ts';
import { collides, topicNameProblem } from './topic-name.ts';

/** Requests that wait for ZooKeeper or for the metadata cache, as plain data. */
export interface TopicAdminState {
  readonly pending: readonly PendingAdmin[];
  readonly nextTag: number;
}

export interface PendingAdmin {
  readonly requestId: number;
  readonly frame: Extract<RequestFrame, { api: 'CreateTopics' | 'CreatePartitions' | 'DeleteTopics' }>;
  readonly tag: string | null;
  readonly stage: 'reading' | 'writing' | 'waiting';
  readonly results: readonly TopicResult[];
  readonly deadlineUs: InstantUs;
}

interface TopicResult {
  readonly name: string;
  readonly error: ErrorName;
  readonly message: string | null;
  readonly topicId: string;
  /** The partition count that the topic has once it is there; 0 when refused. */
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly operations: readonly ZkOperation[];
}

export interface Work {
  state: TopicAdminState;
  readonly scope: TopicAdminScope;
  readonly facts: ClusterFacts;
}

export const NEW_TOPIC_ADMIN: TopicAdminState = { pending: [], nextTag: 1 };
const TOPICS = '/brokers/topics';
const DELETIONS = '/admin/delete_topics';

/** Begins a request; what needs no ZooKeeper is refused at once, then everything that ZooKeeper must tell is read. */
export function beginAdminRequest(work: Work, requestId: number, frame: PendingAdmin['frame']): void {
  const deadlineUs = work.scope.context.nowUs + msToUs(Math.max(0, frame.body.timeoutMs));
  const pending: PendingAdmin = { requestId, frame, tag: null, stage: 'reading', results: [], deadlineUs };
  if (!work.facts.isController) return answer(work, { ...pending, results: namesOf(frame).map((name) => refused(name, 'NOT_CONTROLLER', null)) });
  if (frame.api === 'CreateTopics') {
    const refusals = frame.body.topics.flatMap((topic) => refusalAtOnce(work, topic) ?? []);
    if (refusals.length === frame.body.topics.length) return answer(work, { ...pending, results: refusals });
  }
  if (frame.api === 'DeleteTopics') return beginDeletion(work, { ...pending, stage: 'writing', results: judgeDeletions(work, frame.body) });
  const operations: ZkOperation[] = [{ op: 'getChildren', path: TOPICS, watch: false }];
  if (frame.api === 'CreatePartitions')
    for (const topic of frame.body.topics) operations.push({ op: 'getData', path: `${TOPICS}/${topic.name}`, watch: false });
  callFor(work, pending, operations);
}

function namesOf(frame: PendingAdmin['frame']): readonly string[] {
  return frame.body.topics.map((topic) => topic.name ?? '');
}

/** KafkaApis.handleDeleteTopicsRequest: by name or by id; what this broker has not heard of is not deleted. */
function judgeDeletions(work: Work, body: DeleteTopicsRequest): TopicResult[] {
  const { facts } = work;
  return body.topics.map(({ name, topicId }) => {
    const known = topicId === ZERO_UUID ? name : facts.topicNameOf(topicId);
    if (!facts.deletesTopics) return refused(known ?? '', 'TOPIC_DELETION_DISABLED', null);
    if (known === null) return { ...refused('', 'UNKNOWN_TOPIC_ID', null), topicId: uuidToBase64(topicId) };
    if (!facts.knowsTopic(known)) return refused(known, 'UNKNOWN_TOPIC_OR_PARTITION', null);
    const wish: ZkOperation = { op: 'create', path: `${DELETIONS}/${known}`, data: '', ephemeral: false, sequential: false };
    return { ...refused(known, 'NONE', null), topicId: topicId === ZERO_UUID ? '' : uuidToBase64(topicId), operations: [wish] };
  });
}

function beginDeletion(work: Work, pending: PendingAdmin): void {
  const operations = pending.results.flatMap((result) => result.operations);
  if (operations.length === 0) return answer(work, pending);
  callFor(work, pending, operations);
}

function callFor(work: Work, pending: PendingAdmin, operations: readonly ZkOperation[]): void {
  const tag = `${TOPIC_ADMIN}-${work.state.nextTag}`;
  work.scope.effects.push({ type: 'zk', tag, operations });
  work.state = { nextTag: work.state.nextTag + 1, pending: [...without(work, pending), { ...pending, tag }] };
}

function without(work: Work, pending: PendingAdmin): readonly PendingAdmin[] {
  return work.state.pending.filter((other) => other.requestId !== pending.requestId);
}

/** ZooKeeper answered one of our calls. */
export function onAdminAnswer(work: Work, tag: string, results: readonly ZkResult[]): void {
  const pending = work.state.pending.find((one) => one.tag === tag);
  if (pending === undefined) return;
  if (pending.stage === 'reading') onRead(work, pending, results);
  else onWrote(work, pending, results);
}

function onRead(work: Work, pending: PendingAdmin, results: readonly ZkResult[]): void {
  const list = results[0];
  const existing = list?.ok === true && list.op === 'getChildren' ? list.children : [];
  const { frame } = pending;
  if (frame.api === 'DeleteTopics') return;
  const judged = frame.api === 'CreateTopics' ? judgeTopics(work, frame.body, existing) : judgeGrowth(work, frame.body, results.slice(1));
  const operations = judged.flatMap((result) => result.operations);
  const next: PendingAdmin = { ...pending, stage: 'writing', results: judged };
  if (operations.length === 0 || frame.body.validateOnly) return answer(work, next);
  callFor(work, next, operations);
}

function refused(name: string, error: ErrorName, message: string | null): TopicResult {
  return { name, error, message, topicId: '', partitionCount: 0, replicationFactor: 0, operations: [] };
}

function judgeTopics(work: Work, body: CreateTopicsRequest, existing: readonly string[]): TopicResult[] {
  return body.topics.map((topic) => judgeTopic(work, topic, existing));
}

/** What this broker knows without ZooKeeper: the topic is in its metadata cache, the assignment cannot be made, the name is no topic's. */
function refusalAtOnce(work: Work, topic: CreateTopicsRequestCreatableTopic): TopicResult | null {
  const { name } = topic;
  if (work.facts.knowsTopic(name)) return refused(name, 'TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
  const problem = assignmentProblem(work, topic);
  if (problem !== null) return refused(name, problem.error, problem.message);
  const nameProblem = topicNameProblem(name);
  return nameProblem === null ? null : refused(name, 'INVALID_TOPIC_EXCEPTION', nameProblem);
}

/** ZkAdminManager.createTopics for one topic, checks in Kafka's order. */
function judgeTopic(work: Work, topic: CreateTopicsRequestCreatableTopic, existing: readonly string[]): TopicResult {
  const { facts } = work;
  const { name } = topic;
  if (existing.includes(name)) return refused(name, 'TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
  const refusal = refusalAtOnce(work, topic);
  if (refusal !== null) return refusal;
  const assignment = topic.assignments.length > 0 ? manualAssignment(topic) : automaticAssignment(work, topic);
  if (!assignment.ok) return refused(name, assignment.error, assignment.message);
  const colliding = existing.filter((other) => collides(other, name));
  if (colliding.length > 0) return refused(name, 'INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topics: ${colliding.join(', ')}`);
  const unknown = assignment.partitions.flat().filter((id) => !facts.liveBrokers.some((broker) => broker.id === id));
  if (topic.assignments.length > 0 && unknown.length > 0)
    return refused(name, 'INVALID_REPLICA_ASSIGNMENT', `Unknown broker(s) in replica assignment: ${[...new Set(unknown)].join(', ')}.`);
  const configs: Record<string, string> = {};
  for (const config of topic.configs) if (config.value !== null) configs[config.name] = config.value;
  const configProblem = validateTopicConfigs(configs);
  if (configProblem !== null) return refused(name, configProblem.error, configProblem.message);
  const topicId = uuidToBase64(drawUuid(work));
  const persistent = { ephemeral: false, sequential: false } as const;
  return {
    name,
    error: 'NONE',
    message: null,
    topicId,
    partitionCount: assignment.partitions.length,
    replicationFactor: assignment.partitions[0]?.length ?? 0,
    operations: [
      { op: 'create', path: `/config/topics/${name}`, data: JSON.stringify({ version: 1, config: configs }), ...persistent },
      { op: 'create', path: `${TOPICS}/${name}`, data: topicData(topicId, assignment.partitions), ...persistent },
    ],
  };
}

function topicData(topicId: string, partitions: readonly (readonly number[])[]): string {
  const byId: Record<string, readonly number[]> = {};
  partitions.forEach((replicas, partition) => (byId[String(partition)] = replicas));
  return JSON.stringify({ version: 3, topic_id: topicId, partitions: byId, adding_replicas: {}, removing_replicas: {} });
}

function drawUuid(work: Work): string {
  let hex = '';
  for (let i = 0; i < 4; i++) hex += work.scope.context.draw('topic-id').toString(16).padStart(8, '0');
  return hex;
}

type Assignment =
  { readonly ok: true; readonly partitions: readonly (readonly number[])[] } | { readonly ok: false; readonly error: ErrorName; readonly message: string };

function manualAssignment(topic: CreateTopicsRequestCreatableTopic): Assignment {
  const invalid = (message: string): Assignment => ({ ok: false, error: 'INVALID_REPLICA_ASSIGNMENT', message });
  const partitions: (readonly number[])[] = [];
  for (const part of topic.assignments) {
    if (part.brokerIds.length === 0) return invalid('Available replica ids for each topic partition must be non-empty.');
    if (new Set(part.brokerIds).size !== part.brokerIds.length) return invalid(`Duplicate replica assignment found: ${part.brokerIds.join(', ')}`);
    partitions[part.partitionIndex] = part.brokerIds;
  }
  if (partitions.length !== topic.assignments.length) return invalid('Partitions should be a consecutive 0-based integer sequence.');
  if (partitions.some((replicas) => replicas.length !== partitions[0]?.length)) return invalid('All partitions should have the same number of replicas.');
  return { ok: true, partitions };
}

type AssignmentProblem = Pick<Extract<Assignment, { ok: false }>, 'error' | 'message'>;

function countsOf(work: Work, topic: CreateTopicsRequestCreatableTopic): { readonly partitionCount: number; readonly replicationFactor: number } {
  const { numPartitions, replicationFactor } = topic;
  const { defaultPartitionCount, defaultReplicationFactor } = work.facts;
  return {
    partitionCount: numPartitions === -1 ? defaultPartitionCount : numPartitions,
    replicationFactor: replicationFactor === -1 ? defaultReplicationFactor : replicationFactor,
  };
}

/** Why replicas cannot be assigned; null where they can. */
function assignmentProblem(work: Work, topic: CreateTopicsRequestCreatableTopic): AssignmentProblem | null {
  if (topic.assignments.length > 0) {
    const manual = manualAssignment(topic);
    return manual.ok ? null : manual;
  }
  const { partitionCount, replicationFactor } = countsOf(work, topic);
  const brokerCount = work.facts.liveBrokers.length;
  if (partitionCount <= 0) return { error: 'INVALID_PARTITIONS', message: 'Number of partitions must be larger than 0.' };
  if (replicationFactor <= 0) return { error: 'INVALID_REPLICATION_FACTOR', message: 'Replication factor must be larger than 0.' };
  if (replicationFactor <= brokerCount) return null;
  return { error: 'INVALID_REPLICATION_FACTOR', message: `Replication factor: ${replicationFactor} larger than available brokers: ${brokerCount}.` };
}

/** AdminUtils.assignReplicasToBrokers with a drawn start and shift; whether it can be done was judged before. */
function automaticAssignment(work: Work, topic: CreateTopicsRequestCreatableTopic): Assignment {
  const { facts, scope } = work;
  const { partitionCount, replicationFactor } = countsOf(work, topic);
  const brokers = facts.liveBrokers;
  const startIndex = scope.context.draw('placement') % brokers.length;
  const startShift = scope.context.draw('placement') % brokers.length;
  const placed = placeReplicas({ brokers, partitionCount, replicationFactor, startIndex, startShift, startPartitionId: 0 });
  return { ok: true, partitions: [...placed.values()] };
}

interface StoredTopic {
  readonly topic_id?: string;
  readonly partitions: Readonly<Record<string, readonly number[]>>;
  readonly adding_replicas?: Readonly<Record<string, readonly number[]>>;
  readonly removing_replicas?: Readonly<Record<string, readonly number[]>>;
}

/** CreatePartitions: only growth, in ZooKeeper mode's words. */
function judgeGrowth(work: Work, body: CreatePartitionsRequest, stored: readonly ZkResult[]): TopicResult[] {
  return body.topics.map((topic, i) => {
    const result = stored[i];
    if (result?.ok !== true || result.op !== 'getData') return refused(topic.name, 'UNKNOWN_TOPIC_OR_PARTITION', `The topic '${topic.name}' does not exist.`);
    const { topic_id: topicId, partitions, adding_replicas: adding, removing_replicas: removing } = JSON.parse(result.data) as StoredTopic;
    if (Object.keys(adding ?? {}).length > 0 || Object.keys(removing ?? {}).length > 0)
      return refused(topic.name, 'REASSIGNMENT_IN_PROGRESS', `A partition reassignment is in progress for the topic '${topic.name}'.`);
    const present = Object.keys(partitions).map((id) => partitions[id] ?? []);
    if (topic.count < present.length)
      return refused(topic.name, 'INVALID_PARTITIONS', `Topic currently has ${present.length} partitions, which is higher than the requested ${topic.count}.`);
    if (topic.count === present.length) return refused(topic.name, 'INVALID_PARTITIONS', `Topic already has ${present.length} partitions.`);
    const grown = [...present, ...newReplicas(work, present, topic.count)];
    return {
      name: topic.name,
      error: 'NONE' as const,
      message: null,
      topicId: topicId ?? '',
      partitionCount: grown.length,
      replicationFactor: present[0]?.length ?? 0,
      operations: [{ op: 'setData' as const, path: `${TOPICS}/${topic.name}`, data: topicData(topicId ?? '', grown), version: result.stat.version }],
    };
  });
}

/** AdminZkClient.createNewPartitionsAssignment: goes on from where partition 0 began. */
function newReplicas(work: Work, present: readonly (readonly number[])[], totalCount: number): (readonly number[])[] {
  const brokers = work.facts.liveBrokers.slice().sort((a, b) => a.id - b.id);
  const first = present[0] ?? [];
  const startIndex = Math.max(
    0,
    brokers.findIndex((broker) => broker.id >= (first[0] ?? 0)),
  );
  const placed = placeReplicas({
    brokers,
    partitionCount: totalCount - present.length,
    replicationFactor: Math.min(first.length, brokers.length),
    startIndex,
    startShift: startIndex,
    startPartitionId: present.length,
  });
  return [...placed.values()];
}

/** Written: the answer waits until this broker's metadata shows the leaders (DelayedCreatePartitions). */
function onWrote(work: Work, pending: PendingAdmin, results: readonly ZkResult[]): void {
  let at = 0;
  const judged = pending.results.map((result): TopicResult => {
    const own = results.slice(at, at + result.operations.length);
    at += result.operations.length;
    const last = own[own.length - 1];
    if (last === undefined || last.ok) return result;
    // A topic that is marked already is waited for all the same (TopicAlreadyMarkedForDeletionException).
    if (last.error === 'NODEEXISTS' && pending.frame.api === 'DeleteTopics') return result;
    if (last.error === 'NODEEXISTS') return refused(result.name, 'TOPIC_ALREADY_EXISTS', `Topic '${result.name}' already exists.`);
    return refused(result.name, 'UNKNOWN_SERVER_ERROR', null);
  });
  const waiting: PendingAdmin = { ...pending, tag: null, stage: 'waiting', results: judged };
  work.state = { ...work.state, pending: [...without(work, pending), waiting] };
  work.scope.effects.push({ type: 'setTimer', owner: TOPIC_ADMIN, name: `expire-${pending.requestId}`, atUs: pending.deadlineUs });
  checkAdminWaiting(work);
}

/** Answers what is complete; called whenever the metadata cache may have changed. */
export function checkAdminWaiting(work: Work): void {
  for (const pending of work.state.pending) {
    if (pending.stage !== 'waiting') continue;
    if (pending.results.every((result) => result.error !== 'NONE' || isDone(work, pending, result))) answer(work, pending);
  }
}

/** Made: all its partitions have leaders. Deleted: this broker has not heard of it any more. */
function isDone(work: Work, pending: PendingAdmin, result: TopicResult): boolean {
  if (pending.frame.api === 'DeleteTopics') return !work.facts.knowsTopic(result.name);
  return work.facts.ledPartitionCount(result.name) >= result.partitionCount;
}

/** The request's time is over: what has no leader yet is answered as timed out, though it may come to be. */
export function onAdminTimer(work: Work, name: string): void {
  const requestId = Number(name.slice('expire-'.length));
  const pending = work.state.pending.find((one) => one.requestId === requestId && one.stage === 'waiting');
  if (pending === undefined) return;
  const results = pending.results.map((result) =>
    result.error === 'NONE' && !isDone(work, pending, result) ? { ...result, error: 'REQUEST_TIMED_OUT' as const, message: null } : result,
  );
  answer(work, { ...pending, results });
}

function answer(work: Work, pending: PendingAdmin): void {
  const { requestId, frame, results } = pending;
  work.state = { ...work.state, pending: without(work, pending) };
  if (frame.api === 'CreateTopics') {
    const topics = results.map((result) =>
      createTopicsResponseCreatableTopicResult({
        name: result.name,
        errorCode: errorCode(result.error),
        errorMessage: result.message,
        configs: [],
        numPartitions: result.error === 'NONE' ? result.partitionCount : -1,
        replicationFactor: result.error === 'NONE' ? result.replicationFactor : -1,
        ...idOf(result),
      }),
    );
    work.scope.effects.push({ type: 'respond', requestId, api: 'CreateTopics', body: createTopicsResponse({ topics }) });
    return;
  }
  if (frame.api === 'DeleteTopics') {
    const responses = results.map((result) =>
      deleteTopicsResponseDeletableTopicResult({ name: result.name === '' ? null : result.name, errorCode: errorCode(result.error), ...idOf(result) }),
    );
    work.scope.effects.push({ type: 'respond', requestId, api: 'DeleteTopics', body: deleteTopicsResponse({ responses }) });
    return;
  }
  const growth = results.map((result) =>
    createPartitionsResponseCreatePartitionsTopicResult({ name: result.name, errorCode: errorCode(result.error), errorMessage: result.message }),
  );
  work.scope.effects.push({ type: 'respond', requestId, api: 'CreatePartitions', body: createPartitionsResponse({ results: growth }) });
}

function idOf(result: TopicResult): { topicId?: string } {
  const topicId = uuidFromBase64(result.topicId);
  return topicId === null ? {} : { topicId };
}
