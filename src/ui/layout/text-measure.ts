/** How a text is set; sizes are those of the type ladder, in pixels. */
export interface TextStyle {
  readonly size: number;
  readonly bold?: boolean;
  readonly mono?: boolean;
}

/** Width of a text in pixels. */
export type Measure = (text: string, style: TextStyle) => number;

const ELLIPSIS = '…';

/** A rule of thumb, for tests and wherever there is no canvas: wide letters are one em, others a little over half. */
export function roughMeasure(text: string, style: TextStyle): number {
  let ems = 0;
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    if (code >= 0x1100) ems += 0.95;
    else if (style.mono === true) ems += 0.6;
    else ems += code === 0x20 ? 0.27 : 0.56;
  }
  return ems * style.size * (style.bold === true ? 1.05 : 1);
}

/** Measures with a canvas and remembers; falls back to the rule of thumb where there is none. */
export function canvasMeasure(fontOf: (style: TextStyle) => string): Measure {
  const context = typeof document === 'undefined' ? null : document.createElement('canvas').getContext('2d');
  if (context === null) return roughMeasure;
  const known = new Map<string, number>();
  return (text, style) => {
    const font = fontOf(style);
    const key = `${font}|${text}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    context.font = font;
    const width = context.measureText(text).width;
    if (known.size > 5000) known.clear();
    known.set(key, width);
    return width;
  };
}

/** The text, cut with an ellipsis where it is wider than `room`. */
export function fitText(text: string, style: TextStyle, room: { readonly width: number; readonly measure: Measure }): string {
  if (room.measure(text, style) <= room.width) return text;
  const letters = [...text];
  let low = 0;
  let high = letters.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (room.measure(letters.slice(0, middle).join('') + ELLIPSIS, style) <= room.width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? ELLIPSIS : letters.slice(0, low).join('').trimEnd() + ELLIPSIS;
}
