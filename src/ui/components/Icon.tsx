import { memo } from 'react';
import { ICONS, type IconName, type IconShape } from './icons.ts';

interface GlyphProps {
  readonly name: IconName;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly color: string;
  readonly weight?: number;
}

/** An icon inside an SVG. */
export const Glyph = memo(function Glyph({ name, x, y, size, color, weight = 1.6 }: GlyphProps) {
  const shape: IconShape = ICONS[name];
  return (
    <g transform={`translate(${x} ${y}) scale(${size / 16})`} aria-hidden="true">
      {shape.fill === undefined ? null : <path d={shape.fill} fill={color} />}
      {shape.stroke === undefined ? null : (
        <path d={shape.stroke} fill="none" stroke={color} strokeWidth={weight} strokeLinecap="round" strokeLinejoin="round" />
      )}
    </g>
  );
});

/** An icon in running HTML, in the colour of the text. */
export function Icon({ name, size = 15 }: { readonly name: IconName; readonly size?: number }) {
  const shape: IconShape = ICONS[name];
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {shape.fill === undefined ? null : <path d={shape.fill} fill="currentColor" />}
      {shape.stroke === undefined ? null : (
        <path d={shape.stroke} fill="none" stroke="currentColor" strokeWidth={1.6} strokeLinecap="round" strokeLinejoin="round" />
      )}
    </svg>
  );
}

export function Logo() {
  return (
    <svg width={24} height={24} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M5.2 11.5q1.7-2.2 3.4 0t3.4 0 3.4 0 3.4 0V18a3 3 0 0 1-3 3H8.2a3 3 0 0 1-3-3z" fill="var(--water-1)" />
      <path d="M5.2 11.5q1.7-2.2 3.4 0t3.4 0 3.4 0 3.4 0" fill="none" stroke="var(--surf)" strokeWidth={1.6} />
      <path d="M4 2.5V18a4 4 0 0 0 4 4h8a4 4 0 0 0 4-4V2.5" fill="none" stroke="currentColor" strokeWidth={2} strokeLinecap="round" />
      <path d="M8 5.5h8" stroke="var(--leader-fill)" strokeWidth={2.2} strokeLinecap="round" />
    </svg>
  );
}
