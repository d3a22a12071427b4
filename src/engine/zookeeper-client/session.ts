import { assert } from '../kernel/assert.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import { msToUs, type ConnectionId, type HostName, type InstantUs, type Zxid } from '../kernel/units.ts';
import { sized } from '../protocol/zookeeper-messages.ts';
import type { WireOperation, WireResult, ZkClientMessage, ZkServerMessage } from '../protocol/zookeeper-types.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZkCall, ZkErrorName, ZkOperation, ZkResult, ZkTold } from './contract.ts';

/**
 * A ZooKeeper client session as Kafka holds one: ClientCnxn with KafkaZkClient's endless retries on top. A session outlives its
 * connections; that it expired is learned only on reconnecting, and then a new one is opened at once.
 */
export interface ZooKeeperSession {
  readonly config: ZooKeeperSessionConfig;
  readonly status: 'closed' | 'connecting' | 'handshaking' | 'connected' | 'waiting' | 'closing';
  readonly connection: ConnectionId | null;
  readonly sessionId: string;
  readonly timeoutMs: number;
  readonly lastZxid: Zxid;
  readonly nextXid: number;
  /** Index into the shuffled list of servers. */
  readonly serverIndex: number;
  readonly order: readonly number[];
  readonly calls: readonly PendingCall[];
  readonly watches: readonly Watch[];
  readonly lastHeardUs: InstantUs;
  readonly lastSentUs: InstantUs;
  readonly everConnected: boolean;
}

export interface ZooKeeperSessionConfig {
  /** Owner of the connection and timers in the process. */
  readonly owner: string;
  readonly servers: readonly { readonly host: HostName; readonly port: number }[];
  readonly sessionTimeoutMs: number;
}

/** A call of the user: its operations, those answered so far, and the xids of those on the wire. */
export interface PendingCall {
  readonly call: ZkCall;
  readonly results: readonly ZkResult[];
  /** xid of operation `results.length + i` while it is on the wire. */
  readonly sent: readonly number[];
}

export interface Watch {
  readonly kind: 'data' | 'exists' | 'child';
  readonly path: string;
}

export interface SessionResult {
  readonly session: ZooKeeperSession;
  readonly told: readonly ZkTold[];
}

/** Any scope whose effects include the system's will do. */
export interface SessionScope {
  readonly context: StepContext;
  readonly effects: { push(...effects: SystemEffect<WireMessage, never>[]): unknown };
}

const NO_SESSION = '0000000000000000';
/** Longest pause between pings (ClientCnxn.MAX_SEND_PING_INTERVAL). */
const GREATEST_PING_MS = 10_000;
const SET_WATCHES_XID = -8;

export function newZooKeeperSession(config: ZooKeeperSessionConfig): ZooKeeperSession {
  return {
    config, status: 'closed', connection: null, sessionId: NO_SESSION, timeoutMs: config.sessionTimeoutMs, lastZxid: 0, nextXid: 1, serverIndex: 0, order: [],
    calls: [], watches: [], lastHeardUs: 0, lastSentUs: 0, everConnected: false,
  };
}

/** Connects for the first time; servers are tried in an order drawn once. */
export function startSession(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  const order = session.config.servers.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = scope.context.draw('zookeeper-servers') % (i + 1);
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return connect({ ...session, order, serverIndex: 0 }, scope);
}

function connect(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  const { config } = session;
  const server = config.servers[session.order[session.serverIndex] ?? 0];
  assert(server !== undefined, 'a ZooKeeper server to connect to');
  const connection = scope.context.nextConnection();
  scope.effects.push({ type: 'connect', owner: config.owner, connection, host: server.host, port: server.port });
  return setAlarm({ ...session, status: 'connecting', connection, lastHeardUs: scope.context.nowUs }, scope);
}

/** One timer: the next ping, or the moment when the silence has lasted too long. */
function setAlarm(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  const atUs = nextAlarmUs(session);
  scope.effects.push({ type: 'setTimer', owner: session.config.owner, name: 'session', atUs: Math.max(atUs, scope.context.nowUs + 1) });
  return session;
}

