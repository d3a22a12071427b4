import type { MessageKind, MessageView } from '../../projection/view.ts';
import type { Measure } from '../layout/text-measure.ts';
import type { Rect } from '../layout/geometry.ts';
import { routeOf, type Route } from '../layout/routes.ts';
import type { StageLayout } from '../layout/stage-layout.ts';
import { placeTags, type PlacedTag, type TagPlace, type TagWish } from '../layout/tag-placement.ts';
import { pointAlong, progressOf, stretchOf } from '../layout/track.ts';
import type { Point } from '../layout/geometry.ts';

/** The colours of packets, read from the tokens when the theme changes. */
export interface PacketColors {
  readonly produce: string;
  readonly fetch: string;
  readonly control: string;
  readonly dead: string;
  readonly ground: string;
  readonly tag: string;
}

/** A message as it is drawn in one frame. */
export interface DrawnPacket {
  readonly message: MessageView;
  readonly route: Route;
  readonly at: Point;
  /** Pixels from the start of its way. */
  readonly along: number;
}

/** What waits for a cut cable stands before the mark of the cut, which is in the middle. */
const HELD_AT = 0.25;

/** Where each message is at `nowUs`; those that are not under way then, or whose way is not shown, are left out. */
export function packetsAt(input: { layout: StageLayout; messages: readonly MessageView[]; nowUs: number; routes: RouteCache; still: boolean }): DrawnPacket[] {
  const drawn: DrawnPacket[] = [];
  for (const message of input.messages) {
    if (!message.held && (input.nowUs < message.sentUs || input.nowUs >= message.arrivesUs)) continue;
    const route = input.routes.get(message);
    if (route === null) continue;
    const progress = message.held ? HELD_AT : input.still ? 0.5 : progressOf(message, input.nowUs);
    const along = progress * route.track.length;
    drawn.push({ message, route, along, at: pointAlong(route.track, along) });
  }
  return drawn;
}

/** Ways depend on the layout alone, so they are computed once for each pair and kind. */
export interface RouteCache {
  get(message: Pick<MessageView, 'from' | 'to' | 'kind'>): Route | null;
}

