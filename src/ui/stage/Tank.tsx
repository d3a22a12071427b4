import { memo, useId } from 'react';
import type { ReplicaView } from '../../projection/view.ts';
import { epochAt, type TankWindow } from '../layout/tank-window.ts';
import { waveClosed, waveOpen, vesselPath } from './shapes.ts';
import type { ReplicaLook } from './appearance.ts';

interface TankProps {
  readonly replica: ReplicaView;
  readonly look: ReplicaLook;
  readonly isDead: boolean;
  readonly window: TankWindow;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Offsets are written into the blocks. */
  readonly numbered: boolean;
}

const RIMS = {
  leader: { color: 'var(--leader-rim)', weight: 2.4, dash: undefined, opacity: 1 },
  isr: { color: 'var(--isr)', weight: 1.4, dash: undefined, opacity: 0.75 },
  out: { color: 'var(--out)', weight: 1.5, dash: '4 3', opacity: 1 },
  ghost: { color: 'var(--leader-rim)', weight: 2, dash: '3 4', opacity: 1 },
  dead: { color: 'var(--dead)', weight: 1.3, dash: '4 3', opacity: 1 },
} as const;

/** A rim would hide what is in a bar: its cap says what part it plays. */
const LEAST_RIMMED = 6;
const BAR_RIM = { color: 'var(--line-2)', weight: 0.7, dash: undefined, opacity: 1 } as const;
const BAR_RIMS = {
  leader: BAR_RIM,
  isr: BAR_RIM,
  ghost: BAR_RIM,
  out: { ...BAR_RIM, color: 'var(--out)' },
  dead: { ...BAR_RIM, color: 'var(--dead)', dash: '2 2' },
} as const;

/**
 * One replica's log as an open vessel: records stack upwards by offset, water stands up to the high watermark that this
 * replica knows, and what is above is dry. The contents move as one when the window moves on. Only a wide tank eases: nobody sees
 * it on a narrow one, and there are many.
 */
export const Tank = memo(function Tank({ replica, look, isDead, window, x, y, width, height, numbered }: TankProps) {
  const clip = useId();
  const rowHeight = height / window.rows;
  const wide = width > 30;
  const rim = width < LEAST_RIMMED ? BAR_RIMS[isDead ? 'dead' : look] : RIMS[isDead ? 'dead' : look];
  const vessel = vesselPath({ x, y, width, height }, wide ? 5 : Math.min(4, width / 3));
  const below = window.base > replica.logStartOffset;
  return (
    <g>
      <clipPath id={clip}>
        <path d={`${vessel}z`} />
      </clipPath>
      <path d={`${vessel}z`} fill="var(--well)" />
      <g clipPath={`url(#${clip})`}>
        <g className={wide ? 'eased' : undefined} style={{ transform: `translate(${x}px, ${y + height + window.base * rowHeight}px)` }}>
          <Water replica={replica} isDead={isDead} width={width} rowHeight={rowHeight} wide={wide} depth={height + window.base * rowHeight} />
          <Records replica={replica} isDead={isDead} window={window} width={width} rowHeight={rowHeight} numbered={numbered} />
        </g>
        {below ? <Below replica={replica} base={window.base} isDead={isDead} x={x} y={y + height} width={width} numbered={numbered} /> : null}
      </g>
      <path
        d={vessel}
        fill="none"
        stroke={rim.color}
        strokeWidth={rim.weight}
        strokeDasharray={rim.dash}
        strokeLinecap="round"
        strokeLinejoin="round"
        opacity={rim.opacity}
      />
    </g>
  );
});

interface WaterProps {
  readonly replica: ReplicaView;
  readonly isDead: boolean;
  readonly width: number;
  readonly rowHeight: number;
  readonly wide: boolean;
  readonly depth: number;
}

/** Drawn downwards from its surface, so that a rise is one translation. */
function Water({ replica, isDead, width, rowHeight, wide, depth }: WaterProps) {
  if (replica.highWatermark <= replica.logStartOffset) return null;
  const amplitude = wide ? 1.9 : 1.3;
  const surface = replica.highWatermark * rowHeight;
  const kept = isDead ? Math.min(replica.flushedOffset, replica.highWatermark) : 0;
  return (
    <g className={wide ? 'eased' : undefined} style={{ transform: `translate(0px, ${-surface}px)` }}>
      <path d={waveClosed(width, amplitude, depth + surface)} fill={isDead ? 'var(--dead-fill)' : 'url(#water)'} opacity={isDead ? 0.45 : 1} />
      {isDead && kept > 0 ? <rect x={0} y={(replica.highWatermark - kept) * rowHeight} width={width} height={depth + surface} fill="url(#dead-water)" /> : null}
      <path d={waveOpen(width, amplitude)} fill="none" stroke={isDead ? 'var(--dead)' : 'var(--surf)'} strokeWidth={wide ? 2 : 1.6} />
    </g>
  );
}

interface RecordsProps {
  readonly replica: ReplicaView;
  readonly isDead: boolean;
  readonly window: TankWindow;
  readonly width: number;
  readonly rowHeight: number;
  readonly numbered: boolean;
}

function Records({ replica, isDead, window, width, rowHeight, numbered }: RecordsProps) {
  const first = Math.max(window.base, replica.logStartOffset);
  const offsets: number[] = [];
  for (let offset = first; offset < replica.logEndOffset; offset++) offsets.push(offset);
  return (
    <>
      {offsets.map((offset) => (
        <RecordBlock
          key={offset}
          offset={offset}
          epoch={epochAt(replica.epochs, offset)}
          state={blockState(replica, offset, isDead)}
          flushed={offset < replica.flushedOffset}
          width={width}
          rowHeight={rowHeight}
          numbered={numbered}
        />
      ))}
    </>
  );
}

