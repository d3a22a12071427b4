import { assert } from './assert.ts';

/** CompressionType's names, by their number in a batch's attributes. */
export const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CodecName = (typeof CODEC_NAMES)[number];
export type CompressedCodecName = Exclude<CodecName, 'none'>;

/**
 * Compression as a synchronous port: pure functions of their arguments, the same bytes on every host (CompressionType, Compression).
 * The records area of a batch is one such piece, in the container that Kafka's clients write. A host loads it before a run starts.
 */
export interface Codecs {
  /** `level` as Kafka's `compression.<codec>.level`; null for its default. */
  compress(codec: CompressedCodecName, records: Uint8Array, level: number | null): Uint8Array;
  /** Null when the bytes are corrupt, or would give more than `maxBytes`. */
  decompress(codec: CompressedCodecName, bytes: Uint8Array, maxBytes: number): Uint8Array | null;
}

/** For a host, or a test, in whose runs nothing is compressed: asking it is a mistake. */
export const NO_CODECS: Codecs = {
  compress: (codec) => notLoaded(`to compress by ${codec}`),
  decompress: (codec) => notLoaded(`to open ${codec}`),
};

function notLoaded(asked: string): never {
  assert(false, `codecs loaded before the run, asked ${asked}`);
}
