import type { HostName } from '../../engine/kernel/units.ts';
import type { ToldEvent } from '../view.ts';
import type { Sentence } from './sentence.ts';

/** One template for each event; a missing one is a type error. `host` is where it happened. */
export type Templates = {
  readonly [Type in ToldEvent['type']]: (event: Extract<ToldEvent, { type: Type }>, host: HostName) => Sentence;
};

/** `orders-0`. */
export function partitionName(event: { readonly topic: string; readonly partition: number }): string {
  return `${event.topic}-${event.partition}`;
}

/** The id in a broker's host name, or null for any other machine. */
export function brokerIdOf(host: HostName): number | null {
  const digits = /^b(\d+)$/.exec(host)?.[1];
  return digits === undefined ? null : Number(digits);
}

export function zooKeeperIdOf(host: HostName): number | null {
  const digits = /^zk(\d+)$/.exec(host)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The broker whose registration goes with a session, or null when none does. */
export function registeredBroker(event: { readonly ephemerals: readonly string[] }): number | null {
  for (const path of event.ephemerals) {
    const digits = /^\/brokers\/ids\/(\d+)$/.exec(path)?.[1];
    if (digits !== undefined) return Number(digits);
  }
  return null;
}

/** So many machines are named in a sentence; of more only their number is told. */
export const GREATEST_NAMED = 4;

/** `1, 2, 3`; an empty list as given. */
export function idList(ids: readonly number[], none: string): string {
  return ids.length === 0 ? none : ids.join(', ');
}

/** Who went and who came between two ISRs. */
export function isrChange(event: { readonly isr: readonly number[]; readonly previousIsr: readonly number[] }): {
  readonly removed: readonly number[];
  readonly added: readonly number[];
} {
  return { removed: event.previousIsr.filter((id) => !event.isr.includes(id)), added: event.isr.filter((id) => !event.previousIsr.includes(id)) };
}

/** `1 to 3` as `1–3`; the end is exclusive. */
export function offsetRange(from: number, end: number): string {
  return end - from <= 1 ? String(from) : `${from}–${end - 1}`;
}

const KIBI = 1024;

/** `640 B`, `3.1 KiB`. */
export function byteSize(bytes: number): string {
  if (bytes < KIBI) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB'];
  let value = bytes / KIBI;
  let unit = 0;
  while (value >= KIBI && unit < units.length - 1) {
    value /= KIBI;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit] ?? ''}`;
}
