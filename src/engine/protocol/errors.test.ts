import { describe, expect, test } from 'vitest';
import { errorMessage } from './error-messages.ts';
import { errorCode, errorName, isRetriable, type ErrorName } from './errors.ts';

const CODES = Array.from({ length: 130 }, (_, i) => i - 1);

describe('errors', () => {
  test('[R8] a name goes to its code and back', () => {
    const known: [ErrorName, number][] = [
      ['UNKNOWN_SERVER_ERROR', -1],
      ['NONE', 0],
      ['OFFSET_OUT_OF_RANGE', 1],
      ['NOT_LEADER_OR_FOLLOWER', 6],
      ['NOT_ENOUGH_REPLICAS', 19],
      ['NOT_CONTROLLER', 41],
      ['KAFKA_STORAGE_ERROR', 56],
      ['FENCED_LEADER_EPOCH', 74],
      ['INVALID_RECORD', 87],
      ['UNKNOWN_TOPIC_ID', 100],
      ['NEW_LEADER_ELECTED', 108],
    ];
    for (const [name, code] of known) {
      expect(errorCode(name)).toBe(code);
      expect(errorName(code)).toBe(name);
    }
  });

  test("[R8] a code outside the table is UNKNOWN_SERVER_ERROR, as Kafka's clients take it", () => {
    expect([errorName(4711), errorName(-7)]).toEqual(['UNKNOWN_SERVER_ERROR', 'UNKNOWN_SERVER_ERROR']);
  });

  test('[R8] clients try again after what passes, and only then', () => {
    const retriable: ErrorName[] = [
      'NOT_LEADER_OR_FOLLOWER',
      'NOT_ENOUGH_REPLICAS',
      'REQUEST_TIMED_OUT',
      'CORRUPT_MESSAGE',
      'UNKNOWN_TOPIC_OR_PARTITION',
      'KAFKA_STORAGE_ERROR',
      'CONCURRENT_TRANSACTIONS',
    ];
    const final: ErrorName[] = [
      'NONE',
      'OFFSET_OUT_OF_RANGE',
      'MESSAGE_TOO_LARGE',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'REBALANCE_IN_PROGRESS',
      'INVALID_UPDATE_VERSION',
      'STALE_BROKER_EPOCH',
    ];
    expect(retriable.filter((name) => !isRetriable(name))).toEqual([]);
    expect(final.filter(isRetriable)).toEqual([]);
  });

  test("[R8] every error has a sentence; the recorded ones are Kafka's own", () => {
    const names = [...new Set(CODES.map(errorName))];
    expect(names.length).toBeGreaterThan(70);
    for (const name of names) expect(errorMessage(name).endsWith('.'), name).toBe(name !== 'NONE');
    expect(new Set(names.map(errorMessage)).size).toBe(names.length);
    expect(errorMessage('UNKNOWN_TOPIC_OR_PARTITION')).toBe('This server does not host this topic-partition.');
    expect(errorMessage('NOT_ENOUGH_REPLICAS')).toBe('Messages are rejected since there are fewer in-sync replicas than required.');
  });
});
