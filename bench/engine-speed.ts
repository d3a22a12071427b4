import { newPlayer, playUntil, type Player, type PlayerOptions } from '../src/host/in-process/player.ts';
import { diffViews } from '../src/projection/diff-view.ts';
import { projectView } from '../src/projection/project.ts';
import { EMPTY_VIEW } from '../src/projection/view.ts';
import { newBareHeap, turnHeap } from './bare-heap.ts';
import { benchScenario } from './bench-scenario.ts';
import { median, shown, timeMs, type Line } from './measure.ts';

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

const PLANS: readonly Plan[] = [
  { timing: 'classroom', warmUpSeconds: 300, seconds: 100, repetitions: 7, limit: 300, goal: 1000 },
  { timing: 'kafka', warmUpSeconds: 60, seconds: 20, repetitions: 7, limit: 60, goal: 200 },
];

const FRAMES_PER_SECOND = 60;

/** Virtual seconds a wall second, in one thread, beside a bare heap that does the same number of events in the same run. */
export function measureEngine(say: (text: string) => void): Line[] {
  return PLANS.flatMap((plan) => [...engineAlone(plan, say), watched(plan, say)]);
}

function engineAlone(plan: Plan, say: (text: string) => void): Line[] {
  const player = warm(plan, { unchecked: true });
  const heap = newBareHeap();
  turnHeap(heap, 1_000_000);
  const speeds: number[] = [];
  const stepUs: number[] = [];
  const heapUs: number[] = [];
  const perSecond: number[] = [];
  for (let i = 0; i < plan.repetitions; i++) {
    const before = player.world.stepCount;
    const engineMs = timeMs(() => playOn(player, plan.seconds));
    const steps = player.world.stepCount - before;
    const heapMs = timeMs(() => turnHeap(heap, steps));
    speeds.push((plan.seconds * 1000) / engineMs);
    perSecond.push(steps / plan.seconds);
    stepUs.push((engineMs * 1000) / steps);
    heapUs.push((heapMs * 1000) / steps);
  }
  const ratio = median(stepUs.map((us, i) => us / (heapUs[i] ?? Number.NaN)));
  say(
    `${plan.timing}: ${player.world.stepCount} steps in ${shown(player.world.nowUs / 1e6)} virtual seconds; repetitions ${speeds.map(shown).join(' ')} virtual s/s`,
  );
  return [
    { name: `${plan.timing}: virtual seconds a second`, value: median(speeds), unit: 's/s', limit: { atLeast: plan.limit }, goal: plan.goal },
    { name: `${plan.timing}: steps a virtual second`, value: median(perSecond), unit: 'steps' },
    { name: `${plan.timing}: a step`, value: median(stepUs), unit: 'us' },
    { name: `${plan.timing}: an event of a bare heap`, value: median(heapUs), unit: 'us' },
    { name: `${plan.timing}: a step in events of the bare heap`, value: ratio, unit: 'x' },
  ];
}

/** As the history Worker runs it while the page plays: every trace record past the invariants, the view projected each frame. */
function watched(plan: Plan, say: (text: string) => void): Line {
  const player = warm({ ...plan, warmUpSeconds: plan.warmUpSeconds / 4 }, {});
  let shownView = EMPTY_VIEW;
  const speeds: number[] = [];
  const seconds = plan.seconds / 5;
  for (let i = 0; i < plan.repetitions; i++) {
    const elapsedMs = timeMs(() => {
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
