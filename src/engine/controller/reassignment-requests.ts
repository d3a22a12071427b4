import { errorCode } from '../protocol/errors.ts';
import type { BrokerId } from '../kernel/units.ts';
import {
  alterPartitionReassignmentsResponse,
  alterPartitionReassignmentsResponseReassignablePartitionResponse,
  alterPartitionReassignmentsResponseReassignableTopicResponse,
} from '../protocol/generated/alter-partition-reassignments-response.ts';
import {
  listPartitionReassignmentsResponse,
  listPartitionReassignmentsResponseOngoingPartitionReassignment,
  listPartitionReassignmentsResponseOngoingTopicReassignment,
} from '../protocol/generated/list-partition-reassignments-response.ts';
import type { RequestFrameOf } from '../protocol/wire.ts';
import { assigned, isBeingReassigned, reassignTo } from './assignment.ts';
import { planReassignments, type Wish } from './reassignment.ts';
import {
  allPartitions,
  isLive,
  keyOf,
  partitionKey,
  partitionOf,
  registeredIds,
  runFirst,
  splitKey,
  type ActiveController,
  type ControlledPartition,
  type Work,
} from './state.ts';
import type { Outcome } from './steps.ts';

/** AlterPartitionReassignments (processApiPartitionReassignment): answered when all that can be done is under way, not when it is complete. */
export function beginReassignments(work: Work, requestId: number, frame: RequestFrameOf<'AlterPartitionReassignments'>): void {
  const { active } = work.state;
  if (active === null) return;
  const wishes = frame.body.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, replicas }): Wish => ({ key: partitionKey(name, partitionIndex), target: replicas })),
  );
  const invalid = wishes.flatMap((wish) => (wish.target === null ? [] : (problemOf(active, wish.key, wish.target) ?? [])));
  const { tasks, refusals } = planReassignments(
    active,
    wishes.filter((wish) => !invalid.some((one) => one.key === wish.key)),
  );
  const refused = [...invalid, ...refusals];
  const outcomes = wishes.map(({ key }): Outcome => refused.find((one) => one.key === key) ?? { key, error: 'NONE', message: null });
  const granted = tasks.flatMap((task) => (task.type === 'reassign' ? [task.key] : []));
  runFirst(work, [
    // The latest word counts: what stands in ZooKeeper for the same partitions goes.
    ...(granted.length > 0 ? [{ type: 'trimZkReassignment', keys: granted } as const] : []),
    ...tasks,
    { type: 'answerReassignments', requestId, outcomes },
  ]);
}

/** validateReplicas, in Kafka's words and as Scala prints its lists. */
function problemOf(active: ActiveController, key: string, replicas: readonly BrokerId[]): Outcome | null {
  const refuse = (message: string): Outcome => ({ key, error: 'INVALID_REPLICA_ASSIGNMENT', message });
  if (replicas.length === 0) return refuse('Empty replica list specified in partition reassignment.');
  if (new Set(replicas).size !== replicas.length) return refuse(`Duplicate replica ids in partition reassignment replica list: ${scalaBuffer(replicas)}`);
  if (replicas.some((id) => id < 0)) return refuse(`Invalid broker id in replica list: ${scalaBuffer(replicas)}`);
  const { adding } = reassignTo(partitionOf(active, key) ?? assigned([]), replicas);
  if (adding.every((id) => isLive(active, id))) return null;
  const live = registeredIds(active).filter((id) => isLive(active, id));
  return refuse(`Replica assignment has brokers that are not alive. Replica list: ${scalaBuffer(adding)}, live broker list: Set(${live.join(', ')})`);
}

function scalaBuffer(ids: readonly BrokerId[]): string {
  return `ArrayBuffer(${ids.join(', ')})`;
}

export function answerReassignments(work: Work, requestId: number, outcomes: readonly Outcome[]): void {
  const topics = new Map<string, ReturnType<typeof alterPartitionReassignmentsResponseReassignablePartitionResponse>[]>();
  for (const { key, error, message } of outcomes) {
    const { topic, partition } = splitKey(key);
    const answer = alterPartitionReassignmentsResponseReassignablePartitionResponse({
      partitionIndex: partition,
      errorCode: errorCode(error),
      errorMessage: message,
    });
    topics.set(topic, [...(topics.get(topic) ?? []), answer]);
  }
  const responses = [...topics].map(([name, partitions]) => alterPartitionReassignmentsResponseReassignableTopicResponse({ name, partitions }));
  work.scope.effects.push({ type: 'respond', requestId, api: 'AlterPartitionReassignments', body: alterPartitionReassignmentsResponse({ responses }) });
}

/** ListPartitionReassignments: of the partitions that are asked about, or of all, those under way. */
export function listReassignments(work: Work, requestId: number, frame: RequestFrameOf<'ListPartitionReassignments'>): void {
  const { active } = work.state;
  if (active === null) return;
  const asked = frame.body.topics?.flatMap(({ name, partitionIndexes }) => partitionIndexes.map((partition) => partitionKey(name, partition))) ?? null;
  const topics = new Map<string, ReturnType<typeof ongoing>[]>();
  for (const part of allPartitions(active)) {
    if (isBeingReassigned(part) && (asked === null || asked.includes(keyOf(part)))) topics.set(part.topic, [...(topics.get(part.topic) ?? []), ongoing(part)]);
  }
  const listed = [...topics].map(([name, partitions]) => listPartitionReassignmentsResponseOngoingTopicReassignment({ name, partitions }));
  work.scope.effects.push({ type: 'respond', requestId, api: 'ListPartitionReassignments', body: listPartitionReassignmentsResponse({ topics: listed }) });
}

function ongoing(part: ControlledPartition): ReturnType<typeof listPartitionReassignmentsResponseOngoingPartitionReassignment> {
  const { partition, replicas, adding, removing } = part;
  return listPartitionReassignmentsResponseOngoingPartitionReassignment({
    partitionIndex: partition,
    replicas,
    addingReplicas: adding,
    removingReplicas: removing,
  });
}
