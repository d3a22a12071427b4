import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { build, preview, type PreviewServer } from 'vite';
import { findBrowser } from '../.ci/browser.mjs';
import { median, quantile, shown, type Line } from './measure.ts';
import { scriptPerFrameMs, TRACE_CATEGORIES } from './script-per-frame.ts';

const WATCHED_MS = 12_000;
/** The first seconds compile the page's code; they are told with the start. */
const SETTLE_MS = 3_000;
const OPENINGS = 3;

/** The built page in Chromium, its default scene playing on the live engine: how long until a picture, how much script a frame. */
export async function measurePage(say: (text: string) => void): Promise<Line[]> {
  const executablePath = await findBrowser();
  if (executablePath === null) throw new Error('no browser to measure the page in');
  const outDir = mkdtempSync(join(tmpdir(), 'highwater-bench-'));
  let server: PreviewServer | null = null;
  let browser: Browser | null = null;
  try {
    await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
    server = await preview({ logLevel: 'error', build: { outDir }, preview: { host: 'localhost', port: 0 } });
    const url = server.resolvedUrls?.local[0];
    if (url === undefined) throw new Error('the built page is not served');
    // Chromium refuses its sandbox to root, as in a container.
    browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
    return [...(await measureStart(browser, url, say)), ...(await measureFrames(browser, url, say))];
  } finally {
    await browser?.close();
    await server?.close();
    rmSync(outDir, { recursive: true, force: true });
  }
}

/** A page in a fresh profile each time: nothing cached, no run left behind. */
async function measureStart(browser: Browser, url: string, say: (text: string) => void): Promise<Line[]> {
  const openings: number[] = [];
  for (let i = 0; i < OPENINGS; i++) {
    const page = await (await browser.newContext()).newPage();
    openings.push(await openPage(page, url));
    await page.context().close();
  }
  say(`page: first picture of the running cluster after ${openings.map(shown).join(', ')} ms`);
  return [{ name: 'page: from opening it to the running cluster', value: median(openings), unit: 'ms' }];
}

async function openPage(page: Page, url: string): Promise<number> {
  const startMs = performance.now();
  await page.goto(url);
  await page.getByRole('button', { name: /^Broker 1, running/ }).waitFor({ timeout: 60_000 });
  return performance.now() - startMs;
}

async function measureFrames(browser: Browser, url: string, say: (text: string) => void): Promise<Line[]> {
  const page = await (await browser.newContext()).newPage();
  await openPage(page, url);
  await page.waitForTimeout(SETTLE_MS);
  await browser.startTracing(page, { categories: TRACE_CATEGORIES });
  await page.waitForTimeout(WATCHED_MS);
  const frames = scriptPerFrameMs((await browser.stopTracing()).toString('utf8'));
  await page.context().close();
  if (frames.length < 100) throw new Error(`only ${frames.length} frames in ${WATCHED_MS} ms`);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((fraction) => quantile(frames, fraction));
  say(
    `page: ${frames.length} frames in ${shown(WATCHED_MS / 1000)} s; main-thread script a frame p50 ${shown(p50 ?? 0)}, p95 ${shown(p95 ?? 0)}, p99 ${shown(p99 ?? 0)} ms`,
  );
  return [
    { name: 'page: frames a second', value: (frames.length * 1000) / WATCHED_MS, unit: '' },
    { name: 'page: main-thread script a frame, p50', value: p50 ?? Number.NaN, unit: 'ms' },
    { name: 'page: main-thread script a frame, p95', value: p95 ?? Number.NaN, unit: 'ms', limit: { below: 6 } },
    { name: 'page: main-thread script a frame, p99', value: p99 ?? Number.NaN, unit: 'ms' },
  ];
}