type BlockState = 'wet' | 'dry' | 'diverged' | 'dead' | 'deadDry';

function blockState(replica: ReplicaView, offset: number, isDead: boolean): BlockState {
  if (replica.divergedFrom !== null && offset >= replica.divergedFrom) return 'diverged';
  const wet = offset < replica.highWatermark;
  if (isDead) return wet ? 'dead' : 'deadDry';
  return wet ? 'wet' : 'dry';
}

const BLOCKS = {
  wet: { fill: 'var(--cell-fill)', stroke: 'var(--cell)', dash: undefined, ink: 'var(--on-water)' },
  dry: { fill: 'var(--dry-fill)', stroke: 'var(--dry)', dash: '3 2', ink: 'var(--on-dry)' },
  diverged: { fill: 'var(--out-soft)', stroke: 'var(--out)', dash: '3 2', ink: 'var(--out)' },
  dead: { fill: 'none', stroke: 'var(--dead)', dash: undefined, ink: 'var(--ink-2)' },
  deadDry: { fill: 'none', stroke: 'var(--dead)', dash: '3 2', ink: 'var(--ink-2)' },
} as const;

interface RecordBlockProps {
  readonly offset: number;
  readonly epoch: number;
  readonly state: BlockState;
  readonly flushed: boolean;
  readonly width: number;
  readonly rowHeight: number;
  readonly numbered: boolean;
}

const RecordBlock = memo(function RecordBlock({ offset, epoch, state, flushed, width, rowHeight, numbered }: RecordBlockProps) {
  const look = BLOCKS[state];
  const y = -(offset + 1) * rowHeight;
  const inset = width > 14 ? 3 : width > 7 ? 1.5 : 0.5;
  const blockHeight = Math.max(1, rowHeight - 2);
  const isDead = state === 'dead' || state === 'deadDry';
  const dash = isDead && !flushed ? '1.5 2' : look.dash;
  return (
    <g>
      <rect
        x={inset}
        y={y + 1.25}
        width={Math.max(1, width - 2 * inset)}
        height={Math.max(1, blockHeight - 0.5)}
        rx={Math.min(2, inset)}
        fill={look.fill}
        stroke={look.stroke}
        strokeOpacity={isDead && flushed ? 0.55 : 1}
        strokeWidth={state === 'diverged' ? 1.3 : 1}
        strokeDasharray={dash}
      />
      {width > 10 ? (
        <EpochStripe
          epoch={epoch}
          x={inset + 0.5}
          y={y + 1.75}
          width={width > 30 ? 3.5 : 2.2}
          height={Math.max(1, blockHeight - 1.5)}
          opacity={isDead ? 0.6 : 1}
        />
      ) : null}
      {numbered ? (
        <text x={width / 2 + 1.5} y={y + rowHeight / 2 + 3.6} textAnchor="middle" className="numeral" style={{ fill: look.ink }}>
          {offset}
        </text>
      ) : null}
    </g>
  );
});

interface StripeProps {
  readonly epoch: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly opacity?: number;
}

const EPOCH_COLORS = 4;

/** Even epochs are split in two, so that a change of epoch shows without colour. */
export function EpochStripe({ epoch, x, y, width, height, opacity = 1 }: StripeProps) {
  const color = `var(--e${((epoch + EPOCH_COLORS - 1) % EPOCH_COLORS) + 1})`;
  if (epoch % 2 !== 0) return <rect x={x} y={y} width={width} height={height} rx={1} fill={color} opacity={opacity} />;
  const half = Math.max(0.5, (height - 3) / 2);
  return (
    <g fill={color} opacity={opacity}>
      <rect x={x} y={y} width={width} height={half} rx={1} />
      <rect x={x} y={y + half + 3} width={width} height={half} rx={1} />
    </g>
  );
}

const STRIP_HEIGHT = 14;

interface BelowProps {
  readonly replica: ReplicaView;
  readonly base: number;
  readonly isDead: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly numbered: boolean;
}

/** Where the surface stands in a line whose records are partly under water: under the numbers. */
const PARTLY_WET = 0.22;

/** The records below the window and the lowest row of it, in one line at the bottom, with water up to the high watermark among them. */
function Below({ replica, base, isDead, x, y, width, numbered }: BelowProps) {
  const end = Math.min(base + 1, replica.logEndOffset);
  if (end <= replica.logStartOffset) return null;
  const height = numbered ? STRIP_HEIGHT : 6;
  const wet = replica.highWatermark >= end ? 1 : replica.highWatermark > replica.logStartOffset ? PARTLY_WET : 0;
  const depth = height * wet;
  const ink = isDead ? 'var(--ink-2)' : wet === 1 ? 'var(--on-water)' : 'var(--on-dry)';
  return (
    <g>
      <rect x={x} y={y - height} width={width} height={height} fill={isDead ? 'var(--dead-fill)' : 'var(--well)'} />
      {wet === 1 || isDead ? null : (
        <rect x={x} y={y - height} width={width} height={height} fill="var(--dry-fill)" stroke="var(--dry)" strokeDasharray="3 2" />
      )}
      {wet === 0 || isDead ? null : <rect x={x} y={y - depth} width={width} height={depth} fill="var(--water-2)" />}
      {wet === PARTLY_WET ? <path d={`M${x} ${y - depth}h${width}`} stroke={isDead ? 'var(--dead)' : 'var(--surf)'} strokeWidth={1.4} /> : null}
      {numbered ? (
        <text x={x + width / 2} y={y - 3.5} textAnchor="middle" className="numeral" style={{ fill: ink }}>
          {end - replica.logStartOffset === 1 ? replica.logStartOffset : `${replica.logStartOffset}–${end - 1}`}
        </text>
      ) : null}
    </g>
  );
}
