import { unreachable } from '../../kernel/assert.ts';
import { changed } from '../../kernel/mutable.ts';
import { mapEntries, mapSet } from '../../kernel/persistent-map.ts';
import { resolveLogConfig, type ConfigTexts } from '../../log/log-config.ts';
import { withLogConfig } from '../../log/log-state.ts';
import { errorCode } from '../../protocol/errors.ts';
import {
  incrementalAlterConfigsResponse,
  incrementalAlterConfigsResponseAlterConfigsResourceResponse,
} from '../../protocol/generated/incremental-alter-configs-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import type { ZkAnswer, ZkOperation, ZkResult } from '../../zookeeper-client/contract.ts';
import { copyBroker, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { findTopic } from '../metadata/metadata-cache.ts';
import { decodeTopicConfig, encodeTopicConfig, topicConfigPath, topicOverrides, withTopicConfig } from '../metadata/topic-configs.ts';
import { withLog } from '../replication/partition.ts';
import { alterTopicOverrides, TOPIC_RESOURCE } from './alter-configs.ts';
import type { AlterVerdict, ConfigCall, ConfigStep } from './config-manager-state.ts';

/** Where a change of configuration is announced to all brokers (ZkNodeChangeNotificationListener). */
export const CONFIG_CHANGES = '/config/changes';
const NOTIFICATION = 'config_change_';
/** Prefix of this part's calls to ZooKeeper. */
export const CONFIG_TAG = 'broker-config-';
/** ZkConfigManager: announcements older than this are deleted by whoever sees them. */
const CHANGE_EXPIRATION_MS = 900_000;
const TOPIC_ENTITY = 'topics/';

/** Begins to listen once registered, anew in each session and after each news: reads what was announced and leaves a watch. */
export function listenForConfigChanges(state: BrokerState, scope: BrokerScope): BrokerState {
  return call(state, { step: 'list' }, [{ op: 'getChildren', path: CONFIG_CHANGES, watch: true }], scope);
}

/** KafkaApis.handleIncrementalAlterConfigs. Any broker serves it. `Simplified:` topics only; configurations of brokers are refused. */
export function onIncrementalAlterConfigs(
  state: BrokerState,
  requestId: number,
  frame: RequestFrameOf<'IncrementalAlterConfigs'>,
  scope: BrokerScope,
): BrokerState {
  const operations = frame.body.resources.map((resource): ZkOperation => ({ op: 'getData', path: topicConfigPath(resource.resourceName), watch: false }));
  return call(state, { step: 'readToAlter', requestId, frame }, operations, scope);
}

/** ZooKeeper answered a call of this part. */
export function onConfigAnswer(state: BrokerState, answer: ZkAnswer, scope: BrokerScope): BrokerState {
  const pending = state.configs.calls.find((one) => one.tag === answer.tag);
  if (pending === undefined) return state;
  const configs = { ...state.configs, calls: state.configs.calls.filter((one) => one !== pending) };
  return onStep(changed(copyBroker(state), { configs }), pending, answer.results, scope);
}

function onStep(state: BrokerState, pending: ConfigCall, results: readonly ZkResult[], scope: BrokerScope): BrokerState {
  switch (pending.step) {
    case 'list':
      return onList(state, results[0], scope);
    case 'notifications':
      return onNotifications(state, pending, results, scope);
    case 'topics':
      return onTopics(state, pending.topics, results, scope);
    case 'purge':
      return state;
    case 'readToAlter':
      return alter(state, pending, results, scope);
    case 'write':
      respond(
        pending.requestId,
        pending.verdicts.map((verdict) => judgeWrite(verdict, results)),
        scope,
      );
      return state;
    default:
      return unreachable(pending);
  }
}

function call(state: BrokerState, step: ConfigStep, operations: readonly ZkOperation[], scope: BrokerScope): BrokerState {
  const tag = `${CONFIG_TAG}${state.configs.nextCall}`;
  scope.effects.push({ type: 'zk', tag, operations });
  const configs = { ...state.configs, nextCall: state.configs.nextCall + 1, calls: [...state.configs.calls, { tag, ...step }] };
  return changed(copyBroker(state), { configs });
}

function onList(state: BrokerState, list: ZkResult | undefined, scope: BrokerScope): BrokerState {
  if (list?.ok !== true || list.op !== 'getChildren' || list.children.length === 0) return state;
  const names = list.children;
  const obeyAbove = state.configs.lastExecutedChange;
  const latest = names.reduce((greatest, name) => Math.max(greatest, changeNumber(name)), obeyAbove);
  const listening = changed(copyBroker(state), { configs: { ...state.configs, lastExecutedChange: latest } });
  const operations = names.map((name): ZkOperation => ({ op: 'getData', path: `${CONFIG_CHANGES}/${name}`, watch: false }));
  return call(listening, { step: 'notifications', names, obeyAbove }, operations, scope);
}

function changeNumber(name: string): number {
  const number = Number(name.slice(NOTIFICATION.length));
  return name.startsWith(NOTIFICATION) && Number.isInteger(number) ? number : -1;
}

/** Topics that were announced are read anew; announcements past their time are deleted. */
function onNotifications(
  state: BrokerState,
  pending: Extract<ConfigStep, { step: 'notifications' }>,
  results: readonly ZkResult[],
  scope: BrokerScope,
): BrokerState {
  const topics: string[] = [];
  const expired: ZkOperation[] = [];
  pending.names.forEach((name, i) => {
    const result = results[i];
    if (result?.ok !== true || result.op !== 'getData') return;
    const topic = changeNumber(name) > pending.obeyAbove ? announcedTopic(result.data) : null;
    if (topic !== null && !topics.includes(topic)) topics.push(topic);
    if (scope.context.nowMs - result.stat.ctimeMs > CHANGE_EXPIRATION_MS) expired.push({ op: 'delete', path: `${CONFIG_CHANGES}/${name}`, version: -1 });
  });
  let next = state;
  const reads = topics.map((topic): ZkOperation => ({ op: 'getData', path: topicConfigPath(topic), watch: false }));
  if (topics.length > 0) next = call(next, { step: 'topics', topics }, reads, scope);
  if (expired.length > 0) next = call(next, { step: 'purge' }, expired, scope);
  return next;
}

/** `{"version":2,"entity_path":"topics/orders"}`: the topic, or null for other entities and for what is no such JSON. */
function announcedTopic(data: string): string | null {
  try {
    const parsed: unknown = JSON.parse(data);
    const path = typeof parsed === 'object' && parsed !== null && 'entity_path' in parsed ? parsed.entity_path : null;
    return typeof path === 'string' && path.startsWith(TOPIC_ENTITY) ? path.slice(TOPIC_ENTITY.length) : null;
  } catch {
    return null;
  }
}

/** TopicConfigHandler.processConfigChanges: the logs of the topic go by the new configuration from now on. */
function onTopics(state: BrokerState, topics: readonly string[], results: readonly ZkResult[], scope: BrokerScope): BrokerState {
  let next = state;
  topics.forEach((topic, i) => {
    const result = results[i];
    if (result?.ok === true && result.op === 'getData') next = obey(next, { topic, overrides: decodeTopicConfig(result.data) }, scope);
  });
  return next;
}

function obey(state: BrokerState, news: { readonly topic: string; readonly overrides: ConfigTexts }, scope: BrokerScope): BrokerState {
  const { topic, overrides } = news;
  const before = topicOverrides(state.topicConfigs, topic);
  const next = copyBroker(state);
  next.topicConfigs = withTopicConfig(state.topicConfigs, topic, overrides);
  const config = resolveLogConfig(state.config.texts, overrides);
  for (const [key, partition] of mapEntries(state.partitions)) {
    if (partition.topic === topic) next.partitions = mapSet(next.partitions, key, withLog(partition, withLogConfig(partition.log, config)));
  }
  for (const [dir, log] of mapEntries(state.idleLogs)) if (log.topic === topic) next.idleLogs = mapSet(next.idleLogs, dir, withLogConfig(log, config));
  const changes = changesBetween(before, overrides);
  if (changes.length > 0) scope.effects.push({ type: 'trace', event: { type: 'TopicConfigChanged', brokerId: state.identity.brokerId, topic, changes } });
  return next;
}

function changesBetween(before: ConfigTexts, after: ConfigTexts): readonly string[] {
  const set = Object.keys(after).filter((name) => after[name] !== before[name]);
  const removed = Object.keys(before).filter((name) => after[name] === undefined);
  return [...set.map((name) => `${name}=${after[name]}`), ...removed.map((name) => `-${name}`)];
}

/** The overrides as they are, with the operations applied and judged; what passes is written and announced. */
function alter(state: BrokerState, pending: Extract<ConfigStep, { step: 'readToAlter' }>, results: readonly ZkResult[], scope: BrokerScope): BrokerState {
  const { requestId, frame } = pending;
  const operations: ZkOperation[] = [];
  const verdicts = frame.body.resources.map((resource, i): AlterVerdict => {
    const { resourceType, resourceName } = resource;
    const refused = (error: AlterVerdict['error'], message: string): AlterVerdict => ({ resourceType, resourceName, error, message });
    if (resourceType !== TOPIC_RESOURCE) return refused('INVALID_REQUEST', `Unexpected resource type ${resourceType}`);
    if (resourceName === '') return refused('INVALID_REQUEST', 'Default topic resources are not allowed.');
    const stored = results[i];
    const known = stored?.ok === true && stored.op === 'getData';
    const outcome = alterTopicOverrides(resource, known ? decodeTopicConfig(stored.data) : {});
    if (!outcome.ok && outcome.error === 'INVALID_REQUEST') return refused(outcome.error, outcome.message);
    if (findTopic(state.metadata, resourceName) === null) return refused('UNKNOWN_TOPIC_OR_PARTITION', `The topic '${resourceName}' does not exist.`);
    if (!outcome.ok) return refused(outcome.error, outcome.message);
    const path = topicConfigPath(resourceName);
    const data = encodeTopicConfig(outcome.overrides);
    operations.push(known ? { op: 'setData', path, data, version: -1 } : { op: 'create', path, data, ephemeral: false, sequential: false });
    operations.push(announcement(resourceName));
    return { resourceType, resourceName, error: 'NONE', message: null };
  });
  if (operations.length > 0 && !frame.body.validateOnly) return call(state, { step: 'write', requestId, verdicts }, operations, scope);
  respond(requestId, verdicts, scope);
  return state;
}

function announcement(topic: string): ZkOperation {
  const data = JSON.stringify({ version: 2, entity_path: `${TOPIC_ENTITY}${topic}` });
  return { op: 'create', path: `${CONFIG_CHANGES}/${NOTIFICATION}`, data, ephemeral: false, sequential: true };
}

/** A write that ZooKeeper did not do: the session expired, or the znode went meanwhile. */
function judgeWrite(verdict: AlterVerdict, results: readonly ZkResult[]): AlterVerdict {
  const failed = results.find((result) => !result.ok);
  if (verdict.error !== 'NONE' || failed === undefined || failed.ok) return verdict;
  return { ...verdict, error: 'UNKNOWN_SERVER_ERROR', message: `KeeperErrorCode = ${failed.error}` };
}

function respond(requestId: number, verdicts: readonly AlterVerdict[], scope: BrokerScope): void {
  const responses = verdicts.map(({ resourceType, resourceName, error, message }) =>
    incrementalAlterConfigsResponseAlterConfigsResourceResponse({ resourceType, resourceName, errorCode: errorCode(error), errorMessage: message }),
  );
  scope.effects.push({ type: 'respond', requestId, api: 'IncrementalAlterConfigs', body: incrementalAlterConfigsResponse({ responses }) });
}
