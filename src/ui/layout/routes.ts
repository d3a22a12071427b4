import type { MessageKind } from '../../projection/view.ts';
import { bottomOf, rightOf, type Point, type Rect } from './geometry.ts';
import type { PlacedCard, StageLayout } from './stage-layout.ts';
import { reversed, trackThrough, type Track } from './track.ts';

/** A way from one machine to another, and where a tag may stand on it. */
export interface Route {
  readonly track: Track;
  /** `above`: the way is short, so the tag stands over it; `beside`: before or behind the packet, in its lane. */
  readonly tag: 'above' | 'beside' | 'none';
  /** Tags stay within. */
  readonly tagRoom: Rect | null;
}

const TAG_HEIGHT = 18;
const LEAST_GUTTER_FOR_TAGS = 44;
/** A card keeps its edge free of text, so a tag may reach a little over it. */
const CARD_EDGE = 7;

/** The way a message of that kind takes, or null when the stage does not show it. */
export function routeOf(layout: StageLayout, from: string, to: string, kind: MessageKind): Route | null {
  const cardFrom = cardOf(layout, from);
  const cardTo = cardOf(layout, to);
  if (cardFrom !== null && cardTo !== null)
    return kind === 'control' || kind === 'zk' ? controlRoute(layout, cardFrom, cardTo) : replicationRoute(layout, cardFrom, cardTo);
  const serverFrom = isServer(layout, from);
  const serverTo = isServer(layout, to);
  if (serverFrom && serverTo) return ensembleRoute(layout, from, to);
  if (cardFrom !== null && serverTo) return sessionRoute(layout, cardFrom, 'up');
  if (cardTo !== null && serverFrom) return sessionRoute(layout, cardTo, 'down');
  if (cardTo !== null) return clientRoute(layout, from, cardTo);
  if (cardFrom !== null) return backwards(clientRoute(layout, to, cardFrom));
  return null;
}

export function cardOf(layout: StageLayout, host: string): PlacedCard | null {
  return layout.cards.find((card) => card.host === host) ?? null;
}

/** On a phone single servers are not drawn, and the strip stands for them all. */
function isServer(layout: StageLayout, host: string): boolean {
  return layout.servers.some((server) => server.host === host) || (layout.form === 'phone' && host.startsWith('zk'));
}

function backwards(route: Route | null): Route | null {
  return route === null ? null : { ...route, track: reversed(route.track) };
}

/** Nothing but tracks is drawn in a lane, so a tag may stand anywhere along it, also where its own way has turned off. */
function laneRoute(layout: StageLayout, corners: readonly Point[], laneY: number): Route {
  const xs = [...corners.map((corner) => corner.x), ...layout.cards.flatMap((card) => [card.x, rightOf(card)])];
  const left = Math.min(...xs);
  return { track: trackThrough(corners), tag: 'beside', tagRoom: { x: left, y: laneY - TAG_HEIGHT / 2, width: Math.max(...xs) - left, height: TAG_HEIGHT } };
}

/** A phone has no room between its cards, so that all go below. Neighbours speak across their gutter, a lane for each direction; the others through the lanes below their row. */
function replicationRoute(layout: StageLayout, from: PlacedCard, to: PlacedCard): Route | null {
  if (layout.form === 'phone' && layout.lanes.length === 0) return null;
  if (layout.form === 'wide' && from.row === to.row && Math.abs(from.column - to.column) === 1) return gutterRoute(layout, from, to);
  const upper = Math.min(from.row, to.row);
  const lanes = layout.lanes[upper]?.brokers ?? [];
  const laneY = lanes[from.brokerId < to.brokerId ? 0 : lanes.length - 1];
  if (laneY === undefined) return null;
  const portOut = { x: Math.round(from.x + from.width * 0.42), y: from.row > upper ? from.y : bottomOf(from) };
  const portIn = { x: Math.round(to.x + to.width * 0.58), y: to.row > upper ? to.y : bottomOf(to) };
  return laneRoute(layout, [portOut, { x: portOut.x, y: laneY }, { x: portIn.x, y: laneY }, portIn], laneY);
}

