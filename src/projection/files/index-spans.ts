import { crc32c } from '../../engine/protocol/crc32c.ts';
import { FieldReader, span, timeText, type FileProblem, type FileSpan } from './span.ts';

export interface IndexSpans {
  readonly spans: readonly FileSpan[];
  readonly problem: FileProblem | null;
}

interface Row {
  readonly label: string;
  readonly value: string;
  readonly fields: readonly FileSpan[];
  /** Entries must ascend by this; one that does not is a sign of a corrupt index. */
  readonly order: bigint | null;
}

interface Table {
  readonly bytes: Uint8Array;
  readonly origin: number;
  readonly entryBytes: number;
  /** The file is made at its full size, so that zeros after the last entry are none. */
  readonly isPreallocated?: true;
  readonly readRow: (reader: FieldReader) => Row;
}

/** `.index`: relative offset and position of every now and then a batch. `baseOffset` is the file's name. */
export function offsetIndexSpans(bytes: Uint8Array, origin: number, baseOffset: bigint): IndexSpans {
  return tableSpans({
    bytes,
    origin,
    entryBytes: 8,
    isPreallocated: true,
    readRow: (reader) => {
      const offset = baseOffset + BigInt(reader.int32('relativeOffset', 'offset', (value) => `${value}: offset ${baseOffset + BigInt(value)}`));
      const position = reader.int32('position', 'length');
      return { label: `offset ${offset}`, value: `at byte ${position} of the .log`, fields: reader.spans, order: offset };
    },
  });
}

/** `.timeindex`: largest timestamp so far and the offset that holds it. */
export function timeIndexSpans(bytes: Uint8Array, origin: number, baseOffset: bigint): IndexSpans {
  return tableSpans({
    bytes,
    origin,
    entryBytes: 12,
    isPreallocated: true,
    readRow: (reader) => {
      const timestamp = reader.int64('timestamp', 'timestamp', timeText);
      const offset = baseOffset + BigInt(reader.int32('relativeOffset', 'offset', (value) => `${value}: offset ${baseOffset + BigInt(value)}`));
      return { label: timeText(timestamp), value: `offset ${offset}`, fields: reader.spans, order: timestamp };
    },
  });
}

/** `.txnindex`: one aborted transaction an entry (AbortedTxn). */
export function txnIndexSpans(bytes: Uint8Array, origin: number): IndexSpans {
  return tableSpans({
    bytes,
    origin,
    entryBytes: 34,
    readRow: (reader) => {
      reader.int16('version', 'attributes');
      const producerId = reader.int64('producerId', 'producer');
      const first = reader.int64('firstOffset', 'offset');
      const last = reader.int64('lastOffset', 'offset');
      reader.int64('lastStableOffset', 'offset');
      return { label: `aborted: producer ${producerId}`, value: `offsets ${first}–${last}`, fields: reader.spans, order: last };
    },
  });
}

function tableSpans({ bytes, origin, entryBytes, isPreallocated, readRow }: Table): IndexSpans {
  const spans: FileSpan[] = [];
  let problem: FileProblem | null = null;
  let before: bigint | null = null;
  let at = 0;
  const wholeBytes = bytes.length - (bytes.length % entryBytes);
  const usedBytes = isPreallocated === true ? lastNonZero(bytes.subarray(0, wholeBytes)) : wholeBytes;
  for (; at < usedBytes; at += entryBytes) {
    const from = origin + at;
    const row = readRow(new FieldReader(bytes, at, origin));
    const isBack = before !== null && row.order !== null && row.order <= before;
    if (isBack) problem ??= { error: 'CorruptIndexException', message: `entry ${at / entryBytes} does not come after the one before it`, at: from };
    spans.push(span({ from, to: from + entryBytes }, row.label, row.value, isBack ? 'broken' : 'entry', row.fields));
    before = row.order;
  }
  if (at < wholeBytes) {
    spans.push(span({ from: origin + at, to: origin + wholeBytes }, 'preallocated', `${wholeBytes - at} bytes of zeros`, 'text'));
    at = wholeBytes;
  }
  if (at < bytes.length) {
    const message = `found ${bytes.length} bytes which is neither positive nor a multiple of ${entryBytes}`;
    problem ??= { error: 'CorruptIndexException', message, at: origin + at };
    spans.push(span({ from: origin + at, to: origin + bytes.length }, 'part of an entry', message, 'broken'));
  }
  return { spans, problem };
}

