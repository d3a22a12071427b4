import { codecs } from '../../host/codecs/loaded-codecs.ts';
import { utf8Decode, utf8Encode } from '../../engine/kernel/bytes.ts';
import { emptyTree, readFile, replaceFile, type FileTree } from '../../engine/kernel/files.ts';
import type { DiskEffect } from '../../engine/kernel/system.ts';
import { decodeEpochCheckpoint, encodeEpochCheckpoint } from '../../engine/log/checkpoint-files.ts';
import { loadLog } from '../../engine/log/load.ts';
import { resolveLogConfig, type ConfigTexts } from '../../engine/log/log-config.ts';
import { encodePartitionMetadata, readPartitionMetadata } from '../../engine/log/partition-metadata.ts';
import { decodeSnapshot, encodeSnapshot } from '../../engine/log/producer-snapshot.ts';
import { decodeOffsetIndex, decodeTimeIndex, encodeOffsetIndex, encodeTimeIndex } from '../../engine/log/segment-index.ts';
import { decodeTxnIndex, encodeTxnIndex } from '../../engine/log/txn-index.ts';
import { performed } from './performed.ts';
import { checkPlace, firstDifference, hexOf, type Checker, type GoldenFile } from './checker.ts';

const INDEX_FILE = /^segments\/([^/]+)\/(\d{20})\.(index|timeindex|txnindex|snapshot)$/;
const TEXT_FILE = /^segments\/[^/]+\/(leader-epoch-checkpoint|partition\.metadata)$/;

/** How the recorded topics were set up, where that decides which batches are indexed. */
const CONFIGS: Readonly<Record<string, ConfigTexts>> = {
  'g-txn-0': {},
  'g-compact-0-before': { 'index.interval.bytes': '512' },
  'g-compact-0-after': { 'index.interval.bytes': '512' },
};
const USUAL_CONFIG: ConfigTexts = { 'index.interval.bytes': '1024' };

/** Indexes, transaction indexes and producer snapshots: decoded and encoded again, and rebuilt from nothing but the `.log` files of their folder. */
export const segmentIndexChecker: Checker = {
  knows: (path) => INDEX_FILE.test(path),
  check: (file, report) => {
    const [, topicPartition = '', base = '', kind = ''] = INDEX_FILE.exec(file.path) ?? [];
    checkPlace(report, 'encoded again', () => {
      const again = ENCODED_AGAIN[kind]?.(file.bytes, { path: file.path, baseOffset: Number(base) });
      return again === undefined ? `a ${kind}` : typeof again === 'string' ? again : firstDifference([['bytes', file.bytes, again]]);
    });
    checkPlace(report, 'rebuilt from the .log alone', () => {
      const rebuilt = readFile(recoveredFolder(file, topicPartition), `${DIR}/${base}.${kind}`);
      return rebuilt === null ? 'recovery makes no such file' : differenceOf(file, { kind, base, rebuilt });
    });
  },
};

/** Checkpoints and metadata of a partition: read and written again. */
export const segmentTextChecker: Checker = {
  knows: (path) => TEXT_FILE.test(path),
  check: (file, report) => {
    checkPlace(report, 'written again', () => {
      const again = file.path.endsWith('partition.metadata') ? metadataAgain(file.bytes) : epochsAgain(file.bytes, file.path);
      return again.ok ? firstDifference([['text', utf8Decode(file.bytes), again.text]]) : again.message;
    });
  },
};

type Again = Uint8Array | string;

const ENCODED_AGAIN: Readonly<Record<string, (bytes: Uint8Array, file: { readonly path: string; readonly baseOffset: number }) => Again>> = {
  index: (bytes, { baseOffset }) => encodeOffsetIndex(decodeOffsetIndex(bytes, baseOffset), baseOffset),
  timeindex: (bytes, { baseOffset }) => encodeTimeIndex(decodeTimeIndex(bytes, baseOffset), baseOffset),
  txnindex: (bytes, file) => {
    const read = decodeTxnIndex(bytes, file);
    return read.ok ? encodeTxnIndex(read.entries) : read.message;
  },
  snapshot: (bytes) => {
    const producers = decodeSnapshot(bytes);
    return producers === null ? 'a corrupt snapshot' : encodeSnapshot(producers);
  },
};

function metadataAgain(bytes: Uint8Array): { ok: true; text: string } | { ok: false; message: string } {
  const read = readPartitionMetadata(replaceFile(emptyTree(), `${DIR}/partition.metadata`, bytes), DIR);
  if (!read.ok) return read;
  return read.topicId === null ? { ok: false, message: 'no topic id' } : { ok: true, text: encodePartitionMetadata(read.topicId) };
}

function epochsAgain(bytes: Uint8Array, path: string): { ok: true; text: string } | { ok: false; message: string } {
  const read = decodeEpochCheckpoint(utf8Decode(bytes), path);
  return read.ok ? { ok: true, text: encodeEpochCheckpoint(read.entries) } : read;
}

const DIR = 'recovered-0';

/** The folder after an unclean start that found its `.log` files and nothing else. */
function recoveredFolder(file: GoldenFile, topicPartition: string): FileTree {
  let files = emptyTree();
  for (const path of logsBeside(file)) files = replaceFile(files, `${DIR}/${path.slice(path.lastIndexOf('/') + 1)}`, file.other(path) ?? utf8Encode(''));
  const effects: DiskEffect[] = [];
  const context = { nowMs: 0, draw: () => 0, allocate: (sizeBytes: number) => new Uint8Array(sizeBytes), codecs };
  const config = resolveLogConfig({}, CONFIGS[topicPartition] ?? USUAL_CONFIG);
  const options = { topic: 'recovered', partition: 0, logId: 1, config, cleanShutdown: false, recoveryPoint: 0, logStartOffset: 0 };
  const loaded = loadLog(files, options, { context, effects });
  if (!loaded.ok) throw new Error(loaded.message);
  for (const effect of effects) files = performed(files, effect);
  return files;
}

function logsBeside(file: GoldenFile): readonly string[] {
  return file.beside().filter((path) => path.endsWith('.log'));
}

/** Recovery notes the largest timestamp of every segment; the recorded active one had not been closed, so it may lack that entry. */
function differenceOf(file: GoldenFile, found: { readonly kind: string; readonly base: string; readonly rebuilt: Uint8Array }): string | null {
  const { kind, base, rebuilt } = found;
  const isActive = logsBeside(file).at(-1)?.endsWith(`/${base}.log`) === true;
  const mayLackLast = kind === 'timeindex' && isActive && hexOf(rebuilt).startsWith(hexOf(file.bytes)) && rebuilt.length === file.bytes.length + 12;
  return mayLackLast ? null : firstDifference([['bytes', file.bytes, rebuilt]]);
}
