import { assert } from '../../kernel/assert.ts';
import type { ConfigTexts } from '../log-config.ts';

/** `log.cleaner.*` (CleanerConfig). Bytes; the load factor is the share of the offset map that may be filled. */
export interface CleanerConfig {
  readonly enable: boolean;
  readonly backoffMs: number;
  readonly dedupeBufferBytes: number;
  readonly loadFactor: number;
  readonly ioBufferBytes: number;
}

/** Kafka's defaults, 3.9. */
const DEFAULTS: ConfigTexts = {
  'log.cleaner.enable': 'true',
  'log.cleaner.backoff.ms': '15000',
  'log.cleaner.dedupe.buffer.size': '134217728',
  'log.cleaner.io.buffer.load.factor': '0.9',
  'log.cleaner.io.buffer.size': '524288',
};

export const CLEANER_DEFAULTS = resolveCleanerConfig({});

/** One cleaner thread, so that all of the buffers are its own. */
export function resolveCleanerConfig(texts: ConfigTexts): CleanerConfig {
  const number = (name: string): number => {
    const text = texts[name] ?? DEFAULTS[name] ?? '';
    const value = Number(text);
    assert(text.trim() !== '' && Number.isFinite(value) && value >= 0, `a number for ${name}, got ${text}`);
    return value;
  };
  return {
    enable: (texts['log.cleaner.enable'] ?? DEFAULTS['log.cleaner.enable']) === 'true',
    backoffMs: number('log.cleaner.backoff.ms'),
    dedupeBufferBytes: number('log.cleaner.dedupe.buffer.size'),
    loadFactor: number('log.cleaner.io.buffer.load.factor'),
    // One buffer to read and one to write.
    ioBufferBytes: number('log.cleaner.io.buffer.size') / 2,
  };
}
