import { copyConsumed } from './consumer-state.ts';
import { changed } from '../../kernel/mutable.ts';
import { mapGet, mapLeast, mapSet, mapValues } from '../../kernel/persistent-map.ts';
import { msToUs } from '../../kernel/units.ts';
import type { NodeAddress, QueuedRequest } from '../../network-client/contract.ts';
import { queueRequest, type NetworkResult } from '../../network-client/network-client.ts';
import { errorName } from '../../protocol/errors.ts';
import { LATEST_VERSIONS } from '../../protocol/frames.ts';
import {
  listOffsetsRequest,
  listOffsetsRequestListOffsetsPartition,
  listOffsetsRequestListOffsetsTopic,
} from '../../protocol/generated/list-offsets-request.ts';
import type { ListOffsetsResponse } from '../../protocol/generated/list-offsets-response.ts';
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochRequestOffsetForLeaderPartition,
  offsetForLeaderEpochRequestOffsetForLeaderTopic,
} from '../../protocol/generated/offset-for-leader-epoch-request.ts';
import type { OffsetForLeaderEpochResponse } from '../../protocol/generated/offset-for-leader-epoch-response.ts';
import { leaderOf, partitionOf, requestUpdate } from '../shared/metadata.ts';
import { putPartition, stop } from './put-partition.ts';
import type { AskedPartition, ConsumedPartition, Work } from './consumer-state.ts';

/** Where a consumer starts, and whether where it stands is still true after a leader change (OffsetFetcher). */
const LATEST = -1;
const EARLIEST = -2;
const CONSUMER_REPLICA = -1;

const NO_EVENTS: NetworkResult['events'] = [];

interface ToAsk {
  readonly node: NodeAddress;
  readonly parts: ConsumedPartition[];
}

/** Asks each leader about the partitions that wait for an offset or a validation. */
export function sendOffsetRequests(work: Work): NetworkResult {
  let net = work.state.net;
  if (work.state.settings.reset === 'none') stopWithoutOffset(work);
  if (mapLeast(work.state.partitions, (part) => (part.status === 'needsOffset' || part.status === 'needsValidation' ? 0 : Infinity)) > 0)
    return { client: net, events: NO_EVENTS };
  for (const status of ['needsOffset', 'needsValidation'] as const) {
    for (const { node, parts } of byLeader(work, status)) {
      const tag = `${status}-${work.state.nextTag}`;
      const asked: AskedPartition[] = parts.map((part) => ({ key: `${part.topic}-${part.partition}`, offset: part.position ?? -1 }));
      for (const part of parts) putPartition(work, changed(copyConsumed(part), { status: status === 'needsOffset' ? 'listing' : 'validating' }));
      work.state.nextTag = work.state.nextTag + 1;
      work.state.asked = mapSet(work.state.asked, tag, asked);
      net = queueRequest(net, status === 'needsOffset' ? listRequest(work, node, parts, tag) : validationRequest(work, node, parts, tag), work.scope).client;
    }
  }
  return { client: net, events: [] };
}

function byLeader(work: Work, status: ConsumedPartition['status']): ToAsk[] {
  const asks: ToAsk[] = [];
  for (const part of mapValues(work.state.partitions)) {
    if (part.status !== status || part.notBeforeUs > work.scope.context.nowUs) continue;
    const node = leaderOf(work.state.metadata, part.topic, part.partition);
    if (node === null) {
      work.state.metadata = requestUpdate(work.state.metadata);
      continue;
    }
    const known = asks.find((ask) => ask.node.nodeId === node.nodeId);
    if (known === undefined) asks.push({ node, parts: [part] });
    else known.parts.push(part);
  }
  return asks;
}

/** There is no committed offset and no policy that gives one. */
function stopWithoutOffset(work: Work): void {
  for (const part of mapValues(work.state.partitions)) if (part.status === 'needsOffset') stop(work, part, 'NoOffsetForPartitionException');
}

function epochOf(work: Work, part: ConsumedPartition): number {
  return partitionOf(work.state.metadata, part.topic, part.partition)?.leaderEpoch ?? -1;
}

