import type { Codecs } from '../engine/kernel/codecs.ts';
import { batchesBetween } from '../engine/log/read.ts';
import { LOG_SUFFIX } from '../engine/log/file-names.ts';
import { listPaths, readFile, type FileTree } from '../engine/kernel/files.ts';
import { mapGet } from '../engine/kernel/persistent-map.ts';
import { BATCH_OVERHEAD_BYTES, batchSizeBytes, isControlBatch, partitionLeaderEpoch, readRecords } from '../engine/protocol/record-batch.ts';
import type { World } from '../engine/world/world-state.ts';
import type { EnsembleView } from './view.ts';

/** One record as it stands in a replica's log. */
export interface StoredRecord {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly key: string | null;
  /** Null: a tombstone. */
  readonly value: string | null;
}

/**
 * The records that a broker's log of a partition holds, from its start to its end: from memory while it runs, from its files (page
 * cache included) while it does not. Null when it has no such log. A torn end, control records and batches of a codec that is not
 * loaded do not count.
 */
export function recordsOfReplica(world: World, brokerId: number, key: string): readonly StoredRecord[] | null {
  const runner = world.runners.find((one) => one.environment.spec.process.kind === 'kafka' && one.environment.spec.process.config.brokerId === brokerId);
  if (runner === undefined) return null;
  const process = runner.state.process.state;
  const log = process?.kind === 'kafka' && process.state.broker !== null ? mapGet(process.state.broker.partitions, key)?.log : undefined;
  const { codecs } = world;
  if (log !== undefined) return batchesBetween(log, log.logStartOffset, log.logEndOffset).flatMap((batch) => recordsOfBatch(batch, codecs));
  return recordsOfFiles(runner.state.disk.cache, key, codecs);
}

function recordsOfFiles(files: FileTree, key: string, codecs: Codecs): readonly StoredRecord[] | null {
  const paths = listPaths(files, `${key}/`).filter((path) => path.endsWith(LOG_SUFFIX));
  if (paths.length === 0) return null;
  return paths.flatMap((path) => batchesOfFile(readFile(files, path) ?? new Uint8Array(0)).flatMap((batch) => recordsOfBatch(batch, codecs)));
}

function batchesOfFile(bytes: Uint8Array): readonly Uint8Array[] {
  const batches: Uint8Array[] = [];
  let at = 0;
  while (at + BATCH_OVERHEAD_BYTES <= bytes.length) {
    const sizeBytes = batchSizeBytes(bytes.subarray(at));
    if (sizeBytes < BATCH_OVERHEAD_BYTES || at + sizeBytes > bytes.length) break;
    batches.push(bytes.subarray(at, at + sizeBytes));
    at += sizeBytes;
  }
  return batches;
}

const UTF8 = new TextDecoder();

function recordsOfBatch(batch: Uint8Array, codecs: Codecs): readonly StoredRecord[] {
  if (isControlBatch(batch)) return [];
  const read = readRecords(batch, codecs);
  if (!read.ok) return [];
  return read.records.map((record) => ({
    offset: record.offset,
    leaderEpoch: partitionLeaderEpoch(batch),
    key: record.key === null ? null : UTF8.decode(record.key),
    value: record.value === null ? null : UTF8.decode(record.value),
  }));
}

/** The server that leads with a majority of running servers behind it, or null: what a client of the ensemble would find. */
export function quorumLeader(ensemble: EnsembleView): number | null {
  const running = ensemble.servers.filter((server) => server.process === 'running');
  const majority = Math.floor(ensemble.servers.length / 2) + 1;
  if (ensemble.inQuorumCount < majority) return null;
  const leaders = running.filter((server) => server.role === 'leading').sort((a, b) => b.epoch - a.epoch);
  const leader = leaders[0];
  if (leader === undefined) return null;
  const followers = running.filter((server) => server.role === 'following' && server.epoch === leader.epoch);
  return 1 + followers.length >= majority ? leader.serverId : null;
}
