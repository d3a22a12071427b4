import { spawn } from 'node:child_process';
import { freePort } from './ports.mjs';
import { generate, programs, root, runPackage } from './run-step.mjs';
import { setup } from './setup.mjs';

/** Kept when it is free, because a browser keeps its runs by address. */
const USUAL_PORT = 4173;

await must(setup());
await must(generate());
await must(runPackage(programs.vite, ['build']));
const port = await freePort(USUAL_PORT);
const url = `http://localhost:${port}/`;
const server = spawn(process.execPath, [`${root}/node_modules/${programs.vite}`, 'preview', '--host', 'localhost', '--port', String(port), '--strictPort'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});
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

/** @param {string} address */
async function answers(address) {
  for (let i = 0; i < 100; i++) {
    try {
      if ((await fetch(address)).ok) return true;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/**
 * Opens the default browser; that there is none to open is no failure, as the address has been printed.
 * @param {string} address
 */
function openBrowser(address) {
  if (process.env['CI'] !== undefined || process.env['BROWSER'] === 'none') return;
  const [command, args] =
    process.platform === 'darwin' ? ['open', [address]] : process.platform === 'win32' ? ['cmd', ['/c', 'start', '""', address]] : ['xdg-open', [address]];
  const opener = spawn(command, args, { stdio: 'ignore', detached: true });
  opener.on('error', () => undefined);
  opener.unref();
}
