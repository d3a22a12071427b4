import type { Rect } from './geometry.ts';

/** A client's box, or the box of what there was no room for. */
export interface ColumnBox extends Rect {
  readonly host: string;
  /** `line`: title and one line only. */
  readonly form: 'full' | 'line';
}

export interface ColumnLayout {
  readonly boxes: readonly ColumnBox[];
  readonly add: Rect;
  readonly hiddenCount: number;
}

const GAP = 14;
const LINE_HEIGHT = 48;
const ADD_HEIGHT = 34;

/** Boxes from the top down. When they do not fit they become lines, and when those do not fit the last ones are only counted. */
export function layoutColumn(boxes: readonly { readonly host: string; readonly height: number }[], room: Rect): ColumnLayout {
  const left = room.height - ADD_HEIGHT;
  const wanted = boxes.reduce((sum, box) => sum + box.height + GAP, 0);
  const form = wanted <= left ? 'full' : 'line';
  const placed: ColumnBox[] = [];
  let y = room.y;
  for (const box of boxes) {
    const height = form === 'full' ? box.height : LINE_HEIGHT;
    if (y + height + GAP > room.y + left) break;
    placed.push({ host: box.host, form, x: room.x, y, width: room.width, height });
    y += height + GAP;
  }
  return { boxes: placed, add: { x: room.x, y, width: room.width, height: ADD_HEIGHT }, hiddenCount: boxes.length - placed.length };
}
