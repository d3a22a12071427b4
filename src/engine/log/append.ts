import { changed } from '../kernel/mutable.ts';
import { unreachable } from '../kernel/assert.ts';
import type { EpochMs, LeaderEpoch, Offset } from '../kernel/units.ts';
import { batchError, producerId } from '../protocol/record-batch.ts';
import { batchEntry, producerHeader, stampForAppend } from './batch-header.ts';
import type { BatchEntry } from './batch-list.ts';
import { flushLog, requestedRecoveryPoint } from './flush.ts';
import { corruptMessage, recodeForTopic, validateClientBatches, type AppendError, type AppendOrigin, type RecordError } from './log-validator.ts';
import type { LogScope } from './log-scope.ts';
import { assignEpoch, copyLog, logName, type LogState } from './log-state.ts';
import {
  checkCoordinatorEpoch,
  checkProducer,
  checkProducerEpoch,
  checkTransaction,
  findDuplicate,
  type ProducerBatch,
  type ProducerBatchHeader,
  type ProducerRefusal,
} from './producer-state.ts';
import { atMapEnd, noteBatches, type NotedBatches, type ProducerStore } from './producer-store.ts';
import { rollSegment } from './roll.ts';
import { appendToSegment, appendToTxnIndex, preallocateIndexes, shouldRoll, type BatchSet } from './segment.ts';
import { NO_TIMESTAMP } from './segment-index.ts';
import type { AbortedTxn } from './txn-index.ts';

/** LogAppendInfo: what became of a set of batches. */
export interface AppendInfo {
  readonly firstOffset: Offset;
  readonly lastOffset: Offset;
  readonly maxTimestampMs: EpochMs;
  /** Time of the append with LogAppendTime (for a duplicate, that of the original's last record), else -1. */
  readonly logAppendTimeMs: EpochMs;
  readonly logStartOffset: Offset;
  readonly sizeBytes: number;
  /** The batches as they stand in the log; none for a duplicate. */
  readonly batches: readonly Uint8Array[];
  /** Nothing was written: the batch was appended before, at these offsets. */
  readonly duplicate: boolean;
  /** Base offset of the segment this append started, or null. */
  readonly rolledTo: Offset | null;
}

export type AppendResult =
  | { readonly log: LogState; readonly error: null; readonly info: AppendInfo }
  /** The log may have changed all the same: Kafka notes the epoch and rolls before it refuses a batch. */
  | { readonly log: LogState; readonly error: AppendError; readonly message: string; readonly recordErrors: readonly RecordError[] };

const NO_RECORD_ERRORS: readonly RecordError[] = [];

/**
 * Appends what a producer sent (UnifiedLog.appendAsLeader): validates the batch, gives it the offsets from logEndOffset on and the
 * leader's epoch, and drops it if it is a duplicate. The caller's bytes are copied, never written to.
 */
export function appendAsLeader(
  log: LogState,
  batches: readonly Uint8Array[],
  options: { readonly leaderEpoch: LeaderEpoch; readonly origin?: AppendOrigin },
  scope: LogScope,
): AppendResult {
  const origin = options.origin ?? 'client';
  const { context } = scope;
  const rules = { partition: logName(log), config: log.config, nowMs: context.nowMs, origin, codecs: context.codecs };
  const refusal = validateClientBatches(batches, rules);
  if (refusal !== null) return { log, ...refusal };
  const only = batches[0];
  if (only === undefined) return nothingAppended(log);
  const logAppendTimeMs = log.config.messageTimestampType === 'LogAppendTime' ? scope.context.nowMs : NO_TIMESTAMP;
  const recoded = recodeForTopic(only, rules, (sizeBytes) => context.allocate(sizeBytes));
  if (!recoded.ok) return { log, error: recoded.error, message: recoded.message, recordErrors: recoded.recordErrors };
  const stamped = stampForAppend(recoded.batch, { baseOffset: log.logEndOffset, leaderEpoch: options.leaderEpoch, logAppendTimeMs }, scope.context);
  return appendSet(log, batchSet([stamped]), { origin, logAppendTimeMs }, scope);
}

