import { concatBytes, utf8Encode } from '../../engine/kernel/bytes.ts';
import type { FileStatus } from '../../engine/machine/disk-view.ts';
import { buildBatch } from '../../engine/protocol/record-batch.ts';
import { cutPart, type FileContent, type FilesView, type FilesWatch } from '../../projection/disk/files-view.ts';

const EPOCH_MS = 1_700_000_000_000;

function batch(baseOffset: number): Uint8Array {
  const records = [0, 1, 2].map((i) => ({
    timestamp: EPOCH_MS + baseOffset * 250 + i * 40,
    key: i === 1 ? null : utf8Encode(`key-${(baseOffset + i) % 5}`),
    value: utf8Encode(`{"order":${baseOffset + i},"item":"tea","count":${1 + i}}`),
    headers: i === 2 ? [{ key: 'trace', value: utf8Encode(`t-${baseOffset}`) }] : [],
  }));
  return buildBatch(records, { baseOffset, partitionLeaderEpoch: 1 }, (sizeBytes) => new Uint8Array(sizeBytes));
}

/** The disk of every broker of the prepared picture: one partition, some of it in the page cache only. */
const FILES: readonly FileContent[] = [
  { path: 'cleaner-offset-checkpoint', bytes: new Uint8Array() },
  { path: 'log-start-offset-checkpoint', bytes: utf8Encode('0\n0\n') },
  { path: 'meta.properties', bytes: utf8Encode('#\n#Tue Nov 14 22:13:20 UTC 2023\nbroker.id=2\nversion=0\ncluster.id=mMa8wVx2SGK3dD7b0yQ6pA\n') },
  { path: 'orders-0/00000000000000000000.log', bytes: concatBytes([0, 3, 6, 9, 12, 15].map(batch)) },
  { path: 'orders-0/00000000000000000000.index', bytes: new Uint8Array() },
  { path: 'orders-0/00000000000000000000.timeindex', bytes: new Uint8Array() },
  { path: 'orders-0/leader-epoch-checkpoint', bytes: utf8Encode('0\n1\n1 0\n') },
  { path: 'orders-0/partition.metadata', bytes: utf8Encode('version: 0\ntopic_id: AAECAwQFBgcICQoLDA0ODw') },
  { path: 'recovery-point-offset-checkpoint', bytes: utf8Encode('0\n1\norders 0 0\n') },
  { path: 'replication-offset-checkpoint', bytes: utf8Encode('0\n1\norders 0 15\n') },
];
const PREALLOCATED = 10_485_760;

function statusOf({ path, bytes }: FileContent): FileStatus {
  const isLog = path.endsWith('.log');
  return {
    path,
    sizeBytes: path.endsWith('index') ? PREALLOCATED : bytes.length,
    dataEnd: bytes.length,
    onDeviceUpTo: isLog ? Math.floor(bytes.length / 2) : bytes.length,
    journalOnly: isLog,
    dirtySinceUs: isLog ? 1 : null,
    flushing: false,
    coldPages: [],
    version: `1.${bytes.length}`,
  };
}

export function fixtureFiles(watch: FilesWatch): FilesView {
  const file = FILES.find(({ path }) => path === watch.path);
  return {
    host: watch.host,
    files: FILES.map(statusOf),
    chosen: file === undefined ? null : { path: file.path, version: statusOf(file).version, ...cutPart(file.path, file.bytes, watch.from) },
  };
}

export function fixtureFileContents(prefix: string): readonly FileContent[] {
  return FILES.filter(({ path }) => path === prefix || path.startsWith(`${prefix}/`));
}
