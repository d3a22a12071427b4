import { changed } from '../kernel/mutable.ts';
import { emptyTree, readFile, type FileTree } from '../kernel/files.ts';
import { arrayFrom, arrayToList, emptyArray } from '../kernel/persistent-array.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { Offset, PartitionId, Uuid } from '../kernel/units.ts';
import { EMPTY_BYTES } from '../kernel/bytes.ts';
import { assert, required } from '../kernel/assert.ts';
import { batchAt, emptyBatches } from './batch-list.ts';
import { decodeEpochCheckpoint, readText } from './checkpoint-files.ts';
import { assignEpochStart, truncateEpochsFromEnd, truncateEpochsFromStart, type EpochCache } from './epoch-cache.ts';
import { LEADER_EPOCH_CHECKPOINT, LOG_SUFFIX, logDirName, offsetOfFileName, SNAPSHOT_SUFFIX } from './file-names.ts';
import { indexProblem } from './index-check.ts';
import { deleteOrphanedIndexes, partitionFiles, settleTemporaryFiles, type Folder } from './load-files.ts';
import type { LogConfig } from './log-config.ts';
import type { LogScope } from './log-scope.ts';
import { writeEpochCheckpoint, type LogState } from './log-state.ts';
import { readPartitionMetadata } from './partition-metadata.ts';
import { sourceOfSegments } from './producer-source.ts';
import {
  emptyProducerStore,
  rebuildProducers,
  removeStraySnapshots,
  restartProducers,
  takeSnapshot,
  type ProducerStore,
  type Snapshot,
} from './producer-store.ts';
import { recoverSegment, scanBatches, type CutReason } from './recovery.ts';
import { retireSegments, retireSegmentSnapshots } from './retire.ts';
import { copySegment, createSegment, emptySegment, nextOffset, preallocateIndexes, type Segment } from './segment.ts';
import { decodeOffsetIndex, decodeTimeIndex, lastTimeEntry } from './segment-index.ts';
import { decodeTxnIndex } from './txn-index.ts';

export interface LoadOptions {
  readonly topic: string;
  readonly partition: PartitionId;
  /** What stands before the folder's name in paths: the log dir with a slash, where there are several; else empty. */
  readonly parent?: string;
  /** Number of this log within its broker, from 1, never used twice in one life of the process. */
  readonly logId: number;
  readonly config: LogConfig;
  /** Whether `.kafka_cleanshutdown` was there. */
  readonly cleanShutdown: boolean;
  /** From the checkpoint files; 0 when they have no entry. */
  readonly recoveryPoint: Offset;
  readonly logStartOffset: Offset;
}

/** What recovery found; all zero and empty after a clean stop. */
export interface Recovered {
  /** Base offsets of the segments that were read through. */
  readonly segments: readonly Offset[];
  /** Bytes cut off at the first bad batch, with those of the later segments that went with it. */
  readonly discardedBytes: number;
  /** The first bad batch: where it stood, and why it was bad. Null when nothing was cut. */
  readonly cut: { readonly reason: CutReason; readonly segmentBaseOffset: Offset; readonly position: number } | null;
  /** Why segments had to be read through for their indexes' sake, in Kafka's words. */
  readonly indexProblems: readonly string[];
}

const NOTHING_RECOVERED: Recovered = { segments: [], discardedBytes: 0, cut: null, indexProblems: [] };

export type LoadResult = { readonly ok: true; readonly log: LogState; readonly recovered: Recovered } | LoadRefusal;

/** IOException: Kafka takes the log dir offline (KAFKA_STORAGE_ERROR). KafkaException, or another that nobody catches: the broker does not start. */
export interface LoadRefusal {
  readonly ok: false;
  readonly exception: 'IOException' | 'KafkaException';
  readonly message: string;
}

