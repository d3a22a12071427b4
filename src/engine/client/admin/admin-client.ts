import { unreachable } from '../../kernel/assert.ts';
import type { Machine } from '../../kernel/machine-contract.ts';
import { mapGet, mapValues } from '../../kernel/persistent-map.ts';
import type { ProcessStart, SystemEffect, SystemInput } from '../../kernel/system.ts';
import { msToUs, type HostName, type InstantUs } from '../../kernel/units.ts';
import type { NetworkEvent, NodeAddress } from '../../network-client/contract.ts';
import { newNetworkClient, onNetworkInput, queueRequest, type NetworkClientState, type NetworkResult } from '../../network-client/network-client.ts';
import { exponentialBackoffMs } from '../../network-client/exponential-backoff.ts';
import { isRetriable } from '../../protocol/errors.ts';
import type { ResponseFrame, WireMessage } from '../../protocol/wire.ts';
import { configNumber, metadataConfig, networkConfig, type Configs } from '../shared/client-configs.ts';
import {
  applyMetadata,
  leastLoadedNode,
  maybeUpdate,
  METADATA_TAG,
  newMetadata,
  nextUpdateUs,
  onNodeChange,
  onUpdateFailed,
  requestUpdate,
  wantTopic,
  type ClientMetadata,
} from '../shared/metadata.ts';
import type { ClientTrace } from '../trace.ts';
import { callName, doneText, requestOf, tagOf, verdictOf, type AdminCommand, type TopicToCreate } from './admin-calls.ts';
import { describeTopic } from './describe.ts';
import { errorMessage } from '../shared/error-messages.ts';
import { exceptionName } from './exceptions.ts';

export interface AdminConfig {
  readonly clientId: string;
  readonly bootstrap: readonly { readonly host: HostName; readonly port: number }[];
  readonly configs: Configs;
  /** Created as soon as so many brokers are registered. */
  readonly setUp: { readonly brokerCount: number; readonly topics: readonly TopicToCreate[] };
}

export interface AdminState {
  readonly config: AdminConfig;
  readonly net: NetworkClientState;
  readonly metadata: ClientMetadata;
  readonly calls: readonly AdminCall[];
  readonly setUpDone: boolean;
}

/** One command under way (KafkaAdminClient.Call). */
export interface AdminCall {
  readonly command: AdminCommand;
  readonly deadlineUs: InstantUs;
  readonly attempts: number;
  readonly notBeforeUs: InstantUs;
  readonly sent: boolean;
}

type Input = SystemInput<WireMessage, AdminCommand>;
type Effect = SystemEffect<WireMessage, ClientTrace>;
interface Work {
  state: AdminState;
  readonly scope: { readonly context: Parameters<Machine<unknown, unknown, unknown, unknown>['init']>[1]; readonly effects: Effect[] };
}

const OWNER = 'admin';
const ADMIN_DEFAULTS = { 'default.api.timeout.ms': '60000', 'request.timeout.ms': '30000', 'retry.backoff.ms': '100', 'retry.backoff.max.ms': '1000' } as const;
/** Commands of the scenario's set-up have no place in the run's list. */
export const SET_UP_COMMAND = -1;
const POLL_MS = 500;

/** KafkaAdminClient: finds the controller, asks it, tries again until default.api.timeout.ms is over. */
export const adminClient: Machine<ProcessStart<AdminConfig>, AdminState, Input, Effect> = {
  init(start, context) {
    const { config } = start;
    const metadata = newMetadata(metadataConfig(config.configs, config.bootstrap), []);
    const net = newNetworkClient(networkConfig(config.configs, { owner: OWNER, clientId: config.clientId, maxInFlight: 5 }));
    const work: Work = { state: { config, net, metadata, calls: [], setUpDone: config.setUp.topics.length === 0 }, scope: { context, effects: [] } };
    run(work);
    return { state: work.state, effects: work.scope.effects };
  },

  step(state, input, context) {
    const work: Work = { state, scope: { context, effects: [] } };
    onInput(work, input);
    return { state: work.state, effects: work.scope.effects };
  },
};

function onInput(work: Work, input: Input): void {
  switch (input.type) {
    case 'signal':
      work.scope.effects.push({ type: 'exit', code: 143, reason: 'SIGTERM' });
      return;
    case 'command':
      addCall(work, input.command);
      return run(work);
    case 'timer':
      if (input.name !== 'run') takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
      return run(work);
    case 'connected':
    case 'received':
    case 'closed':
      takeNetwork(work, onNetworkInput(work.state.net, input, work.scope));
      return run(work);
    case 'accepted':
    case 'diskDone':
      return;
    default:
      return unreachable(input);
  }
}

