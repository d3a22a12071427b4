import { clamp, overlaps, type Point, type Rect } from './geometry.ts';

/** A packet that would like a tag. */
export interface TagWish {
  readonly id: number;
  readonly at: Point;
  readonly width: number;
  readonly tag: 'above' | 'beside' | 'none';
  readonly room: Rect | null;
  /** Greater goes first. */
  readonly weight: number;
  /** The place it had in the last frame, so that it does not jump while that is still free. */
  readonly before: TagPlace | undefined;
}

export type TagPlace = 'above' | 'right' | 'left';

export interface PlacedTag {
  readonly id: number;
  readonly place: TagPlace;
  readonly rect: Rect;
}

export const TAG_HEIGHT = 18;
const BESIDE = 11;

/** Tags in the first place of each that is free. A tag that finds none is left out: it never covers text or another tag. */
export function placeTags(wishes: readonly TagWish[]): PlacedTag[] {
  const placed: PlacedTag[] = [];
  const inOrder = wishes.filter((wish) => wish.tag !== 'none').sort((a, b) => b.weight - a.weight || a.id - b.id);
  for (const wish of inOrder) {
    const place = placesFor(wish).find((candidate) => {
      const rect = rectOf(wish, candidate);
      return (
        rect !== null &&
        placed.every((other) => !overlaps(other.rect, rect, -1)) &&
        inOrder.every((other) => other.id === wish.id || !overlaps(packetRect(other.at), rect, 0))
      );
    });
    const rect = place === undefined ? null : rectOf(wish, place);
    if (place !== undefined && rect !== null) placed.push({ id: wish.id, place, rect });
  }
  return placed;
}

function placesFor(wish: TagWish): TagPlace[] {
  if (wish.tag === 'above') return ['above'];
  const places: TagPlace[] = ['right', 'left'];
  return wish.before === 'left' ? ['left', 'right'] : places;
}

/** Where the tag would stand, or null when it would leave its room. */
function rectOf(wish: TagWish, place: TagPlace): Rect | null {
  const { room, at, width } = wish;
  if (room === null || width > room.width) return null;
  if (place === 'above') return { x: clamp(at.x - width / 2, room.x, room.x + room.width - width), y: room.y, width, height: TAG_HEIGHT };
  if (Math.abs(at.y - (room.y + room.height / 2)) > 2) return null;
  const x = place === 'right' ? at.x + BESIDE : at.x - BESIDE - width;
  return x < room.x || x + width > room.x + room.width ? null : { x, y: at.y - TAG_HEIGHT / 2, width, height: TAG_HEIGHT };
}

function packetRect(at: Point): Rect {
  return { x: at.x - 6, y: at.y - 6, width: 12, height: 12 };
}
