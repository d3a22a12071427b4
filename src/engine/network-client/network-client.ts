import { assert, AssertionError } from '../kernel/assert.ts';
import { changed, type Mutable } from '../kernel/mutable.ts';
import { mapDelete, mapGet, mapSet, mapValues, emptyMap, type PersistentMap } from '../kernel/persistent-map.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import type { SystemInput } from '../kernel/system.ts';
import { msToUs, type ConnectionId, type InstantUs } from '../kernel/units.ts';
import { makeRequest } from '../protocol/frames.ts';
import { apiVersionsRequest } from '../protocol/generated/api-versions-request.ts';
import { LATEST_VERSIONS, type ApiName } from '../protocol/generated/apis.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { NetworkClientConfig, NetworkEffect, NetworkEvent, NodeAddress, QueuedRequest } from './contract.ts';
import { exponentialBackoffMs } from './exponential-backoff.ts';

/**
 * Kafka's NetworkClient over sans-IO connections: per node a connection state, a FIFO of waiting requests and the list of
 * those in flight. One timer stands at the earliest deadline of all nodes.
 */
export interface NetworkClientState {
  readonly config: NetworkClientConfig;
  readonly nodes: PersistentMap<NodeState>;
  /** Connection id to node id. */
  readonly connections: PersistentMap<number>;
  readonly nextCorrelationId: number;
  readonly timerUs: InstantUs | null;
}

export type ConnectionState = 'disconnected' | 'connecting' | 'checkingApiVersions' | 'ready';

export interface NodeState {
  readonly address: NodeAddress;
  readonly status: ConnectionState;
  readonly connection: ConnectionId | null;
  /** While disconnected: no new try before this. While connecting: when the set-up times out. */
  readonly deadlineUs: InstantUs;
  readonly failures: number;
  readonly waiting: readonly QueuedRequest[];
  readonly inFlight: readonly InFlight[];
}

export interface InFlight {
  readonly correlationId: number;
  readonly api: ApiName;
  readonly tag: string;
  readonly sentUs: InstantUs;
  /** The client's own ApiVersions request, of which nobody else hears. */
  readonly internal: boolean;
}

export interface NetworkResult {
  readonly client: NetworkClientState;
  readonly events: readonly NetworkEvent[];
}

/** Any scope whose effects include the network's will do. */
export interface NetworkScope {
  readonly context: StepContext;
  readonly effects: { push(...effects: NetworkEffect[]): unknown };
}
const TIMER = 'network';

export function newNetworkClient(config: NetworkClientConfig): NetworkClientState {
  return { config, nodes: emptyMap(), connections: emptyMap(), nextCorrelationId: 0, timerUs: null };
}

export function nodeOf(client: NetworkClientState, nodeId: number): NodeState | undefined {
  return mapGet(client.nodes, String(nodeId));
}

function putNode(client: NetworkClientState, node: NodeState): NetworkClientState {
  const next = copyClient(client);
  next.nodes = mapSet(client.nodes, String(node.address.nodeId), node);
  return next;
}

export function copyClient(client: NetworkClientState): Mutable<NetworkClientState> {
  const { config, nodes, connections, nextCorrelationId: next, timerUs } = client;
  return { config, nodes, connections, nextCorrelationId: next, timerUs };
}

export function isReady(client: NetworkClientState, nodeId: number): boolean {
  return nodeOf(client, nodeId)?.status === 'ready';
}

/** Requests sent and not answered, and those that wait behind them. */
export function inFlightCount(client: NetworkClientState, nodeId: number): number {
  const node = nodeOf(client, nodeId);
  return node === undefined ? 0 : node.inFlight.length + node.waiting.length;
}

/** False while a node's reconnect back-off runs: asking it now would only wait. */
export function canConnect(client: NetworkClientState, nodeId: number, nowUs: InstantUs): boolean {
  const node = nodeOf(client, nodeId);
  return node === undefined || node.status !== 'disconnected' || node.deadlineUs <= nowUs;
}

