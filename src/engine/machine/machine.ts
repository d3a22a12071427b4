import { changed } from '../kernel/mutable.ts';
import { emptyTree, type FileTree } from '../kernel/files.ts';
import { hashString, INITIAL_LANES } from '../kernel/hash.ts';
import { arrayFrom, arrayToList, emptyArray } from '../kernel/persistent-array.ts';
import { emptyMap } from '../kernel/persistent-map.ts';
import { unreachable } from '../kernel/assert.ts';
import type { InstantUs } from '../kernel/units.ts';
import type { MachineCommand, MachineEffect, MachineInput, MachineState } from './contract.ts';
import { abandonFlush, completeFlush } from './device.ts';
import { isFailed } from './disk-failures.ts';
import { onDiskCommand } from './disk-faults.ts';
import { bootOf, emptyDisk } from './disk-state.ts';
import { losePower, type Cut } from './power-loss.ts';
import { finishWriteBack, writeBack } from './write-back.ts';
import { beginDraft, copyState, draw, endDraft, trace, type Draft, type MachineEnvironment } from './draft.ts';
import { foldInput } from './fold-trace.ts';
import { copyLink, changeLink, expireHeld, hostOf, sendReset, traceClosed } from './network.ts';
import {
  deliver,
  killProcess,
  onProcessReady,
  pauseProcess,
  RESTARTS,
  restartProcess,
  resumeProcess,
  startProcess,
  stoppedSlot,
  terminateProcess,
} from './process-slot.ts';
import { onPacket } from './sockets.ts';
import { isDue, rearm, takeTimer, type TimerInput } from './timers.ts';

/** A machine that is switched off, with these files on its disk. */
export function newMachine(files: FileTree = emptyTree()): MachineState {
  return {
    power: 'off',
    process: stoppedSlot('off', 0),
    sockets: emptyMap(),
    connections: emptyMap(),
    nextSocket: 1,
    links: emptyArray(),
    disk: emptyDisk(files),
    draws: emptyMap(),
    unanswered: [],
    sequence: 0,
    stepCount: 0,
    lanes: INITIAL_LANES,
  };
}

const NO_EFFECTS: readonly MachineEffect[] = [];

export interface MachineStep {
  readonly state: MachineState;
  readonly effects: readonly MachineEffect[];
}

/** One input of the operating system: a packet, a command, a timer, a disk completion. */
export function stepMachine(environment: MachineEnvironment, state: MachineState, input: MachineInput, nowUs: InstantUs): MachineStep {
  if (input.type === 'processTimer' && !isDue(state, input)) return passOver(environment, state, input);
  const draft = beginDraft(environment, state, nowUs);
  foldInput(draft, input);
  onInput(draft, input);
  return { state: endDraft(draft), effects: draft.effects };
}

/** The event of a timer that was set anew or cancelled is no news: it neither counts nor hashes. */
function passOver(environment: MachineEnvironment, state: MachineState, input: TimerInput): MachineStep {
  const next = rearm(state, input, environment.spec.rank);
  if (next === null) return { state, effects: NO_EFFECTS };
  const passed = copyState(state);
  passed.process.timers = next.timers;
  return { state: passed, effects: next.event === null ? NO_EFFECTS : [{ type: 'schedule', event: next.event }] };
}

function onInput(draft: Draft, input: MachineInput): void {
  switch (input.type) {
    case 'packet':
      return draft.state.power === 'off' ? keepUnanswered(draft, input) : onPacket(draft, input.packet);
    case 'command':
      return onCommand(draft, input.command);
    case 'processTimer':
      takeTimer(draft, input);
      return deliver(draft, { type: 'timer', owner: input.owner, name: input.name });
    case 'flushDone':
      return onFlushDone(draft, input);
    case 'writeBack':
      if (draft.state.power === 'on' && input.boot === bootOf(draft)) writeBack(draft);
      return;
    case 'writtenBack':
      if (draft.state.power === 'on' && input.boot === bootOf(draft)) finishWriteBack(draft);
      return;
    case 'processReady':
      return onProcessReady(draft, input.incarnation);
    case 'processRestart':
      return restartProcess(draft, input.incarnation);
    case 'tcpTimeout':
      return onTcpTimeout(draft, input.peer);
    default:
      return unreachable(input);
  }
}

