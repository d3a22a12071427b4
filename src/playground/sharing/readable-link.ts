import type { InstantUs } from '../../engine/kernel/units.ts';
import { builtInScenario, builtInScenarios } from '../scenarios/built-in-scenarios.ts';
import { MOST_COMMANDS } from '../scenarios/parse-scenario.ts';
import { quoted, readCommand, writeCommand } from './readable-command.ts';
import { indexOutOfOrder, LINK_LIMITS, LinkProblem, type SharedCommand, type SharedRun } from './shared-run.ts';

const US_PER_SECOND = 1_000_000;
const TIME = /^(\d{1,11})(?:\.(\d{1,6}))?(s|ms|us)$/;
const DECIMALS = { s: 6, ms: 3, us: 0 } as const;

/** `12.5s`: whole microseconds as seconds. */
export function writeTime(instantUs: InstantUs): string {
  const fraction = String(instantUs % US_PER_SECOND)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${Math.floor(instantUs / US_PER_SECOND)}${fraction === '' ? '' : `.${fraction}`}s`;
}

/** Reads `12.5s`, `12500ms`, `12500000us` to whole microseconds. Throws `LinkProblem`. */
export function readTime(source: string, position: number): InstantUs {
  const match = TIME.exec(source);
  const [, whole, fraction = '', unit] = match ?? [];
  if (whole === undefined || unit === undefined) throw new LinkProblem(position, `expected a time such as 12.5s, got ${quoted(source)}`);
  const decimals = DECIMALS[unit as keyof typeof DECIMALS];
  if (fraction.length > decimals) throw new LinkProblem(position, `${quoted(source)} is finer than a microsecond`);
  const instantUs = Number(whole + fraction.padEnd(decimals, '0'));
  if (instantUs > LINK_LIMITS.instantUs) throw new LinkProblem(position, `${quoted(source)} is past the end of a day`);
  return instantUs;
}

/** The part after `#/1/` in words, or null when the run cannot be written so. The scenario must be a built-in one. */
export function writeReadable(run: SharedRun): string | null {
  const fields = [`seed=${run.seed}`];
  if (run.script === 'replaced') fields.push('script=off');
  for (const { atUs, command } of run.commands) {
    const written = writeCommand(command);
    if (written === null) return null;
    fields.push(`do=${writeTime(atUs)}:${written}`);
  }
  fields.push(`t=${writeTime(run.momentUs)}`);
  if (run.engineVersion !== null) fields.push(`v=${run.engineVersion}`);
  if (run.traceHash !== null) fields.push(`hash=${run.traceHash}`);
  return `${run.scenario.name}?${fields.join('&')}`;
}

/** Reads what `writeReadable` wrote, or what a person typed; `start` is its position in the link. Throws `LinkProblem`. */
export function readReadable(source: string, start: number): SharedRun {
  const question = source.indexOf('?');
  const name = question < 0 ? source : source.slice(0, question);
  const scenario = builtInScenario(name);
  if (scenario === undefined)
    throw new LinkProblem(start, `there is no scenario named ${quoted(name)}; there are ${builtInScenarios.map((one) => one.name).join(', ')}`);
  const fields = question < 0 ? [] : splitFields(source.slice(question + 1), start + question + 1);
  const single = new Map<string, Field>();
  const commands: SharedCommand[] = [];
  const positions: number[] = [];
  for (const field of fields) {
    if (field.name === 'do') {
      positions.push(field.position);
      commands.push(readTimedCommand(field));
      if (commands.length > MOST_COMMANDS) throw new LinkProblem(field.position, `more than ${MOST_COMMANDS} commands`);
    } else if (single.has(field.name)) throw new LinkProblem(field.position, `${field.name} is given twice`);
    else single.set(field.name, field);
  }
  const late = indexOutOfOrder(commands);
  if (late >= 0) throw new LinkProblem(positions[late] ?? start, 'this command is earlier than the one before it');
  return {
    scenario,
    seed: readIfGiven(single.get('seed'), readSeed) ?? scenario.seed,
    script: readIfGiven(single.get('script'), readScript) ?? 'played',
    commands,
    momentUs: readIfGiven(single.get('t'), readTime) ?? 0,
    engineVersion: readIfGiven(single.get('v'), readVersion),
    traceHash: readIfGiven(single.get('hash'), readHash),
  };
}

interface Field {
  readonly name: string;
  readonly value: string;
  /** Of the value, in the link. */
  readonly position: number;
}

const FIELD_NAMES = ['seed', 'script', 'do', 't', 'v', 'hash'];

function splitFields(source: string, start: number): Field[] {
  const fields: Field[] = [];
  let at = start;
  for (const part of source.split('&')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    if (equals < 0 || !FIELD_NAMES.includes(name)) throw new LinkProblem(at, `expected ${FIELD_NAMES.join('=, ')}=, got ${quoted(part)}`);
    fields.push({ name, value: part.slice(equals + 1), position: at + equals + 1 });
    at += part.length + 1;
  }
  return fields;
}

function readIfGiven<T>(field: Field | undefined, read: (value: string, position: number) => T): T | null {
  return field === undefined ? null : read(field.value, field.position);
}

function readTimedCommand({ value, position }: Field): SharedCommand {
  const colon = value.indexOf(':');
  if (colon < 0) throw new LinkProblem(position, `expected a time and a command such as 8s:killProcess(b1), got ${quoted(value)}`);
  return { atUs: readTime(value.slice(0, colon), position), command: readCommand(value.slice(colon + 1), position + colon + 1) };
}

function readScript(value: string, position: number): SharedRun['script'] {
  if (value !== 'off') throw new LinkProblem(position, `script can only be off, got ${quoted(value)}`);
  return 'replaced';
}

function readSeed(value: string, position: number): number {
  return readWhole({ value, position, most: 4_294_967_295 });
}

function readVersion(value: string, position: number): number {
  return readWhole({ value, position, most: 1_000_000 });
}

function readWhole(source: { readonly value: string; readonly position: number; readonly most: number }): number {
  const { value, position, most } = source;
  if (!/^(0|[1-9]\d{0,9})$/.test(value) || Number(value) > most) throw new LinkProblem(position, `expected a whole number up to ${most}, got ${quoted(value)}`);
  return Number(value);
}

function readHash(value: string, position: number): string {
  if (!/^[0-9a-f]{16}$/.test(value)) throw new LinkProblem(position, `expected 16 hexadecimal digits, got ${quoted(value)}`);
  return value;
}
