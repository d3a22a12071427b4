import { chromium } from '@playwright/test';
import { build } from 'vite';
import { findBrowser } from '../.ci/browser.mjs';
import { median, shown, type Line } from './measure.ts';
import type * as StorageInPage from './storage-in-page.ts';

declare const highwaterBench: typeof StorageInPage;

const ROUNDS = 5;

/** A produce path's device in IndexedDB, as a share of the speed of plain puts of the same bytes in the same transactions, in Chromium. */
export async function measureStorageInBrowser(say: (text: string) => void): Promise<Line[]> {
  const executablePath = await findBrowser();
  if (executablePath === null) throw new Error('no browser to measure IndexedDB in');
  const script = await bundle();
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
  try {
    const page = await (await browser.newContext()).newPage();
    await page.route('**/bench', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Bench</title>' }));
    await page.goto('http://localhost/bench');
    await page.addScriptTag({ content: script });
    const report = await page.evaluate((rounds) => highwaterBench.measureStorage(rounds), ROUNDS);
    const percents = report.rounds.map(({ keptMs, rawMs }) => (rawMs / keptMs) * 100);
    const keptMs = median(report.rounds.map((round) => round.keptMs));
    const mebibytes = report.sizeBytes / 1_048_576;
    say(
      `log: ${shown(mebibytes)} MiB of a broker's device in ${report.transactionCount} transactions: ${shown(keptMs)} ms, ${shown((mebibytes * 1000) / keptMs)} MiB/s; of plain puts' speed ${percents.map(shown).join(', ')} %`,
    );
    const recoveries = await page.evaluate((rounds) => highwaterBench.measureRecovery(rounds), ROUNDS);
    const ratios = recoveries.map(({ rawMs, recoveredMs }) => recoveredMs / rawMs);
    say(
      `log: reading 64 MiB raw took ${recoveries.map(({ rawMs }) => shown(rawMs)).join(', ')} ms, recovering it ${recoveries.map(({ recoveredMs }) => shown(recoveredMs)).join(', ')}`,
    );
    return [
      { name: "log: produce path to IndexedDB, of plain puts' speed", value: median(percents), unit: '%', limit: { atLeast: 70 } },
      { name: 'log: recovery of 64 MiB, times reading it raw', value: median(ratios), unit: 'x', limit: { below: 2 } },
    ];
  } finally {
    await browser.close();
  }
}

async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry: 'bench/storage-in-page.ts', formats: ['iife'], name: 'highwaterBench' },
      rolldownOptions: { output: { topLevelVar: false } },
    },
  });
  let script = '';
  for (const output of Array.isArray(built) ? built : [built]) {
    if (!('output' in output)) continue;
    for (const chunk of output.output) if (chunk.type === 'chunk') script += chunk.code;
  }
  return script;
}
