import { listPaths, readFile } from '../../engine/kernel/files.ts';
import { cleanableOf } from '../../engine/log/cleaner/cleanable.ts';
import { CLEANER_DEFAULTS } from '../../engine/log/cleaner/cleaner-config.ts';
import { cleanLog } from '../../engine/log/cleaner/clean-log.ts';
import { loadLog } from '../../engine/log/load.ts';
import { resolveLogConfig } from '../../engine/log/log-config.ts';
import { updateHighWatermark } from '../../engine/log/log-state.ts';
import { batchBytesAt } from '../../engine/log/recovery.ts';
import { emptyTree, replaceFile, type FileTree } from '../../engine/kernel/files.ts';
import type { DiskEffect } from '../../engine/kernel/system.ts';
import { baseTimestamp, hasDeleteHorizon } from '../../engine/protocol/record-batch.ts';
import { codecs } from '../../host/codecs/loaded-codecs.ts';
import { BadInput, firstDifference, type GoldenFile } from './checker.ts';
import { performed } from './performed.ts';

const AFTER = /^(segments\/.+)-after\/(\d{20}\.log)$/;
const DIR = 'cleaned-0';
const CONFIG = resolveLogConfig({}, { 'cleanup.policy': 'compact', 'segment.bytes': '2048', 'index.interval.bytes': '512' });

/** Whether there is a recording of the same log before a real cleaner ran. */
export function isCleanedLog({ path }: GoldenFile): boolean {
  return AFTER.test(path);
}

/** Our cleaner over the log as it was before: this file must come out, byte for byte, and no other segment. */
export function cleanedAgain(file: GoldenFile): string | null {
  const [, stem = '', name = ''] = AFTER.exec(file.path) ?? [];
  const logs = file.beside().filter((path) => path.endsWith('.log'));
  const ours = cleanedFolder(folderBefore(file, `${stem}-before`), cleaningMs(file, logs));
  const bases = listPaths(ours, `${DIR}/`).filter((path) => path.endsWith('.log'));
  return firstDifference([
    ['segments', logs.map((path) => path.slice(path.lastIndexOf('/') + 1)), bases.map((path) => path.slice(path.lastIndexOf('/') + 1))],
    ['bytes', file.bytes, readFile(ours, `${DIR}/${name}`)],
  ]);
}

function folderBefore(file: GoldenFile, folder: string): FileTree {
  let files = emptyTree();
  for (const path of file.beside()) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const bytes = file.other(`${folder}/${name}`);
    if (bytes === null) throw new BadInput(`${folder}/${name} is not there`);
    files = replaceFile(files, `${DIR}/${name}`, bytes);
  }
  return files;
}

/** When the recorded cleaner ran: its tombstones' delete horizon tells. */
function cleaningMs(file: GoldenFile, logs: readonly string[]): number {
  for (const path of logs) {
    const bytes = file.other(path) ?? new Uint8Array();
    let position = 0;
    for (let batch = batchBytesAt(bytes, 0); batch !== null; batch = batchBytesAt(bytes, position)) {
      if (hasDeleteHorizon(batch)) return baseTimestamp(batch) - CONFIG.deleteRetentionMs;
      position += batch.length;
    }
  }
  throw new BadInput('no tombstone tells when it was cleaned');
}

function cleanedFolder(before: FileTree, nowMs: number): FileTree {
  const effects: DiskEffect[] = [];
  const scope = { context: { nowMs, draw: () => 0, allocate: (sizeBytes: number) => new Uint8Array(sizeBytes), codecs }, effects };
  const options = { topic: 'cleaned', partition: 0, logId: 1, config: CONFIG, cleanShutdown: true, recoveryPoint: 0, logStartOffset: 0 };
  const loaded = loadLog(before, options, scope);
  if (!loaded.ok) throw new BadInput(loaded.message);
  const log = updateHighWatermark(loaded.log, loaded.log.logEndOffset);
  cleanLog(log, cleanableOf(log, null, nowMs), CLEANER_DEFAULTS, scope);
  let files = before;
  for (const effect of effects) files = performed(files, effect);
  return files;
}
