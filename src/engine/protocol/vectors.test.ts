import { NO_CODECS } from '../kernel/codecs.ts';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8Encode } from '../kernel/bytes.ts';
import { crc32c } from './crc32c.ts';
import { kafkaAbs, javaHashCode, murmur2, partitionForKey } from './murmur2.ts';
import {
  baseOffset,
  buildBatch,
  lastOffset,
  maxTimestamp,
  partitionLeaderEpoch,
  readRecords,
  sizeOfBatch,
  stampBatch,
  storedCrc,
  batchError,
  type RecordToWrite,
} from './record-batch.ts';
import { placeReplicas, type BrokerPlace } from './replica-placement.ts';
import { readVarint, readVarlong, sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts';

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../testing/goldens/vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);

describe('recorded vectors', () => {
  test('[R5] murmur2, partitions and CRC-32C of every recorded key', () => {
    const rows = vectors<{ key: string; murmur2: number; partitionFor3_6_12: [number, number, number]; crc32c: number }[]>('partitioner');
    expect(rows.length).toBeGreaterThan(50);
    for (const row of rows) {
      const key = utf8Encode(row.key);
      expect(murmur2(key)).toBe(row.murmur2);
      expect([3, 6, 12].map((count) => partitionForKey(key, count))).toEqual(row.partitionFor3_6_12);
      expect(crc32c(key)).toBe(row.crc32c);
    }
    expect(crc32c(utf8Encode('123456789'))).toBe(0xe3069283);
  });

  test('[R5] the group hash is Java’s, with Kafka’s abs', () => {
    expect(['my-group', 'payments', 'polygenelubricants'].map((group) => kafkaAbs(javaHashCode(group)) % 50)).toEqual([12, 13, 0]);
  });

  test('[R4] varints and varlongs, both ways', () => {
    for (const row of vectors<{ value: string; varint?: string; varlong: string }[]>('varints')) {
      const value = Number(row.value);
      if (!Number.isSafeInteger(value)) continue;
      const long = new Uint8Array(sizeOfVarlong(value));
      expect(writeVarlong(long, 0, value)).toBe(long.length);
      expect(hex(long)).toBe(row.varlong);
      expect(readVarlong({ bytes: long, at: 0 })).toBe(value);
      if (row.varint === undefined) continue;
      const int = new Uint8Array(sizeOfVarint(value));
      writeVarint(int, 0, value);
      expect(hex(int)).toBe(row.varint);
      expect(readVarint({ bytes: int, at: 0 })).toBe(value);
    }
  });

  test('[R6] replica placement with and without racks', () => {
    interface Row {
      brokers: BrokerPlace[];
      partitions: number;
      replicationFactor: number;
      fixedStartIndex: number;
      startPartitionId: number;
      assignment: Record<string, number[]>;
    }
    for (const row of vectors<Row[]>('replica-placement')) {
      const placed = placeReplicas({
        brokers: row.brokers,
        partitionCount: row.partitions,
        replicationFactor: row.replicationFactor,
        startIndex: row.fixedStartIndex,
        startPartitionId: row.startPartitionId,
      });
      expect(Object.fromEntries(placed)).toEqual(row.assignment);
    }
  });
});

describe('record batches', () => {
  interface Row {
    codec: string;
    baseOffset: number;
    partitionLeaderEpoch: number;
    producerId: number;
    producerEpoch: number;
    baseSequence: number;
    isTransactional: boolean;
    isControlBatch?: boolean;
    timestampType: string;
    maxTimestamp: number;
    lastOffset: number;
    crc: number;
    sizeInBytes: number;
    records: { timestamp: number; key: string | null; value: string | null; headers: { key: string; value: string | null }[] }[];
    hex: string;
  }
  const rows = vectors<Row[]>('record-batches');
  const text = (value: string | null): Uint8Array | null => (value === null ? null : utf8Encode(value));

  test('[R4] recorded batches without codec decode to their fields and encode to their bytes', () => {
    let seen = 0;
    for (const row of rows.filter((one) => one.codec === 'none' && one.isControlBatch !== true && row_isPlain(one))) {
      const batch = fromHex(row.hex);
      expect(batchError(batch)).toBeNull();
      expect([baseOffset(batch), lastOffset(batch), partitionLeaderEpoch(batch), maxTimestamp(batch), storedCrc(batch)]).toEqual([
        row.baseOffset,
        row.lastOffset,
        row.partitionLeaderEpoch,
        row.maxTimestamp,
        row.crc,
      ]);
      const read = readRecords(batch, NO_CODECS);
      if (!read.ok) throw new Error(read.detail);
      expect(
        read.records.map((record) => [
          row.timestampType === 'CreateTime' ? record.timestamp : 0,
          record.key && hex(record.key),
          record.value && hex(record.value),
        ]),
      ).toEqual(
        row.records.map((record) => [
          row.timestampType === 'CreateTime' ? record.timestamp : 0,
          record.key === null ? null : hex(utf8Encode(record.key)),
          record.value === null ? null : hex(utf8Encode(record.value)),
        ]),
      );
      if (row.timestampType !== 'CreateTime') continue;
      const records: RecordToWrite[] = row.records.map((record) => ({
        timestamp: record.timestamp,
        key: text(record.key),
        value: text(record.value),
        headers: record.headers.map((header) => ({ key: header.key, value: text(header.value) })),
      }));
      const built = buildBatch(records, row, allocate);
      expect(hex(built)).toBe(row.hex);
      expect(sizeOfBatch(records)).toBe(row.sizeInBytes);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(4);
  });

  function row_isPlain(row: Row): boolean {
    return row.records !== undefined && row.records.length > 0;
  }

  test('[R4] stamping offset and epoch leaves the CRC right; any other flipped byte is found', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            key: fc.option(fc.uint8Array({ maxLength: 8 }), { nil: null }),
            value: fc.option(fc.uint8Array({ maxLength: 30 }), { nil: null }),
            timestamp: fc.integer({ min: 0, max: 2 ** 41 }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
        fc.nat(),
        (some, at) => {
          const records = some.map((one) => ({ ...one, headers: [] }));
          const stamped = stampBatch(buildBatch(records, {}, allocate), { baseOffset: 123456789012, leaderEpoch: 7 }, allocate);
          expect(batchError(stamped)).toBeNull();
          expect(baseOffset(stamped)).toBe(123456789012);
          const read = readRecords(stamped, NO_CODECS);
          expect(
            read.ok &&
              read.records.map((record) => ({
                key: record.key && Array.from(record.key),
                value: record.value && Array.from(record.value),
                timestamp: record.timestamp,
              })),
          ).toEqual(some.map((one) => ({ key: one.key && Array.from(one.key), value: one.value && Array.from(one.value), timestamp: one.timestamp })));
          const place = 16 + (at % (stamped.length - 16));
          const broken = stamped.slice();
          broken[place] = (broken[place] ?? 0) ^ 0x10;
          expect(batchError(broken)).toBe('CORRUPT_MESSAGE');
        },
      ),
    );
  });
});