function nextAlarmUs(session: ZooKeeperSession): InstantUs {
  const silenceUs = session.lastHeardUs + msToUs(session.status === 'connected' ? readTimeoutMs(session) : connectTimeoutMs(session));
  return session.status === 'connected' ? Math.min(silenceUs, session.lastSentUs + msToUs(pingMs(session))) : silenceUs;
}

/** ClientCnxn: two thirds of the session time-out. */
function readTimeoutMs(session: ZooKeeperSession): number {
  return Math.floor((session.timeoutMs * 2) / 3);
}

function connectTimeoutMs(session: ZooKeeperSession): number {
  return Math.floor(session.timeoutMs / session.config.servers.length);
}

function pingMs(session: ZooKeeperSession): number {
  return Math.min(Math.floor(readTimeoutMs(session) / 2), GREATEST_PING_MS);
}

function say(session: ZooKeeperSession, scope: SessionScope, message: Parameters<typeof sized<ZkClientMessage>>[0]): ZooKeeperSession {
  assert(session.connection !== null, 'a connection to ZooKeeper');
  scope.effects.push({ type: 'send', connection: session.connection, message: sized<ZkClientMessage>(message) });
  return { ...session, lastSentUs: scope.context.nowUs };
}

/** Asks; the answer comes as `zkAnswer` with the call's tag, after any number of reconnects. */
export function callZooKeeper(session: ZooKeeperSession, call: ZkCall, scope: SessionScope): ZooKeeperSession {
  const pending: PendingCall = { call, results: [], sent: [] };
  const queued = { ...session, calls: [...session.calls, pending] };
  return queued.status === 'connected' ? sendUnsent(queued, scope) : queued;
}

/** Puts every operation on the wire that is not there yet, in order. */
function sendUnsent(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  let current = session;
  const calls: PendingCall[] = [];
  for (const pending of session.calls) {
    const sent = pending.sent.slice();
    for (let i = pending.results.length + sent.length; i < pending.call.operations.length; i++) {
      const operation = pending.call.operations[i] as ZkOperation;
      sent.push(current.nextXid);
      current = say({ ...current, nextXid: current.nextXid + 1 }, scope, { kind: 'zkRequest', xid: current.nextXid, operation: operation satisfies WireOperation });
    }
    calls.push(sent.length === pending.sent.length ? pending : { ...pending, sent });
  }
  return setAlarm({ ...current, calls }, scope);
}

/** Ends the session in order: its ephemerals go with it. */
export function closeSession(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  if (session.status !== 'connected') return abandon(session, scope);
  const asked = say({ ...session, nextXid: session.nextXid + 1 }, scope, { kind: 'zkRequest', xid: session.nextXid, operation: { op: 'closeSession' } });
  return { ...asked, status: 'closing', calls: [] };
}

function abandon(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  if (session.connection !== null) scope.effects.push({ type: 'close', connection: session.connection });
  return { ...session, status: 'closed', connection: null, calls: [] };
}

/** Handles an input addressed to this session's owner. */
export function onZooKeeperInput(session: ZooKeeperSession, input: SystemInput<WireMessage, unknown>, scope: SessionScope): SessionResult {
  switch (input.type) {
    case 'connected':
      return input.connection === session.connection ? onConnected(session, scope) : { session, told: [] };
    case 'received':
      return input.connection === session.connection ? onMessage(session, input.message as ZkServerMessage, scope) : { session, told: [] };
    case 'closed':
      return input.connection === session.connection ? onLost({ ...session, connection: null }, scope) : { session, told: [] };
    case 'timer':
      return input.name === 'session' ? onAlarm(session, scope) : { session, told: [] };
    default:
      return { session, told: [] };
  }
}

function onConnected(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  const greeted = say({ ...session, status: 'handshaking', lastHeardUs: scope.context.nowUs }, scope, { kind: 'zkConnect', lastZxidSeen: session.lastZxid, timeoutMs: session.config.sessionTimeoutMs, sessionId: session.sessionId });
  return { session: setAlarm(greeted, scope), told: [] };
}

