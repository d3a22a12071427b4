import { utf8Decode } from '../../engine/kernel/bytes.ts';
import { decodeEpochCheckpoint, decodeOffsetCheckpoint } from '../../engine/log/checkpoint-files.ts';
import { span, type FileProblem, type FileSpan, type SpanKind } from './span.ts';

export interface TextSpans {
  readonly spans: readonly FileSpan[];
  readonly problem: FileProblem | null;
}

interface Line {
  readonly from: number;
  /** Behind its newline. */
  readonly to: number;
  readonly text: string;
}

function linesOf(bytes: Uint8Array): Line[] {
  const lines: Line[] = [];
  let from = 0;
  while (from < bytes.length) {
    const newline = bytes.indexOf(10, from);
    const end = newline < 0 ? bytes.length : newline;
    const to = newline < 0 ? bytes.length : newline + 1;
    lines.push({ from, to, text: utf8Decode(bytes.subarray(from, end)) });
    from = to;
  }
  return lines;
}

type Naming = (line: Line, index: number) => { readonly label: string; readonly value: string; readonly kind: SpanKind };

function lineSpans(bytes: Uint8Array, origin: number, name: Naming): FileSpan[] {
  return linesOf(bytes).map((line, index) => {
    const { label, value, kind } = name(line, index);
    return span({ from: origin + line.from, to: origin + line.to }, label, value, kind);
  });
}

/** The four `*-offset-checkpoint` files: version, count, then topic, partition and offset. */
export function offsetCheckpointSpans(bytes: Uint8Array, origin: number, path: string): TextSpans {
  const spans = lineSpans(bytes, origin, ({ text }, index) => {
    const [topic = '', partition = '', offset = ''] = text.split(' ');
    return index < 2 ? heading(index, text) : { label: `${topic}-${partition}`, value: `offset ${offset}`, kind: 'offset' };
  });
  return { spans, problem: problemOf(decodeOffsetCheckpoint(utf8Decode(bytes), path), origin) };
}

/** `leader-epoch-checkpoint`: version, count, then epoch and start offset. */
export function epochCheckpointSpans(bytes: Uint8Array, origin: number, path: string): TextSpans {
  const spans = lineSpans(bytes, origin, ({ text }, index) => {
    const [epoch = '', startOffset = ''] = text.split(' ');
    return index < 2 ? heading(index, text) : { label: `epoch ${epoch}`, value: `starts at offset ${startOffset}`, kind: 'epoch' };
  });
  return { spans, problem: problemOf(decodeEpochCheckpoint(utf8Decode(bytes), path), origin) };
}

function heading(index: number, text: string): { readonly label: string; readonly value: string; readonly kind: SpanKind } {
  return { label: index === 0 ? 'version' : 'entries', value: text, kind: index === 0 ? 'attributes' : 'count' };
}

function problemOf(read: { readonly ok: true } | { readonly ok: false; readonly message: string }, origin: number): FileProblem | null {
  return read.ok ? null : { error: 'IOException', message: read.message, at: origin };
}

/** `name=value` and `name: value` a line, comments with `#`. */
export function propertySpans(bytes: Uint8Array, origin: number): TextSpans {
  const spans = lineSpans(bytes, origin, ({ text }) => {
    const parts = /^([^=:#\s]+)\s*[=:]\s*(.*)$/.exec(text);
    return parts === null ? { label: 'comment', value: text, kind: 'text' } : { label: parts[1] ?? '', value: parts[2] ?? '', kind: 'value' };
  });
  return { spans, problem: null };
}

/** `.kafka_cleanshutdown`: one line of JSON; its presence is what counts. */
export function jsonSpans(bytes: Uint8Array, origin: number): TextSpans {
  return { spans: lineSpans(bytes, origin, ({ text }) => ({ label: 'JSON', value: text, kind: 'text' })), problem: null };
}
