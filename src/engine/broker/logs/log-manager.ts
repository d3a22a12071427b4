import { copyPartition } from '../replication/partition.ts';
import { changed } from '../../kernel/mutable.ts';
import type { DiskError } from '../../kernel/system.ts';
import { listPaths, type FileTree } from '../../kernel/files.ts';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from '../../kernel/persistent-map.ts';
import type { Offset, PartitionId } from '../../kernel/units.ts';
import { readOffsetCheckpoint, type PartitionOffset } from '../../log/checkpoint-files.ts';
import {
  CLEANER_OFFSET_CHECKPOINT,
  logDirName,
  logDirProblem,
  LOG_START_OFFSET_CHECKPOINT,
  parseLogDirName,
  RECOVERY_POINT_CHECKPOINT,
  REPLICATION_OFFSET_CHECKPOINT,
} from '../../log/file-names.ts';
import { logIdOfOperation, onFlushDone } from '../../log/flush.ts';
import { createLog, loadLog, type Recovered } from '../../log/load.ts';
import { resolveLogConfig, type ConfigTexts } from '../../log/log-config.ts';
import type { LogScope } from '../../log/log-scope.ts';
import { logName, segmentList, updateHighWatermark, type LogState } from '../../log/log-state.ts';
import type { Segment } from '../../log/segment.ts';
import { copyBroker, getPartition, putPartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { topicOverrides, type TopicConfigs } from '../metadata/topic-configs.ts';
import { allLogs } from './checkpoints.ts';
import { nextLogDir, type LogDir, type LogDirs } from './log-dirs.ts';

export interface LoadedLog {
  readonly log: LogState;
  readonly recovered: Recovered;
  /** Whether the mark of a clean stop lay in its log dir. */
  readonly cleanShutdown: boolean;
}

/** What the disk held at start, opened. */
export interface LoadedLogs {
  readonly logs: PersistentMap<LogState>;
  readonly logsById: PersistentMap<string>;
  readonly nextLogId: number;
  readonly checkpointedHighWatermarks: PersistentMap<Offset>;
  /** By folder. */
  readonly cleanerCheckpoints: PersistentMap<Offset>;
  readonly logDirs: LogDirs;
  /** Logs in order of their folders, with what recovery did to each. */
  readonly recoveries: readonly LoadedLog[];
  /** Bytes that recovery read through. */
  readonly recoveredBytes: number;
}

/** A log dir that cannot be loaded (an IOException) ends the start only if it is the last one. */
export type LoadOutcome =
  { readonly ok: true; readonly loaded: LoadedLogs } | { readonly ok: false; readonly message: string; readonly failedDir: LogDir | null };

export interface LoadFacts {
  readonly logDirs: LogDirs;
  /** Those of the serving log dirs whose last stop was clean. */
  readonly cleanDirs: readonly LogDir[];
  readonly brokerConfigs: ConfigTexts;
  readonly topicConfigs: TopicConfigs;
}

/** LogManager.loadLogs: opens every partition folder, recovering unless the stop was clean. */
export function loadLogs(files: FileTree, facts: LoadFacts, scope: LogScope): LoadOutcome {
  const loading: Loading = {
    logs: emptyMap(),
    logsById: emptyMap(),
    nextLogId: 1,
    checkpointedHighWatermarks: emptyMap(),
    cleanerCheckpoints: emptyMap(),
    logDirs: facts.logDirs,
    recoveries: [],
    recoveredBytes: 0,
  };
  for (const dir of facts.logDirs.online) {
    const problem = loadDir(loading, { dir, files, facts }, scope);
    if (problem !== null) return problem;
  }
  return { ok: true, loaded: loading };
}

/** Loaded logs in the making. */
type Loading = { -readonly [Field in keyof LoadedLogs]: LoadedLogs[Field] } & { readonly recoveries: LoadedLog[] };

interface DirToLoad {
  readonly dir: LogDir;
  readonly files: FileTree;
  readonly facts: LoadFacts;
}

/** One log dir with its checkpoints; what keeps the broker from it, or null. */
function loadDir(loading: Loading, { dir, files, facts }: DirToLoad, scope: LogScope): Extract<LoadOutcome, { ok: false }> | null {
  const { prefix } = dir;
  const unreadable = OFFSET_CHECKPOINTS.flatMap((name) => checkpointProblem(files, prefix + name) ?? [])[0];
  if (unreadable !== undefined) return { ok: false, message: unreadable, failedDir: dir };
  const recoveryPoints = offsetsOf(files, prefix + RECOVERY_POINT_CHECKPOINT);
  const logStarts = offsetsOf(files, prefix + LOG_START_OFFSET_CHECKPOINT);
  const cleanShutdown = facts.cleanDirs.includes(dir);
  for (const key of partitionDirs(files, prefix)) {
    const problem = logDirProblem(key);
    if (problem !== null) return { ok: false, message: problem, failedDir: null };
    const named = parseLogDirName(key);
    if (named === null) continue;
    const twice = mapGet(loading.logs, key);
    if (twice !== undefined) return { ok: false, message: duplicateLogs(key, [twice.dir, prefix + key]), failedDir: null };
    const options = {
      ...named,
      parent: prefix,
      logId: loading.nextLogId,
      config: resolveLogConfig(facts.brokerConfigs, topicOverrides(facts.topicConfigs, named.topic)),
      cleanShutdown,
      recoveryPoint: mapGet(recoveryPoints, key) ?? 0,
      logStartOffset: mapGet(logStarts, key) ?? 0,
    };
    const result = loadLog(files, options, scope);
    if (!result.ok) return { ok: false, message: result.message, failedDir: result.exception === 'IOException' ? dir : null };
    takeLog(loading, { log: result.log, recovered: result.recovered, cleanShutdown }, scope);
  }
  loading.checkpointedHighWatermarks = withAll(loading.checkpointedHighWatermarks, offsetsOf(files, prefix + REPLICATION_OFFSET_CHECKPOINT));
  loading.cleanerCheckpoints = withAll(loading.cleanerCheckpoints, offsetsOf(files, prefix + CLEANER_OFFSET_CHECKPOINT));
  return null;
}

function takeLog(loading: Loading, loaded: LoadedLog, scope: LogScope): void {
  const { log, recovered } = loaded;
  loading.logs = mapSet(loading.logs, logName(log), log);
  loading.logsById = mapSet(loading.logsById, String(log.logId), logName(log));
  loading.nextLogId += 1;
  loading.recoveries.push(loaded);
  for (const segment of recoveredSegments(log, recovered))
    scope.effects.push({ type: 'read', path: segment.paths.log, position: 0, sizeBytes: segment.sizeBytes, by: 'read' });
  loading.recoveredBytes += bytesRead(log, recovered);
}

/** LogManager.loadLog: one partition in two log dirs. */
function duplicateLogs(key: string, dirs: readonly string[]): string {
  return `Duplicate log directories for ${key} are found in both ${dirs.join(' and ')}. It is likely because log directory failure happened while broker was replacing current replica with future replica.`;
}

function withAll(offsets: PersistentMap<Offset>, others: PersistentMap<Offset>): PersistentMap<Offset> {
  let all = offsets;
  for (const [key, offset] of mapEntries(others)) all = mapSet(all, key, offset);
  return all;
}

const OFFSET_CHECKPOINTS = [RECOVERY_POINT_CHECKPOINT, LOG_START_OFFSET_CHECKPOINT, REPLICATION_OFFSET_CHECKPOINT, CLEANER_OFFSET_CHECKPOINT];

/** A checkpoint that cannot be read takes its log dir offline (CheckpointFileWithFailureHandler.read). */
function checkpointProblem(files: FileTree, path: string): string | null {
  const read = readOffsetCheckpoint(files, path);
  return read.ok ? null : read.message;
}

function offsetsOf(files: FileTree, path: string): PersistentMap<Offset> {
  const read = readOffsetCheckpoint(files, path);
  const entries: readonly PartitionOffset[] = read.ok ? read.entries : [];
  let offsets: PersistentMap<Offset> = emptyMap();
  for (const entry of entries) offsets = mapSet(offsets, logDirName(entry.topic, entry.partition), entry.offset);
  return offsets;
}

/** Folders of a log dir with at least one file, sorted. */
function partitionDirs(files: FileTree, prefix: string): readonly string[] {
  const dirs: string[] = [];
  for (const path of listPaths(files, prefix)) {
    const slash = path.indexOf('/', prefix.length);
    const dir = path.slice(prefix.length, Math.max(prefix.length, slash));
    if (dir !== '' && dirs[dirs.length - 1] !== dir) dirs.push(dir);
  }
  return dirs;
}

function recoveredSegments(log: LogState, recovered: Recovered): readonly Segment[] {
  return segmentList(log).filter((segment) => recovered.segments.includes(segment.baseOffset));
}

function bytesRead(log: LogState, recovered: Recovered): number {
  return recoveredSegments(log, recovered).reduce((sum, segment) => sum + segment.sizeBytes, recovered.discardedBytes);
}

/**
 * The replica's log, as found at start or made now in the log dir with the fewest, with its checkpointed high watermark
 * (Partition.createLogIfNotExists). Null where Kafka throws KafkaStorageException: while a log dir is offline the log of a replica that is
 * not new may lie in it.
 */
export function openLog(
  state: BrokerState,
  named: { readonly topic: string; readonly partition: PartitionId; readonly isNew: boolean },
  scope: BrokerScope,
): { readonly state: BrokerState; readonly log: LogState } | null {
  const { topic, partition } = named;
  const key = logDirName(topic, partition);
  const found = mapGet(state.idleLogs, key);
  const highWatermark = mapGet(state.checkpointedHighWatermarks, key) ?? 0;
  if (found !== undefined)
    return { state: changed(copyBroker(state), { idleLogs: mapDelete(state.idleLogs, key) }), log: updateHighWatermark(found, highWatermark) };
  const dir = nextLogDir(state.logDirs, allLogs(state));
  if (dir === undefined || (!named.isNew && state.logDirs.offline.length > 0)) return null;
  const config = resolveLogConfig(state.config.texts, topicOverrides(state.topicConfigs, topic));
  const log = createLog({ topic, partition, parent: dir.prefix, logId: state.nextLogId, config }, scope);
  const next: BrokerState = changed(copyBroker(state), { nextLogId: state.nextLogId + 1, logsById: mapSet(state.logsById, String(log.logId), key) });
  return { state: next, log: updateHighWatermark(log, highWatermark) };
}

/** A flush of some log is done; its recovery point follows. */
export function onLogFlushed(state: BrokerState, done: { readonly operation: number; readonly error: DiskError | null }, scope: BrokerScope): BrokerState {
  const dir = mapGet(state.logsById, String(logIdOfOperation(done.operation)));
  if (dir === undefined) return state;
  const partition = getPartition(state, dir);
  if (partition !== null) return putPartition(state, changed(copyPartition(partition), { log: onFlushDone(partition.log, done.operation, done.error, scope) }));
  const idle = mapGet(state.idleLogs, dir);
  return idle === undefined
    ? state
    : changed(copyBroker(state), { idleLogs: mapSet(state.idleLogs, dir, onFlushDone(idle, done.operation, done.error, scope)) });
}
