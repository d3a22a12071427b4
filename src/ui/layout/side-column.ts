import type { Rect } from './geometry.ts';

/** A client's box, or the box of what there was no room for. */
export interface ColumnBox extends Rect {
  readonly host: string;
  /** `line`: title and one line only. */
  readonly form: 'full' | 'line';
}

export interface ColumnLayout {
  readonly boxes: readonly ColumnBox[];
  /** Null where there is no room for a button that adds one more. */
  readonly add: Rect | null;
  readonly hiddenCount: number;
}

const GAP = 14;
const LINE_HEIGHT = 48;
const ADD_HEIGHT = 34;
const LINE_GAP = 8;
const LEAST_LINE_WIDTH = 80;
const GREATEST_LINE_WIDTH = 128;

/** Boxes side by side, as lines; those that do not fit are only counted. With `from` right the first stands at the right end. */
export function layoutLine(boxes: readonly { readonly host: string }[], room: Rect, from: 'left' | 'right'): ColumnLayout {
  const shown = boxes.slice(0, Math.max(1, Math.floor((room.width + LINE_GAP) / (LEAST_LINE_WIDTH + LINE_GAP))));
  const width = Math.min(GREATEST_LINE_WIDTH, Math.floor((room.width - (shown.length - 1) * LINE_GAP) / Math.max(1, shown.length)));
  const placed = shown.map(({ host }, i): ColumnBox => {
    const offset = i * (width + LINE_GAP);
    return { host, form: 'line', x: from === 'left' ? room.x + offset : room.x + room.width - width - offset, y: room.y, width, height: room.height };
  });
  return { boxes: placed, add: null, hiddenCount: boxes.length - placed.length };
}

/** Boxes from the top down. When they do not fit they become lines, and when those do not fit the last ones are only counted. */
export function layoutColumn(boxes: readonly { readonly host: string; readonly height: number }[], room: Rect): ColumnLayout & { readonly add: Rect } {
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
