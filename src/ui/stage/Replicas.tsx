import { memo } from 'react';
import type { BrokerView, ConsumerView, PartitionView, ReplicaView } from '../../projection/view.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import type { Dictionary } from '../i18n/en.ts';
import { measure } from '../interactions/measure.ts';
import { pressable } from '../interactions/press.ts';
import type { CardLayout, TankSlot } from '../layout/broker-card.ts';
import { clamp } from '../layout/geometry.ts';
import { spreadAlong } from '../layout/spread.ts';
import { tankWindow } from '../layout/tank-window.ts';
import { dropsOf, replicaLook, type BrokerLook, type ReplicaLook } from './appearance.ts';
import { BarCap, ReplicaCap } from './ReplicaCap.tsx';
import { SvgText } from './SvgText.tsx';
import { Tank } from './Tank.tsx';
import { TankTags, type TankTag } from './TankTags.tsx';

interface ReplicasProps {
  readonly broker: BrokerView;
  readonly look: BrokerLook;
  readonly card: CardLayout;
  readonly focus: string | null;
  readonly form: 'wide' | 'phone';
}

/** A broker's tanks. The partition in focus is wide and has numbers; the others stay in view without them. */
export const Replicas = memo(function Replicas({ broker, look, card, form }: ReplicasProps) {
  const partitions = usePlayground((state) => state.view.partitions);
  const brokers = usePlayground((state) => state.view.brokers);
  const words = useWords();
  const topicY = card.density === 'full' ? 71 : card.tankTop - 12;
  return (
    <g>
      {card.density === 'full' ? <TopicBrackets card={card} y={topicY} /> : null}
      {card.slots.map((slot) => {
        const partition = partitions.find((row) => row.key === slot.key);
        if (partition === undefined) return null;
        const replica = broker.replicas.find((row) => row.key === slot.key) ?? null;
        const greatestEnd = brokers.reduce((end, other) => Math.max(end, other.replicas.find((row) => row.key === slot.key)?.logEndOffset ?? 0), 0);
        return (
          <ReplicaTank
            key={slot.key}
            slot={slot}
            partition={partition}
            replica={replica}
            broker={broker}
            isDead={look === 'dead'}
            card={card}
            greatestEnd={greatestEnd}
            form={form}
          />
        );
      })}
      {card.hiddenCount > 0 && form === 'wide' ? (
        <SvgText x={card.width - 10} y={topicY} text={words.stage.more(card.hiddenCount)} size={11} color="var(--ink-3)" anchor="end" />
      ) : null}
    </g>
  );
});

/** Topic names over their tanks, shifted where two would touch. */
function TopicBrackets({ card, y }: { readonly card: CardLayout; readonly y: number }) {
  const style = { size: 11 };
  const wishes = card.groups.map((group) => ({ centre: group.x + group.width / 2, width: measure(group.topic, style) }));
  const places = spreadAlong(wishes, { from: 6, to: card.width - 6, gap: 7 });
  return (
    <g>
      {card.groups.map((group, i) => {
        const place = places[i];
        return (
          <g key={group.topic}>
            {place === undefined || place.width < 14 ? null : (
              <SvgText x={place.centre} y={y} text={group.topic} size={11} color="var(--ink-2)" anchor="middle" room={place.width + 0.5} />
            )}
            <path d={`M${group.x} ${y + 9}v-4h${group.width}v4`} fill="none" stroke="var(--line-2)" />
          </g>
        );
      })}
    </g>
  );
}

interface ReplicaTankProps {
  readonly slot: TankSlot;
  readonly partition: PartitionView;
  readonly replica: ReplicaView | null;
  readonly broker: BrokerView;
  readonly isDead: boolean;
  readonly card: CardLayout;
  readonly greatestEnd: number;
  readonly form: 'wide' | 'phone';
}

const ReplicaTank = memo(function ReplicaTank(props: ReplicaTankProps) {
  const { slot, partition, replica, broker, card, form } = props;
  const { playground } = usePage();
  const words = useWords();
  const bottom = card.tankTop + card.tankHeight;
  if (replica === null) return <EmptySlot slot={slot} top={slot.top} height={slot.height} />;
  const look = replicaLook(replica, partition, broker, props.isDead);
  const isDead = props.isDead || replica.role === 'failed';
  const isFocus = slot.form === 'focus';
  const label = words.stage.partitionAria({
    key: slot.key,
    role: words.stage.roleNames[props.isDead ? 'dead' : isDead ? 'failed' : look],
    highWatermark: replica.highWatermark,
    logEnd: replica.logEndOffset,
  });
  const press = isFocus ? { role: 'img' as const } : pressable(() => changeLook(playground.store, { chosenPartition: slot.key }));
  return (
    <g {...press} aria-label={label} className={isFocus ? undefined : 'pressable'}>
      {isFocus && form === 'wide' ? (
        <rect
          x={slot.hit.x}
          y={slot.hit.y}
          width={slot.hit.width}
          height={slot.hit.height + (card.density === 'full' ? 6 : -10)}
          rx={9}
          fill="var(--raised)"
          opacity={isDead ? 0.45 : 1}
          stroke="var(--line-2)"
          strokeOpacity={isDead ? 0 : 0.6}
        />
      ) : null}
      {isFocus ? null : <rect className="hit" x={slot.hit.x} y={slot.hit.y} width={slot.hit.width} height={slot.hit.height} rx={5} fill="transparent" />}
      {slot.form === 'bar' ? (
        <BarCap look={look} x={slot.x} y={slot.top - 20} width={slot.width} />
      ) : (
        <ReplicaCap look={look} x={isFocus ? slot.x : slot.x - 1} y={card.tankTop - 24} width={isFocus ? slot.width : slot.width + 2} />
      )}
      <Tank
        replica={replica}
        look={look}
        isDead={isDead}
        window={tankWindow(props.greatestEnd, rowsOf(slot, card))}
        x={slot.x}
        y={slot.top}
        width={slot.width}
        height={slot.height}
        numbered={isFocus}
      />
      {isFocus ? (
        <FocusNotes {...props} replica={replica} />
      ) : slot.form === 'narrow' ? (
        <NarrowNotes slot={slot} replica={replica} look={look} isDead={isDead} bottom={bottom} partition={partition.partition} />
      ) : null}
    </g>
  );
});

