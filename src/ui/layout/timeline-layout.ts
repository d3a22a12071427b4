import { scaleLinear } from 'd3-scale';

export interface TimeWindow {
  readonly fromUs: number;
  readonly toUs: number;
}

const SECOND_US = 1_000_000;

/**
 * The stretch of virtual time that the line shows: the whole run while it is short, then the latest part with some room
 * ahead. It moves in steps, so that marks stand still between.
 */
export function timeWindow(nowUs: number, spanUs: number): TimeWindow {
  const ahead = spanUs / 8;
  if (nowUs + ahead <= spanUs) return { fromUs: 0, toUs: spanUs };
  const step = spanUs / 8;
  const toUs = Math.ceil((nowUs + ahead) / step) * step;
  return { fromUs: toUs - spanUs, toUs };
}

/** A span that suits the timing profile. */
export function spanOf(timing: 'classroom' | 'kafka', zoom: number): number {
  const base = timing === 'classroom' ? 40 * SECOND_US : 20 * SECOND_US;
  return base * zoom;
}

export interface Tick {
  readonly atUs: number;
  readonly x: number;
  readonly label: string | null;
}

/** Ticks on round times; every fifth has a label. */
export function ticksOf(window: TimeWindow, x0: number, x1: number): Tick[] {
  const scale = scaleLinear([window.fromUs, window.toUs], [x0, x1]);
  const major = majorStep((window.toUs - window.fromUs) / Math.max(2, (x1 - x0) / 130));
  const minor = major / 5;
  const ticks: Tick[] = [];
  for (let i = Math.ceil(window.fromUs / minor); i * minor <= window.toUs; i++) {
    const atUs = i * minor;
    ticks.push({ atUs, x: scale(atUs), label: i % 5 === 0 ? clockText(atUs, major < SECOND_US ? 'tenths' : 'seconds') : null });
  }
  return ticks;
}

const MAJOR_STEPS_US = [
  100_000,
  200_000,
  500_000,
  SECOND_US,
  2 * SECOND_US,
  5 * SECOND_US,
  10 * SECOND_US,
  20 * SECOND_US,
  30 * SECOND_US,
  60 * SECOND_US,
  120 * SECOND_US,
  300 * SECOND_US,
  600 * SECOND_US,
];

function majorStep(wishedUs: number): number {
  return MAJOR_STEPS_US.find((step) => step >= wishedUs) ?? Math.ceil(wishedUs / (600 * SECOND_US)) * 600 * SECOND_US;
}

/** `00:24`, `00:24.3`, `00:24.310`; hours only when there are some. */
export function clockText(atUs: number, detail: 'seconds' | 'tenths' | 'millis'): string {
  const millis = Math.floor(atUs / 1000);
  const hours = Math.floor(millis / 3_600_000);
  const minutes = Math.floor(millis / 60_000) % 60;
  const seconds = Math.floor(millis / 1000) % 60;
  const head = `${hours > 0 ? `${hours}:` : ''}${two(minutes)}:${two(seconds)}`;
  if (detail === 'seconds') return head;
  const rest = String(millis % 1000).padStart(3, '0');
  return `${head}.${detail === 'tenths' ? rest.slice(0, 1) : rest}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

export interface LabelWish {
  readonly x: number;
  readonly width: number;
  readonly weight: number;
}

export interface LabelSpot {
  /** Left edge of the text. */
  readonly x: number;
}

const LABEL_GAP = 8;

/** Labels centred over their marks, shifted to stay within; where two would touch, the weightier stays and the other is null. */
export function placeMarkLabels(wishes: readonly LabelWish[], x0: number, x1: number): (LabelSpot | null)[] {
  const spots: (LabelSpot | null)[] = wishes.map(() => null);
  const taken: { from: number; to: number }[] = [];
  const order = wishes.map((_, i) => i).sort((a, b) => (wishes[b]?.weight ?? 0) - (wishes[a]?.weight ?? 0) || b - a);
  for (const i of order) {
    const wish = wishes[i];
    if (wish === undefined || wish.x < x0 - 1 || wish.x > x1 + 1) continue;
    const x = Math.max(x0, Math.min(x1 - wish.width, wish.x - wish.width / 2));
    const free = taken.every((other) => x + wish.width + LABEL_GAP <= other.from || x >= other.to + LABEL_GAP);
    if (!free) continue;
    spots[i] = { x };
    taken.push({ from: x, to: x + wish.width });
  }
  return spots;
}
