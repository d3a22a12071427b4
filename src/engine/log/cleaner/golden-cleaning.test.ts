import { describe, expect, test } from 'vitest';
import { listPaths, readFile } from '../../kernel/files.ts';
import { baseTimestamp, hasDeleteHorizon } from '../../protocol/record-batch.ts';
import { GOLDEN_DIR, goldenBatches, goldenConfig, goldenFile, goldenNames, goldenTree } from '../../../testing/golden-segments.ts';
import { loadLog } from '../load.ts';
import { updateHighWatermark } from '../log-state.ts';
import { newTestDisk, perform, type TestDisk } from '../test-support.ts';
import { cleanableOf } from './cleanable.ts';
import { cleanLog } from './clean-log.ts';
import { CLEANER_DEFAULTS } from './cleaner-config.ts';

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

/** When the recorded cleaner ran: its tombstones' delete horizon tells. */
function recordedCleaningMs(deleteRetentionMs: number): number {
  const horizons = goldenBatches('g-compact-0-after').filter(hasDeleteHorizon).map(baseTimestamp);
  const [first = Number.NaN] = horizons;
  return first - deleteRetentionMs;
}

function names(disk: TestDisk): readonly string[] {
  return listPaths(disk.files, `${GOLDEN_DIR}/`).map((path) => path.slice(GOLDEN_DIR.length + 1));
}

describe('a log that a real cleaner cleaned', () => {
  test('[R1] ours leaves the same files, byte for byte', () => {
    const config = goldenConfig('g-compact-0-before');
    const disk = newTestDisk(
      goldenTree('g-compact-0-before', () => true),
      recordedCleaningMs(config.deleteRetentionMs),
    );
    const options = { topic: 'orders', partition: 0, logId: 1, config, cleanShutdown: true, recoveryPoint: 0, logStartOffset: 0 };
    const loaded = loadLog(disk.files, options, disk.scope);
    if (!loaded.ok) throw new Error(loaded.message);
    perform(disk);
    const atStart = names(disk);
    const log = updateHighWatermark(loaded.log, loaded.log.logEndOffset);
    const cleaning = cleanLog(log, cleanableOf(log, null, disk.scope.context.nowMs), CLEANER_DEFAULTS, disk.scope);
    perform(disk);
    expect(cleaning.endOffset).toBe(148);
    for (const name of goldenNames('g-compact-0-after'))
      expect([name, hex(readFile(disk.files, `${GOLDEN_DIR}/${name}`))]).toEqual([name, hex(goldenFile('g-compact-0-after', name))]);
    expect(names(disk).filter((name) => !name.endsWith('.deleted'))).toEqual(atStart);
  });
});
