import type { TraceRecord } from '../../engine/machine/contract.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import type { EventView } from '../view.ts';

/** The list with one record more. What one press does to many machines at its instant is melted into one event. */
export function withTold(events: readonly EventView[], record: TraceRecord, commands: readonly IssuedCommand[]): readonly EventView[] {
  const { atUs } = record.id;
  const cables = cablesOf(record, commands);
  if (cables !== null)
    return events.some((told) => told.event.type === cables.event.type && told.atUs === atUs && told.host === cables.host)
      ? events
      : [...events, { id: events.length, atUs, ...cables }];
  if (!isOfReload(record, commands)) return [...events, { id: events.length, atUs, host: record.host, event: record.event }];
  const lostBytes = record.event.type === 'PoweredOff' ? record.event.lostBytes : 0;
  const at = events.findLastIndex((told) => told.event.type === 'SiteReloaded' && told.atUs === atUs);
  const before = events[at]?.event;
  if (before?.type !== 'SiteReloaded') return [...events, { id: events.length, atUs, host: record.host, event: { type: 'SiteReloaded', lostBytes } }];
  return lostBytes === 0 ? events : events.map((told, i) => (i === at ? { ...told, event: { ...before, lostBytes: before.lostBytes + lostBytes } } : told));
}

function isOfReload(record: TraceRecord, commands: readonly IssuedCommand[]): boolean {
  const { type } = record.event;
  if (type !== 'PoweredOff' && type !== 'PoweredOn' && type !== 'ProcessStarting') return false;
  return commands.some((issued) => issued.command.type === 'siteReload' && issued.atUs === record.id.atUs);
}

/** The event that stands for all the cables of one machine, when `record` is of one of several that were cut or healed together. */
function cablesOf({ id, host, event }: TraceRecord, commands: readonly IssuedCommand[]): Pick<EventView, 'host' | 'event'> | null {
  if (event.type !== 'LinkCut' && event.type !== 'LinkHealed') return null;
  const type = event.type === 'LinkCut' ? 'cutLink' : 'healLink';
  for (const centre of [host, event.to]) {
    const peers: string[] = [];
    for (let i = commands.length - 1; i >= 0; i--) {
      const issued = commands[i];
      if (issued === undefined || issued.atUs < id.atUs) break;
      if (issued.atUs === id.atUs && issued.command.type === type && issued.command.from === centre) peers.unshift(issued.command.to);
    }
    if (peers.length > 1) return { host: centre, event: { type: event.type === 'LinkCut' ? 'LinksCut' : 'LinksHealed', peers } };
  }
  return null;
}
