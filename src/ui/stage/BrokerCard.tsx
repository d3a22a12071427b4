import { memo } from 'react';
import type { BrokerView } from '../../projection/view.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { brokerByHost, isCut } from '../../playground/store/selectors.ts';
import { byteSize } from '../../projection/narration/words.ts';
import { useCoarseNow, usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Glyph } from '../components/Icon.tsx';
import { agoText } from '../i18n/dictionary.ts';
import type { Dictionary } from '../i18n/en.ts';
import { measure } from '../interactions/measure.ts';
import { pressable } from '../interactions/press.ts';
import { CARD_PAD, type CardLayout } from '../layout/broker-card.ts';
import type { PlacedCard } from '../layout/stage-layout.ts';
import { beliefOf, brokerLook, type Belief, type BrokerLook } from './appearance.ts';
import { Chips, type Chip } from './Chips.tsx';
import { Replicas } from './Replicas.tsx';
import { SvgText } from './SvgText.tsx';

interface BrokerCardProps {
  readonly placed: PlacedCard;
  readonly card: CardLayout;
  readonly focus: string | null;
  readonly form: 'wide' | 'phone';
}

const HALF_SECOND_US = 500_000;
/** Where the line of chips under the title ends; what is below belongs to the tanks. */
const CHIPS_BOTTOM = 58;

/** A broker as a machine with tanks. It draws what the broker believes; a difference from the truth is marked, not hidden. */
export const BrokerCard = memo(function BrokerCard({ placed, card, focus, form }: BrokerCardProps) {
  const broker = usePlayground((state) => brokerByHost(state.view, placed.host));
  const truth = usePlayground((state) => state.view.truth);
  const partitions = usePlayground((state) => state.view.partitions);
  const isSelected = usePlayground((state) => state.look.selected?.kind === 'machine' && state.look.selected.host === placed.host);
  const words = useWords();
  if (broker === null) return null;
  const look = brokerLook(broker, truth);
  const partition = partitions.find((row) => row.key === focus) ?? null;
  const replica = broker.replicas.find((row) => row.key === focus) ?? null;
  const belief = partition === null ? null : beliefOf(words, { broker, replica, partition, truth, look });
  return (
    <g transform={`translate(${placed.x} ${placed.y})`}>
      <CardFrame look={look} width={card.width} height={card.height} isSelected={isSelected} />
      <CardHeader broker={broker} look={look} card={card} form={form} belief={belief} />
      <Replicas broker={broker} look={look} card={card} focus={focus} form={form} />
      {belief === null || card.beliefHeight === 0 ? null : <BeliefBox belief={belief} card={card} form={form} look={look} words={words} />}
      {card.diskTop === null ? null : <DiskBar broker={broker} isDead={look === 'dead'} top={card.diskTop} width={card.width} words={words} />}
    </g>
  );
});

const FRAMES: Readonly<Record<BrokerLook, { readonly fill: string; readonly stroke: string; readonly weight: number; readonly dash?: string }>> = {
  live: { fill: 'var(--card)', stroke: 'var(--line)', weight: 1.2 },
  dead: { fill: 'var(--bg-2)', stroke: 'var(--dead)', weight: 1.5, dash: '6 5' },
  zombie: { fill: 'var(--card)', stroke: 'var(--stale)', weight: 1.5 },
  paused: { fill: 'var(--card)', stroke: 'var(--ink-3)', weight: 1.5, dash: '12 4' },
  starting: { fill: 'var(--card)', stroke: 'var(--line-2)', weight: 1.2, dash: '2 4' },
};

function CardFrame({
  look,
  width,
  height,
  isSelected,
}: {
  readonly look: BrokerLook;
  readonly width: number;
  readonly height: number;
  readonly isSelected: boolean;
}) {
  const frame = FRAMES[look];
  return (
    <g>
      {isSelected ? <rect x={-3} y={-3} width={width + 6} height={height + 6} rx={17} fill="none" stroke="var(--focus)" strokeWidth={1.5} /> : null}
      <rect
        x={0.5}
        y={0.5}
        width={width - 1}
        height={height - 1}
        rx={14}
        fill={frame.fill}
        stroke={frame.stroke}
        strokeWidth={frame.weight}
        strokeDasharray={frame.dash}
      />
      {look === 'zombie' ? <path d={`M14 1H${width - 14}Q${width - 1} 1 ${width - 1} 14V8H1V14Q1 1 14 1z`} fill="url(#hatch-stale)" /> : null}
    </g>
  );
}