export function routeCache(layout: StageLayout): RouteCache {
  const known = new Map<string, Route | null>();
  return {
    get: (message) => {
      const key = `${message.from} ${message.to} ${message.kind}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const route = routeOf(layout, message.from, message.to, message.kind);
      known.set(key, route);
      return route;
    },
  };
}

const WEIGHTS: Readonly<Record<MessageKind, number>> = { control: 5, data: 4, produce: 3, fetch: 2, zk: 0 };
const TAG_PAD = 14;
const TAG_TEXT = { size: 11, bold: true } as const;

/** Tags for the packets of a frame; `before` remembers where each stood. */
export function tagsFor(packets: readonly DrawnPacket[], before: ReadonlyMap<number, TagPlace>, measure: Measure): PlacedTag[] {
  const wishes: TagWish[] = packets
    .filter((packet) => packet.message.kind !== 'zk' && packet.message.label !== '')
    .map((packet) => ({
      id: packet.message.id,
      at: packet.at,
      width: measure(packet.message.label, TAG_TEXT) + TAG_PAD,
      tag: packet.route.tag,
      room: packet.route.tagRoom,
      weight: WEIGHTS[packet.message.kind],
      before: before.get(packet.message.id),
    }));
  return placeTags(wishes);
}

const TAIL_PIXELS = 46;
const TAIL_STEPS = 5;

export function paintPacket(context: CanvasRenderingContext2D, packet: DrawnPacket, colors: PacketColors, still: boolean): void {
  const color = packet.message.held ? colors.dead : colorOf(packet.message.kind, colors);
  if (!still && !packet.message.held) paintTail(context, packet, color);
  paintShape(context, { kind: packet.message.kind, at: packet.at, color, ground: colors.ground });
}

/** The tail points where it came from, thinner and fainter with distance. */
function paintTail(context: CanvasRenderingContext2D, packet: DrawnPacket, color: string): void {
  const tail = Math.min(TAIL_PIXELS, packet.along);
  context.strokeStyle = color;
  context.lineCap = 'round';
  for (let step = 0; step < TAIL_STEPS; step++) {
    const from = packet.along - tail + (tail * step) / TAIL_STEPS;
    const points = stretchOf(packet.route.track, from, from + tail / TAIL_STEPS);
    context.globalAlpha = 0.1 + step * 0.17;
    context.lineWidth = 1 + step * 0.55;
    context.beginPath();
    points.forEach((point, i) => (i === 0 ? context.moveTo(point.x, point.y) : context.lineTo(point.x, point.y)));
    context.stroke();
  }
  context.globalAlpha = 1;
}

function paintShape(context: CanvasRenderingContext2D, packet: { kind: MessageKind; at: Point; color: string; ground: string }): void {
  const { x, y } = packet.at;
  context.beginPath();
  switch (packet.kind) {
    case 'fetch':
      context.arc(x, y, 4.8, 0, Math.PI * 2);
      context.fillStyle = packet.ground;
      context.fill();
      context.strokeStyle = packet.color;
      context.lineWidth = 2.4;
      context.stroke();
      return;
    case 'produce':
      context.arc(x, y, 5.5, 0, Math.PI * 2);
      break;
    case 'data':
      context.moveTo(x, y - 6.4);
      context.bezierCurveTo(x + 2.2, y - 3.4, x + 4.2, y - 1.2, x + 4.2, y + 1.4);
      context.arc(x, y + 1.4, 4.2, 0, Math.PI);
      context.bezierCurveTo(x - 4.2, y - 1.2, x - 2.2, y - 3.4, x, y - 6.4);
      break;
    case 'control':
      context.moveTo(x, y - 7);
      context.lineTo(x + 7, y);
      context.lineTo(x, y + 7);
      context.lineTo(x - 7, y);
      context.closePath();
      break;
    default:
      context.roundRect(x - 4, y - 4, 8, 8, 1.5);
  }
  context.fillStyle = packet.color;
  context.fill();
  context.strokeStyle = packet.ground;
  context.lineWidth = 1.5;
  context.stroke();
}

export function paintTag(context: CanvasRenderingContext2D, input: { tag: PlacedTag; message: MessageView; colors: PacketColors }): void {
  const { rect } = input.tag;
  const color = input.message.held ? input.colors.dead : colorOf(input.message.kind, input.colors);
  context.beginPath();
  context.roundRect(rect.x, rect.y, rect.width, rect.height, 9);
  context.fillStyle = input.colors.tag;
  context.fill();
  context.strokeStyle = color;
  context.lineWidth = 1.2;
  context.stroke();
  context.fillStyle = color;
  context.fillText(input.message.label, rect.x + TAG_PAD / 2, rect.y + 13);
}

function colorOf(kind: MessageKind, colors: PacketColors): string {
  if (kind === 'produce') return colors.produce;
  return kind === 'fetch' || kind === 'data' ? colors.fetch : colors.control;
}

const REACH = 12;

/** The packet under a point, the nearest first; for a press. */
export function packetUnder(packets: readonly DrawnPacket[], tags: readonly PlacedTag[], at: Point): MessageView | null {
  const tagged = tags.find((tag) => holds(tag.rect, at));
  if (tagged !== undefined) return packets.find((packet) => packet.message.id === tagged.id)?.message ?? null;
  let nearest: DrawnPacket | null = null;
  let least = REACH;
  for (const packet of packets) {
    const distance = Math.hypot(packet.at.x - at.x, packet.at.y - at.y);
    if (distance <= least) {
      least = distance;
      nearest = packet;
    }
  }
  return nearest?.message ?? null;
}

function holds(rect: Rect, at: Point): boolean {
  return at.x >= rect.x && at.x <= rect.x + rect.width && at.y >= rect.y && at.y <= rect.y + rect.height;
}
