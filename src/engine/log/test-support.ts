import { NO_CODECS } from '../kernel/codecs.ts';
import { appendToFile, deleteFile, emptyTree, readFile, renameFile, replaceFile, resizeFile, type FileTree } from '../kernel/files.ts';
import { unreachable } from '../kernel/assert.ts';
import { utf8Encode } from '../kernel/bytes.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import { buildBatch, type BatchFields } from '../protocol/record-batch.ts';
import type { LogScope } from './log-scope.ts';
import { createLog, loadLog, type LoadResult } from './load.ts';
import { resolveLogConfig, type ConfigTexts, type LogConfig } from './log-config.ts';
import type { LogState } from './log-state.ts';
import { appendAsFollower, appendAsLeader, type AppendInfo } from './append.ts';

/** A scope whose effects are performed on a tree of files when asked: what a machine's page cache would show. */
export interface TestDisk {
  readonly scope: LogScope & { readonly effects: DiskEffect[]; readonly context: { nowMs: number } };
  files: FileTree;
}

export const TEST_NOW_MS = 1_700_000_100_000;

export function newTestDisk(files: FileTree = emptyTree(), nowMs = TEST_NOW_MS): TestDisk {
  const effects: DiskEffect[] = [];
  const context = { nowMs, draw: () => 0, allocate: (sizeBytes: number) => new Uint8Array(sizeBytes), codecs: NO_CODECS };
  return { scope: { context, effects }, files };
}

/** Performs the effects so far and returns them. */
export function perform(disk: TestDisk): readonly DiskEffect[] {
  const done = disk.scope.effects.splice(0);
  for (const effect of done) disk.files = performEffect(disk.files, effect);
  return done;
}

function performEffect(files: FileTree, effect: DiskEffect): FileTree {
  switch (effect.type) {
    case 'append':
      return appendToFile(files, effect.path, effect.bytes);
    case 'replace':
      return replaceFile(files, effect.path, effect.bytes);
    case 'resize':
      return resizeFile(files, effect.path, effect.sizeBytes);
    case 'rename':
      return renameFile(files, effect.from, effect.to);
    case 'delete':
      return deleteFile(files, effect.path);
    case 'flush':
    case 'read':
      return files;
    default:
      return unreachable(effect);
  }
}

export function fileBytes(disk: TestDisk, path: string): Uint8Array | null {
  return readFile(disk.files, path);
}

export function fileSize(disk: TestDisk, path: string): number {
  return mapGet(disk.files, path)?.sizeBytes ?? -1;
}

export function testConfig(overrides: ConfigTexts = {}): LogConfig {
  return resolveLogConfig({}, overrides);
}

/** An empty log of orders-0. */
export function newTestLog(disk: TestDisk, overrides: ConfigTexts = {}): LogState {
  return createLog({ topic: 'orders', partition: 0, logId: 1, config: testConfig(overrides) }, disk.scope);
}

/** The log that a start finds in the disk's files. */
export function reload(
  disk: TestDisk,
  start: { readonly cleanShutdown: boolean; readonly recoveryPoint?: number; readonly logStartOffset?: number; readonly configs?: ConfigTexts },
): Extract<LoadResult, { ok: true }> {
  const options = {
    topic: 'orders',
    partition: 0,
    logId: 1,
    config: testConfig(start.configs),
    cleanShutdown: start.cleanShutdown,
    recoveryPoint: start.recoveryPoint ?? 0,
    logStartOffset: start.logStartOffset ?? 0,
  };
  const loaded = loadLog(disk.files, options, disk.scope);
  if (!loaded.ok) throw new Error(loaded.message);
  perform(disk);
  return loaded;
}

export interface TestBatch extends BatchFields {
  readonly count?: number;
  readonly timestampMs?: number;
  readonly value?: string;
  readonly key?: string | null;
}

/** A batch of `count` records (one by default) as a client sends it, or as a leader has it when a base offset is given. */
export function testBatch(batch: TestBatch = {}): Uint8Array {
  const records = Array.from({ length: batch.count ?? 1 }, (_, i) => ({
    timestamp: batch.timestampMs ?? TEST_NOW_MS,
    key: batch.key === null ? null : utf8Encode(batch.key ?? 'k'),
    value: utf8Encode(`${batch.value ?? 'v'}${i}`),
    headers: [],
  }));
  return buildBatch(records, batch, (sizeBytes) => new Uint8Array(sizeBytes));
}

/** Appends one batch as leader and expects it to be taken. */
export function appended(log: LogState, batch: TestBatch, disk: TestDisk, leaderEpoch = 0): { readonly log: LogState; readonly info: AppendInfo } {
  const result = appendAsLeader(log, [testBatch(batch)], { leaderEpoch }, disk.scope);
  if (result.error !== null) throw new Error(`${result.error}: ${result.message}`);
  return result;
}

/** Appends batches as a follower, in one set, and expects them to be taken. */
export function copied(log: LogState, batches: readonly Uint8Array[], disk: TestDisk): LogState {
  const result = appendAsFollower(log, batches, disk.scope);
  if (result.error !== null) throw new Error(`${result.error}: ${result.message}`);
  return result.log;
}
