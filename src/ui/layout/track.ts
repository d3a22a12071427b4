import { path as d3Path } from 'd3-path';
import type { Point } from './geometry.ts';

/** A line that messages travel: right angles with round corners, in lanes and gutters only. */
export interface Track {
  readonly points: readonly Point[];
  /** Lengths from the start to each point of `points`, the corners being cut as drawn. */
  readonly lengths: readonly number[];
  readonly length: number;
}

const CORNER_RADIUS = 10;
const CORNER_STEPS = 4;

/** The flattened track through corner points. Points in one place count once. */
export function trackThrough(corners: readonly Point[]): Track {
  const points: Point[] = [];
  const push = (point: Point): void => {
    const last = points[points.length - 1];
    if (last === undefined || Math.abs(last.x - point.x) + Math.abs(last.y - point.y) > 0.01) points.push(point);
  };
  corners.forEach((corner, i) => {
    const before = corners[i - 1];
    const after = corners[i + 1];
    if (before === undefined || after === undefined) push(corner);
    else for (const point of roundCorner(before, corner, after)) push(point);
  });
  return measured(points);
}

function roundCorner(before: Point, corner: Point, after: Point): Point[] {
  const radius = cornerRadius(before, corner, after);
  if (radius < 0.5) return [corner];
  const enter = towards(corner, before, radius);
  const leave = towards(corner, after, radius);
  const points: Point[] = [];
  for (let step = 0; step <= CORNER_STEPS; step++) {
    const t = step / CORNER_STEPS;
    const u = 1 - t;
    points.push({ x: u * u * enter.x + 2 * u * t * corner.x + t * t * leave.x, y: u * u * enter.y + 2 * u * t * corner.y + t * t * leave.y });
  }
  return points;
}

function cornerRadius(before: Point, corner: Point, after: Point): number {
  return Math.min(CORNER_RADIUS, distance(before, corner) / 2, distance(corner, after) / 2);
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from: Point, to: Point, by: number): Point {
  const whole = distance(from, to);
  return whole === 0 ? from : { x: from.x + ((to.x - from.x) / whole) * by, y: from.y + ((to.y - from.y) / whole) * by };
}

function measured(points: readonly Point[]): Track {
  const lengths: number[] = [];
  let length = 0;
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before !== undefined) length += distance(before, point);
    lengths.push(length);
  });
  return { points, lengths, length };
}

/** The point that lies `at` pixels along the track; clamped to its ends. */
export function pointAlong(track: Track, at: number): Point {
  const first = track.points[0] ?? { x: 0, y: 0 };
  if (at <= 0) return first;
  let low = 0;
  let high = track.points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((track.lengths[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  const end = track.points[low] ?? first;
  const start = track.points[low - 1] ?? end;
  const from = track.lengths[low - 1] ?? 0;
  const span = (track.lengths[low] ?? 0) - from;
  const t = span === 0 ? 1 : Math.min(1, (at - from) / span);
  return { x: start.x + (end.x - start.x) * t, y: start.y + (end.y - start.y) * t };
}

/** The points of the track between two lengths, both ends included: the tail of a packet. */
export function stretchOf(track: Track, from: number, to: number): Point[] {
  const points = [pointAlong(track, from)];
  track.points.forEach((point, i) => {
    const at = track.lengths[i] ?? 0;
    if (at > from && at < to) points.push(point);
  });
  points.push(pointAlong(track, to));
  return points;
}

export function reversed(track: Track): Track {
  return measured(track.points.slice().reverse());
}

/** The track as SVG path data. */
export function trackPath(track: Track): string {
  const path = d3Path();
  track.points.forEach((point, i) => (i === 0 ? path.moveTo(round(point.x), round(point.y)) : path.lineTo(round(point.x), round(point.y))));
  return path.toString();
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * Where a message is: linear in virtual time, so that pausing and going backwards need nothing. 0 at the sender, 1 at the
 * receiver.
 */
export function progressOf(message: { readonly sentUs: number; readonly arrivesUs: number }, nowUs: number): number {
  const flight = message.arrivesUs - message.sentUs;
  if (flight <= 0) return nowUs < message.sentUs ? 0 : 1;
  return Math.max(0, Math.min(1, (nowUs - message.sentUs) / flight));
}
