import type { Zxid } from '../kernel/units.ts';
import { DecodeError, newReader, newWriter } from '../protocol/codec.ts';
import { decodeTransaction, encodeTransaction } from '../protocol/zookeeper-transactions.ts';
import type { ZabTransaction } from '../protocol/zookeeper-types.ts';
import { adler32 } from './adler32.ts';
import { FILE_HEADER, FILE_HEADER_BYTES, FILE_VERSION, type FileHeader } from './snapshot-file.ts';

/**
 * FileTxnLog's format: a header, then a transaction after the other. `Simplified:` the file is not padded ahead by 64 MiB. The dbid in
 * the header, which ZooKeeper never looks at, is the zxid before the file, so that a missing end of the file before is noticed.
 */
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

/** One transaction as bytes of the log; the first of a file, whose log ended at `previousZxid`, has the file's header before it. */
export function encodeLogEntry(transaction: ZabTransaction, place: { readonly previousZxid: Zxid } | 'later'): Uint8Array {
  const body = encodeTransaction(transaction);
  const startBytes = place === 'later' ? 0 : FILE_HEADER_BYTES;
  const writer = newWriter(startBytes + ENTRY_HEADER_BYTES + body.length + 1);
  if (place !== 'later') FILE_HEADER.write(writer, { magic: MAGIC, version: FILE_VERSION, dbid: place.previousZxid });
  // The checksum is a long of which Adler-32 fills the lower half.
  writer.view.setUint32(writer.at + 4, adler32(body));
  writer.view.setUint32(writer.at + 8, body.length);
  writer.bytes.set(body, writer.at + ENTRY_HEADER_BYTES);
  writer.bytes[writer.bytes.length - 1] = ENTRY_END;
  return writer.bytes;
}

export interface LogEntry {
  readonly transaction: ZabTransaction;
  /** File size after it. */
  readonly endBytes: number;
}

export interface LogFileContent {
  /** The zxid before the file, from its header; null where the header is torn. */
  readonly previousZxid: Zxid | null;
  readonly entries: readonly LogEntry[];
  /** Bytes of the header and whole entries; what is behind them is torn. 0 without a whole entry. */
  readonly soundBytes: number;
  /** An entry is there as a whole and its checksum is wrong: no power cut does that. */
  readonly isDamaged: boolean;
}

/** Every whole entry from the front. */
export function readLogFile(bytes: Uint8Array): LogFileContent {
  const header = readHeader(bytes);
  if (header === 'torn') return { previousZxid: null, entries: [], soundBytes: 0, isDamaged: false };
  if (header === 'damaged') return { previousZxid: null, entries: [], soundBytes: 0, isDamaged: true };
  const entries: LogEntry[] = [];
  for (let at = FILE_HEADER_BYTES; ;) {
    const entry = readEntry(bytes, at);
    if (entry === 'torn' || entry === 'damaged') {
      return { previousZxid: header.dbid, entries, soundBytes: entries.length === 0 ? 0 : at, isDamaged: entry === 'damaged' };
    }
    entries.push(entry);
    at = entry.endBytes;
  }
}

function readHeader(bytes: Uint8Array): FileHeader | 'torn' | 'damaged' {
  if (bytes.length < FILE_HEADER_BYTES) return 'torn';
  const header = decoded(() => FILE_HEADER.read(newReader(bytes)));
  return header !== null && header.magic === MAGIC && header.version === FILE_VERSION ? header : 'damaged';
}

function readEntry(bytes: Uint8Array, at: number): LogEntry | 'torn' | 'damaged' {
  const bodyAt = at + ENTRY_HEADER_BYTES;
  if (bodyAt > bytes.length) return 'torn';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bodyEnd = bodyAt + view.getUint32(at + 8);
  if (bodyEnd + 1 > bytes.length) return 'torn';
  if (bytes[bodyEnd] !== ENTRY_END || view.getUint32(at) !== 0 || view.getUint32(at + 4) !== adler32(bytes, bodyAt, bodyEnd)) return 'damaged';
  const transaction = decoded(() => decodeTransaction(bytes.subarray(bodyAt, bodyEnd)));
  return transaction === null ? 'damaged' : { transaction, endBytes: bodyEnd + 1 };
}

function decoded<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
