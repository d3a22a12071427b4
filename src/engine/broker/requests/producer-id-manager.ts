import { changed } from '../../kernel/mutable.ts';
import { copyBroker } from '../broker-state.ts';
import type { SystemInput } from '../../kernel/system.ts';
import type { BrokerId, EpochMs } from '../../kernel/units.ts';
import { errorCode, errorName } from '../../protocol/errors.ts';
import { initProducerIdResponse, type InitProducerIdResponse } from '../../protocol/generated/init-producer-id-response.ts';
import type { RequestFrameOf, WireMessage } from '../../protocol/wire.ts';
import type { BrokerConfig } from '../broker-config.ts';
import type { BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { newControllerChannel, onChannelInput, sendToController, type ControllerChannel } from '../controller-channel.ts';
import { nodeOf } from '../metadata/metadata-cache.ts';
import { PRODUCER_IDS } from '../owners.ts';

/** RPCProducerIdManager: ids from a block that the controller gave to this broker; the next block is asked for at nine tenths. */
export interface ProducerIdManager {
  readonly channel: ControllerChannel;
  readonly current: ProducerIdBlock | null;
  readonly next: ProducerIdBlock | null;
  /** After a refusal no new try before this. */
  readonly retryAtMs: EpochMs;
}

export interface ProducerIdBlock {
  readonly firstId: number;
  readonly size: number;
  /** Ids handed out so far. */
  readonly claimed: number;
}

const RETRY_BACKOFF_MS = 50;
const PREFETCH_NUMERATOR = 9;
const PREFETCH_DENOMINATOR = 10;

export function newProducerIdManager(config: BrokerConfig, brokerId: BrokerId): ProducerIdManager {
  return { channel: newControllerChannel(PRODUCER_IDS, `zk-broker-${brokerId}-forwarding`, config), current: null, next: null, retryAtMs: 0 };
}

/**
 * InitProducerId of an idempotent producer: a fresh id with epoch 0. Without a block at hand the producer is told
 * COORDINATOR_LOAD_IN_PROGRESS and asks again. `Simplified:` transactional ids get COORDINATOR_NOT_AVAILABLE.
 */
export function onInitProducerId(state: BrokerState, requestId: number, frame: RequestFrameOf<'InitProducerId'>, scope: BrokerScope): BrokerState {
  if (frame.body.transactionalId !== null) {
    scope.effects.push({ type: 'respond', requestId, api: 'InitProducerId', body: refusal('COORDINATOR_NOT_AVAILABLE') });
    return state;
  }
  const { manager, producerId } = claimId(state.producerIds);
  const wantsMore = producerId === null || isPrefetchTarget(manager.current, producerId);
  const producerIds = wantsMore ? requestBlock(manager, state, scope) : manager;
  const body = producerId === null ? refusal('COORDINATOR_LOAD_IN_PROGRESS') : initProducerIdResponse({ producerId, producerEpoch: 0 });
  scope.effects.push({ type: 'respond', requestId, api: 'InitProducerId', body });
  return changed(copyBroker(state), { producerIds });
}

function refusal(error: 'COORDINATOR_NOT_AVAILABLE' | 'COORDINATOR_LOAD_IN_PROGRESS'): InitProducerIdResponse {
  return initProducerIdResponse({ errorCode: errorCode(error), producerId: -1, producerEpoch: -1 });
}

function claimId(manager: ProducerIdManager): { readonly manager: ProducerIdManager; readonly producerId: number | null } {
  const { current, next } = manager;
  if (current !== null && current.claimed < current.size) {
    return { manager: { ...manager, current: { ...current, claimed: current.claimed + 1 } }, producerId: current.firstId + current.claimed };
  }
  return next === null ? { manager, producerId: null } : claimId({ ...manager, current: next, next: null });
}

function isPrefetchTarget(block: ProducerIdBlock | null, producerId: number): boolean {
  return block !== null && producerId === block.firstId + Math.floor((block.size * PREFETCH_NUMERATOR) / PREFETCH_DENOMINATOR);
}

function requestBlock(manager: ProducerIdManager, state: BrokerState, scope: BrokerScope): ProducerIdManager {
  if (manager.next !== null || manager.channel.request !== null || scope.context.nowMs < manager.retryAtMs) return manager;
  const body = { brokerId: state.identity.brokerId, brokerEpoch: state.brokerEpoch };
  return {
    ...manager,
    channel: sendToController(manager.channel, { api: 'AllocateProducerIds', body }, nodeOf(state.metadata, state.metadata.controllerId), scope),
  };
}

/** Handles what is addressed to the manager's owner. */
export function onProducerIdInput(state: BrokerState, input: SystemInput<WireMessage, never>, scope: BrokerScope): BrokerState {
  const { channel, response } = onChannelInput(state.producerIds.channel, input, nodeOf(state.metadata, state.metadata.controllerId), scope);
  const manager: ProducerIdManager = { ...state.producerIds, channel };
  if (response === null || response.api !== 'AllocateProducerIds') return changed(copyBroker(state), { producerIds: manager });
  const { body } = response;
  if (errorName(body.errorCode) !== 'NONE')
    return changed(copyBroker(state), { producerIds: { ...manager, retryAtMs: scope.context.nowMs + RETRY_BACKOFF_MS } });
  return changed(copyBroker(state), { producerIds: { ...manager, next: { firstId: body.producerIdStart, size: body.producerIdLen, claimed: 0 } } });
}