/** Appends what the leader sent, byte for byte (UnifiedLog.appendAsFollower). Offsets below logEndOffset are refused. */
export function appendAsFollower(log: LogState, batches: readonly Uint8Array[], scope: LogScope): AppendResult {
  const set = batchSet(batches);
  const first = set.batches[0];
  if (first === undefined) return nothingAppended(log);
  const refused = checkFollowerSet(log, set.batches, first);
  return refused ?? appendSet(log, set, { origin: 'replication', logAppendTimeMs: NO_TIMESTAMP }, scope);
}

function checkFollowerSet(log: LogState, batches: readonly BatchEntry[], first: BatchEntry): AppendResult | null {
  let lastOffset = -1;
  for (const entry of batches) {
    if (lastOffset >= entry.lastOffset) return refuse(log, 'OFFSETS_OUT_OF_ORDER', `Out of order offsets found in append to ${logName(log)}`);
    lastOffset = entry.lastOffset;
    if (batchError(entry.bytes) !== null) return refuse(log, 'CORRUPT_MESSAGE', corruptMessage(entry.bytes, logName(log)));
  }
  if (first.baseOffset >= log.logEndOffset) return null;
  const message =
    `Unexpected offset in append to ${logName(log)}. First offset ${first.baseOffset} is less than the next offset ${log.logEndOffset}. ` +
    `Last offset in append: ${lastOffset}. Log start offset = ${log.logStartOffset}`;
  return refuse(log, 'UNEXPECTED_APPEND_OFFSET', message);
}

/** What leader and follower share, in Kafka's order: epochs, segment.bytes, roll, producers, write, flush.messages. */
function appendSet(log: LogState, set: BatchSet, how: { readonly origin: AppendOrigin; readonly logAppendTimeMs: EpochMs }, scope: LogScope): AppendResult {
  const { config } = log;
  let next = log;
  for (const entry of set.batches) next = assignEpoch(next, entry.leaderEpoch, entry.baseOffset, scope);
  if (set.sizeBytes > config.segmentBytes) {
    const message = `Message batch size is ${set.sizeBytes} bytes in append to partition ${logName(log)}, which exceeds the maximum configured segment size of ${config.segmentBytes}.`;
    return refuse(next, 'RECORD_LIST_TOO_LARGE', message);
  }
  const firstOffset = set.batches[0]?.baseOffset ?? log.logEndOffset;
  const rolls = shouldRoll(next.active, set, config, scope.context.nowMs);
  next = rolls ? rollSegment(next, firstOffset, scope) : openIndexes(next, scope);
  const produced = noteProducers(next.producers, set, { origin: how.origin, partition: logName(log) });
  const rolledTo = rolls ? next.active.baseOffset : null;
  switch (produced.outcome) {
    case 'refused':
      return refuse(next, produced.error, produced.message);
    case 'duplicate':
      return { log: next, error: null, info: duplicateInfo(log, produced.batch, rolledTo) };
    case 'new':
      next = write(next, { set, noted: produced.noted }, scope);
      return { log: next, error: null, info: appendInfo(next, set, { firstOffset, logAppendTimeMs: how.logAppendTimeMs, rolledTo }) };
    default:
      return unreachable(produced);
  }
}

/** Looking whether the segment must roll opens its indexes, so that even a duplicate makes their files. */
function openIndexes(log: LogState, scope: LogScope): LogState {
  const active = preallocateIndexes(log.active, scope);
  return active === log.active ? log : changed(copyLog(log), { active });
}

function write(log: LogState, what: { readonly set: BatchSet; readonly noted: NotedBatches }, scope: LogScope): LogState {
  const { set, noted } = what;
  const appended = copyLog(log);
  appended.active = appendToTxnIndex(appendToSegment(log.active, set, log.config, scope), noted.aborted, scope);
  appended.logEndOffset = set.lastOffset + 1;
  appended.producers = noted.store;
  return appended.logEndOffset - requestedRecoveryPoint(appended) >= log.config.flushMessages ? flushLog(appended, scope) : appended;
}

type ProducerOutcome =
  | { readonly outcome: 'new'; readonly noted: NotedBatches }
  | { readonly outcome: 'duplicate'; readonly batch: ProducerBatch }
  | { readonly outcome: 'refused'; readonly error: AppendError; readonly message: string };

const NONE_ABORTED: readonly AbortedTxn[] = [];

