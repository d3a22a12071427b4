import { hashString } from '../kernel/hash.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { MachineInput, Packet } from './contract.ts';
import { fold, type Draft } from './draft.ts';
import type { ProcessCommandInput, ProcessTrace } from './process-kinds.ts';

/** Hash words of names used again and again; caches of pure values, so they may live outside any state. */
const nameHashes = new Map<string, number>();
/** Those met last, by a slot that takes a look at two letters to find: most names of a step are here. */
const SLOTS = 128;
const slotNames: string[] = Array.from({ length: SLOTS }, () => '');
const slotHashes: number[] = Array.from({ length: SLOTS }, () => hashString(''));

function nameHash(name: string): number {
  const slot = (name.length * 7 + name.charCodeAt(0) * 3 + name.charCodeAt(name.length - 1)) & (SLOTS - 1);
  if (slotNames[slot] === name) return slotHashes[slot] as number;
  let hash = nameHashes.get(name);
  if (hash === undefined) {
    hash = hashString(name);
    nameHashes.set(name, hash);
  }
  slotNames[slot] = name;
  slotHashes[slot] = hash;
  return hash;
}

/** Words of the names met at nearly every step. */
const PACKET = hashString('packet');
const DATA = hashString('data');
const PROCESS_TIMER = hashString('processTimer');
const SEND = hashString('send');
const APPEND = hashString('append');
const CANCEL_TIMER = hashString('cancelTimer');
const LEADER = hashString('leader');
const FOLLOWER = hashString('follower');
const APPENDED = hashString('RecordsAppended');
const WATERMARK = hashString('HighWatermarkAdvanced');
const ACKNOWLEDGED = hashString('RecordsAcknowledged');
const CONSUMED = hashString('RecordsConsumed');

/** Folds what came in: time, kind, peer and what identifies a message. */
export function foldInput(draft: Draft, input: MachineInput): void {
  if (!draft.environment.folds) return;
  fold(draft, draft.nowUs | 0);
  if (input.type === 'packet') return foldPacket(draft, input.packet);
  fold(draft, input.type === 'processTimer' ? PROCESS_TIMER : nameHash(input.type));
  switch (input.type) {
    case 'processTimer':
      fold(draft, nameHash(input.owner) ^ nameHash(input.name));
      return;
    case 'command':
      fold(draft, nameHash(input.command.type));
      return;
    case 'flushDone':
      fold(draft, input.operation ^ hashString(input.path));
      return;
    case 'writeBack':
    case 'writtenBack':
    case 'processReady':
    case 'processRestart':
    case 'tcpTimeout':
      return;
  }
}

function foldPacket(draft: Draft, packet: Packet): void {
  fold(draft, PACKET);
  fold(draft, (packet.from << 16) ^ packet.toSocket ^ (packet.kind === 'data' ? DATA : nameHash(packet.kind)));
  foldMessage(draft, packet.message);
}

export function foldMessage(draft: Draft, message: WireMessage | null): void {
  if (message === null) return;
  fold(draft, message.sizeBytes);
  if (message.kind === 'request' || message.kind === 'response') fold(draft, nameHash(message.api) ^ Math.imul(message.correlationId, 0x9e3779b1));
  else fold(draft, nameHash(message.kind));
}

/** Folds what a process did: kind, target and sizes; trace events field by field. */
export function foldEffect(draft: Draft, effect: SystemEffect<WireMessage, ProcessTrace>): void {
  if (!draft.environment.folds) return;
  switch (effect.type) {
    case 'send':
      fold(draft, SEND ^ effect.connection);
      return foldMessage(draft, effect.message);
    case 'setTimer':
      fold(draft, nameHash(effect.owner) ^ nameHash(effect.name));
      return fold(draft, effect.atUs | 0);
    case 'append':
      return fold(draft, APPEND ^ effect.bytes.length);
    case 'cancelTimer':
      return fold(draft, CANCEL_TIMER);
    case 'replace':
      return fold(draft, nameHash(effect.type) ^ effect.bytes.length);
    case 'resize':
    case 'read':
      return fold(draft, nameHash(effect.type) ^ effect.sizeBytes);
    case 'trace':
      return foldEvent(draft, effect.event);
    case 'connect':
    case 'listen':
    case 'close':
    case 'rename':
    case 'delete':
    case 'flush':
    case 'exit':
      return fold(draft, nameHash(effect.type));
  }
}

