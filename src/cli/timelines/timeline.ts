import { BadInput } from '../conformance/checker.ts';

/** One line of a recorded timeline: what was done, what a client was told, or what a znode said from then on. */
export interface TimelineLine {
  /** Place in the file, from 1. */
  readonly line: number;
  readonly ms: number;
  readonly event: string;
  /** All other fields, as they stand there. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Timeline {
  readonly name: string;
  readonly lines: readonly TimelineLine[];
}

/** What a `producer` line says of how one is set; texts and numbers are Kafka's configs by other names. */
export interface RecordedProducer {
  readonly name: string;
  readonly configs: Readonly<Record<string, string>>;
}

/** Reads JSON lines; anything that is no object with `ms` and `event` is BadInput with its line. */
export function parseTimeline(name: string, text: string): Timeline {
  const lines: TimelineLine[] = [];
  for (const [index, row] of text.split('\n').entries()) {
    if (row.trim() === '') continue;
    const line = index + 1;
    const value = jsonOf(row, line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadInput(`line ${line}: not an object`);
    const { ms, event, ...fields } = value as Record<string, unknown>;
    if (typeof ms !== 'number' || typeof event !== 'string') throw new BadInput(`line ${line}: "ms" must be a number and "event" a text`);
    lines.push({ line, ms, event, fields });
  }
  return { name, lines };
}

function jsonOf(row: string, line: number): unknown {
  try {
    return JSON.parse(row);
  } catch (error) {
    throw new BadInput(`line ${line}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function textOf(line: TimelineLine, field: string): string {
  const value = line.fields[field];
  if (typeof value !== 'string') throw new BadInput(`line ${line.line}: "${field}" must be a text`);
  return value;
}

export function numberOf(line: TimelineLine, field: string): number {
  const value = line.fields[field];
  if (typeof value !== 'number') throw new BadInput(`line ${line.line}: "${field}" must be a number`);
  return value;
}

export function producerOf(line: TimelineLine): RecordedProducer {
  const { fields } = line;
  const configs: Record<string, string> = {};
  for (const [field, name] of Object.entries(CONFIG_NAMES)) {
    const value = fields[field];
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') configs[name] = `${value}`;
  }
  return { name: textOf(line, 'name'), configs };
}

const CONFIG_NAMES: Readonly<Record<string, string>> = {
  acks: 'acks',
  idempotence: 'enable.idempotence',
  deliveryTimeoutMs: 'delivery.timeout.ms',
  requestTimeoutMs: 'request.timeout.ms',
  maxBlockMs: 'max.block.ms',
  lingerMs: 'linger.ms',
  retries: 'retries',
};

/** What a watched znode says, with what differs from run to run taken out; null: it is not there. */
export type ZnodeData = object | number | readonly number[] | null;

export interface ZnodeChange {
  readonly ms: number;
  readonly path: string;
  readonly data: ZnodeData;
}

/** The recorded changes of znodes; `znode-gone` is a change to nothing. */
export function recordedChanges(timeline: Timeline): readonly ZnodeChange[] {
  return timeline.lines.flatMap((line) => {
    if (line.event === 'znode') return [{ ms: line.ms, path: textOf(line, 'path'), data: line.fields['data'] ?? null }];
    return line.event === 'znode-gone' ? [{ ms: line.ms, path: textOf(line, 'path'), data: null }] : [];
  });
}

/** The first recorded data of a path; undefined where it is never named. */
export function firstData(timeline: Timeline, path: string): ZnodeData | undefined {
  return recordedChanges(timeline).find((change) => change.path === path)?.data;
}
