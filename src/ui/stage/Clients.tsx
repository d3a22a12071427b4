import { memo } from 'react';
import type { ConsumerView, PartitionView, ProducerView } from '../../projection/view.ts';
import { changeLook, type DialogName } from '../../playground/store/playground-store.ts';
import { focusKey } from '../../playground/store/selectors.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Glyph } from '../components/Icon.tsx';
import { measure } from '../interactions/measure.ts';
import { pressable } from '../interactions/press.ts';
import type { Rect } from '../layout/geometry.ts';
import { clientPort } from '../layout/routes.ts';
import type { ColumnBox } from '../layout/side-column.ts';
import type { StageLayout } from '../layout/stage-layout.ts';
import { Port } from './Cables.tsx';
import { SvgText } from './SvgText.tsx';

/** Rows of facts that a client's box has at most. */
export const PRODUCER_HEIGHT = 130;
const CONSUMER_HEAD = 30;
const ROW = 18;
const GREATEST_POSITIONS = 4;

/** A consumer's box is as high as it has positions to show. */
export function consumerHeight(positionCount: number): number {
  return CONSUMER_HEAD + Math.min(GREATEST_POSITIONS, Math.max(1, positionCount)) * ROW + ROW + 6;
}

/** Producers at the left, consumers at the right, and the buttons that add more. */
export const Clients = memo(function Clients({ layout }: { readonly layout: StageLayout }) {
  const producers = usePlayground((state) => state.view.producers);
  const consumers = usePlayground((state) => state.view.consumers);
  const words = useWords();
  const { left, right } = layout;
  const isPhone = layout.form === 'phone';
  if (left === null || right === null) return null;
  return (
    <g>
      {left.boxes.map((box) => {
        const producer = producers.find((row) => row.host === box.host);
        return producer === undefined ? null : <ProducerBox key={box.host} producer={producer} box={box} isPhone={isPhone} />;
      })}
      {right.boxes.map((box) => {
        const consumer = consumers.findIndex((row) => row.host === box.host);
        const row = consumers[consumer];
        return row === undefined ? null : <ConsumerBox key={box.host} consumer={row} box={box} short={`C${consumer + 1}`} isPhone={isPhone} />;
      })}
      {left.add === null ? null : <AddButton box={left.add} dialog="addProducer" text={words.stage.producer} more={left.hiddenCount} />}
      {right.add === null ? null : <AddButton box={right.add} dialog="addConsumer" text={words.stage.consumer} more={right.hiddenCount} />}
      {layout.admins.map((box) => (
        <AdminBox key={box.host} host={box.host} box={box} />
      ))}
    </g>
  );
});

function useSelect(host: string): { readonly isSelected: boolean; readonly openMenu: (at: { readonly x: number; readonly y: number }) => void } {
  const { playground } = usePage();
  const isSelected = usePlayground((state) => state.look.selected?.kind === 'machine' && state.look.selected.host === host);
  const openMenu = (at: { readonly x: number; readonly y: number }): void =>
    changeLook(playground.store, { menu: { kind: 'machine', host, peer: null, at }, selected: { kind: 'machine', host } });
  return { isSelected, openMenu };
}

interface BoxFrameProps {
  readonly box: Rect;
  readonly isSelected: boolean;
  readonly isDown: boolean;
}

function BoxFrame({ box, isSelected, isDown }: BoxFrameProps) {
  return (
    <rect
      className="hit"
      x={box.x + 0.5}
      y={box.y + 0.5}
      width={box.width - 1}
      height={box.height - 1}
      rx={12}
      fill={isDown ? 'var(--bg-2)' : 'var(--card)'}
      stroke={isSelected ? 'var(--focus)' : isDown ? 'var(--dead)' : 'var(--line)'}
      strokeWidth={isSelected ? 2 : 1.2}
      strokeDasharray={isDown ? '6 5' : undefined}
    />
  );
}

