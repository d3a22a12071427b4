import { resolve } from 'node:path';
import type { Codecs } from '../../engine/protocol/compression.ts';
import type { DumpOptions } from './dump-options.ts';
import { lookUp, offsetEntry, OFFSET_ENTRY_BYTES, timeEntry, TIME_ENTRY_BYTES, type IndexFile } from './index-file.ts';
import { corruptIndex, JavaProblem } from './java-problem.ts';
import { batchAt, type BatchHeader, type LogFile } from './log-file.ts';
import { recordsOf } from './read-records.ts';
import type { DumpReport } from './report.ts';

const NO_TIMESTAMP = -1n;

/** DumpLogSegments.dumpIndex: each entry, held against the batch that it points at. */
export function dumpIndex(index: IndexFile, log: LogFile, to: { readonly options: DumpOptions; readonly report: DumpReport }): void {
  const { options, report } = to;
  if (index.entries === 0) {
    report.out(`${index.path} is empty.`);
    return;
  }
  if (options.indexSanityCheck) {
    checkOffsetIndex(index);
    report.out(`${index.path} passed sanity check.`);
    return;
  }
  for (let i = 0; i < index.entries; i++) {
    const entry = offsetEntry(index, i);
    if (entry.offset === index.baseOffset && i > 0) return;
    const end = sliceEnd(log, entry.position, options.maxMessageSize);
    const batch = batchAt(log, entry.position, end);
    if (batch === null) throw new JavaProblem('java.util.NoSuchElementException', null);
    if (batch.lastOffset !== entry.offset) report.mismatch(index.path, entry.offset, batch.lastOffset);
    if (!options.verifyIndexOnly) report.out(`offset: ${entry.offset} position: ${entry.position}`);
  }
}

/** DumpLogSegments.dumpTimeIndex: each entry, held against the records of the batch that ends at its offset. */
export function dumpTimeIndex(
  timeIndex: IndexFile,
  files: { readonly log: LogFile; readonly index: IndexFile },
  to: { readonly options: DumpOptions; readonly report: DumpReport; readonly codecs: Codecs },
): void {
  const { options, report } = to;
  if (options.indexSanityCheck) {
    checkTimeIndex(timeIndex);
    report.out(`${timeIndex.path} passed sanity check.`);
    return;
  }
  let previous = NO_TIMESTAMP;
  for (let i = 0; i < timeIndex.entries; i++) {
    const entry = timeEntry(timeIndex, i);
    if (entry.offset === timeIndex.baseOffset && i > 0) return;
    const batch = findBatch(files.log, lookUp(files.index, entry.offset), entry.offset);
    if (batch === null) report.offsetNotFound(timeIndex.path, entry.offset, -1n);
    else if (batch.lastOffset !== entry.offset) report.offsetNotFound(timeIndex.path, entry.offset, batch.lastOffset);
    else {
      let greatest = NO_TIMESTAMP;
      for (const { timestamp } of recordsOf(files.log, batch, to.codecs)) if (timestamp > greatest) greatest = timestamp;
      if (greatest !== entry.timestamp) report.wrongTime(timeIndex.path, entry.timestamp, greatest);
      if (previous >= entry.timestamp) report.timeBack(timeIndex.path, entry.timestamp, previous);
    }
    if (!options.verifyIndexOnly) report.out(`timestamp: ${entry.timestamp} offset: ${entry.offset}`);
    previous = entry.timestamp;
  }
}

/** The first batch from a position on that reaches an offset. */
function findBatch(log: LogFile, position: number, offset: bigint): BatchHeader | null {
  const end = sliceEnd(log, position, Number.MAX_SAFE_INTEGER);
  let at = position;
  for (;;) {
    const batch = batchAt(log, at, end);
    if (batch === null || batch.lastOffset >= offset) return batch;
    at += batch.sizeBytes;
  }
}

/** FileRecords.slice: where a slice from `position` ends. */
function sliceEnd(log: LogFile, position: number, sizeBytes: number): number {
  const records = `FileRecords(size=${log.bytes.length}, file=${log.path}, start=0, end=2147483647)`;
  if (position < 0) throw new JavaProblem('java.lang.IllegalArgumentException', `Invalid position: ${position} in read from ${records}`);
  if (position > log.bytes.length)
    throw new JavaProblem('java.lang.IllegalArgumentException', `Slice from position ${position} exceeds end position of ${records}`);
  return Math.min(log.bytes.length, position + sizeBytes);
}

/** OffsetIndex.sanityCheck. */
function checkOffsetIndex(index: IndexFile): void {
  const path = resolve(index.path);
  const lastOffset = index.entries === 0 ? index.baseOffset : offsetEntry(index, index.entries - 1).offset;
  if (lastOffset < index.baseOffset)
    throw corruptIndex(
      `Corrupt index found, index file ${path} has non-zero size but the last offset is ${lastOffset} which is less than the base offset ${index.baseOffset}`,
    );
  if (index.length % OFFSET_ENTRY_BYTES !== 0)
    throw corruptIndex(`Index file ${path} is corrupt, found ${index.length} bytes which is neither positive nor a multiple of ${OFFSET_ENTRY_BYTES}`);
}

/** TimeIndex.sanityCheck. */
function checkTimeIndex(index: IndexFile): void {
  const path = resolve(index.path);
  if (index.entries > 0) {
    const last = timeEntry(index, index.entries - 1);
    const first = timeEntry(index, 0);
    const found = `Corrupt time index found, time index file (${path}) has non-zero size but the last`;
    if (last.timestamp < first.timestamp)
      throw corruptIndex(`${found} timestamp is ${last.timestamp} which is less than the first timestamp ${first.timestamp}`);
    if (last.offset < index.baseOffset) throw corruptIndex(`${found} offset is ${last.offset} which is less than the first offset ${index.baseOffset}`);
  }
  if (index.length % TIME_ENTRY_BYTES !== 0)
    throw corruptIndex(`Time index file ${path} is corrupt, found ${index.length} bytes which is neither positive nor a multiple of ${TIME_ENTRY_BYTES}`);
}
