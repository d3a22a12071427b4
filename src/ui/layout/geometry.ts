/** Places on the stage, in CSS pixels from its top left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function rightOf(rect: Rect): number {
  return rect.x + rect.width;
}

export function bottomOf(rect: Rect): number {
  return rect.y + rect.height;
}

/** True when the two share more than `slack` pixels in both directions. */
export function overlaps(a: Rect, b: Rect, slack = 0): boolean {
  return a.x < rightOf(b) - slack && b.x < rightOf(a) - slack && a.y < bottomOf(b) - slack && b.y < bottomOf(a) - slack;
}

export function clamp(value: number, least: number, greatest: number): number {
  return Math.max(least, Math.min(greatest, value));
}
