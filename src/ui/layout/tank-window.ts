/** Which offsets a partition's tanks show. All replicas of a partition share it, so that levels can be compared by eye. */
export interface TankWindow {
  /** The first offset shown. */
  readonly base: number;
  /** Rows from the bottom to the rim. */
  readonly rows: number;
}

/** Rows that stay free above the highest record, so that there is room to see one arrive. */
const HEADROOM_ROWS = 2;

/**
 * The window that holds the newest record of the longest replica. It moves up in steps of a quarter of its height, so that the
 * picture stands still while records arrive.
 */
export function tankWindow(greatestEnd: number, rows: number): TankWindow {
  const fits = rows - HEADROOM_ROWS;
  if (greatestEnd <= fits) return { base: 0, rows };
  const step = Math.max(1, Math.floor(rows / 4));
  return { base: Math.ceil((greatestEnd - fits) / step) * step, rows };
}

/** The leader epoch of the record at `offset`; 0 when the cache is empty. */
export function epochAt(epochs: readonly { readonly epoch: number; readonly startOffset: number }[], offset: number): number {
  let epoch = epochs[0]?.epoch ?? 0;
  for (const span of epochs) {
    if (span.startOffset > offset) break;
    epoch = span.epoch;
  }
  return epoch;
}

/** Places for labels near wished heights, in order, at least `apart` pixels from one another and above `lowest`. */
export function spreadLabels(wished: readonly number[], apart: number, lowest = Number.POSITIVE_INFINITY): number[] {
  const placed: number[] = [];
  for (const wish of wished) {
    const before = placed[placed.length - 1];
    placed.push(before === undefined ? wish : Math.max(wish, before + apart));
  }
  let limit = lowest;
  for (let i = placed.length - 1; i >= 0; i--) {
    placed[i] = Math.min(placed[i] ?? limit, limit);
    limit = (placed[i] ?? limit) - apart;
  }
  return placed;
}
