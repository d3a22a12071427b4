import { layoutCard, type CardLayout } from './broker-card.ts';
import { clamp, type Rect } from './geometry.ts';
import { layoutColumn, layoutLine, type ColumnLayout } from './side-column.ts';

/** What the layout needs to know of a cluster: who is there, not how they are. So it changes only when somebody comes. */
export interface StageInput {
  readonly width: number;
  readonly height: number;
  readonly brokers: readonly { readonly host: string; readonly brokerId: number }[];
  readonly servers: readonly string[];
  readonly producers: readonly { readonly host: string; readonly height: number }[];
  readonly consumers: readonly { readonly host: string; readonly height: number }[];
  readonly admins: readonly string[];
  readonly partitions: readonly { readonly key: string; readonly topic: string; readonly partition: number }[];
  readonly focus: string | null;
}

export interface StageLayout {
  readonly form: 'wide' | 'phone';
  readonly width: number;
  readonly height: number;
  readonly strip: Rect;
  readonly servers: readonly (Rect & { readonly host: string })[];
  /** Where the facts of the tree may stand inside the strip. */
  readonly truth: Rect;
  readonly cards: readonly PlacedCard[];
  readonly card: CardLayout;
  readonly rowCount: number;
  /** Free pixels between two cards of one row. */
  readonly gap: number;
  /** Clients stand beside the brokers, on a phone below them; null where there is no room for that. */
  readonly left: ColumnLayout | null;
  readonly right: ColumnLayout | null;
  readonly admins: readonly (Rect & { readonly host: string })[];
  /** Heights of the lane between ZooKeeper's servers, of the controller's lane, and of the text beside a lost session. */
  readonly ensembleLaneY: number;
  readonly controlLaneY: number;
  readonly sessionTextY: number;
  /** Lanes below each row of cards: for consumers, for producers, and between brokers that are not neighbours. */
  readonly lanes: readonly RowLanes[];
  readonly legend: Rect | null;
}

export interface PlacedCard extends Rect {
  readonly host: string;
  readonly brokerId: number;
  readonly row: number;
  readonly column: number;
}

export interface RowLanes {
  readonly consumers: readonly number[];
  readonly producers: readonly number[];
  readonly brokers: readonly number[];
}

export const PHONE_WIDTH = 860;
const MARGIN = 14;
const STRIP_TOP = 26;
const STRIP_HEIGHT = 54;
const TOP_LANES = 50;
const SIDE_GUTTER = 56;
const LANE = 17;
const LEGEND = 28;
const LEAST_CARD = 166;
const GREATEST_CARD = 300;
const ADMIN_HEIGHT = 40;

export function layoutStage(input: StageInput): StageLayout {
  return input.width < PHONE_WIDTH ? layoutPhone(input) : layoutWide(input);
}

/** Where the columns, rows and cards of a wide stage are. */
interface Grid {
  readonly columns: number;
  readonly rowCount: number;
  readonly gap: number;
  readonly cardWidth: number;
  readonly x: number;
}

