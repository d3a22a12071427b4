import type { Claim, ClaimOf, EventPattern, PatternValue } from '../../engine/world/claim.ts';
import { traceFieldsOf, type TraceField } from '../../projection/trace-fields.ts';
import { COMMAND_PARSERS, instantMs, LIMITS, machineName } from './parse-command.ts';
import { demanding, flag, integer, list, object, oneOf, optional, record, refuse, tagged, text, type Parser } from './schema.ts';

const MOST_RECORDS = 100_000;
const MOST_EVENTS = 100;
const MOST_FIELDS = 20;

const atMs = instantMs;
const topic = text({ least: 1, most: LIMITS.nameChars });
const partition = integer({ least: 0, most: LIMITS.partitions });
const onPartition = { atMs, topic, partition } as const;
const count = integer({ least: 0, most: Number.MAX_SAFE_INTEGER });
const brokerId = integer({ least: 0, most: LIMITS.brokerId });
const brokerIdOrNone = integer({ least: -1, most: LIMITS.brokerId });
const brokerIds = list(brokerId, LIMITS.replicas);
const recordValue = text({ most: LIMITS.textChars });
const bounds = { atLeast: optional(count), atMost: optional(count) } as const;
const span = { atMs, sinceMs: optional(instantMs) } as const;
const errorName = text({ least: 1, most: LIMITS.nameChars });
const event = text({ least: 1, most: 100 });

const always: Parser<true> = (value, path) => (value === true ? { ok: true, value } : refuse(path, 'expected true, or nothing'));

