import type { Breach, Loss } from '../../engine/invariants/invariant.ts';
import type { Claim } from '../../engine/world/claim.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { World } from '../../engine/world/world-state.ts';
import type { TraceRecord } from '../../engine/machine/contract.ts';
import { hashOf, newPlayer, playUntil, type Player } from '../../host/in-process/player.ts';
import { projectView } from '../../projection/project.ts';
import type { View } from '../../projection/view.ts';
import { eventsOf, momentsOf, type Evidence } from './evidence.ts';
import { judge } from './judge.ts';
import type { Judgement } from './judgement.ts';
import { isExpected, refusedCommands, type RefusedCommand } from './refused-commands.ts';

export interface PlayOptions {
  readonly seed?: number;
  /** Absent: as long as the scenario is. */
  readonly untilMs?: number;
  readonly onTrace?: (record: TraceRecord) => void;
}

export interface JudgedClaim {
  readonly claim: Claim;
  /** Null: the run ended before its time. */
  readonly judgement: Judgement | null;
}

/** One scenario played to its end, with everything that can be said against it. */
export interface ScenarioRun {
  readonly untilMs: number;
  /** In the scenario's order. */
  readonly claims: readonly JudgedClaim[];
  /** Commands refused that no claim speaks of. */
  readonly unexpected: readonly RefusedCommand[];
  readonly breaches: readonly Breach[];
  /** What was lost because faults voided the promise: told, no failure by itself. */
  readonly losses: readonly Loss[];
  readonly traceHash: string;
  readonly stepCount: number;
  /** As it stands at the end. */
  readonly world: World;
}

/** True when every claim was judged and holds, no invariant was broken, and no command was refused that no claim speaks of. */
export function passed(run: ScenarioRun): boolean {
  return run.claims.every(({ judgement }) => judgement?.holds === true) && run.breaches.length === 0 && run.unexpected.length === 0;
}

/** Plays a scenario in this thread and judges each claim with the world standing exactly at its time. */
export function playScenario(scenario: Scenario, options: PlayOptions = {}): ScenarioRun {
  const untilMs = options.untilMs ?? scenario.untilMs;
  const { claims } = scenario;
  const trace: TraceRecord[] = [];
  const kept = new Set(['CommandRefused', ...claims.flatMap(eventsOf)]);
  const onTrace = (record: TraceRecord): void => {
    if (kept.has(record.event.type)) trace.push(record);
    options.onTrace?.(record);
  };
  const player = newPlayer(scenario, { ...(options.seed === undefined ? {} : { seed: options.seed }), onTrace });
  const judgements = new Map<Claim, Judgement>();
  const views = new Map<number, View>();
  for (const ms of [...new Set(claims.flatMap(momentsOf))].filter((one) => one <= untilMs).sort((a, b) => a - b)) {
    playUntil(player, ms);
    const evidence = evidenceOf(player, { trace, views });
    views.set(ms, evidence.view);
    for (const claim of claims) if (claim.atMs === ms) judgements.set(claim, judge(claim, evidence));
  }
  playUntil(player, untilMs);
  return {
    untilMs,
    claims: claims.map((claim) => ({ claim, judgement: judgements.get(claim) ?? null })),
    unexpected: refusedCommands({ refusals: player.refusals, trace, world: player.world }).filter((one) => !isExpected(one, claims)),
    breaches: player.checker.ghosts.breaches,
    losses: player.checker.ghosts.losses,
    traceHash: hashOf(player),
    stepCount: player.world.stepCount,
    world: player.world,
  };
}

function evidenceOf(player: Player, run: { readonly trace: readonly TraceRecord[]; readonly views: ReadonlyMap<number, View> }): Evidence {
  const { world, checker, refusals } = player;
  const view = projectView({ world, ghosts: checker.ghosts, events: [] });
  return {
    world,
    view,
    refusals,
    trace: run.trace,
    ghosts: checker.ghosts,
    viewAt: (ms) => {
      const earlier = run.views.get(ms);
      if (earlier === undefined) throw new Error(`no view was kept at ${ms} ms`);
      return earlier;
    },
  };
}
