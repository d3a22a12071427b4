import { path as d3Path } from 'd3-path';
import type { Rect } from '../layout/geometry.ts';

/** An open vessel with a round bottom, drawn from its left rim to its right rim. */
export function vesselPath(box: Rect, radius: number): string {
  const { x, y, width, height } = box;
  const path = d3Path();
  path.moveTo(x, y);
  path.lineTo(x, y + height - radius);
  path.quadraticCurveTo(x, y + height, x + radius, y + height);
  path.lineTo(x + width - radius, y + height);
  path.quadraticCurveTo(x + width, y + height, x + width, y + height - radius);
  path.lineTo(x + width, y);
  return path.toString();
}

/** A surface of two waves over `width`, at height 0. */
export function waveOpen(width: number, amplitude: number): string {
  const quarter = width / 4;
  return `M0 0q${quarter / 2} ${-amplitude * 2} ${quarter} 0t${quarter} 0 ${quarter} 0 ${quarter} 0`;
}

/** The water below that surface. */
export function waveClosed(width: number, amplitude: number, depth: number): string {
  return `${waveOpen(width, amplitude)}V${depth}H0z`;
}
