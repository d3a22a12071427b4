import { atLeast, between, oneOf, type ConfigType, type Validator } from './config-def.ts';

/** A broker config that stands in for a topic config, with the factor that turns its unit into the topic config's. */
export interface ServerSynonym {
  readonly name: string;
  readonly factor: number;
}

/** One topic config: Kafka's default as text, and the broker configs that set it for topics without an override, strongest first. */
export interface TopicConfigDef {
  readonly name: string;
  readonly type: ConfigType;
  readonly defaultText: string;
  readonly validator: Validator | null;
  readonly synonyms: readonly ServerSynonym[];
}

/** Long.MAX_VALUE. */
const NEVER = '9223372036854775807';
const WEEK_MS = '604800000';
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const gzipLevel: Validator = (value) => {
  const valid = typeof value === 'number' && (value === -1 || (value >= 1 && value <= 9));
  return valid ? null : 'Value must be between 1 and 9 or equal to -1';
};

const throttledReplicas: Validator = (value, name) => {
  const words = typeof value === 'object' ? value.map((word) => word.trim()) : [];
  const valid = words.join('') === '*' || words.every((word) => /^(\d+:\d+)?$/.test(word));
  return valid ? null : `${name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...`;
};

/** Every topic config of 3.9, in LogConfig's order of definition (values are validated in this order). */
export const TOPIC_CONFIGS: readonly TopicConfigDef[] = [
  define('segment.bytes', 'INT', '1073741824', atLeast(14), logPrefixed('segment.bytes')),
  define('segment.ms', 'LONG', WEEK_MS, atLeast(1), [synonym('log.roll.ms'), synonym('log.roll.hours', HOUR_MS)]),
  define('segment.jitter.ms', 'LONG', '0', atLeast(0), [synonym('log.roll.jitter.ms'), synonym('log.roll.jitter.hours', HOUR_MS)]),
  define('segment.index.bytes', 'INT', '10485760', atLeast(4), [synonym('log.index.size.max.bytes')]),
  define('flush.messages', 'LONG', NEVER, atLeast(1), [synonym('log.flush.interval.messages')]),
  define('flush.ms', 'LONG', NEVER, atLeast(0), [synonym('log.flush.interval.ms'), synonym('log.flush.scheduler.interval.ms')]),
  define('retention.bytes', 'LONG', '-1', null, logPrefixed('retention.bytes')),
  define('retention.ms', 'LONG', WEEK_MS, atLeast(-1), [
    synonym('log.retention.ms'),
    synonym('log.retention.minutes', MINUTE_MS),
    synonym('log.retention.hours', HOUR_MS),
  ]),
  define('max.message.bytes', 'INT', '1048588', atLeast(0), [synonym('message.max.bytes')]),
  define('index.interval.bytes', 'INT', '4096', atLeast(0), logPrefixed('index.interval.bytes')),
  define('delete.retention.ms', 'LONG', '86400000', atLeast(0), [synonym('log.cleaner.delete.retention.ms')]),
  define('min.compaction.lag.ms', 'LONG', '0', atLeast(0), [synonym('log.cleaner.min.compaction.lag.ms')]),
  define('max.compaction.lag.ms', 'LONG', NEVER, atLeast(1), [synonym('log.cleaner.max.compaction.lag.ms')]),
  define('file.delete.delay.ms', 'LONG', '60000', atLeast(0), [synonym('log.segment.delete.delay.ms')]),
  define('min.cleanable.dirty.ratio', 'DOUBLE', '0.5', between(0, 1), [synonym('log.cleaner.min.cleanable.ratio')]),
  define('cleanup.policy', 'LIST', 'delete', oneOf(['compact', 'delete']), logPrefixed('cleanup.policy')),
  define('unclean.leader.election.enable', 'BOOLEAN', 'false', null, [synonym('unclean.leader.election.enable')]),
  define('min.insync.replicas', 'INT', '1', atLeast(1), [synonym('min.insync.replicas')]),
  define('compression.type', 'STRING', 'producer', oneOf(['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer']), [synonym('compression.type')]),
  define('compression.gzip.level', 'INT', '-1', gzipLevel, [synonym('compression.gzip.level')]),
  define('compression.lz4.level', 'INT', '9', between(1, 17), [synonym('compression.lz4.level')]),
  define('compression.zstd.level', 'INT', '3', between(-131072, 22), [synonym('compression.zstd.level')]),
  define('preallocate', 'BOOLEAN', 'false', null, logPrefixed('preallocate')),
  define('message.format.version', 'STRING', '3.0-IV1', null, logPrefixed('message.format.version')),
  define('message.timestamp.type', 'STRING', 'CreateTime', oneOf(['CreateTime', 'LogAppendTime']), logPrefixed('message.timestamp.type')),
  define('message.timestamp.difference.max.ms', 'LONG', NEVER, atLeast(0), logPrefixed('message.timestamp.difference.max.ms')),
  define('message.timestamp.before.max.ms', 'LONG', NEVER, atLeast(0), logPrefixed('message.timestamp.before.max.ms')),
  define('message.timestamp.after.max.ms', 'LONG', NEVER, atLeast(0), logPrefixed('message.timestamp.after.max.ms')),
  define('leader.replication.throttled.replicas', 'LIST', '', throttledReplicas, []),
  define('follower.replication.throttled.replicas', 'LIST', '', throttledReplicas, []),
  define('message.downconversion.enable', 'BOOLEAN', 'true', null, logPrefixed('message.downconversion.enable')),
  define('remote.storage.enable', 'BOOLEAN', 'false', null, []),
  define('local.retention.ms', 'LONG', '-2', atLeast(-2), logPrefixed('local.retention.ms')),
  define('local.retention.bytes', 'LONG', '-2', atLeast(-2), logPrefixed('local.retention.bytes')),
  define('remote.log.copy.disable', 'BOOLEAN', 'false', null, []),
  define('remote.log.delete.on.disable', 'BOOLEAN', 'false', null, []),
];

/** The definition of a topic config, or undefined for a name Kafka does not know. */
export function findTopicConfig(name: string): TopicConfigDef | undefined {
  return TOPIC_CONFIGS.find((def) => def.name === name);
}

function define(name: string, type: ConfigType, defaultText: string, validator: Validator | null, synonyms: readonly ServerSynonym[]): TopicConfigDef {
  return { name, type, defaultText, validator, synonyms };
}

function synonym(name: string, factor = 1): ServerSynonym {
  return { name, factor };
}

function logPrefixed(name: string): readonly ServerSynonym[] {
  return [synonym(`log.${name}`)];
}
