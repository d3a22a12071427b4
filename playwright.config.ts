import { defineConfig } from '@playwright/test';

const port = Number(process.env['HIGHWATER_PORT'] ?? 4183);
const executablePath = process.env['HIGHWATER_BROWSER'] ?? '/usr/bin/chromium';
/** Chromium has no sandbox for root, nor in most containers that check a change; it opens our own page only. */
const withoutSandbox = process.getuid?.() === 0 || process.env['CI'] !== undefined;

/** A person's journeys through the built page, in a real browser. */
export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  timeout: 120_000,
  expect: { timeout: 20_000 },
  workers: 1,
  forbidOnly: true,
  retries: 0,
  outputDir: 'test-results',
  use: {
    baseURL: `http://localhost:${port}/`,
    trace: 'retain-on-failure',
    launchOptions: { executablePath, args: withoutSandbox ? ['--no-sandbox'] : [] },
  },
  webServer: {
    command: `node node_modules/vite/bin/vite.js preview --host localhost --port ${port} --strictPort`,
    url: `http://localhost:${port}/`,
    reuseExistingServer: false,
    timeout: 60_000,
  },
});
