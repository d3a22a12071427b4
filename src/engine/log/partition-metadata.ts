import type { FileTree } from '../kernel/files.ts';
import type { Uuid } from '../kernel/units.ts';
import { readText } from './checkpoint-files.ts';
import { PARTITION_METADATA } from './file-names.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const UUID_BASE64_LENGTH = 22;

/** A UUID (32 hex digits) as Kafka prints it: 22 characters of URL-safe base64 without padding. */
export function uuidToBase64(uuid: Uuid): string {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (let i = 0; i < uuid.length; i++) {
    bits = (bits << 4) | parseInt(uuid.charAt(i), 16);
    bitCount += 4;
    if (bitCount < 6) continue;
    bitCount -= 6;
    text += ALPHABET.charAt((bits >>> bitCount) & 63);
    bits &= (1 << bitCount) - 1;
  }
  return text + ALPHABET.charAt((bits << (6 - bitCount)) & 63);
}

/** The inverse of `uuidToBase64`, or null for a text that is no UUID. */
export function uuidFromBase64(text: string): Uuid | null {
  if (text.length !== UUID_BASE64_LENGTH) return null;
  let hex = '';
  let bits = 0;
  let bitCount = 0;
  for (let i = 0; i < text.length; i++) {
    const value = ALPHABET.indexOf(text.charAt(i));
    if (value < 0) return null;
    bits = (bits << 6) | value;
    bitCount += 6;
    while (bitCount >= 4) {
      bitCount -= 4;
      hex += ((bits >>> bitCount) & 15).toString(16);
      bits &= (1 << bitCount) - 1;
    }
  }
  return hex.slice(0, 32);
}

/** Text of `partition.metadata`; no newline at its end. */
export function encodePartitionMetadata(topicId: Uuid): string {
  return `version: 0\ntopic_id: ${uuidToBase64(topicId)}`;
}

export type PartitionMetadataRead = { readonly ok: true; readonly topicId: Uuid | null } | { readonly ok: false; readonly message: string };

/** The topic id of a partition's folder, null if it has no `partition.metadata` yet. */
export function readPartitionMetadata(files: FileTree, dir: string): PartitionMetadataRead {
  const path = `${dir}/${PARTITION_METADATA}`;
  const text = readText(files, path);
  if (text === null) return { ok: true, topicId: null };
  const [versionLine = '', idLine = ''] = text.split('\n');
  const version = /^\S+\s+([+-]?\d+)$/.exec(versionLine)?.[1];
  if (version === undefined) return malformed(path, versionLine);
  if (Number(version) < 0) return { ok: false, message: `Unrecognized version of partition metadata file + (${path}): ${version}` };
  const topicId = uuidFromBase64(/^\S+\s+(\S+)$/.exec(idLine)?.[1] ?? '');
  if (topicId === null) return malformed(path, idLine);
  if (/^0+$/.test(topicId)) return { ok: false, message: `Invalid topic ID in partition metadata file (${path})` };
  return { ok: true, topicId };
}

function malformed(path: string, line: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message: `Malformed line in checkpoint file [${path}]: ${line}` };
}
