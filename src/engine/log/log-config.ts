import { required } from '../kernel/assert.ts';
import { MAX_LONG } from '../kernel/units.ts';
import { invalidValue, parseConfigValue, printConfigValue, type ConfigValue } from './config-def.ts';
import { findTopicConfig, TOPIC_CONFIGS, type TopicConfigDef } from './topic-configs.ts';

/** Config values by Kafka's name, as text. */
export type ConfigTexts = Readonly<Record<string, string>>;

/** LogConfig: what a log goes by, resolved. `Simplified:` `preallocate`, throttles and tiered storage are known but have no effect here. */
export interface LogConfig {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly retentionBytes: number;
  readonly retentionMs: number;
  readonly fileDeleteDelayMs: number;
  readonly maxMessageBytes: number;
  readonly compact: boolean;
  readonly delete: boolean;
  readonly deleteRetentionMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly minCleanableDirtyRatio: number;
  readonly uncleanLeaderElectionEnable: boolean;
  readonly minInsyncReplicas: number;
  readonly compressionType: string;
  readonly compressionGzipLevel: number;
  readonly compressionLz4Level: number;
  readonly compressionZstdLevel: number;
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime';
  readonly messageTimestampBeforeMaxMs: number;
  readonly messageTimestampAfterMaxMs: number;
}

export interface ConfigRefusal {
  readonly error: 'INVALID_CONFIG';
  readonly message: string;
}

/**
 * Checks the overrides of a topic as CreateTopics and IncrementalAlterConfigs do (LogConfig.validate): names first, then values
 * in order of definition. Null when all is well, else Kafka's words.
 */
export function validateTopicConfigs(overrides: ConfigTexts): ConfigRefusal | null {
  for (const name of Object.keys(overrides)) {
    if (findTopicConfig(name) === undefined) return refusal(`Unknown topic config name: ${name}`);
  }
  for (const def of TOPIC_CONFIGS) {
    const text = overrides[def.name];
    const message = text === undefined ? null : checkValue(def, text);
    if (message !== null) return refusal(message);
  }
  const minLag = numberOf(overrides, 'min.compaction.lag.ms');
  const maxLag = numberOf(overrides, 'max.compaction.lag.ms');
  if (minLag <= maxLag) return null;
  return refusal(
    `conflict topic config setting min.compaction.lag.ms (${printConfigValue(minLag, 'LONG')}) > max.compaction.lag.ms (${printConfigValue(maxLag, 'LONG')})`,
  );
}

/**
 * The text in force for one topic config: the topic's override, else the strongest broker config that stands for it
 * (`log.segment.bytes`, `log.roll.hours`, ...), else Kafka's default.
 */
export function effectiveTopicConfig(
  def: TopicConfigDef,
  brokerConfigs: ConfigTexts,
  overrides: ConfigTexts,
): { readonly text: string; readonly source: 'topic' | 'broker' | 'default' } {
  const override = overrides[def.name];
  if (override !== undefined) return { text: override, source: 'topic' };
  for (const synonym of def.synonyms) {
    const text = brokerConfigs[synonym.name];
    if (text === undefined) continue;
    const scaled = synonym.factor === 1 ? text : String(Number(text) * synonym.factor);
    return { text: scaled, source: 'broker' };
  }
  return { text: def.defaultText, source: 'default' };
}

/** LogConfig.fromProps: broker configs as defaults under the topic's overrides. Both must have been validated. */
export function resolveLogConfig(brokerConfigs: ConfigTexts, overrides: ConfigTexts): LogConfig {
  const valueOf = (name: string): ConfigValue => {
    const def = required(findTopicConfig(name), `a topic config called ${name}`);
    const parsed = parseConfigValue(name, def.type, effectiveTopicConfig(def, brokerConfigs, overrides).text);
    return required(parsed.ok ? parsed.value : null, `a validated value of ${name}`);
  };
  const number = (name: string): number => Number(valueOf(name));
  const policies = listOf(valueOf('cleanup.policy')).map((policy) => policy.toLowerCase());
  const differenceMaxMs = number('message.timestamp.difference.max.ms');
  return {
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    segmentJitterMs: number('segment.jitter.ms'),
    segmentIndexBytes: number('segment.index.bytes'),
    indexIntervalBytes: number('index.interval.bytes'),
    flushMessages: number('flush.messages'),
    flushMs: number('flush.ms'),
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    fileDeleteDelayMs: number('file.delete.delay.ms'),
    maxMessageBytes: number('max.message.bytes'),
    compact: policies.includes('compact'),
    delete: policies.includes('delete'),
    deleteRetentionMs: number('delete.retention.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    uncleanLeaderElectionEnable: valueOf('unclean.leader.election.enable') === true,
    minInsyncReplicas: number('min.insync.replicas'),
    compressionType: String(valueOf('compression.type')),
    compressionGzipLevel: number('compression.gzip.level'),
    compressionLz4Level: number('compression.lz4.level'),
    compressionZstdLevel: number('compression.zstd.level'),
    messageTimestampType: valueOf('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    // The older `difference` config stands in while the newer ones are at their default.
    messageTimestampBeforeMaxMs: unlessNever(number('message.timestamp.before.max.ms'), differenceMaxMs),
    messageTimestampAfterMaxMs: unlessNever(number('message.timestamp.after.max.ms'), differenceMaxMs),
  };
}

/** The age at which a segment rolls: for compacted topics also max.compaction.lag.ms (LogConfig.maxSegmentMs). */
export function maxSegmentMs(config: LogConfig): number {
  return config.compact && config.maxCompactionLagMs > 0 ? Math.min(config.maxCompactionLagMs, config.segmentMs) : config.segmentMs;
}

function unlessNever(value: number, standIn: number): number {
  return value === MAX_LONG ? standIn : value;
}

function checkValue(def: TopicConfigDef, text: string): string | null {
  const parsed = parseConfigValue(def.name, def.type, text);
  if (!parsed.ok) return parsed.message;
  if (def.validator === null) return null;
  // ValidList hands each element to ValidString, which then names that element; a list's own validator sees it whole.
  if (def.name === 'cleanup.policy') return firstMessage(def, listOf(parsed.value));
  const reason = def.validator(parsed.value, def.name);
  return reason === null ? null : invalidValue(def.name, printConfigValue(parsed.value, def.type), reason);
}

function firstMessage(def: TopicConfigDef, elements: readonly string[]): string | null {
  for (const element of elements) {
    const reason = def.validator?.(element, def.name) ?? null;
    if (reason !== null) return invalidValue(def.name, element, reason);
  }
  return null;
}

function numberOf(overrides: ConfigTexts, name: string): number {
  const def = required(findTopicConfig(name), `a topic config called ${name}`);
  const parsed = parseConfigValue(name, def.type, overrides[name] ?? def.defaultText);
  return parsed.ok ? Number(parsed.value) : 0;
}

function listOf(value: ConfigValue): readonly string[] {
  return typeof value === 'object' ? value : [];
}

function refusal(message: string): ConfigRefusal {
  return { error: 'INVALID_CONFIG', message };
}
