import { NO_CODECS } from '../src/engine/kernel/codecs.ts';
import { openDB } from 'idb';
import { assert } from '../src/engine/kernel/assert.ts';
import { concatBytes } from '../src/engine/kernel/bytes.ts';
import { appendToFile, emptyTree } from '../src/engine/kernel/files.ts';
import { mapSet } from '../src/engine/kernel/persistent-map.ts';
import { arrayFrom } from '../src/engine/kernel/persistent-array.ts';
import { loadLog } from '../src/engine/log/load.ts';
import { resolveLogConfig } from '../src/engine/log/log-config.ts';
import { segmentList } from '../src/engine/log/log-state.ts';
import { buildBatch } from '../src/engine/protocol/record-batch.ts';
import { openIndexedDbDisk } from '../src/host/storage/indexed-db-disk.ts';
import { writesOfTree } from '../src/host/storage/device-keeper.ts';

const LOG_BYTES = 67_108_864;
const VALUE_BYTES = 1000;
const RECORDS_A_BATCH = 16;
const DATABASE = 'bench-recovery';
const LOG = 'orders-0/00000000000000000000.log';
const NOW_MS = 1_700_000_000_000;

export interface RecoveryRound {
  readonly rawMs: number;
  readonly recoveredMs: number;
}

/**
 * A log of 64 MiB that lost its clean shutdown file: read from IndexedDB, each CRC verified, its indexes rebuilt; beside reading its bytes
 * from the same database into one array, and no more. Rounds of both, in turn.
 */
export async function measureRecovery(roundCount: number): Promise<readonly RecoveryRound[]> {
  await store();
  const rounds: RecoveryRound[] = [];
  for (let i = 0; i < roundCount; i++) {
    const rawMs = await timed(readRaw);
    rounds.push({ rawMs, recoveredMs: await timed(recover) });
  }
  return rounds;
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** The log as write-back leaves it: rows of as many batches as fit. */
async function store(): Promise<void> {
  let files = emptyTree();
  let sizeBytes = 0;
  for (let baseOffset = 0; sizeBytes < LOG_BYTES; baseOffset += RECORDS_A_BATCH) {
    const batch = batchAt(baseOffset);
    files = appendToFile(files, LOG, batch);
    sizeBytes += batch.length;
  }
  const disk = await opened();
  await disk.commit({ writes: writesOfTree(files), flushSequence: 1, atUs: 1, durability: 'relaxed' });
  await disk.close();
}

function batchAt(baseOffset: number): Uint8Array {
  const records = Array.from({ length: RECORDS_A_BATCH }, (_, i) => ({
    timestamp: NOW_MS + baseOffset + i,
    key: null,
    value: new Uint8Array(VALUE_BYTES).fill(baseOffset + i),
    headers: [],
  }));
  return buildBatch(records, { baseOffset, partitionLeaderEpoch: 0 }, (size) => new Uint8Array(size));
}

async function opened(): Promise<Extract<Awaited<ReturnType<typeof openIndexedDbDisk>>, { ok: true }>['store']> {
  const disk = await openIndexedDbDisk(DATABASE);
  assert(disk.ok, 'the disk to open');
  return disk.store;
}

async function readRaw(): Promise<void> {
  const database = await openDB(DATABASE);
  const rows: Uint8Array[] = await database.getAll('extents');
  assert(concatBytes(rows).length >= LOG_BYTES, 'all of the log');
  database.close();
}

async function recover(): Promise<void> {
  const disk = await opened();
  const image = await disk.load();
  await disk.close();
  let files = emptyTree();
  for (const { path, bytes, sizeBytes } of image.files)
    files = mapSet(files, path, { sizeBytes, dataEnd: bytes.length, extents: arrayFrom([bytes]), generation: 1 });
  const options = { topic: 'orders', partition: 0, logId: 1, config: resolveLogConfig({}, {}), cleanShutdown: false, recoveryPoint: 0, logStartOffset: 0 };
  const context = { nowMs: NOW_MS, draw: () => 0, allocate: (size: number) => new Uint8Array(size), codecs: NO_CODECS };
  const loaded = loadLog(files, options, { context, effects: [] });
  assert(loaded.ok && loaded.recovered.discardedBytes === 0, 'a sound log');
  assert(segmentList(loaded.log).reduce((sum, segment) => sum + segment.sizeBytes, 0) >= LOG_BYTES, 'every batch recovered');
}
