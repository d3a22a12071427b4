import { mapDelete, mapGet, mapSet, mapValues } from '../kernel/persistent-map.ts';
import type { ConnectionId, HostName } from '../kernel/units.ts';
import { TOPIC_ADMIN_APIS } from '../broker/admin/contract.ts';
import { CONTROLLER_APIS } from '../controller/contract.ts';
import { BROKER_APIS } from '../broker/broker.ts';
import { makeResponse } from '../protocol/frames.ts';
import type { ApiName, ResponseBodies } from '../protocol/generated/apis.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import { setConnections, tellBroker, tellController, tellTopicAdmin, type AcceptedConnection, type Work } from './kafka-server-state.ts';

/** SocketServer: a connection has one request under way, whose id is the connection's. Answers so keep the order of requests. */
export function onAccepted(work: Work, connection: ConnectionId, peer: HostName): void {
  const { phase } = work.state;
  if (phase.name === 'stopping' || phase.name === 'closing') {
    work.scope.effects.push({ type: 'close', connection });
    return;
  }
  putConnection(work, { connection, peer, current: null, waiting: [] });
}

export function onAcceptedClosed(work: Work, connection: ConnectionId): void {
  setConnections(work, mapDelete(work.state.connections, String(connection)));
}

export function onAcceptedMessage(work: Work, connection: ConnectionId, message: WireMessage): void {
  const accepted = mapGet(work.state.connections, String(connection));
  if (accepted === undefined || message.kind !== 'request') return;
  if (accepted.current === null && servesRequests(work)) begin(work, accepted, message);
  else putConnection(work, { connection: accepted.connection, peer: accepted.peer, current: accepted.current, waiting: [...accepted.waiting, message] });
}

/** Requests that come before the start is complete wait in their connections. */
function servesRequests(work: Work): boolean {
  const { name } = work.state.phase;
  return name === 'running' || name === 'controlledShutdown';
}

/** The start is complete: what waited is served, connection by connection. */
export function serveWaitingRequests(work: Work): void {
  for (const accepted of mapValues(work.state.connections)) beginNext(work, accepted);
}

function beginNext(work: Work, accepted: AcceptedConnection): void {
  const { connection, peer, waiting } = accepted;
  const first = waiting[0];
  if (first === undefined) putConnection(work, { connection, peer, current: null, waiting });
  else begin(work, { connection, peer, current: null, waiting: waiting.slice(1) }, first);
}

/** Hands a request to the part that serves its API; one that nobody serves ends the connection, as in Kafka. */
function begin(work: Work, accepted: AcceptedConnection, frame: RequestFrame): void {
  putConnection(work, { connection: accepted.connection, peer: accepted.peer, current: frame, waiting: accepted.waiting });
  const requestId = accepted.connection;
  if (isOneOf(CONTROLLER_APIS, frame.api)) tellController(work, { type: 'request', requestId, frame });
  else if (isOneOf(TOPIC_ADMIN_APIS, frame.api)) tellTopicAdmin(work, { type: 'request', requestId, frame });
  else if (isOneOf(BROKER_APIS, frame.api)) tellBroker(work, { type: 'request', requestId, frame });
  else closeAccepted(work, requestId);
}

function isOneOf(apis: readonly ApiName[], api: ApiName): boolean {
  return apis.includes(api);
}

/** The answer to the request under way, unless its connection is gone; the next one begins. */
export function respond(work: Work, requestId: number, body: ResponseBodies[ApiName]): void {
  const accepted = mapGet(work.state.connections, String(requestId));
  if (accepted === undefined || accepted.current === null) return;
  const { api, version, correlationId } = accepted.current;
  // Parts answer a request with the body of its own API.
  const message = makeResponse<ApiName>({ api, version, correlationId }, body) as WireMessage;
  work.scope.effects.push({ type: 'send', connection: accepted.connection, message });
  beginNext(work, accepted);
}

/** The request under way is done without an answer (acks=0). */
export function finishRequest(work: Work, requestId: number): void {
  const accepted = mapGet(work.state.connections, String(requestId));
  if (accepted !== undefined) beginNext(work, accepted);
}

export function closeAccepted(work: Work, connection: ConnectionId): void {
  if (mapGet(work.state.connections, String(connection)) === undefined) return;
  work.scope.effects.push({ type: 'close', connection });
  onAcceptedClosed(work, connection);
}

/** SocketServer.stopProcessingRequests. */
export function closeAllAccepted(work: Work): void {
  for (const accepted of mapValues(work.state.connections)) closeAccepted(work, accepted.connection);
}

function putConnection(work: Work, accepted: AcceptedConnection): void {
  setConnections(work, mapSet(work.state.connections, String(accepted.connection), accepted));
}