/** Nobody answers; what was sent is met by a reset once the machine is up again and the peer retransmits. */
function keepUnanswered(draft: Draft, input: Extract<MachineInput, { type: 'packet' }>): void {
  const { packet } = input;
  if (packet.kind === 'rst' || draft.state.unanswered.some((other) => other.from === packet.from && other.fromSocket === packet.fromSocket)) return;
  draft.state.unanswered = [...draft.state.unanswered, packet];
}

function onFlushDone(draft: Draft, input: Extract<MachineInput, { type: 'flushDone' }>): void {
  if (draft.state.power === 'off' || input.boot !== bootOf(draft)) return;
  draft.flushing = true;
  const failed = isFailed(draft.state.disk.faults, input.path);
  if (failed) abandonFlush(draft, input.path);
  else completeFlush(draft, input.path, input.image);
  if (input.incarnation !== draft.state.process.incarnation) return;
  deliver(draft, { type: 'diskDone', owner: input.owner, operation: input.operation, path: input.path, error: failed ? 'EIO' : null });
}

function onTcpTimeout(draft: Draft, peer: number): void {
  for (const socket of expireHeld(draft, peer)) {
    traceClosed(draft, peer, 'timeout');
    deliver(draft, { type: 'closed', owner: socket.owner, connection: socket.connection, reason: 'timeout' });
  }
}

function onCommand(draft: Draft, command: MachineCommand): void {
  switch (command.type) {
    case 'start':
      return start(draft);
    case 'terminate':
      return terminateProcess(draft);
    case 'kill':
      return killProcess(draft);
    case 'pause':
      return pauseProcess(draft);
    case 'resume':
      return resumeProcess(draft);
    case 'powerOff':
      return powerOff(draft, command);
    case 'setLink':
      return setLink(draft, command);
    case 'fillDisk':
    case 'failDisk':
    case 'slowDisk':
    case 'corruptPage':
      return onDiskCommand(draft, command);
    case 'client':
      return deliver(draft, { type: 'command', command: command.command });
    default:
      return unreachable(command);
  }
}

function start(draft: Draft): void {
  if (draft.state.power === 'off') {
    const { unanswered } = draft.state;
    draft.state.power = 'on';
    draft.state.unanswered = [];
    trace(draft, { type: 'PoweredOn' });
    for (const packet of unanswered) sendReset(draft, packet);
  }
  startProcess(draft, RESTARTS);
}

function powerOff(draft: Draft, cut: Cut): void {
  if (draft.state.power === 'off') return;
  const loss = losePower(draft, cut);
  draw(draft, 'boot');
  const incarnation = draft.state.process.incarnation;
  Object.assign(draft.state, {
    power: 'off',
    process: changed(stoppedSlot('off', incarnation), { statusSinceUs: draft.nowUs }),
    sockets: emptyMap(),
    connections: emptyMap(),
    links: emptyLinks(draft),
  } satisfies Partial<MachineState>);
  trace(draft, { type: 'PoweredOff', lostBytes: loss.lostBytes, lostFiles: loss.lostFiles, tornFiles: loss.tornFiles });
}

/** Cuts are of the cable and stay; what the kernel still meant to retransmit is gone. */
function emptyLinks(draft: Draft): MachineState['links'] {
  const { links } = draft.state;
  return arrayFrom(arrayToList(links).map((link) => (link === null ? null : changed(copyLink(link), { held: [] }))));
}

function setLink(draft: Draft, command: Extract<MachineCommand, { type: 'setLink' }>): void {
  changeLink(draft, command.to, command);
  const to = hostOf(draft, command.to);
  if (command.cut === null) trace(draft, { type: 'LinkChanged', to });
  else trace(draft, command.cut ? { type: 'LinkCut', to } : { type: 'LinkHealed', to });
}

/** A hash of the whole state, for tests that compare hosts at checkpoints; arena places do not count. */
export function stateDigest(state: MachineState): number {
  return hashString(JSON.stringify(state, (_key, value: unknown) => (value instanceof Uint8Array ? bytesDigest(value) : value)));
}

function bytesDigest(bytes: Uint8Array): string {
  let digest = bytes.length;
  for (const byte of bytes) digest = (Math.imul(digest, 31) + byte) | 0;
  return `${bytes.length}:${digest}`;
}
