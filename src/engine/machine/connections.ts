import { assert } from '../kernel/assert.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { ConnectionId, HostName } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { EVENT_CLASS, type Packet } from './contract.ts';
import { nextSequence, type Draft } from './draft.ts';
import { newSocket, removeSocket, sendOnSocket, socketOfConnection } from './network.ts';

const NO_SOCKET = -1;

/** connect(2): a SYN goes out; `connected` or `closed` comes back, or nothing if the peer is off or cut off. */
export function openConnection(draft: Draft, effect: { owner: string; connection: ConnectionId; host: HostName; port: number }): void {
  const peer = mapGet(draft.environment.surroundings.ranks, effect.host);
  if (peer === undefined) return refuseUnknownHost(draft, effect);
  const socket = newSocket(draft, { connection: effect.connection, owner: effect.owner, peer, peerSocket: NO_SOCKET, status: 'connecting' });
  sendOnSocket(draft, socket, { kind: 'syn', message: null, port: effect.port });
}

/** An unknown host is refused at once, but never inside the step that asked. */
function refuseUnknownHost(draft: Draft, effect: { owner: string; connection: ConnectionId }): void {
  const { rank, profile } = draft.environment.spec;
  const socket = newSocket(draft, { connection: effect.connection, owner: effect.owner, peer: rank, peerSocket: NO_SOCKET, status: 'connecting' });
  const arrivesUs = draft.nowUs + profile.loopbackUs;
  const packet: Packet = {
    kind: 'rst',
    from: rank,
    to: rank,
    fromSocket: NO_SOCKET,
    toSocket: socket.id,
    port: 0,
    message: null,
    sizeBytes: 0,
    sentUs: draft.nowUs,
    arrivesUs,
    sequence: nextSequence(draft),
  };
  draft.effects.push({
    type: 'schedule',
    event: { atUs: arrivesUs, class: EVENT_CLASS.message, source: rank, sequence: packet.sequence, input: { type: 'packet', packet } },
  });
}

/** Data for a connection that is closed already goes nowhere: its `closed` input is on the way to the process. */
export function sendOnConnection(draft: Draft, connection: ConnectionId, message: WireMessage): void {
  const socket = socketOfConnection(draft, connection);
  if (socket === undefined) return;
  assert(socket.status === 'open', 'to send on a connection only once it is connected');
  sendOnSocket(draft, socket, { kind: 'data', message });
}

export function closeConnection(draft: Draft, connection: ConnectionId): void {
  const socket = socketOfConnection(draft, connection);
  if (socket === undefined) return;
  if (socket.status === 'open') sendOnSocket(draft, socket, { kind: 'fin', message: null });
  removeSocket(draft, socket);
}
