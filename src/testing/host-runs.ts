import { codecs } from '../host/codecs/loaded-codecs.ts';
import type { TraceLanes } from '../engine/kernel/hash.ts';
import { combinedHash } from '../engine/kernel/hash.ts';
import { drawAt, streamKey } from '../engine/kernel/random.ts';
import type { InstantUs } from '../engine/kernel/units.ts';
import type { Command } from '../engine/world/command.ts';
import type { Scenario } from '../engine/world/scenario.ts';
import { checkpointWorld, issueCommand, newWorld, restoreWorld, runUntil, type WorldSink } from '../engine/world/world.ts';
import { runnerOf, type World } from '../engine/world/world-state.ts';
import { diceOf, nextTrouble, troubledScenario, type Dice } from './fault-generator.ts';
import { worldDigest } from './world-digest.ts';

/**
 * Runs that every host must play alike: a small cluster from virtual zero, and what happens to it, as timed commands. They are a
 * function of the seed and hold nothing of a host, so Node makes them and a browser plays them.
 */
export interface HostRun {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly commands: readonly { readonly atUs: InstantUs; readonly command: Command }[];
  /** Where hashes are compared; the last one ends the run. */
  readonly marksUs: readonly InstantUs[];
}

/** What a host came to at one mark. */
export interface MarkReport {
  readonly atUs: InstantUs;
  readonly hash: string;
  /** By rank. */
  readonly lanes: readonly TraceLanes[];
  /** A hash of the machines' whole states; null in a host that has them not in one place. */
  readonly digest: string | null;
}

export interface HostReport {
  readonly marks: readonly MarkReport[];
  /** How many commands the world took. */
  readonly taken: number;
}

export const HOST_SEEDS: readonly number[] = Array.from({ length: 24 }, (_, i) => i + 1);
const MARK_EVERY_US = 4_000_000;

/** With Kafka's own timing links take half a millisecond: a live run has hundreds of windows a virtual second, so it is kept short. */
function lengthOf(scenario: Scenario): { readonly troubleFromUs: number; readonly untilUs: number; readonly pauseUs: number } {
  return scenario.cluster.timing === 'kafka'
    ? { troubleFromUs: 9_000_000, untilUs: 24_000_000, pauseUs: 900_000 }
    : { troubleFromUs: 11_000_000, untilUs: 44_000_000, pauseUs: 2_200_000 };
}

/** Plays the run once in this thread to find commands that make sense where they come; each run has a kill, a power cut and a start after it. */
export function hostRunOf(seed: number): HostRun {
  const scenario = troubledScenario(seed);
  const { troubleFromUs, untilUs, pauseUs } = lengthOf(scenario);
  const dice = diceOf(seed);
  const world = newWorld(scenario, scenario.seed, { codecs });
  const commands: { atUs: InstantUs; command: Command }[] = [];
  const give = (command: Command): void => {
    if (issueCommand(world, command).ok) commands.push({ atUs: world.nowUs, command });
  };
  let atUs = troubleFromUs + dice.below(pauseUs);
  for (let round = 0; atUs < untilUs - pauseUs; round++) {
    runUntil(world, atUs);
    for (const command of round % 4 === 1 ? certainTrouble(world, dice) : [nextTrouble(world, dice)]) if (command !== null) give(command);
    atUs += 1 + dice.below(2 * pauseUs);
  }
  const marksUs: InstantUs[] = [];
  for (let markUs = MARK_EVERY_US; markUs < untilUs; markUs += MARK_EVERY_US) marksUs.push(markUs);
  return { seed, scenario, commands, marksUs: [...marksUs, untilUs] };
}

/** Who has no power gets it; else somebody loses it, a broker more often than not. */
function certainTrouble(world: World, dice: Dice): Command[] {
  const dark = ['b1', 'b2', 'b3', 'zk1', 'zk2', 'zk3'].filter((host) => runnerOf(world, host)?.state.power === 'off');
  if (dark.length > 0) return dark.map((machine) => ({ type: 'start', machine }));
  return [{ type: 'powerOff', machine: dice.below(3) === 0 ? `zk${1 + dice.below(3)}` : `b${1 + dice.below(3)}` }];
}

