import { useEffect, useRef, type KeyboardEvent } from 'react';
import { useWords } from '../../app/playground-context.tsx';
import { revealRow, useVirtual } from '../../interactions/use-virtual.ts';
import type { Lit } from './HexView.tsx';
import type { SpanRow } from './span-rows.ts';

const ROW_PX = 24;

interface MeaningViewProps {
  readonly rows: readonly SpanRow[];
  readonly lit: Lit | null;
  /** The row that is lit: the innermost one in sight that holds the byte. */
  readonly litKey: string | null;
  /** The row that the keyboard is on. */
  readonly current: string | null;
  readonly onHover: (row: SpanRow | null) => void;
  readonly onPick: (row: SpanRow) => void;
  readonly onToggle: (key: string) => void;
}

/** What the bytes mean, as a tree: batch, fields, records, their parts. Only the rows in sight are there. */
export function MeaningView({ rows, lit, litKey, current, onHover, onPick, onToggle }: MeaningViewProps) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const view = useVirtual(box, rows.length, ROW_PX);
  const at = rows.findIndex((row) => row.key === current);
  useEffect(() => {
    if (at >= 0) revealRow(box.current, at, ROW_PX);
  }, [at, current]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = rows[at];
    const moves: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 12, PageUp: at - 12 };
    const next = moves[event.key];
    if (next !== undefined) {
      const to = rows[Math.max(0, Math.min(rows.length - 1, next))];
      if (to !== undefined) onPick(to);
    } else if (row !== undefined && event.key === 'ArrowRight' && !row.isOpen && row.span.children.length > 0) onToggle(row.key);
    else if (row !== undefined && event.key === 'ArrowLeft') {
      if (row.isOpen) onToggle(row.key);
      else {
        const parent = rows.slice(0, at).findLast((one) => one.level < row.level);
        if (parent !== undefined) onPick(parent);
      }
    } else if (row !== undefined && (event.key === 'Enter' || event.key === ' ') && row.span.children.length > 0) onToggle(row.key);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={box}
      className="meaning"
      role="tree"
      aria-label={words.files.meaningLabel}
      aria-activedescendant={at >= 0 && at >= view.first && at < view.end ? `span-${at}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerLeave={() => onHover(null)}
    >
      <div className="meaning-rows" style={{ height: rows.length * ROW_PX }} role="presentation">
        {rows.slice(view.first, view.end).map((row, i) => (
          <div
            key={row.key}
            id={`span-${view.first + i}`}
            role="treeitem"
            aria-level={row.level}
            aria-expanded={row.span.children.length > 0 ? row.isOpen : undefined}
            aria-selected={row.key === current}
            className={`meaning-row${isWithin(row, lit) ? ' within' : ''}${row.key === litKey ? ' lit' : ''}`}
            style={{ top: (view.first + i) * ROW_PX, paddingLeft: 8 + (row.level - 1) * 16 }}
            onPointerEnter={() => onHover(row)}
            onClick={() => {
              onPick(row);
              if (row.span.children.length > 0) onToggle(row.key);
            }}
          >
            <span className="twist" aria-hidden="true">
              {row.span.children.length === 0 ? '' : row.isOpen ? '▾' : '▸'}
            </span>
            <b className={`k-${row.span.kind}`}>{row.span.label}</b>{' '}
            <span className="meaning-value" title={row.span.value}>
              {row.span.value}
            </span>
          </div>
        ))}
      </div>
    </div>
  );
}

/** A row whose bytes are all lit. */
function isWithin({ span }: SpanRow, lit: Lit | null): boolean {
  return lit !== null && span.from >= lit.from && span.to <= lit.to && span.to > span.from;
}
