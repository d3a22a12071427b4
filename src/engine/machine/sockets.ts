import { changed } from '../kernel/mutable.ts';
import { assert } from '../kernel/assert.ts';
import { ACCEPTED } from '../kernel/system.ts';
import type { Packet, Socket } from './contract.ts';
import type { Draft } from './draft.ts';
import { copySocket, hostOf, newSocket, putSocket, removeSocket, sendOnSocket, sendReset, socketById, traceClosed } from './network.ts';
import { deliver } from './process-slot.ts';

export function onPacket(draft: Draft, packet: Packet): void {
  if (packet.kind === 'syn') return onSyn(draft, packet);
  const socket = socketById(draft, packet.toSocket);
  if (socket === undefined || !belongsTo(packet, socket)) return sendReset(draft, packet);
  switch (packet.kind) {
    case 'synAck':
      putSocket(draft, changed(copySocket(socket), { peerSocket: packet.fromSocket, status: 'open' }));
      return deliver(draft, { type: 'connected', owner: socket.owner, connection: socket.connection });
    case 'data':
      assert(packet.message !== null, 'a data segment to carry a message');
      return deliver(draft, { type: 'received', owner: socket.owner, connection: socket.connection, message: packet.message });
    case 'fin':
      removeSocket(draft, socket);
      return deliver(draft, { type: 'closed', owner: socket.owner, connection: socket.connection, reason: 'closed' });
    case 'rst': {
      const reason = socket.status === 'connecting' ? 'refused' : 'reset';
      removeSocket(draft, socket);
      traceClosed(draft, socket.peer, reason);
      return deliver(draft, { type: 'closed', owner: socket.owner, connection: socket.connection, reason });
    }
  }
}

function belongsTo(packet: Packet, socket: Socket): boolean {
  if (packet.from !== socket.peer) return false;
  if (socket.status === 'connecting') return packet.kind === 'synAck' || packet.kind === 'rst';
  return packet.fromSocket === socket.peerSocket;
}

/** The kernel completes the handshake for whoever listens, also for a process stopped by SIGSTOP. */
function onSyn(draft: Draft, packet: Packet): void {
  const { process } = draft.state;
  const listens = (process.status === 'running' || process.status === 'paused') && process.listening.includes(packet.port);
  if (!listens) return sendReset(draft, packet);
  const connection = process.nextConnection;
  process.nextConnection = connection + 1;
  const socket = newSocket(draft, { connection, owner: ACCEPTED, peer: packet.from, peerSocket: packet.fromSocket, status: 'open' });
  sendOnSocket(draft, socket, { kind: 'synAck', message: null });
  deliver(draft, { type: 'accepted', connection, port: packet.port, peer: hostOf(draft, packet.from) });
}