function addCall(work: Work, command: AdminCommand): void {
  const timeoutMs = configNumber(work.state.config.configs, ADMIN_DEFAULTS, 'default.api.timeout.ms');
  const call: AdminCall = { command, deadlineUs: work.scope.context.nowUs + msToUs(timeoutMs), attempts: 0, notBeforeUs: 0, sent: false };
  let { metadata } = work.state;
  if (command.type === 'describeTopics') for (const topic of command.topics) metadata = wantTopic(metadata, topic);
  if (command.type === 'deleteRecords') metadata = wantTopic(metadata, command.topic);
  work.state = { ...work.state, metadata: requestUpdate(metadata), calls: [...work.state.calls, call] };
}

/** Sends what can be sent, gives up what took too long, and sets the time for the next look. */
function run(work: Work): void {
  setUp(work);
  const updated = maybeUpdate(work.state, work.scope);
  work.state = { ...work.state, net: updated.net, metadata: updated.metadata };
  for (const call of work.state.calls) advance(work, call);
  const waits = work.state.calls.filter((call) => !call.sent).length > 0 || !work.state.setUpDone;
  const pollUs = waits ? work.scope.context.nowUs + msToUs(POLL_MS) : Infinity;
  const deadlineUs = work.state.calls.reduce((least, call) => Math.min(least, call.deadlineUs), Infinity);
  const metadataUs = work.state.calls.length > 0 || !work.state.setUpDone ? nextUpdateUs(work.state.metadata) : Infinity;
  const atUs = Math.min(pollUs, deadlineUs, metadataUs);
  if (atUs !== Infinity) work.scope.effects.push({ type: 'setTimer', owner: OWNER, name: 'run', atUs: Math.max(atUs, work.scope.context.nowUs + 1000) });
}

function setUp(work: Work): void {
  const { setUpDone, config, metadata } = work.state;
  if (setUpDone) return;
  if (metadata.brokers.length < config.setUp.brokerCount || metadata.controllerId < 0) {
    work.state = { ...work.state, metadata: requestUpdate(metadata) };
    return;
  }
  work.state = { ...work.state, setUpDone: true };
  for (const topic of config.setUp.topics) addCall(work, { type: 'createTopic', commandId: SET_UP_COMMAND, ...topic });
}

function replaceCall(work: Work, before: AdminCall, after: AdminCall | null): void {
  const calls = after === null ? work.state.calls.filter((call) => call !== before) : work.state.calls.map((call) => (call === before ? after : call));
  work.state = { ...work.state, calls };
}

function advance(work: Work, call: AdminCall): void {
  const { nowUs } = work.scope.context;
  if (nowUs >= call.deadlineUs) {
    replaceCall(work, call, null);
    return finish(work, call.command, { error: 'TimeoutException', message: timeoutMessage(work, call) });
  }
  if (call.sent || call.notBeforeUs > nowUs) return;
  if (call.command.type === 'describeTopics') return describe(work, call, call.command.topics);
  const node = nodeFor(work, call.command);
  if (node === null) {
    work.state = { ...work.state, metadata: requestUpdate(work.state.metadata) };
    return;
  }
  replaceCall(work, call, { ...call, sent: true });
  takeNetwork(
    work,
    queueRequest(work.state.net, requestOf(call.command, node, configNumber(work.state.config.configs, ADMIN_DEFAULTS, 'request.timeout.ms')), work.scope),
  );
}

/** The controller; for records the leader of their partition, for configurations of topics any broker will do (LeastLoadedBrokerOrActiveKController). */
function nodeFor(work: Work, command: AdminCommand): NodeAddress | null {
  const { brokers, controllerId } = work.state.metadata;
  if (command.type === 'alterConfig' && brokers.length > 0) return leastLoadedNode(work.state, work.scope);
  if (command.type === 'deleteRecords') {
    const leader = mapGet(work.state.metadata.topics, command.topic)?.partitions[command.partition]?.leader;
    return brokers.find((broker) => broker.nodeId === leader) ?? null;
  }
  return brokers.find((broker) => broker.nodeId === controllerId) ?? null;
}

/** A call that no node was found for, whose node could not be reached, or has not answered (Call.handleTimeoutFailure). */
function timeoutMessage(work: Work, call: AdminCall): string {
  const name = callName(call.command);
  if (!call.sent) return `Timed out waiting for a node assignment. Call: ${name}`;
  const inFlight = mapValues(work.state.net.nodes).some((node) => node.inFlight.some((one) => one.tag === tagOf(call.command)));
  if (!inFlight) return `Timed out waiting to send the call. Call: ${name}`;
  const { nowMs, nowUs } = work.scope.context;
  const deadlineMs = nowMs - Math.floor((nowUs - call.deadlineUs) / 1000);
  const tries = call.attempts + 1;
  const nextAllowedTryMs = nowMs + retryBackoffMs(work, call);
  return `Call(callName=${name}, deadlineMs=${deadlineMs}, tries=${tries}, nextAllowedTryMs=${nextAllowedTryMs}) timed out at ${nowMs} after ${tries} attempt(s)`;
}

