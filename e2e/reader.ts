import { expect, type Page } from '@playwright/test';

/** How a test reads the page and presses what is on it, as a reader would. */

/** What ZooKeeper says of orders-0, and its high watermark in the lens, as a reader sees them; -1 where there is none. */
export async function lens(page: Page): Promise<{ leader: number; epoch: number; isr: string; highWatermark: number }> {
  // What does not fit is cut with an ellipsis and stands whole in the label.
  const stage = await page
    .getByRole('group', { name: 'Cluster' })
    .evaluate(
      (group) =>
        [...group.querySelectorAll('title, [aria-label]')].map((element) => element.getAttribute('aria-label') ?? element.textContent).join('\n') +
        (group.textContent ?? ''),
    );
  const truth = /leader (\d+), epoch (\d+), ISR ([\d ]*\d)/.exec(stage);
  const panel = (await page.getByRole('tabpanel').innerText()).replace(/\s+/g, ' ');
  const highWatermark = /HW \/ end (\d+) \//.exec(panel);
  return { leader: Number(truth?.[1] ?? -1), epoch: Number(truth?.[2] ?? -1), isr: truth?.[3] ?? '', highWatermark: Number(highWatermark?.[1] ?? -1) };
}

export async function openPage(page: Page, path = '/'): Promise<void> {
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(path);
  await expect(page.getByRole('button', { name: /^Broker 1, running/ })).toBeVisible({ timeout: 60_000 });
  await expect.poll(async () => (await lens(page)).highWatermark, { timeout: 60_000 }).toBeGreaterThan(3);
}

export async function choose(page: Page, machine: string, action: RegExp): Promise<void> {
  await page.getByRole('button', { name: machine }).click();
  await page.getByRole('menuitem', { name: action }).click();
}
