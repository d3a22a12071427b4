import { unreachable } from '../kernel/assert.ts';
import { brokersCame, brokersGone, metadataUnlessTold, sendMetadata } from './broker-changes.ts';
import {
  completeDeletion,
  deleteReplicas,
  deletionBegun,
  failDeletion,
  failDeletionOn,
  resumeDeletionOf,
  resumeDeletionOn,
  resumeDeletions,
} from './deletion.ts';
import { answerElection, readZkElection } from './elect-leaders.ts';
import { offlineLeaders, partitionsOnline, partitionsTo, triggerOnline } from './partition-states.ts';
import { answerReassignments } from './reassignment-requests.ts';
import {
  assignInMemory,
  completeReassignments,
  finishReassignment,
  moveLeader,
  proceedReassignment,
  readZkReassignment,
  reassign,
  resumeReassignments,
  trimZkReassignment,
  writeAssignment,
} from './reassignment.ts';
import { hostedTo, replicasTo, takeOffline } from './replica-states.ts';
import { sendBatch } from './request-batch.ts';
import { answerShutdown, stopFollowers } from './shutdown.ts';
import { changeStates } from './state-writes.ts';
import { awaitZooKeeper, type Work } from './state.ts';
import type { Task } from './steps.ts';
import { guarded } from './zookeeper-calls.ts';

/** One task of the event under way. It may ask ZooKeeper, and the event goes on when that is answered. */
export function runTask(work: Work, task: Task): void {
  switch (task.type) {
    case 'brokersGone':
      return brokersGone(work, task.brokers);
    case 'brokersCame':
      return brokersCame(work, task.brokers);
    case 'offlineLeaders':
      return offlineLeaders(work);
    case 'triggerOnline':
      return triggerOnline(work, task.topic);
    case 'partitionsTo':
      return partitionsTo(work, task);
    case 'partitionsOnline':
      return partitionsOnline(work, task);
    case 'replicasTo':
      return replicasTo(work, task);
    case 'hostedTo':
      return hostedTo(work, task);
    case 'takeOffline':
      return takeOffline(work, task.brokerId, task.keys);
    case 'changeStates':
      return changeStates(work, task.keys, task.change);
    case 'sendBatch':
      return sendBatch(work);
    case 'sendMetadata':
      return sendMetadata(work, task);
    case 'metadataUnlessTold':
      return metadataUnlessTold(work, task.brokers);
    case 'deleteZnodes':
      return deleteZnodes(work, task.paths);
    case 'stopFollowers':
      return stopFollowers(work, task);
    case 'answerShutdown':
      return answerShutdown(work, task);
    case 'answerElection':
      return answerElection(work, task);
    case 'readZkElection':
      return readZkElection(work);
    default:
      return runLongTask(work, task);
  }
}

/** Of reassignments and deletions, which go on over many events. */
function runLongTask(work: Work, task: LongTask): void {
  switch (task.type) {
    case 'completeReassignments':
      return completeReassignments(work, task.keys);
    case 'reassign':
      return reassign(work, task);
    case 'proceedReassignment':
      return proceedReassignment(work, task.key);
    case 'moveLeader':
      return moveLeader(work, task.key);
    case 'writeAssignment':
      return writeAssignment(work, task);
    case 'assignInMemory':
      return assignInMemory(work, task.key, task.assignment);
    case 'finishReassignment':
      return finishReassignment(work, task.key);
    case 'resumeReassignments':
      return resumeReassignments(work, task);
    case 'readZkReassignment':
      return readZkReassignment(work);
    case 'trimZkReassignment':
      return trimZkReassignment(work, task.keys);
    case 'answerReassignments':
      return answerReassignments(work, task.requestId, task.outcomes);
    case 'resumeDeletions':
      return resumeDeletions(work);
    case 'resumeDeletionOf':
      return resumeDeletionOf(work, task.topics);
    case 'resumeDeletionOn':
      return resumeDeletionOn(work, task.brokers);
    case 'failDeletion':
      return failDeletion(work, task.replicas);
    case 'failDeletionOn':
      return failDeletionOn(work, task.brokers);
    case 'deletionBegun':
      return deletionBegun(work, task.topics);
    case 'deleteReplicas':
      return deleteReplicas(work, task.topics);
    case 'completeDeletion':
      return completeDeletion(work, task.topic);
    default:
      return unreachable(task);
  }
}

type LongTask = Exclude<Task, { type: ShortTaskType }>;
type ShortTaskType =
  | 'brokersGone'
  | 'brokersCame'
  | 'offlineLeaders'
  | 'triggerOnline'
  | 'partitionsTo'
  | 'partitionsOnline'
  | 'replicasTo'
  | 'hostedTo'
  | 'takeOffline'
  | 'changeStates'
  | 'sendBatch'
  | 'sendMetadata'
  | 'metadataUnlessTold'
  | 'deleteZnodes'
  | 'stopFollowers'
  | 'answerShutdown'
  | 'answerElection'
  | 'readZkElection';

function deleteZnodes(work: Work, paths: readonly string[]): void {
  if (paths.length === 0) return;
  awaitZooKeeper(
    work,
    paths.map((path) => guarded(work, { op: 'delete', path, version: -1 })),
    { type: 'ignored' },
  );
}
