import type { DiskFailure, FlippedBit } from './system.ts';
import type { Codecs } from './codecs.ts';
import type { EpochMs, InstantUs } from './units.ts';

/**
 * What a step may know besides its state and input. Everything here is a function of the run alone.
 * Randomness: `draw` gives draw n of the stream (seed, machine, purpose); the machine keeps n.
 */
export interface StepContext {
  /** Virtual time of this step. */
  readonly nowUs: InstantUs;
  /** Kafka's clock: epoch milliseconds, floor. */
  readonly nowMs: EpochMs;
  /** A uint32 from this machine's stream for `purpose`. */
  draw(purpose: string): number;
  /** A fresh region of an arena, zeroed, to be written once and never again. */
  allocate(sizeBytes: number): Uint8Array;
  /** Compression, the same on every host. */
  readonly codecs: Codecs;
  /** A connection id not used before in this process. */
  nextConnection(): number;
  /** The first of these effects that the disk would refuse; null as long as nothing is wrong with it. A process asks before it relies on them. */
  diskFailure(effects: readonly { readonly type: string }[]): DiskFailure | null;
  /** Bits that flipped in a file's bytes since they were written; null for none. */
  flippedBits(path: string): readonly FlippedBit[] | null;
}

/** The part of a context that a disk without faults gives. */
export const SOUND_DISK: Pick<StepContext, 'diskFailure' | 'flippedBits'> = { diskFailure: () => null, flippedBits: () => null };

/** The next state and what must be done, in this order. */
export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Engine code: pure, synchronous, no clock, no chance of its own. */
export interface Machine<Config, State, Input, Effect> {
  init(config: Config, context: StepContext): Step<State, Effect>;
  step(state: State, input: Input, context: StepContext): Step<State, Effect>;
}
