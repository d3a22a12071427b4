import { expect, test, type Page } from '@playwright/test';
import { playReferences, wrongInThread, wrongLive, type Reference } from './hosts-checks.ts';
import type * as HostsPage from './hosts-page.ts';
import { startHostsServer, type HostsServer } from './hosts-server.ts';

/** The same runs in Node, in the thread of a page, and by Workers with IndexedDB below: the same hashes at every mark. */

declare const highwaterHosts: typeof HostsPage;

/** Several live runs at a time: each waits for its Workers more than it works. */
const AT_ONCE = 3;
let references: Reference[] = [];
let server: HostsServer;

test.beforeAll(async () => {
  references = playReferences();
  server = await startHostsServer();
});
test.afterAll(() => server.close());

async function open(page: Page): Promise<void> {
  await page.goto(server.address);
  await page.waitForFunction(() => typeof highwaterHosts !== 'undefined');
}

test('runs in the thread of a page, their windows cut anywhere, come to the hashes and the states that Node came to', async ({ page }) => {
  await open(page);
  expect(references.length).toBeGreaterThanOrEqual(20);
  for (const reference of references) {
    const report = await page.evaluate((run) => highwaterHosts.playInPage(run, { cuts: 3, digests: true }), reference.run);
    expect(wrongInThread(reference, report)).toBeNull();
  }
});

test('runs by Workers with IndexedDB below, in frames of any length, come to the hashes that Node came to; who loses power loses its Worker', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await open(page);
  expect(references.length).toBeGreaterThanOrEqual(20);
  const waiting = references.slice();
  const player = async (): Promise<void> => {
    for (let reference = waiting.shift(); reference !== undefined; reference = waiting.shift()) {
      const report = await page.evaluate((run) => highwaterHosts.playLive(run, 4), reference.run);
      expect(wrongLive(reference, report)).toBeNull();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, player));
});
