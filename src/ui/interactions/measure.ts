import { canvasMeasure, type Measure } from '../layout/text-measure.ts';

const FONT = 'Inter, "Noto Sans CJK KR", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", "Segoe UI", system-ui, sans-serif';
const MONO = '"JetBrains Mono", "Noto Sans Mono CJK KR", "SF Mono", "Cascadia Mono", ui-monospace, monospace';

/** Fonts as the canvas wants them; the families are those of the tokens. */
export function canvasFont(style: { readonly size: number; readonly bold?: boolean; readonly mono?: boolean }): string {
  return `${style.bold === true ? 700 : 400} ${style.size}px ${style.mono === true ? MONO : FONT}`;
}

/** Text widths as the page draws them. */
export const measure: Measure = canvasMeasure(canvasFont);
