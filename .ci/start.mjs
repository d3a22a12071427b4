import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { generate, programs, root, runPackage } from './run-step.mjs';
import { setup } from './setup.mjs';

/** Kept when it is free, because a browser keeps its runs by address. */
const USUAL_PORT = 4173;

await must(setup());
await must(generate());
await must(runPackage(programs.vite, ['build']));
const port = (await isFree(USUAL_PORT)) ? USUAL_PORT : await anyFreePort();
const url = `http://localhost:${port}/`;
const server = spawn(process.execPath, [`${root}/node_modules/${programs.vite}`, 'preview', '--host', 'localhost', '--port', String(port), '--strictPort'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
server.on('exit', (code) => process.exit(code ?? 1));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill('SIGTERM'));
if (await answers(url)) {
  console.log(`\nHighwater runs at ${url} (Ctrl+C ends it)\n`);
  openBrowser(url);
} else {
  console.error(`The server did not answer at ${url}.`);
  server.kill('SIGTERM');
}

/** @param {Promise<number>} step */
async function must(step) {
  const status = await step;
  if (status !== 0) process.exit(status);
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: 'localhost', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** @returns {Promise<number>} */
function anyFreePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host: 'localhost' }, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** @param {string} url */
async function answers(url) {
  for (let i = 0; i < 100; i++) {
    try {
      if ((await fetch(url)).ok) return true;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/**
 * Opens the default browser; that there is none to open is no failure, as the address has been printed.
 * @param {string} url
 */
function openBrowser(url) {
  if (process.env['CI'] !== undefined || process.env['BROWSER'] === 'none') return;
  const [command, args] = process.platform === 'darwin' ? ['open', [url]] : process.platform === 'win32' ? ['cmd', ['/c', 'start', '""', url]] : ['xdg-open', [url]];
  const opener = spawn(command, args, { stdio: 'ignore', detached: true });
  opener.on('error', () => undefined);
  opener.unref();
}
