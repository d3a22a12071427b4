import { assert } from '../kernel/assert.ts';
import { MAX_INT, type Offset, type PartitionId } from '../kernel/units.ts';

/** Names in a log dir and in a partition's folder (LogFileUtils, LocalLog, LeaderEpochCheckpointFile, PartitionMetadataFile). */
export const LOG_SUFFIX = '.log';
export const INDEX_SUFFIX = '.index';
export const TIME_INDEX_SUFFIX = '.timeindex';
export const TXN_INDEX_SUFFIX = '.txnindex';
export const SNAPSHOT_SUFFIX = '.snapshot';
export const DELETED_SUFFIX = '.deleted';
export const CLEANED_SUFFIX = '.cleaned';
export const SWAP_SUFFIX = '.swap';
export const LEADER_EPOCH_CHECKPOINT = 'leader-epoch-checkpoint';
export const PARTITION_METADATA = 'partition.metadata';
export const REPLICATION_OFFSET_CHECKPOINT = 'replication-offset-checkpoint';
export const RECOVERY_POINT_CHECKPOINT = 'recovery-point-offset-checkpoint';
export const LOG_START_OFFSET_CHECKPOINT = 'log-start-offset-checkpoint';
export const CLEANER_OFFSET_CHECKPOINT = 'cleaner-offset-checkpoint';
export const META_PROPERTIES = 'meta.properties';
export const CLEAN_SHUTDOWN_FILE = '.kafka_cleanshutdown';
export const LOCK_FILE = '.lock';

const OFFSET_DIGITS = 20;

/** `00000000000000368769` for 368769. */
export function filenamePrefix(offset: Offset): string {
  assert(offset >= 0, `an offset of 0 or more, got ${offset}`);
  return String(offset).padStart(OFFSET_DIGITS, '0');
}

/** The offset a file is named after, or null when its name starts with no number (`leader-epoch-checkpoint`). */
export function offsetOfFileName(name: string): Offset | null {
  const dot = name.indexOf('.');
  const digits = dot < 0 ? name : name.slice(0, dot);
  return /^\d+$/.test(digits) ? Number(digits) : null;
}

/** `orders-0`, the folder of one partition. */
export function logDirName(topic: string, partition: PartitionId): string {
  let names = dirNames.get(topic);
  if (names === undefined) dirNames.set(topic, (names = []));
  return (names[partition] ??= `${topic}-${partition}`);
}

/** Names asked for with every request; a cache of pure values. */
const dirNames = new Map<string, string[]>();

/** Topic and partition of a folder name, or null for a name that no partition has (`orders-0.1b2…-delete` included). */
export function parseLogDirName(name: string): { readonly topic: string; readonly partition: PartitionId } | null {
  const match = /^(.+)-(\d+)$/.exec(name);
  const topic = match?.[1];
  const partition = match?.[2];
  return topic === undefined || partition === undefined || Number(partition) > MAX_INT ? null : { topic, partition: Number(partition) };
}

const MARKED_DIR = /^\S+-\S+\.\S+-(delete|future|stray)$/;

/**
 * What Kafka says of a folder in a log dir that is no partition's, nor one marked for deletion, a move or as stray; the broker does not
 * start then. Null for a folder that may be there (LocalLog.parseTopicPartitionName).
 */
export function logDirProblem(name: string): string | null {
  const isMarked = /-(delete|future|stray)$/.test(name);
  const stem = isMarked ? name.slice(0, Math.max(0, name.lastIndexOf('.'))) : name;
  if (parseLogDirName(stem) !== null && (!isMarked || MARKED_DIR.test(name))) return null;
  return (
    `Found directory ${name}, '${name}' is not in the form of topic-partition or topic-partition.uniqueId-delete (if marked for deletion).\n` +
    "Kafka's log directories (and children) should only contain Kafka topic data."
  );
}

/** Paths of the files that make up a segment. Kept in the segment, as they are needed at each append. */
export interface SegmentPaths {
  readonly log: string;
  readonly index: string;
  readonly timeIndex: string;
  readonly txnIndex: string;
}

export function segmentPaths(dir: string, baseOffset: Offset): SegmentPaths {
  const stem = `${dir}/${filenamePrefix(baseOffset)}`;
  return { log: stem + LOG_SUFFIX, index: stem + INDEX_SUFFIX, timeIndex: stem + TIME_INDEX_SUFFIX, txnIndex: stem + TXN_INDEX_SUFFIX };
}

export function snapshotPath(dir: string, offset: Offset): string {
  return `${dir}/${filenamePrefix(offset)}${SNAPSHOT_SUFFIX}`;
}
