import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Command } from '../../engine/world/command.ts';
import type { RunFailure } from '../../host/workers/conductor.ts';
import type { Port } from '../../host/workers/messages.ts';
import { ENGINE_VERSION } from '../engine-version.ts';
import type { SessionFailure, Speed } from '../session/contract.ts';
import { encodeLink } from '../sharing/link.ts';
import type { FromRunWorker, RunStatus, ToRunWorker } from './messages.ts';
import { openRun, type Live } from './open-run.ts';

/** A frame that took longer (a busy computer, a tab that was hidden) counts as this much. */
const LONGEST_FRAME_MS = 100;
const HORIZON_US = 120_000_000;
/** A step to the next event is shown in about this much of the reader's time. */
const STEP_MS = 1200;

/** The inside of the Worker that drives a run: wall time becomes virtual time here, and nowhere else. */
export function serveRun(port: Port<FromRunWorker, ToRunWorker>): void {
  let live: Live | null = null;
  let playing = false;
  let speed: Speed = 1;
  let lastWallMs: number | null = null;
  let advancing = false;
  let failureTold = false;
  /** Where a step to the next event ends; the pace there is its own. */
  let stopAt: { readonly atUs: InstantUs; readonly usPerMs: number } | null = null;

  const statusOf = ({ keeping }: Live): RunStatus => ({ playing, speed, reachedSpeed: null, storage: keeping.storage, storageReason: keeping.reason });
  const tell = (): void => {
    if (live !== null) port.post({ type: 'status', status: statusOf(live) });
  };

  const frame = async (wallMs: number): Promise<void> => {
    const elapsedMs = lastWallMs === null ? 0 : Math.min(LONGEST_FRAME_MS, wallMs - lastWallMs);
    lastWallMs = wallMs;
    if (live === null || advancing || (!playing && stopAt === null)) return;
    advancing = true;
    const paceUsPerMs = stopAt === null ? 1000 * speed : stopAt.usPerMs;
    const aimUs = Math.floor(live.conductor.nowUs + elapsedMs * paceUsPerMs);
    const targetUs = stopAt === null ? aimUs : Math.min(aimUs, stopAt.atUs);
    try {
      await advance(live, targetUs);
      if (stopAt !== null && live.conductor.nowUs >= stopAt.atUs) {
        stopAt = null;
        tell();
      }
    } catch {
      // The conductor has told the failure already. One of storage alone is behind us: the run goes on in memory.
      if (failureTold) {
        playing = false;
        stopAt = null;
      }
    }
    advancing = false;
  };

  /** A run that stands still goes on by the least instant there is, so that what was done is seen. */
  const showDone = async (run: Live): Promise<void> => {
    if (playing || stopAt !== null || advancing) return;
    advancing = true;
    await advance(run, run.conductor.nowUs + 1).finally(() => (advancing = false));
  };

  const step = async (run: Live): Promise<void> => {
    playing = false;
    tell();
    const atUs = await nextEventOf(run);
    if (atUs !== null) stopAt = { atUs, usPerMs: Math.max(1000 * speed, (atUs - run.conductor.nowUs) / STEP_MS) };
  };

  const failed = (run: Live, failure: RunFailure): void => {
    playing = false;
    failureTold = true;
    port.post({ type: 'failed', failure: withReplay(run, failure) });
  };

  const notOpened = (error: unknown): void => {
    if (!failureTold) port.post({ type: 'failed', failure: { kind: 'assertion', where: 'start', message: messageOf(error), atUs: 0, replayLink: null } });
  };

  port.onMessage((message) => {
    switch (message.type) {
      case 'open':
        void openRun(message, { failed, movedToMemory: tell }).then((opened) => {
          live = opened.live;
          // A link to an exact moment is shown at that moment, before anything moves.
          playing = message.choice.kind !== 'given' || message.choice.traceHash === null;
          lastWallMs = null;
          port.post({ type: 'opened', status: statusOf(opened.live), traceHash: opened.hash, resumed: opened.resumed });
        }, notOpened);
        return;
      case 'frame':
        void frame(message.wallMs);
        return;
      case 'play':
      case 'pause':
        playing = message.type === 'play';
        stopAt = null;
        return tell();
      case 'speed':
        speed = message.speed;
        return tell();
      case 'stepToNextEvent':
        if (live !== null) void step(live);
        return;
      case 'command':
        if (live !== null) void answerCommand(port, live, message, showDone);
        return;
      case 'share':
        if (live !== null) void share(port, live, message.request);
        return;
      case 'close':
        void (live?.conductor.close() ?? Promise.resolve()).then(() => port.post({ type: 'closed' }));
        return;
    }
  });
}

/** A link to the present moment, with the trace hash there; a run that has stopped has none to give. */
async function share(port: Port<FromRunWorker, ToRunWorker>, run: Live, request: number): Promise<void> {
  const at = await run.conductor.hashes().catch(() => ({ atUs: run.conductor.nowUs, hash: null }));
  port.post({ type: 'shared', request, link: linkOf(run, at.atUs, at.hash) });
}

/** Just after the next event worth stopping at, the scenario's own commands among them. */
async function nextEventOf(run: Live): Promise<InstantUs | null> {
  const atUs = await run.conductor.findNext(HORIZON_US);
  const next = run.pending[0];
  return next !== undefined && next.atUs < (atUs ?? Infinity) ? next.atUs + 1 : atUs;
}

/** A failure as the page shows it, with a link that leads to the moment before it. */
function withReplay(run: Live, failure: RunFailure): SessionFailure {
  const atUs = run.openingUs ?? failure.atUs;
  const link = linkOf(run, atUs, null);
  return { kind: failure.kind, where: failure.where, message: failure.message, atUs, replayLink: link.ok ? link.link : null };
}

type CommandMessage = Extract<ToRunWorker, { type: 'command' }>;

async function answerCommand(
  port: Port<FromRunWorker, ToRunWorker>,
  run: Live,
  { request, command }: CommandMessage,
  showDone: (run: Live) => Promise<void>,
): Promise<void> {
  try {
    const outcome = await giveCommand(run, command);
    port.post({ type: 'commandDone', request, outcome });
    if (outcome.ok) await showDone(run);
  } catch (error) {
    port.post({ type: 'commandDone', request, outcome: { ok: false, reason: messageOf(error) } });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs to `targetUs`, giving the scenario's own commands at their times. */
async function advance(run: Live, targetUs: InstantUs): Promise<void> {
  for (;;) {
    const next = run.pending[0];
    if (next === undefined || next.atUs > targetUs) return run.conductor.advanceTo(targetUs);
    await run.conductor.advanceTo(next.atUs);
    run.pending.shift();
    await giveCommand(run, next.command);
  }
}

async function giveCommand(run: Live, command: Command): Promise<Extract<FromRunWorker, { type: 'commandDone' }>['outcome']> {
  const outcome = await run.conductor.command(command);
  if (!outcome.ok) return outcome;
  run.commands.push({ atUs: outcome.issued.atUs, command });
  return { ok: true, commandId: outcome.issued.id };
}

/** What was done up to the moment, and what the scenario's script still has to do after it. */
function linkOf(run: Live, momentUs: InstantUs, traceHash: string | null): ReturnType<typeof encodeLink> {
  const { scenario, seed } = run.given;
  const commands = [...run.commands.filter((one) => one.atUs <= momentUs), ...run.pending];
  return encodeLink({ scenario, seed, script: 'replaced', commands, momentUs, engineVersion: ENGINE_VERSION, traceHash });
}
