import { assert, unreachable } from '../kernel/assert.ts';
import type { Machine, StepContext } from '../kernel/machine-contract.ts';
import { emptyMap } from '../kernel/persistent-map.ts';
import { ACCEPTED, type DiskFailure, type ProcessStart, type SystemInput } from '../kernel/system.ts';
import type { Uuid } from '../kernel/units.ts';
import { TOPIC_ADMIN, type TopicAdminEffect } from '../broker/admin/contract.ts';
import { NEW_TOPIC_ADMIN } from '../broker/admin/topic-admin.ts';
import { resolveBrokerConfig } from '../broker/broker-config.ts';
import { stepBroker } from '../broker/broker.ts';
import type { BrokerEffect, BrokerInput, BrokerScope } from '../broker/contract.ts';
import { findPartition } from '../broker/metadata/metadata-cache.ts';
import { duplicateLogDir } from '../broker/logs/log-dirs.ts';
import { isBrokerOwner } from '../broker/owners.ts';
import type { ControllerEffect, ControllerInput } from '../controller/contract.ts';
import { newController, stepController } from '../controller/controller.ts';
import { readMetaProperties } from '../log/meta-properties.ts';
import { uuidToBase64 } from '../log/partition-metadata.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ZkAnswer, ZkSessionChanged, ZkTold } from '../zookeeper-client/contract.ts';
import { newZooKeeperSession, onZooKeeperInput, startSession } from '../zookeeper-client/session.ts';
import { closeAccepted, finishRequest, onAccepted, onAcceptedClosed, onAcceptedMessage, respond } from './kafka-connections.ts';
import { failedDirOf, noUsableLogDir, openLogDirs, survivesWithout, traceFailure, type DirFailure } from './kafka-disk.ts';
import { isRegistrationAnswer, onRegistrationAnswer, register } from './kafka-registration.ts';
import {
  KAFKA_SERVER,
  setBroker,
  tellBroker,
  tellController,
  tellTopicAdmin,
  traceBroker,
  updateState,
  ZOOKEEPER,
  type KafkaServerConfig,
  type KafkaServerEffect,
  type KafkaServerState,
  type PartInput,
  type Work,
} from './kafka-server-state.ts';
import { callFromPart, SERVER_TAG, sessionScope } from './kafka-session.ts';
import {
  CLOSE_TIMER,
  CONTROLLED_SHUTDOWN,
  fail,
  maybeExit,
  onBrokerStopped,
  onControlledShutdownInput,
  onControlledShutdownRetry,
  onTerminate,
  RETRY_TIMER,
} from './kafka-shutdown.ts';
import { checkTopicAdmin, runTopicAdmin } from './kafka-topic-admin.ts';
import {
  armConnectionTimeout,
  CONNECTION_TIMER,
  onConnectionTimeout,
  onLogsRecovered,
  onSessionWhileStarting,
  onStartAnswer,
  RECOVERY_TIMER,
} from './kafka-startup.ts';

export type { KafkaServerConfig, KafkaServerState };

type Input = SystemInput<WireMessage, never>;
const ZOOKEEPER_PORT = 2181;
const CONTROLLER = 'controller';

/** One kafka-server: a broker and a controller that share a process and its ZooKeeper session (kafka.server.KafkaServer). */
export const kafkaServer: Machine<ProcessStart<KafkaServerConfig>, KafkaServerState, Input, KafkaServerEffect> = {
  init(start, context) {
    const { state, failures, problem } = initialState(start, context);
    const work: Work = { state, scope: { context, effects: [] }, inbox: [] };
    if (problem !== null) {
      fail(work, problem);
      maybeExit(work, true);
    } else {
      for (const failure of failures) traceFailure(work, { ...failure, reason: failure.path });
      armConnectionTimeout(work);
      updateState(work, { session: startSession(work.state.session, sessionScope(work)) });
    }
    return { state: work.state, effects: work.scope.effects };
  },

  step(state, input, context) {
    // What a flush could not write is a failure of an earlier step; its log dir is gone before the answer is looked at.
    let failure: DiskFailure | null = input.type === 'diskDone' && input.error !== null ? { path: input.path, error: input.error } : null;
    const before: Work = { state, scope: { context, effects: [] }, inbox: [] };
    for (;;) {
      const failed = failure === null ? null : failedDirOf(before.state, failure);
      if (failed !== null && !survivesWithout(before, failed, (effect) => perform(before, effect))) break;
      const work = runInput(before.state, input, context);
      failure = context.diskFailure(work.scope.effects);
      if (failure === null)
        return { state: work.state, effects: before.scope.effects.length === 0 ? work.scope.effects : [...before.scope.effects, ...work.scope.effects] };
      assert(failedDirOf(before.state, failure) !== null, `a file in a log dir that serves, got ${failure.path}`);
    }
    return { state: before.state, effects: before.scope.effects };
  },
};

