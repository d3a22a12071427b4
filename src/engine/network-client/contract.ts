import type { ConnectionId, HostName } from '../kernel/units.ts';
import type { SystemEffect } from '../kernel/system.ts';
import type { ApiName, RequestBodies } from '../protocol/generated/apis.ts';
import type { ResponseFrame, WireMessage } from '../protocol/wire.ts';

/**
 * NetworkClient: connections to Kafka nodes, correlation ids, in-flight limit, request timeouts, reconnect back-off.
 * Implemented in `network-client.ts` as functions (state, ..., scope) => state:
 *   newNetworkClient(config)
 *   queueRequest(client, request, scope)            // connects if needed, sends when connected and below maxInFlight, else waits in a FIFO per node
 *   onNetworkInput(client, input, scope) -> { client, events }   // input: connected/received/closed/timer with this owner
 *   isReady(client, nodeId, nowUs), inFlightCount(client, nodeId), disconnectNode(client, nodeId, scope), forgetNode(...)
 */
export interface NetworkClientConfig {
  /** Owner of its connections and timers in the process (`producer`, `controller`, `fetcher-2`, ...). */
  readonly owner: string;
  readonly clientId: string;
  readonly requestTimeoutMs: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  readonly connectionSetupTimeoutMs: number;
  readonly maxInFlightPerConnection: number;
  /** Clients ask ApiVersions first on each connection; inter-broker channels of a fixed version do not. */
  readonly discoverApiVersions: boolean;
}

export interface NodeAddress {
  /** Broker id, or a negative number for a bootstrap server. */
  readonly nodeId: number;
  readonly host: HostName;
  readonly port: number;
}

export type QueuedRequest = { [Api in ApiName]: QueuedRequestOf<Api> }[ApiName];
export interface QueuedRequestOf<Api extends ApiName> {
  readonly node: NodeAddress;
  readonly api: Api;
  readonly version: number;
  readonly body: RequestBodies[Api];
  /** The asker's own; comes back with the event. */
  readonly tag: string;
  /** False only for Produce with acks=0: done once sent. */
  readonly expectsResponse: boolean;
}

export type NetworkEvent =
  | { readonly type: 'response'; readonly nodeId: number; readonly tag: string; readonly frame: ResponseFrame }
  /** One per request that was in flight or waiting when the connection failed. */
  | { readonly type: 'failed'; readonly nodeId: number; readonly tag: string; readonly api: ApiName; readonly reason: 'disconnected' | 'timeout' | 'refused' }
  | { readonly type: 'sent'; readonly nodeId: number; readonly tag: string }
  | { readonly type: 'nodeReady'; readonly nodeId: number; readonly connection: ConnectionId }
  | { readonly type: 'nodeLost'; readonly nodeId: number };

export type NetworkEffect = SystemEffect<WireMessage, never>;
