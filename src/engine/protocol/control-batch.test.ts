import { NO_CODECS } from '../kernel/codecs.ts';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildEndTxnMarker, readControlRecord } from './control-batch.ts';
import { crc32c } from './crc32c.ts';
import { batchError, baseSequence, buildBatch, codecOf, isControlBatch, isTransactional, lastOffset, readRecords, storedCrc } from './record-batch.ts';

interface Row {
  readonly codec: string;
  readonly control?: 'ABORT' | 'COMMIT';
  readonly coordinatorEpoch: number;
  readonly timestamp: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly partitionLeaderEpoch: number;
  readonly crc: number;
  readonly hex: string;
}

const rows = JSON.parse(readFileSync(new URL('../../testing/goldens/vectors/record-batches.json', import.meta.url), 'utf8')) as Row[];
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);
const marker = { result: 'COMMIT', coordinatorEpoch: 7, producerId: 2000, producerEpoch: 1, timestampMs: 1_700_000_000_123 } as const;

describe('control batches', () => {
  test('[R4] recorded markers say what they say and are built to the same bytes', () => {
    const markers = rows.filter((row) => row.control !== undefined);
    expect(markers.map((row) => row.control)).toEqual(['COMMIT', 'ABORT']);
    for (const row of markers) {
      const bytes = fromHex(row.hex);
      expect(batchError(bytes)).toBeNull();
      expect(readControlRecord(bytes)).toEqual({ ok: true, type: row.control, coordinatorEpoch: row.coordinatorEpoch });
      const built = buildEndTxnMarker(
        {
          result: row.control ?? 'ABORT',
          coordinatorEpoch: row.coordinatorEpoch,
          producerId: row.producerId,
          producerEpoch: row.producerEpoch,
          timestampMs: row.timestamp,
          baseOffset: row.baseOffset,
          partitionLeaderEpoch: row.partitionLeaderEpoch,
        },
        allocate,
      );
      expect(Buffer.from(built).toString('hex')).toBe(row.hex);
    }
  });

  test('[R4] a marker is transactional, has no sequence, and takes 78 bytes', () => {
    const batch = buildEndTxnMarker(marker, allocate);
    expect([batch.length, isControlBatch(batch), isTransactional(batch), baseSequence(batch)]).toEqual([78, true, true, -1]);
  });

  test('[R4] what is no marker is told apart: data, types of KRaft, types unknown', () => {
    const control = (key: readonly number[], value: readonly number[] | null): Uint8Array =>
      buildBatch(
        [{ timestamp: 0, key: Uint8Array.from(key), value: value === null ? null : Uint8Array.from(value), headers: [] }],
        { isControl: true },
        allocate,
      );
    expect(readControlRecord(buildBatch([{ timestamp: 0, key: null, value: null, headers: [] }], {}, allocate))).toMatchObject({
      ok: false,
      reason: 'not a control batch',
    });
    expect(readControlRecord(control([0, 0, 0, 2], [1]))).toEqual({ ok: true, type: 'LEADER_CHANGE', value: Uint8Array.of(1) });
    expect(readControlRecord(control([0, 0, 0, 99], null))).toEqual({ ok: true, type: 'UNKNOWN', value: null });
    expect(readControlRecord(control([0, 0, 0], [0, 0, 0, 0, 0, 0]))).toMatchObject({ ok: false, reason: 'corrupt' });
    expect(readControlRecord(control([0xff, 0xff, 0, 1], [0, 0, 0, 0, 0, 0]))).toMatchObject({ ok: false, reason: 'corrupt' });
    expect(readControlRecord(control([0, 0, 0, 1], [0, 0]))).toMatchObject({ ok: false, reason: 'corrupt' });
  });
});

describe('batches from elsewhere', () => {
  test('[R4] the header of a compressed batch is read without opening it', () => {
    const compressed = rows.filter((row) => row.codec !== 'none');
    expect(new Set(compressed.map((row) => row.codec))).toEqual(new Set(['gzip', 'snappy', 'lz4', 'zstd']));
    for (const row of compressed) {
      const batch = fromHex(row.hex);
      expect([codecOf(batch), lastOffset(batch), storedCrc(batch), batchError(batch)]).toEqual([row.codec, row.lastOffset, row.crc, null]);
    }
  });

  test('[R3] damaged records are refused or read, and never hang, even under a right CRC', () => {
    const whole = buildBatch(
      [
        { timestamp: 5, key: Uint8Array.of(1, 2), value: Uint8Array.of(3), headers: [{ key: 'h', value: null }] },
        { timestamp: 9, key: null, value: new Uint8Array(20), headers: [] },
      ],
      {},
      allocate,
    );
    fc.assert(
      fc.property(fc.integer({ min: 57, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), fc.nat(whole.length), (at, flip, sizeBytes) => {
        const damaged = whole.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        new DataView(damaged.buffer).setUint32(17, crc32c(damaged, 21));
        const read = readRecords(damaged, NO_CODECS);
        if (!read.ok) expect(read.detail).not.toBe('');
        const cut = readRecords(whole.subarray(0, sizeBytes), NO_CODECS);
        expect(cut.ok).toBe(sizeBytes === whole.length);
      }),
    );
  });
});