/** A log without files yet: as `loadLog` of an empty folder (LogManager.getOrCreateLog). */
export function createLog(options: Pick<LoadOptions, 'topic' | 'partition' | 'parent' | 'logId' | 'config'>, scope: LogScope): LogState {
  const loaded = loadLog(emptyTree(), { ...options, cleanShutdown: true, recoveryPoint: 0, logStartOffset: 0 }, scope);
  assert(loaded.ok, 'an empty folder to load');
  return loaded.log;
}

/**
 * Opens the log of one partition from its files (LogLoader.load): settles temporary files, opens the segments, recovers those from
 * the recovery point on unless the stop was clean, and brings epoch cache and producer state in line with what is left.
 * The high watermark starts at logStartOffset; the caller sets the checkpointed one.
 */
export function loadLog(files: FileTree, options: LoadOptions, scope: LogScope): LoadResult {
  const dir = (options.parent ?? '') + logDirName(options.topic, options.partition);
  const metadata = readPartitionMetadata(files, dir);
  if (!metadata.ok) return { ok: false, exception: 'IOException', message: metadata.message };
  const epochs = readEpochs(files, dir, scope);
  if (!epochs.ok) return epochs;
  const folder = settleTemporaryFiles({ dir, files, names: partitionFiles(files, dir) }, scope);
  deleteOrphanedIndexes(folder, scope);
  const loading = openSegments(folder, { ...options, leaderEpochs: epochs.entries }, scope);
  if (typeof loading === 'string') return { ok: false, exception: 'KafkaException', message: loading };
  const recovered = options.cleanShutdown ? loading : recoverUnflushed(loading, folder.files, scope);
  return { ok: true, log: finish(recovered, { topicId: metadata.topicId, storedEpochs: epochs.entries }, scope), recovered: recovered.recovered };
}

interface Loading extends LoadOptions {
  readonly dir: string;
  readonly segments: readonly Segment[];
  readonly leaderEpochs: EpochCache;
  readonly snapshots: readonly Snapshot[];
  readonly recovered: Recovered;
  /** Segments that are not part of the log any more; their files are renamed when the state exists. */
  readonly doomed: readonly Segment[];
}

function readEpochs(files: FileTree, dir: string, scope: LogScope): { readonly ok: true; readonly entries: EpochCache } | LoadRefusal {
  const path = `${dir}/${LEADER_EPOCH_CHECKPOINT}`;
  const text = readText(files, path);
  // Kafka creates the file empty as soon as it looks for it.
  if (text === null) scope.effects.push({ type: 'append', path, bytes: EMPTY_BYTES });
  const read = decodeEpochCheckpoint(text ?? '', path);
  if (!read.ok) return { ok: false, exception: 'IOException', message: read.message };
  const impossible = read.entries.find((entry) => entry.epoch < 0 || entry.startOffset < 0);
  if (impossible !== undefined) {
    const shown = `EpochEntry(epoch=${impossible.epoch}, startOffset=${impossible.startOffset})`;
    return { ok: false, exception: 'KafkaException', message: `Received invalid partition leader epoch entry ${shown}` };
  }
  let entries: EpochCache = [];
  for (const entry of read.entries) entries = assignEpochStart(entries, entry);
  return { ok: true, entries };
}

/** All segments in order of their names; a message where Kafka gives up. `Simplified:` a damaged header ends a segment at any start. */
function openSegments(folder: Folder, options: LoadOptions & { readonly leaderEpochs: EpochCache }, scope: LogScope): Loading | string {
  const { dir, files } = folder;
  let loading: Loading = { ...options, dir, segments: [], snapshots: snapshotsOf(folder), recovered: NOTHING_RECOVERED, doomed: [] };
  const bases = segmentBases(folder);
  const recoverFrom = options.cleanShutdown ? Infinity : floorBase(bases, options.recoveryPoint);
  for (const [index, base] of bases.entries()) {
    const nextBaseOffset = bases[index + 1] ?? Infinity;
    const segment = emptySegment(dir, base, options.config, scope.context);
    const opened = openSegment(files, segment, { cleanShutdown: options.cleanShutdown, recoveredLater: base >= recoverFrom, nextBaseOffset }, scope);
    if (opened.how === 'refused') return opened.message;
    if (opened.how === 'asItIs') loading = { ...loading, segments: [...loading.segments, opened.segment] };
    else
      loading = recoverOne(
        withIndexProblem(loading, opened.problem),
        { segment: opened.segment, position: loading.segments.length, nextBaseOffset },
        files,
        scope,
      );
  }
  return loading;
}

