import { openDB } from 'idb';
import { emptyTree } from '../src/engine/kernel/files.ts';
import type { DeviceChange } from '../src/engine/machine/runner.ts';
import { newWorld, runUntil } from '../src/engine/world/world.ts';
import { keepDevice } from '../src/host/storage/device-keeper.ts';
import { deviceWritesOf } from '../src/host/storage/device-writes.ts';
import { destroyDatabase } from '../src/host/storage/indexed-db-disk.ts';
import { acceptPlan, emptyInodeTable, planBatch } from '../src/host/storage/row-plan.ts';
import type { Scenario } from '../src/engine/world/scenario.ts';

export { measureRecovery } from './recovery-in-page.ts';

/** What runs inside a browser: a broker's device as a producer makes it, kept in IndexedDB, beside plain puts of the same bytes. */

const VALUE_BYTES = 1000;
const RECORDS_PER_SECOND = 1500;
const SECONDS = 40;

function producing(): Scenario {
  return {
    format: 1,
    name: 'bench-storage',
    title: { en: 'Bench, storage', ko: '벤치마크, 저장' },
    seed: 1,
    cluster: {
      mode: 'zookeeper',
      zookeeperServers: 1,
      brokers: [{ brokerId: 1 }],
      brokerConfigs: { 'log.flush.interval.messages': '100' },
      timing: 'kafka',
      epochMs: 1_700_000_000_000,
      topics: [{ topic: 'orders', partitionCount: 4, replicationFactor: 1 }],
      producers: [
        {
          name: 'producer-1',
          config: {
            configs: { acks: 'all', 'linger.ms': '20', 'batch.size': '65536' },
            topic: 'orders',
            recordsPerSecond: RECORDS_PER_SECOND,
            keyCount: 200,
            valueBytes: VALUE_BYTES,
          },
        },
      ],
      consumers: [],
    },
    commands: [],
    claims: [],
    untilMs: SECONDS * 1000,
  };
}

interface Transaction {
  readonly atUs: number;
  readonly changes: readonly DeviceChange[];
}

/** The changes of the broker's device, those of one instant together, as a window of the live host commits them. */
function transactionsOf(): Transaction[] {
  const world = newWorld(producing());
  const transactions: { atUs: number; changes: DeviceChange[] }[] = [];
  runUntil(world, SECONDS * 1_000_000, {
    deviceChanged: (rank, change) => {
      if (world.surroundings.hosts[rank] !== 'b1') return;
      const last = transactions[transactions.length - 1];
      if (last !== undefined && last.atUs === world.nowUs) last.changes.push(change);
      else transactions.push({ atUs: world.nowUs, changes: [change] });
    },
  });
  return transactions;
}

export interface Round {
  readonly keptMs: number;
  readonly rawMs: number;
}

export interface StorageReport {
  readonly sizeBytes: number;
  readonly transactionCount: number;
  readonly rounds: readonly Round[];
}

/** Rounds of both, in turn. */
export async function measureStorage(roundCount: number): Promise<StorageReport> {
  const transactions = transactionsOf();
  const rows = rowsOf(transactions);
  const rounds: Round[] = [];
  for (let i = 0; i < roundCount; i++) {
    const keptMs = await keep(`bench-kept-${i}`, transactions);
    rounds.push({ keptMs, rawMs: await putRows(`bench-raw-${i}`, rows) });
  }
  const sizeBytes = rows.reduce((sum, { extents }) => sum + extents.reduce((bytes, extent) => bytes + extent.length, 0), 0);
  return { sizeBytes, transactionCount: rows.length, rounds };
}

interface Rows {
  readonly durability: 'relaxed' | 'strict';
  readonly extents: readonly Uint8Array[];
}

/** The bytes of each transaction as the disk writes them, made before the clock runs. */
function rowsOf(transactions: readonly Transaction[]): Rows[] {
  const table = emptyInodeTable();
  return transactions.map(({ changes }) => {
    const plan = planBatch(table, deviceWritesOf(changes));
    acceptPlan(table, plan);
    return { durability: changes.some((change) => change.flushed) ? 'strict' : 'relaxed', extents: plan.extents.map(({ bytes }) => bytes.slice()) };
  });
}

async function keep(database: string, transactions: readonly Transaction[]): Promise<number> {
  const kept = await keepDevice({ kind: 'indexeddb', database, fresh: true }, { files: emptyTree(), flushSequence: 0, atUs: 0 });
  const startMs = performance.now();
  for (const { atUs, changes } of transactions) await kept.commit(changes, atUs);
  const tookMs = performance.now() - startMs;
  await kept.close();
  await destroyDatabase(database);
  return tookMs;
}

async function putRows(name: string, rows: readonly Rows[]): Promise<number> {
  const database = await openDB(name, 1, { upgrade: (opened) => void opened.createObjectStore('rows') });
  let id = 0;
  const startMs = performance.now();
  for (const { durability, extents } of rows) {
    const transaction = database.transaction('rows', 'readwrite', { durability });
    for (const extent of extents) void transaction.store.put(extent, id++);
    await transaction.done;
  }
  const tookMs = performance.now() - startMs;
  database.close();
  await destroyDatabase(name);
  return tookMs;
}
