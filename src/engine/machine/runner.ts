import { assert } from '../kernel/assert.ts';
import { NO_CODECS, type Codecs } from '../kernel/codecs.ts';
import { newArena } from '../kernel/bytes.ts';
import type { FileTree } from '../kernel/files.ts';
import type { InstantUs } from '../kernel/units.ts';
import {
  EVENT_CLASS,
  type MachineEffect,
  type MachineEvent,
  type MachineSpec,
  type MachineState,
  type Packet,
  type Surroundings,
  type TraceRecord,
} from './contract.ts';
import { newContext, type MachineEnvironment } from './draft.ts';
import { newEventHeap, peekEvent, popEvent, pushEvent, type EventHeap } from './event-heap.ts';
import { newMachine, stepMachine } from './machine.ts';

/** A machine that runs: its immutable state and the mutable heap of its future events. One per machine, in any host. */
export interface Runner {
  readonly environment: MachineEnvironment;
  readonly heap: EventHeap;
  state: MachineState;
  /** Time of the last event handled. */
  lastUs: InstantUs;
}

/** A runner's whole value at one moment: state by reference, events copied. */
export interface RunnerCheckpoint {
  readonly spec: MachineSpec;
  readonly state: MachineState;
  readonly events: readonly MachineEvent[];
}

export type DeviceChange = Extract<MachineEffect, { type: 'deviceChanged' }>;

/** What a window of one machine gave, in order. */
export interface Output {
  readonly packets: Packet[];
  readonly traces: TraceRecord[];
  readonly deviceChanges: DeviceChange[];
  stepCount: number;
}

export function newOutput(): Output {
  return { packets: [], traces: [], deviceChanges: [], stepCount: 0 };
}

export interface RunnerOptions {
  readonly spec: MachineSpec;
  readonly seed: number;
  readonly epochMs: number;
  readonly surroundings: Surroundings;
  /** As in the environment; true unless told otherwise. */
  readonly folds?: boolean;
  /** None unless given: nothing can be compressed then. */
  readonly codecs?: Codecs;
}

export function newRunner(options: RunnerOptions, files?: FileTree): Runner {
  return { environment: newEnvironment(options), heap: newEventHeap(), state: newMachine(files), lastUs: 0 };
}

function newEnvironment(options: RunnerOptions): MachineEnvironment {
  const { spec, seed, epochMs, surroundings, folds = true, codecs = NO_CODECS } = options;
  return { spec, seed, epochMs, surroundings, folds, context: newContext(newArena(), codecs), streamKeys: {}, linkKeys: [] };
}

export function checkpointRunner(runner: Runner): RunnerCheckpoint {
  return { spec: runner.environment.spec, state: runner.state, events: runner.heap.items.slice() };
}

export function restoreRunner(options: Omit<RunnerOptions, 'spec'>, checkpoint: RunnerCheckpoint): Runner {
  return {
    environment: newEnvironment({ ...options, spec: checkpoint.spec }),
    heap: newEventHeap(checkpoint.events),
    state: checkpoint.state,
    lastUs: 0,
  };
}

/** Time of the next event, or Infinity when the machine is idle. */
export function nextEventUs(runner: Runner): InstantUs {
  return peekEvent(runner.heap)?.atUs ?? Infinity;
}

/** Puts a packet from another machine (or itself) among the future events. */
export function acceptPacket(runner: Runner, packet: Packet): void {
  pushEvent(runner.heap, {
    atUs: packet.arrivesUs,
    class: EVENT_CLASS.message,
    source: packet.from,
    sequence: packet.sequence,
    input: { type: 'packet', packet },
  });
}

export function acceptEvent(runner: Runner, event: MachineEvent): void {
  pushEvent(runner.heap, event);
}

/** Handles every event before `endUs`. Packets for others and all else that leaves the machine goes to `output`. */
export function runWindow(runner: Runner, endUs: InstantUs, output: Output): void {
  for (;;) {
    const event = peekEvent(runner.heap);
    if (event === undefined || event.atUs >= endUs) return;
    runEvent(runner, output);
  }
}

/** Handles the one next event. */
export function runEvent(runner: Runner, output: Output): void {
  const event = popEvent(runner.heap);
  assert(event !== undefined, 'an event to handle');
  assert(event.atUs >= runner.lastUs, 'time to go forward');
  runner.lastUs = event.atUs;
  const step = stepMachine(runner.environment, runner.state, event.input, event.atUs);
  runner.state = step.state;
  output.stepCount += 1;
  for (const effect of step.effects) take(runner, effect, output);
}

function take(runner: Runner, effect: MachineEffect, output: Output): void {
  switch (effect.type) {
    case 'schedule':
      return pushEvent(runner.heap, effect.event);
    case 'packet':
      if (effect.packet.to === runner.environment.spec.rank) acceptPacket(runner, effect.packet);
      else output.packets.push(effect.packet);
      return;
    case 'trace':
      output.traces.push(effect.record);
      return;
    case 'deviceChanged':
      output.deviceChanges.push(effect);
      return;
  }
}