const ProducerBox = memo(function ProducerBox({
  producer,
  box,
  isPhone,
}: {
  readonly producer: ProducerView;
  readonly box: ColumnBox;
  readonly isPhone: boolean;
}) {
  const words = useWords();
  const focus = usePlayground(focusKey);
  const partitions = usePlayground((state) => state.view.partitions);
  const { isSelected, openMenu } = useSelect(producer.host);
  const isDown = producer.process !== 'running' && producer.process !== 'paused';
  const rows = producerRows(producer, { focus, partitions, words });
  const port = clientPort(box, isPhone ? 'top' : 'right');
  return (
    <g>
      <g {...pressable(openMenu)} aria-label={`${words.stage.producer} ${producer.name}`} aria-haspopup="menu" className="pressable">
        <BoxFrame box={box} isSelected={isSelected} isDown={isDown} />
        <path
          d={`M${box.x + 1.2} ${box.y + 14}V${box.y + box.height - 14}`}
          stroke={isDown ? 'var(--dead)' : 'var(--produce)'}
          strokeWidth={3}
          strokeLinecap="round"
        />
        <SvgText x={box.x + 14} y={box.y + 22} text={producer.name} size={12} bold room={box.width - 24} color={isDown ? 'var(--ink-2)' : 'var(--ink)'} />
        {box.form === 'line' ? (
          <SvgText x={box.x + 14} y={box.y + 38} text={`acks=${acksText(producer)}`} size={11} color="var(--ink-2)" />
        ) : (
          <FactRows rows={rows} box={box} top={41} inset={14} />
        )}
        {box.form === 'line' ? null : (
          <WaitingMeter count={producer.waitingRecordCount} x={box.x + 14} y={box.y + 41 + rows.length * ROW - 5} width={box.width - 25} />
        )}
      </g>
      <Port x={port.x} y={port.y} color="var(--produce)" />
    </g>
  );
});

interface FactRow {
  readonly name: string;
  readonly value: string;
  readonly color: string;
}

function acksText(producer: ProducerView): string {
  return producer.acks === -1 ? 'all' : String(producer.acks);
}

function producerRows(
  producer: ProducerView,
  input: { readonly focus: string | null; readonly partitions: readonly PartitionView[]; readonly words: ReturnType<typeof useWords> },
): FactRow[] {
  const { stage } = input.words;
  const rows: FactRow[] = [{ name: stage.acks, value: acksText(producer), color: 'var(--ink-2)' }];
  const shown = producer.leaders.find((row) => row.key === input.focus) ?? producer.leaders[0];
  if (shown !== undefined) {
    const truth = input.partitions.find((row) => row.key === shown.key);
    const fresh = truth?.leader === shown.leader;
    rows.push({ name: stage.leaderOf(shown.key), value: shown.leader < 0 ? '?' : String(shown.leader), color: fresh ? 'var(--leader)' : 'var(--stale)' });
  }
  if (producer.lastError !== null) rows.push({ name: producer.lastError, value: '', color: 'var(--out)' });
  else rows.push({ name: stage.inFlight, value: String(producer.inFlightCount), color: 'var(--ink-2)' });
  rows.push({ name: stage.waiting, value: String(producer.waitingRecordCount), color: 'var(--ink-2)' });
  return rows;
}

function FactRows({ rows, box, top, inset }: { readonly rows: readonly FactRow[]; readonly box: Rect; readonly top: number; readonly inset: number }) {
  return (
    <g>
      {rows.map((row, i) => {
        const valueWidth = measure(row.value, { size: 11 });
        return (
          <g key={i}>
            <SvgText
              x={box.x + inset}
              y={box.y + top + i * ROW}
              text={row.name}
              size={11}
              color={row.value === '' ? row.color : 'var(--ink-3)'}
              room={box.width - inset - 16 - valueWidth}
            />
            <SvgText x={box.x + box.width - 11} y={box.y + top + i * ROW} text={row.value} size={11} color={row.color} anchor="end" />
          </g>
        );
      })}
    </g>
  );
}

const METER_CELLS = 6;

/** The row above it as a picture: a cell is a record that waits, the last one all that are beyond. */
function WaitingMeter({ count, x, y, width }: { readonly count: number; readonly x: number; readonly y: number; readonly width: number }) {
  const cells = Math.min(METER_CELLS, count);
  const cell = width / METER_CELLS;
  return (
    <g>
      {Array.from({ length: METER_CELLS }, (_, i) => (
        <rect
          key={i}
          x={x + i * cell}
          y={y}
          width={cell - 3}
          height={8}
          rx={2}
          fill={i < cells ? 'var(--produce)' : 'none'}
          stroke="var(--produce)"
          strokeOpacity={i < cells ? 1 : 0.5}
        />
      ))}
    </g>
  );
}

interface ConsumerBoxProps {
  readonly consumer: ConsumerView;
  readonly box: ColumnBox;
  readonly short: string;
  readonly isPhone: boolean;
}