/**
 * UnifiedLog.analyzeAndValidateProducerState: only a client's batches can be duplicates or out of sequence, only a follower takes an
 * older epoch. `Simplified:` no transaction coordinator is asked whether the partition belongs to a transaction
 * (`transaction.partition.verification.enable`), as there is none yet.
 */
function noteProducers(before: ProducerStore, set: BatchSet, how: { readonly origin: AppendOrigin; readonly partition: string }): ProducerOutcome {
  const headers: ProducerBatchHeader[] = [];
  for (const entry of set.batches) if (producerId(entry.bytes) >= 0) headers.push(producerHeader(entry.bytes));
  const endOffset = set.lastOffset + 1;
  if (headers.length === 0) return { outcome: 'new', noted: { store: atMapEnd(before, endOffset), aborted: NONE_ABORTED } };
  for (const header of headers) {
    const answer = answerWithoutAppend(before, header, how);
    if (answer !== null) return answer;
  }
  return { outcome: 'new', noted: noteBatches(before, headers, endOffset) };
}

function answerWithoutAppend(
  store: ProducerStore,
  header: ProducerBatchHeader,
  how: { readonly origin: AppendOrigin; readonly partition: string },
): ProducerOutcome | null {
  const { producers } = store;
  const duplicate = how.origin === 'client' ? findDuplicate(producers, header) : null;
  if (duplicate !== null) return { outcome: 'duplicate', batch: duplicate };
  if (how.origin === 'replication') return null;
  const refusal: ProducerRefusal | null =
    checkProducerEpoch(producers, header, how.partition) ??
    (how.origin === 'client' ? checkProducer(producers, header, how.partition) : checkCoordinatorEpoch(producers, header, how.partition)) ??
    checkTransaction(producers, header, how.partition);
  return refusal === null ? null : { outcome: 'refused', ...refusal };
}

/** Columns of a set, positions counted from its own start. */
function batchSet(batches: readonly Uint8Array[]): BatchSet {
  const entries: BatchEntry[] = [];
  let sizeBytes = 0;
  let maxTimestampMs: EpochMs = NO_TIMESTAMP;
  let offsetOfMaxTimestamp: Offset = -1;
  let lastOffset: Offset = -1;
  for (const bytes of batches) {
    const entry = batchEntry(bytes, sizeBytes);
    entries.push(entry);
    sizeBytes += entry.sizeBytes;
    lastOffset = entry.lastOffset;
    if (entry.maxTimestampMs <= maxTimestampMs) continue;
    maxTimestampMs = entry.maxTimestampMs;
    offsetOfMaxTimestamp = entry.lastOffset;
  }
  return { batches: entries, sizeBytes, lastOffset, maxTimestampMs, offsetOfMaxTimestamp };
}

function appendInfo(log: LogState, set: BatchSet, how: Pick<AppendInfo, 'firstOffset' | 'logAppendTimeMs' | 'rolledTo'>): AppendInfo {
  return {
    firstOffset: how.firstOffset,
    lastOffset: set.lastOffset,
    maxTimestampMs: set.maxTimestampMs,
    logAppendTimeMs: how.logAppendTimeMs,
    logStartOffset: log.logStartOffset,
    sizeBytes: set.sizeBytes,
    batches: set.batches.map((entry) => entry.bytes),
    duplicate: false,
    rolledTo: how.rolledTo,
  };
}

function duplicateInfo(log: LogState, batch: ProducerBatch, rolledTo: Offset | null): AppendInfo {
  return {
    firstOffset: batch.lastOffset - batch.offsetDelta,
    lastOffset: batch.lastOffset,
    maxTimestampMs: batch.timestampMs,
    logAppendTimeMs: batch.timestampMs,
    logStartOffset: log.logStartOffset,
    sizeBytes: 0,
    batches: [],
    duplicate: true,
    rolledTo,
  };
}

function nothingAppended(log: LogState): AppendResult {
  const info: AppendInfo = {
    firstOffset: -1,
    lastOffset: -1,
    maxTimestampMs: NO_TIMESTAMP,
    logAppendTimeMs: NO_TIMESTAMP,
    logStartOffset: log.logStartOffset,
    sizeBytes: 0,
    batches: [],
    duplicate: false,
    rolledTo: null,
  };
  return { log, error: null, info };
}

function refuse(log: LogState, error: AppendError, message: string): AppendResult {
  return { log, error, message, recordErrors: NO_RECORD_ERRORS };
}
