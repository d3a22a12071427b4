import { memo } from 'react';

/** Patterns and gradients that every drawing uses, once a page. */
export const StageDefs = memo(function StageDefs() {
  return (
    <svg width={0} height={0} style={{ position: 'absolute' }} aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="water" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor="var(--water-1)" />
          <stop offset="1" stopColor="var(--water-2)" />
        </linearGradient>
        <Hatch id="dead-water" size={6} ground="var(--dead-fill)" ink="var(--dead)" weight={1} opacity={0.55} />
        <Hatch id="hatch-stale" size={7} ink="var(--stale)" weight={1.3} opacity={0.5} />
        <Hatch id="hatch-dirty" size={4} ink="var(--dirty)" weight={1.5} opacity={1} />
        <Hatch id="hatch-out" size={5} ink="var(--out)" weight={1.2} opacity={0.8} />
        <pattern id="void-slot" width={7} height={7} patternUnits="userSpaceOnUse">
          <circle cx={3.5} cy={3.5} r={0.7} fill="var(--ink-3)" opacity={0.5} />
        </pattern>
      </defs>
    </svg>
  );
});

interface HatchProps {
  readonly id: string;
  readonly size: number;
  readonly ground?: string;
  readonly ink: string;
  readonly weight: number;
  readonly opacity: number;
}

function Hatch({ id, size, ground, ink, weight, opacity }: HatchProps) {
  return (
    <pattern id={id} width={size} height={size} patternUnits="userSpaceOnUse">
      {ground === undefined ? null : <rect width={size} height={size} fill={ground} />}
      <path
        d={`M-1 ${size + 1} ${size + 1} -1M-1 1 1 -1M${size - 1} ${size + 1} ${size + 1} ${size - 1}`}
        stroke={ink}
        strokeWidth={weight}
        opacity={opacity}
      />
    </pattern>
  );
}
