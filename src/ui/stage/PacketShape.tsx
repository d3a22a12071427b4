import type { MessageKind } from '../../projection/view.ts';
import { Glyph } from '../components/Icon.tsx';

/** A packet's shape says its kind: disc Produce, ring Fetch, drop records, diamond controller, square ZooKeeper. */
export function PacketShape({ kind, x, y }: { readonly kind: MessageKind; readonly x: number; readonly y: number }) {
  switch (kind) {
    case 'produce':
      return <circle cx={x} cy={y} r={5.5} fill="var(--produce)" stroke="var(--bg)" strokeWidth={1.5} />;
    case 'fetch':
      return <circle cx={x} cy={y} r={4.8} fill="var(--bg)" stroke="var(--fetch)" strokeWidth={2.4} />;
    case 'data':
      return <Glyph name="drop" x={x - 8} y={y - 8} size={16} color="var(--fetch)" />;
    case 'control':
      return <path d={`M${x} ${y - 7}l7 7-7 7-7-7z`} fill="var(--control)" stroke="var(--bg)" strokeWidth={1.5} />;
    default:
      return <rect x={x - 5} y={y - 5} width={10} height={10} rx={1.5} fill="var(--control)" stroke="var(--bg)" strokeWidth={1.5} />;
  }
}
