import { MAX_LONG } from '../kernel/units.ts';
import type { ApiName, RequestBodies, ResponseBodies } from './generated/apis.ts';

/** The most bytes of one value that are written out; of more only the number is told. */
const BYTES_SHOWN = 16;

interface Bodies {
  readonly request: RequestBodies;
  readonly response: ResponseBodies;
}

const SUFFIX = { request: 'Request', response: 'Response' } as const;

/**
 * A message as one line for a reader: `FetchRequest(maxWaitMs=500, topics=[(topic='orders', ...)])`, fields in the order of
 * Kafka's table, strings quoted with quotes and control characters escaped, so that text from elsewhere stays within its quotes and on its line.
 *
 * `Simplified:` nested structs carry no names, and long bytes are only counted.
 */
export function messageText<Kind extends keyof Bodies, Api extends ApiName>(api: Api, kind: Kind, value: Bodies[Kind][Api]): string {
  return `${api}${SUFFIX[kind]}${valueText(value)}`;
}

/** Any value of a message: struct, array, bytes, string, number, boolean or null. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Uint8Array) return bytesText(value);
  if (Array.isArray(value)) return arrayText(value);
  if (typeof value === 'object')
    return `(${Object.entries(value)
      .map(([name, field]) => `${name}=${valueText(field)}`)
      .join(', ')})`;
  return typeof value === 'number' ? numberText(value) : value === true ? 'true' : 'false';
}

/** Whole record batches are counted together: their bytes are what the inspector of a batch shows. */
function arrayText(items: readonly unknown[]): string {
  if (items.length === 0) return '[]';
  if (!items.every((item) => item instanceof Uint8Array)) return `[${items.map(valueText).join(', ')}]`;
  let sizeBytes = 0;
  for (const item of items) sizeBytes += item.length;
  return `[${items.length} ${items.length === 1 ? 'batch' : 'batches'}, ${sizeBytes} bytes]`;
}

function bytesText(bytes: Uint8Array): string {
  if (bytes.length > BYTES_SHOWN) return `<${bytes.length} bytes>`;
  let text = '0x';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return bytes.length === 0 ? '<0 bytes>' : text;
}

/** Long.MAX_VALUE cannot be told exactly by a number of ours, yet it is a word of Kafka's. */
function numberText(value: number): string {
  return value >= MAX_LONG ? '9223372036854775807' : String(value);
}

function quoted(text: string): string {
  let safe = '';
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char === "'" || char === '\\') safe += `\\${char}`;
    else if (code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029) safe += `\\u${code.toString(16).padStart(4, '0')}`;
    else safe += char;
  }
  return `'${safe}'`;
}
