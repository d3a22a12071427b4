import { Glyph } from '../components/Icon.tsx';
import type { ReplicaLook } from './appearance.ts';

export const CAP_HEIGHT = 18;

interface CapProps {
  readonly look: ReplicaLook;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** The cap over a tank says the replica's part: shape first, colour second. */
export function ReplicaCap({ look, x, y, width }: CapProps) {
  const size = Math.min(13, width - 2);
  const iconX = x + width / 2 - size / 2;
  const iconY = y + (CAP_HEIGHT - size) / 2;
  const centreX = x + width / 2;
  const centreY = y + CAP_HEIGHT / 2;
  const radius = Math.min(7.5, (width + 2.5) / 2);
  const markSize = radius * (10 / 7.5);
  switch (look) {
    case 'leader':
      return (
        <g>
          <rect x={x} y={y} width={width} height={CAP_HEIGHT} rx={5} fill="var(--leader-fill)" />
          <Glyph name="crown" x={iconX} y={iconY} size={size} color="var(--on-leader)" />
        </g>
      );
    case 'ghost':
      return (
        <g>
          <rect
            x={x}
            y={y}
            width={width}
            height={CAP_HEIGHT}
            rx={5}
            fill="url(#hatch-stale)"
            stroke="var(--leader-rim)"
            strokeWidth={1.4}
            strokeDasharray="3 2"
          />
          <Glyph name="crown" x={iconX} y={iconY} size={size} color="var(--leader)" />
        </g>
      );
    case 'isr':
      return (
        <g>
          <circle cx={centreX} cy={centreY} r={radius} fill="var(--isr-soft)" stroke="var(--isr)" strokeWidth={1.3} />
          <Glyph name="check" x={centreX - markSize / 2} y={centreY - markSize / 2} size={markSize} color="var(--isr)" weight={2} />
        </g>
      );
    default:
      return (
        <g>
          <circle cx={centreX} cy={centreY} r={radius} fill="none" stroke="var(--out)" strokeWidth={1.4} strokeDasharray="2.5 2" />
          <Glyph name="slash" x={centreX - markSize / 2} y={centreY - markSize / 2} size={markSize} color="var(--out)" weight={2} />
        </g>
      );
  }
}

/** The same on a bar too narrow for a cap: a gold line leads, a red one is out. */
export function BarCap({ look, x, y, width }: CapProps) {
  if (look === 'isr') return null;
  const isLeader = look === 'leader' || look === 'ghost';
  return (
    <rect
      x={x - 0.2}
      y={y + CAP_HEIGHT - (isLeader ? 5 : 3)}
      width={width + 0.4}
      height={isLeader ? 4 : 2}
      rx={1}
      fill={isLeader ? 'var(--leader-rim)' : 'var(--out)'}
      opacity={look === 'ghost' ? 0.5 : 1}
    />
  );
}