interface HeaderProps {
  readonly broker: BrokerView;
  readonly look: BrokerLook;
  readonly card: CardLayout;
  readonly form: 'wide' | 'phone';
  readonly belief: Belief | null;
}

/** State, name and button; nothing else lives on this line. Chips stand below it, or after the name where there is less room. */
function CardHeader({ broker, look, card, form, belief }: HeaderProps) {
  const { playground } = usePage();
  const words = useWords();
  const chips = useChips(broker, look);
  const name = words.stage.broker(broker.brokerId);
  const openMenu = (at: { readonly x: number; readonly y: number }): void =>
    changeLook(playground.store, { menu: { kind: 'machine', host: broker.host, peer: null, at }, selected: { kind: 'machine', host: broker.host } });
  const start = (): void => void playground.session.send({ type: 'start', machine: broker.host });
  const isDead = look === 'dead';
  const compact = card.density === 'compact';
  const fontSize = compact ? 14 : 15;
  const label = words.stage.brokerAria({
    id: broker.brokerId,
    process: words.stage.processes[broker.process],
    belief: belief === null ? '' : `${belief.title}. ${belief.detail}`,
  });
  const nameRoom = card.width - 34 - (form === 'phone' ? (broker.isController ? 24 : 4) : 40);
  const title = fittingTitle({ text: name, id: broker.brokerId, size: fontSize }, nameRoom);
  return (
    <g>
      <g {...pressable(openMenu)} aria-label={label} aria-haspopup="menu" className="pressable">
        <rect className="hit" x={3} y={3} width={card.width - (form === 'phone' ? 6 : 42)} height={compact ? 34 : CHIPS_BOTTOM} rx={11} fill="transparent" />
        <StateGlyph look={look} />
        <SvgText x={30} y={25} text={title.text} size={title.size} bold color={isDead ? 'var(--ink-2)' : 'var(--ink)'} />
        {compact ? (
          <CompactMarks broker={broker} width={card.width} form={form} />
        ) : (
          <Chips chips={chips} x={CARD_PAD} y={36} room={card.width - 2 * CARD_PAD} />
        )}
      </g>
      {form === 'phone' ? null : (
        <g {...pressable(isDead ? start : openMenu)} aria-label={isDead ? words.stage.startOf(name) : words.stage.menuOf(name)} className="pressable">
          <rect
            className="hit"
            x={card.width - 33.5}
            y={9.5}
            width={23}
            height={23}
            rx={7}
            fill={isDead ? 'var(--isr-soft)' : 'var(--raised)'}
            stroke={isDead ? 'var(--isr)' : 'var(--line)'}
          />
          <Glyph name={isDead ? 'play' : 'power'} x={card.width - 28.5} y={14.5} size={13} color={isDead ? 'var(--isr)' : 'var(--ink-2)'} />
        </g>
      )}
    </g>
  );
}

const LEAST_TITLE = 12;

/** A title that loses its number says nothing: it grows smaller first, and is the number alone where that does not do. */
function fittingTitle(
  wish: { readonly text: string; readonly id: number; readonly size: number },
  room: number,
): { readonly text: string; readonly size: number } {
  for (let size = wish.size; size >= LEAST_TITLE; size--) if (measure(wish.text, { size, bold: true }) <= room) return { text: wish.text, size };
  return { text: String(wish.id), size: wish.size };
}

function StateGlyph({ look }: { readonly look: BrokerLook }) {
  switch (look) {
    case 'dead':
      return <Glyph name="cross" x={10} y={13} size={15} color="var(--out)" weight={2.2} />;
    case 'zombie':
      return <Glyph name="ghost" x={9} y={12} size={17} color="var(--stale)" />;
    case 'paused':
      return <Glyph name="pause" x={10} y={12} size={15} color="var(--ink-2)" />;
    case 'starting':
      return <Glyph name="clock" x={10} y={12} size={15} color="var(--dirty)" weight={1.8} />;
    default:
      return <circle cx={18} cy={20} r={5} fill="var(--isr)" />;
  }
}

