import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Command } from '../../engine/world/command.ts';
import type { FileContent, FilesView, FilesWatch } from '../../projection/disk/files-view.ts';
import type { ViewDelta } from '../../projection/view.ts';

/**
 * A run as the page drives it: play it, stop it, tell it commands, and hear of it by deltas. One implementation runs the
 * engine; another shows a prepared picture. All calls may be made at any time after `open`.
 */
export interface Session {
  readonly can: SessionAbilities;
  /** Begins, or goes on with what an earlier page left. Tells the listener `opened` or `failed`. */
  open(listener: SessionListener): void;
  /** The instant that the picture shows now. Called each frame; costs nothing. */
  presentUs(): InstantUs;
  play(): void;
  pause(): void;
  /** Virtual seconds a second of the reader's. */
  setSpeed(speed: Speed): void;
  /** Runs to just after the next event worth stopping at, and pauses there. */
  stepToNextEvent(): void;
  /** Only with `can.seek`. */
  seekTo(atUs: InstantUs): void;
  send(command: Command): Promise<CommandOutcome>;
  /** A link that replays this run up to the present moment. */
  requestShareLink(): Promise<string>;
  /** What an open Files panel looks at, told as `files` whenever it changes; null once it is closed, and nothing is told any more. */
  watchFiles(watch: FilesWatch | null): void;
  /** Whole files of a machine: the one of that path, or all in that folder. */
  readFiles(host: string, prefix: string): Promise<readonly FileContent[]>;
  /** Starts a new run of a built-in scenario, by name; `timing` and `seed` override the scenario's own. */
  openScenario(choice: ScenarioChoice): void;
  /** Plays the run on in memory after its storage failed. */
  continueInMemory(): void;
  /** Stops everything and frees it. */
  close(): void;
}

export interface SessionAbilities {
  readonly seek: boolean;
  readonly changeTiming: boolean;
}

export interface ScenarioChoice {
  readonly name: string;
  readonly timing?: 'classroom' | 'kafka';
  readonly seed?: number;
}

export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10] as const;
export type Speed = (typeof SPEEDS)[number];

/**
 * Whether the world took the command. A refusal here means that it made no sense to the world ("b9 does not exist"); what
 * Kafka refuses comes later, as the event `CommandRefused` with the same `commandId`.
 */
export type CommandOutcome = { readonly ok: true; readonly commandId: number } | { readonly ok: false; readonly reason: string };

/** What a session tells. Called in order, never from within a call of the page. */
export interface SessionListener {
  /** `moment` says whether a link's moment came out equal; null when no link said what it should be. */
  opened(status: SessionStatus, moment: LinkedMoment | null): void;
  view(delta: ViewDelta): void;
  /** In answer to `watchFiles`; null when there is no such machine. */
  files(view: FilesView | null): void;
  /** Playing, speed or storage are different now. */
  status(status: SessionStatus): void;
  failed(failure: SessionFailure): void;
}

/** The moment that a link leads to, by its trace hash: equal hashes, the same run to the last event. */
export interface LinkedMoment {
  /** The hash in the link. */
  readonly said: string;
  /** The hash that this engine came to. */
  readonly came: string;
  /** The link was made by another version of the engine, which may have run otherwise. */
  readonly otherEngine: boolean;
}

export interface SessionStatus {
  readonly playing: boolean;
  readonly speed: Speed;
  /** Slower than asked for, because this computer cannot keep up; the speed that it reaches. */
  readonly reachedSpeed: number | null;
  /** `fixture`: a prepared picture, nothing runs. */
  readonly host: 'workers' | 'in-process' | 'fixture';
  readonly storage: 'indexeddb' | 'memory';
  /** Why the run is kept in memory only; null when it is not, or when it was asked for. `evicted`: it is kept, on disks that had to be written anew. */
  readonly storageReason: 'refused' | 'second-tab' | 'full' | 'failed' | 'evicted' | null;
  readonly scenarios: readonly ScenarioTitle[];
}

export interface ScenarioTitle {
  readonly name: string;
  readonly title: Readonly<Record<'en' | 'ko', string>>;
  /** What it begins with, in a sentence or two; empty when it says nothing. */
  readonly opening: Readonly<Record<'en' | 'ko', string>>;
}

export interface SessionFailure {
  readonly kind: 'assertion' | 'storage' | 'divergence' | 'link';
  /** Which machine or part. */
  readonly where: string;
  /** As it was thrown; shown as text. */
  readonly message: string;
  readonly atUs: InstantUs;
  /** A link that leads there again; null when there is no run to replay. */
  readonly replayLink: string | null;
}
