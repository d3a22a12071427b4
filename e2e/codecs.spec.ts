import { execFileSync } from 'node:child_process';
import { expect, test } from '@playwright/test';
import { choose, openPage } from './reader.ts';

/** A person chooses a codec for a producer, sees its batches shrink and what that costs, and compares all codecs on a text of their own. */

test('a producer that compresses tells its codec, how much it saves and what that takes; its batches are on the disk as they were sent', async ({
  page,
}, info) => {
  test.setTimeout(240_000);
  await openPage(page);
  await page.getByRole('button', { name: 'Add a producer' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('compression.type').selectOption('zstd');
  await dialog.getByLabel('Records a second').fill('40');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog).toBeHidden({ timeout: 60_000 });
  await page.getByRole('button', { name: /^producer producer-2/ }).click();
  await page.getByRole('menuitem', { name: 'Show details' }).click();
  const panel = page.getByRole('tabpanel');
  await expect(panel.getByText(/zstd/)).toBeVisible({ timeout: 60_000 });
  await expect(panel.getByText(/\d → \d|B → /)).toBeVisible({ timeout: 60_000 });
  await choose(page, 'Menu of Broker 1', /^Files/);
  await page.getByRole('tree', { name: 'Log directory' }).getByRole('treeitem', { name: /\.log/ }).first().click();
  const path = info.outputPath('00000000000000000000.log');
  await expect(async () => {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download', exact: true }).click()]);
    await file.saveAs(path);
    const dump = execFileSync(process.execPath, ['node_modules/tsx/dist/cli.mjs', 'src/cli/highwater.ts', 'dump-log', path], { encoding: 'utf8' });
    expect(dump).toMatch(/compresscodec: none .*isvalid: true/);
    expect(dump).toMatch(/compresscodec: zstd .*isvalid: true/);
  }).toPass({ timeout: 90_000 });
});

test('all codecs on the reader’s own text: exact sizes, and times of this machine', async ({ page }) => {
  await openPage(page);
  await page.getByRole('button', { name: 'Add a producer' }).click();
  await page.getByRole('button', { name: /Compare all codecs/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Compare codecs' });
  await dialog.getByLabel('Your text').fill('the same line again and again\n'.repeat(200));
  await dialog.getByLabel('Records a batch').fill('200');
  await dialog.getByRole('button', { name: 'Compare', exact: true }).click();
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd']) {
    const cells = dialog.getByRole('row', { name: new RegExp(`^${codec}`) }).getByRole('cell');
    const ratio = /^([\d.]+)×$/.exec(await cells.nth(1).innerText());
    expect(Number(ratio?.[1])).toBeGreaterThan(5);
    await expect(cells.nth(2)).toHaveText(/\d ms/);
  }
  await expect(dialog.getByText(/200 records in 1 batches/)).toBeVisible();
});
