import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test, type Download, type Page, type TestInfo } from '@playwright/test';
import { unzipSync } from 'fflate';
import { choose, openPage } from './reader.ts';

/** A person opens a broker's log directory: bytes and meaning, what is not on the device yet, files in and out. */

test.use({ viewport: { width: 1440, height: 900 } });

const GOLDENS = new URL('../src/testing/goldens/segments/', import.meta.url);

async function openFiles(page: Page): Promise<void> {
  await openPage(page);
  await choose(page, 'Menu of Broker 1', /^Files/);
  await expect(page.getByRole('treeitem', { name: /^batch/ }).first()).toBeVisible();
}

const field = (page: Page, label: string): ReturnType<Page['locator']> =>
  page.getByRole('tree', { name: 'Meaning' }).getByRole('treeitem', { name: label }).first();

/** Places of the bytes that are lit, in order. */
async function litBytes(page: Page): Promise<readonly number[]> {
  return page.locator('.hex-cells .lit').evaluateAll((cells) => cells.map((cell) => Number((cell as HTMLElement).dataset['at'])));
}

async function saved(download: Download, info: TestInfo): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  const path = info.outputPath(download.suggestedFilename());
  await download.saveAs(path);
  return { path, bytes: new Uint8Array(readFileSync(path)) };
}

test('bytes and meaning light each other up, by pointer and by keyboard', async ({ page }) => {
  await openFiles(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('.hex-cells [data-at="17"]').hover();
  await expect(page.locator('.meaning-row.lit')).toHaveText(/crc \d+, right/);
  expect(await litBytes(page)).toEqual([17, 18, 19, 20]);
  await field(page, 'baseTimestamp').hover();
  expect(await litBytes(page)).toEqual([27, 28, 29, 30, 31, 32, 33, 34]);
  await page.getByRole('tree', { name: 'Meaning' }).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.mouse.move(5, 5);
  expect(await litBytes(page)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  await expect(page.locator('#byte-read')).toHaveText(/^0–7: baseOffset = 0$/);
  // Into a record: what holds the byte opens on the way.
  await page.locator('.hex-cells [data-at="61"]').click();
  await expect(page.locator('.meaning-row[aria-selected="true"]')).toHaveText(/^length/);
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('.meaning-row[aria-selected="true"]')).toHaveText(/^attributes/);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('group', { name: 'Cluster' })).toBeVisible();
});

test('every file of the directory is there with its meaning', async ({ page }) => {
  await openFiles(page);
  const tree = page.getByRole('tree', { name: 'Log directory' });
  const meaning = page.getByRole('tree', { name: 'Meaning' });
  await tree.getByRole('treeitem', { name: /^replication-offset-checkpoint/ }).click();
  await expect(meaning.getByRole('treeitem', { name: /orders/ }).first()).toBeVisible();
  await tree.getByRole('treeitem', { name: /^meta\.properties/ }).click();
  await expect(meaning.getByText(/broker\.id/).first()).toBeVisible();
  await tree
    .getByRole('treeitem', { name: /\.index/ })
    .first()
    .click();
  await expect(page.getByText(/set 10 MiB aside for this index/)).toBeVisible();
});

test('what is downloaded is a log that dump-log reads, and the zip holds the same bytes', async ({ page }, info) => {
  await openFiles(page);
  await page.getByRole('button', { name: 'Pause' }).click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download', exact: true }).click()]);
  const log = await saved(file, info);
  const dump = execFileSync(process.execPath, ['node_modules/tsx/dist/cli.mjs', 'src/cli/highwater.ts', 'dump-log', log.path], { encoding: 'utf8' });
  const batches = dump.split('\n').filter((line) => line.startsWith('baseOffset: '));
  expect(batches.length).toBeGreaterThan(0);
  expect(batches.filter((line) => !line.includes('isvalid: true'))).toEqual([]);
  const [zip] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'orders-0 as zip' }).click()]);
  const folder = unzipSync((await saved(zip, info)).bytes);
  expect(Object.keys(folder)).toContain('orders-0/leader-epoch-checkpoint');
  expect(folder['orders-0/00000000000000000000.log']).toEqual(log.bytes);
});

