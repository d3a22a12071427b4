import { describe, expect, test } from 'vitest';
import { MAX_LONG } from '../kernel/units.ts';
import { maxSegmentMs, resolveLogConfig, validateTopicConfigs } from './log-config.ts';

describe('topic configs', () => {
  test.each([
    [{ 'min.insync.replicas': 'zero' }, 'Invalid value zero for configuration min.insync.replicas: Not a number of type INT'],
    [{ 'no.such.config': '1' }, 'Unknown topic config name: no.such.config'],
    [{ 'min.insync.replicas': '0' }, 'Invalid value 0 for configuration min.insync.replicas: Value must be at least 1'],
    [{ 'segment.bytes': '2147483648' }, 'Invalid value 2147483648 for configuration segment.bytes: Not a number of type INT'],
    [{ 'retention.ms': '9223372036854775808' }, 'Invalid value 9223372036854775808 for configuration retention.ms: Not a number of type LONG'],
    [{ 'cleanup.policy': 'delete,shred' }, 'Invalid value shred for configuration cleanup.policy: String must be one of: compact, delete'],
    [
      { 'unclean.leader.election.enable': 'maybe' },
      'Invalid value maybe for configuration unclean.leader.election.enable: Expected value to be either true or false',
    ],
    [
      { 'message.timestamp.type': 'createtime' },
      'Invalid value createtime for configuration message.timestamp.type: String must be one of: CreateTime, LogAppendTime',
    ],
    [{ 'min.cleanable.dirty.ratio': '2' }, 'Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1'],
    [{ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }, 'conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)'],
    [{ 'compression.gzip.level': '0' }, 'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1'],
  ])('[R16] %j is refused', (overrides, message) => {
    expect(validateTopicConfigs(overrides)).toEqual({ error: 'INVALID_CONFIG', message });
  });

  test('[R16] sound values pass, blanks around them too', () => {
    expect(
      validateTopicConfigs({ 'segment.bytes': ' 1000 ', 'cleanup.policy': 'compact, delete', 'retention.ms': '-1', 'flush.messages': '9223372036854775807' }),
    ).toBeNull();
  });

  test("[R16] Kafka's defaults", () => {
    expect(resolveLogConfig({}, {})).toMatchObject({
      segmentBytes: 1073741824,
      segmentMs: 604800000,
      segmentIndexBytes: 10485760,
      indexIntervalBytes: 4096,
      flushMessages: MAX_LONG,
      retentionMs: 604800000,
      retentionBytes: -1,
      maxMessageBytes: 1048588,
      delete: true,
      compact: false,
      minInsyncReplicas: 1,
      uncleanLeaderElectionEnable: false,
      messageTimestampType: 'CreateTime',
      messageTimestampAfterMaxMs: MAX_LONG,
      fileDeleteDelayMs: 60000,
    });
  });

  test("[R16] an override wins over the broker, and of the broker's configs the finer unit wins", () => {
    const broker = { 'log.segment.bytes': '5000', 'log.retention.hours': '2', 'log.retention.minutes': '3', 'log.roll.hours': '1', 'message.max.bytes': '77' };
    expect(resolveLogConfig(broker, { 'max.message.bytes': '88' })).toMatchObject({
      segmentBytes: 5000,
      retentionMs: 180000,
      segmentMs: 3600000,
      maxMessageBytes: 88,
    });
  });

  test('[R6] a compacted topic also rolls by max.compaction.lag.ms', () => {
    const overrides = { 'segment.ms': '1000', 'max.compaction.lag.ms': '50' };
    expect(maxSegmentMs(resolveLogConfig({}, overrides))).toBe(1000);
    expect(maxSegmentMs(resolveLogConfig({}, { ...overrides, 'cleanup.policy': 'compact' }))).toBe(50);
  });
});