export interface PlayHostRun {
  /** Cuts each window anywhere, by chance of this number. */
  readonly cuts?: number;
  readonly eventByEvent?: boolean;
  /** At the middle mark the run is taken apart into a checkpoint, cloned, and goes on from there. */
  readonly restored?: boolean;
  /** Whole states are hashed too at each mark. */
  readonly digests?: boolean;
}

/** Plays a run in this thread. */
export function playHostRun(run: HostRun, options: PlayHostRun = {}): HostReport {
  let world = newWorld(run.scenario, run.scenario.seed, { codecs });
  const pending = run.commands.slice();
  const sink: WorldSink = options.eventByEvent === true ? { afterStep: () => undefined } : {};
  const cut = options.cuts === undefined ? undefined : cutsOf(run.seed, options.cuts);
  const marks: MarkReport[] = [];
  let taken = 0;
  const middleUs = run.marksUs[run.marksUs.length >> 1];
  for (const markUs of run.marksUs) {
    for (let next = pending[0]; next !== undefined && next.atUs < markUs; next = pending[0]) {
      runUntil(world, next.atUs, sink, cut);
      if (issueCommand(world, next.command).ok) taken += 1;
      pending.shift();
    }
    runUntil(world, markUs, sink, cut);
    if (options.restored === true && markUs === middleUs) world = restoreWorld(world, structuredClone(checkpointWorld(world)));
    const lanes = world.runners.map((runner) => runner.state.lanes);
    marks.push({ atUs: markUs, hash: combinedHash(lanes), lanes, digest: options.digests === true ? worldDigest(world) : null });
  }
  return { marks, taken };
}

/** Ends of windows by chance: most anywhere, some after a microsecond. */
export function cutsOf(seed: number, which: number): (from: InstantUs, to: InstantUs) => InstantUs {
  const key = streamKey({ seed, owner: `cuts-${which}`, purpose: 'cuts' });
  let n = 0;
  return (from, to) => {
    const chance = drawAt(key, n++);
    return chance % 8 === 0 ? from + 1 : from + 1 + (chance % Math.max(1, to - from));
  };
}

/** Where a host first came to something else, in words; null when it never did. */
export function differenceOfHosts(run: HostRun, expected: HostReport, actual: HostReport): string | null {
  for (const [i, mark] of expected.marks.entries()) {
    const other = actual.marks[i];
    const when = `at the mark ${mark.atUs / 1e6} s`;
    if (other === undefined || other.atUs !== mark.atUs) return `seed ${run.seed}: no report ${when}`;
    const rank = mark.lanes.findIndex((lanes, at) => lanes.a !== other.lanes[at]?.a || lanes.b !== other.lanes[at]?.b);
    if (rank >= 0) return `seed ${run.seed}: ${hostsOf(run)[rank] ?? `machine ${rank}`} differs first, ${when}`;
    if (mark.hash !== other.hash) return `seed ${run.seed}: the hash ${other.hash} instead of ${mark.hash} ${when}`;
    if (mark.digest !== null && other.digest !== null && mark.digest !== other.digest)
      return `seed ${run.seed}: equal hashes over different states ${when}: ${digestDifference(mark.digest, other.digest, hostsOf(run))}`;
  }
  return expected.taken === actual.taken ? null : `seed ${run.seed}: ${actual.taken} commands taken instead of ${expected.taken}`;
}

function digestDifference(expected: string, actual: string, hosts: readonly string[]): string {
  const others = actual.split(' ');
  return expected
    .split(' ')
    .flatMap((part, rank) => (part === others[rank] ? [] : [hosts[rank] ?? `machine ${rank}`]))
    .join(', ');
}

function hostsOf(run: HostRun): readonly string[] {
  return newWorld(run.scenario, run.scenario.seed, { codecs }).surroundings.hosts;
}
