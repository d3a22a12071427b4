import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';

/** Everything a link carries: a run and the moment in it to look at. */
export interface SharedRun {
  readonly scenario: Scenario;
  readonly seed: number;
  /** `played`: the scenario's own commands are given at their times too; `replaced`: only `commands` are. */
  readonly script: 'played' | 'replaced';
  /** In the order given; times never go back. */
  readonly commands: readonly SharedCommand[];
  readonly momentUs: InstantUs;
  /** The engine that made the link; null when nobody said. */
  readonly engineVersion: number | null;
  /** The run's trace hash at the moment, 16 hex digits; null when nobody said. */
  readonly traceHash: string | null;
}

export interface SharedCommand {
  readonly atUs: InstantUs;
  readonly command: Command;
}

/** A link, or why there is none: the run is too large for one, and is better saved as a file. */
export type EncodedLink = { readonly ok: true; readonly link: string } | { readonly ok: false; readonly reason: string };

export type DecodedLink =
  | { readonly ok: true; readonly run: SharedRun }
  /** `position` is the index in the link of the first character that cannot be read. */
  | { readonly ok: false; readonly position: number; readonly reason: string };

export const LINK_LIMITS = {
  /** Readable as long as it is no longer than this; compressed beyond. */
  readableChars: 500,
  chars: 65_536,
  /** Of the JSON in a compressed link. */
  jsonBytes: 1_000_000,
  /** A day of virtual time. */
  instantUs: 86_400_000_000,
} as const;

/** Why the text at a position cannot be read. Thrown inside this folder only, and caught where a link is decoded. */
export class LinkProblem extends Error {
  readonly position: number;

  constructor(position: number, reason: string) {
    super(reason);
    this.name = 'LinkProblem';
    this.position = position;
  }
}

/** Commands must come in the order in which they were given. */
export function indexOutOfOrder(commands: readonly SharedCommand[]): number {
  return commands.findIndex((one, i) => i > 0 && one.atUs < (commands[i - 1]?.atUs ?? 0));
}
