import { errorName } from '../../protocol/errors.ts';
import {
  produceResponseLeaderIdAndEpoch,
  type ProduceResponse,
  type ProduceResponsePartitionProduceResponse,
  type ProduceResponseTopicProduceResponse,
} from '../../protocol/generated/produce-response.ts';
import type { BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import type { ProduceStatus } from '../purgatory/delayed-operations.ts';
import { currentLeader, endpointsOf } from './current-leader.ts';

export interface ProduceAnswer {
  readonly requestId: number;
  readonly clientId: string;
  readonly acks: number;
  readonly statuses: readonly ProduceStatus[];
}

export const NO_CURRENT_LEADER = produceResponseLeaderIdAndEpoch();
const NO_OFFSET = -1;

/** The answer for one partition: where the batch went, or why not. */
export function produceResult(index: number, fields: Partial<ProduceResponsePartitionProduceResponse>): ProduceResponsePartitionProduceResponse {
  return {
    index,
    errorCode: fields.errorCode ?? 0,
    baseOffset: fields.baseOffset ?? NO_OFFSET,
    logAppendTimeMs: fields.logAppendTimeMs ?? NO_OFFSET,
    logStartOffset: fields.logStartOffset ?? NO_OFFSET,
    recordErrors: fields.recordErrors ?? [],
    errorMessage: fields.errorMessage ?? null,
    currentLeader: NO_CURRENT_LEADER,
  };
}

/**
 * Ends a produce request: an answer, or with acks=0 nothing at all, or, if anything failed there, the end of the connection, as
 * that is all such a producer can notice.
 */
export function respondToProduce(state: BrokerState, answer: ProduceAnswer, scope: BrokerScope): void {
  const failed = answer.statuses.filter((status) => status.response.errorCode !== 0);
  for (const status of failed) traceRefusal(state, answer, status, scope);
  if (answer.acks === 0) {
    scope.effects.push({ type: failed.length > 0 ? 'closeRequest' : 'finish', requestId: answer.requestId });
    return;
  }
  scope.effects.push({ type: 'respond', requestId: answer.requestId, api: 'Produce', body: produceBody(state, answer.statuses) });
}

function traceRefusal(state: BrokerState, answer: ProduceAnswer, status: ProduceStatus, scope: BrokerScope): void {
  const { topic, partition } = status;
  const error = errorName(status.response.errorCode);
  scope.effects.push({
    type: 'trace',
    event: { type: 'RequestRefused', brokerId: state.identity.brokerId, topic, partition, api: 'Produce', error, from: answer.clientId },
  });
}

function produceBody(state: BrokerState, statuses: readonly ProduceStatus[]): ProduceResponse {
  const leaders: number[] = [];
  const responses: { name: string; partitionResponses: ProduceResponsePartitionProduceResponse[] }[] = [];
  for (const status of statuses) {
    let topic = responses[responses.length - 1];
    if (topic === undefined || topic.name !== status.topic) {
      topic = { name: status.topic, partitionResponses: [] };
      responses.push(topic);
    }
    topic.partitionResponses.push(withLeader(state, status, leaders));
  }
  return { responses: responses satisfies ProduceResponseTopicProduceResponse[], throttleTimeMs: 0, nodeEndpoints: endpointsOf(state, leaders) };
}

/** A producer that asked the wrong broker is told whom to ask (KIP-951). */
function withLeader(state: BrokerState, status: ProduceStatus, leaders: number[]): ProduceResponsePartitionProduceResponse {
  if (status.response.errorCode === 0 || errorName(status.response.errorCode) !== 'NOT_LEADER_OR_FOLLOWER') return status.response;
  const leader = currentLeader(state, status.topic, status.partition);
  leaders.push(leader.leaderId);
  return { ...status.response, currentLeader: leader };
}
