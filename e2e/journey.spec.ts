import { expect, test } from '@playwright/test';
import { choose, lens, openPage } from './reader.ts';

/** A person's first minutes: water rises, the leader is killed, another leads, the tab is reloaded, the link is shared. */

test('with no click the cluster runs: records are committed and the consumer drinks', async ({ page }) => {
  await openPage(page);
  const before = await lens(page);
  expect(before).toMatchObject({ leader: 1, epoch: 0 });
  await expect.poll(async () => (await lens(page)).highWatermark).toBeGreaterThan(before.highWatermark);
  await expect(page.getByRole('button', { name: /invariants hold/ })).toHaveText(/7 of 7/);
  await expect(page.getByRole('button', { name: /^consumer/ })).toBeVisible();
});

test('the leader is killed: its session expires, the next in sync leads with a higher epoch; a reload is a power cut; the link plays the same run', async ({
  page,
  browser,
}) => {
  test.setTimeout(240_000);
  await openPage(page);
  await page.getByRole('combobox').selectOption({ label: '2×' });
  await choose(page, 'Menu of Broker 1', /^Kill/);
  await expect(page.getByRole('button', { name: /^Broker 1, killed/ })).toBeVisible();
  await expect.poll(async () => (await lens(page)).leader, { timeout: 60_000 }).toBe(2);
  expect((await lens(page)).epoch).toBeGreaterThan(0);
  const killed = await lens(page);
  await expect.poll(async () => (await lens(page)).highWatermark, { timeout: 60_000 }).toBeGreaterThan(killed.highWatermark);

  await page.getByRole('button', { name: 'Pause' }).click();
  const shared = await page.evaluate(async () => {
    let copied = '';
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: (text: string) => ((copied = text), Promise.resolve()) }, configurable: true });
    [...document.querySelectorAll('button')].find((button) => button.textContent === 'Share')?.click();
    for (let i = 0; i < 100 && copied === ''; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    return copied;
  });
  expect(shared).toMatch(/#\/1\/first-look\?seed=1.*killProcess\(b1\)/);
  const atShare = await lens(page);
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await other.goto(shared);
  await expect(other.getByRole('button', { name: /^Broker 1, killed/ })).toBeVisible({ timeout: 60_000 });
  await expect(other.getByText(/came to the same state \(trace hash [0-9a-f]{16}\)/)).toBeVisible();
  await expect.poll(() => lens(other)).toEqual(atShare);
  await other.getByRole('button', { name: 'Play' }).click();
  await expect.poll(async () => (await lens(other)).highWatermark, { timeout: 60_000 }).toBeGreaterThan(atShare.highWatermark);
  await other.goto('about:blank');
  await other.goto(shared.replace(/hash=[0-9a-f]{16}/, 'hash=0123456789abcdef'));
  await expect(other.getByText(/not the same state: the link says trace hash 0123456789abcdef/)).toBeVisible({ timeout: 60_000 });
  await elsewhere.close();

  await page.getByRole('button', { name: 'Play' }).click();
  await page.reload();
  await expect(page.getByRole('button', { name: /^Broker 1, (starting|running)/ })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('combobox').selectOption({ label: '10×' });
  await expect(page.getByRole('button', { name: /^Broker 1, running/ })).toBeVisible({ timeout: 60_000 });
  await expect.poll(async () => (await lens(page)).isr.split(' ').length, { timeout: 90_000 }).toBe(3);
  const recovered = await lens(page);
  await expect.poll(async () => (await lens(page)).highWatermark, { timeout: 60_000 }).toBeGreaterThan(recovered.highWatermark);
});

test('while the run is paused, what is done to the cluster is seen at once, and a dialog plays on to its answer', async ({ page }) => {
  await openPage(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  await choose(page, 'Menu of Broker 1', /^Kill/);
  await expect(page.getByRole('button', { name: /^Broker 1, killed/ })).toBeVisible();
  await expect(page.getByRole('status', { name: 'Narrator' })).toHaveText(/Broker 1 was killed/);
  await page.getByRole('button', { name: 'Add a topic' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/name/i).first().fill('two words');
  // Kafka looks at the replication factor first, and one broker is down.
  await dialog.getByLabel('Replication factor').fill('2');
  await dialog.getByRole('button', { name: /create/i }).click();
  await dialog.getByRole('button', { name: 'Play' }).click();
  await expect(dialog.getByText(/contains one or more characters other than ASCII alphanumerics/)).toBeVisible({ timeout: 60_000 });
});

test('what the cluster refuses is said in Kafka’s words where the person acted, and what makes no sense in plain ones', async ({ page }) => {
  await openPage(page);
  await page.getByRole('button', { name: 'Add a topic' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/name/i).first().fill('two words');
  await dialog.getByRole('button', { name: /create/i }).click();
  await expect(dialog.getByText(/contains one or more characters other than ASCII alphanumerics/)).toBeVisible({ timeout: 60_000 });
});

test('Korean and dark are a press away, and a broken link is refused with its place', async ({ page }) => {
  await openPage(page);
  await page.getByRole('button', { name: 'Switch to Korean' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await expect(page.getByText('커밋').first()).toBeVisible();
  await page.goto('/?#/1/no-such-scenario?t=1s');
  await expect(page.getByText(/no-such-scenario/).first()).toBeVisible({ timeout: 60_000 });
});