function layoutWide(input: StageInput): StageLayout {
  const sideWidth = input.width >= 1000 ? 124 : 108;
  const middle = { x: MARGIN + sideWidth + SIDE_GUTTER, width: input.width - 2 * (MARGIN + sideWidth + SIDE_GUTTER) };
  const grid = layoutGrid(input.brokers.length, middle);
  const top = STRIP_TOP + STRIP_HEIGHT + TOP_LANES;
  const laneCount = lanesNeeded(input, grid);
  const laneHeight = 14 + laneCount.total * LANE;
  const cardHeight = Math.floor((input.height - top - LEGEND - grid.rowCount * laneHeight) / grid.rowCount);
  const card = layoutCard({ width: grid.cardWidth, height: cardHeight, partitions: input.partitions, focus: input.focus });
  const cards = input.brokers.map((broker, i) => {
    const row = Math.floor(i / grid.columns);
    const column = i % grid.columns;
    return {
      ...broker,
      row,
      column,
      x: grid.x + column * (grid.cardWidth + grid.gap),
      y: top + row * (cardHeight + laneHeight),
      width: grid.cardWidth,
      height: cardHeight,
    };
  });
  const span = grid.columns * grid.cardWidth + (grid.columns - 1) * grid.gap;
  const strip = layoutStrip({ x: grid.x, width: span, servers: input.servers, middle });
  const sideRoom = { y: top + 36, height: grid.rowCount * (cardHeight + laneHeight) - laneHeight - 36 };
  const adminRoom = input.admins.length * (ADMIN_HEIGHT + 10);
  const left = layoutColumn(input.producers, { x: MARGIN, width: sideWidth, y: sideRoom.y, height: sideRoom.height - adminRoom });
  return {
    form: 'wide',
    width: input.width,
    height: input.height,
    ...strip,
    cards,
    card,
    rowCount: grid.rowCount,
    gap: grid.gap,
    left,
    right: layoutColumn(input.consumers, { x: input.width - MARGIN - sideWidth, width: sideWidth, ...sideRoom }),
    admins: input.admins.map((host, i) => ({
      host,
      x: MARGIN,
      width: sideWidth,
      height: ADMIN_HEIGHT,
      y: left.add.y + left.add.height + 16 + i * (ADMIN_HEIGHT + 10),
    })),
    ensembleLaneY: STRIP_TOP - 13,
    controlLaneY: top - 15,
    sessionTextY: STRIP_TOP + STRIP_HEIGHT + 17,
    lanes: rowsOfLanes({ count: laneCount, rowCount: grid.rowCount, top, cardHeight, laneHeight }),
    legend: { x: grid.x, y: input.height - LEGEND, width: input.width - grid.x - MARGIN, height: LEGEND },
  };
}

function layoutGrid(count: number, middle: { readonly x: number; readonly width: number }): Grid {
  const brokers = Math.max(1, count);
  const oneRow = gridOf(brokers, 1, middle);
  const grid = oneRow.cardWidth >= LEAST_CARD || brokers < 4 ? oneRow : gridOf(Math.ceil(brokers / 2), 2, middle);
  const span = grid.columns * grid.cardWidth + (grid.columns - 1) * grid.gap;
  return { ...grid, x: Math.round(middle.x + Math.max(0, (middle.width - span) / 2)) };
}

function gridOf(columns: number, rowCount: number, middle: { readonly x: number; readonly width: number }): Grid {
  const gap = columns <= 3 ? clamp(Math.floor(middle.width / 13), 34, 78) : 44;
  const cardWidth = Math.min(GREATEST_CARD, Math.floor((middle.width - gap * (columns - 1)) / columns));
  return { columns, rowCount, gap: columns > 1 ? gap : 0, cardWidth, x: middle.x };
}

interface LaneCount {
  readonly consumers: number;
  readonly producers: number;
  readonly brokers: number;
  readonly total: number;
}

function lanesNeeded(input: StageInput, grid: Grid): LaneCount {
  const lanesEach = grid.rowCount > 1 ? 1 : 2;
  const consumers = Math.min(lanesEach, Math.max(1, input.consumers.length));
  const producers = Math.min(lanesEach, Math.max(1, input.producers.length));
  const brokers = grid.rowCount > 1 ? 1 : grid.columns > 3 ? 2 : grid.columns > 2 ? 1 : 0;
  return { consumers, producers, brokers, total: consumers + producers + brokers };
}

function rowsOfLanes(input: { count: LaneCount; rowCount: number; top: number; cardHeight: number; laneHeight: number }): RowLanes[] {
  const { count } = input;
  const rows: RowLanes[] = [];
  for (let row = 0; row < input.rowCount; row++) {
    const first = input.top + row * (input.cardHeight + input.laneHeight) + input.cardHeight + 16;
    const lanes = (from: number, many: number): number[] => Array.from({ length: many }, (_, i) => first + (from + i) * LANE);
    rows.push({
      brokers: lanes(0, count.brokers),
      consumers: lanes(count.brokers, count.consumers),
      producers: lanes(count.brokers + count.consumers, count.producers),
    });
  }
  return rows;
}

const SERVER_WIDTH = 62;
const STRIP_LABEL = 112;
/** The facts of the tree want so much; the strip may reach over the gutters for them. */
const LEAST_TRUTH = 420;

