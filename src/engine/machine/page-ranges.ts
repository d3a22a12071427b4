import type { ReadEffect } from '../kernel/system.ts';
import type { PageRange } from './contract.ts';

export const PAGE_BYTES = 4096;

/** The pages that a read touches. */
export function pagesOf(read: ReadEffect): PageRange {
  return { from: Math.floor(read.position / PAGE_BYTES), to: Math.ceil((read.position + read.sizeBytes) / PAGE_BYTES) };
}

/** The parts of `ranges` inside `wanted`. */
export function overlap(ranges: readonly PageRange[], wanted: PageRange): PageRange[] {
  const parts: PageRange[] = [];
  for (const range of ranges) {
    const from = Math.max(range.from, wanted.from);
    const to = Math.min(range.to, wanted.to);
    if (from < to) parts.push({ from, to });
  }
  return parts;
}

/** `ranges` outside `taken`. */
export function without(ranges: readonly PageRange[], taken: PageRange): PageRange[] {
  const parts: PageRange[] = [];
  for (const range of ranges) {
    if (range.from < taken.from) parts.push({ from: range.from, to: Math.min(range.to, taken.from) });
    if (range.to > taken.to) parts.push({ from: Math.max(range.from, taken.to), to: range.to });
  }
  return parts;
}

export function pageCount(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, range) => sum + range.to - range.from, 0);
}
