import { readFileSync, statSync } from 'node:fs';
import type { Scenario } from '../engine/world/scenario.ts';
import { builtInScenario, builtInScenarios } from '../playground/scenarios/built-in-scenarios.ts';
import { MOST_SCENARIO_CHARS, parseScenarioText } from '../playground/scenarios/parse-scenario.ts';
import { UsageProblem } from './output.ts';

/** Of UTF-8, whose characters have at most four bytes. */
const MOST_BYTES = 4 * MOST_SCENARIO_CHARS;

/** A shipped scenario by its name, else the one in a file. */
export function findScenario(nameOrPath: string): Scenario {
  return builtInScenario(nameOrPath) ?? readScenario(nameOrPath);
}

function readScenario(path: string): Scenario {
  const parsed = parseScenarioText(textOf(path));
  if (parsed.ok) return parsed.value;
  throw new UsageProblem(`${path}: ${parsed.path === '' ? '' : `${parsed.path} `}${parsed.reason}`);
}

function textOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined)
    throw new UsageProblem(
      `there is neither a file nor a shipped scenario ${JSON.stringify(path)}; shipped are ${builtInScenarios.map((scenario) => scenario.name).join(', ')}`,
    );
  if (!stats.isFile()) throw new UsageProblem(`${path}: this is no file`);
  if (stats.size > MOST_BYTES) throw new UsageProblem(`${path}: the file has ${stats.size} bytes, too many for a scenario`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new UsageProblem(
      error instanceof TypeError ? `${path}: this is no UTF-8 text` : `${path}: it cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
