import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { programs, root } from './run-step.mjs';

/** Checks the order of imports, and that there was something to check. */
const cruised = spawnSync(
  process.execPath,
  [join(root, 'node_modules', programs.depcruise), 'src', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'],
  { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
);
process.exitCode = report(cruised);

/** @param {{ stdout: string, stderr: string }} result */
function report(result) {
  let summary;
  try {
    ({ summary } = JSON.parse(result.stdout));
  } catch {
    console.error(result.stderr === '' ? 'dependency-cruiser gave no report.' : result.stderr);
    return 1;
  }
  const violations = summary.violations.filter((violation) => violation.rule.severity === 'error');
  for (const { rule, from, to, cycle } of violations)
    console.error(`${rule.name}: ${from} -> ${cycle === undefined ? to : cycle.map((step) => step.name).join(' -> ')}`);
  console.log(`imports: ${summary.totalCruised} modules, ${violations.length} violations`);
  if (summary.totalCruised === 0) console.error('No modules were checked.');
  return violations.length === 0 && summary.totalCruised > 0 ? 0 : 1;
}
