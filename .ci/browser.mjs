import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { programs, root, run, runPackage } from './run-step.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'microsoft-edge'];

/**
 * The path of a Chromium or Chrome that starts: the one named by HIGHWATER_BROWSER, one on the PATH, one in a usual place, one that
 * Playwright keeps; else installs one. Null, and one line that says what to install, when there is none to be had.
 * @returns {Promise<string | null>}
 */
export async function findBrowser() {
  const found = await firstThatStarts();
  if (found !== null) return found;
  console.log('No Chromium or Chrome found; installing one ...');
  if (isDebian() && process.getuid?.() === 0) {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  } else await runPackage(programs.playwright, ['install', 'chromium']);
  const installed = await firstThatStarts();
  if (installed === null)
    console.error('The browser tests need Chromium: install Chrome or Chromium (Debian: apt-get install chromium), or name it in HIGHWATER_BROWSER.');
  return installed;
}

async function firstThatStarts() {
  const named = process.env['HIGHWATER_BROWSER'];
  if (named !== undefined && named !== '') return starts(named) ? named : null;
  for (const path of [...onPath(), ...usualPlaces(), ...(await keptByPlaywright())]) if (isExecutable(path) && starts(path)) return path;
  return null;
}

function onPath() {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name + suffix)));
}

function usualPlaces() {
  switch (process.platform) {
    case 'darwin':
      return ['/Applications', join(process.env['HOME'] ?? '', 'Applications')].flatMap((folder) => [
        join(folder, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
        join(folder, 'Chromium.app/Contents/MacOS/Chromium'),
        join(folder, 'Microsoft Edge.app/Contents/MacOS/Microsoft Edge'),
      ]);
    case 'win32':
      return ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => {
        const folder = process.env[name];
        return folder === undefined
          ? []
          : [
              join(folder, 'Google/Chrome/Application/chrome.exe'),
              join(folder, 'Chromium/Application/chrome.exe'),
              join(folder, 'Microsoft/Edge/Application/msedge.exe'),
            ];
      });
    default:
      return ['/usr/bin/chromium', '/usr/lib/chromium/chromium', '/opt/google/chrome/chrome', '/snap/bin/chromium', '/usr/local/bin/chromium'];
  }
}

async function keptByPlaywright() {
  try {
    const { chromium } = await import(pathToFileURL(join(root, 'node_modules/playwright-core/index.mjs')).href);
    return [chromium.executablePath()];
  } catch {
    return [];
  }
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Some systems have a file of that name that only says what to install. Windows prints no version, so being there must do.
 * @param {string} path
 */
function starts(path) {
  if (process.platform === 'win32') return existsSync(path);
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

function isDebian() {
  return existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = await findBrowser();
  if (path !== null) console.log(path);
  process.exitCode = path === null ? 1 : 0;
}
