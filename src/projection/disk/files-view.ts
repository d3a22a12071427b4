import { mapGet } from '../../engine/kernel/persistent-map.ts';
import { readFile, type FileTree } from '../../engine/kernel/files.ts';
import type { HostName } from '../../engine/kernel/units.ts';
import { batchBytesAt } from '../../engine/log/recovery.ts';
import { allFileStatuses, fileStatus, type FileStatus } from '../../engine/machine/disk-view.ts';
import type { World } from '../../engine/world/world-state.ts';

/** What an open Files panel looks at: a machine, and of one file the part that holds `from`. */
export interface FilesWatch {
  readonly host: HostName;
  readonly path: string | null;
  readonly from: number;
}

/** The disk of a machine as its page cache shows it. */
export interface FilesView {
  readonly host: HostName;
  readonly files: readonly FileStatus[];
  readonly chosen: FilePart | null;
}

/** A part of a file: for a `.log` whole batches, else an aligned piece. */
export interface FilePart {
  readonly path: string;
  readonly from: number;
  readonly bytes: Uint8Array;
  /** Where the parts before and after begin; null at the ends. */
  readonly previous: number | null;
  readonly next: number | null;
  readonly version: string;
}

export interface FileContent {
  readonly path: string;
  /** The whole file, with its preallocated zeros left out. */
  readonly bytes: Uint8Array;
}

/** A part has about this size; one large batch may exceed it. */
export const PART_BYTES = 65_536;

/** What is on the machine's disk now; null for a machine that there is not. */
export function projectFiles(world: World, watch: FilesWatch): FilesView | null {
  const runner = world.runners.find((one) => one.environment.spec.host === watch.host);
  if (runner === undefined) return null;
  const { disk } = runner.state;
  const status = watch.path === null ? null : fileStatus(disk, watch.path);
  return { host: watch.host, files: allFileStatuses(disk), chosen: status === null ? null : partOf(disk.cache, status, watch.from) };
}

/** All files whose path starts with `prefix`, whole: for a download. */
export function readFilesOf(world: World, host: HostName, prefix: string): readonly FileContent[] {
  const runner = world.runners.find((one) => one.environment.spec.host === host);
  if (runner === undefined) return [];
  const { cache } = runner.state.disk;
  return allFileStatuses(runner.state.disk)
    .filter(({ path }) => path === prefix || path.startsWith(prefix.endsWith('/') || prefix === '' ? prefix : `${prefix}/`))
    .flatMap(({ path }) => (mapGet(cache, path) === undefined ? [] : [{ path, bytes: Uint8Array.from(readFile(cache, path) ?? []) }]));
}

function partOf(cache: FileTree, status: FileStatus, from: number): FilePart {
  const whole = readFile(cache, status.path) ?? new Uint8Array();
  return { path: status.path, version: status.version, ...cutPart(status.path, whole, from) };
}

/** The part of a file that holds `from`, copied; past the end it is the last part. */
export function cutPart(path: string, whole: Uint8Array, from: number): Pick<FilePart, 'from' | 'bytes' | 'previous' | 'next'> {
  const starts = /\.log(\.\w+)?$/.test(path) ? batchParts(whole) : alignedParts(whole.length);
  let at = 0;
  while (at + 1 < starts.length && (starts[at + 1] ?? 0) <= from) at += 1;
  const start = starts[at] ?? 0;
  const next = starts[at + 1] ?? null;
  return { from: start, bytes: whole.slice(start, next ?? whole.length), previous: at === 0 ? null : (starts[at - 1] ?? null), next };
}

function alignedParts(sizeBytes: number): number[] {
  const starts = [0];
  for (let at = PART_BYTES; at < sizeBytes; at += PART_BYTES) starts.push(at);
  return starts;
}

/** Parts begin at batches; what comes after garbage is cut by size alone. */
function batchParts(whole: Uint8Array): number[] {
  const starts = [0];
  let position = 0;
  let partStart = 0;
  while (position < whole.length) {
    const batch = batchBytesAt(whole, position);
    const end = batch === null ? Math.min(whole.length, partStart + PART_BYTES) : position + batch.length;
    if (batch !== null && position > partStart && end - partStart > PART_BYTES) {
      starts.push(position);
      partStart = position;
    }
    position = end;
    if (batch === null && position < whole.length) {
      starts.push(position);
      partStart = position;
    }
  }
  return starts;
}

function coldText({ coldPages }: FileStatus): string {
  return coldPages.map(({ from, to }) => `${from}-${to}`).join(' ');
}

/** Changes whenever the view would look different; cheap to compare. */
export function filesSignature(view: FilesView | null): string {
  if (view === null) return '';
  const files = view.files.map(
    (file) => `${file.path} ${file.version} ${file.onDeviceUpTo} ${file.journalOnly} ${file.dirtySinceUs} ${file.flushing} ${coldText(file)}`,
  );
  const part = view.chosen === null ? '' : `${view.chosen.path} ${view.chosen.from} ${view.chosen.version}`;
  return `${view.host}|${part}|${files.join('|')}`;
}
