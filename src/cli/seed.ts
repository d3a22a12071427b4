import { playSeed } from '../testing/play-seed.ts';
import type { SeedArguments } from './arguments.ts';
import { newNarrator } from './narrator.ts';
import { printable, type ExitStatus, type Io } from './output.ts';

/** Plays the random faults of one seed, telling the run; 0 when everything was healed and no invariant was broken. */
export function runSeed(given: SeedArguments, io: Io): ExitStatus {
  const report = playSeed(given.seed, { onTrace: newNarrator({ language: given.language, trace: false, scenario: null }, io) });
  io.out('');
  for (const problem of report.problems) io.out(`PROBLEM ${printable(problem)}`);
  for (const loss of report.losses) io.out(`Lost, as faults voided the promise: ${loss}`);
  if (report.problems.length > 0) {
    io.out('The last events:');
    for (const line of report.lastLines) io.out(`  ${printable(line)}`);
  }
  io.out(`trace hash ${report.hash}`);
  io.out(
    report.problems.length === 0
      ? `seed ${given.seed}: healed, and no invariant was broken`
      : `seed ${given.seed}: ${report.problems.length} problems; npm run -s highwater -- seed ${given.seed} plays it again`,
  );
  return report.problems.length === 0 ? 0 : 1;
}