/** Base of the segment that holds an offset: the first one that an unclean start reads through. */
function floorBase(bases: readonly Offset[], offset: Offset): Offset {
  let floor = 0;
  for (const base of bases) if (base <= offset) floor = base;
  return floor;
}

function segmentBases({ names }: Folder): readonly Offset[] {
  const bases: Offset[] = [];
  for (const name of names) {
    const base = offsetOfFileName(name);
    if (base !== null && name.endsWith(LOG_SUFFIX)) bases.push(base);
  }
  return bases;
}

function withIndexProblem(loading: Loading, problem: string | null): Loading {
  if (problem === null) return loading;
  return { ...loading, recovered: { ...loading.recovered, indexProblems: [...loading.recovered.indexProblems, problem] } };
}

function snapshotsOf({ dir, files, names }: Folder): readonly Snapshot[] {
  const snapshots: Snapshot[] = [];
  for (const name of names) {
    const offset = offsetOfFileName(name);
    if (offset !== null && name.endsWith(SNAPSHOT_SUFFIX)) snapshots.push({ offset, bytes: readFile(files, `${dir}/${name}`) ?? EMPTY_BYTES });
  }
  return snapshots;
}

type OpenedSegment =
  | { readonly how: 'asItIs'; readonly segment: Segment }
  /** `problem` tells of an index; null when it is the `.log` that must be read through. */
  | { readonly how: 'toRecover'; readonly segment: Segment; readonly problem: string | null }
  | { readonly how: 'refused'; readonly message: string };

/** The segment as its files have it, unless an index is missing or corrupt: then it must be recovered (LogSegment.sanityCheck). */
function openSegment(
  files: FileTree,
  empty: Segment,
  start: { readonly cleanShutdown: boolean; readonly recoveredLater: boolean; readonly nextBaseOffset: Offset },
  scope: LogScope,
): OpenedSegment {
  const { baseOffset, paths } = empty;
  const txnBytes = readFile(files, paths.txnIndex);
  const segment: Segment = changed(copySegment(empty), { txnIndex: txnBytes === null ? null : [] });
  const indexBytes = readFile(files, paths.index);
  if (indexBytes === null) return { how: 'toRecover', segment, problem: `Offset index file ${paths.index} does not exist` };
  const txns = decodeTxnIndex(txnBytes ?? EMPTY_BYTES, { path: paths.txnIndex, baseOffset });
  if (!txns.ok) return txns.reason === 'corrupt' ? { how: 'toRecover', segment, problem: txns.message } : { how: 'refused', message: txns.message };
  const timeIndexBytes = readFile(files, paths.timeIndex);
  if (timeIndexBytes === null) scope.effects.push({ type: 'resize', path: paths.timeIndex, sizeBytes: 0 });
  const file = readFile(files, paths.log) ?? EMPTY_BYTES;
  // What recovery will read through is not looked at before.
  const { batches, sizeBytes } = start.recoveredLater
    ? { batches: emptyBatches(), sizeBytes: file.length }
    : scanBatches(file, { from: baseOffset, below: start.nextBaseOffset });
  const timeIndex = decodeTimeIndex(timeIndexBytes ?? EMPTY_BYTES, baseOffset);
  const last = lastTimeEntry(timeIndex, baseOffset);
  const opened: Segment = changed(copySegment(segment), {
    batches,
    sizeBytes,
    offsetIndex: decodeOffsetIndex(indexBytes, baseOffset),
    timeIndex,
    txnIndex: txnBytes === null ? null : txns.entries,
    indexFiles: 'trimmed',
    maxTimestampMs: last.timestampMs,
    offsetOfMaxTimestamp: last.offset,
    rollingTimestampMs: batches.length === 0 ? null : batchAt(batches, 0).maxTimestampMs,
  });
  if (start.recoveredLater) return { how: 'asItIs', segment: opened };
  const problem = indexProblem(opened, { index: fileSizeBytes(files, paths.index), timeIndex: fileSizeBytes(files, paths.timeIndex) });
  if (problem !== null) return { how: 'toRecover', segment, problem };
  // Only a damaged file ends in garbage after a clean stop; the next append must not land behind it.
  if (start.cleanShutdown && sizeBytes < file.length) return { how: 'toRecover', segment, problem: null };
  return { how: 'asItIs', segment: opened };
}

