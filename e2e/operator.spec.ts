import { expect, test, type Page } from '@playwright/test';
import { choose, lens, openPage } from './reader.ts';

/** What an operator does to the cluster, by the page alone: it grows while it runs, loses ZooKeeper's majority, loses cables. */

async function isrSize(page: Page): Promise<number> {
  return (await lens(page)).isr.split(' ').filter((id) => id !== '').length;
}

async function speed(page: Page, label: string): Promise<void> {
  await page.getByRole('combobox').first().selectOption({ label });
}

test('the cluster grows while it runs: a broker, a topic on it, a producer and a consumer of that topic', async ({ page }) => {
  test.setTimeout(180_000);
  await openPage(page);
  await page.getByRole('button', { name: 'Add a broker' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByRole('button', { name: /^Broker 4, running/ })).toBeVisible({ timeout: 60_000 });

  await page.getByRole('button', { name: 'Add a topic' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('payments');
  await dialog.getByLabel('Replication factor').fill('5');
  // A process that runs has yet to register, and the controller to hear of it.
  await expect(async () => {
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(dialog.getByText('InvalidReplicationFactorException')).toBeVisible({ timeout: 15_000 });
    await expect(dialog.getByText('Replication factor: 5 larger than available brokers: 4.')).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 90_000 });
  await dialog.getByLabel('Replication factor').fill('4');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(dialog).toBeHidden({ timeout: 60_000 });

  await page.getByRole('button', { name: 'Add a producer' }).click();
  await dialog.getByRole('combobox', { name: 'Topic' }).selectOption('payments');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('button', { name: 'Add a consumer' }).click();
  await dialog.getByRole('combobox', { name: 'Topic' }).selectOption('payments');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByRole('button', { name: 'consumer consumer-2' })).toBeVisible();
  await speed(page, '2×');
  await page
    .getByRole('button', { name: /^payments-0: .*Press to look at it/ })
    .first()
    .click();
  await expect.poll(async () => (await lens(page)).highWatermark, { timeout: 90_000 }).toBeGreaterThan(2);
  await expect(page.getByRole('tabpanel').getByRole('img', { name: /^payments-0: .*broker 4 HW \d+/ })).toBeVisible();
});

test('without a majority of ZooKeeper no leader can be elected; with it again, one is', async ({ page }) => {
  test.setTimeout(180_000);
  await openPage(page);
  await speed(page, '5×');
  for (const server of ['zk1', 'zk2']) {
    await page.getByRole('button', { name: new RegExp(`^${server},`) }).click();
    await page.getByRole('menuitem', { name: /^Kill/ }).click();
    await expect(page.getByRole('button', { name: new RegExp(`^${server}, killed`) })).toBeVisible();
  }
  await choose(page, 'Menu of Broker 1', /^Kill/);
  const killed = await lens(page);
  await expect(page.getByText(/no majority|no quorum/i).first()).toBeVisible({ timeout: 60_000 });
  const stands = async (): Promise<void> => expect(await lens(page)).toMatchObject({ leader: killed.leader, epoch: killed.epoch });
  await stands();
  await page.getByRole('button', { name: /^zk1,/ }).click();
  await page.getByRole('menuitem', { name: /^Start/ }).click();
  await expect.poll(async () => (await lens(page)).leader, { timeout: 90_000 }).toBe(2);
  await expect(page.getByRole('button', { name: /invariants hold/ })).toHaveText(/7 of 7/);
});

test('a follower whose cables are cut falls out of the ISR, and comes back when they are healed', async ({ page }) => {
  test.setTimeout(180_000);
  await openPage(page);
  await speed(page, '5×');
  const cable = page.getByRole('button', { name: /^Cable Broker 1 – Broker 3/ });
  await cable.press('Enter');
  await page.getByRole('menuitem', { name: /^Cut/ }).press('Enter');
  await expect(cable).toHaveAccessibleName(/: cut/);
  await expect.poll(() => isrSize(page), { timeout: 90_000 }).toBe(2);
  const shrunk = await lens(page);
  await expect.poll(async () => (await lens(page)).highWatermark, { timeout: 60_000 }).toBeGreaterThan(shrunk.highWatermark);
  await choose(page, 'Menu of Broker 3', /^Heal all cables/);
  await expect(cable).toHaveAccessibleName(/: whole/);
  await expect.poll(() => isrSize(page), { timeout: 90_000 }).toBe(3);
});
