import { startPlayground } from './playground/playground.ts';
import type { Session } from './playground/session/contract.ts';
import { fixtureSession } from './playground/session/fixture-session.ts';
import { liveSession } from './playground/session/live-session.ts';
import type { FixtureScene } from './playground/session/fixture-view.ts';
import { mountPage } from './ui/app/mount.tsx';
import { readPreferences } from './ui/app/preferences.ts';
import './ui/theme/tokens.css';
import './ui/theme/page.css';
import './ui/theme/files.css';

/** Calls back about once a frame, with the time of the frame, until the answer is called. Nothing runs while the tab is hidden. */
function everyFrame(work: (wallMs: number) => void): () => void {
  let handle = requestAnimationFrame(function frame(wallMs) {
    work(wallMs);
    handle = requestAnimationFrame(frame);
  });
  return () => cancelAnimationFrame(handle);
}

const SCENES: readonly FixtureScene[] = ['failover', 'zombie', 'many', 'loading', 'failed', 'memory'];

/** `?fixture` shows a prepared picture, by the name of its scene; everything else runs the engine. */
function sessionOf(query: URLSearchParams): Session {
  const scene = query.get('fixture');
  if (scene !== null) return fixtureSession(SCENES.find((name) => name === scene) ?? 'failover', { nowMs: () => performance.now(), everyFrame });
  return liveSession({
    location: window.location,
    forgetLink: () => window.history.replaceState(null, '', window.location.pathname + window.location.search),
    spawnRunWorker: () => new Worker(new URL('./playground/workers/run-worker.ts', import.meta.url), { type: 'module', name: 'run' }),
    everyFrame,
  });
}

// A link put into the address of an open page is opened as if the page came with it.
window.addEventListener('hashchange', () => {
  if (window.location.hash.startsWith('#/')) window.location.reload();
});

const container = document.getElementById('page');
if (container === null) throw new Error('expected an element #page in index.html');
mountPage(container, startPlayground(sessionOf(new URLSearchParams(window.location.search)), readPreferences(window.location.search)));
