import { required } from '../kernel/assert.ts';
import { EMPTY_BYTES } from '../kernel/bytes.ts';
import { fileExists, type FileTree } from '../kernel/files.ts';
import type { DiskEffect } from '../kernel/system.ts';
import { msToUs } from '../kernel/units.ts';
import { startBroker } from '../broker/broker.ts';
import type { BrokerScope } from '../broker/contract.ts';
import { withoutDir } from '../broker/logs/log-dirs.ts';
import { loadLogs, type LoadedLogs, type LoadOutcome } from '../broker/logs/log-manager.ts';
import { decodeTopicConfig, noTopicConfigs, topicConfigPath, withTopicConfig, type TopicConfigs } from '../broker/metadata/topic-configs.ts';
import { hasCleanShutdownFile, takeCleanShutdownFile, verifyMetaProperties, writeMetaProperties } from '../log/meta-properties.ts';
import type { ZkAnswer, ZkResult } from '../zookeeper-client/contract.ts';
import {
  CLEANER_OFFSET_CHECKPOINT,
  LOCK_FILE,
  LOG_START_OFFSET_CHECKPOINT,
  RECOVERY_POINT_CHECKPOINT,
  REPLICATION_OFFSET_CHECKPOINT,
} from '../log/file-names.ts';
import type { LogScope } from '../log/log-scope.ts';
import { traceFailure } from './kafka-disk.ts';
import { register } from './kafka-registration.ts';
import { KAFKA_SERVER, traceBroker, updateState, type StartingPhase, type Work } from './kafka-server-state.ts';
import { askZooKeeper } from './kafka-session.ts';
import { fail } from './kafka-shutdown.ts';
import { clusterIdOperations, CLUSTER_ID_PATH, decodeClusterId, topLevelPathOperations, TOPICS_PATH } from './kafka-znodes.ts';

export const CONNECTION_TIMER = 'zookeeper-connection';
export const RECOVERY_TIMER = 'log-recovery';
const MICROSECONDS_PER_SECOND = 1_000_000;
/** Reading a log through, CRCs included; a guess at one recovery thread (`num.recovery.threads.per.data.dir`). */
const RECOVERY_BYTES_PER_SECOND = 150_000_000;

/** KafkaServer.startup up to the registration, step by step: each asks ZooKeeper for something and goes on with the answer. */
export function askStep(work: Work, phase: StartingPhase): void {
  updateState(work, { phase });
  switch (phase.step) {
    case 'connecting':
      return;
    case 'paths':
      return askZooKeeper(work, phase.step, topLevelPathOperations());
    case 'clusterId':
      return askZooKeeper(work, phase.step, [{ op: 'getData', path: CLUSTER_ID_PATH, watch: false }]);
    case 'topics':
      return askZooKeeper(work, phase.step, [{ op: 'getChildren', path: TOPICS_PATH, watch: false }]);
    case 'topicConfigs':
      return askTopicConfigs(work, phase);
  }
}

/** A session is there. The first one begins the start; a later one repeats what its predecessor left unanswered. */
export function onSessionWhileStarting(work: Work, phase: StartingPhase): void {
  askStep(work, phase.step === 'connecting' ? { ...phase, step: 'paths' } : phase);
}

export function onStartAnswer(work: Work, phase: StartingPhase, answer: ZkAnswer): void {
  if (answer.results.some((result) => !result.ok && result.error === 'SESSIONEXPIRED')) return;
  switch (phase.step) {
    case 'connecting':
      return;
    case 'paths':
      return askStep(work, { ...phase, step: 'clusterId' });
    case 'clusterId':
      return onClusterId(work, phase, answer.results);
    case 'topics': {
      const children = answer.results[0];
      return askStep(work, {
        ...phase,
        step: 'topicConfigs',
        topics: children !== undefined && children.ok && children.op === 'getChildren' ? children.children : [],
      });
    }
    case 'topicConfigs':
      return openLogs(work, phase, configsOf(phase, answer.results));
  }
}

/** The id as the cluster has it. Without one this broker proposes its own, and then reads what came of it. */
function onClusterId(work: Work, phase: StartingPhase, results: readonly ZkResult[]): void {
  const read = results[results.length - 1];
  if (read === undefined || !read.ok || read.op !== 'getData') return askZooKeeper(work, phase.step, clusterIdOperations(phase.proposedClusterId));
  const clusterId = decodeClusterId(read.data);
  if (clusterId === null) return fail(work, `Failed to parse the cluster id json ${read.data}`);
  const expected = { brokerId: work.state.config.brokerId, clusterId };
  const stored = phase.stored.filter(({ dir }) => phase.logDirs.online.includes(dir));
  for (const { dir, properties } of stored) {
    const problem = properties === null ? null : verifyMetaProperties(properties, expected, dir.prefix);
    if (problem !== null) return fail(work, problem);
  }
  for (const { dir, properties } of stored) if (properties?.clusterId !== clusterId) writeMetaProperties(expected, dir.prefix, work.scope);
  askStep(work, { ...phase, clusterId, step: 'topics' });
}

function askTopicConfigs(work: Work, phase: StartingPhase): void {
  if (phase.topics.length === 0) return openLogs(work, phase, noTopicConfigs());
  askZooKeeper(
    work,
    phase.step,
    phase.topics.map((topic) => ({ op: 'getData', path: topicConfigPath(topic), watch: false })),
  );
}

