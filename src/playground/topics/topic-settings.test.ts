import { describe, expect, test } from 'vitest';
import { alterCommand, otherLines, parseLines, valueWithoutOverride } from './topic-settings.ts';

describe("the form of a topic's settings", () => {
  test('[R1] asks for what is different only: set, changed, taken back', () => {
    const before = { 'retention.ms': '1000', 'segment.bytes': '2048', 'flush.ms': '5' };
    expect(alterCommand('orders', before, { 'retention.ms': '1000', 'segment.bytes': '4096', 'cleanup.policy': 'compact', 'min.insync.replicas': '' })).toEqual(
      {
        type: 'alterConfig',
        topic: 'orders',
        set: { 'segment.bytes': '4096', 'cleanup.policy': 'compact' },
        remove: ['flush.ms'],
      },
    );
    expect(alterCommand('orders', before, before)).toBeNull();
    expect(alterCommand('orders', {}, { 'retention.ms': '' })).toBeNull();
  });

  test('[R1] lines are read as typed; a name without a value goes to Kafka, which refuses it', () => {
    expect(parseLines(' flush.ms = 5\n\nno.such\na=b=c')).toEqual({ 'flush.ms': '5', 'no.such': '', a: 'b=c' });
    expect(alterCommand('orders', {}, parseLines('no.such'))).toEqual({ type: 'alterConfig', topic: 'orders', set: { 'no.such': '' } });
    expect(otherLines({ 'retention.ms': '1', 'flush.ms': '5', 'max.message.bytes': '100' })).toBe('flush.ms=5\nmax.message.bytes=100');
  });

  test("[R2] shows what is in force without an override: the broker's value, or Kafka's", () => {
    const row = { of: 'broker', kafkaDefault: null, source: 'timing' } as const;
    const configs = [
      { ...row, name: 'log.retention.minutes', value: '2' },
      { ...row, of: 'producer-1', name: 'compression.type', value: 'zstd' },
    ];
    expect(valueWithoutOverride('retention.ms', configs)).toBe('120000');
    expect(valueWithoutOverride('compression.type', configs)).toBe('producer');
    expect(valueWithoutOverride('segment.bytes', [])).toBe('1073741824');
  });
});
