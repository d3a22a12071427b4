import type { SystemInput } from '../kernel/system.ts';
import { msToUs, type BrokerId } from '../kernel/units.ts';
import type { NodeAddress } from '../network-client/contract.ts';
import { disconnectNode, newNetworkClient, onNetworkInput, queueRequest, type NetworkClientState } from '../network-client/network-client.ts';
import { errorName } from '../protocol/errors.ts';
import { LATEST_VERSIONS, type RequestBodies } from '../protocol/generated/apis.ts';
import type { ResponseFrameOf, WireMessage } from '../protocol/wire.ts';
import { CONTROLLER_LOOKUP_BACKOFF_MS, type BrokerConfig } from './broker-config.ts';
import type { BrokerScope } from './contract.ts';
import { networkScope } from './network.ts';

type ControllerApi = 'AlterPartition' | 'AllocateProducerIds';
export type ControllerRequest = { [Api in ControllerApi]: { readonly api: Api; readonly body: RequestBodies[Api] } }[ControllerApi];
export type ControllerResponse = { [Api in ControllerApi]: ResponseFrameOf<Api> }[ControllerApi];

/**
 * NodeToControllerChannelManager: one request at a time to whoever is controller by the metadata cache. A lost connection or
 * NOT_CONTROLLER sends the same request again, to the controller of that moment.
 */
export interface ControllerChannel {
  readonly client: NetworkClientState;
  /** The request that waits for its answer. */
  readonly request: ControllerRequest | null;
  /** Where it went; null while no controller is known. */
  readonly controllerId: BrokerId | null;
}

const LOOKUP = 'lookup-controller';
const RECONNECT_BACKOFF_MS = 50;
const CONNECTION_SETUP_TIMEOUT_MS = 10_000;

export function newControllerChannel(owner: string, clientId: string, config: BrokerConfig): ControllerChannel {
  const client = newNetworkClient({
    owner,
    clientId,
    requestTimeoutMs: config.controllerSocketTimeoutMs,
    reconnectBackoffMs: RECONNECT_BACKOFF_MS,
    reconnectBackoffMaxMs: RECONNECT_BACKOFF_MS,
    connectionSetupTimeoutMs: CONNECTION_SETUP_TIMEOUT_MS,
    maxInFlightPerConnection: 1,
    discoverApiVersions: true,
  });
  return { client, request: null, controllerId: null };
}

/** Sends a request; there must be none under way. */
export function sendToController(
  channel: ControllerChannel,
  request: ControllerRequest,
  controller: NodeAddress | null,
  scope: BrokerScope,
): ControllerChannel {
  return sendAgain({ ...channel, request }, controller, scope);
}

function sendAgain(channel: ControllerChannel, controller: NodeAddress | null, scope: BrokerScope): ControllerChannel {
  const { request, client } = channel;
  if (request === null) return channel;
  if (controller === null) {
    scope.effects.push({ type: 'setTimer', owner: client.config.owner, name: LOOKUP, atUs: scope.context.nowUs + msToUs(CONTROLLER_LOOKUP_BACKOFF_MS) });
    return { ...channel, controllerId: null };
  }
  const queued = { ...request, node: controller, version: LATEST_VERSIONS[request.api], tag: '', expectsResponse: true };
  const result = queueRequest(client, queued, networkScope(scope));
  return { ...channel, client: result.client, controllerId: controller.nodeId };
}

/** Handles an input of the channel's owner. An answer ends the request; the caller may send the next one. */
export function onChannelInput(
  channel: ControllerChannel,
  input: SystemInput<WireMessage, never>,
  controller: NodeAddress | null,
  scope: BrokerScope,
): { readonly channel: ControllerChannel; readonly response: ControllerResponse | null } {
  if (input.type === 'timer' && input.name === LOOKUP) return { channel: sendAgain(channel, controller, scope), response: null };
  const { client, events } = onNetworkInput(channel.client, input, networkScope(scope));
  let next: ControllerChannel = { ...channel, client };
  let response: ControllerResponse | null = null;
  for (const event of events) {
    if (event.type === 'failed') next = sendAgain(next, controller, scope);
    if (event.type !== 'response' || (event.frame.api !== 'AlterPartition' && event.frame.api !== 'AllocateProducerIds')) continue;
    if (saysNotController(event.frame)) {
      next = sendAgain({ ...next, client: disconnectNode(next.client, event.nodeId, networkScope(scope)).client }, controller, scope);
    } else {
      next = { ...next, request: null };
      response = event.frame;
    }
  }
  return { channel: next, response };
}

/** At any place of the answer (errorCounts): of one partition it says that the leader knows of a newer controller than the one asked. */
function saysNotController(frame: ControllerResponse): boolean {
  const codes = [frame.body.errorCode];
  if (frame.api === 'AlterPartition') for (const topic of frame.body.topics) for (const partition of topic.partitions) codes.push(partition.errorCode);
  return codes.some((code) => errorName(code) === 'NOT_CONTROLLER');
}
