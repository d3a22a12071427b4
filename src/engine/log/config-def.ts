import { unreachable } from '../kernel/assert.ts';
import { MAX_INT, MAX_LONG } from '../kernel/units.ts';

/** A config's type, as ConfigDef prints it in its messages. */
export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'LONG' | 'DOUBLE' | 'LIST';
export type ConfigValue = boolean | string | number | readonly string[];

/** What a value must satisfy besides its type; returns the end of Kafka's message, or null. */
export type Validator = (value: ConfigValue, name: string) => string | null;

export type ParsedValue = { readonly ok: true; readonly value: ConfigValue } | { readonly ok: false; readonly message: string };

/** Parses one value as ConfigDef.parseType does; the message is ConfigException's. */
export function parseConfigValue(name: string, type: ConfigType, text: string): ParsedValue {
  const trimmed = text.trim();
  switch (type) {
    case 'BOOLEAN': {
      const lower = trimmed.toLowerCase();
      if (lower === 'true' || lower === 'false') return { ok: true, value: lower === 'true' };
      return invalid(name, text, 'Expected value to be either true or false');
    }
    case 'STRING':
      return { ok: true, value: trimmed };
    case 'INT':
      return parsedNumber(parseBounded(trimmed, MAX_INT), { name, text, type });
    case 'LONG':
      return parsedNumber(parseLong(trimmed), { name, text, type });
    case 'DOUBLE':
      return parsedNumber(parseDouble(trimmed), { name, text, type });
    case 'LIST':
      return { ok: true, value: trimmed === '' ? [] : trimmed.split(/\s*,\s*/) };
    default:
      return unreachable(type);
  }
}

/** ConfigException's sentence. */
export function invalidValue(name: string, value: string, reason: string): string {
  return `Invalid value ${value} for configuration ${name}: ${reason}`;
}

/** A parsed value as Java prints it: lists in brackets, whole doubles with `.0`. */
export function printConfigValue(value: ConfigValue, type: ConfigType): string {
  if (typeof value === 'object') return `[${value.join(', ')}]`;
  if (value === MAX_LONG) return '9223372036854775807';
  if (type === 'DOUBLE' && typeof value === 'number' && Math.trunc(value) === value) return `${value}.0`;
  return String(value);
}

export function atLeast(min: number): Validator {
  return (value) => (typeof value === 'number' && value < min ? `Value must be at least ${min}` : null);
}

export function between(min: number, max: number): Validator {
  return (value) => {
    if (typeof value !== 'number') return null;
    if (value < min) return `Value must be at least ${min}`;
    return value > max ? `Value must be no more than ${max}` : null;
  };
}

/** ConfigDef.ValidString; a ValidList asks it about each element. */
export function oneOf(valid: readonly string[]): Validator {
  return (value) => (typeof value === 'string' && !valid.includes(value) ? `String must be one of: ${valid.join(', ')}` : null);
}

function invalid(name: string, text: string, reason: string): ParsedValue {
  return { ok: false, message: invalidValue(name, text, reason) };
}

function parsedNumber(value: number | null, source: { readonly name: string; readonly text: string; readonly type: ConfigType }): ParsedValue {
  return value === null ? invalid(source.name, source.text, `Not a number of type ${source.type}`) : { ok: true, value };
}

function parseBounded(text: string, max: number): number | null {
  if (!/^[+-]?\d+$/.test(text)) return null;
  const value = Number(text);
  return value > max || value < -max - 1 ? null : value;
}

function parseLong(text: string): number | null {
  const match = /^([+-]?)0*(\d+)$/.exec(text);
  const digits = match?.[2];
  if (digits === undefined) return null;
  const limit = match?.[1] === '-' ? '9223372036854775808' : '9223372036854775807';
  // Beyond 2^53 a number cannot tell these limits from their neighbours, so digits are compared as text.
  if (digits.length > limit.length || (digits.length === limit.length && digits > limit)) return null;
  return Number(text);
}

function parseDouble(text: string): number | null {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : null;
}