/** Heights of the two gutter lanes, as shares of the tanks' height. */
const GUTTER_RIGHTWARDS = 0.34;
const GUTTER_LEFTWARDS = 0.6;

function gutterRoute(layout: StageLayout, from: PlacedCard, to: PlacedCard): Route {
  const rightwards = from.x < to.x;
  const y = gutterY(layout, from, rightwards);
  const start = { x: rightwards ? rightOf(from) : from.x, y };
  const end = { x: rightwards ? to.x : rightOf(to), y };
  const left = Math.min(start.x, end.x);
  const room = { x: left - CARD_EDGE, y: y - TAG_HEIGHT - 9, width: layout.gap + 2 * CARD_EDGE, height: TAG_HEIGHT };
  return { track: trackThrough([start, end]), tag: layout.gap >= LEAST_GUTTER_FOR_TAGS ? 'above' : 'none', tagRoom: room };
}

export function gutterY(layout: StageLayout, card: PlacedCard, rightwards: boolean): number {
  return Math.round(card.y + layout.card.tankTop + layout.card.tankHeight * (rightwards ? GUTTER_RIGHTWARDS : GUTTER_LEFTWARDS));
}

/** The controller speaks through the lane above the brokers, or, to the second row, through the lanes above that. */
function controlRoute(layout: StageLayout, from: PlacedCard, to: PlacedCard): Route | null {
  const out = Math.round(from.x + from.width * (from.brokerId < to.brokerId ? 0.7 : 0.5));
  const into = Math.round(to.x + to.width * (from.brokerId < to.brokerId ? 0.5 : 0.7));
  const lower = Math.max(from.row, to.row);
  const laneY = lower === 0 ? layout.controlLaneY : layout.lanes[lower - 1]?.brokers[0];
  if (laneY === undefined) return null;
  const start = { x: out, y: from.row < lower ? bottomOf(from) : from.y };
  const end = { x: into, y: to.row < lower ? bottomOf(to) : to.y };
  return laneRoute(layout, [start, { x: out, y: laneY }, { x: into, y: laneY }, end], laneY);
}

/** A broker's session stands straight between it and the strip; from the second row it goes round through the gutter. */
export function sessionRoute(layout: StageLayout, card: PlacedCard, direction: 'up' | 'down'): Route {
  const corners = sessionCorners(layout, card);
  const track = trackThrough(direction === 'up' ? corners.slice().reverse() : corners);
  return { track, tag: 'none', tagRoom: null };
}

function sessionCorners(layout: StageLayout, card: PlacedCard): Point[] {
  const top = bottomOf(layout.strip);
  const x = Math.round(card.x + (layout.form === 'phone' ? 30 : 24));
  if (card.row === 0)
    return [
      { x, y: top },
      { x, y: card.y },
    ];
  const isPhone = layout.form === 'phone';
  const channel = Math.round(card.column === 0 ? card.x - (isPhone ? 5 : 12) : card.x - layout.gap / 2);
  const laneY = card.y - (isPhone ? 5 : 10);
  return [
    { x: channel, y: top },
    { x: channel, y: laneY },
    { x, y: laneY },
    { x, y: card.y },
  ];
}

function ensembleRoute(layout: StageLayout, from: string, to: string): Route | null {
  const start = layout.servers.find((server) => server.host === from);
  const end = layout.servers.find((server) => server.host === to);
  if (start === undefined || end === undefined) return null;
  const rightwards = start.x < end.x;
  const out = start.x + start.width * (rightwards ? 0.62 : 0.38);
  const into = end.x + end.width * (rightwards ? 0.38 : 0.62);
  const y = layout.ensembleLaneY + (rightwards ? 0 : 5);
  return {
    track: trackThrough([
      { x: out, y: layout.strip.y },
      { x: out, y },
      { x: into, y },
      { x: into, y: layout.strip.y },
    ]),
    tag: 'none',
    tagRoom: null,
  };
}

