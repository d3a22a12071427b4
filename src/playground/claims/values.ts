import type { Bounds, EventPattern, PatternValue } from '../../engine/world/claim.ts';
import type { TraceRecord } from '../../engine/machine/contract.ts';

export function inBounds(value: number, bounds: Bounds): boolean {
  return value >= (bounds.atLeast ?? -Infinity) && value <= (bounds.atMost ?? Infinity);
}

/** `1, 2, 3`, or a dash for nothing. */
export function listOf(items: readonly (string | number)[]): string {
  return items.length === 0 ? '–' : items.join(', ');
}

/** True when the event is of this type and every field named is as asked; a list field may be asked for one of its items. */
export function matches(record: TraceRecord, pattern: EventPattern): boolean {
  if (record.event.type !== pattern.event) return false;
  const fields: Readonly<Record<string, unknown>> = { host: record.host, ...record.event };
  return Object.entries(pattern.where ?? {}).every(([name, value]) => fieldMatches(fields[name], value));
}

function fieldMatches(field: unknown, asked: PatternValue): boolean {
  if (!Array.isArray(field)) return field === asked;
  if (typeof asked === 'object') return field.length === asked.length && asked.every((item, i) => item === field[i]);
  return field.includes(asked);
}

/** `LeaderElected (topic=orders, leader=2)`. */
export function patternText(pattern: EventPattern): string {
  const fields = Object.entries(pattern.where ?? {}).map(([name, value]) => `${name}=${typeof value === 'object' ? `[${value.join(', ')}]` : value}`);
  return fields.length === 0 ? pattern.event : `${pattern.event} (${fields.join(', ')})`;
}
