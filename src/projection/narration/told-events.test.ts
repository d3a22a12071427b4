import { describe, expect, test } from 'vitest';
import type { TraceRecord } from '../../engine/machine/contract.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import type { EventView, TraceEvent } from '../view.ts';
import { narrate } from './narrate.ts';
import { plainText } from './sentence.ts';
import { withTold } from './told-events.ts';

const RELOAD: IssuedCommand = { id: 1, atUs: 5000, command: { type: 'siteReload', flushSequences: {} } };

function record(atUs: number, host: string, event: TraceEvent): TraceRecord {
  return { id: { atUs, machine: 0, step: 0 }, host, event };
}

function tell(records: readonly TraceRecord[], commands: readonly IssuedCommand[]): readonly EventView[] {
  return records.reduce<readonly EventView[]>((events, one) => withTold(events, one, commands), []);
}

const CUTS = ['b1', 'b2', 'producer-1'].flatMap((host, i) => [
  record(5000, host, { type: 'PoweredOff', lostBytes: i * 100, lostFiles: [], tornFiles: [] }),
  record(5000, host, { type: 'PoweredOn' }),
  record(5000, host, { type: 'ProcessStarting', incarnation: 2 }),
]);

describe('a machine that is isolated by one press', () => {
  const commands = ['zk1', 'b2', 'producer-1'].map((to, id): IssuedCommand => ({ id, atUs: 7000, command: { type: 'cutLink', from: 'b1', to } }));
  const ends = commands.flatMap(({ command }) =>
    command.type === 'cutLink' ? [record(7000, 'b1', { type: 'LinkCut', to: command.to }), record(7000, command.to, { type: 'LinkCut', to: 'b1' })] : [],
  );

  test('[R8] is told once, by its own name', () => {
    const events = tell(ends, commands);
    expect(events).toMatchObject([{ id: 0, host: 'b1', event: { type: 'LinksCut', peers: ['zk1', 'b2', 'producer-1'] } }]);
    expect(plainText(narrate('en', events[0] as EventView))).toBe('Broker 1 is cut off from zk1, broker 2 and producer-1: neither side hears of the other.');
    expect(plainText(narrate('ko', events[0] as EventView))).toContain('브로커 1과 zk1, 브로커 2, producer-1 사이의 선이 모두 끊겼습니다');
  });

  test('[R8] a single cable is told of itself', () => {
    expect(tell(ends.slice(0, 1), commands.slice(0, 1)).map((told) => told.event.type)).toEqual(['LinkCut']);
  });
});

describe('a reload of the tab', () => {
  test('[R7] is told once for all machines, with what they lost together', () => {
    const events = tell([...CUTS, record(5001, 'b1', { type: 'ProcessStarting', incarnation: 3 })], [RELOAD]);
    expect(events.map((told) => told.event.type)).toEqual(['SiteReloaded', 'ProcessStarting']);
    expect(events.map((told) => told.id)).toEqual([0, 1]);
    expect(plainText(narrate('en', events[0] as EventView))).toBe(
      'The tab was reloaded: a power cut of the whole site. 300 B that were only in page caches are gone; every machine starts again from what IndexedDB held.',
    );
    expect(plainText(narrate('ko', events[0] as EventView))).toContain('300 B는 사라졌습니다');
  });

  test('[R7] a single power cut is told of its machine', () => {
    expect(tell(CUTS.slice(0, 3), []).map((told) => told.event.type)).toEqual(['PoweredOff', 'PoweredOn', 'ProcessStarting']);
  });
});