function retryBackoffMs(work: Work, call: AdminCall): number {
  const value = (name: 'retry.backoff.ms' | 'retry.backoff.max.ms'): number => configNumber(work.state.config.configs, ADMIN_DEFAULTS, name);
  const bounds = { initialMs: value('retry.backoff.ms'), maxMs: value('retry.backoff.max.ms') };
  return exponentialBackoffMs(bounds, call.attempts, work.scope.context.draw('retry-backoff'));
}

/** Describe reads the metadata that is there, once it is newer than the command. */
function describe(work: Work, call: AdminCall, topics: readonly string[]): void {
  const { metadata } = work.state;
  if (metadata.inFlight || metadata.needsUpdate || metadata.lastSuccessUs === null) return;
  replaceCall(work, call, null);
  const texts = topics.map((topic) => describeTopic(metadata, topic));
  const missing = topics[texts.findIndex((text) => text === null)];
  if (missing !== undefined)
    finish(work, call.command, { error: 'IllegalArgumentException', message: `Topic 'Optional[${missing}]' does not exist as expected` });
  else finish(work, call.command, { text: texts.join('\n') });
}

function takeNetwork(work: Work, result: NetworkResult): void {
  work.state = { ...work.state, net: result.client };
  for (const event of result.events) onNetworkEvent(work, event);
}

function onNetworkEvent(work: Work, event: NetworkEvent): void {
  switch (event.type) {
    case 'response':
      if (event.frame.api === 'Metadata')
        work.state = { ...work.state, metadata: applyMetadata(work.state.metadata, event.frame.body, work.scope.context.nowUs) };
      else onAnswer(work, event.tag, event.frame);
      return;
    case 'failed':
      if (event.tag === METADATA_TAG) work.state = { ...work.state, metadata: onUpdateFailed(work.state.metadata) };
      else onLost(work, event);
      return;
    case 'nodeLost':
      work.state = { ...work.state, metadata: onNodeChange(requestUpdate(work.state.metadata)) };
      return;
    case 'nodeReady':
      work.state = { ...work.state, metadata: onNodeChange(work.state.metadata) };
      return;
    case 'sent':
      return;
    default:
      return unreachable(event);
  }
}

function callOf(work: Work, tag: string): AdminCall | undefined {
  return work.state.calls.find((call) => call.sent && tagOf(call.command) === tag);
}

/** A request that timed out on the wire is not repeated by Kafka's admin client once its own time is over; a lost connection is. */
function onLost(work: Work, event: Extract<NetworkEvent, { type: 'failed' }>): void {
  const call = callOf(work, event.tag);
  // A node that refused the connection was not asked.
  if (call !== undefined) tryAgain(work, call, event.reason === 'refused' ? 0 : 1);
}

function tryAgain(work: Work, call: AdminCall, attempts = 1): void {
  const backoffMs = retryBackoffMs(work, call);
  replaceCall(work, call, { ...call, sent: false, attempts: call.attempts + attempts, notBeforeUs: work.scope.context.nowUs + msToUs(backoffMs) });
  work.state = { ...work.state, metadata: requestUpdate(work.state.metadata) };
}

function onAnswer(work: Work, tag: string, frame: ResponseFrame): void {
  const call = callOf(work, tag);
  if (call === undefined) return;
  const verdict = verdictOf(frame);
  if (
    verdict.error === 'NOT_CONTROLLER' ||
    (isRetriable(verdict.error) &&
      (call.command.type === 'createTopic' || call.command.type === 'deleteRecords') &&
      verdict.error !== 'REQUEST_TIMED_OUT' &&
      verdict.error !== 'UNKNOWN_TOPIC_OR_PARTITION')
  )
    return tryAgain(work, call);
  replaceCall(work, call, null);
  if (verdict.error === 'NONE') finish(work, call.command, { text: doneText(call.command, frame) });
  else finish(work, call.command, { error: exceptionName(verdict.error), message: verdict.message ?? errorMessage(verdict.error) });
}

function finish(work: Work, command: AdminCommand, outcome: { readonly text: string } | { readonly error: string; readonly message: string }): void {
  // The set-up after a restart finds its topics there: that is as it should be.
  if (command.commandId === SET_UP_COMMAND && 'error' in outcome && outcome.error === 'TopicExistsException') return;
  const facts = { client: work.state.config.clientId, commandId: command.commandId };
  work.scope.effects.push({
    type: 'trace',
    event: 'text' in outcome ? { type: 'CommandDone', ...facts, text: outcome.text } : { type: 'CommandRefused', ...facts, ...outcome },
  });
}
