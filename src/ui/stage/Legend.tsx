import { memo, type ReactNode } from 'react';
import { useWords } from '../app/playground-context.tsx';
import { Glyph } from '../components/Icon.tsx';
import { measure } from '../interactions/measure.ts';
import type { Rect } from '../layout/geometry.ts';
import { PacketShape } from './PacketShape.tsx';
import { ReplicaCap } from './ReplicaCap.tsx';
import { waveOpen } from './shapes.ts';
import { SvgText } from './SvgText.tsx';

interface Entry {
  readonly text: string;
  readonly mark: (y: number) => ReactNode;
  readonly markWidth: number;
}

/** The marks of the stage with their names; those that do not fit in one line are left out, the last first. */
export const Legend = memo(function Legend({ room }: { readonly room: Rect }) {
  const words = useWords();
  const { legend } = words.stage;
  const entries: Entry[] = [
    { text: legend.committed, markWidth: 16, mark: (y) => <WaterMark y={y} /> },
    {
      text: legend.dry,
      markWidth: 16,
      mark: (y) => <rect x={0.5} y={y - 5} width={15} height={10} rx={2} fill="var(--dry-fill)" stroke="var(--dry)" strokeDasharray="3 2" />,
    },
    { text: legend.leader, markWidth: 18, mark: (y) => <ReplicaCap look="leader" x={0} y={y - 9} width={18} /> },
    { text: legend.isr, markWidth: 16, mark: (y) => <ReplicaCap look="isr" x={0} y={y - 9} width={16} /> },
    { text: legend.out, markWidth: 16, mark: (y) => <ReplicaCap look="out" x={0} y={y - 9} width={16} /> },
    { text: legend.produce, markWidth: 12, mark: (y) => <PacketShape kind="produce" x={6} y={y} /> },
    { text: legend.fetch, markWidth: 12, mark: (y) => <PacketShape kind="fetch" x={6} y={y} /> },
    { text: legend.data, markWidth: 12, mark: (y) => <Glyph name="drop" x={-2} y={y - 8} size={16} color="var(--fetch)" /> },
    { text: legend.control, markWidth: 14, mark: (y) => <PacketShape kind="control" x={7} y={y} /> },
    { text: legend.zk, markWidth: 12, mark: (y) => <PacketShape kind="zk" x={6} y={y} /> },
  ];
  const y = room.y + room.height / 2;
  const placed: ReactNode[] = [];
  let x = room.x;
  for (const entry of entries) {
    const width = entry.markWidth + 6 + measure(entry.text, { size: 11 });
    if (x + width > room.x + room.width) break;
    placed.push(
      <g key={entry.text} transform={`translate(${x} 0)`}>
        {entry.mark(y)}
        <SvgText x={entry.markWidth + 6} y={y + 4} text={entry.text} size={11} color="var(--ink-2)" />
      </g>,
    );
    x += width + 15;
  }
  return (
    <g role="group" aria-label={legend.label}>
      {placed}
    </g>
  );
});

function WaterMark({ y }: { readonly y: number }) {
  return (
    <g>
      <path d={`M0 ${y - 7}V${y + 6}h16V${y - 7}`} fill="none" stroke="var(--line-2)" />
      <rect x={1} y={y - 3} width={14} height={8.5} fill="url(#water)" />
      <path d={waveOpen(16, 1)} transform={`translate(0 ${y - 3})`} stroke="var(--surf)" strokeWidth={1.6} fill="none" />
    </g>
  );
}
