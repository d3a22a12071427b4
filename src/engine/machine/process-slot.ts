import { changed } from '../kernel/mutable.ts';
import { emptyArray, arrayPush, arrayToList } from '../kernel/persistent-array.ts';
import { mapValues } from '../kernel/persistent-map.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import { assert } from '../kernel/assert.ts';
import type { WireMessage } from '../protocol/wire.ts';
import { closeConnection, openConnection, sendOnConnection } from './connections.ts';
import { EVENT_CLASS, type ProcessSlot, type ProcessStatus } from './contract.ts';
import { performDiskEffect } from './disk.ts';
import { processContext, schedule, trace, type Draft } from './draft.ts';
import { foldEffect, foldSystemInput } from './fold-trace.ts';
import { cancelTimer, setTimer } from './timers.ts';
import { removeSocket, sendOnSocket } from './network.ts';
import { initProcess, stepProcess, type ProcessCommandInput, type ProcessTrace } from './process-kinds.ts';

type ProcessInput = SystemInput<WireMessage, ProcessCommandInput>;
type ProcessEffect = SystemEffect<WireMessage, ProcessTrace>;

/** A slot in which nothing runs. */
export function stoppedSlot(status: ProcessStatus, incarnation: number): ProcessSlot {
  return {
    status,
    state: null,
    incarnation,
    nextConnection: 1,
    listening: [],
    timers: [],
    backlog: emptyArray(),
    exitCode: null,
    exitReason: null,
    statusSinceUs: 0,
    restartsLeft: 0,
  };
}

function setSlot(draft: Draft, slot: ProcessSlot): void {
  draft.state.process = slot;
}

function setStatus(draft: Draft, status: ProcessStatus): void {
  draft.state.process.status = status;
  draft.state.process.statusSinceUs = draft.nowUs;
}

/** Tries of the supervisor after one start by hand. */
export const RESTARTS = 5;

export function startProcess(draft: Draft, restartsLeft: number): void {
  const { status, incarnation } = draft.state.process;
  if (status === 'starting' || status === 'running' || status === 'paused') return;
  const next = incarnation + 1;
  setSlot(draft, changed(stoppedSlot('starting', next), { statusSinceUs: draft.nowUs, restartsLeft }));
  trace(draft, { type: 'ProcessStarting', incarnation: next });
  const atUs = draft.nowUs + draft.environment.spec.profile.processStartUs;
  schedule(draft, { atUs, class: EVENT_CLASS.timer, input: { type: 'processReady', incarnation: next } });
}

export function onProcessReady(draft: Draft, incarnation: number): void {
  const { process } = draft.state;
  if (process.status !== 'starting' || process.incarnation !== incarnation) return;
  setStatus(draft, 'running');
  trace(draft, { type: 'ProcessStarted', incarnation });
  const { spec } = draft.environment;
  const start = { files: draft.state.disk.cache, incarnation, host: spec.host };
  const step = initProcess(spec.process, start, processContext(draft));
  finishStep(draft, step);
}

/** Hands an input to the process, or keeps it for a stopped one, or drops it. */
export function deliver(draft: Draft, input: ProcessInput): void {
  const { process } = draft.state;
  if (process.status === 'paused') process.backlog = arrayPush(process.backlog, input);
  else if (process.status === 'running') runProcess(draft, input);
}

function runProcess(draft: Draft, input: ProcessInput): void {
  const { state } = draft.state.process;
  assert(state !== null, 'a running process to have state');
  finishStep(draft, stepProcess(state, input, processContext(draft)));
}

function finishStep(draft: Draft, step: ReturnType<typeof stepProcess>): void {
  draft.state.process.state = step.state;
  for (const effect of step.effects) {
    foldEffect(draft, effect);
    perform(draft, effect);
    if (effect.type === 'exit') return;
  }
}

function perform(draft: Draft, effect: ProcessEffect): void {
  switch (effect.type) {
    case 'connect':
      return openConnection(draft, effect);
    case 'listen':
      draft.state.process.listening = [...draft.state.process.listening, effect.port];
      return;
    case 'send':
      return sendOnConnection(draft, effect.connection, effect.message);
    case 'close':
      return closeConnection(draft, effect.connection);
    case 'setTimer':
      return setTimer(draft, effect);
    case 'cancelTimer':
      return cancelTimer(draft, effect);
    case 'trace':
      return trace(draft, effect.event);
    case 'exit':
      return exitProcess(draft, effect);
    case 'append':
    case 'replace':
    case 'resize':
    case 'rename':
    case 'delete':
    case 'flush':
    case 'read':
      return performDiskEffect(draft, effect);
  }
}

export function pauseProcess(draft: Draft): void {
  if (draft.state.process.status !== 'running') return;
  setStatus(draft, 'paused');
  trace(draft, { type: 'ProcessPaused' });
}

/** SIGCONT: all that waited is handled now, in the order it came. */
export function resumeProcess(draft: Draft): void {
  const { process } = draft.state;
  if (process.status !== 'paused') return;
  const waiting = arrayToList(process.backlog);
  setStatus(draft, 'running');
  process.backlog = emptyArray();
  trace(draft, { type: 'ProcessResumed', waitingInputs: waiting.length });
  for (const input of waiting) {
    foldSystemInput(draft, input);
    deliver(draft, input);
  }
}

/** SIGTERM. A process that is only starting has nothing to put in order. */
export function terminateProcess(draft: Draft): void {
  const { status } = draft.state.process;
  if (status === 'starting') return exitProcess(draft, { code: 143, reason: 'SIGTERM' });
  if (status !== 'running' && status !== 'paused') return;
  trace(draft, { type: 'ProcessStopping' });
  deliver(draft, { type: 'signal', signal: 'SIGTERM' });
}

/** SIGKILL: the system closes the sockets; the page cache is the system's and stays. */
export function killProcess(draft: Draft): void {
  const { status } = draft.state.process;
  if (status !== 'running' && status !== 'paused' && status !== 'starting') return;
  closeAllSockets(draft);
  setSlot(draft, changed(stoppedSlot('killed', draft.state.process.incarnation), { statusSinceUs: draft.nowUs }));
  trace(draft, { type: 'ProcessKilled' });
}

function exitProcess(draft: Draft, exit: { code: number; reason: string }): void {
  closeAllSockets(draft);
  const { incarnation, restartsLeft } = draft.state.process;
  setSlot(draft, changed(stoppedSlot('exited', incarnation), { exitCode: exit.code, exitReason: exit.reason, statusSinceUs: draft.nowUs, restartsLeft }));
  trace(draft, { type: 'ProcessExited', code: exit.code, reason: exit.reason });
  if (!isFailure(exit.code) || restartsLeft === 0) return;
  const atUs = draft.nowUs + draft.environment.spec.profile.restartDelayUs;
  schedule(draft, { atUs, class: EVENT_CLASS.timer, input: { type: 'processRestart', incarnation } });
}

/** 0 is an end in order, 143 the answer to SIGTERM. */
function isFailure(code: number): boolean {
  return code !== 0 && code !== 143;
}

/** The supervisor starts what failed, unless somebody has acted meanwhile. */
export function restartProcess(draft: Draft, incarnation: number): void {
  const { process, power } = draft.state;
  if (power === 'on' && process.status === 'exited' && process.incarnation === incarnation) startProcess(draft, process.restartsLeft - 1);
}

function closeAllSockets(draft: Draft): void {
  for (const socket of mapValues(draft.state.sockets)) {
    if (socket.status === 'open') sendOnSocket(draft, socket, { kind: 'fin', message: null });
    removeSocket(draft, socket);
  }
}