const patternValue: Parser<PatternValue> = (value, path) => {
  if (typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return { ok: true, value };
  const items = Array.isArray(value) && value.length <= MOST_RECORDS ? (value as readonly unknown[]) : null;
  if (items?.every((item) => typeof item === 'string') === true) return { ok: true, value: items };
  if (items?.every((item) => typeof item === 'number') === true) return { ok: true, value: items };
  return refuse(path, 'expected text, a number, true, false, or a list of texts or of numbers');
};
const where = optional(record(patternValue, MOST_FIELDS));
const pattern: Parser<EventPattern> = demanding(object({ event, where }), patternProblem);

/** One parser a claim; each is of a kind that the evaluation knows. */
const CLAIM_PARSERS = {
  leader: object({ type: oneOf('leader'), ...onPartition, leader: brokerIdOrNone, leaderEpoch: optional(count) }),
  isr: object({ type: oneOf('isr'), ...onPartition, isr: brokerIds, anyOrder: optional(always) }),
  replica: demanding(
    object({
      type: oneOf('replica'),
      ...onPartition,
      brokerId,
      role: optional(oneOf('leader', 'follower', 'offline', 'none')),
      leader: optional(brokerIdOrNone),
      leaderEpoch: optional(integer({ least: -1, most: Number.MAX_SAFE_INTEGER })),
      highWatermark: optional(count),
      logEndOffset: optional(count),
    }),
    (claim) =>
      (claim.role ?? claim.leader ?? claim.leaderEpoch ?? claim.highWatermark ?? claim.logEndOffset) === undefined
        ? { path: '', reason: 'says nothing: it needs role, leader, leaderEpoch, highWatermark or logEndOffset' }
        : null,
  ),
  highWatermark: bounded(object({ type: oneOf('highWatermark'), ...onPartition, ...bounds, brokerId: optional(brokerId) })),
  highWatermarkUnchanged: object({ type: oneOf('highWatermarkUnchanged'), ...onPartition, fromMs: instantMs, brokerId: optional(brokerId) }),
  logEquals: object({ type: oneOf('logEquals'), ...onPartition, records: list(recordValue, MOST_RECORDS), brokerId: optional(brokerId) }),
  logsAgree: object({ type: oneOf('logsAgree'), ...onPartition }),
  recordLost: object({ type: oneOf('recordLost'), ...onPartition, value: recordValue }),
  acknowledged: bounded(
    object({
      type: oneOf('acknowledged'),
      ...span,
      ...bounds,
      client: optional(machineName),
      topic: optional(topic),
      partition: optional(partition),
      acks: optional(oneOf(-1, 0, 1)),
    }),
  ),
  consumed: bounded(object({ type: oneOf('consumed'), ...onPartition, ...bounds, client: machineName })),
  controller: demanding(
    object({ type: oneOf('controller'), atMs, brokerId: optional(brokerIdOrNone), epoch: optional(count), epochAtLeast: optional(count) }),
    (claim) =>
      (claim.brokerId ?? claim.epoch ?? claim.epochAtLeast) === undefined
        ? { path: '', reason: 'says nothing: it needs brokerId, epoch or epochAtLeast' }
        : null,
  ),
  liveBrokers: object({ type: oneOf('liveBrokers'), atMs, brokerIds }),
  zooKeeperQuorum: object({ type: oneOf('zooKeeperQuorum'), atMs, holds: flag, leader: optional(integer({ least: 1, most: 255 })) }),
  process: object({ type: oneOf('process'), atMs, machine: machineName, is: oneOf('starting', 'running', 'paused', 'stopping', 'stopped', 'killed', 'off') }),
  traceCount: bounded(demanding(object({ type: oneOf('traceCount'), ...span, ...bounds, event, where }), patternProblem)),
  inOrder: demanding(object({ type: oneOf('inOrder'), ...span, events: list(pattern, MOST_EVENTS) }), (claim) =>
    claim.events.length < 2 ? { path: 'events', reason: 'an order has at least two events' } : null,
  ),
  refused: object({ type: oneOf('refused'), ...span, error: errorName, client: optional(machineName) }),
  commandRefused: demanding(
    object({ type: oneOf('commandRefused'), ...span, command: text({ least: 1, most: 100 }), because: optional(recordValue) }),
    (claim) =>
      Object.hasOwn(COMMAND_PARSERS, claim.command) ? null : { path: 'command', reason: `there is no command named ${JSON.stringify(claim.command)}` },
  ),
  noAcknowledgedRecordLost: object({ type: oneOf('noAcknowledgedRecordLost'), atMs, topic: optional(topic), acks: optional(oneOf(-1, 1)) }),
  promiseVoided: object({
    type: oneOf('promiseVoided'),
    ...onPartition,
    kind: oneOf('unclean election', 'power cut of every in-sync copy', 'power cut of a replica counted in sync'),
  }),
  invariantsHold: object({ type: oneOf('invariantsHold'), atMs }),
} satisfies { readonly [Type in Claim['type']]: Parser<ClaimOf<Type>> };

/** A claim from outside. An event, a field or a value that no event can have is refused, as such a claim would say nothing. */
export const claimParser: Parser<Claim> = tagged('a claim', CLAIM_PARSERS);

function bounded<T extends { readonly atLeast?: number; readonly atMost?: number }>(parser: Parser<T>): Parser<T> {
  return demanding(parser, ({ atLeast, atMost }) => {
    if (atLeast === undefined && atMost === undefined) return { path: '', reason: 'says nothing: it needs atLeast or atMost' };
    if (atLeast === 0 && atMost === undefined) return { path: 'atLeast', reason: 'at least 0 is always so' };
    return atLeast !== undefined && atMost !== undefined && atLeast > atMost
      ? { path: 'atLeast', reason: `is above atMost, so that nothing can fulfil it` }
      : null;
  });
}

function patternProblem(asked: EventPattern): { path: string; reason: string } | null {
  const fields = traceFieldsOf(asked.event);
  if (fields === null) return { path: 'event', reason: `there is no event named ${JSON.stringify(asked.event)}` };
  for (const [name, value] of Object.entries(asked.where ?? {})) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field === undefined) return { path: `where.${name}`, reason: `${asked.event} has no such field; it has ${Object.keys(fields).join(', ')}` };
    const expected = fieldProblem(field, value);
    if (expected !== null) return { path: `where.${name}`, reason: `expected ${expected}, got ${JSON.stringify(value)}` };
  }
  return null;
}

/** What the field would have to be, when it can never be `value`. */
function fieldProblem(field: TraceField, value: PatternValue): string | null {
  const every = (type: 'string' | 'number'): boolean => (Array.isArray(value) ? value.every((item) => typeof item === type) : typeof value === type);
  switch (field) {
    case 'flag':
      return typeof value === 'boolean' ? null : 'true or false';
    case 'number':
      return typeof value === 'number' ? null : 'a number';
    case 'text':
      return typeof value === 'string' ? null : 'text';
    case 'numbers':
      return every('number') ? null : 'a number or a list of numbers';
    case 'texts':
      return every('string') ? null : 'text or a list of texts';
    case 'structure':
      return 'nothing: this field cannot be claimed';
    default:
      return typeof value === 'string' && field.includes(value) ? null : field.map((one) => JSON.stringify(one)).join(' or ');
  }
}
