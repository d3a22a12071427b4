import { batchError } from '../../engine/protocol/record-batch.ts';
import { batchBytesAt } from '../../engine/log/recovery.ts';
import { fileKindOf } from '../../projection/files/decode-file.ts';
import type { DroppedFile } from '../store/playground-store.ts';

/** Larger files are refused: the page would hold them whole. */
export const MOST_DROPPED_BYTES = 100 * 1024 * 1024;

/** As much of the browser's `File` as is needed. */
export interface GivenFile {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export type GivenFileRead =
  | { readonly ok: true; readonly file: DroppedFile }
  | { readonly ok: false; readonly reason: 'tooLarge' | 'unreadable' | 'notKafka'; readonly name: string; readonly sizeBytes: number };

/**
 * Reads a file that somebody dropped on the page; it never leaves the browser. One whose name says nothing is taken for a log if a sound batch
 * begins it, else it is none of Kafka's.
 */
export async function readGivenFile(given: GivenFile): Promise<GivenFileRead> {
  const refused = (reason: 'tooLarge' | 'unreadable' | 'notKafka'): GivenFileRead => ({ ok: false, reason, name: given.name, sizeBytes: given.size });
  if (given.size > MOST_DROPPED_BYTES) return refused('tooLarge');
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await given.arrayBuffer());
  } catch {
    // A folder, or a file that went meanwhile.
    return refused('unreadable');
  }
  const kind = fileKindOf(given.name);
  if (kind === 'log' && bytes.length > 0 && batchBytesAt(bytes, 0) === null) return refused('notKafka');
  if (kind !== 'unknown') return { ok: true, file: { name: given.name, bytes } };
  const first = batchBytesAt(bytes, 0);
  if (first === null || batchError(first) !== null) return refused('notKafka');
  return { ok: true, file: { name: `${given.name}.log`, bytes } };
}
