import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { readFile } from '../engine/kernel/files.ts';
import { mapGet, mapKeys } from '../engine/kernel/persistent-map.ts';
import type { World } from '../engine/world/world-state.ts';
import { UsageProblem, type Io } from './output.ts';

/** Refuses a folder for `--disk-out` that has something in it, before anything is played. */
export function checkDiskOut(folder: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) throw new UsageProblem(`--disk-out ${folder}: this is no folder`);
  if (readdirSync(folder).length > 0) throw new UsageProblem(`--disk-out ${folder}: the folder is not empty, and nothing in it is overwritten`);
}

/** Writes what the page cache of each machine shows to `folder/b1/...`, `folder/zk1/...`: files at their full size, preallocated zeros included. */
export function writeDisks(world: World, folder: string, io: Io): void {
  try {
    for (const runner of world.runners) writeMachine(runner.state.disk.cache, join(folder, runner.environment.spec.host), io);
  } catch (error) {
    throw new UsageProblem(`--disk-out ${folder}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function writeMachine(cache: World['runners'][number]['state']['disk']['cache'], folder: string, io: Io): void {
  const paths = mapKeys(cache);
  if (paths.length === 0) return;
  let sizeBytes = 0;
  for (const path of paths) {
    const target = join(folder, path);
    if (!target.startsWith(folder + sep)) throw new Error(`${path} lies outside of its machine`);
    const fullSize = mapGet(cache, path)?.sizeBytes ?? 0;
    writeFile(target, readFile(cache, path) ?? new Uint8Array(), fullSize);
    sizeBytes += fullSize;
  }
  io.out(`${folder}: ${paths.length} files, ${sizeBytes} bytes`);
}

function writeFile(path: string, data: Uint8Array, fullSize: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'wx');
  try {
    for (let at = 0; at < data.length;) at += writeSync(file, data, at);
    ftruncateSync(file, fullSize);
  } finally {
    closeSync(file);
  }
}
