/** A text that would like to stand centred somewhere along a line. */
export interface Wish {
  readonly centre: number;
  readonly width: number;
}

/**
 * Places for texts side by side in one line, as near to their wishes as can be without touching. Where the line is too short,
 * all become narrower alike; the caller cuts the text.
 */
export function spreadAlong(wishes: readonly Wish[], line: { readonly from: number; readonly to: number; readonly gap: number }): Wish[] {
  const room = line.to - line.from - line.gap * Math.max(0, wishes.length - 1);
  const wanted = wishes.reduce((sum, wish) => sum + wish.width, 0);
  const scale = wanted > room ? Math.max(0, room) / wanted : 1;
  const placed = wishes.map((wish) => ({ centre: wish.centre, width: wish.width * scale }));
  let edge = line.from;
  for (const item of placed) {
    item.centre = Math.max(item.centre, edge + item.width / 2);
    edge = item.centre + item.width / 2 + line.gap;
  }
  edge = line.to;
  for (let i = placed.length - 1; i >= 0; i--) {
    const item = placed[i];
    if (item === undefined) continue;
    item.centre = Math.min(item.centre, edge - item.width / 2);
    edge = item.centre - item.width / 2 - line.gap;
  }
  return placed;
}
