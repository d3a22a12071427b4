import { arrayGet, arrayPush, arraySet } from '../kernel/persistent-array.ts';
import { mapDelete, mapGet, mapHas, mapSet } from '../kernel/persistent-map.ts';
import { changed, type Mutable } from '../kernel/mutable.ts';
import { drawAt, streamKey } from '../kernel/random.ts';
import type { CloseReason } from '../kernel/system.ts';
import type { ConnectionId, InstantUs, MachineRank } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { EVENT_CLASS, type LinkSettings, type LinkState, type Packet, type Socket, type Surroundings } from './contract.ts';
import { nextSequence, schedule, trace, type Draft } from './draft.ts';

/** Bytes that TCP and IP add to a segment. */
const SEGMENT_OVERHEAD_BYTES = 40;
const GREATEST_RETRANSMISSIONS = 12;

export function socketById(draft: Draft, id: number): Socket | undefined {
  return mapGet(draft.state.sockets, String(id));
}

export function socketOfConnection(draft: Draft, connection: ConnectionId): Socket | undefined {
  const id = mapGet(draft.state.connections, String(connection));
  return id === undefined ? undefined : socketById(draft, id);
}

export function putSocket(draft: Draft, socket: Socket): void {
  const { state } = draft;
  state.sockets = mapSet(state.sockets, String(socket.id), socket);
  state.connections = mapSet(state.connections, String(socket.connection), socket.id);
}

export function removeSocket(draft: Draft, socket: Socket): void {
  const { state } = draft;
  state.sockets = mapDelete(state.sockets, String(socket.id));
  state.connections = mapDelete(state.connections, String(socket.connection));
}

export function newSocket(draft: Draft, socket: Omit<Socket, 'id' | 'lastArrivalUs'>): Socket {
  const id = draft.state.nextSocket;
  draft.state.nextSocket = id + 1;
  const { connection, owner, peer, peerSocket, status } = socket;
  const whole: Socket = { id, connection, owner, peer, peerSocket, status, lastArrivalUs: 0 };
  putSocket(draft, whole);
  return whole;
}

/** Sends one segment of an open socket's connection. */
export function sendOnSocket(draft: Draft, socket: Socket, segment: { kind: Packet['kind']; message: WireMessage | null; port?: number }): void {
  const packet = transmit(draft, {
    kind: segment.kind,
    to: socket.peer,
    fromSocket: socket.id,
    toSocket: socket.peerSocket,
    port: segment.port ?? 0,
    message: segment.message,
    notBeforeUs: socket.lastArrivalUs,
  });
  const key = String(socket.id);
  const { state } = draft;
  if (mapHas(state.sockets, key)) state.sockets = mapSet(state.sockets, key, withLastArrival(socket, packet.arrivesUs));
}

function withLastArrival(socket: Socket, lastArrivalUs: InstantUs): Socket {
  const next = copySocket(socket);
  next.lastArrivalUs = lastArrivalUs;
  return next;
}

export function copySocket(socket: Socket): Mutable<Socket> {
  const { id, connection, owner, peer, peerSocket, status, lastArrivalUs } = socket;
  return { id, connection, owner, peer, peerSocket, status, lastArrivalUs };
}

export function copyLink(link: LinkState): Mutable<LinkState> {
  const { settings, cut, nextFreeUs, draws, held } = link;
  return { settings, cut, nextFreeUs, draws, held };
}

/** Answers a packet that no socket here knows. */
export function sendReset(draft: Draft, packet: Packet): void {
  if (packet.kind === 'rst') return;
  transmit(draft, { kind: 'rst', to: packet.from, fromSocket: packet.toSocket, toSocket: packet.fromSocket, port: 0, message: null, notBeforeUs: 0 });
}

interface Outgoing {
  readonly kind: Packet['kind'];
  readonly to: MachineRank;
  readonly fromSocket: number;
  readonly toSocket: number;
  readonly port: number;
  readonly message: WireMessage | null;
  readonly notBeforeUs: InstantUs;
}

