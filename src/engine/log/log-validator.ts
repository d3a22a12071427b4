import type { CodecName, Codecs } from '../kernel/codecs.ts';
import { MAX_LONG, type EpochMs } from '../kernel/units.ts';
import {
  baseOffset,
  baseSequence,
  batchError,
  codecOf,
  isControlBatch,
  isLogAppendTime,
  lastOffset,
  producerId,
  buildCompressedBatch,
  isTransactional,
  partitionLeaderEpoch,
  producerEpoch,
  readRecords,
  recordCount,
  storedCrc,
  type BatchFields,
  type BatchRecord,
} from '../protocol/record-batch.ts';
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
  readonly codecs: Codecs;
}

/**
 * Checks what a leader is asked to append: each batch by its header, size and CRC (UnifiedLog.analyzeAndValidateRecords), then that
 * it is one sound batch with sound records (LogValidator). Null when it may be appended.
 * `Simplified:` records of a batch without compression are looked at only where a topic has a rule for them; a compressed one is always opened.
 */
export function validateClientBatches(batches: readonly Uint8Array[], rules: ValidationRules): AppendRefusal | null {
  const { partition, config, origin } = rules;
  for (const batch of batches) {
    if (batch.length > config.maxMessageBytes) {
      const message = `The record batch size in the append to ${partition} is ${batch.length} bytes which exceeds the maximum configured value of ${config.maxMessageBytes}.`;
      return refusal('MESSAGE_TOO_LARGE', message);
    }
    if (batchError(batch) !== null) return refusal('CORRUPT_MESSAGE', corruptMessage(batch, partition));
  }
  const only = batches[0];
  if (only === undefined) return null;
  if (batches.length > 1) return refusal('INVALID_RECORD', 'Compressed outer record has more than one batch');
  return (origin === 'client' ? validateBatch(only, partition) : null) ?? validateRecords(only, rules);
}

/** Kafka's words for a batch whose CRC or size is wrong. */
export function corruptMessage(batch: Uint8Array, partition: string): string {
  return `Record is corrupt (stored crc = ${storedCrc(batch)}) in topic partition ${partition}.`;
}

function validateBatch(batch: Uint8Array, partition: string): AppendRefusal | null {
  const [first, last, count] = [baseOffset(batch), lastOffset(batch), recordCount(batch)];
  if (first !== 0) return refusal('INVALID_RECORD', `The baseOffset of the record batch in the append to ${partition} should be 0, but it is ${first}`);
  if (last < first) return refusal('INVALID_RECORD', `Batch has an invalid offset range: [${first}, ${last}] in topic partition ${partition}`);
  if (count <= 0) return refusal('INVALID_RECORD', `Invalid reported count for record batch: ${count} in topic partition ${partition}`);
  if (last - first + 1 !== count) {
    return refusal('INVALID_RECORD', `Inconsistent batch offset range [${first}, ${last}] and count of records ${count} in topic partition ${partition}`);
  }
  if (isControlBatch(batch)) return refusal('INVALID_RECORD', `Clients are not allowed to write control records in topic partition ${partition}`);
  if (producerId(batch) < 0 || baseSequence(batch) >= 0) return null;
  return refusal(
    'INVALID_RECORD',
    `Invalid sequence number ${baseSequence(batch)} in record batch with producerId ${producerId(batch)} in topic partition ${partition}`,
  );
}

function validateRecords(batch: Uint8Array, rules: ValidationRules): AppendRefusal | null {
  const { config, partition } = rules;
  const limitsTime =
    config.messageTimestampType === 'CreateTime' && (config.messageTimestampBeforeMaxMs < MAX_LONG || config.messageTimestampAfterMaxMs < MAX_LONG);
  if (codecOf(batch) === 'none' && !config.compact && !limitsTime && !isLogAppendTime(batch)) return null;
  const read = readRecords(batch, rules.codecs);
  if (!read.ok) return refusal('INVALID_RECORD', `Found invalid record structure in topic partition ${partition}: ${read.detail}`);
  if (read.records.some((record, i) => record.offset !== baseOffset(batch) + i))
    return refusal('INVALID_RECORD', `Inner record offsets of a batch are not consecutive in topic partition ${partition}`);
  const keyErrors: RecordError[] = [];
  const timestampErrors: RecordError[] = [];
  read.records.forEach((record, batchIndex) => {
    const timestampMessage = timestampError(record, batch, rules);
    if (config.compact && record.key === null) {
      keyErrors.push({ batchIndex, message: `Compacted topic cannot accept message without key in topic partition ${partition}` });
    } else if (timestampMessage !== null) timestampErrors.push({ batchIndex, message: timestampMessage });
  });
  return recordRefusal(keyErrors, timestampErrors);
}

