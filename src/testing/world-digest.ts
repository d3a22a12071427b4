import { avalanche, hashString, mixA } from '../engine/kernel/hash.ts';
import { before } from '../engine/machine/event-heap.ts';
import type { World } from '../engine/world/world-state.ts';

/** States are immutable and share most of themselves with the ones before: what was hashed once is looked up. */
const known = new WeakMap<object, number>();

/** A hash of each machine's whole state and future events, by rank. Where bytes lie in an arena does not count, what they are does. */
export function worldDigest(world: World): string {
  return world.runners
    .map((runner) => `${hex(digestOf(runner.state))}${hex(digestOf(runner.heap.items.slice().sort((a, b) => (before(a, b) ? -1 : 1))))}`)
    .join(' ');
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** Structure and content of plain data, with its keys in order of their names. */
export function digestOf(value: unknown): number {
  if (typeof value === 'string') return hashString(value);
  if (typeof value === 'number') return hashString(Object.is(value, -0) ? '-0' : String(value)) ^ 1;
  if (typeof value !== 'object' || value === null) return hashString(typeof value === 'bigint' ? `${value}n` : `<${String(value)}>`);
  const hashed = known.get(value);
  if (hashed !== undefined) return hashed;
  const digest = avalanche(digestOfObject(value));
  known.set(value, digest);
  return digest;
}

function digestOfObject(value: object): number {
  let digest: number;
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    digest = mixA(hashString(value.constructor.name), bytes.length);
    for (const byte of bytes) digest = mixA(digest, byte);
  } else if (Array.isArray(value)) {
    digest = value.length;
    for (const item of value as unknown[]) digest = mixA(digest, digestOf(item));
  } else {
    digest = 0x2545f491;
    for (const [key, item] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      if (item !== undefined) digest = mixA(mixA(digest, hashString(key)), digestOf(item));
  }
  return digest;
}
