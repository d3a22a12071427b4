import { utf8Decode } from '../../engine/kernel/bytes.ts';

/** What a stretch of bytes is, for its colour. */
export type SpanKind =
  | 'batch'
  | 'record'
  | 'offset'
  | 'length'
  | 'epoch'
  | 'crc'
  | 'attributes'
  | 'timestamp'
  | 'producer'
  | 'count'
  | 'key'
  | 'value'
  | 'header'
  | 'compressed'
  | 'entry'
  | 'text'
  | 'broken';

/** A stretch [from, to) of a file with its meaning. Siblings follow one another without gap or overlap; children lie within. */
export interface FileSpan {
  readonly from: number;
  readonly to: number;
  /** Kafka's name of the field. */
  readonly label: string;
  readonly value: string;
  readonly kind: SpanKind;
  readonly children: readonly FileSpan[];
  /** Its children were decompressed: each has the whole stretch as its place. */
  readonly decompressed?: true;
}

/** What is wrong with a file, with Kafka's name for it and the byte where it begins. */
export interface FileProblem {
  readonly error: string;
  readonly message: string;
  readonly at: number;
}

export interface DecodedFile {
  readonly kind: FileKind;
  readonly spans: readonly FileSpan[];
  /** The first one; the rest of the file is shown as far as it makes sense. */
  readonly problem: FileProblem | null;
}

export type FileKind =
  'log' | 'index' | 'timeindex' | 'txnindex' | 'snapshot' | 'offsetCheckpoint' | 'epochCheckpoint' | 'metadata' | 'properties' | 'json' | 'unknown';

const NO_CHILDREN: readonly FileSpan[] = [];

export function span(place: { readonly from: number; readonly to: number }, label: string, value: string, kind: SpanKind, children = NO_CHILDREN): FileSpan {
  return { from: place.from, to: place.to, label, value, kind, children };
}

/** Reads big-endian fields one after the other and makes a span of each. Int64 are exact. */
export class FieldReader {
  readonly spans: FileSpan[] = [];
  private readonly view: DataView;
  private at: number;

  private readonly origin: number;

  constructor(bytes: Uint8Array, from: number, origin: number) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = from;
    this.origin = origin;
  }

  int8(label: string, kind: SpanKind, text: (value: number) => string = String): number {
    return this.put(1, { label, kind, text }, this.view.getInt8(this.at));
  }
  int16(label: string, kind: SpanKind, text: (value: number) => string = String): number {
    return this.put(2, { label, kind, text }, this.view.getInt16(this.at));
  }
  int32(label: string, kind: SpanKind, text: (value: number) => string = String): number {
    return this.put(4, { label, kind, text }, this.view.getInt32(this.at));
  }
  uint32(label: string, kind: SpanKind, text: (value: number) => string = String): number {
    return this.put(4, { label, kind, text }, this.view.getUint32(this.at));
  }
  int64(label: string, kind: SpanKind, text: (value: bigint) => string = String): bigint {
    return this.put(8, { label, kind, text }, this.view.getBigInt64(this.at));
  }

  private put<T>(sizeBytes: number, field: { readonly label: string; readonly kind: SpanKind; text(value: T): string }, value: T): T {
    const from = this.origin + this.at;
    this.spans.push(span({ from, to: from + sizeBytes }, field.label, field.text(value), field.kind));
    this.at += sizeBytes;
    return value;
  }
}

const LAST_TIME_MS = 8_640_000_000_000_000n;

/** `1700000000000 (2023-11-14 22:13:20.000 UTC)`; -1 is no time. */
export function timeText(ms: bigint): string {
  if (ms < 0n || ms > LAST_TIME_MS) return String(ms);
  return `${ms} (${new Date(Number(ms)).toISOString().replace('T', ' ').replace('Z', ' UTC')})`;
}

const SHOWN_CHARACTERS = 200;

/** A control character other than tab and line ends, or what stands for bytes that are no text. */
function isUnprintable(character: string): boolean {
  const code = character.charCodeAt(0);
  return code === 0xfffd || code === 0x7f || (code < 0x20 && code !== 9 && code !== 10 && code !== 13);
}

/** Bytes of a key, value or header as text, or as hex where they are no text. */
export function contentText(bytes: Uint8Array | null): string {
  if (bytes === null) return 'null';
  if (bytes.length === 0) return '(empty)';
  const text = utf8Decode(bytes.subarray(0, SHOWN_CHARACTERS * 4));
  const isText = !Array.from(text).some(isUnprintable);
  const shown = isText ? text : Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return shown.length <= SHOWN_CHARACTERS ? shown : `${shown.slice(0, SHOWN_CHARACTERS)}… (${bytes.length} bytes)`;
}