/** Puts a request in the node's queue, connecting if need be; it goes out when its turn comes. */
export function queueRequest(client: NetworkClientState, request: QueuedRequest, scope: NetworkScope): NetworkResult {
  const { nodeId } = request.node;
  const known = nodeOf(client, nodeId) ?? newNode(request.node);
  const moved = known.address.host !== request.node.host || known.address.port !== request.node.port;
  const node = copyNode(known);
  if (moved) node.address = request.node;
  node.waiting = [...known.waiting, request];
  return flushNode(putNode(client, node), nodeId, scope);
}

export function copyNode(node: NodeState): Mutable<NodeState> {
  const { address, status, connection, deadlineUs, failures, waiting, inFlight } = node;
  return { address, status, connection, deadlineUs, failures, waiting, inFlight };
}

function newNode(address: NodeAddress): NodeState {
  return { address, status: 'disconnected', connection: null, deadlineUs: 0, failures: 0, waiting: [], inFlight: [] };
}

/** Connects when there is something to send, and sends what may go out. */
function flushNode(client: NetworkClientState, nodeId: number, scope: NetworkScope): NetworkResult {
  const node = nodeOf(client, nodeId);
  if (node === undefined) return { client, events: [] };
  if (node.status === 'disconnected') {
    if (node.waiting.length > 0 && node.deadlineUs <= scope.context.nowUs) return { client: connect(client, node, scope), events: [] };
    return { client: armTimer(client, scope), events: [] };
  }
  if (node.status !== 'ready') return { client, events: [] };
  return sendWaiting(client, node, scope);
}

function connect(client: NetworkClientState, node: NodeState, scope: NetworkScope): NetworkClientState {
  const { config } = client;
  const connection = scope.context.nextConnection();
  scope.effects.push({ type: 'connect', owner: config.owner, connection, host: node.address.host, port: node.address.port });
  const deadlineUs = scope.context.nowUs + msToUs(config.connectionSetupTimeoutMs);
  const next = putNode(client, changed(copyNode(node), { status: 'connecting', connection, deadlineUs }));
  return armTimer(changed(copyClient(next), { connections: mapSet(next.connections, String(connection), node.address.nodeId) }), scope);
}

function sendWaiting(client: NetworkClientState, node: NodeState, scope: NetworkScope): NetworkResult {
  const events: NetworkEvent[] = [];
  const current = copyClient(client);
  let inFlight = node.inFlight;
  let sent = 0;
  while (sent < node.waiting.length && inFlight.length < client.config.maxInFlightPerConnection) {
    const request = node.waiting[sent] as QueuedRequest;
    sent += 1;
    const correlationId = current.nextCorrelationId;
    current.nextCorrelationId = nextCorrelation(correlationId);
    send(
      node,
      scope,
      makeRequest({ api: request.api, version: request.version, correlationId, clientId: client.config.clientId, body: request.body }) as WireMessage,
    );
    if (request.expectsResponse) inFlight = [...inFlight, { correlationId, api: request.api, tag: request.tag, sentUs: scope.context.nowUs, internal: false }];
    else events.push({ type: 'sent', nodeId: node.address.nodeId, tag: request.tag });
  }
  if (sent === 0) return { client, events };
  const next = copyNode(node);
  next.inFlight = inFlight;
  next.waiting = node.waiting.slice(sent);
  current.nodes = mapSet(client.nodes, String(node.address.nodeId), next);
  // Only this node's deadline can be new.
  return { client: armUntil(current, deadlineOf(current, next), scope), events };
}

function nextCorrelation(correlationId: number): number {
  return correlationId >= 2147483647 ? 0 : correlationId + 1;
}

function send(node: NodeState, scope: NetworkScope, message: WireMessage): void {
  assert(node.connection !== null, 'a connection to send on');
  scope.effects.push({ type: 'send', connection: node.connection, message });
}

/** Handles an input addressed to this client's owner. */
export function onNetworkInput(client: NetworkClientState, input: SystemInput<WireMessage, unknown>, scope: NetworkScope): NetworkResult {
  switch (input.type) {
    case 'connected':
      return onConnected(client, input.connection, scope);
    case 'received':
      return onReceived(client, input.connection, input.message, scope);
    case 'closed':
      return onClosed(client, input.connection, { reason: input.reason === 'refused' ? 'refused' : 'disconnected', scope });
    case 'timer':
      return input.name === TIMER ? onTimer(changed(copyClient(client), { timerUs: null }), scope) : { client, events: [] };
    default:
      return { client, events: [] };
  }
}

