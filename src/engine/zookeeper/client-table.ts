import { mapDelete, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { ConnectionId } from '../kernel/units.ts';
import { update, type ClientConnection, type Work } from './state.ts';

/** The clients connected here, by connection and by session. */

export function clientOf(work: Work, connection: ConnectionId): ClientConnection | undefined {
  return mapGet(work.state.clients, String(connection));
}

export function clientOfSession(work: Work, sessionId: string): ClientConnection | undefined {
  const connection = mapGet(work.state.sessionConnections, sessionId);
  return connection === undefined ? undefined : clientOf(work, connection);
}

export function putClient(work: Work, client: ClientConnection): void {
  update(work, { clients: mapSet(work.state.clients, String(client.connection), client) });
}

/** From now on this connection speaks for its session. */
export function bindSession(work: Work, client: ClientConnection & { readonly sessionId: string }): void {
  putClient(work, client);
  update(work, { sessionConnections: mapSet(work.state.sessionConnections, client.sessionId, client.connection) });
}

export function removeClient(work: Work, client: ClientConnection): void {
  update(work, { clients: mapDelete(work.state.clients, String(client.connection)) });
  if (client.sessionId === null || mapGet(work.state.sessionConnections, client.sessionId) !== client.connection) return;
  update(work, { sessionConnections: mapDelete(work.state.sessionConnections, client.sessionId) });
}
