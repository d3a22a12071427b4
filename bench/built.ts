import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import type { Line } from './measure.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = join(ROOT, 'node_modules', '.bench');

export const IN_NODE = ['classroom', 'watched-classroom', 'kafka', 'watched-kafka', 'hash-classroom', 'hash-kafka', 'memory'];

/**
 * Builds `in-node.ts` by the page's own tool. As tsx runs sources it gives every function its name anew each time one is made; the page,
 * which is what these numbers are about, does not pay for that.
 */
export async function buildForNode(): Promise<void> {
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    build: { ssr: 'bench/in-node.ts', outDir: BUILT, target: 'es2022', emptyOutDir: true, rolldownOptions: { output: { topLevelVar: false } } },
  });
}

/** One measurement in a process of its own, as a run has its Worker: none inherits another's heap, or code made for another's shapes. */
export function measureInNode(name: string, say: (text: string) => void): readonly Line[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', join(BUILT, 'in-node.js'), name], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`the measurement ${name} failed: ${stderr}`);
  const said = stdout.trimEnd().split('\n');
  const lines = JSON.parse(said.pop() ?? '[]') as Line[];
  for (const text of said) say(text);
  return lines;
}
