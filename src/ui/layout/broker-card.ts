import { clamp, type Rect } from './geometry.ts';

/** Where things stand inside a broker's card, from the card's own top left corner. Every card of a stage has the same. */
export interface CardLayout {
  readonly width: number;
  readonly height: number;
  /** `full`: chips, topic names, disk bar. `compact`: fewer things, not smaller ones. */
  readonly density: 'full' | 'compact';
  readonly tankTop: number;
  readonly tankHeight: number;
  /** Rows of records in a tank. */
  readonly rows: number;
  readonly slots: readonly TankSlot[];
  readonly groups: readonly TopicGroup[];
  /** Partitions for which there was no room. */
  readonly hiddenCount: number;
  readonly beliefTop: number;
  /** 0 when there is no room for it. */
  readonly beliefHeight: number;
  /** Null when there is no room for it. */
  readonly diskTop: number | null;
}

export interface TankSlot {
  readonly key: string;
  readonly partition: number;
  /** The tank itself. */
  readonly x: number;
  readonly width: number;
  readonly form: 'focus' | 'narrow' | 'bar';
  /** What a click on the partition reaches. */
  readonly hit: Rect;
}

export interface TopicGroup {
  readonly topic: string;
  readonly x: number;
  readonly width: number;
}

export interface CardInput {
  readonly width: number;
  readonly height: number;
  readonly partitions: readonly { readonly key: string; readonly topic: string; readonly partition: number }[];
  readonly focus: string | null;
}

export const CARD_PAD = 10;
const GROUP_GAP = 8;
const GREATEST_SLOT = 24;
const LEAST_NUMBERED_SLOT = 14;
const LEAST_SLOT = 4;
const ROW_PIXELS = 13.4;
const GREATEST_ROWS = 24;
const FULL_HEIGHT = 380;

/** Numbers that differ with the room there is, in pixels. */
const FULL = { tankTop: 108, belowTank: 126, belief: 42, beliefHeight: 38, disk: 98 } as const;
const COMPACT = { tankTop: 62, belowTank: 66, belief: 34, beliefHeight: 24, disk: null } as const;
const TINY = { tankTop: 62, belowTank: 28, belief: 28, beliefHeight: 0, disk: null } as const;
const LEAST_HEIGHT_FOR_BELIEF = 176;

export function layoutCard(input: CardInput): CardLayout {
  const density = input.height >= FULL_HEIGHT ? 'full' : 'compact';
  const sizes = density === 'full' ? FULL : input.height < LEAST_HEIGHT_FOR_BELIEF ? TINY : COMPACT;
  const tankHeight = Math.max(30, Math.floor(input.height - sizes.tankTop - sizes.belowTank));
  const rows = clamp(Math.floor(tankHeight / ROW_PIXELS), 3, GREATEST_ROWS);
  const tankBottom = sizes.tankTop + tankHeight;
  return {
    width: input.width,
    height: input.height,
    density,
    tankTop: sizes.tankTop,
    tankHeight,
    rows,
    ...layoutSlots(input, { top: sizes.tankTop - 26, height: tankHeight + 26 + 34 }),
    beliefTop: tankBottom + sizes.belief,
    beliefHeight: sizes.beliefHeight,
    diskTop: sizes.disk === null ? null : tankBottom + sizes.disk,
  };
}

interface Band {
  readonly top: number;
  readonly height: number;
}

/** One wide tank for the partition in focus, the others side by side in the room that is left; they keep their order. */
function layoutSlots(input: CardInput, band: Band): Pick<CardLayout, 'slots' | 'groups' | 'hiddenCount'> {
  const room = input.width - 2 * CARD_PAD;
  const focusWidth = focusSlotWidth(room);
  const topics = distinctTopics(input.partitions);
  const hasFocus = input.partitions.some((partition) => partition.key === input.focus);
  const others = input.partitions.length - (hasFocus ? 1 : 0);
  const left = room - (hasFocus ? focusWidth : 0) - GROUP_GAP * Math.max(0, topics.length - 1);
  const slot = others === 0 ? GREATEST_SLOT : clamp(Math.floor(left / others), LEAST_SLOT, GREATEST_SLOT);
  const fitting = others === 0 ? 0 : Math.max(0, Math.min(others, Math.floor(left / slot)));
  const slots: TankSlot[] = [];
  const groups: TopicGroup[] = [];
  let x = CARD_PAD;
  let shown = 0;
  for (const topic of topics) {
    const start = x;
    for (const partition of input.partitions) {
      if (partition.topic !== topic) continue;
      const isFocus = partition.key === input.focus;
      if (!isFocus && shown >= fitting) continue;
      if (!isFocus) shown++;
      const width = isFocus ? focusWidth : slot;
      slots.push(isFocus ? focusSlot(partition, x, width, band) : narrowSlot(partition, x, width, band));
      x += width;
    }
    if (x > start) {
      groups.push({ topic, x: start, width: x - start - (x - start > 30 ? 4 : 0) });
      x += GROUP_GAP;
    }
  }
  return { slots, groups, hiddenCount: others - shown };
}

/** Room for the wide tank and the tags at its right wall. */
function focusSlotWidth(room: number): number {
  return room < 110 ? room : room < 170 ? 98 : 116;
}

function focusSlot(partition: { key: string; partition: number }, x: number, width: number, band: Band): TankSlot {
  const tank = width < 110 ? 34 : 40;
  return {
    key: partition.key,
    partition: partition.partition,
    x: x + 4,
    width: tank,
    form: 'focus',
    hit: { x: x - 3, y: band.top, width, height: band.height },
  };
}

function narrowSlot(partition: { key: string; partition: number }, x: number, slot: number, band: Band): TankSlot {
  const gap = slot >= LEAST_NUMBERED_SLOT ? 6 : slot >= 8 ? 2 : 1;
  const form = slot >= LEAST_NUMBERED_SLOT ? 'narrow' : 'bar';
  return {
    key: partition.key,
    partition: partition.partition,
    x: x + gap / 2,
    width: slot - gap,
    form,
    hit: { x, y: band.top, width: slot, height: band.height },
  };
}

function distinctTopics(partitions: CardInput['partitions']): string[] {
  const topics: string[] = [];
  for (const partition of partitions) if (!topics.includes(partition.topic)) topics.push(partition.topic);
  return topics;
}
