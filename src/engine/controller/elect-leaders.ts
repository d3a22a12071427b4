import { msToUs, type BrokerId } from '../kernel/units.ts';
import { errorCode } from '../protocol/errors.ts';
import {
  electLeadersResponse,
  electLeadersResponsePartitionResult,
  electLeadersResponseReplicaElectionResult,
} from '../protocol/generated/elect-leaders-response.ts';
import type { RequestFrameOf } from '../protocol/wire.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import {
  allPartitions,
  awaitZooKeeper,
  CONTROLLER_OWNER,
  enqueue,
  isBeingDeleted,
  isLive,
  keyOf,
  partitionKey,
  partitionOf,
  runFirst,
  splitKey,
  type ActiveController,
  type ControlledPartition,
  type DelayedElection,
  type Work,
} from './state.ts';
import type { Outcome, Task } from './steps.ts';
import { decodePartitions, PREFERRED_ELECTION_PATH } from './znodes.ts';
import { found, read } from './zookeeper-calls.ts';

/** ElectLeaders (KafkaController.processReplicaLeaderElection, ReplicaManager.electLeaders). */
const PREFERRED = 0;
const TIMER = 'election-';
const NO_LEADER = -1;
/** What an ApiError says beside its error. */
const NOT_NEEDED = 'Leader election not needed for topic partition.';
const UNKNOWN_PARTITION = 'The partition does not exist.';

/** Partitions that need no election are answered without one. */
export function beginElection(work: Work, requestId: number, frame: RequestFrameOf<'ElectLeaders'>): void {
  const { active } = work.state;
  if (active === null) return;
  const { topicPartitions, electionType, timeoutMs } = frame.body;
  const preferred = electionType === PREFERRED;
  const asked =
    topicPartitions === null
      ? allPartitions(active).map(keyOf)
      : topicPartitions.flatMap((topic) => topic.partitions.map((partition) => partitionKey(topic.topic, partition)));
  const preset: Outcome[] = [];
  const keys: string[] = [];
  for (const key of asked) {
    const part = partitionOf(active, key);
    if (part === undefined) preset.push({ key, error: 'UNKNOWN_TOPIC_OR_PARTITION', message: UNKNOWN_PARTITION });
    else if (isBeingDeleted(active, part.topic)) preset.push({ key, error: 'INVALID_TOPIC_EXCEPTION', message: 'The topic is being deleted' });
    else if (needsElection(active, part, preferred)) keys.push(key);
    // Whoever asks for all partitions does not hear of those that were right already.
    else if (topicPartitions !== null) preset.push({ key, error: 'ELECTION_NOT_NEEDED', message: NOT_NEEDED });
  }
  const deadlineUs = work.scope.context.nowUs + msToUs(Math.max(0, timeoutMs));
  const strategy = preferred ? 'preferred' : 'unclean';
  runFirst(work, [
    ...(keys.length > 0 ? [{ type: 'partitionsOnline', keys, strategy, allowUnclean: !preferred } as const] : []),
    { type: 'answerElection', requestId, keys, preset, deadlineUs },
  ]);
}

/** An unclean election is for partitions whose leader is none or dead. */
function needsElection(active: ActiveController, part: ControlledPartition, preferred: boolean): boolean {
  const leader = part.leaderAndIsr?.leader ?? NO_LEADER;
  return preferred ? leader !== part.replicas[0] : leader === NO_LEADER || !isLive(active, leader);
}

/** `/admin/preferred_replica_election`, the way of tools before KIP-460: held, and deleted whatever came of it. */
export function readZkElection(work: Work): void {
  awaitZooKeeper(work, [{ op: 'exists', path: PREFERRED_ELECTION_PATH, watch: true }, read(PREFERRED_ELECTION_PATH)], { type: 'zkElection' });
}

