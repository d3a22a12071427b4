import type { Command } from '../../engine/world/command.ts';
import { commandParser } from '../scenarios/parse-command.ts';
import { LinkProblem } from './shared-run.ts';

/** How a field of a command is written in words. With `?` it may be left out; `null` fields are null when left out. */
type FieldKind = 'text' | 'number' | 'number?' | 'flag?' | 'text?' | 'text or null' | 'number or null';
type Fields = Readonly<Record<string, FieldKind>>;

const ON_MACHINE: Fields = { machine: 'text' };
const LINK: Fields = { from: 'text', to: 'text', oneWay: 'flag?' };

/** Commands that fit in a readable link; others (tables of configs, lists) go compressed. */
const READABLE: { readonly [Type in Command['type']]?: Fields } = {
  stopProcess: ON_MACHINE,
  killProcess: ON_MACHINE,
  pauseProcess: ON_MACHINE,
  resumeProcess: ON_MACHINE,
  powerOff: { machine: 'text', tornPages: 'flag?' },
  start: ON_MACHINE,
  fillDisk: { machine: 'text', freeBytes: 'number?' },
  freeDisk: ON_MACHINE,
  failDisk: { machine: 'text', dir: 'text?' },
  healDisk: { machine: 'text', dir: 'text?' },
  corruptPage: { machine: 'text', path: 'text', page: 'number', byte: 'number?' },
  slowDisk: { machine: 'text', factor: 'number' },
  cutLink: LINK,
  healLink: LINK,
  slowLink: { from: 'text', to: 'text', latencyMs: 'number', jitterMs: 'number?', lossPercent: 'number?', bytesPerSecond: 'number?' },
  addBroker: { brokerId: 'number', rack: 'text?' },
  createTopic: { topic: 'text', partitionCount: 'number?', replicationFactor: 'number?' },
  createPartitions: { topic: 'text', totalCount: 'number' },
  deleteRecords: { topic: 'text', partition: 'number', beforeOffset: 'number' },
  electLeaders: { electionType: 'text', topic: 'text', partition: 'number' },
  deleteTopic: { topic: 'text' },
  listPartitionReassignments: {},
  produce: { client: 'text', topic: 'text', partition: 'number or null', key: 'text or null', value: 'text' },
};

function fieldsOf(type: string): Fields | undefined {
  return Object.hasOwn(READABLE, type) ? READABLE[type as Command['type']] : undefined;
}

/** `killProcess(b1)` or `cutLink(from=b1;to=b2)`; null when the command cannot be written so. */
export function writeCommand(command: Command): string | null {
  const fields = fieldsOf(command.type);
  if (fields === undefined) return null;
  const { type: _, ...values } = command as unknown as Readonly<Record<string, unknown>>;
  const args: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(fields, name)) return null;
    if (value === null) continue;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null;
    const written = escapeText(String(value));
    if (written === null) return null;
    args.push(fields === ON_MACHINE ? written : `${name}=${written}`);
  }
  return `${command.type}(${args.join(';')})`;
}

/** Reads what `writeCommand` wrote; `start` is the position of `source` in the link. Throws `LinkProblem`. */
export function readCommand(source: string, start: number): Command {
  const open = source.indexOf('(');
  if (open < 0 || !source.endsWith(')')) throw new LinkProblem(start, `expected a command such as killProcess(b1), got ${quoted(source)}`);
  const type = source.slice(0, open);
  const fields = fieldsOf(type);
  if (fields === undefined) throw new LinkProblem(start, `there is no command named ${quoted(type)} that can be written in words`);
  const values = readArguments(fields, source.slice(open + 1, -1), start + open + 1);
  for (const [name, kind] of Object.entries(fields)) if (!values.has(name) && kind.endsWith('or null')) values.set(name, null);
  const parsed = commandParser({ ...Object.fromEntries(values), type }, '');
  if (!parsed.ok) throw new LinkProblem(start, `${type}: ${parsed.path} ${parsed.reason}`);
  return parsed.value;
}

function readArguments(fields: Fields, source: string, start: number): Map<string, unknown> {
  const values = new Map<string, unknown>();
  if (source === '') return values;
  let at = start;
  for (const argument of source.split(';')) {
    const equals = argument.indexOf('=');
    const name = equals < 0 && fields === ON_MACHINE ? 'machine' : argument.slice(0, Math.max(0, equals));
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (kind === undefined) throw new LinkProblem(at, `${quoted(argument)} is none of ${Object.keys(fields).join(', ')}`);
    if (values.has(name)) throw new LinkProblem(at, `${name} is given twice`);
    values.set(name, readValue(kind, unescapeText(argument.slice(equals + 1), at + equals + 1), at + equals + 1));
    at += argument.length + 1;
  }
  return values;
}

function readValue(kind: FieldKind, value: string, position: number): string | number | boolean {
  if (kind.startsWith('text')) return value;
  if (kind === 'flag?') {
    if (value === 'true' || value === 'false') return value === 'true';
    throw new LinkProblem(position, `expected true or false, got ${quoted(value)}`);
  }
  if (!/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/.test(value)) throw new LinkProblem(position, `expected a number, got ${quoted(value)}`);
  return Number(value);
}

/** Percent-encoded, brackets and quotes too; null for text that is no Unicode (a lone surrogate). */
export function escapeText(value: string): string | null {
  try {
    return encodeURIComponent(value).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  } catch {
    return null;
  }
}

export function unescapeText(value: string, position: number): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new LinkProblem(position, `${quoted(value)} is not percent-encoded text`);
  }
}

export function quoted(value: string): string {
  return JSON.stringify(value.length <= 40 ? value : `${value.slice(0, 37)}...`);
}
