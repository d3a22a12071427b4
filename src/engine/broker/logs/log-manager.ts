import { copyPartition } from '../replication/partition.ts';
import { changed } from '../../kernel/mutable.ts';
import type { DiskError } from '../../kernel/system.ts';
import { listPaths, type FileTree } from '../../kernel/files.ts';
import { emptyMap, mapDelete, mapGet, mapSet, type PersistentMap } from '../../kernel/persistent-map.ts';
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
import { segmentList, updateHighWatermark, type LogState } from '../../log/log-state.ts';
import type { Segment } from '../../log/segment.ts';
import { copyBroker, getPartition, putPartition, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { topicOverrides, type TopicConfigs } from '../metadata/topic-configs.ts';

/** What the disk held at start, opened. */
export interface LoadedLogs {
  readonly logs: PersistentMap<LogState>;
  readonly logsById: PersistentMap<string>;
  readonly nextLogId: number;
  readonly checkpointedHighWatermarks: PersistentMap<Offset>;
  /** By folder. */
  readonly cleanerCheckpoints: PersistentMap<Offset>;
  /** Logs in order of their folders, with what recovery did to each. */
  readonly recoveries: readonly { readonly log: LogState; readonly recovered: Recovered }[];
  /** Bytes that recovery read through. */
  readonly recoveredBytes: number;
}

export type LoadOutcome = { readonly ok: true; readonly loaded: LoadedLogs } | { readonly ok: false; readonly message: string };

export interface LoadFacts {
  readonly cleanShutdown: boolean;
  readonly brokerConfigs: ConfigTexts;
  readonly topicConfigs: TopicConfigs;
}

/** LogManager.loadLogs: opens every partition folder, recovering unless the stop was clean. Checkpoints that cannot be read count as empty. */
export function loadLogs(files: FileTree, facts: LoadFacts, scope: LogScope): LoadOutcome {
  const recoveryPoints = offsetsOf(files, RECOVERY_POINT_CHECKPOINT);
  const logStarts = offsetsOf(files, LOG_START_OFFSET_CHECKPOINT);
  let logs: PersistentMap<LogState> = emptyMap();
  let logsById: PersistentMap<string> = emptyMap();
  let logId = 1;
  let recoveredBytes = 0;
  const recoveries: { log: LogState; recovered: Recovered }[] = [];
  for (const dir of partitionDirs(files)) {
    const problem = logDirProblem(dir);
    if (problem !== null) return { ok: false, message: problem };
    const named = parseLogDirName(dir);
    if (named === null) continue;
    const config = resolveLogConfig(facts.brokerConfigs, topicOverrides(facts.topicConfigs, named.topic));
    const options = {
      ...named,
      logId,
      config,
      cleanShutdown: facts.cleanShutdown,
      recoveryPoint: mapGet(recoveryPoints, dir) ?? 0,
      logStartOffset: mapGet(logStarts, dir) ?? 0,
    };
    const result = loadLog(files, options, scope);
    if (!result.ok) return result;
    logs = mapSet(logs, dir, result.log);
    logsById = mapSet(logsById, String(logId), dir);
    recoveries.push({ log: result.log, recovered: result.recovered });
    for (const segment of recoveredSegments(result.log, result.recovered))
      scope.effects.push({ type: 'read', path: segment.paths.log, position: 0, sizeBytes: segment.sizeBytes, by: 'read' });
    recoveredBytes += bytesRead(result.log, result.recovered);
    logId += 1;
  }
  const checkpointedHighWatermarks = offsetsOf(files, REPLICATION_OFFSET_CHECKPOINT);
  const cleanerCheckpoints = offsetsOf(files, CLEANER_OFFSET_CHECKPOINT);
  return { ok: true, loaded: { logs, logsById, nextLogId: logId, checkpointedHighWatermarks, cleanerCheckpoints, recoveries, recoveredBytes } };
}

function offsetsOf(files: FileTree, path: string): PersistentMap<Offset> {
  const read = readOffsetCheckpoint(files, path);
  const entries: readonly PartitionOffset[] = read.ok ? read.entries : [];
  let offsets: PersistentMap<Offset> = emptyMap();
  for (const entry of entries) offsets = mapSet(offsets, logDirName(entry.topic, entry.partition), entry.offset);
  return offsets;
}

/** Folders with at least one file, sorted. */
function partitionDirs(files: FileTree): readonly string[] {
  const dirs: string[] = [];
  for (const path of listPaths(files)) {
    const slash = path.indexOf('/');
    if (slash > 0 && dirs[dirs.length - 1] !== path.slice(0, slash)) dirs.push(path.slice(0, slash));
  }
  return dirs;
}

function recoveredSegments(log: LogState, recovered: Recovered): readonly Segment[] {
  return segmentList(log).filter((segment) => recovered.segments.includes(segment.baseOffset));
}

function bytesRead(log: LogState, recovered: Recovered): number {
  return recoveredSegments(log, recovered).reduce((sum, segment) => sum + segment.sizeBytes, recovered.discardedBytes);
}

/** The replica's log, as found at start or made now, with its checkpointed high watermark (Partition.createLogIfNotExists). */
export function openLog(
  state: BrokerState,
  named: { readonly topic: string; readonly partition: PartitionId },
  scope: BrokerScope,
): { readonly state: BrokerState; readonly log: LogState } {
  const dir = logDirName(named.topic, named.partition);
  const found = mapGet(state.idleLogs, dir);
  const highWatermark = mapGet(state.checkpointedHighWatermarks, dir) ?? 0;
  if (found !== undefined)
    return { state: changed(copyBroker(state), { idleLogs: mapDelete(state.idleLogs, dir) }), log: updateHighWatermark(found, highWatermark) };
  const config = resolveLogConfig(state.config.texts, topicOverrides(state.topicConfigs, named.topic));
  const log = createLog({ ...named, logId: state.nextLogId, config }, scope);
  const next: BrokerState = changed(copyBroker(state), { nextLogId: state.nextLogId + 1, logsById: mapSet(state.logsById, String(log.logId), dir) });
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