/** The event's name, then its fields in order, the name again among them. The four events of every record have their own way. */
function foldEvent(draft: Draft, event: ProcessTrace): void {
  switch (event.type) {
    case 'RecordsAppended':
      return foldAppended(draft, event);
    case 'HighWatermarkAdvanced':
      return foldWatermark(draft, event);
    case 'RecordsAcknowledged':
      return foldAcknowledged(draft, event);
    case 'RecordsConsumed':
      return foldConsumed(draft, event);
    default:
      fold(draft, nameHash(event.type));
      foldFields(draft, event);
  }
}

/** What `foldFields` would fold, field by field in the order in which `traceAppend` writes them. */
function foldAppended(draft: Draft, event: Extract<ProcessTrace, { type: 'RecordsAppended' }>): void {
  fold(draft, APPENDED);
  fold(draft, APPENDED);
  fold(draft, event.brokerId);
  fold(draft, nameHash(event.topic));
  fold(draft, event.partition);
  fold(draft, event.role === 'leader' ? LEADER : FOLLOWER);
  fold(draft, event.leaderEpoch);
  foldNumber(draft, event.baseOffset);
  foldNumber(draft, event.logEndOffset);
  fold(draft, event.sizeBytes);
  foldNumber(draft, event.batchCrc);
}

/** As `foldAppended`, for `moveHighWatermark`. */
function foldWatermark(draft: Draft, event: Extract<ProcessTrace, { type: 'HighWatermarkAdvanced' }>): void {
  fold(draft, WATERMARK);
  fold(draft, WATERMARK);
  fold(draft, event.brokerId);
  fold(draft, nameHash(event.topic));
  fold(draft, event.partition);
  fold(draft, event.role === 'leader' ? LEADER : FOLLOWER);
  fold(draft, event.leaderEpoch);
  foldNumber(draft, event.highWatermark);
  foldNumber(draft, event.previous);
}

/** As `foldAppended`, for the producer's `complete`. */
function foldAcknowledged(draft: Draft, event: Extract<ProcessTrace, { type: 'RecordsAcknowledged' }>): void {
  fold(draft, ACKNOWLEDGED);
  fold(draft, ACKNOWLEDGED);
  fold(draft, nameHash(event.client));
  fold(draft, nameHash(event.topic));
  fold(draft, event.partition);
  fold(draft, event.acks);
  foldNumber(draft, event.baseOffset);
  fold(draft, event.recordCount);
  foldTexts(draft, event.values);
}

/** As `foldAppended`, for the consumer's `onPartitionData`. */
function foldConsumed(draft: Draft, event: Extract<ProcessTrace, { type: 'RecordsConsumed' }>): void {
  fold(draft, CONSUMED);
  fold(draft, CONSUMED);
  fold(draft, nameHash(event.client));
  fold(draft, nameHash(event.topic));
  fold(draft, event.partition);
  foldNumber(draft, event.baseOffset);
  foldNumber(draft, event.nextOffset);
  foldNumber(draft, event.highWatermark);
  foldTexts(draft, event.values);
}

function foldFields(draft: Draft, event: object): void {
  // In the order in which the one place that makes the event writes its fields: the same everywhere. (Keys, as values cost far more.)
  const fields = event as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    if (name === 'values') foldTexts(draft, fields[name] as readonly string[]);
    else foldValue(draft, fields[name]);
  }
}

/** The values of records count by their lengths: their bytes are in the CRC of their batch, and reading every letter again costs more than all else here. */
function foldTexts(draft: Draft, texts: readonly string[]): void {
  for (const text of texts) fold(draft, text.length);
}

function foldNumber(draft: Draft, value: number): void {
  fold(draft, value | 0);
  // Beyond 32 bits (zxids, offsets) the high word counts too.
  if (value > 2147483647 || value < -2147483648) fold(draft, Math.floor(value / 4294967296) | 0);
}

function foldValue(draft: Draft, value: unknown): void {
  if (typeof value === 'number') foldNumber(draft, value);
  else if (typeof value === 'string') fold(draft, value.length < 24 ? nameHash(value) : hashString(value));
  else if (typeof value === 'boolean') fold(draft, value ? 1 : 2);
  else if (Array.isArray(value)) for (const item of value) foldValue(draft, item);
}

/** Which input a backlog holds, for the hash of a resumed process. */
export function foldSystemInput(draft: Draft, input: SystemInput<WireMessage, ProcessCommandInput>): void {
  if (!draft.environment.folds) return;
  fold(draft, nameHash(input.type));
  if (input.type === 'received') foldMessage(draft, input.message);
}