function nodeOfConnection(client: NetworkClientState, connection: ConnectionId): NodeState | undefined {
  const nodeId = mapGet(client.connections, String(connection));
  const node = nodeId === undefined ? undefined : nodeOf(client, nodeId);
  return node?.connection === connection ? node : undefined;
}

function onConnected(client: NetworkClientState, connection: ConnectionId, scope: NetworkScope): NetworkResult {
  const node = nodeOfConnection(client, connection);
  if (node === undefined) return { client, events: [] };
  if (!client.config.discoverApiVersions) return becomeReady(client, node, scope);
  const correlationId = client.nextCorrelationId;
  const body = apiVersionsRequest({ clientSoftwareName: 'highwater', clientSoftwareVersion: '3.9.1' });
  send(node, scope, makeRequest({ api: 'ApiVersions', version: LATEST_VERSIONS.ApiVersions, correlationId, clientId: client.config.clientId, body }));
  const inFlight: InFlight = { correlationId, api: 'ApiVersions', tag: '', sentUs: scope.context.nowUs, internal: true };
  const next = putNode(
    changed(copyClient(client), { nextCorrelationId: nextCorrelation(correlationId) }),
    changed(copyNode(node), { status: 'checkingApiVersions', inFlight: [inFlight] }),
  );
  return { client: armTimer(next, scope), events: [] };
}

function becomeReady(client: NetworkClientState, node: NodeState, scope: NetworkScope): NetworkResult {
  assert(node.connection !== null, 'a connection when ready');
  const ready = putNode(client, changed(copyNode(node), { status: 'ready', failures: 0 }));
  const flushed = flushNode(ready, node.address.nodeId, scope);
  return {
    client: armTimer(flushed.client, scope),
    events: [{ type: 'nodeReady', nodeId: node.address.nodeId, connection: node.connection }, ...flushed.events],
  };
}

function onReceived(client: NetworkClientState, connection: ConnectionId, message: WireMessage, scope: NetworkScope): NetworkResult {
  const node = nodeOfConnection(client, connection);
  if (node === undefined || message.kind !== 'response') return { client, events: [] };
  const first = node.inFlight[0];
  // The message is made only when it is needed: this is every answer's way.
  if (first === undefined || first.correlationId !== message.correlationId)
    throw new AssertionError(`expected an answer to request ${first?.correlationId ?? 'none'}, got ${message.correlationId}`);
  const answered = copyNode(node);
  answered.inFlight = node.inFlight.slice(1);
  if (first.internal) return becomeReady(putNode(client, answered), answered, scope);
  const flushed = flushNode(putNode(client, answered), node.address.nodeId, scope);
  return { client: flushed.client, events: withFirst({ type: 'response', nodeId: node.address.nodeId, tag: first.tag, frame: message }, flushed.events) };
}

function withFirst(event: NetworkEvent, events: readonly NetworkEvent[]): readonly NetworkEvent[] {
  return events.length === 0 ? [event] : [event, ...events];
}

interface Closing {
  readonly reason: 'disconnected' | 'timeout' | 'refused';
  readonly scope: NetworkScope;
}

/** Everything sent or waiting on the connection has failed; the next try waits its back-off. */
function onClosed(client: NetworkClientState, connection: ConnectionId, closing: Closing): NetworkResult {
  const node = nodeOfConnection(client, connection);
  const without: NetworkClientState = changed(copyClient(client), { connections: mapDelete(client.connections, String(connection)) });
  return node === undefined ? { client: without, events: [] } : failNode(without, node, closing);
}