/** Clients reach a broker through a channel beside their column and their lane below the broker's row. */
function clientRoute(layout: StageLayout, host: string, to: PlacedCard): Route | null {
  const producer = layout.left?.boxes.findIndex((box) => box.host === host) ?? -1;
  const producerBox = layout.left?.boxes[producer];
  const lanes = layout.lanes[to.row];
  if (lanes === undefined || layout.left === null || layout.right === null) return null;
  if (layout.form === 'phone') return lineRoute(layout, host, to);
  if (producerBox !== undefined) return leftRoute(layout, { box: producerBox, lane: producer % lanes.producers.length }, to);
  const admin = layout.admins.find((box) => box.host === host);
  if (admin !== undefined) return leftRoute(layout, { box: admin, lane: lanes.producers.length - 1 }, to);
  const consumer = layout.right.boxes.findIndex((box) => box.host === host);
  const consumerBox = layout.right.boxes[consumer];
  return consumerBox === undefined ? null : rightRoute(layout, { box: consumerBox, lane: consumer % lanes.consumers.length }, to);
}

/** On a phone clients stand in a line below the lanes, and their ways go straight up into them. */
function lineRoute(layout: StageLayout, host: string, to: PlacedCard): Route | null {
  const producer = layout.left?.boxes.find((box) => box.host === host);
  const box = producer ?? layout.right?.boxes.find((other) => other.host === host);
  const lanes = layout.lanes[to.row];
  const laneY = producer === undefined ? lanes?.consumers[0] : lanes?.producers[0];
  if (box === undefined || laneY === undefined) return null;
  const start = clientPort(box, 'top');
  const port = { x: Math.round(to.x + to.width * (producer === undefined ? 0.8 : 0.24)), y: bottomOf(to) };
  return laneRoute(layout, [start, { x: start.x, y: laneY }, { x: port.x, y: laneY }, port], laneY);
}

interface Seat {
  readonly box: Rect;
  readonly lane: number;
}

/** Upper boxes take the inner channel and the upper lane, so that their ways lie inside one another and do not cross. */
function leftRoute(layout: StageLayout, seat: Seat, to: PlacedCard): Route | null {
  const lanes = layout.lanes[to.row]?.producers ?? [];
  const laneY = lanes[seat.lane];
  if (laneY === undefined) return null;
  const start = clientPort(seat.box, 'right');
  const channel = start.x + 14 + (lanes.length - 1 - seat.lane) * 14;
  const port = { x: Math.round(to.x + to.width * 0.24) + seat.lane * 10, y: bottomOf(to) };
  return laneRoute(layout, [start, { x: channel, y: start.y }, { x: channel, y: laneY }, { x: port.x, y: laneY }, port], laneY);
}

function rightRoute(layout: StageLayout, seat: Seat, to: PlacedCard): Route | null {
  const lanes = layout.lanes[to.row]?.consumers ?? [];
  const laneY = lanes[seat.lane];
  if (laneY === undefined) return null;
  const start = clientPort(seat.box, 'left');
  const channel = start.x - 14 - (lanes.length - 1 - seat.lane) * 14;
  const port = { x: Math.round(to.x + to.width * 0.8) - seat.lane * 10, y: bottomOf(to) };
  return laneRoute(layout, [start, { x: channel, y: start.y }, { x: channel, y: laneY }, { x: port.x, y: laneY }, port], laneY);
}

export function clientPort(box: Rect, side: 'left' | 'right' | 'top'): Point {
  if (side === 'top') return { x: Math.round(box.x + box.width / 2), y: box.y };
  return { x: side === 'right' ? rightOf(box) : box.x, y: Math.round(box.y + Math.min(box.height / 2, 64)) };
}
