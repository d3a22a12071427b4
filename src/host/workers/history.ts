import type { Codecs } from '../../engine/kernel/codecs.ts';
import type { InstantUs } from '../../engine/kernel/units.ts';
import { newChecker, observe, type Checker } from '../../engine/invariants/checker.ts';
import type { TraceRecord } from '../../engine/machine/contract.ts';
import { checkpointRunner, type RunnerCheckpoint } from '../../engine/machine/runner.ts';
import { machineEventsOf } from '../../engine/world/commands.ts';
import { isMarker } from '../../engine/world/markers.ts';
import { checkpointWorld, issueCommand, newWorld, restoreWorld, runUntil, traceHash } from '../../engine/world/world.ts';
import type { World } from '../../engine/world/world-state.ts';
import type { CommandChecked, FromHistory, Port, ToHistory } from './messages.ts';

/** Who draws from the shadow world: told of each trace event and of each step forward. */
export interface HistoryObserver {
  opened(world: World, checker: Checker): void;
  traced(record: TraceRecord): void;
  advanced(world: World): void;
  failed(message: string): void;
}

const FIND_STEP_US = 250_000;

/**
 * The history Worker: the whole world once more in one thread, over the same commands, up to what the conductor committed.
 * It checks commands, invariants and, at marks, that every machine's hash is the same here and in its Worker.
 */
export function serveHistory(port: Port<FromHistory, ToHistory>, observer: HistoryObserver, codecs: Codecs): void {
  let world: World | null = null;
  let checker = newChecker();
  const sink = {
    trace: (record: TraceRecord): void => {
      observe(checker, record);
      observer.traced(record);
    },
  };
  const running = (): World => {
    if (world === null) throw new Error('no run is open');
    return world;
  };
  port.onMessage((message) => {
    try {
      switch (message.type) {
        case 'open':
          checker = newChecker();
          world = newWorld(message.scenario, message.seed, { codecs });
          observer.opened(world, checker);
          for (const { atUs, command } of message.commands) {
            runUntil(world, atUs, sink);
            // Of a link that somebody made up, a command may make no sense; in a run of ours all do.
            issueCommand(world, command);
          }
          runUntil(world, message.atUs, sink);
          observer.advanced(world);
          return port.post(openedAnswer(world, message.request));
        case 'advance':
          runUntil(running(), message.toUs, sink);
          return observer.advanced(running());
        case 'mark':
          return port.post(compareLanes(running(), message.lanes));
        case 'command':
          return port.post({ type: 'commandChecked', request: message.request, outcome: checkAndApply(running(), message.command) });
        case 'checkpoint':
          return port.post(openedAnswer(running(), message.request));
        case 'findNext':
          return port.post({ type: 'foundNext', request: message.request, atUs: findNext(running(), message.horizonUs) });
      }
    } catch (error) {
      const whole = error instanceof Error ? error : new Error(String(error));
      observer.failed(whole.message);
      port.post({ type: 'failed', message: whole.message, stack: whole.stack ?? '' });
    }
  });
}

function openedAnswer(world: World, request: number): FromHistory {
  return {
    type: 'opened',
    request,
    machines: world.runners.map(checkpointRunner),
    surroundings: world.surroundings,
    lookaheadUs: world.lookaheadUs,
    epochMs: world.scenario.cluster.epochMs,
    hash: traceHash(world),
    commands: world.commands.slice(),
  };
}

function checkAndApply(world: World, command: Extract<ToHistory, { type: 'command' }>['command']): CommandChecked {
  const machinesBefore = world.runners.length;
  const outcome = issueCommand(world, command);
  if (!outcome.ok) return outcome;
  const newest = world.runners[machinesBefore];
  const added: RunnerCheckpoint | null = newest === undefined ? null : checkpointRunner(newest);
  return {
    ok: true,
    issued: outcome.issued,
    events: machineEventsOf(world, outcome.issued),
    added,
    surroundings: world.surroundings,
    lookaheadUs: world.lookaheadUs,
  };
}

function compareLanes(world: World, lanes: Extract<ToHistory, { type: 'mark' }>['lanes']): FromHistory {
  const differing: string[] = [];
  world.runners.forEach((runner, rank) => {
    const live = lanes[rank];
    if (live !== undefined && (live.a !== runner.state.lanes.a || live.b !== runner.state.lanes.b)) differing.push(runner.environment.spec.host);
  });
  return { type: 'markChecked', atUs: world.nowUs, equal: differing.length === 0, differing };
}

/** The instant just after the next marker event, found by running a copy ahead. */
function findNext(world: World, horizonUs: number): InstantUs | null {
  const ahead = restoreWorld(world, checkpointWorld(world));
  const limitUs = world.nowUs + horizonUs;
  let found: InstantUs | null = null;
  const sink = {
    trace: (record: TraceRecord): void => {
      if (found === null && isMarker(record)) found = record.id.atUs;
    },
  };
  while (found === null && ahead.nowUs < limitUs) runUntil(ahead, Math.min(limitUs, ahead.nowUs + FIND_STEP_US), sink);
  return found === null ? null : found + 1;
}
