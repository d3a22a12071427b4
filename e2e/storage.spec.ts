import { expect, test, type Page } from '@playwright/test';
import { build } from 'vite';
import type * as StoragePage from './storage-page.ts';

/** Storage in a real browser: the rules of the port, a page that goes away in the middle of writing, and two tabs. */

declare const highwaterStorage: typeof StoragePage;

let script = '';

test.beforeAll(async () => {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, minify: false, lib: { entry: 'e2e/storage-page.ts', formats: ['iife'], name: 'highwaterStorage' } },
  });
  for (const output of Array.isArray(built) ? built : [built]) {
    if (!('output' in output)) continue;
    for (const chunk of output.output) if (chunk.type === 'chunk') script += chunk.code;
  }
  expect(script).toContain('highwaterStorage');
});

async function open(page: Page): Promise<void> {
  await page.route('**/storage-page', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Storage</title>' }));
  await page.goto('/storage-page');
  await page.addScriptTag({ content: script });
}

test('IndexedDB keeps every rule of the device port', async ({ page }) => {
  await open(page);
  const report = await page.evaluate(() => highwaterStorage.runDiskCases());
  expect(report.failures).toEqual([]);
  expect(report.count).toBeGreaterThan(8);
});

test('a page that goes away in the middle of writing leaves whole batches, and the next goes on from there', async ({ context }) => {
  let before = 0;
  for (let round = 0; round < 4; round++) {
    const page = await context.newPage();
    await open(page);
    void page.evaluate(() => highwaterStorage.writeForEver('torn')).catch(() => undefined);
    await page.waitForTimeout(120 + round * 90);
    if (round % 2 === 0) await page.close();
    else await open(page);
    const next = round % 2 === 0 ? await context.newPage() : page;
    if (round % 2 === 0) await open(next);
    const found = await next.evaluate(() => highwaterStorage.inspect('torn'));
    expect(found.wrong).toBeNull();
    expect(found.batches).toBeGreaterThan(before);
    before = found.batches;
    await next.close();
  }
});

test('a second tab does not get the runs, and gets them once the first is gone', async ({ context }) => {
  const [first, second] = [await context.newPage(), await context.newPage()];
  await open(first);
  await open(second);
  expect(await first.evaluate(() => highwaterStorage.takeRuns())).toBe('opened');
  expect(await second.evaluate(() => highwaterStorage.takeRuns())).toBe('otherTab');
  await first.reload();
  await open(first);
  expect(await first.evaluate(() => highwaterStorage.takeRuns())).toBe('opened');
  await first.close();
  expect(await second.evaluate(() => highwaterStorage.takeRuns())).toBe('opened');
});

test('a disk that the browser deleted between two visits is written anew, and the page says so', async ({ page }) => {
  test.setTimeout(120_000);
  await page.goto('/');
  await page.getByRole('button', { name: /^Broker 1, running/ }).waitFor({ timeout: 60_000 });
  await page.waitForTimeout(2000);
  await open(page);
  const deleted = await page.evaluate(async () => {
    const names = (await indexedDB.databases()).flatMap(({ name }) => (name !== undefined && name.endsWith('b1') ? [name] : []));
    for (const name of names)
      await new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = resolve;
        request.onerror = reject;
      });
    return names.length;
  });
  expect(deleted).toBe(1);
  await page.goto('/');
  await expect(page.getByText('The browser had deleted disks of this run.')).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: /^Broker 1, running/ }).waitFor({ timeout: 60_000 });
});