function fileSizeBytes(files: FileTree, path: string): number {
  return mapGet(files, path)?.sizeBytes ?? 0;
}

/** Recovers a segment and leaves a producer snapshot behind it, so that the next one can start from there (LogLoader.recoverSegment). */
function recoverOne(
  loading: Loading,
  at: { readonly segment: Segment; readonly position: number; readonly nextBaseOffset: Offset },
  files: FileTree,
  scope: LogScope,
): Loading {
  const { dir, config, logStartOffset } = loading;
  const { segment, position } = at;
  const before = sourceOfSegments(loading.segments, logStartOffset);
  const goal = { dir, lastOffset: segment.baseOffset, reloadFromCleanShutdown: false, source: before };
  const producers = rebuildProducers(emptyProducerStore(loading.snapshots), goal, scope);
  const seenBefore = loading.recovered.segments.includes(segment.baseOffset);
  const whole = readFile(files, segment.paths.log) ?? EMPTY_BYTES;
  const file = seenBefore ? whole.subarray(0, segment.sizeBytes) : whole;
  const outcome = recoverSegment(segment, { file, nextBaseOffset: at.nextBaseOffset, leaderEpochs: loading.leaderEpochs, producers, config }, scope);
  const { segment: sound, leaderEpochs, truncatedBytes, cut } = outcome;
  const { snapshots } = takeSnapshot(outcome.producers, dir, scope).store;
  return {
    ...loading,
    segments: [...loading.segments.slice(0, position), sound, ...loading.segments.slice(position + 1)],
    leaderEpochs,
    snapshots,
    recovered: {
      segments: seenBefore ? loading.recovered.segments : [...loading.recovered.segments, segment.baseOffset],
      discardedBytes: loading.recovered.discardedBytes + truncatedBytes,
      cut: loading.recovered.cut ?? (cut === null ? null : { reason: cut, segmentBaseOffset: segment.baseOffset, position: sound.sizeBytes }),
      indexProblems: loading.recovered.indexProblems,
    },
  };
}

/** After an unclean stop: every segment from the one that holds the recovery point; when one lost bytes, all later ones go. */
function recoverUnflushed(loading: Loading, files: FileTree, scope: LogScope): Loading {
  let current = loading;
  const below = current.segments.filter((segment) => segment.baseOffset <= loading.recoveryPoint).length;
  for (let position = Math.max(0, below - 1); position < current.segments.length; position++) {
    const before = current.recovered.discardedBytes;
    const segment = required(current.segments[position], 'a segment to recover');
    const nextBaseOffset = current.segments[position + 1]?.baseOffset ?? Infinity;
    current = recoverOne(current, { segment, position, nextBaseOffset }, files, scope);
    if (current.recovered.discardedBytes > before) return discardAfter(current, position);
  }
  return current;
}

function discardAfter(loading: Loading, position: number): Loading {
  const doomed = loading.segments.slice(position + 1);
  const lostBytes = doomed.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  return {
    ...loading,
    segments: loading.segments.slice(0, position + 1),
    doomed,
    recovered: { ...loading.recovered, discardedBytes: loading.recovered.discardedBytes + lostBytes },
  };
}

