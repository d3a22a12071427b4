import { BATCH_OVERHEAD_BYTES } from '../../protocol/record-batch.ts';
import { mapGet, mapSet } from '../../kernel/persistent-map.ts';
import type { CodecName } from '../../kernel/codecs.ts';
import type { ProducerBatch, Work } from './producer-state.ts';

/** CompressionRatioEstimator: steps towards better and worse ratios, and the margin that MemoryRecordsBuilder adds. */
const IMPROVING_STEP = 0.005;
const DETERIORATING_STEP = 0.05;
const MARGIN = 1.05;

/** What compressing has brought and cost since the process started. */
export interface CompressionTally {
  readonly batchCount: number;
  /** Bytes of the records before and after. */
  readonly recordBytes: number;
  readonly compressedBytes: number;
  readonly cpuUs: number;
}

export const NOTHING_COMPRESSED: CompressionTally = { batchCount: 0, recordBytes: 0, compressedBytes: 0, cpuUs: 0 };

/**
 * Nanoseconds a KiB on one core, by the orders of magnitude of the codecs' own benchmarks (zlib 6 about 40 MB/s, snappy 400, lz4 600, zstd 3
 * about 300). `Simplified:` the same for every content and level; told to the reader, and no virtual time passes.
 */
const COMPRESS_NS_PER_KIB: Readonly<Record<CodecName, number>> = { none: 0, gzip: 25_000, snappy: 2_500, lz4: 1_700, zstd: 3_400 };

/** The ratio that a new batch of a topic is expected to reach. */
export function estimatedRatio(work: Work, topic: string): number {
  return work.state.settings.compression.codec === 'none' ? 1 : (mapGet(work.state.compressionRatios, topic) ?? 1);
}

/** How large a batch will be, as far as one can say before it is compressed (MemoryRecordsBuilder.estimatedBytesWritten). */
export function estimatedBytes(work: Work, batch: ProducerBatch): number {
  if (work.state.settings.compression.codec === 'none') return batch.sizeBytes;
  return BATCH_OVERHEAD_BYTES + Math.floor((batch.sizeBytes - BATCH_OVERHEAD_BYTES) * batch.estimatedRatio * MARGIN);
}

/** A batch was compressed: the estimate of its topic moves, and the tally grows. */
export function noteCompressed(work: Work, topic: string, bytes: { readonly records: number; readonly compressed: number }): void {
  const { codec } = work.state.settings.compression;
  if (codec === 'none' || bytes.records === 0) return;
  const before = mapGet(work.state.compressionRatios, topic) ?? 1;
  const observed = bytes.compressed / bytes.records;
  const after = observed > before ? Math.max(before + DETERIORATING_STEP, observed) : Math.max(before - IMPROVING_STEP, observed);
  work.state.compressionRatios = mapSet(work.state.compressionRatios, topic, after);
  const { batchCount, recordBytes, compressedBytes, cpuUs } = work.state.compressed;
  work.state.compressed = {
    batchCount: batchCount + 1,
    recordBytes: recordBytes + bytes.records,
    compressedBytes: compressedBytes + bytes.compressed,
    cpuUs: cpuUs + Math.ceil((bytes.records * COMPRESS_NS_PER_KIB[codec]) / 1_024_000),
  };
}