export function onZkElection(work: Work, results: readonly ZkResult[]): void {
  const { active } = work.state;
  const stored = found(results[1]);
  if (active === null || stored === null) return;
  const parts = decodePartitions(stored.data).flatMap(({ topic, partition }) => partitionOf(active, partitionKey(topic, partition)) ?? []);
  const keys = parts.filter((part) => !isBeingDeleted(active, part.topic) && needsElection(active, part, true)).map(keyOf);
  runFirst(work, [
    ...(keys.length > 0 ? [{ type: 'partitionsOnline', keys, strategy: 'preferred', allowUnclean: false } as const] : []),
    { type: 'deleteZnodes', paths: [PREFERRED_ELECTION_PATH] },
  ]);
  // The watch is set anew, so that the next one is seen.
  enqueue(work, { type: 'ZkPreferredReplicaElection' });
}

/** The elections are over: refusals are known, and a leader that was elected is waited for in this broker's metadata cache (DelayedElectLeader). */
export function answerElection(work: Work, task: Extract<Task, { type: 'answerElection' }>): void {
  const { active } = work.state;
  if (active === null) return;
  const { requestId, deadlineUs } = task;
  const failures = work.state.current?.failures ?? [];
  const expected = task.keys
    .filter((key) => !failures.some((one) => one.key === key))
    .map((key) => ({ key, leader: partitionOf(active, key)?.leaderAndIsr?.leader ?? NO_LEADER }));
  const election: DelayedElection = { requestId, outcomes: [...task.preset, ...failures], expected };
  if (expected.length === 0) return respond(work, election);
  work.state = { ...work.state, delayedElections: [...work.state.delayedElections, election] };
  work.scope.effects.push({ type: 'setTimer', owner: CONTROLLER_OWNER, name: `${TIMER}${requestId}`, atUs: deadlineUs });
}

/** The metadata cache may have changed: elections whose leaders it shows are answered. */
export function onMetadataUpdated(work: Work, leaderOf: (topic: string, partition: number) => BrokerId): void {
  for (const election of work.state.delayedElections) {
    const waiting = election.expected.filter(({ key, leader }) => {
      const { topic, partition } = splitKey(key);
      return leaderOf(topic, partition) !== leader;
    });
    const done = election.expected.filter((one) => !waiting.includes(one));
    const next: DelayedElection = {
      ...election,
      expected: waiting,
      outcomes: [...election.outcomes, ...done.map(({ key }): Outcome => ({ key, error: 'NONE', message: null }))],
    };
    const others = work.state.delayedElections.filter((other) => other !== election);
    work.state = {
      ...work.state,
      delayedElections: waiting.length === 0 ? others : work.state.delayedElections.map((other) => (other === election ? next : other)),
    };
    if (waiting.length > 0) continue;
    work.scope.effects.push({ type: 'cancelTimer', owner: CONTROLLER_OWNER, name: `${TIMER}${election.requestId}` });
    respond(work, next);
  }
}

/** False for another timer. What the cache does not show in time is answered as timed out, though it was elected. */
export function onElectionTimer(work: Work, name: string): boolean {
  if (!name.startsWith(TIMER)) return false;
  const election = work.state.delayedElections.find((one) => one.requestId === Number(name.slice(TIMER.length)));
  if (election === undefined) return true;
  work.state = { ...work.state, delayedElections: work.state.delayedElections.filter((other) => other !== election) };
  const timedOut = election.expected.map(({ key }): Outcome => ({ key, error: 'REQUEST_TIMED_OUT', message: null }));
  respond(work, { ...election, outcomes: [...election.outcomes, ...timedOut] });
  return true;
}

function respond(work: Work, election: DelayedElection): void {
  const topics = new Map<string, ReturnType<typeof electLeadersResponsePartitionResult>[]>();
  for (const { key, error, message } of election.outcomes) {
    const { topic, partition } = splitKey(key);
    const result = electLeadersResponsePartitionResult({ partitionId: partition, errorCode: errorCode(error), errorMessage: message });
    topics.set(topic, [...(topics.get(topic) ?? []), result]);
  }
  const replicaElectionResults = [...topics].map(([topic, partitionResult]) => electLeadersResponseReplicaElectionResult({ topic, partitionResult }));
  work.scope.effects.push({ type: 'respond', requestId: election.requestId, api: 'ElectLeaders', body: electLeadersResponse({ replicaElectionResults }) });
}
