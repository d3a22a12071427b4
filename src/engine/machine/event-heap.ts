import type { MachineEvent } from './contract.ts';

/** A binary heap of one machine's future events, ordered by (time, class, source, sequence). Mutable; copied at a checkpoint. */
export interface EventHeap {
  readonly items: MachineEvent[];
}

export function newEventHeap(items: readonly MachineEvent[] = []): EventHeap {
  return { items: items.slice() };
}

export function before(a: MachineEvent, b: MachineEvent): boolean {
  if (a.atUs !== b.atUs) return a.atUs < b.atUs;
  if (a.class !== b.class) return a.class < b.class;
  if (a.source !== b.source) return a.source < b.source;
  return a.sequence < b.sequence;
}

export function pushEvent(heap: EventHeap, event: MachineEvent): void {
  const items = heap.items;
  let at = items.length;
  items.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = items[parent];
    if (above === undefined || !before(event, above)) break;
    items[at] = above;
    at = parent;
  }
  items[at] = event;
}

export function peekEvent(heap: EventHeap): MachineEvent | undefined {
  return heap.items[0];
}

export function popEvent(heap: EventHeap): MachineEvent | undefined {
  const items = heap.items;
  const first = items[0];
  const last = items.pop();
  if (first === undefined || last === undefined || items.length === 0) return first;
  sink(items, last);
  return first;
}

/** Places `event` at the root and lets it sink. */
function sink(items: MachineEvent[], event: MachineEvent): void {
  const length = items.length;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= length) break;
    const left = items[child] as MachineEvent;
    const right = items[child + 1];
    let least = left;
    if (right !== undefined && before(right, left)) {
      least = right;
      child += 1;
    }
    if (!before(least, event)) break;
    items[at] = least;
    at = child;
  }
  items[at] = event;
}
