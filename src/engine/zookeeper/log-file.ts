import type { Zxid } from '../kernel/units.ts';
import { DecodeError, newReader, newWriter } from '../protocol/codec.ts';
import { INT } from '../protocol/jute.ts';
import { decodeTransaction, encodeTransaction } from '../protocol/zookeeper-transactions.ts';
import type { ZabTransaction } from '../protocol/zookeeper-types.ts';
import { adler32 } from './adler32.ts';
import { FILE_HEADER, FILE_HEADER_BYTES, FILE_VERSION } from './snapshot-file.ts';

/** FileTxnLog's format: a header, then a transaction after the other. `Simplified:` the file is not padded ahead by 64 MiB. */
const FOLDER = 'version-2';
export const ACCEPTED_EPOCH_FILE = `${FOLDER}/acceptedEpoch`;
export const CURRENT_EPOCH_FILE = `${FOLDER}/currentEpoch`;
export const LOG_PREFIX = `${FOLDER}/log.`;
export const SNAPSHOT_PREFIX = `${FOLDER}/snapshot.`;

/** `ZKLG`. */
const MAGIC = 0x5a4b4c47;
/** Checksum and length of a transaction. */
const ENTRY_HEADER_BYTES = 12;
/** `B`, behind each transaction. */
const ENTRY_END = 0x42;

export function logPath(firstZxid: Zxid): string {
  return LOG_PREFIX + firstZxid.toString(16);
}

export function snapshotPath(zxid: Zxid): string {
  return SNAPSHOT_PREFIX + zxid.toString(16);
}

/** The zxid in the name of a log or snapshot file. */
export function zxidOfPath(path: string): Zxid {
  return parseInt(path.slice(path.lastIndexOf('.') + 1), 16);
}

/** One transaction as bytes of the log; the first of a file has the file's header before it. */
export function encodeLogEntry(transaction: ZabTransaction, place: 'first' | 'later'): Uint8Array {
  const body = encodeTransaction(transaction);
  const startBytes = place === 'first' ? FILE_HEADER_BYTES : 0;
  const writer = newWriter(startBytes + ENTRY_HEADER_BYTES + body.length + 1);
  if (place === 'first') FILE_HEADER.write(writer, { magic: MAGIC, version: FILE_VERSION, dbid: 0 });
  // The checksum is a long of which Adler-32 fills the lower half.
  writer.view.setUint32(writer.at + 4, adler32(body));
  writer.view.setUint32(writer.at + 8, body.length);
  writer.bytes.set(body, writer.at + ENTRY_HEADER_BYTES);
  writer.bytes[writer.bytes.length - 1] = ENTRY_END;
  return writer.bytes;
}

export interface LogFileContent {
  readonly entries: readonly { readonly transaction: ZabTransaction; readonly endBytes: number }[];
  /** Everything behind the last whole entry is torn. */
  readonly soundBytes: number;
}

/** Every whole entry from the front; a torn or damaged one ends the file. */
export function readLogFile(bytes: Uint8Array): LogFileContent {
  const entries: { transaction: ZabTransaction; endBytes: number }[] = [];
  if (!hasHeader(bytes)) return { entries, soundBytes: 0 };
  let soundBytes = FILE_HEADER_BYTES;
  for (;;) {
    const entry = readEntry(bytes, soundBytes);
    if (entry === null) return { entries, soundBytes: entries.length === 0 ? 0 : soundBytes };
    entries.push(entry);
    soundBytes = entry.endBytes;
  }
}

/** The dbid behind magic and version says nothing. */
function hasHeader(bytes: Uint8Array): boolean {
  if (bytes.length < FILE_HEADER_BYTES) return false;
  const reader = newReader(bytes);
  return INT.read(reader) === MAGIC && INT.read(reader) === FILE_VERSION;
}

function readEntry(bytes: Uint8Array, at: number): { transaction: ZabTransaction; endBytes: number } | null {
  const bodyAt = at + ENTRY_HEADER_BYTES;
  if (bodyAt > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bodyEnd = bodyAt + view.getUint32(at + 8);
  if (view.getUint32(at) !== 0 || bodyEnd + 1 > bytes.length || bytes[bodyEnd] !== ENTRY_END || view.getUint32(at + 4) !== adler32(bytes, bodyAt, bodyEnd)) return null;
  try {
    return { transaction: decodeTransaction(bytes.subarray(bodyAt, bodyEnd)), endBytes: bodyEnd + 1 };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
