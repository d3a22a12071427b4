import { Glyph } from '../components/Icon.tsx';
import type { IconName } from '../components/icons.ts';
import { measure } from '../interactions/measure.ts';
import { spreadLabels } from '../layout/tank-window.ts';

export interface TankTag {
  readonly at: number;
  readonly text: string;
  /** For where the text does not fit. */
  readonly short: string;
  readonly color: string;
  readonly icon?: IconName;
}

interface TankTagsProps {
  readonly tags: readonly TankTag[];
  /** The tank's right wall. */
  readonly x: number;
  /** Pixels to the right of the wall. */
  readonly room: number;
  /** Height of an offset's lower edge. */
  readonly heightOf: (offset: number) => number;
  readonly lowest: number;
  readonly highest: number;
}

const APART = 16;
const LEAST_TAGS = 2;

/** Tags at the right wall of a tank, kept apart, each with its own leader line; they move with the water. Those that come last are left out where the tank is too low for all. */
export function TankTags({ tags, x, room, heightOf, lowest, highest }: TankTagsProps) {
  const fitting = Math.max(LEAST_TAGS, Math.floor((lowest - highest) / APART) + 1);
  const inOrder = tags
    .slice(0, fitting)
    .map((tag, id) => ({ ...tag, id }))
    .sort((a, b) => b.at - a.at);
  const wished = inOrder.map((tag) => Math.max(highest, Math.min(lowest, heightOf(tag.at))));
  const heights = spreadLabels(wished, APART, lowest);
  return (
    <g>
      {inOrder.map((tag, i) => {
        const from = wished[i] ?? 0;
        const y = heights[i] ?? 0;
        const textX = x + 12 + (tag.icon === undefined ? 0 : 11);
        return (
          <g key={tag.id} className="eased" style={{ transform: `translate(0px, ${y}px)` }}>
            <path d={`M${x + 1} ${from - y}L${x + 7} 0h3`} stroke={tag.color} strokeWidth={1.4} fill="none" />
            {tag.icon === undefined ? null : <Glyph name={tag.icon} x={x + 11} y={-5} size={10} color={tag.color} />}
            <text x={textX} y={3.9} style={{ fontSize: 11, fontWeight: 700, fill: tag.color }}>
              {measure(tag.text, { size: 11, bold: true }) > room - (textX - x) ? tag.short : tag.text}
            </text>
          </g>
        );
      })}
    </g>
  );
}
