import { expect, test, type Page } from '@playwright/test';
import { startPageServer } from './page-server.ts';

/** What a browser can do to the page: no storage, storage that fills up, another tab; and a mistake of our own in a Worker. */

/** The page shows a running cluster at this moment of its clock or later. */
async function runs(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: /^Broker 1, running/ })).toBeVisible({ timeout: 60_000 });
}

/** The high watermark of orders-0 in the lens; -1 where there is none. */
async function highWatermark(page: Page): Promise<number> {
  const panel = (await page.getByRole('tabpanel').innerText()).replace(/\s+/g, ' ');
  return Number(/HW \/ end (\d+) \//.exec(panel)?.[1] ?? -1);
}

async function goesOn(page: Page): Promise<void> {
  const before = await highWatermark(page);
  await expect.poll(() => highWatermark(page), { timeout: 60_000 }).toBeGreaterThan(before);
}

async function saysMemory(page: Page, reason: string): Promise<void> {
  await expect(page.locator('.banner')).toHaveText(new RegExp(`This run lives in memory only: ${reason}`), { timeout: 60_000 });
}

async function withSpoilt(spoil: Readonly<Record<string, string>>, page: Page, story: (address: string) => Promise<void>): Promise<void> {
  const server = await startPageServer({ spoil });
  try {
    await page.goto(server.address);
    await story(server.address);
  } finally {
    await page.goto('about:blank');
    server.close();
  }
}

const THROWING = `indexedDB.open = () => { throw new DOMException('no storage in this window', 'SecurityError'); }`;
const SILENT = `indexedDB.open = () => Object.create(IDBOpenDBRequest.prototype, { addEventListener: { value() {} }, removeEventListener: { value() {} } })`;
/** Lets so many writes of a Worker through, then the browser is full. */
const fullAfter = (writes: number): string => `
  const put = IDBObjectStore.prototype.put;
  let left = ${writes};
  IDBObjectStore.prototype.put = function (...values) {
    if (left-- <= 0) throw new DOMException('the disk is full', 'QuotaExceededError');
    return put.apply(this, values);
  }`;

test('where the browser forbids storage the page says so and runs in memory', async ({ page }) => {
  await withSpoilt({ 'run-worker': THROWING }, page, async () => {
    await runs(page);
    await saysMemory(page, 'this browser does not let the page store anything');
    await goesOn(page);
  });
});

test('where storage never answers the page waits a little, says so and runs in memory', async ({ page }) => {
  await withSpoilt({ 'run-worker': SILENT }, page, async () => {
    await runs(page);
    await saysMemory(page, 'this browser does not let the page store anything');
    await goesOn(page);
  });
});

test('a disk that cannot be opened is said, and the run opens in memory', async ({ page }) => {
  await withSpoilt({ 'machine-worker': THROWING }, page, async () => {
    await runs(page);
    await saysMemory(page, 'this browser does not let the page store anything');
    await goesOn(page);
  });
});

test('storage that fills up in mid-run: said, and the run goes on in memory where it was, with all that happened', async ({ page }) => {
  await withSpoilt({ 'machine-worker': fullAfter(30) }, page, async () => {
    await runs(page);
    await expect(page.locator('.banner')).toHaveCount(0);
    await page.getByRole('button', { name: 'Menu of Broker 3' }).click();
    await page.getByRole('menuitem', { name: /^Kill/ }).click();
    await expect(page.getByRole('button', { name: /^Broker 3, killed/ })).toBeVisible();
    const reached = await highWatermark(page);
    await saysMemory(page, 'the browser has no room left');
    await expect(page.getByRole('button', { name: /^Broker 3, killed/ })).toBeVisible();
    expect(await highWatermark(page)).toBeGreaterThanOrEqual(reached);
    await goesOn(page);
  });
});

test('a list of runs that is full: a command is kept all the same, in memory', async ({ page }) => {
  await withSpoilt({ 'run-worker': fullAfter(12) }, page, async () => {
    await runs(page);
    await saysMemory(page, 'the browser has no room left');
    await page.getByRole('button', { name: 'Menu of Broker 3' }).click();
    await page.getByRole('menuitem', { name: /^Kill/ }).click();
    await expect(page.getByRole('button', { name: /^Broker 3, killed/ })).toBeVisible();
    await goesOn(page);
  });
});

test('a second tab says that another one holds the run, and runs in memory', async ({ context }) => {
  const [first, second] = [await context.newPage(), await context.newPage()];
  await first.goto('/');
  await runs(first);
  await second.goto('/');
  await runs(second);
  await saysMemory(second, 'another tab holds the stored run');
  await goesOn(second);
  await expect(first.locator('.banner')).toHaveCount(0);
});

/** A packet that was spoilt on its way trips an assertion of the engine. */
const SPOILT_PACKET = `
  if (self.name === 'machine b2') {
    let windows = 0;
    const { get, set } = Object.getOwnPropertyDescriptor(self, 'onmessage');
    Object.defineProperty(self, 'onmessage', { get, set(handle) {
      set.call(self, (event) => {
        if (event.data.type === 'window' && ++windows === 40) event.data.events.push({ atUs: 1, class: 0, source: -1, sequence: 0, input: { type: 'command', command: { type: 'kill' } } });
        return handle(event);
      });
    } });
  }`;

test('an assertion in a Worker stops the run, shows what failed, and offers a link that replays it', async ({ page, browser }) => {
  await withSpoilt({ 'machine-worker': SPOILT_PACKET }, page, async () => {
    await runs(page);
    const alert = page.getByRole('alert');
    await expect(alert).toContainText('This run has stopped', { timeout: 60_000 });
    await expect(alert).toContainText('b2');
    await expect(alert).toContainText('time to go forward');
    const href = (await alert.getByRole('link', { name: 'Replay this run' }).getAttribute('href')) ?? '';
    expect(href).toMatch(/^#\/1\/first-look/);
    // In a browser whose Workers are whole, the link leads to the moment before, and past it.
    const context = await browser.newContext();
    const other = await context.newPage();
    await other.goto(`/${href}`);
    await runs(other);
    await goesOn(other);
    await context.close();
    // Where it failed, the link is followed by a click, and fails again.
    await alert.getByRole('link', { name: 'Replay this run' }).click();
    await runs(page);
    await expect(page.getByRole('alert')).toContainText('time to go forward', { timeout: 60_000 });
  });
});

test('a Worker that cannot even start stops the run and says which', async ({ page }) => {
  await withSpoilt({ 'machine-worker': `if (self.name === 'machine zk1') throw new Error('no such luck')` }, page, async () => {
    await expect(page.getByRole('alert')).toContainText('zk1', { timeout: 60_000 });
    await expect(page.getByRole('alert')).toContainText('no such luck');
    await expect(page.getByRole('link', { name: 'Replay this run' })).toBeVisible();
  });
});
