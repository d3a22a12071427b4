import { memo, type CSSProperties } from 'react';
import { measure } from '../interactions/measure.ts';
import { fitText } from '../layout/text-measure.ts';

interface SvgTextProps {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size?: number;
  readonly bold?: boolean;
  readonly mono?: boolean;
  readonly color?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** Cut with an ellipsis beyond this; the whole text is in the tooltip then. */
  readonly room?: number;
}

/** One line of text on the stage. */
export const SvgText = memo(function SvgText({
  x,
  y,
  text,
  size = 12,
  bold = false,
  mono = false,
  color = 'var(--ink)',
  anchor = 'start',
  room,
}: SvgTextProps) {
  const shown = room === undefined ? text : fitText(text, { size, bold, mono }, { width: room, measure });
  const style: CSSProperties = { fontSize: size, fill: color, ...(bold ? { fontWeight: 700 } : {}), ...(mono ? { fontFamily: 'var(--mono)' } : {}) };
  return (
    <text x={x} y={y} textAnchor={anchor} style={style}>
      {shown}
      {shown === text ? null : <title>{text}</title>}
    </text>
  );
});
