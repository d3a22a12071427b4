import type { CompressedCodecName } from '../kernel/codecs.ts';

export type { Codecs, CompressedCodecName } from '../kernel/codecs.ts';

/** No sound batch opens to more: what claims to is corrupt. */
export const MOST_RECORDS_BYTES = 64 * 1024 * 1024;

/** The number of a codec in the attributes of a batch. */
export const CODEC_IDS: Readonly<Record<CompressedCodecName, number>> = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
