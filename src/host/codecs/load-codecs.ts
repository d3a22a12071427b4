import { unreachable } from '../../engine/kernel/assert.ts';
import type { Codecs } from '../../engine/protocol/compression.ts';
import { compressGzip, decompressGzip } from './gzip.ts';
import { compressLz4, decompressLz4 } from './lz4-frame.ts';
import { compressSnappy, decompressSnappy } from './snappy.ts';
import { decompressZstd } from './zstd.ts';

/** `compression.zstd.level` when nobody says otherwise. */
const ZSTD_DEFAULT_LEVEL = 3;

let loading: Promise<Codecs> | null = null;

/**
 * The engine's codecs. zstd's compressor is WebAssembly, which browsers load asynchronously: this is awaited before a run starts, and all
 * is synchronous from then on. Loaded once.
 */
export function loadCodecs(): Promise<Codecs> {
  return (loading ??= load());
}

async function load(): Promise<Codecs> {
  const { Zstd } = await import('@hpcc-js/wasm-zstd');
  const zstd = await Zstd.load();
  return {
    compress: (codec, records, level) => {
      switch (codec) {
        case 'gzip':
          return compressGzip(records, level);
        case 'snappy':
          return compressSnappy(records);
        case 'lz4':
          return compressLz4(records);
        case 'zstd':
          return zstd.compress(records, level ?? ZSTD_DEFAULT_LEVEL);
        default:
          return unreachable(codec);
      }
    },
    decompress: (codec, bytes, maxBytes) => {
      switch (codec) {
        case 'gzip':
          return decompressGzip(bytes, maxBytes);
        case 'snappy':
          return decompressSnappy(bytes, maxBytes);
        case 'lz4':
          return decompressLz4(bytes, maxBytes);
        case 'zstd':
          return decompressZstd(bytes, maxBytes);
        default:
          return unreachable(codec);
      }
    },
  };
}