const ConsumerBox = memo(function ConsumerBox({ consumer, box, short, isPhone }: ConsumerBoxProps) {
  const words = useWords();
  const focus = usePlayground(focusKey);
  const { isSelected, openMenu } = useSelect(consumer.host);
  const isDown = consumer.process !== 'running' && consumer.process !== 'paused';
  const port = clientPort(box, isPhone ? 'top' : 'left');
  const inOrder = consumer.positions.slice().sort((a, b) => Number(b.key === focus) - Number(a.key === focus) || (a.key < b.key ? -1 : 1));
  const lag = consumer.positions.reduce(
    (sum, row) => sum + (row.position === null || row.highWatermark === null ? 0 : Math.max(0, row.highWatermark - row.position)),
    0,
  );
  const rows: FactRow[] = inOrder
    .slice(0, GREATEST_POSITIONS)
    .map((row) => ({ name: row.key, value: row.position === null ? '–' : String(row.position), color: 'var(--fetch)' }));
  if (rows.length === 0) rows.push({ name: words.stage.noPosition, value: '', color: 'var(--ink-3)' });
  rows.push(
    consumer.lastError === null
      ? { name: words.stage.lag, value: String(lag), color: lag > 0 ? 'var(--dirty)' : 'var(--ink-2)' }
      : { name: consumer.lastError, value: '', color: 'var(--out)' },
  );
  return (
    <g>
      <g {...pressable(openMenu)} aria-label={`${words.stage.consumer} ${consumer.name}`} aria-haspopup="menu" className="pressable">
        <BoxFrame box={box} isSelected={isSelected} isDown={isDown} />
        <path
          d={`M${box.x + box.width - 1.2} ${box.y + 12}V${box.y + box.height - 12}`}
          stroke={isDown ? 'var(--dead)' : 'var(--fetch)'}
          strokeWidth={3}
          strokeLinecap="round"
        />
        <SvgText x={box.x + 12} y={box.y + 22} text={consumer.name} size={12} bold room={box.width - 54} color={isDown ? 'var(--ink-2)' : 'var(--ink)'} />
        <Glyph name="drop" x={box.x + box.width - 22 - measure(short, { size: 11, bold: true })} y={box.y + 13} size={10} color="var(--fetch)" />
        <SvgText x={box.x + box.width - 11} y={box.y + 22} text={short} size={11} bold color="var(--fetch)" anchor="end" />
        {box.form === 'line' ? (
          <SvgText x={box.x + 12} y={box.y + 38} text={`${words.stage.lag} ${lag}`} size={11} color="var(--ink-2)" />
        ) : (
          <FactRows rows={rows} box={box} top={41} inset={12} />
        )}
      </g>
      <Port x={port.x} y={port.y} color="var(--fetch)" />
    </g>
  );
});

function AdminBox({ host, box }: { readonly host: string; readonly box: Rect }) {
  const words = useWords();
  const { isSelected, openMenu } = useSelect(host);
  return (
    <g {...pressable(openMenu)} aria-label={words.stage.admin} className="pressable">
      <BoxFrame box={box} isSelected={isSelected} isDown={false} />
      <Glyph name="gear" x={box.x + 11} y={box.y + 13} size={14} color="var(--ink-2)" />
      <SvgText x={box.x + 32} y={box.y + 25} text={words.stage.admin} size={12} color="var(--ink-2)" room={box.width - 40} />
    </g>
  );
}

/** A dashed button below a column; it also says how many clients found no room. */
function AddButton({ box, dialog, text, more }: { readonly box: Rect; readonly dialog: DialogName; readonly text: string; readonly more: number }) {
  const { playground } = usePage();
  const words = useWords();
  const label = more > 0 ? `${text} · ${words.stage.more(more)}` : text;
  const textWidth = measure(label, { size: 12 }) + 18;
  const x = box.x + Math.max(6, box.width / 2 - textWidth / 2);
  return (
    <g {...pressable(() => changeLook(playground.store, { dialog }))} aria-label={words.stage.add(text)} className="pressable">
      <rect
        className="hit"
        x={box.x + 0.5}
        y={box.y + 0.5}
        width={box.width - 1}
        height={box.height - 1}
        rx={10}
        fill="transparent"
        stroke="var(--line-2)"
        strokeDasharray="4 4"
      />
      <Glyph name="plus" x={x} y={box.y + 11} size={12} color="var(--ink-2)" weight={1.8} />
      <SvgText x={x + 18} y={box.y + 21} text={label} size={12} color="var(--ink-2)" room={box.width - 30} />
    </g>
  );
}
