import { launch, type Browser, type Page } from 'puppeteer-core';
import { findFirefox } from '../.ci/firefox.mjs';
import { playReferences, wrongInThread, wrongLive } from './hosts-checks.ts';
import type { HostReport } from '../src/testing/host-runs.ts';
import type { LiveReport } from './hosts-page.ts';
import type * as HostsPage from './hosts-page.ts';
import { startHostsServer } from './hosts-server.ts';

/**
 * `npm run test:firefox`: the rules of the storage port, and the runs of all hosts, in Firefox. Each rule set and each run in
 * each host is one test; the last line is `N passed, N failed`, the exit status 0 only when none failed.
 */
declare const highwaterHosts: typeof HostsPage;

const LONGEST_ANSWER_MS = 120_000;

const executablePath = await findFirefox();
if (executablePath === null) process.exitCode = 1;
else process.exitCode = (await testIn(await startFirefox(executablePath))) === 0 ? 0 : 1;

function startFirefox(path: string): Promise<Browser> {
  return launch({ browser: 'firefox', executablePath: path, headless: true, protocolTimeout: LONGEST_ANSWER_MS });
}

/** Runs every test; the number of those that failed. */
async function testIn(browser: Browser): Promise<number> {
  const totals = { passed: 0, failed: 0 };
  const check = async (title: string, work: () => Promise<string | null>): Promise<void> => {
    const wrong = await work().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    totals[wrong === null ? 'passed' : 'failed'] += 1;
    say(wrong === null ? `ok      ${title}` : `FAILED  ${title}\n        ${wrong}`);
  };
  say(await browser.version());
  const server = await startHostsServer();
  try {
    const page = await browser.newPage();
    await page.goto(server.address);
    await page.waitForFunction(() => typeof highwaterHosts !== 'undefined');
    await check('IndexedDB keeps every rule of the device port', () => storageRules(page));
    for (const reference of playReferences()) {
      const { run } = reference;
      // As text: WebDriver BiDi gives an object that comes twice only once.
      await check(`seed ${run.seed} in one thread`, async () => {
        const report = await page.evaluate((one) => JSON.stringify(highwaterHosts.playInPage(one, { cuts: 3, digests: true })), run);
        return wrongInThread(reference, JSON.parse(report) as HostReport);
      });
      await check(`seed ${run.seed} by Workers`, async () => {
        const report = await page.evaluate(async (one) => JSON.stringify(await highwaterHosts.playLive(one, 4)), run);
        return wrongLive(reference, JSON.parse(report) as LiveReport);
      });
    }
  } finally {
    server.close();
    await browser.close();
  }
  say(`${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed;
}

async function storageRules(page: Page): Promise<string | null> {
  const { count, failures } = await page.evaluate(() => highwaterHosts.runDiskCases());
  return count === 0 ? 'no rule was tried' : (failures[0] ?? null);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
