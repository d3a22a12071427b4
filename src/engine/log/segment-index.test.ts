import { NO_CODECS } from '../kernel/codecs.ts';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrayFrom, arrayToList } from '../kernel/persistent-array.ts';
import { batchAt, indexOfOffset, indexOfPosition } from './batch-list.ts';
import { offsetForTimestamp } from './list-offsets.ts';
import { segmentList, type LogState } from './log-state.ts';
import { firstEntryFrom, lookupOffset, lookupTimestamp, type OffsetIndexEntry, type TimeIndexEntry } from './segment-index.ts';
import { appended, newTestDisk, newTestLog, TEST_NOW_MS } from './test-support.ts';

/** Enough entries for the last 8192 bytes, which are looked at first, not to be all of them. */
const MANY = 3000;

describe('looking up by binary search', () => {
  test('[R4] finds what a walk through the entries finds, in and before the warm section', () => {
    const offsets: OffsetIndexEntry[] = Array.from({ length: MANY }, (_, i) => ({ offset: 100 + 3 * i, position: 50 * (i + 1) }));
    const times: TimeIndexEntry[] = Array.from({ length: MANY }, (_, i) => ({ timestampMs: 1000 + 7 * i, offset: 100 + 3 * i }));
    const size = fc.integer({ min: 0, max: MANY });
    fc.assert(
      fc.property(
        size,
        fc.integer({ min: 90, max: 100 + 3 * MANY + 10 }),
        fc.integer({ min: 990, max: 1000 + 7 * MANY + 10 }),
        (length, offset, timestampMs) => {
          const [known, knownTimes] = [offsets.slice(0, length), times.slice(0, length)];
          const base = { offset: 100, position: 0 };
          expect(lookupOffset(arrayFrom(known), 100, offset)).toEqual(known.findLast((entry) => entry.offset <= offset) ?? base);
          expect(lookupTimestamp(arrayFrom(knownTimes), 100, timestampMs)).toEqual(
            knownTimes.findLast((entry) => entry.timestampMs <= timestampMs) ?? { timestampMs: -1, offset: 100 },
          );
          expect(firstEntryFrom(arrayFrom(known), offset)).toEqual(known.find((entry) => entry.position >= offset) ?? null);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** A log with gaps in time: timestamps that rise and fall, several batches between entries, several segments. */
function logOfTimestamps(timestamps: readonly number[]): LogState {
  const disk = newTestDisk();
  let log = newTestLog(disk, { 'segment.bytes': '2000', 'index.interval.bytes': '200' });
  for (const ms of timestamps) log = appended(log, { timestampMs: TEST_NOW_MS + ms }, disk).log;
  return log;
}

const timestamps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 120 });

describe('a log looked up by its indexes', () => {
  test('[R4] [R7] an offset lies at or behind its entry, and a scan from there finds the batch that the batch list names', () => {
    fc.assert(
      fc.property(timestamps, (times) => {
        const log = logOfTimestamps(times);
        for (const segment of segmentList(log)) {
          for (let offset = segment.baseOffset; offset < log.logEndOffset; offset++) {
            const { position } = lookupOffset(segment.offsetIndex, segment.baseOffset, offset);
            let at = indexOfPosition(segment.batches, position);
            while (at < segment.batches.length && batchAt(segment.batches, at).lastOffset < offset) at += 1;
            expect(at).toBe(indexOfOffset(segment.batches, offset));
          }
          for (const entry of arrayToList(segment.offsetIndex)) expect(lookupOffset(segment.offsetIndex, segment.baseOffset, entry.offset)).toEqual(entry);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('[R7] a timestamp gives the first record that is not older, as if all records were looked at', () => {
    fc.assert(
      fc.property(timestamps, fc.integer({ min: -1, max: 501 }), (times, wanted) => {
        const first = times.findIndex((ms) => ms >= wanted);
        const found = offsetForTimestamp(logOfTimestamps(times), TEST_NOW_MS + wanted, NO_CODECS);
        expect(found === null ? -1 : found.offset).toBe(first);
      }),
      { numRuns: 200 },
    );
  });
});
