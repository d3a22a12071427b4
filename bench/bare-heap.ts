import { EVENT_CLASS, type MachineEvent } from '../src/engine/machine/contract.ts';
import { newEventHeap, peekEvent, popEvent, pushEvent, type EventHeap } from '../src/engine/machine/event-heap.ts';

/** About as many events wait in the heaps of the cluster that is measured. */
const WAITING = 128;

/**
 * The least that any simulation does: takes the earliest event and puts another in its place. A step of the engine is told in
 * multiples of one of its events, so that the number means the same on every machine.
 */
export function newBareHeap(): EventHeap {
  const heap = newEventHeap();
  for (let i = 0; i < WAITING; i++) pushEvent(heap, eventAt(i * 37, i));
  return heap;
}

export function turnHeap(heap: EventHeap, eventCount: number): void {
  for (let i = 0; i < eventCount; i++) {
    const event = popEvent(heap);
    if (event === undefined) throw new Error('the heap ran dry');
    pushEvent(heap, eventAt(event.atUs + 1 + ((event.sequence * 7919) % 4093), event.sequence + 1));
  }
  if (peekEvent(heap) === undefined) throw new Error('the heap ran dry');
}

function eventAt(atUs: number, sequence: number): MachineEvent {
  return { atUs, class: EVENT_CLASS.timer, source: sequence % 9, sequence, input: { type: 'writeBack', boot: sequence } };
}
