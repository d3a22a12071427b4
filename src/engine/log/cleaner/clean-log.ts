import { changed } from '../../kernel/mutable.ts';
import { assert } from '../../kernel/assert.ts';
import { arrayFrom, arrayToList } from '../../kernel/persistent-array.ts';
import { EMPTY_BYTES } from '../../kernel/bytes.ts';
import { MAX_INT, type Offset } from '../../kernel/units.ts';
import { isControlBatch, readRecords } from '../../protocol/record-batch.ts';
import { batchEntry } from '../batch-header.ts';
import { bytesAt, lastOffsetAt, type BatchEntry } from '../batch-list.ts';
import { CLEANED_SUFFIX, SWAP_SUFFIX } from '../file-names.ts';
import type { LogScope } from '../log-scope.ts';
import { copyLog, segmentList, type LogState } from '../log-state.ts';
import { retireSegments, retireSegmentSnapshots } from '../retire.ts';
import { appendToSegment, copySegment, emptySegment, filesOfSegment, preallocateIndexes, sealIndexes, type BatchSet, type Segment } from '../segment.ts';
import { NO_TIMESTAMP, OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES } from '../segment-index.ts';
import { abortedBetween } from '../read.ts';
import { encodeTxnIndex } from '../txn-index.ts';
import { segmentsBetween, type Cleanable } from './cleanable.ts';
import type { CleanerConfig } from './cleaner-config.ts';
import {
  addAborted,
  isDiscardable,
  newCleanedTransactions,
  NO_TRANSACTIONS_UNDER_WAY,
  transactionsUnderWay,
  type CleanedTransactions,
  type TransactionsUnderWay,
} from './cleaned-transactions.ts';
import { filterBatch, type CleanerStats, type RecordFilter } from './filter-batches.ts';
import { newOffsetMap, putOffset, type OffsetMap } from './offset-map.ts';

/** What a cleaning will do: which records are newer, and which segments become one. Nothing of it changes any more. */
export interface CleaningPlan {
  readonly map: Readonly<OffsetMap>;
  /** One past the last offset that the map holds: the new first dirty offset. */
  readonly endOffset: Offset;
  /** Base offsets of the segments of each group. */
  readonly groups: readonly (readonly Offset[])[];
}

