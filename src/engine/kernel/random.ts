import { avalanche, hashString } from './hash.ts';

/** Which stream of chance: the run's seed, who draws (a machine or one directed link), and for what. */
export interface Stream {
  readonly seed: number;
  readonly owner: string;
  readonly purpose: string;
}

/** The key of a stream, computed once and then used with `drawAt`. */
export function streamKey(stream: Stream): number {
  const seeded = avalanche((stream.seed | 0) ^ 0x2545f491);
  return avalanche(seeded ^ Math.imul(hashString(stream.owner), 0x9e3779b1) ^ Math.imul(hashString(stream.purpose), 0x7feb352d));
}

/** Draw n of a stream, a uint32: a hash of key and n, so that no draw shifts another. */
export function drawAt(key: number, n: number): number {
  return avalanche(avalanche(key ^ Math.imul(n + 1, 0x9e3779b1)) + Math.imul(n, 0x85ebca6b)) >>> 0;
}

/** A uint32 scaled to an integer in [0, bound), bound at most 2^21. */
export function below(draw: number, bound: number): number {
  return Math.floor((draw / 4294967296) * bound);
}
