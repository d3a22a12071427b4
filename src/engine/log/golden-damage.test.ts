import { describe, expect, test } from 'vitest';
import { readFile, replaceFile, type FileTree } from '../kernel/files.ts';
import { baseOffset, batchError, lastOffset } from '../protocol/record-batch.ts';
import { closeLog } from './close.ts';
import { indexProblem } from './index-check.ts';
import { loadLog, type LoadResult } from './load.ts';
import { lastStableOffset, segmentList, updateHighWatermark, type LogState } from './log-state.ts';
import { batchesBetween, readLog } from './read.ts';
import { goldenBatches, goldenConfig, goldenNames, goldenTree, GOLDEN_DIR, GOLDEN_FOLDERS } from '../../testing/golden-segments.ts';
import { appended, fileBytes, newTestDisk, perform, type TestDisk } from './test-support.ts';

/** `npm run test:fuzz` damages every byte; the suite a sample of them. */
const EVERY_BYTE = import.meta.env.MODE === 'fuzz';
const STRIDE = EVERY_BYTE ? 1 : 127;
/** Header fields in front of the magic byte: base offset, length and leader epoch lie outside the CRC. */
const OUTSIDE_CRC = 16;

interface Damage {
  readonly name: string;
  readonly at: number;
  /** What is done to the byte; null cuts the file there. */
  readonly flip: number | null;
}

function damaged(bytes: Uint8Array, { at, flip }: Damage): Uint8Array {
  if (flip === null) return bytes.slice(0, at);
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ flip;
  return copy;
}

function load(disk: TestDisk, folder: string, cleanShutdown: boolean): LoadResult {
  const options = { topic: 'orders', partition: 0, logId: 1, config: goldenConfig(folder), cleanShutdown, recoveryPoint: 0, logStartOffset: 0 };
  const loaded = loadLog(disk.files, options, disk.scope);
  perform(disk);
  return loaded;
}

/** Everything but what lies outside the CRC, in hexadecimal. */
function body(batch: Uint8Array): string {
  return Buffer.from(batch.subarray(OUTSIDE_CRC)).toString('latin1');
}

/** What must hold of a log whatever its files went through. */
function checkSound(log: LogState, disk: TestDisk, whole: { readonly bodies: ReadonlySet<string>; readonly crcsWereChecked: boolean }): void {
  expect(log.logStartOffset).toBeLessThanOrEqual(log.highWatermark);
  expect(log.highWatermark).toBeLessThanOrEqual(log.logEndOffset);
  let end = 0;
  for (const batch of batchesBetween(log, 0, Infinity)) {
    expect(baseOffset(batch)).toBeGreaterThanOrEqual(end);
    end = lastOffset(batch) + 1;
    // A wrong record never comes back as a right one: it is one that was recorded, or its checksum tells.
    if (!whole.bodies.has(body(batch))) expect([whole.crcsWereChecked, batchError(batch)]).toEqual([false, 'CORRUPT_MESSAGE']);
  }
  expect(log.logEndOffset).toBeGreaterThanOrEqual(end);
  for (const segment of segmentList(log)) {
    expect(indexProblem(segment, { index: 0, timeIndex: 0 })).toBeNull();
    expect(fileBytes(disk, segment.paths.log)?.length ?? 0).toBe(segment.sizeBytes);
  }
  const read = readLog(updateHighWatermark(log, log.logEndOffset), { startOffset: log.logStartOffset, maxBytes: 1, upperBound: end, minOneMessage: true });
  expect(read.error).toBeNull();
  expect(lastStableOffset(log)).toBeLessThanOrEqual(log.highWatermark);
}

/** Loads the damaged folder, looks at what came of it, writes on, stops in order and starts again. */
function live(folder: string, files: FileTree, how: { readonly cleanShutdown: boolean; readonly bodies: ReadonlySet<string> }): string {
  const disk = newTestDisk(files);
  const loaded = load(disk, folder, how.cleanShutdown);
  if (!loaded.ok) {
    expect(loaded.message).not.toBe('');
    return loaded.message;
  }
  checkSound(loaded.log, disk, { bodies: how.bodies, crcsWereChecked: !how.cleanShutdown });
  const { log } = appended(loaded.log, {}, disk);
  closeLog(log, disk.scope);
  perform(disk);
  const again = load(disk, folder, true);
  expect(again.ok && again.log.logEndOffset).toBe(log.logEndOffset);
  return loaded.recovered.cut?.reason ?? 'sound';
}

function* damages(name: string, sizeBytes: number): Generator<Damage> {
  for (let at = 0; at < sizeBytes; at += STRIDE) {
    yield { name, at, flip: 1 << (at % 8) };
    yield { name, at, flip: 255 };
    yield { name, at, flip: null };
  }
}

describe('recorded folders with one byte wrong, or a file cut', () => {
  test.each(GOLDEN_FOLDERS)(
    '[R18] %s opens as a sound prefix or is refused in words, after a clean stop and after none',
    (folder) => {
      const files = goldenTree(folder, () => true);
      const bodies = new Set(goldenBatches(folder).map(body));
      const outcomes = new Set<string>();
      for (const name of goldenNames(folder)) {
        const path = `${GOLDEN_DIR}/${name}`;
        const bytes = readFile(files, path) ?? new Uint8Array(0);
        for (const damage of damages(name, bytes.length)) {
          const tree = replaceFile(files, path, damaged(bytes, damage));
          for (const cleanShutdown of [true, false]) {
            try {
              outcomes.add(live(folder, tree, { cleanShutdown, bodies }));
            } catch (error) {
              throw new Error(`${folder}/${name}, byte ${damage.at}, ${damage.flip === null ? 'cut' : `xor ${damage.flip}`}, clean stop: ${cleanShutdown}`, {
                cause: error,
              });
            }
          }
        }
      }
      expect([...outcomes]).toEqual(expect.arrayContaining(['sound', 'crc', 'incompleteBatch']));
    },
    EVERY_BYTE ? 3_600_000 : 60_000,
  );
});
