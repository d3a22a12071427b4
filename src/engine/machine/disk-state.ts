import type { FileImage, FileTree } from '../kernel/files.ts';
import { changed, type Mutable } from '../kernel/mutable.ts';
import { emptyMap, mapGet } from '../kernel/persistent-map.ts';
import type { DiskCounters, DiskState, JournalEntry, MachineProfile } from './contract.ts';
import type { Draft } from './draft.ts';

const NO_COUNTERS: DiskCounters = {
  flushedBytes: 0,
  writtenBackBytes: 0,
  cacheReadBytes: 0,
  deviceReadBytes: 0,
  sendfileBytes: 0,
  sequentialReadCount: 0,
  randomReadCount: 0,
  readWaitUs: 0,
  throttledUs: 0,
};

export function emptyDisk(files: FileTree): DiskState {
  return {
    cache: files,
    device: files,
    dirtySinceUs: emptyMap(),
    dirtyBytes: 0,
    journal: [],
    deviceFreeUs: 0,
    nextGeneration: 1,
    flushing: emptyMap(),
    flushSequence: 0,
    recentDevices: [{ flushSequence: 0, device: files }],
    writeBackArmed: false,
    writingBack: [],
    writtenBytes: 0,
    counters: NO_COUNTERS,
    coldPages: { ranges: emptyMap(), readers: emptyMap() },
    faults: null,
  };
}

/** A copy that its one owner changes before anybody else sees it. */
export function copyDisk(disk: DiskState): Mutable<DiskState> {
  return {
    cache: disk.cache,
    device: disk.device,
    dirtySinceUs: disk.dirtySinceUs,
    dirtyBytes: disk.dirtyBytes,
    journal: disk.journal,
    deviceFreeUs: disk.deviceFreeUs,
    nextGeneration: disk.nextGeneration,
    flushing: disk.flushing,
    flushSequence: disk.flushSequence,
    recentDevices: disk.recentDevices,
    writeBackArmed: disk.writeBackArmed,
    writingBack: disk.writingBack,
    writtenBytes: disk.writtenBytes,
    counters: disk.counters,
    coldPages: disk.coldPages,
    faults: disk.faults,
  };
}

export function changeDisk(draft: Draft, fields: Partial<DiskState>): void {
  draft.state.disk = changed(copyDisk(draft.state.disk), fields);
}

/** Counts on: each given field is added to what was counted before. */
export function count(draft: Draft, more: Partial<DiskCounters>): void {
  const before = draft.state.disk.counters;
  changeDisk(draft, {
    counters: {
      flushedBytes: before.flushedBytes + (more.flushedBytes ?? 0),
      writtenBackBytes: before.writtenBackBytes + (more.writtenBackBytes ?? 0),
      cacheReadBytes: before.cacheReadBytes + (more.cacheReadBytes ?? 0),
      deviceReadBytes: before.deviceReadBytes + (more.deviceReadBytes ?? 0),
      sendfileBytes: before.sendfileBytes + (more.sendfileBytes ?? 0),
      sequentialReadCount: before.sequentialReadCount + (more.sequentialReadCount ?? 0),
      randomReadCount: before.randomReadCount + (more.randomReadCount ?? 0),
      readWaitUs: before.readWaitUs + (more.readWaitUs ?? 0),
      throttledUs: before.throttledUs + (more.throttledUs ?? 0),
    },
  });
}

/** Operations of an earlier boot are void; the number of power cycles is the count of the `boot` stream. */
export function bootOf(draft: Draft): number {
  return mapGet(draft.state.draws, 'boot') ?? 0;
}

/** Which content a file has, and how far: files of one generation differ by a tail only. */
export interface Content {
  readonly generation: number;
  readonly dataEnd: number;
}

/** Bytes of `file` that are not in `stored`. */
export function missingBytes(file: Content | undefined, stored: Content | undefined): number {
  if (file === undefined) return 0;
  if (stored === undefined || stored.generation !== file.generation) return file.dataEnd;
  return Math.max(0, file.dataEnd - stored.dataEnd);
}

/** What the device will hold of the file that is called `path` now, once the journal is on it: its data may be there under an older name. */
export function storedContent(disk: DiskState, path: string): Content | undefined {
  if (disk.journal.length === 0) return mapGet(disk.device, path);
  let name = path;
  const cuts: Extract<JournalEntry, { op: 'cut' }>[] = [];
  for (let i = disk.journal.length - 1; i >= 0; i--) {
    const entry = disk.journal[i];
    if (entry === undefined) break;
    if (entry.op === 'rename') {
      if (entry.to === name) {
        if (entry.image !== null) return contentAfter(entry.image, cuts);
        name = entry.from;
      } else if (entry.from === name) return undefined;
    } else if (entry.path === name) {
      if (entry.op === 'cut') cuts.unshift(entry);
      else if (entry.op === 'delete') return undefined;
    }
  }
  const stored = mapGet(disk.device, name);
  return stored === undefined ? undefined : contentAfter(stored, cuts);
}

function contentAfter(stored: FileImage, cuts: readonly { readonly sizeBytes: number; readonly from: number; readonly to: number }[]): Content {
  let content: Content = stored;
  for (const cut of cuts) if (cut.from === content.generation) content = { generation: cut.to, dataEnd: Math.min(cut.sizeBytes, content.dataEnd) };
  return content;
}

/** Above so many dirty bytes write-back starts at once: vm.dirty_background_bytes, or its ratio of the memory where that is 0. */
export function backgroundLimit(profile: MachineProfile): number {
  return profile.dirtyBackgroundBytes > 0 ? profile.dirtyBackgroundBytes : Math.floor((profile.memoryBytes * profile.dirtyBackgroundRatio) / 100);
}

/** Above so many dirty bytes who writes must wait: vm.dirty_bytes, or its ratio. */
export function throttleLimit(profile: MachineProfile): number {
  return profile.dirtyBytes > 0 ? profile.dirtyBytes : Math.floor((profile.memoryBytes * profile.dirtyRatio) / 100);
}

/** How long the device takes to move so many bytes. */
export function transferUs(draft: Draft, sizeBytes: number): number {
  return Math.ceil((sizeBytes * 1_000_000 * slowness(draft)) / draft.environment.spec.profile.deviceBytesPerSecond);
}

/** How many times as long as usual everything takes. */
export function slowness(draft: Draft): number {
  return draft.state.disk.faults?.slowFactor ?? 1;
}