test('what only the page cache has is told, a power cut takes it, rot on the device is found, and recovery says what went', async ({ page }) => {
  test.setTimeout(240_000);
  await openFiles(page);
  await expect(page.locator('.file-pages').getByText(/a power cut loses them/)).toBeVisible({ timeout: 60_000 });
  expect(await page.locator('.hex i.unwritten').count()).toBeGreaterThan(0);
  await expect(page.locator('.file-pages').getByText(/neither a kill nor a power cut/)).toBeVisible({ timeout: 90_000 });
  await page.getByRole('button', { name: 'Power off', exact: true }).click();
  await expect(page.locator('.disk-events').getByText(/lost power/)).toBeVisible();
  await page.locator('.hex-cells [data-at="70"]').click();
  await page.getByRole('button', { name: 'Let byte 70 rot' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'CORRUPT_MESSAGE' })).toBeVisible();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await expect(page.locator('.disk-events').getByText(/has recovered orders-0 up to offset 0; what came next .* are gone/)).toBeVisible({ timeout: 90_000 });
  await expect(page.getByRole('alert').filter({ hasText: 'CORRUPT_MESSAGE' })).toBeHidden();
});

test('a real Kafka file that is dropped on the page is read there; what is none is refused in words', async ({ page }) => {
  await openPage(page);
  const drop = (name: string, bytes: number[] | number): Promise<void> =>
    page.evaluate(
      ([fileName, content]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(content as number[])], fileName));
        window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      [name, bytes] as const,
    );
  const golden = (path: string): number[] => [...readFileSync(new URL(path, GOLDENS))];
  await drop('holiday.txt', [...Buffer.from('not a log at all, but long enough to have the header of a batch if it were one, which it is not')]);
  await expect(page.getByText(/holiday\.txt is not a log/)).toBeVisible();
  await drop('huge.log', 101 * 1024 * 1024);
  await expect(page.getByText(/huge\.log has 101 MiB\. Files over 100 MB are not opened/)).toBeVisible();
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    await drop('00000000000000000000.log', golden(`g-${codec}-0/00000000000000000000.log`));
    await expect(page.getByRole('heading', { name: 'A file of yours' })).toBeVisible();
    await expect(field(page, 'attributes')).toHaveText(new RegExp(`codec ${codec}, CreateTime`));
    if (codec !== 'none')
      await page
        .getByRole('treeitem', { name: new RegExp(`^.?records ${codec}`) })
        .first()
        .click();
    await page
      .getByRole('treeitem', { name: /^.?record 0/ })
      .first()
      .click();
    await expect(page.getByRole('treeitem', { name: /^value \{/ }).first()).toHaveText(/"id":0/);
    await page.getByRole('button', { name: 'Close the files' }).click();
  }
  const flipped = golden('g-none-0/00000000000000000000.log').map((byte, i) => (i === 400 ? byte ^ 4 : byte));
  await drop('00000000000000000000.log', flipped);
  await expect(page.getByRole('alert').filter({ hasText: /CORRUPT_MESSAGE.*stored crc/ })).toBeVisible();
});

test('a file is chosen by button too', async ({ page }, info) => {
  await openFiles(page);
  const path = info.outputPath('leader-epoch-checkpoint');
  writeFileSync(path, '0\n1\n3 17\n');
  await page.locator('input[type=file]').setInputFiles(path);
  await expect(page.getByRole('tree', { name: 'Meaning' })).toHaveText(/17/);
});

test('on a phone bytes and meaning take turns', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
  const page = await context.newPage();
  await page.goto('/');
  await page.getByRole('button', { name: 'Lens' }).click({ timeout: 60_000 });
  await page
    .getByRole('button', { name: /^broker 1/i })
    .last()
    .click({ timeout: 60_000 });
  await expect(page.getByRole('treeitem', { name: /^batch/ }).first()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('radio', { name: 'Bytes' }).click();
  await expect(page.locator('.hex-8 .hex-line').first()).toBeVisible();
  await expect(page.getByRole('tree', { name: 'Meaning' })).toBeHidden();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow).toBe(0);
  await context.close();
});

test('what retention and the cleaner do to a disk is told beside its files', async ({ page }) => {
  await page.goto('?lang=en#/1/compaction?t=75s');
  await choose(page, 'Menu of Broker 1', /^Files/);
  const lately = page.locator('.disk-events');
  await expect(lately).toContainText(/new segment|oldest segment|cleaner/, { timeout: 60_000 });
});
