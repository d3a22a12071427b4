import type { Codecs } from '../kernel/codecs.ts';
import type { InstantUs } from '../kernel/units.ts';
import type { Surroundings } from '../machine/contract.ts';
import type { Runner } from '../machine/runner.ts';
import type { Command } from './command.ts';
import type { Scenario } from './scenario.ts';
import type { TimingProfile } from './timing-profile.ts';

/**
 * Everything of one run: machines by rank, the order between them, the commands given so far. Mutable at the top, while
 * each machine's state is immutable, so a checkpoint is references and copied heaps. The same value drives Vitest, the
 * history Worker and, machine by machine, the live Workers.
 */
export interface World {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly profile: TimingProfile;
  readonly runners: Runner[];
  /** False only in a benchmark that asks what the trace hash costs. */
  readonly folds: boolean;
  readonly codecs: Codecs;
  surroundings: Surroundings;
  nowUs: InstantUs;
  /** Least latency of any link: what one machine does cannot reach another sooner. */
  lookaheadUs: number;
  readonly commands: IssuedCommand[];
  stepCount: number;
}

export interface IssuedCommand {
  readonly id: number;
  readonly atUs: InstantUs;
  readonly command: Command;
}

export function runnerOf(world: World, host: string): Runner | undefined {
  return world.runners.find((runner) => runner.environment.spec.host === host);
}

/** Commands of one instant keep their order, also when one makes several events. */
export function commandSequence(id: number, part: number): number {
  return 1000 + id * 1000 + part;
}
