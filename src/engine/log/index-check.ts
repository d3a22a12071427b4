import { arrayGet } from '../kernel/persistent-array.ts';
import { indexOfOffset, indexOfPosition, lastOffsetAt, maxTimestampAt, positionAt, type BatchList } from './batch-list.ts';
import { lastTimeEntry, OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES } from './segment-index.ts';
import type { Segment } from './segment.ts';

/** Sizes of a segment's index files, preallocated zeros included. */
export interface IndexSizes {
  readonly index: number;
  readonly timeIndex: number;
}

/**
 * What is wrong with a segment's indexes, or null. First what Kafka's sanityCheck says of them, in its words; then whether each entry
 * agrees with the batches. `Simplified:` Kafka 3.9 does not check them when it starts and reads through a corrupt one.
 */
export function indexProblem(segment: Segment, sizes: IndexSizes): string | null {
  return offsetIndexSanity(segment, sizes.index) ?? timeIndexSanity(segment, sizes.timeIndex) ?? offsetIndexMismatch(segment) ?? timeIndexMismatch(segment);
}

/** OffsetIndex.sanityCheck: the message of its CorruptIndexException, or null. */
export function offsetIndexSanity(segment: Pick<Segment, 'offsetIndex' | 'baseOffset' | 'paths'>, sizeBytes: number): string | null {
  const { offsetIndex, baseOffset, paths } = segment;
  const lastOffset = arrayGet(offsetIndex, offsetIndex.length - 1)?.offset ?? baseOffset;
  if (lastOffset < baseOffset) {
    return `Corrupt index found, index file ${paths.index} has non-zero size but the last offset is ${lastOffset} which is less than the base offset ${baseOffset}`;
  }
  return sizeBytes % OFFSET_ENTRY_BYTES === 0 ? null : oddSize('Index', { path: paths.index, sizeBytes, entryBytes: OFFSET_ENTRY_BYTES });
}

/** TimeIndex.sanityCheck: the message of its CorruptIndexException, or null. */
export function timeIndexSanity(segment: Pick<Segment, 'timeIndex' | 'baseOffset' | 'paths'>, sizeBytes: number): string | null {
  const { timeIndex, baseOffset, paths } = segment;
  const last = lastTimeEntry(timeIndex, baseOffset);
  const first = arrayGet(timeIndex, 0) ?? last;
  const found = `Corrupt time index found, time index file (${paths.timeIndex}) has non-zero size but the last`;
  if (last.timestampMs < first.timestampMs) return `${found} timestamp is ${last.timestampMs} which is less than the first timestamp ${first.timestampMs}`;
  if (last.offset < baseOffset) return `${found} offset is ${last.offset} which is less than the first offset ${baseOffset}`;
  return sizeBytes % TIME_ENTRY_BYTES === 0 ? null : oddSize('Time index', { path: paths.timeIndex, sizeBytes, entryBytes: TIME_ENTRY_BYTES });
}

function oddSize(kind: string, file: { readonly path: string; readonly sizeBytes: number; readonly entryBytes: number }): string {
  return `${kind} file ${file.path} is corrupt, found ${file.sizeBytes} bytes which is neither positive nor a multiple of ${file.entryBytes}`;
}

/** Entries ascend, and each names the start of a batch at or before the one that holds its offset. */
function offsetIndexMismatch({ offsetIndex, batches, paths }: Segment): string | null {
  for (let i = 0; i < offsetIndex.length; i++) {
    const entry = arrayGet(offsetIndex, i);
    const before = arrayGet(offsetIndex, i - 1);
    if (entry === undefined) continue;
    const ascends = before === undefined || (entry.offset > before.offset && entry.position > before.position);
    if (!ascends || !pointsToBatch(batches, entry)) {
      return `Index file ${paths.index} is corrupt, entry ${i} (offset ${entry.offset}, position ${entry.position}) does not agree with the batches of its segment`;
    }
  }
  return null;
}

function pointsToBatch(batches: BatchList, entry: { readonly offset: number; readonly position: number }): boolean {
  const at = indexOfPosition(batches, entry.position);
  if (at >= batches.length || positionAt(batches, at) !== entry.position) return false;
  const holder = indexOfOffset(batches, entry.offset);
  return holder < batches.length && holder >= at;
}

/** Timestamps ascend, and each is that of the batch which ends at the entry's offset. */
function timeIndexMismatch({ timeIndex, batches, paths }: Segment): string | null {
  for (let i = 0; i < timeIndex.length; i++) {
    const entry = arrayGet(timeIndex, i);
    if (entry === undefined) continue;
    const ascends = entry.timestampMs > (arrayGet(timeIndex, i - 1)?.timestampMs ?? -1);
    const holder = indexOfOffset(batches, entry.offset);
    const agrees = holder < batches.length && lastOffsetAt(batches, holder) === entry.offset && maxTimestampAt(batches, holder) === entry.timestampMs;
    if (!ascends || !agrees) {
      return `Time index file ${paths.timeIndex} is corrupt, entry ${i} (timestamp ${entry.timestampMs}, offset ${entry.offset}) does not agree with the batches of its segment`;
    }
  }
  return null;
}
