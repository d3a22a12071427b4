import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Runs a program of the project with its output shown, and gives its exit status (1 when it could not be started).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, shell?: boolean }} [options]
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...options.env }, shell: options.shell ?? false });
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/**
 * Runs a JavaScript file of an installed package with this Node, which needs no shell on any system.
 * @param {string} file Path inside node_modules.
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string> }} [options]
 */
export function runPackage(file, args, options = {}) {
  return run(process.execPath, [join(root, 'node_modules', file), ...args], options);
}

export const programs = {
  tsx: 'tsx/dist/cli.mjs',
  tsc: 'typescript/bin/tsc',
  vite: 'vite/bin/vite.js',
  vitest: 'vitest/vitest.mjs',
  oxlint: 'oxlint/bin/oxlint',
  prettier: 'prettier/bin/prettier.cjs',
  playwright: '@playwright/test/cli.js',
  depcruise: 'dependency-cruiser/bin/dependency-cruise.mjs',
};

/** Writes the protocol's generated code. */
export function generate() {
  return runPackage(programs.tsx, ['src/engine/protocol/generate/generate.ts']);
}
