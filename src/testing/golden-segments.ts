import { readdirSync, readFileSync } from 'node:fs';
import { emptyTree, replaceFile, type FileTree } from '../engine/kernel/files.ts';
import type { ConfigTexts, LogConfig } from '../engine/log/log-config.ts';
import { batchBytesAt } from '../engine/log/recovery.ts';
import { testConfig } from '../engine/log/test-support.ts';

const GOLDENS = new URL('./goldens/segments/', import.meta.url);
/** The folder that recorded files are put into. */
export const GOLDEN_DIR = 'orders-0';
export const CODEC_FOLDERS = ['g-none-0', 'g-gzip-0', 'g-snappy-0', 'g-lz4-0', 'g-zstd-0'];
export const GOLDEN_FOLDERS = [...CODEC_FOLDERS, 'g-txn-0', 'g-compact-0-before', 'g-compact-0-after'];

/** How the topics were set up when they were recorded; g-txn rolled by the age of its records. */
const CONFIGS: Readonly<Record<string, ConfigTexts>> = {
  'g-compact-0-before': { 'segment.bytes': '2048', 'index.interval.bytes': '512' },
  'g-compact-0-after': { 'segment.bytes': '2048', 'index.interval.bytes': '512' },
  'g-txn-0': {},
};

export function goldenConfig(folder: string): LogConfig {
  return testConfig(CONFIGS[folder] ?? { 'segment.bytes': '8192', 'index.interval.bytes': '1024' });
}

export function goldenFile(folder: string, name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`${folder}/${name}`, GOLDENS)));
}

export function goldenNames(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, GOLDENS)).sort();
}

export function goldenTree(folder: string, keep: (name: string) => boolean): FileTree {
  let files = emptyTree();
  for (const name of goldenNames(folder)) if (keep(name)) files = replaceFile(files, `${GOLDEN_DIR}/${name}`, goldenFile(folder, name));
  return files;
}

/** The batches that a broker was sent, one append each. */
export function goldenBatches(folder: string): Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (const name of goldenNames(folder).filter((each) => each.endsWith('.log'))) {
    const file = goldenFile(folder, name);
    let position = 0;
    for (let bytes = batchBytesAt(file, 0); bytes !== null; bytes = batchBytesAt(file, position)) {
      batches.push(bytes);
      position += bytes.length;
    }
  }
  return batches;
}