/** The controller's mark alone, where there is no line for chips. */
function CompactMarks({ broker, width, form }: { readonly broker: BrokerView; readonly width: number; readonly form: 'wide' | 'phone' }) {
  if (!broker.isController) return null;
  return <Glyph name="hexagon" x={width - (form === 'phone' ? 25 : 54)} y={12} size={16} color="var(--control)" />;
}

function useChips(broker: BrokerView, look: BrokerLook): readonly Chip[] {
  const words = useWords();
  const links = usePlayground((state) => state.view.links);
  const brokers = usePlayground((state) => state.view.brokers);
  const truth = usePlayground((state) => state.view.truth);
  const nowUs = useCoarseNow(HALF_SECOND_US);
  const chips: Chip[] = [];
  const { stage } = words;
  if (look === 'dead') chips.push({ text: sinceText(words, broker, nowUs), color: 'var(--out)' });
  if (look === 'zombie') chips.push({ text: stage.chips.zombie, icon: 'ghost', color: 'var(--stale)', ground: 'var(--stale-soft)', bold: true });
  if (broker.process === 'paused') chips.push({ text: stage.chips.paused, color: 'var(--ink-2)', bold: true });
  if (broker.process === 'starting') chips.push({ text: stage.chips.starting, color: 'var(--dirty)' });
  if (broker.process === 'stopping') chips.push({ text: stage.chips.stopping, color: 'var(--dirty)' });
  if (broker.recovering) chips.push({ text: stage.chips.recovering, color: 'var(--dirty)' });
  if (broker.isController && look !== 'dead') chips.push(controllerChip(words, truth.controller === broker.brokerId || !truth.known));
  const peers = brokers.filter((other) => other.host !== broker.host);
  if (peers.length > 1 && look !== 'dead' && look !== 'zombie' && peers.every((other) => isCut(links, broker.host, other.host)))
    chips.push({ text: stage.chips.cut, icon: 'cut', color: 'var(--out)' });
  if (links.some((link) => link.slow && (link.a === broker.host || link.b === broker.host)))
    chips.push({ text: stage.chips.slow, icon: 'clock', color: 'var(--dirty)' });
  if (broker.rack !== null) chips.push({ text: stage.rack(broker.rack), color: look === 'dead' ? 'var(--ink-3)' : 'var(--ink-2)' });
  return chips;
}

/** Pink when ZooKeeper names another controller, or none. */
function controllerChip(words: Dictionary, isTrue: boolean): Chip {
  const tone = isTrue ? 'control' : 'stale';
  return { text: words.stage.chips.controller, icon: 'hexagon', color: `var(--${tone})`, ground: `var(--${tone}-soft)`, bold: true };
}

function sinceText(words: Dictionary, broker: BrokerView, nowUs: number): string {
  const ago = agoText(words, nowUs - broker.processSinceUs);
  if (broker.process === 'off') return words.stage.since.off(ago);
  return broker.process === 'killed' ? words.stage.since.killed(ago) : words.stage.since.stopped(ago);
}

const BELIEFS = {
  agrees: { icon: 'check', color: 'var(--isr)', ground: 'none', opacity: 0.55, dash: undefined },
  stale: { icon: 'clock', color: 'var(--stale)', ground: 'var(--stale-soft)', opacity: 1, dash: undefined },
  disk: { icon: 'disk', color: 'var(--dead)', ground: 'none', opacity: 0.55, dash: '4 3' },
  untold: { icon: 'info', color: 'var(--ink-3)', ground: 'none', opacity: 0.45, dash: '2 3' },
} as const;

interface BeliefBoxProps {
  readonly belief: Belief;
  readonly card: CardLayout;
  readonly form: 'wide' | 'phone';
  readonly look: BrokerLook;
  readonly words: Dictionary;
}

