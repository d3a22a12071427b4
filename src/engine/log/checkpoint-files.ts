import { utf8Decode, utf8Encode } from '../kernel/bytes.ts';
import { readFile, type FileTree } from '../kernel/files.ts';
import { MAX_INT, type Offset, type PartitionId } from '../kernel/units.ts';
import type { EpochEntry } from './epoch-cache.ts';
import { LOG_OWNER, UNAWAITED_OPERATION, type LogScope } from './log-scope.ts';

/** CheckpointFile's text: version, count, one entry a line. Only version 0 exists. */
const VERSION = 0;

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: PartitionId;
  readonly offset: Offset;
}

/** Entries of a checkpoint, or what Kafka says of a file it cannot read (IOException's message). */
export type CheckpointRead<Entry> = { readonly ok: true; readonly entries: readonly Entry[] } | { readonly ok: false; readonly message: string };

/**
 * Text of `replication-offset-checkpoint`, `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint` and
 * `cleaner-offset-checkpoint`. Lines are sorted by topic and partition (Kafka's are in map order).
 */
export function encodeOffsetCheckpoint(entries: readonly PartitionOffset[]): string {
  const sorted = entries.slice().sort(comparePartitions);
  return encodeLines(sorted.map((entry) => `${entry.topic} ${entry.partition} ${entry.offset}`));
}

export function decodeOffsetCheckpoint(text: string, path: string): CheckpointRead<PartitionOffset> {
  return decodeLines(text, path, (words) => {
    const [topic, partition, offset] = words;
    if (words.length !== 3 || topic === undefined) return null;
    const partitionId = parseInteger(partition);
    const parsed = parseInteger(offset, LONG_RANGE);
    return partitionId === null || parsed === null ? null : { topic, partition: partitionId, offset: parsed };
  });
}

/** Text of `leader-epoch-checkpoint`, in ascending order of epoch. */
export function encodeEpochCheckpoint(entries: readonly EpochEntry[]): string {
  return encodeLines(entries.map((entry) => `${entry.epoch} ${entry.startOffset}`));
}

export function decodeEpochCheckpoint(text: string, path: string): CheckpointRead<EpochEntry> {
  return decodeLines(text, path, (words) => {
    const [epoch, startOffset] = words;
    if (words.length !== 2) return null;
    const parsedEpoch = parseInteger(epoch);
    const parsedOffset = parseInteger(startOffset, LONG_RANGE);
    return parsedEpoch === null || parsedOffset === null ? null : { epoch: parsedEpoch, startOffset: parsedOffset };
  });
}

/** Text of a file, or null if it does not exist. */
export function readText(files: FileTree, path: string): string | null {
  const bytes = readFile(files, path);
  return bytes === null ? null : utf8Decode(bytes);
}

/** Reads an offset checkpoint; a file that is missing or empty has no entries. */
export function readOffsetCheckpoint(files: FileTree, path: string): CheckpointRead<PartitionOffset> {
  return decodeOffsetCheckpoint(readText(files, path) ?? '', path);
}

/** Replaces a file so that a crash leaves the old or the new one: write `<path>.tmp`, flush it, rename it over `path`. */
export function writeTextAtomically(path: string, text: string, scope: Pick<LogScope, 'effects'>): void {
  const temporary = `${path}.tmp`;
  scope.effects.push({ type: 'replace', path: temporary, bytes: utf8Encode(text) });
  scope.effects.push({ type: 'flush', owner: LOG_OWNER, operation: UNAWAITED_OPERATION, path: temporary });
  scope.effects.push({ type: 'rename', from: temporary, to: path });
}

export function writeOffsetCheckpoint(path: string, entries: readonly PartitionOffset[], scope: Pick<LogScope, 'effects'>): void {
  writeTextAtomically(path, encodeOffsetCheckpoint(entries), scope);
}

/** By topic (code units), then partition number. */
export function comparePartitions(
  a: { readonly topic: string; readonly partition: PartitionId },
  b: { readonly topic: string; readonly partition: PartitionId },
): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
}

function encodeLines(lines: readonly string[]): string {
  let text = `${VERSION}\n${lines.length}\n`;
  for (const line of lines) text += `${line}\n`;
  return text;
}

function decodeLines<Entry>(text: string, path: string, parse: (words: readonly string[]) => Entry | null): CheckpointRead<Entry> {
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  const [versionLine, countLine] = lines;
  if (versionLine === undefined) return { ok: true, entries: [] };
  const version = parseInteger(versionLine);
  if (version === null) return malformed(path, versionLine);
  if (version !== VERSION) return { ok: false, message: `Unrecognised version:${version}, expected version: ${VERSION} in checkpoint file at: ${path}` };
  if (countLine === undefined) return { ok: true, entries: [] };
  const count = parseInteger(countLine);
  if (count === null) return malformed(path, countLine);
  const entries: Entry[] = [];
  for (const line of lines.slice(2)) {
    const entry = parse(line.split(/\s+/));
    if (entry === null) return malformed(path, line);
    entries.push(entry);
  }
  if (entries.length === count) return { ok: true, entries };
  return { ok: false, message: `Expected [${count}] entries in checkpoint file [${path}], but found only [${entries.length}]` };
}

function malformed(path: string, line: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message: `Malformed line in checkpoint file [${path}]: ${line}` };
}

/** As Java parses an int or a long: anything beyond its range is no number. `Simplified:` longs end at 2^53. */
function parseInteger(text: string | undefined, range: { readonly from: number; readonly to: number } = INT_RANGE): number | null {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return null;
  const value = Number(text);
  return value >= range.from && value <= range.to ? value : null;
}

const INT_RANGE = { from: -MAX_INT - 1, to: MAX_INT };
const LONG_RANGE = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER };
