import { changed } from '../../kernel/mutable.ts';
import { unreachable } from '../../kernel/assert.ts';
import type { Machine } from '../../kernel/machine-contract.ts';
import { emptyMap, mapDelete, mapGet, mapLeast } from '../../kernel/persistent-map.ts';
import type { ProcessStart, SystemEffect, SystemInput } from '../../kernel/system.ts';
import { msToUs, type InstantUs } from '../../kernel/units.ts';
import type { NetworkEvent } from '../../network-client/contract.ts';
import { newNetworkClient, onNetworkInput, type NetworkResult } from '../../network-client/network-client.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import { configNumber, configText, CONSUMER_DEFAULTS, metadataConfig, networkConfig } from '../shared/client-configs.ts';
import {
  applyMetadata,
  maybeUpdate,
  METADATA_TAG,
  newMetadata,
  nextUpdateUs,
  onNodeChange,
  onUpdateFailed,
  requestUpdate,
  topicOf,
} from '../shared/metadata.ts';
import { traceMetadata } from '../shared/trace-metadata.ts';
import type { ClientTrace } from '../trace.ts';
import {
  copyConsumed,
  copyConsumer,
  type ConsumedPartition,
  type ConsumerConfig,
  type ConsumerSettings,
  type ConsumerState,
  type Work,
} from './consumer-state.ts';
import { onFetchFailed, onFetchResponse, sendFetches } from './fetcher.ts';
import { doubtPosition, putPartition } from './put-partition.ts';
import { onEpochEndOffsets, onListedOffsets, sendOffsetRequests } from './positions.ts';

export type { ConsumerConfig, ConsumerState };

type Input = SystemInput<WireMessage, never>;
type Effect = SystemEffect<WireMessage, ClientTrace>;
const OWNER = 'consumer';

/** KafkaConsumer with partitions assigned by hand, as one pure machine: metadata, positions, fetching up to the high watermark. */
export const consumerClient: Machine<ProcessStart<ConsumerConfig>, ConsumerState, Input, Effect> = {
  init(start, context) {
    const work: Work = { state: initialState(start.config), scope: { context, effects: [] } };
    poll(work);
    return { state: work.state, effects: work.scope.effects };
  },

  step(state, input, context) {
    const work: Work = { state: copyConsumer(state), scope: { context, effects: [] } };
    onInput(work, input);
    return { state: work.state, effects: work.scope.effects };
  },
};

function initialState(config: ConsumerConfig): ConsumerState {
  return {
    config,
    settings: settingsOf(config),
    net: newNetworkClient(networkConfig(config.configs, { owner: OWNER, clientId: config.clientId, maxInFlight: 100 })),
    metadata: newMetadata(metadataConfig(config.configs, config.bootstrap), [config.topic]),
    partitions: emptyMap(),
    fetching: [],
    nextTag: 1,
    asked: emptyMap(),
  };
}

function settingsOf(config: ConsumerConfig): ConsumerSettings {
  const value = (name: string): number => configNumber(config.configs, CONSUMER_DEFAULTS, name);
  const reset = configText(config.configs, CONSUMER_DEFAULTS, 'auto.offset.reset');
  return {
    minBytes: value('fetch.min.bytes'),
    maxWaitMs: value('fetch.max.wait.ms'),
    maxBytes: value('fetch.max.bytes'),
    maxPartitionBytes: value('max.partition.fetch.bytes'),
    reset: reset === 'earliest' || reset === 'none' ? reset : 'latest',
    retryBackoffMs: value('retry.backoff.ms'),
  };
}

function onInput(work: Work, input: Input): void {
  switch (input.type) {
    case 'signal':
      work.scope.effects.push({ type: 'exit', code: 143, reason: 'SIGTERM' });
      return;
    case 'timer':
      if (input.name !== 'poll') takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
      return poll(work);
    case 'connected':
    case 'received':
    case 'closed':
      takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
      return poll(work);
    case 'accepted':
    case 'diskDone':
    case 'command':
      return;
    default:
      return unreachable(input);
  }
}

