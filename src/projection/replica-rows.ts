import { listPaths, readFile, type FileTree } from '../engine/kernel/files.ts';
import { mapGet, mapValues } from '../engine/kernel/persistent-map.ts';
import { isOffline, type BrokerState } from '../engine/broker/broker-state.ts';
import type { LogDir } from '../engine/broker/logs/log-dirs.ts';
import { leaderOf, type Partition } from '../engine/broker/replication/partition.ts';
import { batchAt, positionAt } from '../engine/log/batch-list.ts';
import { decodeEpochCheckpoint, readOffsetCheckpoint, readText, type CheckpointRead, type PartitionOffset } from '../engine/log/checkpoint-files.ts';
import { LEADER_EPOCH_CHECKPOINT, LOG_SUFFIX, offsetOfFileName, parseLogDirName, REPLICATION_OFFSET_CHECKPOINT } from '../engine/log/file-names.ts';
import { segmentList, type LogState } from '../engine/log/log-state.ts';
import { baseOffset, batchSizeBytes, lastOffset } from '../engine/protocol/record-batch.ts';
import { findPartition } from '../engine/broker/metadata/metadata-cache.ts';
import type { DiskState } from '../engine/machine/contract.ts';
import type { DiskView, EpochSpan, FollowerView, PartitionView, ReplicaView } from './view.ts';

/**
 * A broker's replicas as it knows them. Of one that no controller has told it about since it started it has the files,
 * and they stand for it: what is on the disk is not gone.
 */
export function replicasOfRunning(
  broker: BrokerState,
  disk: { readonly cache: FileTree; readonly device: FileTree },
  order: readonly PartitionView[],
): ReplicaView[] {
  return order.flatMap((truth) => {
    const partition = mapGet(broker.partitions, truth.key);
    if (partition !== undefined) return [replicaOf(broker, partition, disk.device)];
    const failed = isOffline(broker, truth.key);
    const kept = replicasOfFiles(disk, broker.config.logDirs, [truth]);
    if (kept.length === 0 && !failed && !truth.replicas.includes(broker.identity.brokerId)) return [];
    const shown = kept[0] ?? emptyReplica(truth.key);
    return [failed ? { ...shown, role: 'failed' } : shown];
  });
}

function replicaOf(broker: BrokerState, partition: Partition, device: FileTree): ReplicaView {
  const { log, role } = partition;
  const believed = findPartition(broker.metadata, partition.topic, partition.partition);
  return {
    key: partition.key,
    role: role.kind,
    leaderEpoch: partition.leaderEpoch,
    leader: leaderOf(partition, broker.identity.brokerId),
    isr: role.kind === 'leader' ? role.committedIsr : (believed?.isr ?? []),
    logStartOffset: log.logStartOffset,
    highWatermark: log.highWatermark,
    logEndOffset: log.logEndOffset,
    flushedOffset: flushedOffset(log, device),
    epochs: log.leaderEpochs.map((entry): EpochSpan => ({ epoch: entry.epoch, startOffset: entry.startOffset })),
    divergedFrom: null,
    followers:
      role.kind === 'leader'
        ? role.followers.map((follower): FollowerView => ({
            brokerId: follower.brokerId,
            logEndOffset: follower.logEndOffset < 0 ? null : follower.logEndOffset,
            lastCaughtUpUs: follower.lastCaughtUpTimeMs * 1000,
          }))
        : [],
  };
}

function emptyReplica(key: string): ReplicaView {
  return {
    key,
    role: 'none',
    leaderEpoch: -1,
    leader: -1,
    isr: [],
    logStartOffset: 0,
    highWatermark: 0,
    logEndOffset: 0,
    flushedOffset: 0,
    epochs: [],
    divergedFrom: null,
    followers: [],
  };
}

/** The end of the last batch that is whole on the device; segments before the last written one are, too. */
function flushedOffset(log: LogState, device: FileTree): number {
  let flushed = log.logStartOffset;
  for (const segment of segmentList(log)) {
    const onDevice = mapGet(device, segment.paths.log)?.dataEnd ?? 0;
    let low = 0;
    let high = segment.batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const end = middle + 1 < segment.batches.length ? positionAt(segment.batches, middle + 1) : segment.sizeBytes;
      if (end <= onDevice) low = middle + 1;
      else high = middle;
    }
    if (low > 0) flushed = Math.max(flushed, batchAt(segment.batches, low - 1).lastOffset + 1);
    if (low < segment.batches.length) break;
  }
  return flushed;
}

