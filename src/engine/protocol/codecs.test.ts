import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DecodeError, ZERO_UUID, type MessageCodec } from './codec.ts';
import { ALL_MESSAGES } from './generated/all-messages.ts';
import { parseVersions, type FieldSchema, type MessageSchema } from './generate/schema.ts';
import { MAX_LONG } from '../kernel/units.ts';

/** The generated code as one type: each message's own is checked where it is used. */
interface AnyMessage {
  readonly codec: MessageCodec<unknown>;
  readonly create: (fields?: object) => object;
}

const schemas = JSON.parse(readFileSync(new URL('../../testing/goldens/messages.json', import.meta.url), 'utf8')) as MessageSchema[];
const generated = ALL_MESSAGES as unknown as Readonly<Record<string, AnyMessage>>;

function messageOf(name: string): AnyMessage {
  const message = generated[name];
  if (message === undefined) throw new Error(`${name} was not generated`);
  return message;
}

type Structs = ReadonlyMap<string, readonly FieldSchema[]>;

function structsOf(schema: MessageSchema): Structs {
  const structs = new Map<string, readonly FieldSchema[]>();
  const collect = (fields: readonly FieldSchema[]): void => {
    for (const field of fields) {
      if (field.fields === undefined) continue;
      structs.set(field.type.replace('[]', ''), field.fields);
      collect(field.fields);
    }
  };
  for (const common of schema.commonStructs ?? []) {
    structs.set(common.name, common.fields);
    collect(common.fields);
  }
  collect(schema.fields);
  return structs;
}

const contains = (range: { readonly low: number; readonly high: number }, version: number): boolean => range.low <= version && version <= range.high;
const property = (field: FieldSchema): string => field.name.charAt(0).toLowerCase() + field.name.slice(1);

/** A batch by its length field alone; what stands in it is not the codecs' business. */
const batch = fc.uint8Array({ minLength: 5, maxLength: 20 }).map((rest) => {
  const bytes = new Uint8Array(12 + rest.length);
  new DataView(bytes.buffer).setInt32(8, rest.length);
  bytes.set(rest, 12);
  return bytes;
});

function primitive(type: string): fc.Arbitrary<unknown> | null {
  switch (type) {
    case 'bool':
      return fc.boolean();
    case 'int8':
      return fc.integer({ min: -128, max: 127 });
    case 'int16':
      return fc.integer({ min: -32768, max: 32767 });
    case 'uint16':
      return fc.integer({ min: 0, max: 65535 });
    case 'int32':
      return fc.integer();
    case 'int64':
      return fc.oneof({ weight: 5, arbitrary: fc.maxSafeInteger() }, { weight: 1, arbitrary: fc.constant(MAX_LONG) });
    case 'float64':
      return fc.double();
    case 'uuid':
      return fc.oneof(
        fc.constant(ZERO_UUID),
        fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      );
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 12 });
    case 'bytes':
      return fc.uint8Array({ maxLength: 200 });
    case 'records':
      return fc.array(batch, { maxLength: 3 });
    default:
      return null;
  }
}

/** Values of the fields that stand in `version`; the others are left to their defaults. */
function fieldsOf(fields: readonly FieldSchema[], structs: Structs, version: number): fc.Arbitrary<object> {
  const present = fields.filter((field) => contains(parseVersions(field.versions), version));
  return fc.record(Object.fromEntries(present.map((field) => [property(field), valueOf(field, structs, version)])));
}

function valueOf(field: FieldSchema, structs: Structs, version: number): fc.Arbitrary<unknown> {
  const type = field.type.replace('[]', '');
  const one = primitive(type) ?? fieldsOf(structs.get(type) ?? [], structs, version);
  const value = field.type.startsWith('[]') ? fc.array(one, { maxLength: 3 }) : one;
  return contains(parseVersions(field.nullableVersions), version) ? fc.option(value, { nil: null, freq: 4 }) : value;
}

/** What `decoded` must have at least: every field that was given, at any depth. */
function expectFields(decoded: unknown, given: unknown): void {
  if (Array.isArray(given)) {
    expect(Array.isArray(decoded) && decoded.length).toBe(given.length);
    given.forEach((item, i) => expectFields((decoded as unknown[])[i], item));
  } else if (given instanceof Uint8Array)
    expect(decoded instanceof Uint8Array && Buffer.from(decoded).toString('hex')).toBe(Buffer.from(given).toString('hex'));
  else if (typeof given === 'object' && given !== null)
    for (const [key, value] of Object.entries(given)) expectFields((decoded as Record<string, unknown>)[key], value);
  else expect(decoded).toStrictEqual(given);
}

