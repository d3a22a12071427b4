import type { CodecName } from './record-batch.ts';

export type CompressedCodecName = Exclude<CodecName, 'none'>;

/**
 * Compression as a synchronous port: pure functions of their arguments, the same bytes on every host (CompressionType, Compression).
 * The records area of a batch is one such piece, in the container that Kafka's clients write.
 */
export interface Codecs {
  /** `level` as Kafka's `compression.<codec>.level`; null for its default. */
  compress(codec: CompressedCodecName, records: Uint8Array, level: number | null): Uint8Array;
  /** Null when the bytes are corrupt, or would give more than `maxBytes`. */
  decompress(codec: CompressedCodecName, bytes: Uint8Array, maxBytes: number): Uint8Array | null;
}
