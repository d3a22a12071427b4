import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { utf8Encode } from '../../engine/kernel/bytes.ts';
import { listPaths, readFile } from '../../engine/kernel/files.ts';
import { closeLog } from '../../engine/log/close.ts';
import { appendAsFollower } from '../../engine/log/append.ts';
import { newTestDisk, newTestLog, perform } from '../../engine/log/test-support.ts';
import { buildEndTxnMarker } from '../../engine/protocol/control-batch.ts';
import { buildBatch, compressBatch, type RecordToWrite } from '../../engine/protocol/record-batch.ts';
import { codecs } from '../../host/codecs/loaded-codecs.ts';

export const ALL_CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type AnyCodec = (typeof ALL_CODECS)[number];

const START_MS = 1_700_000_000_000;
const BATCHES = 60;
const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);

/** Writes a partition's folder of several segments in one codec, by the engine's own log. Gives the paths of its files. */
export function writeSegments(codec: AnyCodec, folder: string): readonly string[] {
  const disk = newTestDisk();
  let log = newTestLog(disk, { 'segment.bytes': '8192', 'index.interval.bytes': '512' });
  for (let i = 0; i < BATCHES; i++) {
    const { error, log: grown } = appendAsFollower(log, [batchOf(i, codec, log.logEndOffset)], disk.scope);
    if (error !== null) throw new Error(`the log refused a batch: ${error}`);
    log = grown;
  }
  closeLog(log, disk.scope);
  perform(disk);
  return listPaths(disk.files).map((path) => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, readFile(disk.files, path) ?? new Uint8Array());
    return target;
  });
}

/** Plain, idempotent and transactional batches with their markers; keys, nulls, headers, times that go back, letters of two scripts. */
function batchOf(i: number, codec: AnyCodec, baseOffset: number): Uint8Array {
  const transactional = i % 10 === 7;
  if (i % 10 === 8)
    return buildEndTxnMarker(
      {
        result: i % 20 === 8 ? 'COMMIT' : 'ABORT',
        coordinatorEpoch: 3,
        producerId: 7,
        producerEpoch: 0,
        timestampMs: START_MS + i * 1000,
        baseOffset,
        partitionLeaderEpoch: 0,
      },
      allocate,
    );
  const records = Array.from({ length: 1 + (i % 9) }, (_, j) => recordOf(i, j));
  const producer = transactional
    ? { producerId: 7, producerEpoch: 0, baseSequence: sequenceBefore(i, 7), isTransactional: true }
    : i % 3 === 0
      ? { producerId: 5, producerEpoch: 1, baseSequence: sequenceBefore(i, 5) }
      : {};
  const appendTime = i % 4 === 1 ? { logAppendTimeMs: START_MS + i * 1000 + 500 } : {};
  const plain = buildBatch(records, { baseOffset, partitionLeaderEpoch: i < 30 ? 0 : 2, ...producer, ...appendTime }, allocate);
  return compressBatch(plain, { codec, level: null }, { codecs, allocate });
}

/** Records that a producer has sent before batch `i`. */
function sequenceBefore(i: number, producerId: number): number {
  let sequence = 0;
  for (let before = 0; before < i; before++) {
    if (before % 10 === 8) continue;
    const isOf7 = before % 10 === 7;
    const by = isOf7 ? 7 : before % 3 === 0 ? 5 : -1;
    if (by === producerId) sequence += 1 + (before % 9);
  }
  return sequence;
}

function recordOf(i: number, j: number): RecordToWrite {
  return {
    timestamp: START_MS + i * 1000 + (j % 3 === 2 ? -700 : j * 10),
    key: j % 4 === 3 ? null : utf8Encode(`key-${(i * 7 + j) % 11}`),
    value: j % 5 === 4 ? null : utf8Encode(`{"batch":${i},"record":${j},"what":"${j % 2 === 0 ? 'order placed' : '주문 접수'}"}`),
    headers:
      j % 6 === 5
        ? [
            { key: 'trace', value: utf8Encode('a1') },
            { key: '빈', value: null },
          ]
        : [],
  };
}
