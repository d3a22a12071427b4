import type { InstantUs, MachineRank } from '../../engine/kernel/units.ts';
import type { TraceLanes } from '../../engine/kernel/hash.ts';
import type { MachineEvent, Surroundings } from '../../engine/machine/contract.ts';
import type { RunnerCheckpoint } from '../../engine/machine/runner.ts';
import type { Command } from '../../engine/world/command.ts';
import type { StorageProblem } from '../storage/contract.ts';
import type { ContentHashes } from '../storage/kept-content.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';

/** What the conductor tells the Worker of one machine. */
export type ToMachine =
  | {
      readonly type: 'boot';
      readonly seed: number;
      readonly epochMs: number;
      readonly surroundings: Surroundings;
      readonly checkpoint: RunnerCheckpoint;
      readonly atUs: InstantUs;
      readonly storage: MachineStorage;
    }
  /** Run every event before `endUs`; `packets` are encoded, each buffer one sender's. */
  | {
      readonly type: 'window';
      readonly endUs: InstantUs;
      readonly packets: readonly ArrayBuffer[];
      readonly events: readonly MachineEvent[];
      readonly surroundings: Surroundings | null;
    }
  | { readonly type: 'lanes' }
  /** The whole machine as it stands, with one more event to come. */
  | { readonly type: 'checkpoint'; readonly event: MachineEvent }
  | { readonly type: 'close' };

/** Where a machine's device is kept: its own database, or nowhere. */
export type MachineStorage =
  | { readonly kind: 'memory' }
  /** `fresh`: what an earlier run left is thrown away and the checkpoint's device written; else the database must hold that device already. */
  | { readonly kind: 'indexeddb'; readonly database: string; readonly fresh: true }
  | { readonly kind: 'indexeddb'; readonly database: string; readonly fresh: false; readonly flushSequence: number }
  /** The machine was switched off and left its content there: it is read, and must have these hashes. */
  | { readonly kind: 'left'; readonly database: string; readonly hashes: ContentHashes };

export type FromMachine =
  | { readonly type: 'booted'; readonly nextUs: InstantUs; readonly dark: DarkMachine | null }
  | {
      readonly type: 'windowDone';
      readonly nextUs: InstantUs;
      readonly packets: readonly OutboundPackets[];
      readonly stepCount: number;
      readonly flushSequence: number | null;
      readonly dark: DarkMachine | null;
    }
  | { readonly type: 'checkpoint'; readonly checkpoint: RunnerCheckpoint }
  | { readonly type: 'lanes'; readonly lanes: TraceLanes; readonly stepCount: number }
  /** `problem`: what kind of storage problem it is, when it is one. */
  | {
      readonly type: 'failed';
      readonly kind: 'assertion' | 'storage';
      readonly problem: StorageProblem['kind'] | null;
      readonly message: string;
      readonly stack: string;
    };

/** A machine that is switched off: it has closed its device and needs its Worker no longer. */
export interface DarkMachine {
  readonly checkpoint: RunnerCheckpoint;
  /** Null when the content of its disk is in the checkpoint, because nothing else keeps it. */
  readonly hashes: ContentHashes | null;
}

/** One window's packets from one machine for another; the buffer is transferred. */
export interface OutboundPackets {
  readonly to: MachineRank;
  readonly firstArrivalUs: InstantUs;
  readonly buffer: ArrayBuffer;
}

/** What the conductor tells the history Worker. Messages are handled in order. */
export type ToHistory =
  /** Opens a run: replays `commands` up to `atUs`. */
  | {
      readonly type: 'open';
      readonly request: number;
      readonly scenario: Scenario;
      readonly seed: number;
      readonly commands: readonly { readonly atUs: InstantUs; readonly command: Command }[];
      readonly atUs: InstantUs;
    }
  /** The conductor has committed all events before `toUs`. */
  | { readonly type: 'advance'; readonly toUs: InstantUs }
  /** The machines' hashes at the moment of the last `advance`. */
  | { readonly type: 'mark'; readonly lanes: readonly TraceLanes[] }
  /** Checks a command at the moment of the last `advance` and, if it makes sense, applies it there. */
  | { readonly type: 'command'; readonly request: number; readonly command: Command }
  /** The whole world at the moment of the last `advance`, to boot machines from; answered like `open`. */
  | { readonly type: 'checkpoint'; readonly request: number }
  /** When is the next interesting event after the last `advance`? Looks ahead in a copy. */
  | { readonly type: 'findNext'; readonly request: number; readonly horizonUs: number };

export type FromHistory =
  | {
      readonly type: 'opened';
      readonly request: number;
      readonly machines: readonly RunnerCheckpoint[];
      readonly surroundings: Surroundings;
      readonly lookaheadUs: number;
      readonly epochMs: number;
      readonly hash: string;
      readonly commands: readonly IssuedCommand[];
    }
  | { readonly type: 'commandChecked'; readonly request: number; readonly outcome: CommandChecked }
  | { readonly type: 'foundNext'; readonly request: number; readonly atUs: InstantUs | null }
  | { readonly type: 'markChecked'; readonly atUs: InstantUs; readonly equal: boolean; readonly differing: readonly string[] }
  | { readonly type: 'failed'; readonly message: string; readonly stack: string };

export type CommandChecked =
  | { readonly ok: false; readonly reason: string }
  | {
      readonly ok: true;
      readonly issued: IssuedCommand;
      readonly events: readonly { readonly rank: MachineRank; readonly event: MachineEvent }[];
      /** Set when the command added a machine. */
      readonly added: RunnerCheckpoint | null;
      readonly surroundings: Surroundings;
      readonly lookaheadUs: number;
    };

/** A typed end of a message channel; `transfer` lists buffers whose ownership goes along. */
export interface Port<Out, In> {
  post(message: Out, transfer?: Transferable[]): void;
  onMessage(handle: (message: In) => void): void;
  close(): void;
}
