import { crc32c } from '../../engine/protocol/crc32c.ts';
import { corruptRecord, JavaProblem } from './java-problem.ts';

/** A batch's header field by field (DefaultRecordBatch), all 64 bits of each number, whatever the bytes say. */
export interface BatchHeader {
  readonly position: number;
  readonly sizeBytes: number;
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

/** A `.log` that was read, under the name it was asked for. */
export interface LogFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type DumpCodec = (typeof CODEC_NAMES)[number];

const LOG_OVERHEAD_BYTES = 12;
export const HEADER_BYTES = 61;
const HEADER_SIZE_UP_TO_MAGIC = 17;
const RECORD_OVERHEAD_V0 = 14;
const MAX_INT = 2_147_483_647;

export function logFile(path: string, bytes: Uint8Array): LogFile {
  return { path, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** FileLogInputStream.nextBatch: the batch at `position` of a log that ends at `end`, or null where reading ends. */
export function batchAt(log: LogFile, position: number, end: number): BatchHeader | null {
  if (position >= end - HEADER_SIZE_UP_TO_MAGIC) return null;
  const { view } = log;
  const size = view.getInt32(position + 8);
  if (size < RECORD_OVERHEAD_V0)
    throw corruptRecord(`Found record size ${size} smaller than minimum record overhead (${RECORD_OVERHEAD_V0}) in file ${log.path}.`);
  if (position > end - LOG_OVERHEAD_BYTES - size) return null;
  const magic = view.getInt8(position + 16);
  if (magic < 2)
    throw new JavaProblem('org.apache.kafka.common.errors.UnsupportedForMessageFormatException', `Magic v${magic}, of before Kafka 0.11, is not read here`);
  if (position + HEADER_BYTES > log.bytes.length)
    throw new JavaProblem('org.apache.kafka.common.KafkaException', `Failed to load record batch at position ${position} from ${log.path}`);
  const baseOffset = view.getBigInt64(position);
  const lastOffsetDelta = view.getInt32(position + 23);
  return {
    position,
    sizeBytes: LOG_OVERHEAD_BYTES + size,
    baseOffset,
    lastOffset: BigInt.asIntN(64, baseOffset + BigInt(lastOffsetDelta)),
    partitionLeaderEpoch: view.getInt32(position + 12),
    magic,
    crc: view.getUint32(position + 17),
    attributes: view.getInt16(position + 21),
    lastOffsetDelta,
    baseTimestamp: view.getBigInt64(position + 27),
    maxTimestamp: view.getBigInt64(position + 35),
    producerId: view.getBigInt64(position + 43),
    producerEpoch: view.getInt16(position + 51),
    baseSequence: view.getInt32(position + 53),
    count: view.getInt32(position + 57),
  };
}

/** DefaultRecordBatch.isValid. */
export function isValid(log: LogFile, batch: BatchHeader): boolean {
  return batch.sizeBytes >= HEADER_BYTES && crc32c(log.bytes, batch.position + 21, batch.position + batch.sizeBytes) === batch.crc;
}

/** CompressionType.forId. */
export function codecOf(batch: BatchHeader): DumpCodec {
  const id = batch.attributes & 7;
  const codec = CODEC_NAMES[id];
  if (codec === undefined) throw new JavaProblem('java.lang.IllegalArgumentException', `Unknown compression type id: ${id}`);
  return codec;
}

export const isLogAppendTime = (batch: BatchHeader): boolean => (batch.attributes & 0x08) !== 0;
export const isTransactional = (batch: BatchHeader): boolean => (batch.attributes & 0x10) !== 0;
export const isControlBatch = (batch: BatchHeader): boolean => (batch.attributes & 0x20) !== 0;
export const hasDeleteHorizon = (batch: BatchHeader): boolean => (batch.attributes & 0x40) !== 0;

/** Sequences run to 2^31 - 1 and begin again at 0. */
export function incrementSequence(sequence: number, increment: number): number {
  return sequence > MAX_INT - increment ? (increment - (MAX_INT - sequence) - 1) | 0 : (sequence + increment) | 0;
}

export function decrementSequence(sequence: number, decrement: number): number {
  return sequence < decrement ? (MAX_INT - (decrement - sequence) + 1) | 0 : (sequence - decrement) | 0;
}
