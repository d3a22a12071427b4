import { expect, test, type Page } from '@playwright/test';
import { startPageServer } from './page-server.ts';

/** The built page as a guest of its host: any folder, no request elsewhere, quiet while nobody looks. */

async function runs(page: Page): Promise<void> {
  await expect(page.getByRole('button', { name: /^Broker 1, running/ })).toBeVisible({ timeout: 60_000 });
}

test('the static files work from any folder of any host, and ask for nothing outside it', async ({ page }) => {
  const server = await startPageServer({ folder: '/some/deep%20folder/' });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  try {
    await page.goto(server.address);
    await runs(page);
    await expect(page.getByRole('button', { name: /invariants hold/ })).toBeVisible();
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter((url) => !url.startsWith(server.address) && !url.startsWith('blob:'))).toEqual([]);
  } finally {
    await page.goto('about:blank');
    server.close();
  }
});

/** The instant that the playhead shows, in milliseconds. */
async function shownMs(page: Page): Promise<number> {
  const clock = /(\d+):(\d+)\.(\d{3})/.exec(await page.locator('.playhead').innerText());
  return Number(clock?.[1]) * 60_000 + Number(clock?.[2]) * 1000 + Number(clock?.[3]);
}

test('a hidden tab, which gets no frames, stands still, loses nothing, and goes on where it was', async ({ page }) => {
  // What a browser does to a tab in the background: its frames wait until it is seen again.
  await page.addInitScript(() => {
    const give = window.requestAnimationFrame.bind(window);
    const waiting: FrameRequestCallback[] = [];
    const tab = { hidden: false, show: () => waiting.splice(0).forEach((frame) => give(frame)) };
    window.requestAnimationFrame = (frame) => (tab.hidden ? waiting.push(frame) : give(frame));
    Object.assign(window, { tab });
  });
  await page.goto('/');
  await runs(page);
  await expect.poll(() => shownMs(page)).toBeGreaterThan(22_500);
  await page.evaluate('tab.hidden = true');
  const before = await shownMs(page);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await page.evaluate('tab.hidden = false; tab.show()');
  const after = await shownMs(page);
  expect(after - before).toBeLessThan(1500);
  await expect.poll(() => shownMs(page)).toBeGreaterThan(after + 500);
  await expect(page.getByRole('button', { name: /invariants hold/ })).toHaveText(/7 of 7/);
});