function layoutStrip(input: {
  x: number;
  width: number;
  servers: readonly string[];
  middle: { readonly x: number; readonly width: number };
}): Pick<StageLayout, 'strip' | 'servers' | 'truth'> {
  const serverWidth = input.servers.length > 3 ? 54 : SERVER_WIDTH;
  const least = STRIP_LABEL + input.servers.length * (serverWidth + 6) + LEAST_TRUTH;
  const width = Math.max(input.width, Math.min(least, input.middle.width + 2 * SIDE_GUTTER));
  const x = Math.round(input.x - (width - input.width) / 2);
  const strip = { x, y: STRIP_TOP, width, height: STRIP_HEIGHT };
  const servers = input.servers.map((host, i) => ({ host, x: x + STRIP_LABEL + i * (serverWidth + 6), y: STRIP_TOP + 10, width: serverWidth, height: 34 }));
  const truthX = x + STRIP_LABEL + input.servers.length * (serverWidth + 6) + 14;
  return { strip, servers, truth: { x: truthX, y: STRIP_TOP, width: x + width - 12 - truthX, height: STRIP_HEIGHT } };
}

/** Below the cards of a phone: a lane between brokers, one for consumers, one for producers, and the line of clients. */
const PHONE_LANES = { first: 13, apart: 16, line: 58, lineHeight: 44, height: 108 } as const;
/** Cards come first: where they would be lower than this, the lanes and clients are left out. */
const LEAST_PHONE_CARD = 250;

/** Brokers side by side, the truth in one line above, clients in one line below: less room shows fewer things. */
function layoutPhone(input: StageInput): StageLayout {
  const margin = 12;
  const gap = 9;
  const top = 92;
  const columns = Math.max(1, input.brokers.length <= 3 ? input.brokers.length : Math.ceil(input.brokers.length / 2));
  const rowCount = Math.max(1, Math.ceil(input.brokers.length / columns));
  const width = Math.min(180, Math.floor((input.width - 2 * margin - gap * (columns - 1)) / columns));
  const hasLanes = rowCount === 1 && input.height - top - PHONE_LANES.height >= LEAST_PHONE_CARD;
  const height = Math.floor((input.height - top - (hasLanes ? PHONE_LANES.height : 10) - (rowCount - 1) * gap) / rowCount);
  const start = Math.round((input.width - columns * width - (columns - 1) * gap) / 2);
  const focused = input.partitions.filter((partition) => partition.key === input.focus);
  const strip = { x: margin, y: 10, width: input.width - 2 * margin, height: 40 };
  return {
    form: 'phone',
    width: input.width,
    height: input.height,
    strip,
    servers: [],
    truth: strip,
    cards: input.brokers.map((broker, i) => {
      const row = Math.floor(i / columns);
      const column = i % columns;
      return { ...broker, row, column, x: start + column * (width + gap), y: top + row * (height + gap), width, height };
    }),
    card: phoneCard(layoutCard({ width, height, partitions: focused, focus: input.focus })),
    rowCount,
    gap,
    ...(hasLanes ? phoneClients(input, { top: top + height, margin }) : { left: null, right: null, lanes: [] }),
    admins: [],
    ensembleLaneY: 0,
    controlLaneY: 79,
    sessionTextY: 64,
    legend: null,
  };
}

function phoneClients(input: StageInput, below: { readonly top: number; readonly margin: number }): Pick<StageLayout, 'left' | 'right' | 'lanes'> {
  const lane = (index: number): number[] => [below.top + PHONE_LANES.first + index * PHONE_LANES.apart];
  const half = Math.floor((input.width - 2 * below.margin - PHONE_LANES.apart) / 2);
  const line = { y: below.top + PHONE_LANES.line, width: half, height: PHONE_LANES.lineHeight };
  return {
    left: layoutLine(input.producers, { ...line, x: below.margin }, 'left'),
    right: layoutLine(input.consumers, { ...line, x: input.width - below.margin - half }, 'right'),
    lanes: [{ brokers: lane(0), consumers: lane(1), producers: lane(2) }],
  };
}

/** The card of a phone: name, crown, tank, belief. */
function phoneCard(card: CardLayout): CardLayout {
  const tankTop = 64;
  const below = 92;
  const tankHeight = Math.max(40, card.height - tankTop - below);
  return {
    ...card,
    density: 'compact',
    tankTop,
    tankHeight,
    rows: clamp(Math.floor(tankHeight / 20), 3, 14),
    slots: card.slots.map((slot) => ({ ...slot, top: tankTop, height: tankHeight })),
    beliefTop: tankTop + tankHeight + 30,
    beliefHeight: 50,
    diskTop: null,
  };
}
