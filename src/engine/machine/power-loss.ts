import { assert } from '../kernel/assert.ts';
import { cutFile, withGeneration, type FileTree } from '../kernel/files.ts';
import { changed } from '../kernel/mutable.ts';
import { mapEntries, mapGet, mapKeys } from '../kernel/persistent-map.ts';
import { allCold } from './cold-reads.ts';
import { commitEntries, writeDevice } from './device.ts';
import { faultsAfterPowerLoss } from './disk-faults.ts';
import { changeDisk, copyDisk, emptyDisk, missingBytes } from './disk-state.ts';
import { PAGE_BYTES } from './page-ranges.ts';
import { draw, type Draft } from './draft.ts';

export interface PowerLoss {
  readonly lostBytes: number;
  readonly lostFiles: readonly string[];
  /** Files of which the last page that survived is torn. */
  readonly tornFiles: readonly string[];
}

/**
 * How the survivors are chosen. `exactDevice`: just what the device held after that flush (a reload of the page). `torn`: write-back
 * had reached the dirty files and was in the middle of a page of each. Neither: chance decides, also whether a page is torn.
 */
export interface Cut {
  readonly exactDevice: number | null;
  readonly torn: boolean;
}

/**
 * Power is gone: the device keeps what was flushed and what write-back had reached by then: a prefix of the journal, and of each
 * dirty file a prefix of its pages, perhaps with the last one torn. The page cache is empty.
 */
export function losePower(draft: Draft, cut: Cut): PowerLoss {
  const before = draft.state.disk.cache;
  const tornFiles: string[] = [];
  if (cut.exactDevice !== null) takeDeviceOf(draft, cut.exactDevice);
  else {
    const { journal } = draft.state.disk;
    const reached = cut.torn ? journal.length : journal.length === 0 ? 0 : draw(draft, 'power-journal') % (journal.length + 1);
    commitEntries(draft, journal.slice(0, reached), []);
    for (const path of mapKeys(draft.state.disk.dirtySinceUs)) if (survive(draft, path, cut.torn)) tornFiles.push(path);
  }
  const { disk } = draft.state;
  const { device } = disk;
  draft.state.disk = changed(copyDisk(emptyDisk(device)), {
    flushSequence: disk.flushSequence,
    nextGeneration: disk.nextGeneration,
    writtenBytes: disk.writtenBytes,
    counters: disk.counters,
    recentDevices: [{ flushSequence: disk.flushSequence, device }],
    coldPages: allCold(device),
  });
  changeDisk(draft, { faults: faultsAfterPowerLoss(disk, draft.state.disk) });
  return { ...compareTrees(before, device), tornFiles };
}

/** Goes back to the device as it was after a flush; the run cannot go on if that is longer ago than is kept. */
function takeDeviceOf(draft: Draft, flushSequence: number): void {
  const { disk } = draft.state;
  const version = disk.recentDevices.find((recent) => recent.flushSequence === flushSequence);
  assert(version !== undefined, `the device at flush ${flushSequence} among the latest ${disk.recentDevices.length}, now at ${disk.flushSequence}`);
  changeDisk(draft, { device: version.device, flushSequence });
}

/** What a dirty file has on the device afterwards; true when its last page is torn. */
function survive(draft: Draft, path: string, torn: boolean): boolean {
  const { disk } = draft.state;
  const cached = mapGet(disk.cache, path);
  const stored = mapGet(disk.device, path);
  // A file whose name never reached the device has nowhere to survive.
  if (cached === undefined || stored === undefined) return false;
  const chance = draw(draft, 'power-pages');
  if (stored.generation !== cached.generation && stored.dataEnd > 0) {
    if (chance % 2 === 1) writeDevice(draft, path, cached);
    return false;
  }
  const from = stored.generation === cached.generation ? stored.dataEnd : 0;
  const pageCount = Math.ceil((cached.dataEnd - from) / PAGE_BYTES);
  if (pageCount <= 0) return false;
  const pages = torn ? 1 + (chance % pageCount) : chance % (pageCount + 1);
  const reached = Math.min(cached.dataEnd, from + pages * PAGE_BYTES);
  const lastPage = reached - Math.max(from, reached - PAGE_BYTES);
  let tornBytes = 0;
  if (torn) tornBytes = 1 + (draw(draft, 'power-torn') % lastPage);
  else if (pages > 0 && draw(draft, 'power-torn') % 4 === 0) tornBytes = draw(draft, 'power-torn') % PAGE_BYTES;
  const end = Math.max(from, reached - tornBytes);
  if (end <= from) return false;
  writeDevice(draft, path, withGeneration(cutFile(cached, end), cached.generation));
  return tornBytes > 0;
}

function compareTrees(before: FileTree, after: FileTree): Pick<PowerLoss, 'lostBytes' | 'lostFiles'> {
  let lostBytes = 0;
  const lostFiles: string[] = [];
  for (const [path, file] of mapEntries(before)) {
    const bytes = missingBytes(file, mapGet(after, path));
    if (bytes > 0) {
      lostBytes += bytes;
      lostFiles.push(path);
    }
  }
  return { lostBytes, lostFiles };
}
