import { useEffect, useState, type RefObject } from 'react';

const OVERSCAN = 6;

export interface VirtualRows {
  /** Rows to render: [first, end). */
  readonly first: number;
  readonly end: number;
}

/** Which of many rows of one height are in a box that scrolls. */
export function useVirtual(box: RefObject<HTMLElement | null>, count: number, rowHeight: number): VirtualRows {
  const [view, setView] = useState({ top: 0, height: 0 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const read = (): void => {
      const next = { top: element.scrollTop, height: element.clientHeight };
      setView((before) => (before.top === next.top && before.height === next.height ? before : next));
    };
    read();
    element.addEventListener('scroll', read, { passive: true });
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', read);
      observer.disconnect();
    };
  }, [box]);
  return {
    first: Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN),
    end: Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN),
  };
}

/** Scrolls only as far as it takes to see a row. */
export function revealRow(element: HTMLElement | null, row: number, rowHeight: number): void {
  if (element === null) return;
  const top = row * rowHeight;
  if (top < element.scrollTop) element.scrollTop = Math.max(0, top - rowHeight);
  else if (top + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = top - element.clientHeight + 3 * rowHeight;
}