/** Given values made whole by the constructors' defaults, by decoding nothing: nested structs come from the table. */
function complete(fields: readonly FieldSchema[], given: object, structs: Structs, defaults: object): object {
  const whole: Record<string, unknown> = { ...defaults };
  for (const field of fields) {
    const value = (given as Record<string, unknown>)[property(field)];
    if (value === undefined) continue;
    const inner = structs.get(field.type.replace('[]', ''));
    if (inner === undefined || value === null) whole[property(field)] = value;
    else if (Array.isArray(value)) whole[property(field)] = value.map((item: object) => complete(inner, item, structs, defaultsOf(inner, structs)));
    else whole[property(field)] = complete(inner, value, structs, defaultsOf(inner, structs));
  }
  return whole;
}

/** Defaults read from the table, apart from the generator's own reading of it. */
function defaultsOf(fields: readonly FieldSchema[], structs: Structs): object {
  return Object.fromEntries(fields.map((field) => [property(field), defaultOf(field, structs)]));
}

function defaultOf(field: FieldSchema, structs: Structs): unknown {
  if (String(field.default) === 'null' && field.default !== null) return null;
  if (field.type.startsWith('[]')) return [];
  const inner = structs.get(field.type);
  if (inner !== undefined) return defaultsOf(inner, structs);
  if (field.type === 'bool') return String(field.default) === 'true';
  if (field.type === 'string') return field.default ?? '';
  if (field.type === 'uuid') return ZERO_UUID;
  if (field.type === 'bytes') return new Uint8Array(0);
  if (field.type === 'records') return null;
  return Number(field.default ?? 0);
}

describe('generated codecs', () => {
  test('[R1] every message of the table was generated, with its versions', () => {
    expect(Object.keys(generated)).toEqual(schemas.map((schema) => schema.name));
    for (const schema of schemas) {
      const { low, high } = parseVersions(schema.validVersions);
      expect(messageOf(schema.name).codec.validVersions).toEqual([low, high]);
    }
  });

  test('[R1] a constructor gives the defaults of the table', () => {
    for (const schema of schemas) expect(messageOf(schema.name).create(), schema.name).toStrictEqual(defaultsOf(schema.fields, structsOf(schema)));
  });

  test.each(schemas.map((schema) => [schema.name, schema] as const))(
    '[R2] %s comes back from its bytes at every version, and its size is exact',
    (name, schema) => {
      const { codec } = messageOf(name);
      const structs = structsOf(schema);
      const [low, high] = codec.validVersions;
      for (let version = low; version <= high; version++) {
        fc.assert(
          fc.property(fieldsOf(schema.fields, structs, version), (given) => {
            const message = complete(schema.fields, given, structs, defaultsOf(schema.fields, structs));
            const bytes = codec.encode(message, version);
            expect(codec.size(message, version)).toBe(bytes.length);
            const decoded = codec.decode(bytes, version);
            expectFields(decoded, given);
            expect(Buffer.from(codec.encode(decoded, version)).equals(bytes)).toBe(true);
          }),
          { numRuns: 8 },
        );
      }
    },
  );

  test.each(schemas.map((schema) => [schema.name, schema] as const))('[R3] %s cut short or damaged is refused or read, and never hangs', (name, schema) => {
    const { codec } = messageOf(name);
    const structs = structsOf(schema);
    const [, version] = codec.validVersions;
    fc.assert(
      fc.property(fieldsOf(schema.fields, structs, version), fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, flip) => {
        const bytes = codec.encode(complete(schema.fields, given, structs, defaultsOf(schema.fields, structs)), version);
        if (bytes.length === 0) return;
        expect(() => codec.decode(bytes.subarray(0, at % bytes.length), version)).toThrow(DecodeError);
        const damaged = bytes.slice();
        const place = at % bytes.length;
        damaged[place] = (damaged[place] ?? 0) ^ flip;
        try {
          codec.decode(damaged, version);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 12 },
    );
  });
});