function finish(loading: Loading, found: { readonly topicId: Uuid | null; readonly storedEpochs: EpochCache }, scope: LogScope): LogState {
  const last = loading.segments[loading.segments.length - 1];
  const keep = last !== undefined && nextOffset(last) >= loading.logStartOffset;
  // Segments that end below logStartOffset mean that newer files are gone: nothing of them can be used.
  const segments = keep ? loading.segments : [];
  const doomed = keep ? loading.doomed : [...loading.segments, ...loading.doomed];
  const log = initialState(loading, { segments, topicId: found.topicId }, scope);
  const retired = retireSegments(log, doomed, scope);
  const active = preallocateIndexes(keep ? log.active : createSegment(loading.dir, loading.logStartOffset, loading.config, scope), scope);
  const settled = retireSegmentSnapshots(
    { ...retired, active },
    doomed.map((segment) => segment.baseOffset),
    scope,
  );
  const leaderEpochs = settleEpochs(settled, loading.logStartOffset, keep);
  if (!sameEpochs(leaderEpochs, found.storedEpochs)) writeEpochCheckpoint(loading.dir, leaderEpochs, scope);
  const producers = loadProducers(settled, { cleanShutdown: loading.cleanShutdown, restart: last !== undefined && !keep }, scope);
  return { ...settled, leaderEpochs, producers };
}

function initialState(loading: Loading, found: { readonly segments: readonly Segment[]; readonly topicId: Uuid | null }, scope: LogScope): LogState {
  const { topic, partition, logId, config, dir } = loading;
  const active = found.segments[found.segments.length - 1] ?? emptySegment(dir, loading.logStartOffset, config, scope.context);
  const logEndOffset = nextOffset(active);
  const logStartOffset = Math.max(loading.logStartOffset, found.segments[0]?.baseOffset ?? active.baseOffset);
  const flushed = loading.cleanShutdown && found.segments.length > 0 ? logEndOffset : Math.min(loading.recoveryPoint, logEndOffset);
  return {
    dir,
    topic,
    partition,
    topicId: found.topicId,
    logId,
    config,
    rolled: found.segments.length > 1 ? arrayFrom(found.segments.slice(0, -1)) : emptyArray(),
    active,
    logStartOffset,
    logEndOffset,
    highWatermark: logStartOffset,
    recoveryPoint: Math.max(flushed, logStartOffset),
    leaderEpochs: loading.leaderEpochs,
    producers: emptyProducerStore(loading.snapshots),
    pendingFlushes: [],
    nextOperation: 0,
    lastFlushedMs: scope.context.nowMs,
    deletions: [],
  };
}

/** The file may hold epochs beyond the end (its cuts are not awaited) and below the start. */
function settleEpochs(log: LogState, logStartOffsetCheckpoint: Offset, keep: boolean): EpochCache {
  const upToEnd = truncateEpochsFromEnd(keep ? log.leaderEpochs : [], log.logEndOffset);
  return truncateEpochsFromStart(upToEnd, logStartOffsetCheckpoint);
}

function sameEpochs(a: EpochCache, b: EpochCache): boolean {
  return a.length === b.length && a.every((entry, i) => entry.epoch === b[i]?.epoch && entry.startOffset === b[i]?.startOffset);
}

function loadProducers(log: LogState, how: { readonly cleanShutdown: boolean; readonly restart: boolean }, scope: LogScope): ProducerStore {
  const segments = [...arrayToList(log.rolled), log.active];
  const bases = segments.map((segment) => segment.baseOffset);
  const known = how.restart ? restartProducers(log.producers, log.dir, log.logStartOffset, scope) : log.producers;
  const tidy = removeStraySnapshots(known, log.dir, bases, scope);
  const goal = {
    dir: log.dir,
    lastOffset: log.logEndOffset,
    reloadFromCleanShutdown: how.cleanShutdown,
    source: sourceOfSegments(segments, log.logStartOffset),
  };
  return rebuildProducers(tidy, goal, scope);
}
