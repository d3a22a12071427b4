import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ENGINE_VERSION } from '../playground/engine-version.ts';
import { passed, playScenario } from '../playground/claims/play-scenario.ts';
import { builtInScenarios } from '../playground/scenarios/built-in-scenarios.ts';

/**
 * `npm run goldens`: plays every shipped scenario and records its trace hash. When a recorded hash changes, the engine version rises by
 * one, so that links and kept runs of the engine before are known as such. A scenario that breaks a claim is not recorded.
 */
const HASHES = fileURLToPath(new URL('../playground/golden-hashes.json', import.meta.url));
const VERSION = fileURLToPath(new URL('../playground/engine-version.ts', import.meta.url));

interface GoldenHashes {
  readonly engineVersion: number;
  readonly traceHashes: Readonly<Record<string, string>>;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function renew(): number {
  const before = JSON.parse(readFileSync(HASHES, 'utf8')) as GoldenHashes;
  const traceHashes: Record<string, string> = {};
  let changed = 0;
  for (const scenario of builtInScenarios) {
    const run = playScenario(scenario);
    if (!passed(run)) {
      say(`${scenario.name} does not keep its claims (npm run -s highwater -- run ${scenario.name}); nothing was recorded.`);
      return 1;
    }
    const known = before.traceHashes[scenario.name];
    traceHashes[scenario.name] = run.traceHash;
    if (known !== undefined && known !== run.traceHash) changed++;
    say(`${scenario.name}: ${known === run.traceHash ? 'as it was' : `${known ?? 'new'} -> ${run.traceHash}`}`);
  }
  const engineVersion = changed === 0 ? ENGINE_VERSION : ENGINE_VERSION + 1;
  writeFileSync(HASHES, `${JSON.stringify({ engineVersion, traceHashes } satisfies GoldenHashes, null, 2)}\n`);
  writeFileSync(VERSION, readFileSync(VERSION, 'utf8').replace(/ENGINE_VERSION = \d+/, `ENGINE_VERSION = ${engineVersion}`));
  say(changed === 0 ? `Engine version ${engineVersion}, as it was.` : `The engine version rises to ${engineVersion}.`);
  return 0;
}

process.exitCode = renew();