const LEAST_ROW_PIXELS = 4;

/** A bar that shares its column with others is lower, and shows fewer records. */
function rowsOf(slot: TankSlot, card: CardLayout): number {
  return slot.form === 'bar' ? clamp(Math.floor(slot.height / LEAST_ROW_PIXELS), 3, card.rows) : card.rows;
}

function EmptySlot({ slot, top, height }: { readonly slot: TankSlot; readonly top: number; readonly height: number }) {
  return (
    <g>
      <rect x={slot.x + 0.5} y={top} width={Math.max(1, slot.width - 1)} height={height} rx={5} fill="url(#void-slot)" opacity={0.5} />
      {slot.form === 'bar' ? null : (
        <SvgText x={slot.x + slot.width / 2} y={top + height + 17} text={String(slot.partition)} anchor="middle" color="var(--ink-3)" />
      )}
    </g>
  );
}

function NarrowNotes({
  slot,
  replica,
  look,
  isDead,
  bottom,
  partition,
}: {
  readonly slot: TankSlot;
  readonly replica: ReplicaView;
  readonly look: ReplicaLook;
  readonly isDead: boolean;
  readonly bottom: number;
  readonly partition: number;
}) {
  const x = slot.x + slot.width / 2;
  return (
    <g>
      <SvgText x={x} y={bottom + 17} text={String(partition)} bold={look === 'leader'} anchor="middle" color={isDead ? 'var(--ink-3)' : 'var(--ink-2)'} />
      <SvgText x={x} y={bottom + 31} text={String(replica.highWatermark)} size={10} mono anchor="middle" color={isDead ? 'var(--ink-3)' : 'var(--surf)'} />
    </g>
  );
}

/** Name and epoch under the wide tank, tags at its right wall. */
function FocusNotes({ slot, partition, replica, broker, isDead, card, greatestEnd, form }: ReplicaTankProps & { readonly replica: ReplicaView }) {
  const words = useWords();
  const consumers = usePlayground((state) => state.view.consumers);
  const window = tankWindow(greatestEnd, card.rows);
  const bottom = card.tankTop + card.tankHeight;
  const rowHeight = card.tankHeight / window.rows;
  const stale = partition.leaderEpoch !== replica.leaderEpoch;
  const centre = slot.x + slot.width / 2;
  const tags = focusTags(words, { replica, broker, isDead, consumers });
  return (
    <g>
      {form === 'phone' ? null : (
        <SvgText
          x={slot.hit.x + slot.hit.width / 2 - 2}
          y={bottom + 17}
          text={slot.key}
          bold
          anchor="middle"
          color={isDead ? 'var(--ink-2)' : 'var(--ink)'}
          room={slot.hit.width - 8}
        />
      )}
      {form === 'phone' ? (
        <SvgText
          x={centre}
          y={bottom + 17}
          text={words.stage.epoch(replica.leaderEpoch)}
          size={11}
          anchor="middle"
          color={stale && !isDead ? 'var(--stale)' : 'var(--ink-3)'}
        />
      ) : card.density === 'full' ? (
        <SvgText
          x={slot.hit.x + slot.hit.width / 2 - 2}
          y={bottom + 31}
          text={words.stage.epoch(replica.leaderEpoch)}
          size={11}
          anchor="middle"
          color={isDead ? 'var(--ink-3)' : stale ? 'var(--stale)' : 'var(--ink-2)'}
          room={slot.hit.width - 8}
        />
      ) : null}
      <TankTags
        tags={tags}
        x={slot.x + slot.width}
        room={(form === 'phone' ? card.width - 3 : slot.hit.x + slot.hit.width) - slot.x - slot.width}
        heightOf={(offset) => bottom - (offset - window.base) * rowHeight}
        lowest={bottom}
        highest={card.tankTop + 6}
      />
    </g>
  );
}

function focusTags(words: Dictionary, input: { replica: ReplicaView; broker: BrokerView; isDead: boolean; consumers: readonly ConsumerView[] }): TankTag[] {
  const { replica, broker, isDead } = input;
  const tags: TankTag[] = [
    {
      at: replica.logEndOffset,
      text: words.stage.logEnd(replica.logEndOffset),
      short: String(replica.logEndOffset),
      color: isDead ? 'var(--dead)' : 'var(--ink-2)',
    },
    {
      at: replica.highWatermark,
      text: words.stage.highWatermark(replica.highWatermark),
      short: String(replica.highWatermark),
      color: isDead ? 'var(--dead)' : 'var(--surf)',
    },
  ];
  if (isDead) {
    if (replica.flushedOffset < replica.logEndOffset)
      tags.push({ at: replica.flushedOffset, text: String(replica.flushedOffset), short: String(replica.flushedOffset), color: 'var(--ink-2)', icon: 'disk' });
    return tags;
  }
  for (const drop of dropsOf(input.consumers, replica.key, broker.brokerId))
    tags.push({ at: drop.at, text: drop.name, short: drop.name, color: 'var(--fetch)', icon: 'drop' });
  return tags;
}
