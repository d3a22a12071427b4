/** The table of Kafka's message fields, as `messages.json` has it. */
export interface MessageSchema {
  readonly name: string;
  readonly type: 'request' | 'response' | 'header' | 'data' | 'metadata';
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly fields: readonly FieldSchema[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldSchema[] }[];
}

export interface FieldSchema {
  readonly name: string;
  readonly type: string;
  readonly versions: string;
  readonly nullableVersions?: string;
  readonly tag?: number;
  readonly taggedVersions?: string;
  /** The text `null` is the default null; a JSON null says nothing, as in Kafka's own generator. */
  readonly default?: string | number | boolean | null;
  readonly fields?: readonly FieldSchema[];
}

export interface VersionRange {
  readonly low: number;
  readonly high: number;
}

/** `0-5`, `3+`, `2`, `none`. */
export function parseVersions(text: string | undefined): VersionRange {
  if (text === undefined || text === 'none') return { low: 1, high: 0 };
  if (text.endsWith('+')) return { low: Number(text.slice(0, -1)), high: 32767 };
  const [low, high] = text.split('-');
  return { low: Number(low), high: Number(high ?? low) };
}

export function isEmpty(range: VersionRange): boolean {
  return range.high < range.low;
}

export function intersect(a: VersionRange, b: VersionRange): VersionRange {
  return { low: Math.max(a.low, b.low), high: Math.min(a.high, b.high) };
}
