import type { Scenario } from '../engine/world/scenario.ts';
import { claimWords } from '../playground/claims/claim-words.ts';
import { passed, playScenario, type JudgedClaim, type ScenarioRun } from '../playground/claims/play-scenario.ts';
import { ENGINE_VERSION } from '../playground/engine-version.ts';
import type { Language } from '../projection/narration/sentence.ts';
import type { RunArguments } from './arguments.ts';
import { checkDiskOut, writeDisks } from './disk-out.ts';
import { newNarrator } from './narrator.ts';
import { instant, printable, type ExitStatus, type Io } from './output.ts';
import { RUN_WORDS } from './run-words.ts';
import { findScenario } from './scenario-file.ts';

/** Plays a scenario in this thread and prints what happened, which claims hold, and the trace hash. 0 only when everything holds. */
export function runScenario(given: RunArguments, io: Io): ExitStatus {
  const scenario = findScenario(given.scenario);
  const { language } = given;
  if (given.diskOut !== null) checkDiskOut(given.diskOut);
  const untilMs = given.untilMs ?? scenario.untilMs;
  printHead(scenario, { language, seed: given.seed ?? scenario.seed, untilMs }, io);
  const narrator = newNarrator({ language, trace: given.trace, scenario }, io);
  const run = playScenario(scenario, { ...(given.seed === null ? {} : { seed: given.seed }), untilMs, onTrace: narrator });
  io.out('');
  printClaims(run.claims, language, io);
  io.out('');
  if (given.diskOut !== null) writeDisks(run.world, given.diskOut, io);
  printVerdict(run, language, io);
  return passed(run) ? 0 : 1;
}

function printHead(scenario: Scenario, run: { readonly language: Language; readonly seed: number; readonly untilMs: number }, io: Io): void {
  const { language, seed, untilMs } = run;
  io.out(`${printable(scenario.title[language])} (${scenario.name})`);
  io.out(RUN_WORDS[language].heading({ seed, timing: scenario.cluster.timing, untilMs }));
  io.out('');
  for (const paragraph of scenario.text?.[language].split('\n') ?? []) io.out(printable(paragraph));
  if (scenario.text !== undefined) io.out('');
}

function printClaims(claims: readonly JudgedClaim[], language: Language, io: Io): void {
  const words = RUN_WORDS[language];
  io.out(claims.length === 0 ? words.noClaims : words.claims);
  for (const { claim, judgement } of claims) {
    const verdict = judgement === null ? words.later : judgement.holds ? words.holds : words.fails;
    io.out(`  ${verdict}  ${printable(claimWords(claim)[language])}`);
    if (judgement?.holds === false) io.out(`         ${printable(words.found(judgement.found[language]))}`);
  }
}

function printVerdict(run: ScenarioRun, language: Language, io: Io): void {
  const words = RUN_WORDS[language];
  for (const { atUs, command, reason } of run.unexpected) io.out(`${instant(atUs)}  ${printable(words.refused(command, reason))}`);
  for (const loss of run.losses) io.out(`${instant(loss.at.atUs)}  ${printable(words.lost(loss))}`);
  for (const breach of run.breaches) io.out(`${instant(breach.at.atUs)}  ${printable(words.broken(breach.invariant, breach.detail))}`);
  if (run.breaches.length === 0) io.out(words.invariantsHold);
  io.out(words.hash({ hash: run.traceHash, engineVersion: ENGINE_VERSION, stepCount: run.stepCount }));
  const count = (holds: boolean | undefined): number => run.claims.filter(({ judgement }) => judgement?.holds === holds).length;
  const total = words.total({ holding: count(true), failing: count(false), later: count(undefined) });
  io.out(run.unexpected.length === 0 ? total : `${total}; ${words.unexpected(run.unexpected.length)}`);
}
