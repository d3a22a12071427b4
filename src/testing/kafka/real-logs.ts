import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { utf8Decode } from '../../engine/kernel/bytes.ts';
import { emptyTree, replaceFile, type FileTree } from '../../engine/kernel/files.ts';
import { decodeOffsetCheckpoint } from '../../engine/log/checkpoint-files.ts';
import { parseLogDirName } from '../../engine/log/file-names.ts';
import { loadLog } from '../../engine/log/load.ts';
import { readMetaProperties } from '../../engine/log/meta-properties.ts';
import { newTestDisk, perform, testConfig } from '../../engine/log/test-support.ts';

export interface Loaded {
  readonly title: string;
  readonly problem: string | null;
}

/** Our log loads every partition of a log dir that a real broker closed: to the end that its own checkpoint tells, with nothing cut off. */
export function loadRealLogs(logDir: string): readonly Loaded[] {
  const files = treeOf(logDir);
  const checkpoint = decodeOffsetCheckpoint(
    utf8Decode(new Uint8Array(readFileSync(join(logDir, 'recovery-point-offset-checkpoint')))),
    'recovery-point-offset-checkpoint',
  );
  if (!checkpoint.ok) return [{ title: 'we read the checkpoint of a real broker', problem: checkpoint.message }];
  const properties = readMetaProperties(files);
  const first: Loaded = { title: 'we read meta.properties of a real broker', problem: properties.ok ? null : properties.message };
  const partitions = checkpoint.entries.map(({ topic, partition, offset }): Loaded => {
    const title = `our log loads ${topic}-${partition} as a real broker left it, to offset ${offset}`;
    return { title, problem: loadProblem(files, { topic, partition, offset }) };
  });
  return [first, ...partitions];
}

function loadProblem(files: FileTree, log: { readonly topic: string; readonly partition: number; readonly offset: number }): string | null {
  const { topic, partition, offset } = log;
  for (const cleanShutdown of [true, false]) {
    const disk = newTestDisk(files);
    const options = { topic, partition, logId: 1, config: testConfig(), cleanShutdown, recoveryPoint: cleanShutdown ? offset : 0, logStartOffset: 0 };
    const loaded = loadLog(disk.files, options, disk.scope);
    if (!loaded.ok) return loaded.message;
    perform(disk);
    if (loaded.log.logEndOffset !== offset) return `it ends at ${loaded.log.logEndOffset}${cleanShutdown ? '' : ' after recovery'}`;
  }
  return null;
}

function treeOf(logDir: string): FileTree {
  let files = emptyTree();
  for (const name of readdirSync(logDir)) {
    const path = join(logDir, name);
    if (!statSync(path).isDirectory()) files = replaceFile(files, name, new Uint8Array(readFileSync(path)));
    else if (parseLogDirName(name) !== null)
      for (const file of readdirSync(path)) files = replaceFile(files, `${name}/${file}`, new Uint8Array(readFileSync(join(path, file))));
  }
  return files;
}
