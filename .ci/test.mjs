import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from './browser.mjs';
import { freePort } from './ports.mjs';
import { generate, programs, root, run, runPackage } from './run-step.mjs';
import { setup } from './setup.mjs';

/**
 * The whole check: packages, generated code, types, lint, format, order of imports, unit tests, build, browser tests. Every test counts,
 * and each other step counts as one. The last line is `N passed, N failed`.
 */
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const reports = mkdtempSync(join(tmpdir(), 'highwater-'));
const startedMs = Date.now();

const prepared = (await step('packages', setup)) && (await step('generated code', generate));
if (prepared) {
  await step('types', () => runPackage(programs.tsc, ['-p', 'tsconfig.json']));
  await step('types of the engine alone', () => runPackage(programs.tsc, ['-p', 'src/engine/tsconfig.json']));
  await step('lint', () => runPackage(programs.oxlint, ['--type-aware', '--deny-warnings']));
  await step('format', () => runPackage(programs.prettier, ['--check', '--log-level', 'warn', '.']));
  await step('imports', () => run(process.execPath, [join(root, '.ci/check-imports.mjs')]));
  await tests('unit tests', unitTests);
  if (await step('build', () => runPackage(programs.vite, ['build']))) await tests('browser tests', browserTests);
}
rmSync(reports, { recursive: true, force: true });
for (const failure of failures) console.log(`FAILED ${failure}`);
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
console.log(`${Math.round((Date.now() - startedMs) / 1000)} s`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/**
 * @param {string} name
 * @param {() => Promise<number>} work
 */
async function step(name, work) {
  console.log(`\n== ${name}`);
  const passed = (await work()) === 0;
  count(name, { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 });
  return passed;
}

/**
 * Many tests at once. A run that ends badly without a failed test (a file that does not load, nothing found) is one failure.
 * @param {string} name
 * @param {() => Promise<{ status: number, passed: number, failed: number, skipped: number }>} work
 */
async function tests(name, work) {
  console.log(`\n== ${name}`);
  const { status, passed, failed, skipped } = await work();
  const bad = failed === 0 && (status !== 0 || passed === 0);
  count(name, { passed, failed: bad ? 1 : failed, skipped });
}

/**
 * @param {string} name
 * @param {{ passed: number, failed: number, skipped: number }} counts
 */
function count(name, counts) {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  if (counts.failed > 0) failures.push(`${name} (${counts.failed})`);
}

async function unitTests() {
  const file = join(reports, 'unit.json');
  const status = await runPackage(programs.vitest, ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]);
  const report = readReport(file);
  return {
    status,
    passed: report?.numPassedTests ?? 0,
    failed: report?.numFailedTests ?? 0,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  };
}

async function browserTests() {
  const browser = await findBrowser();
  if (browser === null) return { status: 1, passed: 0, failed: 1, skipped: 0 };
  const file = join(reports, 'browser.json');
  const env = { HIGHWATER_BROWSER: browser, HIGHWATER_PORT: String(await freePort()), PLAYWRIGHT_JSON_OUTPUT_FILE: file };
  const status = await runPackage(programs.playwright, ['test', '--reporter=list,json'], { env });
  const stats = readReport(file)?.stats;
  return { status, passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0), failed: stats?.unexpected ?? 0, skipped: stats?.skipped ?? 0 };
}

/** @param {string} file */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
