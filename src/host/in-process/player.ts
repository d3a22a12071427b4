import { codecs } from '../codecs/loaded-codecs.ts';
import type { InstantUs } from '../../engine/kernel/units.ts';
import { newChecker, observe, type Checker } from '../../engine/invariants/checker.ts';
import type { TraceRecord } from '../../engine/machine/contract.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { issueCommand, newWorld, runUntil, traceHash, type WorldSink } from '../../engine/world/world.ts';
import type { World } from '../../engine/world/world-state.ts';

/** A scenario played in this thread, with its invariants watched. */
export interface Player {
  readonly world: World;
  readonly checker: Checker;
  /** Commands of the scenario not yet given, in order of time. */
  readonly pending: TimedCommand[];
  /** Commands refused by the world, with the reason, where they were given. */
  readonly refusals: Refusal[];
  readonly options: PlayerOptions;
}

export interface Refusal {
  readonly atUs: InstantUs;
  readonly command: Command;
  readonly reason: string;
}

export interface PlayerOptions {
  readonly seed?: number;
  readonly onTrace?: (record: TraceRecord) => void;
  readonly sink?: Omit<WorldSink, 'trace'>;
  /** Cuts a window that may reach `to` anywhere after `from`; results must not depend on it. */
  readonly cut?: (from: InstantUs, to: InstantUs) => InstantUs;
  /** Leave the invariants unwatched (benchmarks). */
  readonly unchecked?: boolean;
  /** Leave the trace hash out (the benchmark of its cost). */
  readonly unhashed?: boolean;
}

export function newPlayer(scenario: Scenario, options: PlayerOptions = {}): Player {
  const pending = scenario.commands.slice().sort((a, b) => a.atMs - b.atMs);
  return { world: newWorld(scenario, options.seed, { folds: options.unhashed !== true, codecs }), checker: newChecker(), pending, refusals: [], options };
}

/** Plays up to `untilMs`, giving the scenario's commands at their times. */
export function playUntil(player: Player, untilMs: number): void {
  const untilUs = Math.floor(untilMs * 1000);
  for (;;) {
    const next = player.pending[0];
    const nextUs = next === undefined ? Infinity : Math.round(next.atMs * 1000);
    runTo(player, Math.min(untilUs, nextUs));
    if (next === undefined || nextUs > untilUs) return;
    player.pending.shift();
    give(player, next.command);
  }
}

/** Gives a command now; a refusal is kept and returned. */
export function give(player: Player, command: Command): Refusal | null {
  const outcome = issueCommand(player.world, command);
  if (outcome.ok) return null;
  const refusal: Refusal = { atUs: player.world.nowUs, command, reason: outcome.reason };
  player.refusals.push(refusal);
  return refusal;
}

function runTo(player: Player, untilUs: InstantUs): void {
  const { options, checker } = player;
  const watched = options.unchecked !== true;
  const sink: WorldSink = {
    ...options.sink,
    ...(watched || options.onTrace !== undefined
      ? {
          trace: (record: TraceRecord): void => {
            if (watched) observe(checker, record);
            options.onTrace?.(record);
          },
        }
      : {}),
  };
  runUntil(player.world, untilUs, sink, options.cut);
}

export function hashOf(player: Player): string {
  return traceHash(player.world);
}
