import { appendToFile, deleteFile, emptyTree, readFile, renameFile, replaceFile, resizeFile, type FileTree } from '../kernel/files.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import type { LogScope } from './log-scope.ts';
import { resolveLogConfig, type ConfigTexts, type LogConfig } from './log-config.ts';

/** A scope whose effects are performed on a tree of files when asked: what a machine's page cache would show. */
export interface TestDisk {
  readonly scope: LogScope & { readonly effects: DiskEffect[]; readonly context: { nowMs: number } };
  files: FileTree;
}

export const TEST_NOW_MS = 1_700_000_100_000;

export function newTestDisk(files: FileTree = emptyTree(), nowMs = TEST_NOW_MS): TestDisk {
  const effects: DiskEffect[] = [];
  const context = { nowMs, draw: () => 0, allocate: (sizeBytes: number) => new Uint8Array(sizeBytes) };
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
      return files;
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
