import type { EpochMs } from '../kernel/units.ts';
import { checkCrc, validationHeader, walkRecords, type ValidationHeader } from './batch-header.ts';
import type { LogConfig } from './log-config.ts';
import type { ProducerError } from './producer-state.ts';

/** Who appends: a producer, the group or transaction coordinator, or the fetcher that copies a leader. */
export type AppendOrigin = 'client' | 'coordinator' | 'replication';

/** Kafka's error names; the last two are internal to a follower (IllegalStateException there, the partition fails). */
export type AppendError =
  | 'INVALID_RECORD'
  | 'INVALID_TIMESTAMP'
  | 'CORRUPT_MESSAGE'
  | 'MESSAGE_TOO_LARGE'
  | 'RECORD_LIST_TOO_LARGE'
  | ProducerError
  | 'UNEXPECTED_APPEND_OFFSET'
  | 'OFFSETS_OUT_OF_ORDER';

export interface RecordError {
  readonly batchIndex: number;
  readonly message: string;
}

export interface AppendRefusal {
  readonly error: AppendError;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
}

export interface ValidationRules {
  /** `orders-0`, for messages. */
  readonly partition: string;
  readonly config: LogConfig;
  readonly nowMs: EpochMs;
  readonly origin: AppendOrigin;
}

/**
 * Checks what a leader is asked to append: each batch by its header, size and CRC (UnifiedLog.analyzeAndValidateRecords), then that
 * it is one sound batch with sound records (LogValidator). Null when it may be appended.
 * `Simplified:` codec and format are the producer's (`compression.type` is not applied); records inside a compressed batch are not looked at.
 */
export function validateClientBatches(batches: readonly Uint8Array[], rules: ValidationRules): AppendRefusal | null {
  const { partition, config, origin } = rules;
  for (const bytes of batches) {
    const header = validationHeader(bytes);
    if (origin === 'client' && header.baseOffset !== 0) {
      return refusal('INVALID_RECORD', `The baseOffset of the record batch in the append to ${partition} should be 0, but it is ${header.baseOffset}`);
    }
    if (bytes.length > config.maxMessageBytes) {
      const message = `The record batch size in the append to ${partition} is ${bytes.length} bytes which exceeds the maximum configured value of ${config.maxMessageBytes}.`;
      return refusal('MESSAGE_TOO_LARGE', message);
    }
    const corrupt = checkCrc(bytes, partition);
    if (corrupt !== null) return refusal('CORRUPT_MESSAGE', corrupt);
  }
  const only = batches[0];
  if (only === undefined) return null;
  if (batches.length > 1) return refusal('INVALID_RECORD', 'Compressed outer record has more than one batch');
  const header = validationHeader(only);
  return (origin === 'client' ? validateBatch(header, partition) : null) ?? validateRecords(only, header, rules);
}

function validateBatch(header: ValidationHeader, partition: string): AppendRefusal | null {
  const { baseOffset, lastOffset, recordCount } = header;
  const span = lastOffset - baseOffset + 1;
  if (span <= 0) return refusal('INVALID_RECORD', `Batch has an invalid offset range: [${baseOffset}, ${lastOffset}] in topic partition ${partition}`);
  if (recordCount <= 0) return refusal('INVALID_RECORD', `Invalid reported count for record batch: ${recordCount} in topic partition ${partition}`);
  if (span !== recordCount) {
    return refusal('INVALID_RECORD', `Inconsistent batch offset range [${baseOffset}, ${lastOffset}] and count of records ${recordCount} in topic partition ${partition}`);
  }
  if (header.isControl) return refusal('INVALID_RECORD', `Clients are not allowed to write control records in topic partition ${partition}`);
  if (header.producerId < 0 || header.baseSequence >= 0) return null;
  return refusal('INVALID_RECORD', `Invalid sequence number ${header.baseSequence} in record batch with producerId ${header.producerId} in topic partition ${partition}`);
}

function validateRecords(bytes: Uint8Array, header: ValidationHeader, rules: ValidationRules): AppendRefusal | null {
  const { config, nowMs, partition } = rules;
  const createTime = config.messageTimestampType === 'CreateTime';
  const errors: RecordError[] = [];
  let timestampRefused = false;
  const sound = walkRecords(bytes, (record, index) => {
    if (config.compact && !record.hasKey) {
      errors.push({ batchIndex: index, message: `Compacted topic cannot accept message without key in topic partition ${partition}` });
    } else if (createTime && record.timestampMs !== -1) {
      const age = nowMs - record.timestampMs;
      if (age <= config.messageTimestampBeforeMaxMs && -age <= config.messageTimestampAfterMaxMs) return;
      timestampRefused = true;
      errors.push({ batchIndex: index, message: timestampMessage(record, header, { nowMs, config }) });
    } else if (header.isLogAppendTime) {
      timestampRefused = true;
      errors.push({ batchIndex: index, message: 'Invalid timestamp type in message. Producer should not set timestamp type to LogAppendTime.' });
    }
  });
  if (sound !== null) return refusal('INVALID_RECORD', sound);
  if (errors.length === 0) return null;
  if (timestampRefused) return { error: 'INVALID_TIMESTAMP', message: 'One or more records have been rejected due to invalid timestamp', recordErrors: errors };
  const shown = errors.slice(0, 3).map((each) => `RecordError(batchIndex=${each.batchIndex}, message='${each.message}')`);
  const message = `One or more records have been rejected due to ${errors.length} record errors in total, and only showing the first three errors at most: [${shown.join(', ')}]`;
  return { error: 'INVALID_RECORD', message, recordErrors: errors };
}

function timestampMessage(record: { readonly timestampMs: number; readonly offsetDelta: number }, header: ValidationHeader, rules: { readonly nowMs: number; readonly config: LogConfig }): string {
  const from = rules.nowMs - rules.config.messageTimestampBeforeMaxMs;
  const to = rules.nowMs + rules.config.messageTimestampAfterMaxMs;
  const offset = header.baseOffset + record.offsetDelta;
  return `Timestamp ${record.timestampMs} of message with offset ${offset} is out of range. The timestamp should be within [${from}, ${to}]`;
}

function refusal(error: AppendError, message: string): AppendRefusal {
  return { error, message, recordErrors: [] };
}