/** How much a cleaning has read and kept so far. */
export interface CleaningStats extends Readonly<CleanerStats> {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export const NO_CLEANING_STATS: CleaningStats = { records: 0, kept: 0, tombstones: 0, unreadable: 0, bytesBefore: 0, bytesAfter: 0 };

/** The segment that takes the place of a group, as `.cleaned` files. */
export interface CleanedGroup {
  readonly segment: Segment;
  readonly bases: readonly Offset[];
  readonly stats: CleaningStats;
  /** Transactions that the next group goes on with. */
  readonly transactions: TransactionsUnderWay;
}

/**
 * First half of a cleaning (Cleaner.doClean): the newest offset of each key in the dirty part is mapped, and everything below the end of
 * that is divided into groups. Offsets never change; the active segment is never touched.
 */
export function planCleaning(log: LogState, cleanable: Cleanable, config: CleanerConfig, scope: LogScope): CleaningPlan {
  const map = mapOffsets(log, cleanable, config, scope);
  const endOffset = map.latestOffset + 1;
  const groups = groupSegments(segmentsBetween(log, 0, endOffset), log, cleanable.firstUncleanableOffset);
  return { map, endOffset, groups: groups.map((group) => group.map((segment) => segment.baseOffset)) };
}

/** All of a cleaning in one go, on a disk that is never late. */
export function cleanLog(
  log: LogState,
  cleanable: Cleanable,
  config: CleanerConfig,
  scope: LogScope,
): { readonly log: LogState; readonly endOffset: Offset; readonly stats: CleaningStats } {
  const plan = planCleaning(log, cleanable, config, scope);
  let next = log;
  let stats = NO_CLEANING_STATS;
  let transactions = NO_TRANSACTIONS_UNDER_WAY;
  for (const bases of plan.groups) {
    const cleaned = cleanGroup(next, bases, { plan, stats, config, transactions }, scope);
    ({ stats, transactions } = cleaned);
    next = replaceSegments(next, cleaned, scope);
  }
  return { log: next, endOffset: plan.endOffset, stats };
}

/** Pass one (Cleaner.buildOffsetMap): ends where the map is full. */
function mapOffsets(log: LogState, { firstDirtyOffset, firstUncleanableOffset }: Cleanable, config: CleanerConfig, scope: LogScope): OffsetMap {
  const map = newOffsetMap(config.dedupeBufferBytes, config.loadFactor);
  const dirty = segmentsBetween(log, firstDirtyOffset, firstUncleanableOffset);
  const transactions = newCleanedTransactions(NO_TRANSACTIONS_UNDER_WAY);
  addAborted(transactions, abortedBetween(log, firstDirtyOffset, firstUncleanableOffset));
  for (const [i, segment] of dirty.entries()) {
    for (let at = 0; at < segment.batches.length; at++) {
      const batch = bytesAt(segment.batches, at);
      if (lastOffsetAt(segment.batches, at) < firstDirtyOffset) continue;
      const isControl = isControlBatch(batch);
      const discarded = isDiscardable(transactions, batch, isControl);
      if (!isControl && !discarded && !mapBatch(map, batch, firstDirtyOffset, scope)) return map;
      map.latestOffset = lastOffsetAt(segment.batches, at);
    }
    map.latestOffset = Math.max(map.latestOffset, (dirty[i + 1]?.baseOffset ?? firstUncleanableOffset) - 1);
  }
  return map;
}

/** False when the map is full, or when the batch cannot be opened: then nothing is cleaned (LogCleaningException). */
function mapBatch(map: OffsetMap, batch: Uint8Array, from: Offset, scope: LogScope): boolean {
  const read = readRecords(batch, scope.context.codecs);
  if (!read.ok) {
    map.unreadable = true;
    return false;
  }
  for (const record of read.records) if (record.key !== null && record.offset >= from && !putOffset(map, record.key, record.offset)) return false;
  return true;
}

/** Neighbours that fit together into one segment and its indexes (Cleaner.groupSegmentsBySize). */
export function groupSegments(
  segments: readonly Segment[],
  { config }: Pick<LogState, 'config'>,
  firstUncleanableOffset: Offset,
): readonly (readonly Segment[])[] {
  const groups: Segment[][] = [];
  segments.forEach((segment, i) => {
    const group = groups[groups.length - 1];
    const first = group?.[0];
    const lastOffset = (segments[i + 1]?.baseOffset ?? firstUncleanableOffset) - 1;
    const total = (size: (one: Segment) => number): number => (group ?? []).reduce((sum, one) => sum + size(one), size(segment));
    const fits =
      first !== undefined &&
      total((one) => one.sizeBytes) <= config.segmentBytes &&
      total((one) => one.offsetIndex.length * OFFSET_ENTRY_BYTES) <= config.segmentIndexBytes &&
      total((one) => one.timeIndex.length * TIME_ENTRY_BYTES) <= config.segmentIndexBytes &&
      (segment.sizeBytes === 0 || lastOffset - first.baseOffset <= MAX_INT);
    if (fits) group?.push(segment);
    else groups.push([segment]);
  });
  return groups;
}

export interface CleaningPass {
  readonly plan: CleaningPlan;
  readonly stats: CleaningStats;
  readonly config: CleanerConfig;
  /** As the group before left them. */
  readonly transactions: TransactionsUnderWay;
}

/** Second half, for one group (Cleaner.cleanSegments): writes its `.cleaned` files, one set an io buffer, so that indexes are as sparse as Kafka's. */
export function cleanGroup(log: LogState, bases: readonly Offset[], pass: CleaningPass, scope: LogScope): CleanedGroup {
  const group = segmentsAt(log, bases);
  const { records, kept, tombstones, unreadable } = pass.stats;
  const stats: CleanerStats = { records, kept, tombstones, unreadable };
  const transactions = newCleanedTransactions(pass.transactions);
  const segment = writeCleaned(log, group, { ...pass, stats, transactions }, scope);
  const bytesBefore = pass.stats.bytesBefore + group.reduce((sum, one) => sum + one.sizeBytes, 0);
  const bytesAfter = pass.stats.bytesAfter + segment.sizeBytes;
  return { segment, bases, stats: { ...stats, bytesBefore, bytesAfter }, transactions: transactionsUnderWay(transactions) };
}

/** The segments of a group; they are all there, as nothing but the cleaner takes rolled segments of a compacted log away without aborting it. */
function segmentsAt(log: LogState, bases: readonly Offset[]): readonly Segment[] {
  const rolled = arrayToList(log.rolled).filter((segment) => bases.includes(segment.baseOffset));
  assert(rolled.length === bases.length, `rolled segments ${bases.join(', ')} of ${log.dir}`);
  return rolled;
}

interface WritePass {
  readonly plan: CleaningPlan;
  readonly stats: CleanerStats;
  readonly config: CleanerConfig;
  readonly transactions: CleanedTransactions;
}

function writeCleaned(log: LogState, group: readonly Segment[], { plan, stats, config, transactions }: WritePass, scope: LogScope): Segment {
  const { map } = plan;
  const first = group[0]?.baseOffset ?? 0;
  const filter: RecordFilter = {
    map,
    transactions,
    producers: log.producers.producers,
    nowMs: scope.context.nowMs,
    deleteRetentionMs: log.config.deleteRetentionMs,
  };
  const opened = emptySegment(log.dir, first, log.config, scope.context);
  scope.effects.push({ type: 'append', path: `${opened.paths.log}${CLEANED_SUFFIX}`, bytes: EMPTY_BYTES });
  let cleaned = preallocateIndexes(changed(copySegment(opened), { paths: cleanedPaths(opened) }), scope);
  const all = segmentList(log);
  for (const segment of group) {
    const below = all[all.findIndex((one) => one.baseOffset === segment.baseOffset) + 1]?.baseOffset ?? log.logEndOffset;
    addAborted(transactions, abortedBetween(log, segment.baseOffset, below));
    let set: BatchEntry[] = [];
    let readBytes = 0;
    for (let i = 0; i < segment.batches.length; i++) {
      const batch = bytesAt(segment.batches, i);
      readBytes += batch.length;
      const kept = filterBatch(batch, filter, stats, scope.context);
      if (kept !== null)
        set.push(
          batchEntry(
            kept,
            set.reduce((sum, one) => sum + one.sizeBytes, 0),
          ),
        );
      if (readBytes < config.ioBufferBytes) continue;
      cleaned = appendSet(cleaned, set, log, scope);
      set = [];
      readBytes = 0;
    }
    cleaned = appendSet(cleaned, set, log, scope);
  }
  if (transactions.kept.length > 0) {
    scope.effects.push({ type: 'append', path: cleaned.paths.txnIndex, bytes: encodeTxnIndex(transactions.kept) });
    cleaned = changed(copySegment(cleaned), { txnIndex: transactions.kept });
  }
  const lastModifiedMs = group[group.length - 1]?.lastModifiedMs ?? cleaned.lastModifiedMs;
  return changed(copySegment(sealIndexes(cleaned, scope)), { lastModifiedMs });
}

function cleanedPaths(segment: Segment): Segment['paths'] {
  const { log, index, timeIndex, txnIndex } = segment.paths;
  return { log: log + CLEANED_SUFFIX, index: index + CLEANED_SUFFIX, timeIndex: timeIndex + CLEANED_SUFFIX, txnIndex: txnIndex + CLEANED_SUFFIX };
}

function appendSet(segment: Segment, entries: readonly BatchEntry[], log: LogState, scope: LogScope): Segment {
  const last = entries[entries.length - 1];
  if (last === undefined) return segment;
  let maxTimestampMs = NO_TIMESTAMP;
  let offsetOfMaxTimestamp = -1;
  for (const entry of entries) {
    if (entry.maxTimestampMs <= maxTimestampMs) continue;
    maxTimestampMs = entry.maxTimestampMs;
    offsetOfMaxTimestamp = entry.lastOffset;
  }
  const set: BatchSet = { batches: entries, sizeBytes: last.position + last.sizeBytes, lastOffset: last.lastOffset, maxTimestampMs, offsetOfMaxTimestamp };
  return appendToSegment(segment, set, log.config, scope);
}

/** Paths of the `.cleaned` files; they must be on the device before `replaceSegments`. */
export function cleanedFiles({ segment }: CleanedGroup): readonly string[] {
  return filesOfSegment(segment);
}

/**
 * Puts a cleaned segment in the place of those it was made from (LocalLog.replaceSegments): renamed to `.swap`, the old ones to
 * `.deleted`, and only then to its name, so that a crash at any point leaves one or the other.
 */
export function replaceSegments(log: LogState, cleaned: CleanedGroup, scope: LogScope): LogState {
  const { segment, bases } = cleaned;
  const group = segmentsAt(log, bases);
  const files = filesOfSegment(segment);
  const stemOf = (path: string): string => path.slice(0, path.length - CLEANED_SUFFIX.length);
  for (const path of files) scope.effects.push({ type: 'rename', from: path, to: stemOf(path) + SWAP_SUFFIX });
  const retired = retireSegments(log, group, scope);
  for (const path of files) scope.effects.push({ type: 'rename', from: stemOf(path) + SWAP_SUFFIX, to: stemOf(path) });
  const { paths } = emptySegment(log.dir, segment.baseOffset, log.config, scope.context);
  const settled = changed(copySegment(segment), { paths });
  const rolled = arrayToList(retired.rolled).flatMap((one) => (one === group[0] ? [settled] : group.includes(one) ? [] : [one]));
  const replaced = changed(copyLog(retired), { rolled: arrayFrom(rolled) });
  const gone = bases.slice(1);
  return gone.length === 0 ? replaced : retireSegmentSnapshots(replaced, gone, scope);
}

/** Bytes that a cleaning reads: the dirty part once for the map, and everything below its end once more. */
export function bytesToRead(log: LogState, cleanable: Cleanable): number {
  const below = segmentsBetween(log, 0, cleanable.firstUncleanableOffset).reduce((sum, segment) => sum + segment.sizeBytes, 0);
  return cleanable.cleanableBytes + below;
}
