import type { Language } from '../projection/narration/sentence.ts';
import { UsageProblem } from './output.ts';

export interface RunArguments {
  /** A path, or the name of a shipped scenario. */
  readonly scenario: string;
  readonly untilMs: number | null;
  readonly seed: number | null;
  readonly trace: boolean;
  readonly language: Language;
  /** A folder that is to be made, for the disks as they are at the end. */
  readonly diskOut: string | null;
}

const GREATEST_SEED = 4_294_967_295;
const LONGEST_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads `run`'s arguments; `--name value` and `--name=value` are the same. */
export function parseRunArguments(words: readonly string[]): RunArguments {
  const { plain, options } = splitWords(words, { withValue: ['--until', '--seed', '--lang', '--disk-out'], without: ['--trace'] });
  const [scenario, extra] = plain;
  if (scenario === undefined) throw new UsageProblem('run needs a scenario: a file, or the name of a shipped one');
  if (extra !== undefined) throw new UsageProblem(`run takes one scenario, and ${quoted(extra)} is a second`);
  const until = options.get('--until');
  const seed = options.get('--seed');
  return {
    scenario,
    untilMs: until === undefined ? null : parseDuration(until),
    seed: seed === undefined ? null : parseSeed(seed, '--seed'),
    trace: options.has('--trace'),
    language: parseLanguage(options.get('--lang') ?? 'en'),
    diskOut: options.get('--disk-out') ?? null,
  };
}

export interface SeedArguments {
  readonly seed: number;
  readonly language: Language;
}

export function parseSeedArguments(words: readonly string[]): SeedArguments {
  const { plain, options } = splitWords(words, { withValue: ['--lang'], without: [] });
  const [seed, extra] = plain;
  if (seed === undefined) throw new UsageProblem('seed needs a number, such as: seed 7');
  if (extra !== undefined) throw new UsageProblem(`seed takes one number, and ${quoted(extra)} is a second word`);
  return { seed: parseSeed(seed, 'a seed'), language: parseLanguage(options.get('--lang') ?? 'en') };
}

export function parseFolderArgument(words: readonly string[]): string {
  const { plain } = splitWords(words, { withValue: [], without: [] });
  const [folder, extra] = plain;
  if (folder === undefined) throw new UsageProblem('conformance needs a folder');
  if (extra !== undefined) throw new UsageProblem(`conformance takes one folder, and ${quoted(extra)} is a second`);
  return folder;
}

interface Split {
  readonly plain: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

export function splitWords(words: readonly string[], known: { readonly withValue: readonly string[]; readonly without: readonly string[] }): Split {
  const plain: string[] = [];
  const options = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-') || word === '-') {
      plain.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    if (options.has(name)) throw new UsageProblem(`${name} is given twice`);
    if (known.without.includes(name)) {
      if (equals >= 0) throw new UsageProblem(`${name} takes no value`);
      options.set(name, '');
    } else if (known.withValue.includes(name)) {
      const value = equals < 0 ? words[++i] : word.slice(equals + 1);
      if (value === undefined || value === '') throw new UsageProblem(`${name} needs a value after it`);
      options.set(name, value);
    } else {
      const all = [...known.withValue, ...known.without];
      throw new UsageProblem(`there is no option ${quoted(name)} here${all.length === 0 ? '' : `; there are ${all.join(', ')}`}`);
    }
  }
  return { plain, options };
}

/** `60s`, `1500ms`, `2m`, `1.5s`; milliseconds. */
export function parseDuration(text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const ms = found === null ? Number.NaN : Math.round(Number(found[1]) * (UNITS_MS[found[2] ?? ''] ?? Number.NaN) * 1000) / 1000;
  if (!Number.isFinite(ms)) throw new UsageProblem(`--until expects a time such as 60s, 1500ms or 2m, not ${quoted(text)}`);
  if (ms > LONGEST_MS) throw new UsageProblem(`--until ${text} is longer than a day`);
  return ms;
}

function parseSeed(text: string, what: string): number {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seed <= GREATEST_SEED)) throw new UsageProblem(`${what} is a whole number from 0 to ${GREATEST_SEED}, not ${quoted(text)}`);
  return seed;
}

function parseLanguage(text: string): Language {
  if (text === 'en' || text === 'ko') return text;
  throw new UsageProblem(`--lang is en or ko, not ${quoted(text)}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 57)}...`);
}
