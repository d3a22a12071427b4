import { assert } from '../kernel/assert.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import { emptyMap, mapDelete, mapSet, mapValues, type PersistentMap } from '../kernel/persistent-map.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import { msToUs, type ConnectionId, type HostName, type InstantUs, type Zxid } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { sized } from '../protocol/zookeeper-messages.ts';
import type { Unsized, WireOperation, ZkClientMessage, ZkServerMessage } from '../protocol/zookeeper-types.ts';
import type { ZkCall, ZkOperation, ZkResult, ZkTold } from './contract.ts';
import { resultOf } from './results.ts';

/**
 * A ZooKeeper client session as Kafka holds one: ClientCnxn with KafkaZkClient's endless retries on top. A session outlives its
 * connections; that it expired is learned only on reconnecting, and then a new one is opened at once.
 * `Simplified:` no limit of requests in flight (`zookeeper.max.in.flight.requests`).
 */
export interface ZooKeeperSession {
  readonly config: ZooKeeperSessionConfig;
  readonly status: 'closed' | 'connecting' | 'handshaking' | 'connected' | 'waiting' | 'closing';
  readonly connection: ConnectionId | null;
  /** 16 hex digits; all zero while there is no session. */
  readonly sessionId: string;
  /** As negotiated with the server. */
  readonly timeoutMs: number;
  readonly lastZxid: Zxid;
  readonly nextXid: number;
  /** Servers in the order in which they are tried, and where in it we are. */
  readonly order: readonly number[];
  readonly serverIndex: number;
  /** Servers tried in vain since the last session was confirmed. */
  readonly failedTries: number;
  readonly calls: readonly PendingCall[];
  /** Watches left on the server, by kind and path. */
  readonly watches: PersistentMap<Watch>;
  readonly lastHeardUs: InstantUs;
  readonly lastSentUs: InstantUs;
  /** When the timer is set to ring; it is only set again for something earlier, and set anew when it rings. */
  readonly alarmUs: InstantUs | null;
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
const TIMER = 'session';
/** Longest pause between pings (ClientCnxn.MAX_SEND_PING_INTERVAL). */
const GREATEST_PING_MS = 10_000;
/** ClientCnxn pauses for up to a second before it connects again, StaticHostProvider for a whole one after each round of all servers. */
const GREATEST_PAUSE_MS = 1000;
const ROUND_PAUSE_MS = 1000;
const SET_WATCHES_XID = -8;

export function newZooKeeperSession(config: ZooKeeperSessionConfig): ZooKeeperSession {
  return {
    config,
    status: 'closed',
    connection: null,
    sessionId: NO_SESSION,
    timeoutMs: config.sessionTimeoutMs,
    lastZxid: 0,
    nextXid: 1,
    order: [],
    serverIndex: 0,
    failedTries: 0,
    calls: [],
    watches: emptyMap(),
    lastHeardUs: 0,
    lastSentUs: 0,
    alarmUs: null,
  };
}

/** Connects for the first time; servers are tried in an order drawn once for each session. */
export function startSession(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  const order = session.config.servers.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = scope.context.draw('zookeeper-servers') % (i + 1);
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return connect({ ...session, order, serverIndex: 0, failedTries: 0 }, scope);
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
  return ringAt(session, nextAlarmUs(session), scope);
}

function ringAt(session: ZooKeeperSession, dueUs: InstantUs, scope: SessionScope): ZooKeeperSession {
  const atUs = Math.max(dueUs, scope.context.nowUs + 1);
  if (session.alarmUs !== null && session.alarmUs <= atUs) return session;
  scope.effects.push({ type: 'setTimer', owner: session.config.owner, name: TIMER, atUs });
  return { ...session, alarmUs: atUs };
}

function nextAlarmUs(session: ZooKeeperSession): InstantUs {
  const silenceEndsUs = session.lastHeardUs + msToUs(silenceMs(session));
  return session.status === 'connected' ? Math.min(silenceEndsUs, session.lastSentUs + msToUs(pingMs(session))) : silenceEndsUs;
}

/** How long a server may say nothing (ClientCnxn): two thirds of the session time-out, while connecting its share of all servers. */
function silenceMs(session: ZooKeeperSession): number {
  const hasSession = session.status === 'connected' || session.status === 'closing';
  return hasSession ? readTimeoutMs(session) : connectTimeoutMs(session);
}

function readTimeoutMs(session: ZooKeeperSession): number {
  return Math.floor((session.timeoutMs * 2) / 3);
}

function connectTimeoutMs(session: ZooKeeperSession): number {
  return Math.floor(session.timeoutMs / session.config.servers.length);
}

function pingMs(session: ZooKeeperSession): number {
  return Math.min(Math.floor(readTimeoutMs(session) / 2), GREATEST_PING_MS);
}

function say(session: ZooKeeperSession, scope: SessionScope, message: Unsized<ZkClientMessage>): ZooKeeperSession {
  assert(session.connection !== null, 'a connection to ZooKeeper');
  scope.effects.push({ type: 'send', connection: session.connection, message: sized<ZkClientMessage>(message) });
  return { ...session, lastSentUs: scope.context.nowUs };
}

function request(session: ZooKeeperSession, scope: SessionScope, operation: WireOperation): ZooKeeperSession {
  return say({ ...session, nextXid: session.nextXid + 1 }, scope, { kind: 'zkRequest', xid: session.nextXid, operation });
}

/** Asks; the answer comes as `zkAnswer` with the call's tag, after any number of reconnects. A call asks for something. */
export function callZooKeeper(session: ZooKeeperSession, call: ZkCall, scope: SessionScope): ZooKeeperSession {
  assert(call.operations.length > 0, 'a call with an operation');
  const pending: PendingCall = { call, results: [], sent: [] };
  if (session.status !== 'connected') return { ...session, calls: [...session.calls, pending] };
  const asked = sendCall(session, pending, scope);
  return { ...asked.session, calls: [...session.calls, asked.pending] };
}

/** Puts the operations of a call on the wire that are not answered yet, in order. */
function sendCall(session: ZooKeeperSession, pending: PendingCall, scope: SessionScope): { session: ZooKeeperSession; pending: PendingCall } {
  let current = session;
  const sent: number[] = [];
  for (const operation of pending.call.operations.slice(pending.results.length)) {
    sent.push(current.nextXid);
    current = request(current, scope, operation);
  }
  return { session: current, pending: { ...pending, sent } };
}

/** Ends the session in order: its ephemerals go with it, calls are forgotten. The status is `closed` once a server knows, or cannot be told. */
export function closeSession(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  if (session.status !== 'connected') return abandon(session, scope);
  const asked = request(session, scope, { op: 'closeSession' });
  return setAlarm({ ...asked, status: 'closing', calls: [], lastHeardUs: scope.context.nowUs }, scope);
}

function abandon(session: ZooKeeperSession, scope: SessionScope): ZooKeeperSession {
  if (session.connection !== null) scope.effects.push({ type: 'close', connection: session.connection });
  return { ...session, status: 'closed', connection: null, calls: [] };
}

/** Handles an input addressed to this session's owner. */
export function onZooKeeperInput(session: ZooKeeperSession, input: SystemInput<WireMessage, unknown>, scope: SessionScope): SessionResult {
  const isOurs = 'connection' in input && input.connection === session.connection;
  switch (input.type) {
    case 'connected':
      return isOurs ? onConnected(session, scope) : untold(session);
    case 'received':
      return isOurs ? onMessage(session, input.message, scope) : untold(session);
    case 'closed':
      return isOurs ? onLost({ ...session, connection: null }, scope) : untold(session);
    case 'timer':
      return input.name === TIMER ? onAlarm({ ...session, alarmUs: null }, scope) : untold(session);
    default:
      return untold(session);
  }
}

function untold(session: ZooKeeperSession): SessionResult {
  return { session, told: [] };
}

function onConnected(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  const { lastZxid, sessionId, config } = session;
  const greeted = say({ ...session, status: 'handshaking', lastHeardUs: scope.context.nowUs }, scope, {
    kind: 'zkConnect',
    lastZxidSeen: lastZxid,
    timeoutMs: config.sessionTimeoutMs,
    sessionId,
  });
  return untold(setAlarm(greeted, scope));
}

/** A pause before the next try ends; silence for too long ends the connection; a quiet one is pinged. */
function onAlarm(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  const { nowUs } = scope.context;
  if (session.status === 'closed') return untold(session);
  if (session.status === 'waiting') return untold(connect(session, scope));
  if (nowUs >= session.lastHeardUs + msToUs(silenceMs(session))) {
    if (session.connection !== null) scope.effects.push({ type: 'close', connection: session.connection });
    return onLost({ ...session, connection: null }, scope);
  }
  const isQuiet = session.status === 'connected' && nowUs >= session.lastSentUs + msToUs(pingMs(session));
  return untold(setAlarm(isQuiet ? say(session, scope, { kind: 'zkPing' }) : session, scope));
}

/** The connection is gone, the session not: try the next server after a pause, a longer one once all were tried. */
function onLost(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  if (session.status === 'closing' || session.status === 'closed') return untold({ ...session, status: 'closed' });
  const told: ZkTold[] = session.status === 'connected' ? [{ type: 'zkSession', state: 'disconnected', sessionId: session.sessionId }] : [];
  const { servers } = session.config;
  const failedTries = session.failedTries + 1;
  const waiting: ZooKeeperSession = {
    ...session,
    status: 'waiting',
    serverIndex: (session.serverIndex + 1) % servers.length,
    failedTries,
    calls: session.calls.map((pending) => ({ ...pending, sent: [] })),
    alarmUs: null,
  };
  // A pause is never longer than trying a server, so that a profile with short time-outs has short pauses too.
  const limitMs = Math.max(1, Math.min(GREATEST_PAUSE_MS, connectTimeoutMs(session)));
  const roundMs = failedTries % servers.length === 0 ? Math.min(ROUND_PAUSE_MS, limitMs) : 0;
  const pauseMs = roundMs + (scope.context.draw('zookeeper-reconnect') % limitMs);
  return { session: ringAt(waiting, scope.context.nowUs + msToUs(pauseMs), scope), told };
}

function onMessage(session: ZooKeeperSession, message: WireMessage, scope: SessionScope): SessionResult {
  const heard: ZooKeeperSession = { ...session, lastHeardUs: scope.context.nowUs };
  switch (message.kind) {
    case 'zkConnected':
      return message.timeoutMs === 0 ? onExpired(heard, scope) : onEstablished(heard, message, scope);
    case 'zkPong':
      return untold({ ...heard, lastZxid: Math.max(heard.lastZxid, message.zxid) });
    case 'zkWatchEvent':
      return onWatchEvent(heard, message);
    case 'zkReply':
      return onReply({ ...heard, lastZxid: Math.max(heard.lastZxid, message.zxid) }, message, scope);
    default:
      // Whoever says anything else is no ZooKeeper server.
      if (heard.connection !== null) scope.effects.push({ type: 'close', connection: heard.connection });
      return onLost({ ...heard, connection: null }, scope);
  }
}

/** Watches go first, so that the server knows them before anything asked now is answered. */
function onEstablished(session: ZooKeeperSession, message: Extract<ZkServerMessage, { kind: 'zkConnected' }>, scope: SessionScope): SessionResult {
  const isNew = message.sessionId !== session.sessionId;
  let current: ZooKeeperSession = { ...session, status: 'connected', sessionId: message.sessionId, timeoutMs: message.timeoutMs, failedTries: 0 };
  if (current.watches.size > 0) current = say(current, scope, { kind: 'zkRequest', xid: SET_WATCHES_XID, operation: setWatches(current) });
  const calls: PendingCall[] = [];
  for (const pending of current.calls) {
    const asked = sendCall(current, pending, scope);
    current = asked.session;
    calls.push(asked.pending);
  }
  const told: ZkTold[] = [{ type: 'zkSession', state: isNew ? 'established' : 'connected', sessionId: message.sessionId }];
  return { session: setAlarm({ ...current, calls }, scope), told };
}

function setWatches(session: ZooKeeperSession): WireOperation {
  const watches = mapValues(session.watches);
  const pathsOf = (kind: Watch['kind']): string[] => watches.flatMap((one) => (one.kind === kind ? [one.path] : []));
  return { op: 'setWatches', relativeZxid: session.lastZxid, data: pathsOf('data'), exists: pathsOf('exists'), children: pathsOf('child') };
}

/** The session is gone: its calls fail, its watches are void, and a new session is opened (KafkaZkClient reinitialises). */
function onExpired(session: ZooKeeperSession, scope: SessionScope): SessionResult {
  const told: ZkTold[] = [{ type: 'zkSession', state: 'expired', sessionId: null }];
  for (const { call, results } of session.calls)
    told.push({ type: 'zkAnswer', tag: call.tag, results: [...results, ...call.operations.slice(results.length).map(expiredResult)] });
  const left = abandon(session, scope);
  return {
    session: startSession({ ...left, sessionId: NO_SESSION, lastZxid: 0, watches: emptyMap(), timeoutMs: session.config.sessionTimeoutMs }, scope),
    told,
  };
}

function expiredResult(operation: ZkOperation): ZkResult {
  return { ok: false, op: operation.op, error: 'SESSIONEXPIRED' };
}

/** One-shot: the watch that fired is gone. */
function onWatchEvent(session: ZooKeeperSession, message: Extract<ZkServerMessage, { kind: 'zkWatchEvent' }>): SessionResult {
  const { event, path } = message;
  let { watches } = session;
  if (event !== 'childrenChanged') for (const kind of ['data', 'exists'] as const) watches = mapDelete(watches, keyOf({ kind, path }));
  if (event === 'childrenChanged' || event === 'deleted') watches = mapDelete(watches, keyOf({ kind: 'child', path }));
  return { session: { ...session, watches }, told: [{ type: 'zkWatch', kind: event, path }] };
}

function keyOf(watch: Watch): string {
  return `${watch.kind} ${watch.path}`;
}

function onReply(session: ZooKeeperSession, message: Extract<ZkServerMessage, { kind: 'zkReply' }>, scope: SessionScope): SessionResult {
  if (message.xid === SET_WATCHES_XID) return untold(session);
  if (session.status === 'closing') return untold(message.xid === session.nextXid - 1 ? abandon(session, scope) : session);
  const index = session.calls.findIndex((pending) => pending.sent[0] === message.xid);
  const pending = session.calls[index];
  const operation = pending?.call.operations[pending.results.length];
  if (pending === undefined || operation === undefined) return untold(session);
  const result = resultOf(operation, message.result);
  const answered: PendingCall = { ...pending, results: [...pending.results, result], sent: pending.sent.slice(1) };
  const watched: ZooKeeperSession = { ...session, watches: withWatch(session.watches, operation, result) };
  if (answered.results.length < pending.call.operations.length)
    return untold({ ...watched, calls: session.calls.map((other, i) => (i === index ? answered : other)) });
  return {
    session: { ...watched, calls: session.calls.filter((_, i) => i !== index) },
    told: [{ type: 'zkAnswer', tag: pending.call.tag, results: answered.results }],
  };
}

/** Which watch a read has left on the server. */
function withWatch(watches: PersistentMap<Watch>, operation: ZkOperation, result: ZkResult): PersistentMap<Watch> {
  if (!('watch' in operation) || !operation.watch || (!result.ok && operation.op !== 'exists')) return watches;
  const kind: Watch['kind'] = operation.op === 'getChildren' ? 'child' : result.ok ? 'data' : 'exists';
  const watch: Watch = { kind, path: operation.path };
  return mapSet(watches, keyOf(watch), watch);
}
