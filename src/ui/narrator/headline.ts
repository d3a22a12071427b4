import { importanceOf } from '../../projection/narration/narrate.ts';
import type { EventView } from '../../projection/view.ts';

/** How far back the narrator looks for something about the partition in focus, in virtual time. */
const SAME_MOMENT_US = 60_000;
const SEARCHED_EVENTS = 60;
const AFTERMATH_US = 30_000_000;

/**
 * The event that the narrator tells: the latest headline; of several of one kind in one moment, the one about the partition in
 * focus.
 */
export function headlineOf(events: readonly EventView[], focus: string | null): EventView | null {
  let latest: EventView | null = null;
  const oldest = Math.max(0, events.length - SEARCHED_EVENTS);
  for (let i = events.length - 1; i >= 0; i--) {
    const told = events[i];
    if (told === undefined) break;
    if (latest !== null && (i < oldest || latest.atUs - told.atUs > SAME_MOMENT_US)) break;
    if (importanceOf(told.event) !== 'headline' || isAftermath(events, i)) continue;
    if (latest === null) latest = told;
    if (told.event.type === latest.event.type && isAbout(told, focus)) return told;
  }
  return latest;
}

/** Each broker loses its connection when ZooKeeper loses its majority: the one thing to tell is the majority. */
function isAftermath(events: readonly EventView[], index: number): boolean {
  const told = events[index];
  if (told?.event.type !== 'ZooKeeperSessionLost' || told.event.state !== 'disconnected') return false;
  for (let i = index - 1; i >= 0; i--) {
    const before = events[i];
    if (before === undefined || told.atUs - before.atUs > AFTERMATH_US) return false;
    if (before.event.type === 'ZooKeeperQuorumLost') return true;
    if (before.event.type === 'ZooKeeperLeaderEstablished') return false;
  }
  return false;
}

function isAbout(told: EventView, focus: string | null): boolean {
  return focus !== null && 'topic' in told.event && 'partition' in told.event && `${told.event.topic}-${told.event.partition}` === focus;
}
