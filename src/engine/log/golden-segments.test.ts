import { describe, expect, test } from 'vitest';
import { listPaths } from '../kernel/files.ts';
import { appendAsFollower } from './append.ts';
import { closeLog } from './close.ts';
import { createLog, loadLog } from './load.ts';
import type { LogState } from './log-state.ts';
import { CODEC_FOLDERS, GOLDEN_DIR, goldenBatches, goldenConfig, goldenFile, goldenNames, goldenTree } from '../../testing/golden-segments.ts';
import { fileBytes, newTestDisk, perform, type TestDisk } from './test-support.ts';

function loadGolden(disk: TestDisk, folder: string, cleanShutdown: boolean): LogState {
  const options = { topic: 'orders', partition: 0, logId: 1, config: goldenConfig(folder), cleanShutdown, recoveryPoint: 0, logStartOffset: 0 };
  const loaded = loadLog(disk.files, options, disk.scope);
  if (!loaded.ok) throw new Error(loaded.message);
  perform(disk);
  return loaded.log;
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}

function expectSameFile(disk: TestDisk, folder: string, name: string): void {
  expect([name, hex(fileBytes(disk, `${GOLDEN_DIR}/${name}`))]).toEqual([name, hex(goldenFile(folder, name))]);
}

describe('segments recorded from a real broker', () => {
  test.each([...CODEC_FOLDERS, 'g-compact-0-before', 'g-txn-0'])("[R5] appending the batches of %s gives the broker's files", (folder) => {
    const disk = newTestDisk();
    let log = createLog({ topic: 'orders', partition: 0, logId: 1, config: goldenConfig(folder) }, disk.scope);
    for (const batch of goldenBatches(folder)) {
      const appended = appendAsFollower(log, [batch], disk.scope);
      expect(appended.error).toBeNull();
      log = appended.log;
    }
    perform(disk);
    const names = goldenNames(folder).filter((each) => /^\d+\.(log|index|timeindex|txnindex|snapshot)$|^leader-epoch/.test(each));
    expect(names.length).toBeGreaterThan(3);
    for (const name of names) expectSameFile(disk, folder, name);
  });

  test.each(CODEC_FOLDERS)('[R9] recovering %s from its .log alone rebuilds the indexes', (folder) => {
    const disk = newTestDisk(goldenTree(folder, (name) => name.endsWith('.log')));
    const log = loadGolden(disk, folder, false);
    expect(log.logEndOffset).toBe(220);
    const active = String(log.active.baseOffset).padStart(20, '0');
    const lastTimeIndex = `${active}.timeindex`;
    for (const name of goldenNames(folder).filter((each) => each.endsWith('index') && each !== lastTimeIndex)) expectSameFile(disk, folder, name);
    // Recovery notes the largest timestamp of every segment; the recorded active segment had not been closed yet.
    expect(hex(fileBytes(disk, `${GOLDEN_DIR}/${lastTimeIndex}`))).toMatch(new RegExp(`^${hex(goldenFile(folder, lastTimeIndex)) ?? ''}([0-9a-f]{24})?$`));
  });

  test.each(CODEC_FOLDERS)('[R10] loading %s after a clean stop and closing it again leaves its files as they were, with a snapshot at the end', (folder) => {
    const disk = newTestDisk(goldenTree(folder, () => true));
    const log = closeLog(loadGolden(disk, folder, true), disk.scope);
    perform(disk);
    const before = goldenNames(folder);
    for (const name of before) expectSameFile(disk, folder, name);
    const names = listPaths(disk.files, `${GOLDEN_DIR}/`).map((path) => path.slice(GOLDEN_DIR.length + 1));
    expect(names.filter((name) => !before.includes(name))).toEqual([`${String(log.logEndOffset).padStart(20, '0')}.snapshot`]);
  });
});
