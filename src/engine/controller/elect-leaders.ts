import { msToUs, type BrokerId } from '../kernel/units.ts';
import { errorCode, type ErrorName } from '../protocol/errors.ts';
import {
  electLeadersResponse,
  electLeadersResponsePartitionResult,
  electLeadersResponseReplicaElectionResult,
} from '../protocol/generated/elect-leaders-response.ts';
import type { RequestFrame } from '../protocol/wire.ts';
import type { ElectionStrategy } from './contract.ts';
import {
  addTasks,
  allPartitions,
  CONTROLLER_OWNER,
  liveBrokers,
  onlineReplicas,
  partitionKey,
  partitionOf,
  type ActiveController,
  type ControlledPartition,
  type DelayedElection,
  type ElectionOutcome,
  type Task,
  type Work,
} from './state.ts';

/** ElectLeaders (KafkaController.processReplicaLeaderElection, ReplicaManager.electLeaders). */
const PREFERRED = 0;
const TIMER = 'election-';
const NO_LEADER = -1;
/** What an ApiError says beside its error. */
const NOT_NEEDED = 'Leader election not needed for topic partition.';
const UNKNOWN_PARTITION = 'The partition does not exist.';

/** Partitions that need no election are answered without one. */
export function beginElection(work: Work, requestId: number, frame: Extract<RequestFrame, { api: 'ElectLeaders' }>): void {
  const { active } = work.state;
  if (active === null) return;
  const { topicPartitions, electionType, timeoutMs } = frame.body;
  const preferred = electionType === PREFERRED;
  const asked =
    topicPartitions === null
      ? allPartitions(active).map((part) => partitionKey(part.topic, part.partition))
      : topicPartitions.flatMap((topic) => topic.partitions.map((partition) => partitionKey(topic.topic, partition)));
  const preset: ElectionOutcome[] = [];
  const keys: string[] = [];
  for (const key of asked) {
    const part = partitionOf(active, key);
    if (part === undefined) preset.push({ key, error: 'UNKNOWN_TOPIC_OR_PARTITION', message: UNKNOWN_PARTITION });
    else if (needsElection(active, part, preferred)) keys.push(key);
    // Whoever asks for all partitions does not hear of those that were right already.
    else if (topicPartitions !== null) preset.push({ key, error: 'ELECTION_NOT_NEEDED', message: NOT_NEEDED });
  }
  const deadlineUs = work.scope.context.nowUs + msToUs(Math.max(0, timeoutMs));
  addTasks(work, [
    ...(keys.length > 0 ? [{ type: 'elect', keys, strategy: preferred ? 'preferred' : 'unclean' } as const] : []),
    { type: 'answerElection', requestId, keys, preset, deadlineUs },
  ]);
}

/** An unclean election is for partitions whose leader is none or dead. */
function needsElection(active: ActiveController, part: ControlledPartition, preferred: boolean): boolean {
  const leader = part.leaderAndIsr?.leader ?? NO_LEADER;
  return preferred
    ? leader !== part.replicas[0]
    : leader === NO_LEADER || !onlineReplicas(active, partitionKey(part.topic, part.partition), liveBrokers(active)).has(leader);
}

/** The elections are over: refusals are known, and a leader that was elected is waited for in this broker's metadata cache (DelayedElectLeader). */
export function answerElection(work: Work, active: ActiveController, task: Extract<Task, { type: 'answerElection' }>): void {
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
      outcomes: [...election.outcomes, ...done.map(({ key }): ElectionOutcome => ({ key, error: 'NONE', message: null }))],
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
  const timedOut = election.expected.map(({ key }): ElectionOutcome => ({ key, error: 'REQUEST_TIMED_OUT', message: null }));
  respond(work, { ...election, outcomes: [...election.outcomes, ...timedOut] });
  return true;
}

function splitKey(key: string): { readonly topic: string; readonly partition: number } {
  const dash = key.lastIndexOf('-');
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
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

/** Why nobody could be elected (StateChangeFailedException). */
export function electionFailure(key: string, strategy: ElectionStrategy): ElectionOutcome {
  const error: ErrorName = strategy === 'preferred' ? 'PREFERRED_LEADER_NOT_AVAILABLE' : 'ELIGIBLE_LEADERS_NOT_AVAILABLE';
  const name = strategy === 'preferred' ? 'PreferredReplicaPartitionLeaderElectionStrategy' : 'OfflinePartitionLeaderElectionStrategy(true)';
  return { key, error, message: `Failed to elect leader for partition ${key} under strategy ${name}` };
}