/** One past the last byte that is not zero. */
function lastNonZero(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

const SNAPSHOT_HEADER_BYTES = 10;
const SNAPSHOT_ENTRY_BYTES = 46;
const SNAPSHOT_CRC_FROM = 6;

/** `.snapshot`: the producers at an offset, each with its last batch. */
export function snapshotSpans(bytes: Uint8Array, origin: number): IndexSpans {
  if (bytes.length < SNAPSHOT_HEADER_BYTES) return broken(bytes, origin, `${bytes.length} bytes are too few for a producer snapshot`);
  const computed = crc32c(bytes, SNAPSHOT_CRC_FROM) >>> 0;
  const read = new FieldReader(bytes, 0, origin);
  const version = read.int16('version', 'attributes');
  const stored = read.uint32('crc', 'crc', (value) => (value === computed ? `${value}, right` : `${value}, but the bytes give ${computed}`));
  const count = read.int32('producers count', 'count');
  const corrupt = (message: string): FileProblem => ({ error: 'CorruptSnapshotException', message, at: origin });
  if (version !== 1 || stored !== computed || count * SNAPSHOT_ENTRY_BYTES !== bytes.length - SNAPSHOT_HEADER_BYTES) {
    const problem = corrupt(
      version !== 1
        ? `Snapshot contained an unknown file version ${version}`
        : stored !== computed
          ? `Snapshot is corrupt (CRC is no longer valid). Stored crc: ${stored}. Computed crc: ${computed}`
          : `${count} producers do not fit in ${bytes.length} bytes`,
    );
    const rest =
      bytes.length === SNAPSHOT_HEADER_BYTES ? [] : broken(bytes.subarray(SNAPSHOT_HEADER_BYTES), origin + SNAPSHOT_HEADER_BYTES, problem.message).spans;
    return { spans: [...read.spans, ...rest], problem };
  }
  const entries = Array.from({ length: count }, (_, i) => snapshotEntry(bytes, SNAPSHOT_HEADER_BYTES + i * SNAPSHOT_ENTRY_BYTES, origin));
  return { spans: [...read.spans, ...entries], problem: null };
}

function snapshotEntry(bytes: Uint8Array, at: number, origin: number): FileSpan {
  const read = new FieldReader(bytes, at, origin);
  const producerId = read.int64('producerId', 'producer');
  const epoch = read.int16('epoch', 'epoch');
  read.int32('lastSequence', 'producer');
  const lastOffset = read.int64('lastOffset', 'offset');
  read.int32('offsetDelta', 'offset');
  read.int64('timestamp', 'timestamp', timeText);
  read.int32('coordinatorEpoch', 'epoch');
  read.int64('currentTxnFirstOffset', 'offset', (value) => (value === -1n ? '-1: no open transaction' : String(value)));
  return span(
    { from: origin + at, to: origin + at + SNAPSHOT_ENTRY_BYTES },
    `producer ${producerId}`,
    `epoch ${epoch}, last offset ${lastOffset}`,
    'entry',
    read.spans,
  );
}

function broken(bytes: Uint8Array, origin: number, message: string): IndexSpans {
  return {
    spans: bytes.length === 0 ? [] : [span({ from: origin, to: origin + bytes.length }, 'corrupt', message, 'broken')],
    problem: { error: 'CorruptSnapshotException', message, at: origin },
  };
}
