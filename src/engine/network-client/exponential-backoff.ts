/** Bounds of a wait that doubles with each attempt (org.apache.kafka.common.utils.ExponentialBackoff, KIP-580). */
export interface BackoffBounds {
  readonly initialMs: number;
  readonly maxMs: number;
}

const UINT32_RANGE = 4294967296;
const JITTER_PERCENT = 20;

/**
 * Milliseconds to wait before attempt `attempts` (0 for the first): initial * 2^attempts, up to `maxMs`, with 20 % jitter taken from
 * `draw`, a uint32. A wait that cannot grow has no jitter.
 */
export function exponentialBackoffMs(bounds: BackoffBounds, attempts: number, draw: number): number {
  const { initialMs, maxMs } = bounds;
  if (maxMs <= initialMs) return initialMs;
  let termMs = initialMs;
  for (let i = 0; i < attempts && termMs < maxMs; i++) termMs *= 2;
  const percent = 100 - JITTER_PERCENT + (draw / UINT32_RANGE) * 2 * JITTER_PERCENT;
  return Math.min(Math.floor((Math.min(termMs, maxMs) * percent) / 100), maxMs);
}
