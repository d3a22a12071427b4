import type { FileSpan } from '../../../projection/files/span.ts';

/** A line of the meaning: a span at its depth. `key` is the same as long as the span is. */
export interface SpanRow {
  readonly key: string;
  readonly span: FileSpan;
  readonly level: number;
  readonly isOpen: boolean;
}

export function spanKey(span: FileSpan, parent: string, index: number): string {
  return `${parent}/${span.from}.${index}`;
}

/** The spans whose parents are open, in order. */
export function spanRows(spans: readonly FileSpan[], open: ReadonlySet<string>): readonly SpanRow[] {
  const rows: SpanRow[] = [];
  const walk = (list: readonly FileSpan[], level: number, parent: string): void => {
    for (const [index, span] of list.entries()) {
      const key = spanKey(span, parent, index);
      const isOpen = span.children.length > 0 && open.has(key);
      rows.push({ key, span, level, isOpen });
      if (isOpen) walk(span.children, level + 1, key);
    }
  };
  walk(spans, 1, '');
  return rows;
}

/** From the outermost span that holds a byte to the innermost one, with their keys. Inside decompressed bytes there are no places any more. */
export function pathToByte(spans: readonly FileSpan[], at: number): readonly { readonly key: string; readonly span: FileSpan }[] {
  const path: { key: string; span: FileSpan }[] = [];
  let list = spans;
  let parent = '';
  for (;;) {
    const index = indexAt(list, at);
    const span = list[index];
    if (span === undefined || at < span.from || at >= span.to) return path;
    parent = spanKey(span, parent, index);
    path.push({ key: parent, span });
    if (span.decompressed === true) return path;
    list = span.children;
  }
}

/** Siblings follow one another: the last one that begins at or before a byte. */
function indexAt(spans: readonly FileSpan[], at: number): number {
  let low = 0;
  let high = spans.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((spans[middle]?.from ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