/** What a topic wants done to a batch besides its offsets: kept as it came, or written anew by another codec. */
export interface TopicCompression {
  readonly codec: CodecName;
  readonly level: number | null;
}

/** The codec that a batch will have in the log (LogValidator's target): `producer` keeps that of the batch. */
export function targetCompression(config: LogConfig, batch: Uint8Array): TopicCompression {
  switch (config.compressionType) {
    case 'producer':
      return { codec: codecOf(batch) ?? 'none', level: null };
    case 'uncompressed':
      return { codec: 'none', level: null };
    case 'gzip':
      return { codec: 'gzip', level: config.compressionGzipLevel };
    case 'lz4':
      return { codec: 'lz4', level: config.compressionLz4Level };
    case 'zstd':
      return { codec: 'zstd', level: config.compressionZstdLevel };
    default:
      return { codec: 'snappy', level: null };
  }
}

export type Recoded = { readonly ok: true; readonly batch: Uint8Array } | ({ readonly ok: false } & AppendRefusal);

/**
 * The batch by the topic's `compression.type`: the very same bytes where that asks for nothing, else a batch with the same records and header
 * fields by another codec, whose size is judged once more. The batch has been validated.
 */
export function recodeForTopic(batch: Uint8Array, rules: ValidationRules, allocate: (sizeBytes: number) => Uint8Array): Recoded {
  const { config, partition, codecs } = rules;
  const target = targetCompression(config, batch);
  if (target.codec === codecOf(batch) || isControlBatch(batch)) return { ok: true, batch };
  const read = readRecords(batch, codecs);
  if (!read.ok) return { ok: false, ...refusal('INVALID_RECORD', `Found invalid record structure in topic partition ${partition}: ${read.detail}`) };
  const recoded = buildCompressedBatch(read.records, identityOf(batch), target, { codecs, allocate });
  if (recoded.length <= config.maxMessageBytes) return { ok: true, batch: recoded };
  const message = `Message batch size is ${recoded.length} bytes in append to partition ${partition} which exceeds the maximum configured size of ${config.maxMessageBytes}.`;
  return { ok: false, ...refusal('MESSAGE_TOO_LARGE', message) };
}

function identityOf(batch: Uint8Array): BatchFields {
  return {
    partitionLeaderEpoch: partitionLeaderEpoch(batch),
    producerId: producerId(batch),
    producerEpoch: producerEpoch(batch),
    baseSequence: baseSequence(batch),
    isTransactional: isTransactional(batch),
  };
}

function timestampError(record: BatchRecord, batch: Uint8Array, rules: ValidationRules): string | null {
  if (isLogAppendTime(batch)) return 'Invalid timestamp type in message. Producer should not set timestamp type to LogAppendTime.';
  const { messageTimestampType, messageTimestampBeforeMaxMs, messageTimestampAfterMaxMs } = rules.config;
  if (messageTimestampType === 'LogAppendTime' || record.timestamp === -1) return null;
  const ageMs = rules.nowMs - record.timestamp;
  if (ageMs <= messageTimestampBeforeMaxMs && -ageMs <= messageTimestampAfterMaxMs) return null;
  const range = `[${rules.nowMs - messageTimestampBeforeMaxMs}, ${rules.nowMs + messageTimestampAfterMaxMs}]`;
  return `Timestamp ${record.timestamp} of message with offset ${record.offset} is out of range. The timestamp should be within ${range}`;
}

/** One wrong timestamp makes the whole refusal INVALID_TIMESTAMP (LogValidator.processRecordErrors). */
function recordRefusal(keyErrors: readonly RecordError[], timestampErrors: readonly RecordError[]): AppendRefusal | null {
  const recordErrors = [...keyErrors, ...timestampErrors].sort((a, b) => a.batchIndex - b.batchIndex);
  if (recordErrors.length === 0) return null;
  if (timestampErrors.length > 0)
    return { error: 'INVALID_TIMESTAMP', message: 'One or more records have been rejected due to invalid timestamp', recordErrors };
  const shown = recordErrors.slice(0, 3).map((each) => `RecordError(batchIndex=${each.batchIndex}, message='${each.message}')`);
  const message = `One or more records have been rejected due to ${recordErrors.length} record errors in total, and only showing the first three errors at most: [${shown.join(', ')}]`;
  return { error: 'INVALID_RECORD', message, recordErrors };
}

function refusal(error: AppendError, message: string): AppendRefusal {
  return { error, message, recordErrors: [] };
}
