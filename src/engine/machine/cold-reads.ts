import type { FileTree } from '../kernel/files.ts';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet } from '../kernel/persistent-map.ts';
import type { ReadEffect } from '../kernel/system.ts';
import type { ColdPages, PageRange, Reader } from './contract.ts';
import { changeDisk, count, slowness, transferUs } from './disk-state.ts';
import { overlap, PAGE_BYTES, pageCount, pagesOf, without } from './page-ranges.ts';
import type { Draft } from './draft.ts';

const NEW_READER: Reader = { nextPage: -1, windowPages: 0 };
/** The first read-ahead of a reader, in pages; doubles while it reads on where it ended, up to `read_ahead_kb`. */
const FIRST_WINDOW_PAGES = 4;

/** After a power cut: every page of every file is on the device only. */
export function allCold(device: FileTree): ColdPages {
  let ranges: ColdPages['ranges'] = emptyMap();
  for (const [path, file] of mapEntries(device)) if (file.dataEnd > 0) ranges = mapSet(ranges, path, [{ from: 0, to: Math.ceil(file.dataEnd / PAGE_BYTES) }]);
  return { ranges, readers: emptyMap() };
}

/** A process reads a range: what is not in the page cache is fetched first, and what it sends behind this waits for that. */
export function readPages(draft: Draft, effect: ReadEffect): void {
  const { disk } = draft.state;
  const cold = disk.coldPages.ranges.size === 0 ? undefined : mapGet(disk.coldPages.ranges, effect.path);
  const sendfileBytes = effect.by === 'sendfile' ? effect.sizeBytes : 0;
  if (cold === undefined) return count(draft, { cacheReadBytes: effect.sizeBytes, sendfileBytes });
  const fetched = fetchRange(draft, cold, effect);
  const deviceReadBytes = Math.min(effect.sizeBytes, fetched.neededPages * PAGE_BYTES);
  count(draft, {
    cacheReadBytes: effect.sizeBytes - deviceReadBytes,
    deviceReadBytes,
    sendfileBytes,
    sequentialReadCount: fetched.sequentialCount,
    randomReadCount: fetched.randomCount,
    readWaitUs: fetched.waitUs,
  });
  draft.stallUs = Math.max(draft.stallUs, fetched.waitUs);
}

interface Fetched {
  /** Pages that the reader asked for and that were not in the cache. */
  readonly neededPages: number;
  readonly sequentialCount: number;
  readonly randomCount: number;
  readonly waitUs: number;
}

/** Fetches what the range lacks, with read-ahead behind it, and takes those pages off the cold ones. */
function fetchRange(draft: Draft, cold: readonly PageRange[], effect: ReadEffect): Fetched {
  const { disk } = draft.state;
  const { profile } = draft.environment.spec;
  const missing = overlap(cold, pagesOf(effect));
  if (missing.length === 0) return { neededPages: 0, sequentialCount: 0, randomCount: 0, waitUs: 0 };
  let reader = mapGet(disk.coldPages.readers, effect.path) ?? NEW_READER;
  let left = cold;
  let busyUs = 0;
  let neededPages = 0;
  let sequentialCount = 0;
  for (const { from, to } of missing) {
    const sequential = reader.nextPage === from;
    const most = Math.max(1, Math.floor((profile.readAheadKb * 1024) / PAGE_BYTES));
    const windowPages = Math.min(most, sequential ? reader.windowPages * 2 : FIRST_WINDOW_PAGES);
    const ahead: PageRange = { from, to: to + windowPages };
    const pages = pageCount(overlap(left, ahead));
    left = without(left, ahead);
    reader = { nextPage: ahead.to, windowPages };
    neededPages += to - from;
    if (sequential) sequentialCount += 1;
    else busyUs += profile.deviceSeekUs * slowness(draft);
    busyUs += transferUs(draft, pages * PAGE_BYTES);
  }
  const doneUs = Math.max(draft.nowUs, disk.deviceFreeUs) + busyUs;
  const { ranges, readers } = disk.coldPages;
  const warm = left.length === 0;
  changeDisk(draft, {
    deviceFreeUs: doneUs,
    coldPages: {
      ranges: warm ? mapDelete(ranges, effect.path) : mapSet(ranges, effect.path, left),
      readers: warm ? mapDelete(readers, effect.path) : mapSet(readers, effect.path, reader),
    },
  });
  return { neededPages, sequentialCount, randomCount: missing.length - sequentialCount, waitUs: doneUs - draft.nowUs };
}

/** One page leaves the cache. */
export function dropPage(draft: Draft, path: string, page: number): void {
  const others = without(mapGet(draft.state.disk.coldPages.ranges, path) ?? [], { from: page, to: page + 1 });
  const ranges: PageRange[] = [];
  for (const range of [...others, { from: page, to: page + 1 }].sort((a, b) => a.from - b.from)) {
    const last = ranges[ranges.length - 1];
    if (last?.to === range.from) ranges[ranges.length - 1] = { from: last.from, to: range.to };
    else ranges.push(range);
  }
  setRanges(draft, path, ranges);
}

/** Pages from `dataEnd` on are no longer the file's. */
export function trimCold(draft: Draft, path: string, dataEnd: number): void {
  const { coldPages } = draft.state.disk;
  if (coldPages.ranges.size === 0) return;
  const ranges = mapGet(coldPages.ranges, path);
  if (ranges === undefined) return;
  const kept = overlap(ranges, { from: 0, to: Math.ceil(dataEnd / PAGE_BYTES) });
  setRanges(draft, path, kept);
}

export function renameCold(draft: Draft, from: string, to: string): void {
  const { ranges, readers } = draft.state.disk.coldPages;
  if (ranges.size === 0) return;
  const moved = mapGet(ranges, from) ?? [];
  changeDisk(draft, { coldPages: { ranges: mapDelete(ranges, from), readers: mapDelete(mapDelete(readers, from), to) } });
  setRanges(draft, to, moved);
}

function setRanges(draft: Draft, path: string, kept: readonly PageRange[]): void {
  const { ranges, readers } = draft.state.disk.coldPages;
  changeDisk(draft, { coldPages: { ranges: kept.length === 0 ? mapDelete(ranges, path) : mapSet(ranges, path, kept), readers } });
}