function configsOf(phase: StartingPhase, results: readonly ZkResult[]): TopicConfigs {
  let configs = noTopicConfigs();
  phase.topics.forEach((topic, i) => {
    const result = results[i];
    configs = withTopicConfig(configs, topic, decodeTopicConfig(result !== undefined && result.ok && result.op === 'getData' ? result.data : ''));
  });
  return configs;
}

/** LogManager.startup. Reading a log through takes time; the files of a clean stop need none. */
function openLogs(work: Work, phase: StartingPhase, topicConfigs: TopicConfigs): void {
  const { brokerConfig, config } = work.state;
  const { logDirs, files } = phase;
  const cleanDirs = logDirs.online.filter(({ prefix }) => hasCleanShutdownFile(files, prefix));
  const scope: LogScope & { readonly effects: DiskEffect[] } = { context: work.scope.context, effects: [] };
  const outcome = loadLogs(files, { logDirs, cleanDirs, brokerConfigs: brokerConfig.texts, topicConfigs }, scope);
  if (!outcome.ok) return onLoadRefused(work, { phase, topicConfigs, refused: outcome });
  for (const { prefix } of logDirs.online) createDirFiles(files, prefix, work.scope);
  for (const { prefix } of cleanDirs) takeCleanShutdownFile(prefix, work.scope);
  work.scope.effects.push(...scope.effects);
  const { loaded } = outcome;
  const cleanShutdownFound = cleanDirs.length === logDirs.online.length;
  traceBroker(work, { type: 'BrokerStarting', brokerId: config.brokerId, cleanShutdownFound, logCount: loaded.recoveries.length });
  traceRecoveries(work, loaded);
  updateState(work, { phase: { name: 'recovering', clusterId: phase.clusterId, topicConfigs, loaded } });
  const waitUs = Math.ceil((loaded.recoveredBytes / RECOVERY_BYTES_PER_SECOND) * MICROSECONDS_PER_SECOND);
  if (waitUs === 0) return onLogsRecovered(work);
  work.scope.effects.push({ type: 'setTimer', owner: KAFKA_SERVER, name: RECOVERY_TIMER, atUs: work.scope.context.nowUs + waitUs });
}

/** What a log dir has from the first start on: its lock, and checkpoints without entries (FileLock, CheckpointFile). */
function createDirFiles(files: FileTree, prefix: string, scope: Work['scope']): void {
  for (const name of [LOCK_FILE, RECOVERY_POINT_CHECKPOINT, LOG_START_OFFSET_CHECKPOINT, REPLICATION_OFFSET_CHECKPOINT, CLEANER_OFFSET_CHECKPOINT])
    if (!fileExists(files, prefix + name)) scope.effects.push({ type: 'append', path: prefix + name, bytes: EMPTY_BYTES });
}

interface LoadRefused {
  readonly phase: StartingPhase;
  readonly topicConfigs: TopicConfigs;
  readonly refused: Extract<LoadOutcome, { ok: false }>;
}

/** A log dir whose logs cannot be read is offline, and the start goes on with the others; anything else ends it (LogManager.loadLogs). */
function onLoadRefused(work: Work, { phase, topicConfigs, refused }: LoadRefused): void {
  const { failedDir, message } = refused;
  const logDirs = failedDir === null ? phase.logDirs : withoutDir(phase.logDirs, failedDir);
  if (failedDir === null || logDirs.online.length === 0) return fail(work, message);
  traceFailure(work, { dir: failedDir, error: 'IOException', reason: message });
  openLogs(work, { ...phase, logDirs }, topicConfigs);
}

/** Every log after an unclean stop; after a clean one those with a segment that had to be read through all the same. */
function traceRecoveries(work: Work, loaded: LoadedLogs): void {
  for (const { log, recovered, cleanShutdown } of loaded.recoveries) {
    const { topic, partition, logEndOffset } = log;
    const { segments, discardedBytes, cut, indexProblems } = recovered;
    if (cleanShutdown && segments.length === 0) continue;
    const facts = { logEndOffset, discardedBytes, segments, cutReason: cut?.reason ?? ('none' as const), indexProblems };
    traceBroker(work, { type: 'LogRecovered', brokerId: work.state.config.brokerId, topic, partition, ...facts });
  }
}

/** The broker part begins, the port opens, and the broker shows itself to the cluster. */
export function onLogsRecovered(work: Work): void {
  const { phase, config, brokerConfig } = work.state;
  if (phase.name !== 'recovering') return;
  const { brokerId, rack, host, port } = config;
  const identity = { brokerId, rack, host, port, clusterId: phase.clusterId };
  const broker = startBroker({ identity, config: brokerConfig, loaded: phase.loaded, topicConfigs: phase.topicConfigs }, work.scope as BrokerScope);
  updateState(work, { broker, phase: { name: 'registering' } });
  work.scope.effects.push({ type: 'listen', port });
  register(work);
}

/** KafkaZkClient gives up when there is no session in time, and the start fails. */
export function onConnectionTimeout(work: Work): void {
  const { phase } = work.state;
  if (phase.name === 'starting' && phase.step === 'connecting') fail(work, 'Timed out waiting for connection while in state: CONNECTING');
}

export function armConnectionTimeout(work: Work): void {
  const atUs = work.scope.context.nowUs + msToUs(work.state.brokerConfig.zookeeperConnectionTimeoutMs);
  work.scope.effects.push({ type: 'setTimer', owner: KAFKA_SERVER, name: CONNECTION_TIMER, atUs });
}

/** The broker part, which is there from the moment when the logs are loaded. */
export function requireBroker(work: Work): NonNullable<Work['state']['broker']> {
  return required(work.state.broker, 'a broker part that has started');
}
