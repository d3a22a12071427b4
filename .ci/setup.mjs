import { statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './run-step.mjs';

/** Installs the packages of the lock file when they are missing or older than it. Gives the exit status. */
export async function setup() {
  if (majorVersion() < 20) {
    console.error(`Highwater needs Node 20 or newer; this is ${process.version}.`);
    return 1;
  }
  const installed = modifiedMs('node_modules/.package-lock.json');
  if (installed !== null && installed >= (modifiedMs('package-lock.json') ?? 0)) return 0;
  console.log('Installing packages (npm ci) ...');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const npm = process.env['npm_execpath'];
  return npm !== undefined && npm.endsWith('.js') ? run(process.execPath, [npm, ...args]) : run('npm', args, { shell: process.platform === 'win32' });
}

function majorVersion() {
  return Number(process.versions.node.split('.')[0]);
}

/** @param {string} path */
function modifiedMs(path) {
  try {
    return statSync(join(root, path)).mtimeMs;
  } catch {
    return null;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = await setup();