/** One turn of poll(): metadata, positions that are missing or doubtful, then fetches. */
function poll(work: Work): void {
  const updated = maybeUpdate(work.state, work.scope);
  work.state.net = updated.net;
  work.state.metadata = updated.metadata;
  takeNetwork(work, sendOffsetRequests(work));
  takeNetwork(work, sendFetches(work));
  const nextUs = Math.min(nextUpdateUs(work.state.metadata), nextRetryUs(work));
  if (nextUs === Infinity) work.scope.effects.push({ type: 'cancelTimer', owner: OWNER, name: 'poll' });
  else work.scope.effects.push({ type: 'setTimer', owner: OWNER, name: 'poll', atUs: Math.max(nextUs, work.scope.context.nowUs + 1) });
}

function nextRetryUs(work: Work): InstantUs {
  const { nowUs } = work.scope.context;
  return mapLeast(work.state.partitions, (part) => (part.notBeforeUs > nowUs ? part.notBeforeUs : Infinity));
}

function takeNetwork(work: Work, result: NetworkResult): void {
  work.state.net = result.client;
  for (const event of result.events) onNetworkEvent(work, event);
}

function onNetworkEvent(work: Work, event: NetworkEvent): void {
  switch (event.type) {
    case 'response':
      return onResponse(work, event);
    case 'failed':
      return onFailed(work, event);
    case 'nodeLost':
      work.state.metadata = onNodeChange(requestUpdate(work.state.metadata));
      return;
    case 'nodeReady':
      work.state.metadata = onNodeChange(work.state.metadata);
      return;
    case 'sent':
      return;
    default:
      return unreachable(event);
  }
}

function onResponse(work: Work, event: Extract<NetworkEvent, { type: 'response' }>): void {
  const { frame, tag, nodeId } = event;
  const asked = mapGet(work.state.asked, tag) ?? [];
  work.state.asked = mapDelete(work.state.asked, tag);
  switch (frame.api) {
    case 'Metadata': {
      const before = work.state.metadata;
      work.state.metadata = applyMetadata(before, frame.body, work.scope.context.nowUs);
      traceMetadata(work.scope, work.state.config.clientId, before, work.state.metadata);
      return onNewMetadata(work);
    }
    case 'ListOffsets':
      return onListedOffsets(work, frame.body);
    case 'OffsetForLeaderEpoch':
      return onEpochEndOffsets(work, asked, frame.body);
    case 'Fetch':
      return onFetchResponse(work, { nodeId, asked, response: frame.body });
    default:
      return;
  }
}

function onFailed(work: Work, event: Extract<NetworkEvent, { type: 'failed' }>): void {
  if (event.tag === METADATA_TAG) {
    work.state.metadata = onUpdateFailed(work.state.metadata);
    return;
  }
  const asked = mapGet(work.state.asked, event.tag) ?? [];
  work.state.asked = mapDelete(work.state.asked, event.tag);
  if (event.api === 'Fetch') onFetchFailed(work, event.nodeId);
  for (const { key } of asked) {
    const part = mapGet(work.state.partitions, key);
    if (part !== undefined)
      putPartition(
        work,
        changed(copyConsumed(part), { status: statusAfterFailure(part), notBeforeUs: work.scope.context.nowUs + msToUs(work.state.settings.retryBackoffMs) }),
      );
  }
}

function statusAfterFailure(part: ConsumedPartition): ConsumedPartition['status'] {
  if (part.status === 'listing') return 'needsOffset';
  return part.status === 'validating' ? 'needsValidation' : part.status;
}

/** Partitions that exist now are taken up; a newer leader epoch makes a position doubtful until it is validated (KIP-320). */
function onNewMetadata(work: Work): void {
  const { config } = work.state;
  const topic = topicOf(work.state.metadata, config.topic);
  for (const { partition } of topic?.partitions ?? []) {
    if (config.partitions !== undefined && !config.partitions.includes(partition)) continue;
    const known = mapGet(work.state.partitions, `${config.topic}-${partition}`);
    if (known === undefined) putPartition(work, newPartition(config.topic, partition));
    else doubtPosition(work, known);
  }
}

function newPartition(topic: string, partition: number): ConsumedPartition {
  return {
    topic,
    partition,
    status: 'needsOffset',
    position: null,
    positionEpoch: -1,
    validatedEpoch: -1,
    highWatermark: 0,
    logStartOffset: 0,
    consumed: 0,
    notBeforeUs: 0,
  };
}