function failNode(client: NetworkClientState, node: NodeState, closing: Closing): NetworkResult {
  const { nodeId } = node.address;
  const events: NetworkEvent[] = [{ type: 'nodeLost', nodeId }];
  for (const request of node.inFlight)
    if (!request.internal) events.push({ type: 'failed', nodeId, tag: request.tag, api: request.api, reason: closing.reason });
  for (const request of node.waiting) events.push({ type: 'failed', nodeId, tag: request.tag, api: request.api, reason: closing.reason });
  const failures = node.failures + 1;
  const deadlineUs = closing.scope.context.nowUs + backOffUs(client.config, failures, closing.scope);
  const next = putNode(client, changed(copyNode(node), { status: 'disconnected', connection: null, failures, deadlineUs, waiting: [], inFlight: [] }));
  return { client: armTimer(next, closing.scope), events };
}

/** How long after this many failures in a row (ClusterConnectionStates.updateReconnectBackoff). */
function backOffUs(config: NetworkClientConfig, failures: number, scope: NetworkScope): number {
  const bounds = { initialMs: config.reconnectBackoffMs, maxMs: config.reconnectBackoffMaxMs };
  return msToUs(exponentialBackoffMs(bounds, failures - 1, scope.context.draw('reconnect-backoff')));
}

/** Deadlines that passed: set-ups and requests that took too long close their connection; back-offs end. */
function onTimer(client: NetworkClientState, scope: NetworkScope): NetworkResult {
  const events: NetworkEvent[] = [];
  let current = client;
  for (const node of mapValues(client.nodes)) {
    if (deadlineOf(client, node) > scope.context.nowUs) continue;
    const result = node.status === 'disconnected' ? flushNode(current, node.address.nodeId, scope) : timeOut(current, node, scope);
    current = result.client;
    for (const event of result.events) events.push(event);
  }
  return { client: armTimer(current, scope), events };
}

function timeOut(client: NetworkClientState, node: NodeState, scope: NetworkScope): NetworkResult {
  assert(node.connection !== null, 'a connection to time out');
  scope.effects.push({ type: 'close', connection: node.connection });
  const without = changed(copyClient(client), { connections: mapDelete(client.connections, String(node.connection)) });
  return failNode(without, node, { reason: 'timeout', scope });
}

/** When this node needs attention next. */
function deadlineOf(client: NetworkClientState, node: NodeState): InstantUs {
  if (node.status === 'disconnected') return node.waiting.length > 0 ? node.deadlineUs : Infinity;
  if (node.status === 'connecting') return node.deadlineUs;
  const oldest = node.inFlight[0];
  return oldest === undefined ? Infinity : oldest.sentUs + msToUs(client.config.requestTimeoutMs);
}

/** The timer never stands later than the earliest deadline; being early only costs a look. */
function armTimer(client: NetworkClientState, scope: NetworkScope): NetworkClientState {
  let earliestUs = Infinity;
  for (const node of mapValues(client.nodes)) earliestUs = Math.min(earliestUs, deadlineOf(client, node));
  return armUntil(client, earliestUs, scope);
}

function armUntil(client: NetworkClientState, deadlineUs: InstantUs, scope: NetworkScope): NetworkClientState {
  if (deadlineUs === Infinity || (client.timerUs !== null && client.timerUs <= deadlineUs)) return client;
  const atUs = Math.max(deadlineUs, scope.context.nowUs);
  scope.effects.push({ type: 'setTimer', owner: client.config.owner, name: TIMER, atUs });
  return changed(copyClient(client), { timerUs: atUs });
}

/** Closes the connection to a node; what was in flight or waiting is reported as failed. */
export function disconnectNode(client: NetworkClientState, nodeId: number, scope: NetworkScope): NetworkResult {
  const node = nodeOf(client, nodeId);
  if (node === undefined || node.connection === null) return { client, events: [] };
  scope.effects.push({ type: 'close', connection: node.connection });
  return onClosed(client, node.connection, { reason: 'disconnected', scope });
}

/** Closes and forgets a node; nothing is reported. */
export function forgetNode(client: NetworkClientState, nodeId: number, scope: NetworkScope): NetworkClientState {
  const node = nodeOf(client, nodeId);
  if (node === undefined) return client;
  if (node.connection !== null) scope.effects.push({ type: 'close', connection: node.connection });
  const connections = node.connection === null ? client.connections : mapDelete(client.connections, String(node.connection));
  return changed(copyClient(client), { connections, nodes: mapDelete(client.nodes, String(nodeId)) });
}
