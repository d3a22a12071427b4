import { changed } from '../../kernel/mutable.ts';
import type { BrokerId, Offset } from '../../kernel/units.ts';
import { queueRequest } from '../../network-client/network-client.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../../log/list-offsets.ts';
import { errorName } from '../../protocol/errors.ts';
import { LATEST_VERSIONS } from '../../protocol/generated/apis.ts';
import { listOffsetsRequest, listOffsetsRequestListOffsetsPartition } from '../../protocol/generated/list-offsets-request.ts';
import type { ListOffsetsResponse, ListOffsetsResponseListOffsetsPartitionResponse } from '../../protocol/generated/list-offsets-response.ts';
import { getPartition, requirePartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { networkScope } from '../network.ts';
import {
  copyFetcher,
  findFetcherPartition,
  getFetcher,
  putFetcher,
  updateAndMoveToEnd,
  type AskedPartition,
  type FetcherPartition,
  type FetcherRequest,
} from './fetcher-state.ts';
import { delayPartitions, onFenced } from './partition-errors.ts';
import { fetchingFrom, restartReplica, truncateReplica } from './truncation.ts';

type OffsetQuestion = Extract<FetcherRequest, { kind: 'listOffsets' }>;
const UNKNOWN_OFFSET = -1;

/** After OFFSET_OUT_OF_RANGE the leader is asked where its log ends; one partition after another, and nothing is fetched meanwhile. */
export function askLatestOffset(state: BrokerState, source: BrokerId, outOfRange: readonly AskedPartition[], scope: BrokerScope): BrokerState {
  const [asked, ...waiting] = outOfRange;
  if (asked === undefined) return state;
  return ask(state, source, { kind: 'listOffsets', asked, bound: 'latest', leaderEndOffset: UNKNOWN_OFFSET, waiting }, scope);
}

function ask(state: BrokerState, source: BrokerId, question: OffsetQuestion, scope: BrokerScope): BrokerState {
  const fetcher = getFetcher(state, source);
  if (fetcher === null) return state;
  const { asked, bound } = question;
  const timestamp = bound === 'latest' ? LATEST_TIMESTAMP : EARLIEST_TIMESTAMP;
  const partition = listOffsetsRequestListOffsetsPartition({ partitionIndex: asked.partition, currentLeaderEpoch: asked.currentLeaderEpoch, timestamp });
  const body = listOffsetsRequest({ replicaId: state.identity.brokerId, topics: [{ name: asked.topic, partitions: [partition] }] });
  const request = { node: fetcher.source, api: 'ListOffsets', version: LATEST_VERSIONS.ListOffsets, body, tag: '', expectsResponse: true } as const;
  const { client } = queueRequest(fetcher.client, request, networkScope(scope));
  return putFetcher(state, changed(copyFetcher(fetcher), { client, request: question }));
}

/**
 * AbstractFetcherThread.fetchOffsetAndTruncate. The leader's end below ours: cut to it. Else its start above our end: nothing of ours
 * is of use. Else our log was right and the leader has caught up meanwhile.
 */
export function onListOffsetsResponse(state: BrokerState, source: BrokerId, body: ListOffsetsResponse, scope: BrokerScope): BrokerState {
  const question = takeQuestion(state, source);
  if (question === null) return state;
  const answer = body.topics[0]?.partitions[0];
  const cleared = withoutRequest(state, source);
  const fetchState = stillAsked(cleared, source, question.asked);
  if (fetchState === null) return askLatestOffset(cleared, source, question.waiting, scope);
  if (answer === undefined || answer.errorCode !== 0)
    return askLatestOffset(onError(cleared, source, { question, answer }, scope), source, question.waiting, scope);
  const { logEndOffset } = requirePartition(cleared, question.asked.key).log;
  if (question.bound === 'latest' && answer.offset >= logEndOffset) {
    return ask(cleared, source, { ...question, bound: 'earliest', leaderEndOffset: answer.offset }, scope);
  }
  const moved =
    question.bound === 'latest'
      ? cutToLeaderEnd(cleared, source, { fetchState, to: answer.offset }, scope)
      : resumeAt(cleared, source, { fetchState, leaderStart: answer.offset, question }, scope);
  return askLatestOffset(moved, source, question.waiting, scope);
}

function takeQuestion(state: BrokerState, source: BrokerId): OffsetQuestion | null {
  const request = getFetcher(state, source)?.request ?? null;
  return request !== null && request.kind === 'listOffsets' ? request : null;
}

function withoutRequest(state: BrokerState, source: BrokerId): BrokerState {
  const fetcher = getFetcher(state, source);
  return fetcher === null ? state : putFetcher(state, changed(copyFetcher(fetcher), { request: null }));
}

/** The partition, if it is still followed in the epoch that was asked about. */
function stillAsked(state: BrokerState, source: BrokerId, asked: AskedPartition): FetcherPartition | null {
  const fetcher = getFetcher(state, source);
  const fetchState = fetcher === null ? null : findFetcherPartition(fetcher, asked.key);
  if (fetchState === null || fetchState.currentLeaderEpoch !== asked.currentLeaderEpoch || getPartition(state, asked.key) === null) return null;
  return fetchState;
}

function cutToLeaderEnd(
  state: BrokerState,
  source: BrokerId,
  cut: { readonly fetchState: FetcherPartition; readonly to: Offset },
  scope: BrokerScope,
): BrokerState {
  const next = truncateReplica(state, cut.fetchState.key, { to: cut.to, reason: 'outOfRange' }, scope);
  return fetchFrom(next, source, { ...fetchingFrom(next, cut.fetchState, cut.to), lag: 0 });
}

function resumeAt(
  state: BrokerState,
  source: BrokerId,
  where: { readonly fetchState: FetcherPartition; readonly leaderStart: Offset; readonly question: OffsetQuestion },
  scope: BrokerScope,
): BrokerState {
  const { fetchState, leaderStart, question } = where;
  const { logEndOffset } = requirePartition(state, fetchState.key).log;
  const next = leaderStart > logEndOffset ? restartReplica(state, fetchState.key, leaderStart, scope) : state;
  const fetchOffset = Math.max(leaderStart, logEndOffset);
  return fetchFrom(next, source, { ...fetchingFrom(next, fetchState, fetchOffset), lag: question.leaderEndOffset - fetchOffset });
}

function fetchFrom(state: BrokerState, source: BrokerId, fetchState: FetcherPartition): BrokerState {
  const fetcher = getFetcher(state, source);
  return fetcher === null ? state : putFetcher(state, updateAndMoveToEnd(fetcher, fetchState));
}

function onError(
  state: BrokerState,
  source: BrokerId,
  failure: { readonly question: OffsetQuestion; readonly answer: ListOffsetsResponseListOffsetsPartitionResponse | undefined },
  scope: BrokerScope,
): BrokerState {
  const { asked } = failure.question;
  const delayed: string[] = [];
  const fenced = errorName(failure.answer?.errorCode ?? -1) === 'FENCED_LEADER_EPOCH';
  const next = fenced ? onFenced(state, source, asked, delayed) : state;
  if (!fenced) delayed.push(asked.key);
  return delayPartitions(next, source, delayed, scope);
}

/** No answer at all: this partition sits out a back-off, the next one is asked about. */
export function onListOffsetsFailed(state: BrokerState, source: BrokerId, scope: BrokerScope): BrokerState {
  const question = takeQuestion(state, source);
  if (question === null) return state;
  const delayed = delayPartitions(withoutRequest(state, source), source, [question.asked.key], scope);
  return askLatestOffset(delayed, source, question.waiting, scope);
}
