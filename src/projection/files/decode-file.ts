import type { Codecs } from '../../engine/protocol/compression.ts';
import { offsetIndexSpans, snapshotSpans, timeIndexSpans, txnIndexSpans } from './index-spans.ts';
import { logSpans } from './log-spans.ts';
import { span, type DecodedFile, type FileKind } from './span.ts';
import { epochCheckpointSpans, jsonSpans, offsetCheckpointSpans, propertySpans } from './text-spans.ts';

const CHECKPOINTS = ['replication-offset-checkpoint', 'recovery-point-offset-checkpoint', 'log-start-offset-checkpoint', 'cleaner-offset-checkpoint'];

/** What a file of a log dir is, by its name; a file that waits to be deleted or swapped in is what it was. */
export function fileKindOf(path: string): FileKind {
  const name = (path.split('/').pop() ?? '').replace(/(\.(deleted|cleaned|swap|tmp))+$/, '');
  if (name.endsWith('.log')) return 'log';
  if (name.endsWith('.timeindex')) return 'timeindex';
  if (name.endsWith('.txnindex')) return 'txnindex';
  if (name.endsWith('.index')) return 'index';
  if (name.endsWith('.snapshot')) return 'snapshot';
  if (CHECKPOINTS.includes(name)) return 'offsetCheckpoint';
  if (name === 'leader-epoch-checkpoint') return 'epochCheckpoint';
  if (name === 'partition.metadata') return 'metadata';
  if (name === 'meta.properties') return 'properties';
  return name === '.kafka_cleanshutdown' ? 'json' : 'unknown';
}

/** The offset that a segment's files are named after; 0 for other names. */
export function baseOffsetOf(path: string): bigint {
  const digits = /(\d{1,20})\.[a-z.]+$/.exec(path)?.[1];
  return digits === undefined ? 0n : BigInt(digits);
}

/**
 * The meaning of each byte of a file, or of a part of one that begins at `from` (at a batch, for a `.log`). Never throws: what cannot
 * be read is a span of kind `broken`, and `problem` names the first one in Kafka's words. Spans cover all bytes, in order.
 */
export function decodeFile(path: string, bytes: Uint8Array, codecs: Codecs, from = 0): DecodedFile {
  const kind = fileKindOf(path);
  switch (kind) {
    case 'log':
      return { kind, ...logSpans(bytes, from, codecs) };
    case 'index':
      return { kind, ...offsetIndexSpans(bytes, from, baseOffsetOf(path)) };
    case 'timeindex':
      return { kind, ...timeIndexSpans(bytes, from, baseOffsetOf(path)) };
    case 'txnindex':
      return { kind, ...txnIndexSpans(bytes, from) };
    case 'snapshot':
      return { kind, ...snapshotSpans(bytes, from) };
    case 'offsetCheckpoint':
      return { kind, ...offsetCheckpointSpans(bytes, from, path) };
    case 'epochCheckpoint':
      return { kind, ...epochCheckpointSpans(bytes, from, path) };
    case 'metadata':
    case 'properties':
      return { kind, ...propertySpans(bytes, from) };
    case 'json':
      return { kind, ...jsonSpans(bytes, from) };
    case 'unknown':
      return {
        kind,
        spans: bytes.length === 0 ? [] : [span({ from, to: from + bytes.length }, 'bytes', `${bytes.length} bytes of a file that is none of Kafka's`, 'text')],
        problem: null,
      };
  }
}
