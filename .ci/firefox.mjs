import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run-step.mjs';

const NAMES = ['firefox', 'firefox-esr'];

/**
 * The path of a Firefox that starts: the one named by HIGHWATER_FIREFOX, one on the PATH, one in a usual place; else, on Debian
 * and as root, installs one. Null, and one line that says what to install, when there is none to be had.
 * @returns {Promise<string | null>}
 */
export async function findFirefox() {
  const found = firstThatStarts();
  if (found !== null) return found;
  if (existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get') && process.getuid?.() === 0) {
    console.log('No Firefox found; installing one ...');
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'firefox-esr'], { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  }
  const installed = firstThatStarts();
  if (installed === null) console.error('The Firefox tests need Firefox: install it (Debian: apt-get install firefox-esr), or name it in HIGHWATER_FIREFOX.');
  return installed;
}

function firstThatStarts() {
  const named = process.env['HIGHWATER_FIREFOX'];
  if (named !== undefined && named !== '') return starts(named) ? named : null;
  for (const path of [...onPath(), ...usualPlaces()]) if (existsSync(path) && starts(path)) return path;
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
      return ['/Applications', join(process.env['HOME'] ?? '', 'Applications')].map((folder) => join(folder, 'Firefox.app/Contents/MacOS/firefox'));
    case 'win32':
      return ['PROGRAMFILES', 'PROGRAMFILES(X86)'].flatMap((name) => {
        const folder = process.env[name];
        return folder === undefined ? [] : [join(folder, 'Mozilla Firefox/firefox.exe')];
      });
    default:
      return ['/usr/bin/firefox', '/usr/bin/firefox-esr', '/usr/lib/firefox/firefox', '/usr/lib/firefox-esr/firefox-esr', '/snap/bin/firefox'];
  }
}

/**
 * Windows prints no version, so being there must do.
 * @param {string} path
 */
function starts(path) {
  if (process.platform === 'win32') return true;
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}