/** What this broker itself holds to be true of the partition in focus. */
function BeliefBox({ belief, card, form, look, words }: BeliefBoxProps) {
  const style = BELIEFS[belief.kind];
  const pad = form === 'phone' ? 7 : CARD_PAD;
  const width = card.width - 2 * pad;
  const top = card.beliefTop;
  const ink = belief.kind === 'stale' ? 'var(--stale)' : look === 'dead' ? 'var(--ink-2)' : 'var(--ink)';
  const frame = (
    <rect
      x={pad + 0.5}
      y={top + 0.5}
      width={width - 1}
      height={card.beliefHeight - 1}
      rx={8}
      fill={style.ground}
      stroke={style.color}
      strokeOpacity={style.opacity}
      strokeDasharray={style.dash}
    />
  );
  if (form === 'phone') {
    return (
      <g>
        {frame}
        <Glyph name={style.icon} x={pad + 7} y={top + 10} size={12} color={style.color} weight={2} />
        <SvgText
          x={pad + 24}
          y={top + 20}
          text={belief.kind === 'disk' ? words.stage.belief.short.disk : words.stage.belief.short.believes}
          size={11}
          color="var(--ink-2)"
          room={width - 30}
        />
        <SvgText x={pad + 7} y={top + 39} text={belief.short} size={11.5} bold color={ink} room={width - 12} />
      </g>
    );
  }
  const single = card.beliefHeight < 30;
  const title = measure(belief.title, { size: 12, bold: true }) <= width - 34 ? belief.title : belief.short;
  return (
    <g>
      {frame}
      <Glyph name={style.icon} x={pad + 8} y={top + (single ? 5.5 : 11.5)} size={14} color={style.color} weight={1.8} />
      <SvgText x={pad + 29} y={top + 16} text={title} size={12} bold color={ink} room={width - 34} />
      {single ? null : (
        <SvgText x={pad + 29} y={top + 30} text={belief.detail} size={11} color={look === 'dead' ? 'var(--ink-3)' : 'var(--ink-2)'} room={width - 34} />
      )}
    </g>
  );
}

interface DiskBarProps {
  readonly broker: BrokerView;
  readonly isDead: boolean;
  readonly top: number;
  readonly width: number;
  readonly words: Dictionary;
}

/** Twice what a small run writes; the bar grows with the logs and then halves its scale. */
const DISK_SCALE_BYTES = 4096;

/** Page cache over the device: blue is flushed, hatched is not. */
function DiskBar({ broker, isDead, top, width, words }: DiskBarProps) {
  const { flushedBytes, dirtyBytes } = broker.disk;
  const all = flushedBytes + dirtyBytes;
  let scale = DISK_SCALE_BYTES;
  while (scale < all * 1.15) scale *= 2;
  const room = width - 2 * CARD_PAD;
  const flushed = (flushedBytes / scale) * (room - 4);
  const dirty = (dirtyBytes / scale) * (room - 4);
  const { stage } = words;
  const right = dirtyBytes === 0 ? stage.allFlushed : isDead ? stage.inPageCache(byteSize(dirtyBytes)) : stage.notFlushed(byteSize(dirtyBytes));
  return (
    <g>
      <SvgText
        x={CARD_PAD}
        y={top}
        text={isDead ? stage.diskKeeps(byteSize(flushedBytes)) : stage.disk(byteSize(flushedBytes))}
        size={11}
        color="var(--ink-2)"
        room={room * 0.46}
      />
      <SvgText x={width - CARD_PAD} y={top} text={right} size={11} color={isDead ? 'var(--ink-3)' : 'var(--ink-2)'} anchor="end" room={room * 0.52} />
      <rect x={CARD_PAD + 0.5} y={top + 6.5} width={room - 1} height={8} rx={4} fill="var(--well)" stroke="var(--line)" />
      <rect className="eased-size" x={CARD_PAD + 1} y={top + 7} width={Math.max(0, flushed)} height={7} rx={3} fill={isDead ? 'var(--dead)' : 'var(--disk)'} />
      {dirtyBytes > 0 ? (
        <rect
          className="eased-size"
          x={CARD_PAD + 2 + flushed}
          y={top + 7}
          width={Math.max(3, dirty)}
          height={7}
          rx={1}
          fill="url(#hatch-dirty)"
          stroke="var(--dirty)"
          strokeWidth={0.8}
        />
      ) : null}
    </g>
  );
}
