/**
 * Small typed parsers for data from outside. Each takes any value and gives it back as what it should be, or says where and why
 * it is not. Nothing is coerced, and a field that nobody knows is an error, so nothing is dropped in silence.
 */
export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;

export interface Refused {
  readonly ok: false;
  /** Where in the value: `commands[2].command.machine`; empty for the whole. */
  readonly path: string;
  readonly reason: string;
}

export type Parser<T> = (value: unknown, path: string) => Parsed<T>;

export type ParsedBy<P> = P extends Parser<infer T> ? T : never;

export function refuse(path: string, reason: string): Refused {
  return { ok: false, path, reason };
}

function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export interface TextLimits {
  readonly least?: number;
  readonly most: number;
}

export function text(limits: TextLimits): Parser<string> {
  return (value, path) => {
    if (typeof value !== 'string') return refuse(path, `expected text, got ${kindOf(value)}`);
    if (value.length < (limits.least ?? 0)) return refuse(path, 'is empty');
    return value.length <= limits.most ? accept(value) : refuse(path, `is ${value.length} characters long, at most ${limits.most} are allowed`);
  };
}

export interface NumberLimits {
  readonly least: number;
  readonly most: number;
}

export function integer(limits: NumberLimits): Parser<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return refuse(path, `expected a whole number, got ${kindOf(value)}`);
    return within(value, path, limits);
  };
}

export function real(limits: NumberLimits): Parser<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return refuse(path, `expected a number, got ${kindOf(value)}`);
    return within(value, path, limits);
  };
}

function within(value: number, path: string, limits: NumberLimits): Parsed<number> {
  return value >= limits.least && value <= limits.most ? accept(value) : refuse(path, `expected ${limits.least} to ${limits.most}, got ${value}`);
}

export const flag: Parser<boolean> = (value, path) =>
  typeof value === 'boolean' ? accept(value) : refuse(path, `expected true or false, got ${kindOf(value)}`);

/** One of several texts or numbers. */
export function oneOf<const T extends readonly (string | number)[]>(...allowed: T): Parser<T[number]> {
  return (value, path) => {
    const found = allowed.find((one) => one === value);
    return found === undefined ? refuse(path, `expected ${allowed.map((one) => JSON.stringify(one)).join(' or ')}, got ${kindOf(value)}`) : accept(found);
  };
}

export function nullable<T>(parser: Parser<T>): Parser<T | null> {
  return (value, path) => (value === null ? accept(null) : parser(value, path));
}

export function list<T>(parser: Parser<T>, mostItems: number): Parser<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) return refuse(path, `expected a list, got ${kindOf(value)}`);
    if (value.length > mostItems) return refuse(path, `has ${value.length} items, at most ${mostItems} are allowed`);
    const items: T[] = [];
    for (let i = 0; i < value.length; i++) {
      const item = parser(value[i], `${path}[${i}]`);
      if (!item.ok) return item;
      items.push(item.value);
    }
    return accept(items);
  };
}

/** An object with names of one's own choice, such as a table of configs. */
export function record<T>(parser: Parser<T>, mostEntries: number): Parser<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isObject(value)) return refuse(path, `expected an object, got ${kindOf(value)}`);
    const names = Object.keys(value);
    if (names.length > mostEntries) return refuse(path, `has ${names.length} entries, at most ${mostEntries} are allowed`);
    const entries: [string, T][] = [];
    for (const name of names) {
      if (name.length === 0 || name.length > 300) return refuse(path, 'has a name that is empty or longer than 300 characters');
      const entry = parser(value[name], fieldPath(path, name));
      if (!entry.ok) return entry;
      entries.push([name, entry.value]);
    }
    // `fromEntries` defines fields, so `__proto__` is a name like any other.
    return accept(Object.fromEntries(entries));
  };
}

export interface Optional<T> {
  readonly optional: Parser<T>;
}

export function optional<T>(parser: Parser<T>): Optional<T> {
  return { optional: parser };
}

type Shape = Readonly<Record<string, Parser<unknown> | Optional<unknown>>>;
type RequiredNames<S extends Shape> = { [K in keyof S]: S[K] extends Optional<unknown> ? never : K }[keyof S];
type OptionalNames<S extends Shape> = { [K in keyof S]: S[K] extends Optional<unknown> ? K : never }[keyof S];
export type ShapeOf<S extends Shape> = { readonly [K in RequiredNames<S>]: ParsedBy<S[K]> } & {
  readonly [K in OptionalNames<S>]?: S[K] extends Optional<infer T> ? T : never;
};

/** An object with exactly these fields. */
export function object<S extends Shape>(shape: S): Parser<ShapeOf<S>> {
  return (value, path) => {
    if (!isObject(value)) return refuse(path, `expected an object, got ${kindOf(value)}`);
    for (const name of Object.keys(value))
      if (!Object.hasOwn(shape, name)) return refuse(fieldPath(path, name), `is not a known field; known are ${Object.keys(shape).join(', ')}`);
    const entries: [string, unknown][] = [];
    for (const [name, field] of Object.entries(shape)) {
      const isOptional = typeof field !== 'function';
      if (!Object.hasOwn(value, name)) {
        if (isOptional) continue;
        return refuse(fieldPath(path, name), 'is missing');
      }
      const parsed = (isOptional ? field.optional : field)(value[name], fieldPath(path, name));
      if (!parsed.ok) return parsed;
      entries.push([name, parsed.value]);
    }
    return accept(Object.fromEntries(entries) as ShapeOf<S>);
  };
}

/** An object whose `type` says which of several shapes it has. */
export function tagged<Parsers extends Readonly<Record<string, Parser<unknown>>>>(what: string, parsers: Parsers): Parser<ParsedBy<Parsers[keyof Parsers]>> {
  return (value, path) => {
    if (!isObject(value)) return refuse(path, `expected ${what}, got ${kindOf(value)}`);
    const { type } = value;
    if (typeof type !== 'string') return refuse(fieldPath(path, 'type'), `expected the name of ${what}, got ${kindOf(type)}`);
    const parser = Object.hasOwn(parsers, type) ? parsers[type] : undefined;
    if (parser === undefined) return refuse(fieldPath(path, 'type'), `there is no ${what} named ${shown(type)}`);
    return parser(value, path) as Parsed<ParsedBy<Parsers[keyof Parsers]>>;
  };
}

/** A parser with a further demand on what it gives: a reason, or null when it holds. */
export function demanding<T>(parser: Parser<T>, demand: (value: T) => { readonly path: string; readonly reason: string } | null): Parser<T> {
  return (value, path) => {
    const parsed = parser(value, path);
    if (!parsed.ok) return parsed;
    const problem = demand(parsed.value);
    return problem === null ? parsed : refuse([path, problem.path].filter((step) => step !== '').join('.'), problem.reason);
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldPath(path: string, name: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
  const step = plain ? name : `[${shown(name)}]`;
  return path === '' || !plain ? `${path}${step}` : `${path}.${step}`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return shown(value);
  return typeof value;
}

/** A short text of a plain value for a message; never of an object, which might be as deep as an attacker likes. */
function shown(value: string | number | boolean): string {
  const json = JSON.stringify(value);
  return json.length <= 60 ? json : `${json.slice(0, 57)}...`;
}
