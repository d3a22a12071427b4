import { concatBytes } from '../../engine/kernel/bytes.ts';
import type { FileImage } from '../../engine/kernel/files.ts';
import { arrayGet, arrayToList } from '../../engine/kernel/persistent-array.ts';
import type { DeviceWrite } from './contract.ts';

/** One path of a machine's device before and after a change of the model; null where there is no file. */
export interface PathChange {
  readonly path: string;
  readonly before: FileImage | null;
  readonly after: FileImage | null;
}

/**
 * The writes that bring a stored device from each change's `before` to its `after`. Only what differs is written: what grew is
 * appended, what was cut is resized, and a file that went and came back under another name is renamed.
 */
export function deviceWritesOf(changes: readonly PathChange[]): DeviceWrite[] {
  const writes: DeviceWrite[] = [];
  for (let i = 0; i < changes.length; i++) {
    const change = changes[i];
    if (change === undefined) continue;
    const next = changes[i + 1];
    if (next !== undefined && isRename(change, next)) {
      writes.push({ op: 'rename', from: change.path, to: next.path });
      writes.push(...writesBetween(next.path, change.before, next.after));
      i += 1;
    } else writes.push(...writesBetween(change.path, change.before, change.after));
  }
  return writes;
}

function isRename(gone: PathChange, come: PathChange): boolean {
  return gone.after === null && gone.before !== null && come.after !== null && gone.path !== come.path && continues(gone.before, come.after);
}

/** One content has one generation as long as it only grows, so a prefix need not be compared. */
function continues(before: FileImage, after: FileImage): boolean {
  return before.generation === after.generation && before.dataEnd > 0 && before.dataEnd <= after.dataEnd;
}

function writesBetween(path: string, before: FileImage | null, after: FileImage | null): DeviceWrite[] {
  if (after === null) return before === null ? [] : [{ op: 'delete', path }];
  if (before === null) return withSize(path, after, after.dataEnd, [{ op: 'put', path, bytes: tailOf(after, 0) }]);
  const sharedBytes = continues(before, after) || before.dataEnd === 0 ? before.dataEnd : sharedPrefix(before, after);
  if (sharedBytes === 0 && before.dataEnd > 0) return withSize(path, after, after.dataEnd, [{ op: 'put', path, bytes: tailOf(after, 0) }]);
  const writes: DeviceWrite[] = [];
  let sizeBytes = before.sizeBytes;
  if (sharedBytes < before.dataEnd) {
    writes.push({ op: 'resize', path, sizeBytes: sharedBytes });
    sizeBytes = sharedBytes;
  }
  if (sharedBytes < after.dataEnd) writes.push({ op: 'append', path, bytes: tailOf(after, sharedBytes) });
  return withSize(path, after, Math.max(sizeBytes, after.dataEnd), writes);
}

function withSize(path: string, after: FileImage, sizeBytes: number, writes: DeviceWrite[]): DeviceWrite[] {
  return after.sizeBytes === sizeBytes ? writes : [...writes, { op: 'resize', path, sizeBytes: after.sizeBytes }];
}

/** The data from `start`, found from the end: the cost is what was appended, not the file. */
function tailOf(file: FileImage, start: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let end = file.dataEnd;
  for (let i = file.extents.length - 1; i >= 0 && end > start; i--) {
    const extent = arrayGet(file.extents, i);
    if (extent === undefined) break;
    const extentStart = end - extent.length;
    parts.push(extentStart >= start ? extent : extent.subarray(start - extentStart));
    end = extentStart;
  }
  return concatBytes(parts.reverse());
}

/** How many leading bytes are the same memory in both: a truncated log keeps its extents and cuts one. */
function sharedPrefix(before: FileImage, after: FileImage): number {
  const old = arrayToList(before.extents);
  let sharedBytes = 0;
  for (const [i, extent] of arrayToList(after.extents).entries()) {
    const other = old[i];
    if (other === undefined || other.buffer !== extent.buffer || other.byteOffset !== extent.byteOffset) break;
    sharedBytes += Math.min(other.length, extent.length);
    if (other.length !== extent.length) break;
  }
  return sharedBytes;
}
