import { mapEntries, mapGet } from '../kernel/persistent-map.ts';
import { US_PER_MS } from '../kernel/units.ts';
import { EVENT_CLASS, type PathImage } from './contract.ts';
import { isFailed } from './disk-failures.ts';
import { commitJournal, isNewer, writeDevice } from './device.ts';
import { backgroundLimit, bootOf, changeDisk, count, missingBytes, throttleLimit, transferUs } from './disk-state.ts';
import { schedule, type Draft } from './draft.ts';

const US_PER_CENTISEC = 10 * US_PER_MS;

/** The flusher wakes `dirty_writeback_centisecs` from now; it sleeps while nothing is dirty. */
export function armWriteBack(draft: Draft): void {
  if (draft.state.disk.writeBackArmed) return;
  changeDisk(draft, { writeBackArmed: true });
  const atUs = draft.nowUs + draft.environment.spec.profile.dirtyWritebackCentisecs * US_PER_CENTISEC;
  schedule(draft, { atUs, class: EVENT_CLASS.disk, input: { type: 'writeBack', boot: bootOf(draft) } });
}

/** The flusher woke: what has been dirty for `dirty_expire_centisecs` goes to the device, the journal with it. */
export function writeBack(draft: Draft): void {
  changeDisk(draft, { writeBackArmed: false });
  const expireUs = draft.environment.spec.profile.dirtyExpireCentisecs * US_PER_CENTISEC;
  commitJournal(draft);
  if (draft.state.disk.writingBack.length === 0) {
    const due = mapEntries(draft.state.disk.dirtySinceUs).filter(([, sinceUs]) => draft.nowUs - sinceUs >= expireUs);
    submit(draft, imagesOf(draft, due));
  }
  if (draft.state.disk.dirtySinceUs.size > 0) armWriteBack(draft);
}

/** After a write: above the background limit the flusher starts at once, above the other one the writer waits for the device. */
export function heedDirtyLimits(draft: Draft): void {
  const { dirtyBytes, writingBack } = draft.state.disk;
  const { profile } = draft.environment.spec;
  const limitBytes = backgroundLimit(profile);
  if (dirtyBytes <= limitBytes) return;
  if (writingBack.length === 0) writeBackAmount(draft, limitBytes);
  const excessBytes = dirtyBytes - throttleLimit(profile);
  if (excessBytes <= 0) return;
  const waitUs = transferUs(draft, excessBytes);
  draft.stallUs = Math.max(draft.stallUs, waitUs);
  count(draft, { throttledUs: waitUs });
}

/** Oldest files first, until no more than the limit would be left. */
function writeBackAmount(draft: Draft, limitBytes: number): void {
  commitJournal(draft);
  const { disk } = draft.state;
  const oldest = mapEntries(disk.dirtySinceUs).sort(([pathA, sinceA], [pathB, sinceB]) => sinceA - sinceB || (pathA < pathB ? -1 : 1));
  const chosen: PathImage[] = [];
  let leftBytes = disk.dirtyBytes;
  for (const one of imagesOf(draft, oldest)) {
    if (leftBytes <= limitBytes) break;
    leftBytes -= missingBytes(one.image, mapGet(disk.device, one.path));
    chosen.push(one);
  }
  submit(draft, chosen);
}

function imagesOf(draft: Draft, entries: readonly (readonly [string, number])[]): PathImage[] {
  const images: PathImage[] = [];
  for (const [path] of entries) {
    const image = mapGet(draft.state.disk.cache, path);
    if (image !== undefined && !isFailed(draft.state.disk.faults, path)) images.push({ path, image });
  }
  return images;
}

/** The device takes the files one after another, each from its first dirty page on. What is written meanwhile stays dirty. */
function submit(draft: Draft, images: readonly PathImage[]): void {
  if (images.length === 0) return;
  const { disk } = draft.state;
  let sizeBytes = 0;
  for (const { path, image } of images) sizeBytes += missingBytes(image, mapGet(disk.device, path));
  const doneUs = Math.max(draft.nowUs, disk.deviceFreeUs) + transferUs(draft, sizeBytes);
  changeDisk(draft, { deviceFreeUs: doneUs, writingBack: images });
  schedule(draft, { atUs: doneUs, class: EVENT_CLASS.disk, input: { type: 'writtenBack', boot: bootOf(draft) } });
}

/** Write-back has reached the device. A file that was replaced or renamed meanwhile is left for the next time. */
export function finishWriteBack(draft: Draft): void {
  const { writingBack } = draft.state.disk;
  changeDisk(draft, { writingBack: [] });
  let writtenBackBytes = 0;
  for (const { path, image } of writingBack) {
    const { disk } = draft.state;
    const stored = mapGet(disk.device, path);
    if (mapGet(disk.cache, path)?.generation !== image.generation || (stored !== undefined && isNewer(stored, image))) continue;
    writtenBackBytes += missingBytes(image, stored);
    writeDevice(draft, path, image);
  }
  if (writtenBackBytes > 0) count(draft, { writtenBackBytes });
  heedDirtyLimits(draft);
}
