import { BadInput, type GoldenFile } from './checker.ts';

/** A JSON object whose fields are asked for one by one. */
export type Row = Readonly<Record<string, unknown>>;

/** The objects of a file that holds a JSON array of them. */
export function rowsOf(file: GoldenFile): readonly unknown[] {
  const value = parseJson(file.bytes);
  if (!Array.isArray(value)) throw new BadInput('not a JSON array');
  if (value.length === 0) throw new BadInput('an empty array: nothing to check');
  return value as readonly unknown[];
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new BadInput(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function asRow(value: unknown): Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadInput('not an object');
  return value as Row;
}

export function textField(row: Row, name: string): string {
  const value = row[name];
  if (typeof value !== 'string') throw new BadInput(`${name} is not a text`);
  return value;
}

export function nullableTextField(row: Row, name: string): string | null {
  return row[name] === null ? null : textField(row, name);
}

export function integerField(row: Row, name: string): number {
  const value = row[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new BadInput(`${name} is not an integer below 2^53`);
  return value;
}

export function booleanField(row: Row, name: string): boolean {
  const value = row[name];
  if (typeof value !== 'boolean') throw new BadInput(`${name} is not true or false`);
  return value;
}

export function arrayField(row: Row, name: string): readonly unknown[] {
  const value = row[name];
  if (!Array.isArray(value)) throw new BadInput(`${name} is not an array`);
  return value as readonly unknown[];
}

/** Bytes written as hex digits. */
export function hexField(row: Row, name: string): Uint8Array {
  return fromHex(textField(row, name), name);
}

export function fromHex(text: string, name: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new BadInput(`${name} is not hex`);
  return Uint8Array.from(Buffer.from(text, 'hex'));
}