function transmit(draft: Draft, outgoing: Outgoing): Packet {
  const { rank } = draft.environment.spec;
  const sizeBytes = SEGMENT_OVERHEAD_BYTES + (outgoing.message?.sizeBytes ?? 0);
  const packet: Mutable<Packet> = {
    kind: outgoing.kind,
    from: rank,
    to: outgoing.to,
    fromSocket: outgoing.fromSocket,
    toSocket: outgoing.toSocket,
    port: outgoing.port,
    message: outgoing.message,
    sizeBytes,
    sentUs: draft.nowUs + draft.stallUs,
    arrivesUs: outgoing.notBeforeUs,
    sequence: nextSequence(draft),
  };
  if (outgoing.to === rank) {
    packet.arrivesUs = Math.max(packet.sentUs + draft.environment.spec.profile.loopbackUs, outgoing.notBeforeUs);
    draft.effects.push({ type: 'packet', packet });
    return packet;
  }
  const link = linkTo(draft, outgoing.to);
  if (link.cut) return holdPacket(draft, link, packet);
  const passed = passLink(draft, link, { to: outgoing.to, sizeBytes });
  // The link is free for others while the sender waits for its disk.
  packet.arrivesUs = Math.max(passed.arrivesUs + draft.stallUs, outgoing.notBeforeUs);
  setLink(draft, outgoing.to, passed.link);
  draft.effects.push({ type: 'packet', packet });
  return packet;
}

/** Loss is delay: each lost try waits one retransmission time-out, doubling. */
function passLink(draft: Draft, link: LinkState, segment: { to: MachineRank; sizeBytes: number }): { link: LinkState; arrivesUs: InstantUs } {
  const { settings } = link;
  const { profile } = draft.environment.spec;
  const departsUs = Math.max(draft.nowUs, link.nextFreeUs);
  const nextFreeUs = departsUs + Math.ceil((segment.sizeBytes * 1_000_000) / settings.bytesPerSecond);
  let draws = link.draws;
  let delayUs = settings.latencyUs;
  const key = linkStream(draft, segment.to);
  if (settings.jitterUs > 0) delayUs += Math.floor((drawAt(key, draws++) / 4294967296) * (settings.jitterUs + 1));
  if (settings.lossPerMillion > 0) {
    let waitUs = profile.tcpRetransmitUs;
    for (let lost = 0; lost < GREATEST_RETRANSMISSIONS && drawAt(key, draws++) % 1_000_000 < settings.lossPerMillion; lost++) {
      delayUs += waitUs;
      waitUs = Math.min(waitUs * 2, profile.tcpGreatestRetransmitUs);
    }
  }
  return { link: { settings, cut: link.cut, nextFreeUs, draws, held: link.held }, arrivesUs: nextFreeUs + delayUs };
}

function linkStream(draft: Draft, to: MachineRank): number {
  const { environment } = draft;
  const known = environment.linkKeys[to];
  if (known !== undefined) return known;
  const key = streamKey({ seed: environment.seed, owner: environment.spec.host, purpose: `link-${to}` });
  environment.linkKeys[to] = key;
  return key;
}

export function linkTo(draft: Draft, to: MachineRank): LinkState {
  const known = arrayGet(draft.state.links, to);
  if (known !== undefined && known !== null) return known;
  const settings = defaultLink(draft.environment.surroundings, draft.environment.spec.rank, to);
  return { settings, cut: false, nextFreeUs: 0, draws: 0, held: [] };
}

/** Settings of the directed link between two machines when nothing was commanded. */
export function defaultLink(surroundings: Surroundings, from: MachineRank, to: MachineRank): LinkSettings {
  const ends = [surroundings.kinds[from], surroundings.kinds[to]];
  const { links } = surroundings;
  if (ends.includes('client')) return links.clientToBroker;
  const servers = ends.filter((kind) => kind === 'zookeeper').length;
  if (servers === 2) return links.zookeeperToZookeeper;
  return servers === 1 ? links.brokerToZookeeper : links.brokerToBroker;
}

function setLink(draft: Draft, to: MachineRank, link: LinkState): void {
  let links = draft.state.links;
  while (links.length <= to) links = arrayPush(links, null);
  draft.state.links = arraySet(links, to, link);
}

