import type { TraceRecord } from '../../engine/machine/contract.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import type { EventView } from '../view.ts';

/** The list with one record more. What a reload does to every machine at its instant is melted into one event. */
export function withTold(events: readonly EventView[], record: TraceRecord, commands: readonly IssuedCommand[]): readonly EventView[] {
  const { atUs } = record.id;
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