function runInput(state: KafkaServerState, input: Input, context: StepContext): Work {
  const work: Work = { state, scope: { context, effects: [] }, inbox: [] };
  onInput(work, input);
  for (let next = work.inbox.shift(); next !== undefined; next = work.inbox.shift()) {
    runPart(work, next);
  }
  if (work.state.phase.name === 'closing') maybeExit(work, false);
  return work;
}

interface Initial {
  readonly state: KafkaServerState;
  readonly failures: readonly DirFailure[];
  /** Why the broker cannot start, or null. */
  readonly problem: string | null;
}

function initialState(start: ProcessStart<KafkaServerConfig>, context: StepContext): Initial {
  const { config, files } = start;
  const brokerConfig = resolveBrokerConfig(config.configs);
  const servers = config.zookeeperServers.map((host) => ({ host, port: ZOOKEEPER_PORT }));
  const opened = openLogDirs(brokerConfig.logDirs, context);
  const stored = opened.dirs.online.map((dir) => ({ dir, read: readMetaProperties(files, dir.prefix) }));
  const unreadable = stored.flatMap(({ read }) => (read.ok ? [] : [read.message]))[0] ?? null;
  const unusable = opened.dirs.online.length === 0 ? noUsableLogDir(brokerConfig.logDirs) : null;
  const state: KafkaServerState = {
    config,
    brokerConfig,
    phase: {
      name: 'starting',
      step: 'connecting',
      files,
      logDirs: opened.dirs,
      stored: stored.map(({ dir, read }) => ({ dir, properties: read.ok ? read.properties : null })),
      proposedClusterId: uuidToBase64(randomUuid(context)),
      clusterId: '',
      topics: [],
    },
    session: newZooKeeperSession({ owner: ZOOKEEPER, servers, sessionTimeoutMs: brokerConfig.zookeeperSessionTimeoutMs }),
    registeredSessionId: null,
    connections: emptyMap(),
    broker: null,
    controller: newController({ brokerId: config.brokerId, configs: config.configs }),
    topicAdmin: NEW_TOPIC_ADMIN,
  };
  return { state, failures: opened.failures, problem: duplicateLogDir(brokerConfig.logDirs) ?? unusable ?? unreadable };
}

