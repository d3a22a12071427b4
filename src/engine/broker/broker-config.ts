import { assert } from '../kernel/assert.ts';
import { resolveCleanerConfig, type CleanerConfig } from '../log/cleaner/cleaner-config.ts';
import type { ConfigTexts } from '../log/log-config.ts';
import { resolveLogDirs, type LogDir } from './logs/log-dirs.ts';

/**
 * What the broker part and its process go by, resolved once. Field names are Kafka's config names in camel case.
 * `Simplified:` `num.replica.fetchers` is 1.
 */
export interface BrokerConfig {
  /** All texts as given; topic configs fall back on them. */
  readonly texts: ConfigTexts;
  readonly replicaLagTimeMaxMs: number;
  readonly replicaFetchWaitMaxMs: number;
  readonly replicaFetchMinBytes: number;
  readonly replicaFetchMaxBytes: number;
  readonly replicaFetchResponseMaxBytes: number;
  readonly replicaFetchBackoffMs: number;
  readonly replicaSocketTimeoutMs: number;
  readonly replicaHighWatermarkCheckpointIntervalMs: number;
  readonly logFlushOffsetCheckpointIntervalMs: number;
  readonly logFlushStartOffsetCheckpointIntervalMs: number;
  readonly logFlushSchedulerIntervalMs: number;
  readonly logRetentionCheckIntervalMs: number;
  readonly logInitialTaskDelayMs: number;
  readonly fetchMaxBytes: number;
  readonly controllerSocketTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly controlledShutdownEnable: boolean;
  readonly controlledShutdownMaxRetries: number;
  readonly controlledShutdownRetryBackoffMs: number;
  readonly zookeeperSessionTimeoutMs: number;
  /** `zookeeper.connection.timeout.ms`, by default the session's. */
  readonly zookeeperConnectionTimeoutMs: number;
  readonly autoCreateTopicsEnable: boolean;
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly cleaner: CleanerConfig;
  readonly logDirs: readonly LogDir[];
}

/** Kafka's defaults, 3.9. */
export const BROKER_CONFIG_DEFAULTS: ConfigTexts = {
  'replica.lag.time.max.ms': '30000',
  'replica.fetch.wait.max.ms': '500',
  'replica.fetch.min.bytes': '1',
  'replica.fetch.max.bytes': '1048576',
  'replica.fetch.response.max.bytes': '10485760',
  'replica.fetch.backoff.ms': '1000',
  'replica.socket.timeout.ms': '30000',
  'replica.high.watermark.checkpoint.interval.ms': '5000',
  'log.flush.offset.checkpoint.interval.ms': '60000',
  'log.flush.start.offset.checkpoint.interval.ms': '60000',
  'log.flush.scheduler.interval.ms': '9223372036854775807',
  'log.retention.check.interval.ms': '300000',
  'log.initial.task.delay.ms': '30000',
  'fetch.max.bytes': '57671680',
  'controller.socket.timeout.ms': '30000',
  'request.timeout.ms': '30000',
  'controlled.shutdown.enable': 'true',
  'controlled.shutdown.max.retries': '3',
  'controlled.shutdown.retry.backoff.ms': '5000',
  'zookeeper.session.timeout.ms': '18000',
  'auto.create.topics.enable': 'true',
  'num.partitions': '1',
  'default.replication.factor': '1',
};

/** Constants that Kafka has in its code, in milliseconds. */
export const ALTER_PARTITION_RETRY_MS = 50;
export const CONTROLLER_LOOKUP_BACKOFF_MS = 100;

export function resolveBrokerConfig(texts: ConfigTexts): BrokerConfig {
  const number = (name: string): number => numberOf(texts, name);
  const sessionTimeoutMs = number('zookeeper.session.timeout.ms');
  return {
    texts,
    replicaLagTimeMaxMs: number('replica.lag.time.max.ms'),
    replicaFetchWaitMaxMs: number('replica.fetch.wait.max.ms'),
    replicaFetchMinBytes: number('replica.fetch.min.bytes'),
    replicaFetchMaxBytes: number('replica.fetch.max.bytes'),
    replicaFetchResponseMaxBytes: number('replica.fetch.response.max.bytes'),
    replicaFetchBackoffMs: number('replica.fetch.backoff.ms'),
    replicaSocketTimeoutMs: number('replica.socket.timeout.ms'),
    replicaHighWatermarkCheckpointIntervalMs: number('replica.high.watermark.checkpoint.interval.ms'),
    logFlushOffsetCheckpointIntervalMs: number('log.flush.offset.checkpoint.interval.ms'),
    logFlushStartOffsetCheckpointIntervalMs: number('log.flush.start.offset.checkpoint.interval.ms'),
    logFlushSchedulerIntervalMs: number('log.flush.scheduler.interval.ms'),
    logRetentionCheckIntervalMs: number('log.retention.check.interval.ms'),
    logInitialTaskDelayMs: number('log.initial.task.delay.ms'),
    fetchMaxBytes: number('fetch.max.bytes'),
    controllerSocketTimeoutMs: number('controller.socket.timeout.ms'),
    requestTimeoutMs: number('request.timeout.ms'),
    controlledShutdownEnable: textOf(texts, 'controlled.shutdown.enable') === 'true',
    controlledShutdownMaxRetries: number('controlled.shutdown.max.retries'),
    controlledShutdownRetryBackoffMs: number('controlled.shutdown.retry.backoff.ms'),
    zookeeperSessionTimeoutMs: sessionTimeoutMs,
    zookeeperConnectionTimeoutMs:
      texts['zookeeper.connection.timeout.ms'] === undefined ? sessionTimeoutMs : numberOf(texts, 'zookeeper.connection.timeout.ms'),
    autoCreateTopicsEnable: textOf(texts, 'auto.create.topics.enable') === 'true',
    numPartitions: number('num.partitions'),
    defaultReplicationFactor: number('default.replication.factor'),
    cleaner: resolveCleanerConfig(texts),
    logDirs: resolveLogDirs(texts),
  };
}

/** The value in force, or undefined for a name that neither texts nor defaults have. */
function textOf(texts: ConfigTexts, name: string): string | undefined {
  return texts[name] ?? BROKER_CONFIG_DEFAULTS[name];
}

function numberOf(texts: ConfigTexts, name: string): number {
  const text = textOf(texts, name);
  const value = Number(text);
  assert(text !== undefined && text.trim() !== '' && value === Math.trunc(value), `a whole number for ${name}, got ${text}`);
  return value;
}