/** What the files of a broker that does not run say. Partial batches at a torn end do not count. */
export function replicasOfFiles(
  disk: { readonly cache: FileTree; readonly device: FileTree },
  logDirs: readonly LogDir[],
  order: readonly PartitionView[],
): ReplicaView[] {
  const dirs = logDirs.map(({ prefix }) => ({ prefix, highWatermarks: readOffsetCheckpoint(disk.cache, prefix + REPLICATION_OFFSET_CHECKPOINT) }));
  return order.flatMap((truth) => dirs.flatMap((dir) => replicaOfFiles(disk, dir, truth) ?? []).slice(0, 1));
}

function replicaOfFiles(
  disk: { readonly cache: FileTree; readonly device: FileTree },
  dir: { readonly prefix: string; readonly highWatermarks: CheckpointRead<PartitionOffset> },
  truth: PartitionView,
): ReplicaView | null {
  const { cache: files, device } = disk;
  const { highWatermarks } = dir;
  const folder = dir.prefix + truth.key;
  const logs = listPaths(files, `${folder}/`).filter((path) => path.endsWith(LOG_SUFFIX));
  if (logs.length === 0 || parseLogDirName(truth.key) === null) return null;
  const first = logs[0] ?? '';
  const logStartOffset = offsetOfFileName(first.slice(folder.length + 1)) ?? 0;
  const epochs = decodeEpochCheckpoint(readText(files, `${folder}/${LEADER_EPOCH_CHECKPOINT}`) ?? '', LEADER_EPOCH_CHECKPOINT);
  const spans = epochs.ok ? epochs.entries.map((entry): EpochSpan => ({ epoch: entry.epoch, startOffset: entry.startOffset })) : [];
  const logEndOffset = endOf(files, logs, logStartOffset);
  const checkpointed = highWatermarks.ok
    ? (highWatermarks.entries.find((entry) => entry.topic === truth.topic && entry.partition === truth.partition)?.offset ?? 0)
    : 0;
  return {
    key: truth.key,
    role: 'none',
    leaderEpoch: spans[spans.length - 1]?.epoch ?? -1,
    leader: -1,
    isr: [],
    logStartOffset,
    highWatermark: Math.min(Math.max(checkpointed, logStartOffset), logEndOffset),
    logEndOffset,
    flushedOffset: endOf(device, logs, logStartOffset),
    epochs: spans,
    divergedFrom: null,
    followers: [],
  };
}

function endOf(files: FileTree, logs: readonly string[], logStartOffset: number): number {
  let end = logStartOffset;
  for (const path of logs) {
    const bytes = readFile(files, path) ?? new Uint8Array(0);
    let at = 0;
    while (at + 61 <= bytes.length) {
      const batch = bytes.subarray(at);
      const size = batchSizeBytes(batch);
      if (size < 61 || at + size > bytes.length || baseOffset(batch) < end) break;
      end = lastOffset(batch) + 1;
      at += size;
    }
  }
  return end;
}

/** What a machine's disk has, what only its page cache has, what it did and what is wrong with it. */
export function diskOf(disk: DiskState): DiskView {
  let flushedBytes = 0;
  for (const file of mapValues(disk.device)) flushedBytes += file.dataEnd;
  const { faults, counters, dirtyBytes } = disk;
  const wrong = faults === null ? null : { freeBytes: faults.freeBytes, failedDirs: faults.failedDirs, slowFactor: faults.slowFactor };
  return { flushedBytes, dirtyBytes, counters, faults: wrong };
}

/** The first offset at which a replica's epochs part from the leader's; null when one is a prefix of the other. */
export function divergence(replica: ReplicaView, leader: ReplicaView): number | null {
  const end = Math.min(replica.logEndOffset, leader.logEndOffset);
  for (let offset = Math.max(replica.logStartOffset, leader.logStartOffset); offset < replica.logEndOffset; offset++) {
    if (offset >= end) return epochAt(replica.epochs, offset) < (leader.epochs[leader.epochs.length - 1]?.epoch ?? -1) ? offset : null;
    if (epochAt(replica.epochs, offset) !== epochAt(leader.epochs, offset)) return offset;
  }
  return null;
}

function epochAt(epochs: readonly EpochSpan[], offset: number): number {
  let epoch = -1;
  for (const span of epochs) if (span.startOffset <= offset) epoch = span.epoch;
  return epoch;
}
