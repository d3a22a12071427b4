/** Two running 32-bit lanes. Only `Math.imul`, so that every engine gives the same bits. */
export interface TraceLanes {
  readonly a: number;
  readonly b: number;
}

export const INITIAL_LANES: TraceLanes = { a: 0x811c9dc5 | 0, b: 0x9e3779b9 | 0 };

/** One lane step: FNV-1a style with a final rotation, over a 32-bit word. */
export function mixA(lane: number, word: number): number {
  const mixed = Math.imul(lane ^ word, 0x01000193);
  return (mixed ^ (mixed >>> 15)) | 0;
}

export function mixB(lane: number, word: number): number {
  const mixed = Math.imul(lane ^ Math.imul(word, 0x85ebca6b), 0xc2b2ae35);
  return (mixed << 13) | (mixed >>> 19) | 0;
}

/** Lanes of several machines, by rank, in one: 16 hex digits. */
export function combinedHash(machines: readonly TraceLanes[]): string {
  let a = 0;
  let b = 0;
  for (const lanes of machines) {
    a = mixA(a, lanes.a);
    b = mixB(b, lanes.b);
  }
  return lanesToHex({ a, b });
}

/** FNV-1a over UTF-16 units, then avalanched. */
export function hashString(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return avalanche(hash);
}

/** murmur3's finalizer: each input bit reaches each output bit. Result is an int32. */
export function avalanche(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) | 0;
}

/** Eight plus eight hex digits. */
export function lanesToHex(lanes: TraceLanes): string {
  return hex8(lanes.a) + hex8(lanes.b);
}

function hex8(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
