import { required } from '../kernel/assert.ts';
import { allocateFrom, type Arena } from '../kernel/bytes.ts';
import { mixA, mixB } from '../kernel/hash.ts';
import type { Codecs } from '../kernel/codecs.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import { mapGet, mapSet } from '../kernel/persistent-map.ts';
import { drawAt, streamKey } from '../kernel/random.ts';
import type { InstantUs } from '../kernel/units.ts';
import type { MachineEffect, MachineEvent, MachineSpec, MachineState, MachineTrace, ProcessSlot, Surroundings } from './contract.ts';
import { firstFailure } from './disk-failures.ts';
import type { Mutable } from '../kernel/mutable.ts';
import type { ProcessTrace } from './process-kinds.ts';

/** What a machine's steps share besides state: who it is, what surrounds it, where it may allocate. */
export interface MachineEnvironment {
  readonly spec: MachineSpec;
  readonly seed: number;
  /** Epoch milliseconds of virtual zero. */
  readonly epochMs: number;
  readonly context: ReusedContext;
  /** Replaced by the world when a machine is added. */
  surroundings: Surroundings;
  /** False only in a benchmark that asks what the trace hash costs: lanes then stay as they began, and nothing else differs. */
  readonly folds: boolean;
  /** Keys of the chance streams already asked for; a cache of pure values. */
  readonly streamKeys: Record<string, number>;
  /** The same for the links of this machine, by rank of the peer. */
  readonly linkKeys: (number | undefined)[];
}

/**
 * One step in the making: the state so far and the effects so far. Lives only inside `stepMachine`. The state and its process
 * slot are this draft's own copies, changed in place; what the step ends with is as immutable as any.
 */
export interface Draft {
  readonly environment: MachineEnvironment;
  readonly nowUs: InstantUs;
  readonly effects: MachineEffect[];
  readonly state: DraftState;
  laneA: number;
  laneB: number;
  /** How long what is sent in the rest of this step waits for the disk. */
  stallUs: number;
  /** What changes the device in this step was waited for (fsync). */
  flushing: boolean;
}

type DraftState = Mutable<Omit<MachineState, 'process'>> & { process: Mutable<ProcessSlot> };

export function beginDraft(environment: MachineEnvironment, state: MachineState, nowUs: InstantUs): Draft {
  return { environment, nowUs, effects: [], state: copyState(state), laneA: state.lanes.a, laneB: state.lanes.b, stallUs: 0, flushing: false };
}

/** A copy that its one owner changes before anybody else sees it. */
export function copyState(state: MachineState): DraftState {
  const { process } = state;
  return {
    power: state.power,
    process: {
      status: process.status,
      state: process.state,
      incarnation: process.incarnation,
      nextConnection: process.nextConnection,
      listening: process.listening,
      timers: process.timers,
      backlog: process.backlog,
      exitCode: process.exitCode,
      exitReason: process.exitReason,
      statusSinceUs: process.statusSinceUs,
      restartsLeft: process.restartsLeft,
    },
    sockets: state.sockets,
    connections: state.connections,
    nextSocket: state.nextSocket,
    links: state.links,
    disk: state.disk,
    draws: state.draws,
    unanswered: state.unanswered,
    sequence: state.sequence,
    stepCount: state.stepCount,
    lanes: state.lanes,
  };
}

/** The state with lanes and step count brought up to date. */
export function endDraft(draft: Draft): MachineState {
  draft.state.stepCount += 1;
  draft.state.lanes = { a: draft.laneA, b: draft.laneB };
  return draft.state;
}

/** Folds one 32-bit word into the machine's trace hash. */
export function fold(draft: Draft, word: number): void {
  draft.laneA = mixA(draft.laneA, word);
  draft.laneB = mixB(draft.laneB, word);
}

export function draw(draft: Draft, purpose: string): number {
  const { environment } = draft;
  let key = environment.streamKeys[purpose];
  if (key === undefined) {
    key = streamKey({ seed: environment.seed, owner: environment.spec.host, purpose });
    environment.streamKeys[purpose] = key;
  }
  const n = mapGet(draft.state.draws, purpose) ?? 0;
  draft.state.draws = mapSet(draft.state.draws, purpose, n + 1);
  return drawAt(key, n);
}

/** The context of every step of one machine: made once, as it stands for nothing outside the step it is given to. */
export interface ReusedContext extends Mutable<StepContext> {
  draft: Draft | null;
}

export function newContext(arena: Arena, codecs: Codecs): ReusedContext {
  const context: ReusedContext = {
    draft: null,
    nowUs: 0,
    nowMs: 0,
    codecs,
    draw: (purpose) => draw(required(context.draft, 'a step under way'), purpose),
    allocate: (sizeBytes) => allocateFrom(arena, sizeBytes),
    nextConnection: () => {
      const { process } = required(context.draft, 'a step under way').state;
      const connection = process.nextConnection;
      process.nextConnection = connection + 1;
      return connection;
    },
    diskFailure: (effects) => {
      const { disk } = required(context.draft, 'a step under way').state;
      return disk.faults === null ? null : firstFailure(disk, effects);
    },
    flippedBits: (path) => {
      const { faults } = required(context.draft, 'a step under way').state.disk;
      return faults === null ? null : (mapGet(faults.rot, path) ?? null);
    },
  };
  return context;
}

/** The context that the process's step sees. */
export function processContext(draft: Draft): StepContext {
  const { context, epochMs } = draft.environment;
  context.draft = draft;
  context.nowUs = draft.nowUs;
  context.nowMs = epochMs + Math.floor(draft.nowUs / 1000);
  return context;
}

/** The next number of this machine's source sequence: orders what it schedules and sends. */
export function nextSequence(draft: Draft): number {
  const sequence = draft.state.sequence;
  draft.state.sequence = sequence + 1;
  return sequence;
}

export function schedule(draft: Draft, event: Pick<MachineEvent, 'atUs' | 'class' | 'input'>): void {
  const full: MachineEvent = { atUs: event.atUs, class: event.class, source: draft.environment.spec.rank, sequence: nextSequence(draft), input: event.input };
  draft.effects.push({ type: 'schedule', event: full });
}

export function trace(draft: Draft, event: MachineTrace | ProcessTrace): void {
  const { spec } = draft.environment;
  const id = { atUs: draft.nowUs, machine: spec.rank, step: draft.state.stepCount };
  draft.effects.push({ type: 'trace', record: { id, host: spec.host, event } });
}
