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
  /** Partitions for which there was no room, also not as bars in rows. */
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
  readonly top: number;
  readonly height: number;
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
/** Below a narrow tank: its number and its high watermark. */
const NUMBERS_HEIGHT = 24;

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
    ...layoutSlots(input, { tankTop: sizes.tankTop, tankHeight, top: sizes.tankTop - 26, height: tankHeight + 26 + NUMBERS_HEIGHT + 10 }),
    beliefTop: tankBottom + sizes.belief,
    beliefHeight: sizes.beliefHeight,
    diskTop: sizes.disk === null ? null : tankBottom + sizes.disk,
  };
}

interface Band {
  /** Of the tanks themselves. */
  readonly tankTop: number;
  readonly tankHeight: number;
  /** Of what a click reaches: cap and numbers too. */
  readonly top: number;
  readonly height: number;
}

type Slots = Pick<CardLayout, 'slots' | 'groups' | 'hiddenCount'>;

/** One wide tank for the partition in focus, the others side by side in the room that is left; they keep their order. */
function layoutSlots(input: CardInput, band: Band): Slots {
  const room = input.width - 2 * CARD_PAD;
  const focusWidth = focusSlotWidth(room);
  const topics = distinctTopics(input.partitions);
  const hasFocus = input.partitions.some((partition) => partition.key === input.focus);
  const others = input.partitions.length - (hasFocus ? 1 : 0);
  const left = room - (hasFocus ? focusWidth : 0) - GROUP_GAP * Math.max(0, topics.length - 1);
  if (others * LEAST_SLOT > left) return layoutRows(input, band, { focusWidth: hasFocus ? focusWidth : 0, room });
  const slot = others === 0 ? GREATEST_SLOT : clamp(Math.floor(left / others), LEAST_SLOT, GREATEST_SLOT);
  const slots: TankSlot[] = [];
  const groups: TopicGroup[] = [];
  let x = CARD_PAD;
  for (const topic of topics) {
    const start = x;
    for (const partition of input.partitions) {
      if (partition.topic !== topic) continue;
      const isFocus = partition.key === input.focus;
      const width = isFocus ? focusWidth : slot;
      slots.push(isFocus ? focusSlot(partition, x, width, band) : narrowSlot(partition, x, width, band));
      x += width;
    }
    if (x > start) {
      groups.push({ topic, x: start, width: x - start - (x - start > 30 ? 4 : 0) });
      x += GROUP_GAP;
    }
  }
  return { slots, groups, hiddenCount: 0 };
}

/** Bars, a pixel between them, in rows under one another: many partitions on one card. */
const BAR = { slot: 4, leastSlot: 3, capRoom: 9, leastHeight: 16, gap: 5 } as const;

/** Too many for one row: the wide tank first, the others as bars that run on from row to row like words. */
function layoutRows(input: CardInput, band: Band, sizes: { readonly focusWidth: number; readonly room: number }): Slots {
  const slots: TankSlot[] = [];
  const groups: TopicGroup[] = [];
  const focus = input.partitions.find((partition) => partition.key === input.focus);
  if (focus !== undefined) {
    slots.push(focusSlot(focus, CARD_PAD, sizes.focusWidth, band));
    groups.push({ topic: focus.topic, x: CARD_PAD, width: sizes.focusWidth - 4 });
  }
  const area = { x: CARD_PAD + sizes.focusWidth + 2, width: sizes.room - sizes.focusWidth - 2, height: band.tankHeight + NUMBERS_HEIGHT };
  const others = input.partitions.filter((partition) => partition !== focus);
  const greatestRows = Math.max(1, Math.floor((area.height + BAR.capRoom) / (BAR.leastHeight + BAR.capRoom)));
  const slot = runOn(others, area.width, BAR.slot).rowCount <= greatestRows ? BAR.slot : BAR.leastSlot;
  const { places, rowCount } = runOn(others, area.width, slot);
  const rows = Math.min(rowCount, greatestRows);
  const pitch = (area.height + BAR.capRoom) / rows;
  for (const { partition, x, row } of places) {
    if (row >= rows) break;
    const top = Math.round(band.tankTop + row * pitch);
    const height = Math.floor(pitch - BAR.capRoom);
    const at = { x: area.x + x, width: slot - 1, top, height };
    slots.push({
      key: partition.key,
      partition: partition.partition,
      ...at,
      form: 'bar',
      hit: { x: at.x, y: top - BAR.capRoom, width: slot, height: height + BAR.capRoom },
    });
  }
  return { slots, groups, hiddenCount: input.partitions.length - slots.length };
}

interface BarPlace {
  readonly partition: CardInput['partitions'][number];
  readonly x: number;
  readonly row: number;
}

/** Where bars stand that run on from row to row, with a gap between two topics. */
function runOn(partitions: CardInput['partitions'], width: number, slot: number): { readonly places: readonly BarPlace[]; readonly rowCount: number } {
  const places: BarPlace[] = [];
  let x = 0;
  let row = 0;
  let topic = partitions[0]?.topic;
  for (const partition of partitions) {
    if (partition.topic !== topic && x > 0) x += BAR.gap;
    if (x + slot > width) {
      x = 0;
      row++;
    }
    topic = partition.topic;
    places.push({ partition, x, row });
    x += slot;
  }
  return { places, rowCount: row + 1 };
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
    top: band.tankTop,
    height: band.tankHeight,
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
    top: band.tankTop,
    height: band.tankHeight,
    form,
    hit: { x, y: band.top, width: slot, height: band.height },
  };
}

function distinctTopics(partitions: CardInput['partitions']): string[] {
  const topics: string[] = [];
  for (const partition of partitions) if (!topics.includes(partition.topic)) topics.push(partition.topic);
  return topics;
}