function holdPacket(draft: Draft, link: LinkState, packet: Packet): Packet {
  if (link.held.length === 0) armTcpTimeout(draft, packet.to, packet.sentUs);
  setLink(draft, packet.to, changed(copyLink(link), { held: [...link.held, packet] }));
  return packet;
}

function armTcpTimeout(draft: Draft, peer: MachineRank, sentUs: InstantUs): void {
  const atUs = Math.max(draft.nowUs, sentUs + draft.environment.spec.profile.tcpUserTimeoutUs);
  schedule(draft, { atUs, class: EVENT_CLASS.timer, input: { type: 'tcpTimeout', peer } });
}

/** Cuts, heals or changes the link towards `to`. Healing retransmits what was held, each at its next try. */
export function changeLink(draft: Draft, to: MachineRank, change: { cut: boolean | null; settings: LinkSettings | null }): void {
  const link = linkTo(draft, to);
  const cut = change.cut ?? link.cut;
  setLink(draft, to, changed(copyLink(link), { cut, settings: change.settings ?? link.settings, held: cut ? link.held : [] }));
  if (cut) return;
  // Order holds in a connection also when its socket is closed by now and only its last segments are still to go out.
  const lastArrivals = new Map<number, InstantUs>();
  for (const packet of link.held) lastArrivals.set(packet.fromSocket, retransmit(draft, packet, lastArrivals.get(packet.fromSocket) ?? 0));
}

/** Sends a held packet at its next try; returns when it arrives. */
function retransmit(draft: Draft, packet: Packet, earliestUs: InstantUs): InstantUs {
  const { profile } = draft.environment.spec;
  let waitUs = profile.tcpRetransmitUs;
  let tryUs = packet.sentUs;
  while (tryUs < draft.nowUs) {
    tryUs += waitUs;
    waitUs = Math.min(waitUs * 2, profile.tcpGreatestRetransmitUs);
  }
  const link = linkTo(draft, packet.to);
  const passed = passLink(draft, link, packet);
  setLink(draft, packet.to, passed.link);
  const socket = socketById(draft, packet.fromSocket);
  const notBeforeUs = Math.max(packet.arrivesUs, earliestUs, socket?.lastArrivalUs ?? 0);
  const arrivesUs = Math.max(passed.arrivesUs + (tryUs - draft.nowUs), notBeforeUs);
  if (socket !== undefined) putSocket(draft, changed(copySocket(socket), { lastArrivalUs: arrivesUs }));
  draft.effects.push({ type: 'packet', packet: { ...packet, arrivesUs, sequence: nextSequence(draft) } });
  return arrivesUs;
}

/** Connections with data unacknowledged for too long are reset locally. Returns them, already removed. */
export function expireHeld(draft: Draft, peer: MachineRank): Socket[] {
  const link = linkTo(draft, peer);
  const limitUs = draft.nowUs - draft.environment.spec.profile.tcpUserTimeoutUs;
  const expired: Socket[] = [];
  const left: Packet[] = [];
  for (const packet of link.held) {
    if (packet.sentUs > limitUs) left.push(packet);
    else {
      const socket = socketById(draft, packet.fromSocket);
      if (socket !== undefined && !expired.some((other) => other.id === socket.id)) expired.push(socket);
    }
  }
  const gone = left.filter((packet) => !expired.some((socket) => socket.id === packet.fromSocket));
  setLink(draft, peer, changed(copyLink(link), { held: gone }));
  const first = gone[0];
  if (first !== undefined) armTcpTimeout(draft, peer, first.sentUs);
  for (const socket of expired) removeSocket(draft, socket);
  return expired;
}

/** What the link still holds for a socket that is no more; a FIN stays, so that the peer learns after healing. */
export function traceClosed(draft: Draft, peer: MachineRank, reason: CloseReason): void {
  if (reason === 'closed') return;
  trace(draft, { type: 'ConnectionClosed', peer: hostOf(draft, peer), reason });
}

export function hostOf(draft: Draft, rank: MachineRank): string {
  return draft.environment.surroundings.hosts[rank] ?? `machine-${rank}`;
}
