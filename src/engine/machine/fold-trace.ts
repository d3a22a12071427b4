import { hashString } from '../kernel/hash.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { MachineInput } from './contract.ts';
import { fold, type Draft } from './draft.ts';
import type { ProcessCommandInput, ProcessTrace } from './process-kinds.ts';

/** Hash words of names used again and again; a cache of pure values, so it may live outside any state. */
const nameHashes = new Map<string, number>();

function nameHash(name: string): number {
  let hash = nameHashes.get(name);
  if (hash === undefined) {
    hash = hashString(name);
    nameHashes.set(name, hash);
  }
  return hash;
}

/** Folds what came in: time, kind, peer and what identifies a message. */
export function foldInput(draft: Draft, input: MachineInput): void {
  if (!draft.environment.folds) return;
  fold(draft, draft.nowUs | 0);
  fold(draft, nameHash(input.type));
  switch (input.type) {
    case 'packet':
      fold(draft, (input.packet.from << 16) ^ input.packet.toSocket ^ nameHash(input.packet.kind));
      foldMessage(draft, input.packet.message);
      return;
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
    case 'processReady':
    case 'processRestart':
    case 'tcpTimeout':
      return;
  }
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
      fold(draft, nameHash('send') ^ effect.connection);
      return foldMessage(draft, effect.message);
    case 'setTimer':
      fold(draft, nameHash(effect.owner) ^ nameHash(effect.name));
      return fold(draft, effect.atUs | 0);
    case 'append':
    case 'replace':
      return fold(draft, nameHash(effect.type) ^ effect.bytes.length);
    case 'resize':
      return fold(draft, nameHash(effect.type) ^ effect.sizeBytes);
    case 'trace':
      return foldEvent(draft, effect.event);
    case 'connect':
    case 'listen':
    case 'close':
    case 'cancelTimer':
    case 'rename':
    case 'delete':
    case 'flush':
    case 'exit':
      return fold(draft, nameHash(effect.type));
  }
}

function foldEvent(draft: Draft, event: ProcessTrace): void {
  fold(draft, nameHash(event.type));
  // In the order in which the one place that makes the event writes its fields: the same everywhere. (Keys, as values cost far more.)
  const fields = event as unknown as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) foldValue(draft, fields[name]);
}

function foldValue(draft: Draft, value: unknown): void {
  if (typeof value === 'number') {
    fold(draft, value | 0);
    // Beyond 32 bits (zxids, offsets) the high word counts too.
    if (value > 2147483647 || value < -2147483648) fold(draft, Math.floor(value / 4294967296) | 0);
  } else if (typeof value === 'string') fold(draft, value.length < 24 ? nameHash(value) : hashString(value));
  else if (typeof value === 'boolean') fold(draft, value ? 1 : 2);
  else if (Array.isArray(value)) for (const item of value) foldValue(draft, item);
}

/** Which input a backlog holds, for the hash of a resumed process. */
export function foldSystemInput(draft: Draft, input: SystemInput<WireMessage, ProcessCommandInput>): void {
  if (!draft.environment.folds) return;
  fold(draft, nameHash(input.type));
  if (input.type === 'received') foldMessage(draft, input.message);
}
