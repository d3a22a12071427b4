import { memo } from 'react';
import { Glyph } from '../components/Icon.tsx';
import type { IconName } from '../components/icons.ts';
import { measure } from '../interactions/measure.ts';
import { fitText } from '../layout/text-measure.ts';

export interface Chip {
  readonly text: string;
  readonly icon?: IconName;
  readonly color: string;
  readonly ground?: string;
  readonly bold?: boolean;
}

const HEIGHT = 20;
const GAP = 5;
const ICON_ROOM = 16;
const PAD = 14;
const LEAST_WIDTH = 34;

/** Chips in one line; the last that fits is cut with an ellipsis, and what is beyond is left out. */
export const Chips = memo(function Chips({
  chips,
  x,
  y,
  room,
}: {
  readonly chips: readonly Chip[];
  readonly x: number;
  readonly y: number;
  readonly room: number;
}) {
  return (
    <g>
      {layoutChips(chips, room).map((chip) => (
        <ChipShape key={chip.text + chip.x} chip={chip} x={x + chip.x} y={y} />
      ))}
    </g>
  );
});

interface PlacedChip extends Chip {
  readonly x: number;
  readonly width: number;
}

function layoutChips(chips: readonly Chip[], room: number): PlacedChip[] {
  const placed: PlacedChip[] = [];
  let x = 0;
  for (const chip of chips) {
    const rest = PAD + (chip.icon === undefined ? 0 : ICON_ROOM);
    const style = { size: 11, bold: chip.bold === true };
    if (room - x < LEAST_WIDTH) break;
    const text = fitText(chip.text, style, { width: room - x - rest, measure });
    const width = measure(text, style) + rest;
    placed.push({ ...chip, text, x, width });
    x += width + GAP;
  }
  return placed;
}

function ChipShape({ chip, x, y }: { readonly chip: PlacedChip; readonly x: number; readonly y: number }) {
  return (
    <g>
      <rect
        x={x + 0.5}
        y={y + 0.5}
        width={chip.width - 1}
        height={HEIGHT - 1}
        rx={HEIGHT / 2}
        fill={chip.ground ?? 'none'}
        stroke={chip.color}
        strokeOpacity={0.8}
      />
      {chip.icon === undefined ? null : <Glyph name={chip.icon} x={x + 7} y={y + 4} size={12} color={chip.color} />}
      <text
        x={x + 7 + (chip.icon === undefined ? 0 : ICON_ROOM)}
        y={y + HEIGHT / 2 + 4}
        style={{ fontSize: 11, fill: chip.color, fontWeight: chip.bold === true ? 700 : 400 }}
      >
        {chip.text}
      </text>
    </g>
  );
}