function listRequest(work: Work, node: NodeAddress, parts: readonly ConsumedPartition[], tag: string): QueuedRequest {
  const timestamp = work.state.settings.reset === 'earliest' ? EARLIEST : LATEST;
  const topics = [
    listOffsetsRequestListOffsetsTopic({
      name: work.state.config.topic,
      partitions: parts.map((part) =>
        listOffsetsRequestListOffsetsPartition({ partitionIndex: part.partition, currentLeaderEpoch: epochOf(work, part), timestamp }),
      ),
    }),
  ];
  return {
    node,
    api: 'ListOffsets',
    version: LATEST_VERSIONS.ListOffsets,
    body: listOffsetsRequest({ replicaId: CONSUMER_REPLICA, topics }),
    tag,
    expectsResponse: true,
  };
}

function validationRequest(work: Work, node: NodeAddress, parts: readonly ConsumedPartition[], tag: string): QueuedRequest {
  const topics = [
    offsetForLeaderEpochRequestOffsetForLeaderTopic({
      topic: work.state.config.topic,
      partitions: parts.map((part) =>
        offsetForLeaderEpochRequestOffsetForLeaderPartition({
          partition: part.partition,
          currentLeaderEpoch: epochOf(work, part),
          leaderEpoch: part.positionEpoch,
        }),
      ),
    }),
  ];
  return {
    node,
    api: 'OffsetForLeaderEpoch',
    version: LATEST_VERSIONS.OffsetForLeaderEpoch,
    body: offsetForLeaderEpochRequest({ replicaId: CONSUMER_REPLICA, topics }),
    tag,
    expectsResponse: true,
  };
}

export function onListedOffsets(work: Work, response: ListOffsetsResponse): void {
  for (const topic of response.topics) {
    for (const answer of topic.partitions) {
      const part = mapGet(work.state.partitions, `${topic.name}-${answer.partitionIndex}`);
      if (part === undefined || part.status !== 'listing') continue;
      const error = errorName(answer.errorCode);
      if (error !== 'NONE') {
        tryAgain(work, part, 'needsOffset');
        continue;
      }
      putPartition(work, changed(copyConsumed(part), { status: 'fetching', position: answer.offset, positionEpoch: -1, validatedEpoch: epochOf(work, part) }));
      const reason = `auto.offset.reset=${work.state.settings.reset}`;
      work.scope.effects.push({
        type: 'trace',
        event: { type: 'PositionReset', client: work.state.config.clientId, topic: part.topic, partition: part.partition, offset: answer.offset, reason },
      });
    }
  }
}

function tryAgain(work: Work, part: ConsumedPartition, status: ConsumedPartition['status']): void {
  putPartition(work, changed(copyConsumed(part), { status, notBeforeUs: work.scope.context.nowUs + msToUs(work.state.settings.retryBackoffMs) }));
  work.state.metadata = requestUpdate(work.state.metadata);
}

/** The leader's end of our epoch lies before our position: what we read was cut off there, so we go on from there. */
export function onEpochEndOffsets(work: Work, asked: readonly AskedPartition[], response: OffsetForLeaderEpochResponse): void {
  for (const topic of response.topics) {
    for (const answer of topic.partitions) {
      const key = `${topic.topic}-${answer.partition}`;
      const part = mapGet(work.state.partitions, key);
      if (part === undefined || part.status !== 'validating' || part.position === null) continue;
      if (errorName(answer.errorCode) !== 'NONE') {
        tryAgain(work, part, 'needsValidation');
        continue;
      }
      // A position that moved since the question was asked is validated anew.
      if (asked.find((one) => one.key === key)?.offset !== part.position) {
        putPartition(work, changed(copyConsumed(part), { status: 'needsValidation' }));
        continue;
      }
      const validated: ConsumedPartition = changed(copyConsumed(part), { status: 'fetching', validatedEpoch: epochOf(work, part) });
      const unknown = answer.endOffset < 0 || answer.leaderEpoch < 0;
      const truncated = unknown || answer.endOffset < part.position;
      if (truncated && work.state.settings.reset === 'none') stop(work, part, 'LogTruncationException');
      else if (unknown) {
        // The leader knows nothing of our epoch, so there is no offset to go back to but the policy's.
        putPartition(work, changed(copyConsumed(part), { status: 'needsOffset' }));
      } else if (truncated) {
        putPartition(work, { ...validated, position: answer.endOffset, positionEpoch: answer.leaderEpoch });
        work.scope.effects.push({
          type: 'trace',
          event: {
            type: 'PositionReset',
            client: work.state.config.clientId,
            topic: part.topic,
            partition: part.partition,
            offset: answer.endOffset,
            reason: 'truncation detected',
          },
        });
      } else putPartition(work, validated);
    }
  }
}
