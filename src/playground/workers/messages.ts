import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { FileContent, FilesView, FilesWatch } from '../../projection/disk/files-view.ts';
import type { ViewDelta } from '../../projection/view.ts';
import type { SessionFailure, SessionStatus, Speed } from '../session/contract.ts';
import type { SharedCommand } from '../sharing/shared-run.ts';

/** What to open: the run an earlier page left if there is one, or a given run at a given moment. */
export type RunChoice = { readonly kind: 'resume'; readonly otherwise: GivenRun } | ({ readonly kind: 'given' } & GivenRun);

export interface GivenRun {
  readonly scenario: Scenario;
  readonly seed: number;
  /** `played`: the scenario's own commands come too, at their times. */
  readonly script: 'played' | 'replaced';
  readonly commands: readonly SharedCommand[];
  readonly momentUs: InstantUs;
  /** The hash that a link says the run has at its moment; null when nobody said. */
  readonly traceHash: string | null;
}

export type ToRunWorker =
  | { readonly type: 'open'; readonly choice: RunChoice; readonly viewPort: MessagePort; readonly inMemory: boolean }
  | { readonly type: 'frame'; readonly wallMs: number }
  | { readonly type: 'play' }
  | { readonly type: 'pause' }
  | { readonly type: 'speed'; readonly speed: Speed }
  | { readonly type: 'stepToNextEvent' }
  | { readonly type: 'command'; readonly request: number; readonly command: Command }
  | { readonly type: 'share'; readonly request: number }
  | { readonly type: 'close' };

export type FromRunWorker =
  | { readonly type: 'opened'; readonly status: RunStatus; readonly traceHash: string; readonly resumed: boolean }
  | { readonly type: 'status'; readonly status: RunStatus }
  | {
      readonly type: 'commandDone';
      readonly request: number;
      readonly outcome: { readonly ok: true; readonly commandId: number } | { readonly ok: false; readonly reason: string };
    }
  | {
      readonly type: 'shared';
      readonly request: number;
      readonly link: { readonly ok: true; readonly link: string } | { readonly ok: false; readonly reason: string };
    }
  | { readonly type: 'failed'; readonly failure: SessionFailure }
  | { readonly type: 'closed' };

export type RunStatus = Pick<SessionStatus, 'playing' | 'speed' | 'reachedSpeed' | 'storage' | 'storageReason'>;

/** Between the page and the history Worker. The page asks once a frame; the answer comes when there is news. */
export type ToViewPort =
  | { readonly type: 'want' }
  | { readonly type: 'watchFiles'; readonly watch: FilesWatch | null }
  | { readonly type: 'readFiles'; readonly request: number; readonly host: string; readonly prefix: string };
export type FromViewPort =
  | { readonly type: 'delta'; readonly delta: ViewDelta }
  | { readonly type: 'files'; readonly view: FilesView | null }
  | { readonly type: 'fileContents'; readonly request: number; readonly contents: readonly FileContent[] };
