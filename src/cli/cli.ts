import { codecs } from '../host/codecs/loaded-codecs.ts';
import { parseFolderArgument, parseRunArguments, parseSeedArguments } from './arguments.ts';
import { runConformance } from './conformance.ts';
import { parseDumpOptions } from './dump-log/dump-options.ts';
import { runDumpLog } from './dump-log/dump-log.ts';
import { helpLines } from './help.ts';
import { printable, UsageProblem, type ExitStatus, type Io } from './output.ts';
import { runScenario } from './run-scenario.ts';
import { runSeed } from './seed.ts';

/** The headless program: words of the command line in, lines and an exit status out. */
export function runCli(words: readonly string[], io: Io): ExitStatus {
  try {
    return dispatch(words, io);
  } catch (error) {
    if (error instanceof UsageProblem) {
      io.err(`highwater: ${printable(error.message)}. (--help tells more.)`);
      return 2;
    }
    // An assertion of the engine: the run stopped there.
    io.err(`highwater: the engine stopped: ${printable(error instanceof Error ? error.message : String(error))}`);
    return 1;
  }
}

function dispatch(words: readonly string[], io: Io): ExitStatus {
  const [command, ...rest] = words;
  if (words.includes('--help') || words.includes('-h') || command === 'help') {
    for (const line of helpLines()) io.out(line);
    return 0;
  }
  switch (command) {
    case 'run':
      return runScenario(parseRunArguments(rest), io);
    case 'conformance':
      return runConformance(parseFolderArgument(rest), (line) => io.out(printable(line))).failed === 0 ? 0 : 1;
    case 'seed':
      return runSeed(parseSeedArguments(rest), io);
    case 'dump-log':
      return runDumpLog(parseDumpOptions(rest), io, codecs);
    case undefined:
      throw new UsageProblem('expected run, dump-log, conformance or seed');
    default:
      throw new UsageProblem(`there is no command ${JSON.stringify(command)}; there are run, dump-log, conformance and seed`);
  }
}
