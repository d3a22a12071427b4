import { describe, expect, test } from 'vitest';
import { configProblem } from './config-problem.ts';

describe('configs that a program would not start with', () => {
  test.each([
    ['broker', 'num.partitions', 'many', 'Invalid value many for configuration num.partitions: Not a number of type INT'],
    ['broker', 'num.partitions', '0', 'Invalid value 0 for configuration num.partitions: Value must be at least 1'],
    ['broker', 'log.segment.bytes', '3', 'Invalid value 3 for configuration log.segment.bytes: Value must be at least 14'],
    [
      'broker',
      'unclean.leader.election.enable',
      'maybe',
      'Invalid value maybe for configuration unclean.leader.election.enable: Expected value to be either true or false',
    ],
    [
      'broker',
      'replica.lag.time.max.ms',
      '1',
      'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR',
    ],
    ['broker', 'log.dirs', ' , ', 'At least one log directory must be defined via log.dirs or log.dir.'],
    ['broker', 'log.dirs', '/a, /b,/a/', 'Duplicate log directory found: /a, /b, /a'],
    ['producer', 'acks', '7', 'Invalid value 7 for configuration acks: String must be one of: all, -1, 0, 1'],
    ['producer', 'linger.ms', '-1', 'Invalid value -1 for configuration linger.ms: Value must be at least 0'],
    ['producer', 'compression.type', 'zip', 'Invalid value zip for configuration compression.type: String must be one of: none, gzip, snappy, lz4, zstd'],
    ['producer', 'compression.gzip.level', '0', 'Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1'],
    ['consumer', 'auto.offset.reset', 'newest', 'Invalid value newest for configuration auto.offset.reset: String must be one of: latest, earliest, none'],
    ['consumer', 'max.poll.records', '0', 'Invalid value 0 for configuration max.poll.records: Value must be at least 1'],
  ] as const)('[R7] %s: %s=%s', (program, name, text, reason) => {
    expect(configProblem(program, { [name]: text })?.reason).toBe(reason);
  });

  test('[R7] what is not there yet is refused in plain words, not taken in silence', () => {
    expect(configProblem('producer', { 'transactional.id': 't' })?.reason).toBe('transactional.id=t is not supported here yet');
    expect(configProblem('consumer', { 'group.id': 'readers' })?.reason).toBe('group.id=readers is not supported here yet');
  });

  test('[R7] good values pass, and so do names that Kafka does not know', () => {
    expect(
      configProblem('broker', { 'replica.lag.time.max.ms': '600', 'replica.fetch.wait.max.ms': '500', 'log.retention.hours': '1', 'my.own.config': 'x' }),
    ).toBeNull();
    expect(configProblem('producer', { acks: '-1', 'compression.type': 'zstd', 'compression.zstd.level': '-7', retries: '0' })).toBeNull();
    expect(configProblem('consumer', { 'isolation.level': 'read_uncommitted' })).toBeNull();
  });

  test('[R7] a broker config is judged with what is in force below it', () => {
    expect(configProblem('broker', { 'replica.lag.time.max.ms': '1000' }, { 'replica.fetch.wait.max.ms': '1500' })?.name).toBe('replica.fetch.wait.max.ms');
  });
});
