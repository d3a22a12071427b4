import type { SystemInput } from '../kernel/system.ts';
import { msToUs } from '../kernel/units.ts';
import { nodeOf } from '../broker/metadata/metadata-cache.ts';
import type { NetworkEvent, NodeAddress } from '../network-client/contract.ts';
import { disconnectNode, newNetworkClient, onNetworkInput, queueRequest } from '../network-client/network-client.ts';
import { LATEST_VERSIONS } from '../protocol/generated/apis.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { closeSession } from '../zookeeper-client/session.ts';
import { closeAllAccepted } from './kafka-connections.ts';
import {
  KAFKA_SERVER,
  tellBroker,
  tellController,
  traceBroker,
  updateState,
  type ControlledShutdownPhase,
  type ExitFacts,
  type Work,
} from './kafka-server-state.ts';
import { sessionScope } from './kafka-session.ts';

/** Owner of the connection on which controlled shutdown is asked for. */
export const CONTROLLED_SHUTDOWN = 'controlled-shutdown';
export const RETRY_TIMER = 'controlled-shutdown-retry';
export const CLOSE_TIMER = 'zookeeper-close';
const SIGTERM_EXIT: ExitFacts = { code: 143, reason: 'SIGTERM' };
const CONNECTION_SETUP_TIMEOUT_MS = 10_000;

/** SIGTERM (KafkaServer.shutdown). A broker that never came up has nobody to tell; a second signal changes nothing. */
export function onTerminate(work: Work): void {
  const { phase, brokerConfig } = work.state;
  switch (phase.name) {
    case 'starting':
    case 'recovering':
      return closeProcess(work, SIGTERM_EXIT);
    case 'registering':
      return stopParts(work, SIGTERM_EXIT);
    case 'running':
      return brokerConfig.controlledShutdownEnable ? startControlledShutdown(work) : stopParts(work, SIGTERM_EXIT);
    case 'controlledShutdown':
    case 'stopping':
    case 'closing':
      return;
  }
}

function startControlledShutdown(work: Work): void {
  const { config, brokerConfig } = work.state;
  traceBroker(work, { type: 'ControlledShutdownStarted', brokerId: config.brokerId });
  tellBroker(work, { type: 'shutdownStarted' });
  const client = newNetworkClient({
    owner: CONTROLLED_SHUTDOWN,
    clientId: String(config.brokerId),
    requestTimeoutMs: brokerConfig.requestTimeoutMs,
    reconnectBackoffMs: 0,
    reconnectBackoffMaxMs: 0,
    connectionSetupTimeoutMs: CONNECTION_SETUP_TIMEOUT_MS,
    maxInFlightPerConnection: 1,
    discoverApiVersions: false,
  });
  attempt(work, { name: 'controlledShutdown', remainingRetries: brokerConfig.controlledShutdownMaxRetries, client });
}

/** Asks the controller of the metadata cache to move leadership away; without a controller the attempt counts as failed. */
function attempt(work: Work, phase: ControlledShutdownPhase): void {
  if (phase.remainingRetries <= 0) return stopParts(work, SIGTERM_EXIT);
  const { broker, config } = work.state;
  const next: ControlledShutdownPhase = { ...phase, remainingRetries: phase.remainingRetries - 1 };
  const controller: NodeAddress | null = broker === null ? null : nodeOf(broker.metadata, broker.metadata.controllerId);
  if (controller === null || broker === null) return onAttemptFailed(work, next);
  const body = { brokerId: config.brokerId, brokerEpoch: broker.brokerEpoch };
  const request = { node: controller, api: 'ControlledShutdown', version: LATEST_VERSIONS.ControlledShutdown, body, tag: '', expectsResponse: true } as const;
  const { client } = queueRequest(next.client, request, sessionScope(work));
  updateState(work, { phase: { ...next, client } });
}

function onAttemptFailed(work: Work, phase: ControlledShutdownPhase): void {
  if (phase.remainingRetries <= 0) return stopParts(work, SIGTERM_EXIT);
  updateState(work, { phase });
  const atUs = work.scope.context.nowUs + msToUs(work.state.brokerConfig.controlledShutdownRetryBackoffMs);
  work.scope.effects.push({ type: 'setTimer', owner: KAFKA_SERVER, name: RETRY_TIMER, atUs });
}

export function onControlledShutdownRetry(work: Work): void {
  if (work.state.phase.name === 'controlledShutdown') attempt(work, work.state.phase);
}

export function onControlledShutdownInput(work: Work, input: SystemInput<WireMessage, never>): void {
  const { phase } = work.state;
  if (phase.name !== 'controlledShutdown') return;
  const { client, events } = onNetworkInput(phase.client, input, sessionScope(work));
  updateState(work, { phase: { ...phase, client } });
  for (const event of events) onAnswer(work, event);
}

/** Done when nothing is left that this broker leads; else after a pause once more, while retries are left. */
function onAnswer(work: Work, event: NetworkEvent): void {
  const { phase } = work.state;
  if (phase.name !== 'controlledShutdown') return;
  if (event.type === 'failed') return onAttemptFailed(work, phase);
  if (event.type !== 'response' || event.frame.api !== 'ControlledShutdown') return;
  const { errorCode, remainingPartitions } = event.frame.body;
  if (errorCode !== 0 || remainingPartitions.length > 0) return onAttemptFailed(work, phase);
  disconnectNode(phase.client, event.nodeId, sessionScope(work));
  stopParts(work, SIGTERM_EXIT);
}

/** The start cannot go on: what is open is closed in order, and the process ends with an error. */
export function fail(work: Work, reason: string): void {
  const exit: ExitFacts = { code: 1, reason };
  if (work.state.broker === null) closeProcess(work, exit);
  else stopParts(work, exit);
}

/** No more requests; then the broker part writes its files. */
function stopParts(work: Work, exit: ExitFacts): void {
  updateState(work, { phase: { name: 'stopping', exit } });
  closeAllAccepted(work);
  tellBroker(work, { type: 'shutdown' });
}

/** The files are written: the controller resigns, and with the session the ephemerals go. */
export function onBrokerStopped(work: Work): void {
  const { phase, config } = work.state;
  if (phase.name !== 'stopping') return;
  tellController(work, { type: 'shutdown' });
  traceBroker(work, { type: 'BrokerStopped', brokerId: config.brokerId, clean: true });
  closeProcess(work, phase.exit);
}

function closeProcess(work: Work, exit: ExitFacts): void {
  const session = closeSession(work.state.session, sessionScope(work));
  updateState(work, { session, phase: { name: 'closing', exit } });
  const atUs = work.scope.context.nowUs + msToUs(work.state.brokerConfig.zookeeperSessionTimeoutMs);
  work.scope.effects.push({ type: 'setTimer', owner: KAFKA_SERVER, name: CLOSE_TIMER, atUs });
}

/** Ends the process once ZooKeeper knows, or when it does not answer for a session time-out. */
export function maybeExit(work: Work, waitIsOver: boolean): void {
  const { phase, session } = work.state;
  if (phase.name !== 'closing' || (session.status !== 'closed' && !waitIsOver)) return;
  work.scope.effects.push({ type: 'exit', code: phase.exit.code, reason: phase.exit.reason });
}