/** 128 bits of this machine's chance, with version 4 and variant set as java.util.UUID does. */
function randomUuid(context: StepContext): Uuid {
  let hex = '';
  for (let i = 0; i < 4; i++) hex += context.draw('cluster-id').toString(16).padStart(8, '0');
  const variant = '89ab'.charAt(parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 12)}4${hex.slice(13, 16)}${variant}${hex.slice(17)}`;
}

function onInput(work: Work, input: Input): void {
  switch (input.type) {
    case 'signal':
      return onTerminate(work);
    case 'accepted':
      return onAccepted(work, input.connection, input.peer);
    case 'timer':
    case 'connected':
    case 'received':
    case 'closed':
    case 'diskDone':
      return onOwned(work, input);
    case 'command':
      return;
    default:
      return unreachable(input);
  }
}

type OwnedInput = Extract<Input, { readonly owner: string }>;

/** Each input belongs to the part that asked for it. */
function onOwned(work: Work, input: OwnedInput): void {
  const { owner } = input;
  if (owner === ACCEPTED) return onAcceptedInput(work, input);
  if (isBrokerOwner(owner)) return tellBroker(work, input);
  if (owner === TOPIC_ADMIN && input.type === 'timer') return tellTopicAdmin(work, input);
  if (owner === ZOOKEEPER) return onZooKeeper(work, input);
  if (owner === KAFKA_SERVER && input.type === 'timer') return onOwnTimer(work, input.name);
  if (owner === CONTROLLED_SHUTDOWN) return onControlledShutdownInput(work, input);
  if (owner.startsWith(CONTROLLER)) return tellController(work, input);
}

function onAcceptedInput(work: Work, input: OwnedInput): void {
  if (input.type === 'received') onAcceptedMessage(work, input.connection, input.message);
  else if (input.type === 'closed') onAcceptedClosed(work, input.connection);
}

function onOwnTimer(work: Work, name: string): void {
  switch (name) {
    case CONNECTION_TIMER:
      return onConnectionTimeout(work);
    case RECOVERY_TIMER:
      return onLogsRecovered(work);
    case RETRY_TIMER:
      return onControlledShutdownRetry(work);
    case CLOSE_TIMER:
      return maybeExit(work, true);
  }
}

function onZooKeeper(work: Work, input: Input): void {
  const { session, told } = onZooKeeperInput(work.state.session, input, sessionScope(work));
  updateState(work, { session });
  for (const each of told) onTold(work, each);
}

/** Watches and session changes are for both parts, answers for whoever asked. */
function onTold(work: Work, told: ZkTold): void {
  switch (told.type) {
    case 'zkAnswer':
      return onAnswer(work, told);
    case 'zkWatch':
      tellBroker(work, told);
      return tellController(work, told);
    case 'zkSession':
      return onSession(work, told);
    default:
      return unreachable(told);
  }
}

function onAnswer(work: Work, answer: ZkAnswer): void {
  if (answer.tag.startsWith(TOPIC_ADMIN)) return tellTopicAdmin(work, answer);
  if (answer.tag.startsWith('broker')) return tellBroker(work, answer);
  if (answer.tag.startsWith(CONTROLLER)) return tellController(work, answer);
  if (!answer.tag.startsWith(SERVER_TAG)) return;
  if (isRegistrationAnswer(answer)) return onRegistrationAnswer(work, answer);
  if (work.state.phase.name === 'starting') onStartAnswer(work, work.state.phase, answer);
}

/** An expired session took the registration with it: in the next one the broker registers anew, with a new epoch. */
function onSession(work: Work, change: ZkSessionChanged): void {
  const { phase, config } = work.state;
  if (phase.name === 'closing') return;
  tellBroker(work, change);
  tellController(work, change);
  if (phase.name === 'starting') {
    if (change.state === 'established') onSessionWhileStarting(work, phase);
    return;
  }
  const { brokerId } = config;
  if (change.state === 'disconnected' || change.state === 'expired') traceBroker(work, { type: 'ZooKeeperSessionLost', brokerId, state: change.state });
  else traceBroker(work, { type: 'ZooKeeperSessionBack', brokerId, state: change.state });
  if (change.state === 'established' && phase.name !== 'recovering' && phase.name !== 'stopping') register(work);
}

function runPart(work: Work, next: PartInput): void {
  switch (next.part) {
    case 'broker':
      return runBroker(work, next.input);
    case 'controller':
      return runController(work, next.input);
    case 'topicAdmin':
      return runTopicAdmin(work, next.input, (effect) => perform(work, effect));
    default:
      return unreachable(next);
  }
}

function runBroker(work: Work, input: BrokerInput): void {
  const { broker } = work.state;
  if (broker === null) return;
  const scope: BrokerScope = { context: work.scope.context, effects: [] };
  const next = stepBroker(broker, input, scope);
  if (next !== broker) setBroker(work, next);
  performAll(work, scope.effects);
  if (next.metadata === broker.metadata) return;
  checkTopicAdmin(work, (effect) => perform(work, effect));
  if (work.state.controller.delayedElections.length === 0) return;
  tellController(work, { type: 'metadataUpdated', leaderOf: (topic, partition) => findPartition(next.metadata, topic, partition)?.leader ?? -1 });
}

function runController(work: Work, input: ControllerInput): void {
  const effects: ControllerEffect[] = [];
  updateState(work, { controller: stepController(work.state.controller, input, { context: work.scope.context, effects }) });
  performAll(work, effects);
}

type PartEffect = BrokerEffect | ControllerEffect | TopicAdminEffect;

function performAll(work: Work, effects: readonly PartEffect[]): void {
  for (const effect of effects) perform(work, effect);
}

/** What the parts ask of the process is done here; the rest goes on to the machine. */
function perform(work: Work, effect: PartEffect): void {
  switch (effect.type) {
    case 'respond':
      return respond(work, effect.requestId, effect.body);
    case 'finish':
      return finishRequest(work, effect.requestId);
    case 'closeRequest':
      return closeAccepted(work, effect.requestId);
    case 'zk':
      return callFromPart(work, effect);
    case 'shutdownComplete':
      return onBrokerStopped(work);
    default:
      work.scope.effects.push(effect);
  }
}
