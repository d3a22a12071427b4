import { memo, useEffect, useRef, type KeyboardEvent, type PointerEvent } from 'react';
import type { FileStatus } from '../../../engine/machine/disk-view.ts';
import type { FileSpan, SpanKind } from '../../../projection/files/span.ts';
import { useWords } from '../../app/playground-context.tsx';
import { revealRow, useVirtual } from '../../interactions/use-virtual.ts';
import { PAGE_BYTES, pageState } from './pages.ts';
import { pathToByte } from './span-rows.ts';

export const HEX_ROW_PX = 20;

/** A stretch of bytes that is lit on both sides. */
export interface Lit {
  readonly from: number;
  readonly to: number;
}

interface HexViewProps {
  readonly bytes: Uint8Array;
  /** Place of the first byte in the file. */
  readonly origin: number;
  readonly spans: readonly FileSpan[];
  /** Absent for a file from outside: it is on no disk of ours. */
  readonly file: FileStatus | null;
  readonly lit: Lit | null;
  /** The byte that the keyboard is on. */
  readonly cursor: number | null;
  readonly columns: 8 | 16;
  readonly onHover: (byte: number | null) => void;
  readonly onPick: (byte: number) => void;
}

/** Bytes as hexadecimal numbers and as text, coloured by what they mean. Only the lines in sight are there. */
export function HexView({ bytes, origin, spans, file, lit, cursor, columns, onHover, onPick }: HexViewProps) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const first = Math.floor(origin / columns);
  const lineCount = Math.ceil((origin + bytes.length) / columns) - first;
  const view = useVirtual(box, lineCount, HEX_ROW_PX);
  const shown = cursor ?? lit?.from ?? null;
  useEffect(() => {
    if (cursor !== null) revealRow(box.current, Math.floor(cursor / columns) - first, HEX_ROW_PX);
  }, [cursor, columns, first]);

  const onPointer = (event: PointerEvent): void => {
    const at = byteOf(event.target);
    onHover(at);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      PageDown: 16 * columns,
      PageUp: -16 * columns,
    };
    const by = moves[event.key];
    const from = shown ?? origin;
    const to = event.key === 'Home' ? origin : event.key === 'End' ? origin + bytes.length - 1 : by === undefined ? null : from + by;
    if (to === null || bytes.length === 0) return;
    event.preventDefault();
    onPick(Math.min(origin + bytes.length - 1, Math.max(origin, to)));
  };
  const lines = [];
  for (let line = view.first; line < view.end; line++) {
    const from = Math.max(origin, (first + line) * columns);
    const to = Math.min(origin + bytes.length, (first + line + 1) * columns);
    lines.push(
      <HexLine
        key={line}
        top={line * HEX_ROW_PX}
        from={from}
        indent={from - (first + line) * columns}
        text={hexText(bytes, from - origin, to - origin)}
        kinds={kindsOf(spans, from, to)}
        state={file === null ? null : pageState(file, Math.floor(from / PAGE_BYTES))}
        unwrittenFrom={file === null ? to : Math.min(to, Math.max(from, file.onDeviceUpTo))}
        litFrom={lit === null ? to : Math.min(to, Math.max(from, lit.from))}
        litTo={lit === null ? to : Math.min(to, Math.max(from, lit.to))}
        cursor={cursor !== null && cursor >= from && cursor < to ? cursor : null}
      />,
    );
  }
  return (
    <div
      ref={box}
      className={`hex hex-${columns}`}
      role="slider"
      aria-label={words.files.bytesLabel}
      aria-valuemin={origin}
      aria-valuemax={Math.max(origin, origin + bytes.length - 1)}
      aria-valuenow={shown ?? origin}
      aria-valuetext={words.files.byteAt(shown ?? origin, hexText(bytes, (shown ?? origin) - origin, (shown ?? origin) - origin + 1))}
      aria-describedby="byte-read"
      tabIndex={0}
      onPointerMove={onPointer}
      onPointerLeave={() => onHover(null)}
      onClick={(event) => {
        const at = byteOf(event.target);
        if (at !== null) onPick(at);
      }}
      onKeyDown={onKeyDown}
    >
      <div className="hex-lines" style={{ height: lineCount * HEX_ROW_PX }}>
        {lines}
      </div>
    </div>
  );
}

function byteOf(target: EventTarget): number | null {
  const at = target instanceof HTMLElement ? target.dataset['at'] : undefined;
  return at === undefined ? null : Number(at);
}

/** Two hexadecimal digits a byte: a line is the same as long as its text is. */
function hexText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += (bytes[i] ?? 0).toString(16).padStart(2, '0');
  return text;
}

/** The kind of the innermost span of each byte, joined. */
function kindsOf(spans: readonly FileSpan[], from: number, to: number): string {
  const kinds: SpanKind[] = [];
  let span: FileSpan | null = null;
  for (let at = from; at < to; at++) {
    if (span === null || at >= span.to || at < span.from) span = pathToByte(spans, at).at(-1)?.span ?? null;
    kinds.push(span?.kind ?? 'text');
  }
  return kinds.join(' ');
}

interface HexLineProps {
  readonly top: number;
  readonly from: number;
  readonly indent: number;
  readonly text: string;
  readonly kinds: string;
  readonly state: string | null;
  readonly unwrittenFrom: number;
  readonly litFrom: number;
  readonly litTo: number;
  readonly cursor: number | null;
}

const HexLine = memo(function HexLine({ top, from, indent, text, kinds, state, unwrittenFrom, litFrom, litTo, cursor }: HexLineProps) {
  const kind = kinds.split(' ');
  const cells = [];
  const letters = [];
  for (let i = 0; i < text.length / 2; i++) {
    const at = from + i;
    const pair = text.slice(2 * i, 2 * i + 2);
    const marks = `${at >= litFrom && at < litTo ? ' lit' : ''}${at >= unwrittenFrom ? ' unwritten' : ''}${at === cursor ? ' at-cursor' : ''}`;
    const place = { '--col': indent + i } as React.CSSProperties;
    cells.push(
      <i key={i} data-at={at} className={`k-${kind[i] ?? 'text'}${marks}`} style={place}>
        {pair}
      </i>,
    );
    letters.push(
      <i key={i} data-at={at} className={`k-${kind[i] ?? 'text'}${marks}`} style={place}>
        {letterOf(Number.parseInt(pair, 16))}
      </i>,
    );
  }
  return (
    <div className={`hex-line${state === null ? '' : ` page-${state}`}`} style={{ top }} aria-hidden="true">
      <span className="hex-page" />
      <span className="hex-at">{(from - indent).toString(16).padStart(8, '0')}</span>
      <span className="hex-cells">{cells}</span>
      <span className="hex-letters">{letters}</span>
    </div>
  );
});

function letterOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}
