import { utf8Encode } from '../kernel/bytes.ts';
import { fileExists, type FileTree } from '../kernel/files.ts';
import type { BrokerId, EpochMs } from '../kernel/units.ts';
import { readText, writeTextAtomically } from './checkpoint-files.ts';
import { CLEAN_SHUTDOWN_FILE, META_PROPERTIES } from './file-names.ts';
import { javaDateText } from './java-date.ts';
import { LOG_OWNER, UNAWAITED_OPERATION, type LogScope } from './log-scope.ts';

/** `meta.properties` version 0 (ZooKeeper mode). `clusterId` is 22 characters of base64. */
export interface MetaProperties {
  readonly brokerId: BrokerId;
  readonly clusterId: string;
}

export type MetaPropertiesRead = { readonly ok: true; readonly properties: MetaProperties | null } | { readonly ok: false; readonly message: string };

/** The text as java.util.Properties stores it, in the recorded order of keys. */
export function encodeMetaProperties(properties: MetaProperties, nowMs: EpochMs): string {
  return `#\n#${javaDateText(nowMs)}\nbroker.id=${properties.brokerId}\nversion=0\ncluster.id=${properties.clusterId}\n`;
}

/** Reads `meta.properties` of the log dir whose files begin with `prefix`; null properties when there is no file (a first start). Refuses another version or missing keys. */
export function readMetaProperties(files: FileTree, prefix = ''): MetaPropertiesRead {
  const path = prefix + META_PROPERTIES;
  const text = readText(files, path);
  if (text === null) return { ok: true, properties: null };
  let version: string | null = null;
  let brokerId: string | null = null;
  let clusterId: string | null = null;
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (line.startsWith('#') || equals < 0) continue;
    const key = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (key === 'version') version = value;
    if (key === 'broker.id') brokerId = value;
    if (key === 'cluster.id') clusterId = value;
  }
  if (version !== null && version !== '0') {
    const message =
      `Found unexpected version in ${path}. ZK-based brokers that are not migrating only support version 0 ` +
      '(which is implicit when the `version` field is missing).';
    return { ok: false, message };
  }
  if (brokerId === null || !/^\d+$/.test(brokerId)) return { ok: false, message: 'Unable to read broker.id as a base-10 number.' };
  return { ok: true, properties: { brokerId: Number(brokerId), clusterId: clusterId ?? '' } };
}

/** What Kafka says when the stored properties belong to another node or cluster (MetaPropertiesEnsemble.verify), or null. */
export function verifyMetaProperties(stored: MetaProperties, expected: MetaProperties, prefix = ''): string | null {
  const path = prefix + META_PROPERTIES;
  if (stored.clusterId !== '' && stored.clusterId !== expected.clusterId) {
    return `Invalid cluster.id in: ${path}. Expected ${expected.clusterId}, but read ${stored.clusterId}`;
  }
  if (stored.brokerId === expected.brokerId) return null;
  return (
    `Stored node id ${stored.brokerId} doesn't match previous node id ${expected.brokerId} in ${path}. If you moved your data, make sure your ` +
    'configured node id matches. If you intend to create a new node, you should remove all data in your data directories.'
  );
}

export function writeMetaProperties(properties: MetaProperties, prefix: string, scope: LogScope): void {
  writeTextAtomically(prefix + META_PROPERTIES, encodeMetaProperties(properties, scope.context.nowMs), scope);
}

/** The mark of a clean stop, written last. In ZooKeeper mode the epoch is always -1 (CleanShutdownFileHandler). */
export function writeCleanShutdownFile(prefix: string, scope: Pick<LogScope, 'effects'>): void {
  const path = prefix + CLEAN_SHUTDOWN_FILE;
  scope.effects.push({ type: 'replace', path, bytes: utf8Encode('{"version":0,"brokerEpoch":-1}') });
  scope.effects.push({ type: 'flush', owner: LOG_OWNER, operation: UNAWAITED_OPERATION, path });
}

/** Whether the last stop of the log dir was clean. */
export function hasCleanShutdownFile(files: FileTree, prefix: string): boolean {
  return fileExists(files, prefix + CLEAN_SHUTDOWN_FILE);
}

/** The mark goes as soon as it was seen, so that a crash from now on is an unclean stop. */
export function takeCleanShutdownFile(prefix: string, scope: Pick<LogScope, 'effects'>): void {
  scope.effects.push({ type: 'delete', path: prefix + CLEAN_SHUTDOWN_FILE });
}