/** Silence for too long ends the connection; a quiet one is pinged; a pause before the next try ends. */
function onAlarm(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  const { nowUs } = scope.context;
  if (session.status === 'closed' || session.status === 'closing') return { session, told: [] };
  if (session.status === 'waiting') return { session: connect(session, scope), told: [] };
  const limitMs = session.status === 'connected' ? readTimeoutMs(session) : connectTimeoutMs(session);
  if (nowUs >= session.lastHeardUs + msToUs(limitMs)) {
    if (session.connection !== null) scope.effects.push({ type: 'close', connection: session.connection });
    return onLost({ ...session, connection: null }, scope);
  }
  if (session.status === 'connected' && nowUs >= session.lastSentUs + msToUs(pingMs(session))) {
    return { session: setAlarm(say(session, scope, { kind: 'zkPing' }), scope), told: [] };
  }
  return { session: setAlarm(session, scope), told: [] };
}

/** The connection is gone, the session not: try the next server, after a short pause once all were tried. */
function onLost(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  if (session.status === 'closing' || session.status === 'closed') return { session: { ...session, status: 'closed' }, told: [] };
  const told: ZkTold[] = session.status === 'connected' ? [{ type: 'zkSession', state: 'disconnected', sessionId: session.sessionId }] : [];
  const serverIndex = (session.serverIndex + 1) % session.config.servers.length;
  const calls = session.calls.map((pending) => ({ ...pending, sent: [] }));
  const waiting: ZooKeeperSession = { ...session, status: 'waiting', serverIndex, calls };
  // StaticHostProvider: at most a second between tries, drawn.
  const pauseMs = scope.context.draw('zookeeper-reconnect') % Math.max(1, Math.min(1000, connectTimeoutMs(session)));
  scope.effects.push({ type: 'setTimer', owner: session.config.owner, name: 'session', atUs: scope.context.nowUs + msToUs(pauseMs) + 1 });
  return { session: waiting, told };
}

function onMessage(session: ZooKeeperSession, message: ZkServerMessage, scope: SessionScope): SessionResult {
  const heard: ZooKeeperSession = { ...session, lastHeardUs: scope.context.nowUs };
  switch (message.kind) {
    case 'zkConnected':
      return message.timeoutMs === 0 ? onExpired(heard, scope) : onEstablished(heard, message, scope);
    case 'zkPong':
      return { session: { ...heard, lastZxid: Math.max(heard.lastZxid, message.zxid) }, told: [] };
    case 'zkWatchEvent':
      return onWatchEvent(heard, message);
    case 'zkReply':
      return onReply({ ...heard, lastZxid: Math.max(heard.lastZxid, message.zxid) }, message, scope);
  }
}

function onEstablished(session: ZooKeeperSession, message: Extract<ZkServerMessage, { kind: 'zkConnected' }>, scope: SessionScope): SessionResult {
  const isNew = message.sessionId !== session.sessionId;
  let current: ZooKeeperSession = { ...session, status: 'connected', sessionId: message.sessionId, timeoutMs: message.timeoutMs, everConnected: true };
  if (!isNew && current.watches.length > 0) {
    const pathsOf = (kind: Watch['kind']): string[] => current.watches.filter((one) => one.kind === kind).map((one) => one.path);
    current = say(current, scope, { kind: 'zkRequest', xid: SET_WATCHES_XID, operation: { op: 'setWatches', relativeZxid: current.lastZxid, data: pathsOf('data'), exists: pathsOf('exists'), children: pathsOf('child') } });
  }
  const told: ZkTold[] = [{ type: 'zkSession', state: isNew ? 'established' : 'connected', sessionId: message.sessionId }];
  return { session: sendUnsent(current, scope), told };
}

