import { newPlayer, playUntil, type Player, type PlayerOptions } from '../src/host/in-process/player.ts';
import { diffViews } from '../src/projection/diff-view.ts';
import { projectView } from '../src/projection/project.ts';
import { EMPTY_VIEW } from '../src/projection/view.ts';
import { newBareHeap, turnHeap } from './bare-heap.ts';
import { benchScenario } from './bench-scenario.ts';
import { median, processorMs, shown, timeMs, type Line } from './measure.ts';

interface Plan {
  readonly timing: 'classroom' | 'kafka';
  /** Virtual seconds played before the first number: the cluster stands, and the code is compiled. */
  readonly warmUpSeconds: number;
  /** Virtual seconds of one repetition. */
  readonly seconds: number;
  readonly repetitions: number;
  readonly limit: number;
  readonly goal: number;
}

const PLANS: Readonly<Record<Plan['timing'], Plan>> = {
  classroom: { timing: 'classroom', warmUpSeconds: 300, seconds: 60, repetitions: 15, limit: 300, goal: 1000 },
  kafka: { timing: 'kafka', warmUpSeconds: 60, seconds: 12, repetitions: 15, limit: 60, goal: 200 },
};

const FRAMES_PER_SECOND = 60;
/** The bare heap does so many times the events, as it needs no more than a few milliseconds for each time. */
const HEAP_TURNS = 10;

interface Repetition {
  readonly steps: number;
  readonly engineMs: number;
  readonly wallMs: number;
  readonly heapMs: number;
}

/**
 * Virtual seconds a second, in one thread, beside a bare heap that does the same number of events in the same run. A second is one of this
 * thread on a processor, as the machine may be doing other things; what the clock on the wall said of the same run stands beside it.
 */
export function measureEngine(timing: Plan['timing'], say: (text: string) => void): Line[] {
  const plan = PLANS[timing];
  const player = warm(plan, { unchecked: true });
  const heap = newBareHeap();
  turnHeap(heap, 1_000_000);
  const runs: Repetition[] = [];
  for (let i = 0; i < plan.repetitions; i++) {
    const before = player.world.stepCount;
    let engineMs = 0;
    const wallMs = timeMs(() => (engineMs = processorMs(() => playOn(player, plan.seconds))));
    const steps = player.world.stepCount - before;
    runs.push({ steps, engineMs, wallMs, heapMs: processorMs(() => turnHeap(heap, steps * HEAP_TURNS)) / HEAP_TURNS });
  }
  const middle = (measure: (run: Repetition) => number): number => median(runs.map(measure));
  const speeds = runs.map((run) => (plan.seconds * 1000) / run.engineMs);
  say(
    `${plan.timing}: ${player.world.stepCount} steps in ${shown(player.world.nowUs / 1e6)} virtual seconds; repetitions ${speeds.map(shown).join(' ')} virtual s/s`,
  );
  return [
    { name: `${timing}: virtual seconds a second`, value: median(speeds), unit: 's/s', limit: { atLeast: plan.limit }, goal: plan.goal },
    { name: `${timing}: the same by the clock on the wall`, value: middle((run) => (plan.seconds * 1000) / run.wallMs), unit: 's/s' },
    { name: `${timing}: steps a virtual second`, value: middle((run) => run.steps / plan.seconds), unit: 'steps' },
    { name: `${timing}: a step`, value: middle((run) => (run.engineMs * 1000) / run.steps), unit: 'us' },
    { name: `${timing}: an event of a bare heap`, value: middle((run) => (run.heapMs * 1000) / run.steps), unit: 'us' },
    { name: `${timing}: a step in events of the bare heap`, value: middle((run) => run.engineMs / run.heapMs), unit: 'x' },
  ];
}

/** As the history Worker runs it while the page plays: every trace record past the invariants, the view projected each frame. */
export function measureWatched(timing: Plan['timing'], say: (text: string) => void): Line {
  const plan = PLANS[timing];
  const player = warm({ ...plan, warmUpSeconds: plan.warmUpSeconds / 4 }, {});
  let shownView = EMPTY_VIEW;
  const speeds: number[] = [];
  const seconds = plan.seconds / 5;
  for (let i = 0; i < plan.repetitions; i++) {
    const elapsedMs = processorMs(() => {
      for (let frame = 0; frame < seconds * FRAMES_PER_SECOND; frame++) {
        playOn(player, 1 / FRAMES_PER_SECOND);
        shownView = diffViews(shownView, projectView({ world: player.world, ghosts: player.checker.ghosts, events: [] })).view;
      }
    });
    speeds.push((seconds * 1000) / elapsedMs);
  }
  say(`${plan.timing} watched: repetitions ${speeds.map(shown).join(' ')} virtual s/s`);
  return { name: `${plan.timing}: with invariants, and the view projected ${FRAMES_PER_SECOND} times a virtual second`, value: median(speeds), unit: 's/s' };
}

export function warm(plan: { readonly timing: 'classroom' | 'kafka'; readonly warmUpSeconds: number }, options: PlayerOptions): Player {
  const player = newPlayer(benchScenario(plan.timing), options);
  playOn(player, plan.warmUpSeconds);
  if (player.refusals.length > 0) throw new Error('the cluster refused a command of the benchmark');
  return player;
}

export function playOn(player: Player, seconds: number): void {
  playUntil(player, player.world.nowUs / 1000 + seconds * 1000);
}