/** The session is gone: its calls fail, its watches are void, and a new session is opened (KafkaZkClient reinitialises). */
function onExpired(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  const told: ZkTold[] = [{ type: 'zkSession', state: 'expired', sessionId: null }];
  for (const pending of session.calls) told.push({ type: 'zkAnswer', tag: pending.call.tag, results: pending.call.operations.map((operation) => ({ ok: false, op: operation.op, error: 'SESSIONEXPIRED' })) });
  if (session.connection !== null) scope.effects.push({ type: 'close', connection: session.connection });
  const fresh: ZooKeeperSession = { ...session, sessionId: NO_SESSION, lastZxid: 0, calls: [], watches: [], timeoutMs: session.config.sessionTimeoutMs };
  return { session: connect(fresh, scope), told };
}

/** One-shot: the watch that fired is gone. */
function onWatchEvent(session: ZooKeeperSession, message: Extract<ZkServerMessage, { kind: 'zkWatchEvent' }>): SessionResult {
  const child = message.event === 'childrenChanged';
  const watches = session.watches.filter((one) => one.path !== message.path || (one.kind === 'child') !== child && message.event !== 'deleted');
  return { session: { ...session, watches }, told: [{ type: 'zkWatch', kind: message.event, path: message.path }] };
}

function onReply(session: ZooKeeperSession, message: Extract<ZkServerMessage, { kind: 'zkReply' }>, scope: SessionScope): SessionResult {
  if (message.xid === SET_WATCHES_XID) return { session, told: [] };
  if (session.status === 'closing') return { session: abandon(session, scope), told: [] };
  const index = session.calls.findIndex((pending) => pending.sent[0] === message.xid);
  const pending = session.calls[index];
  if (pending === undefined) return { session, told: [] };
  const operation = pending.call.operations[pending.results.length] as ZkOperation;
  const result = resultOf(operation, message.result);
  const answered: PendingCall = { ...pending, results: [...pending.results, result], sent: pending.sent.slice(1) };
  const watched: ZooKeeperSession = { ...session, watches: withWatch(session.watches, operation, result) };
  if (answered.results.length < pending.call.operations.length) return { session: { ...watched, calls: session.calls.map((other, i) => (i === index ? answered : other)) }, told: [] };
  return { session: { ...watched, calls: session.calls.filter((_, i) => i !== index) }, told: [{ type: 'zkAnswer', tag: pending.call.tag, results: answered.results }] };
}

/** Which watch a read has left on the server. */
function withWatch(watches: readonly Watch[], operation: ZkOperation, result: ZkResult): readonly Watch[] {
  if (!('watch' in operation) || !operation.watch || (!result.ok && operation.op !== 'exists')) return watches;
  const kind: Watch['kind'] = operation.op === 'getChildren' ? 'child' : result.ok ? 'data' : 'exists';
  const others = watches.filter((one) => one.path !== operation.path || one.kind !== kind);
  return [...others, { kind, path: operation.path }];
}

function resultOf(operation: ZkOperation | { readonly op: 'check' }, wire: WireResult): ZkResult {
  if (wire.error !== null) {
    const error = wire.error as ZkErrorName;
    return wire.failedIndex === undefined ? { ok: false, op: operation.op, error } : { ok: false, op: operation.op, error, failedIndex: wire.failedIndex };
  }
  switch (operation.op) {
    case 'create':
      return { ok: true, op: 'create', path: wire.path ?? '', stat: needed(wire.stat) };
    case 'setData':
    case 'exists':
      return { ok: true, op: operation.op, stat: needed(wire.stat) };
    case 'getData':
      return { ok: true, op: 'getData', data: wire.data ?? '', stat: needed(wire.stat) };
    case 'getChildren':
      return { ok: true, op: 'getChildren', children: wire.children ?? [], stat: needed(wire.stat) };
    case 'multi':
      return { ok: true, op: 'multi', results: operation.operations.map((inner, i) => resultOf(inner, wire.results?.[i] ?? { error: null })) };
    case 'delete':
    case 'sync':
    case 'check':
      return { ok: true, op: operation.op };
  }
}

function needed<T>(value: T | undefined): T {
  assert(value !== undefined, 'a stat in the answer');
  return value;
}
