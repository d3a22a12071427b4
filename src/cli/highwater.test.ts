import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('highwater.ts', import.meta.url));

/** The program as its own process, as `npm run -s highwater --` starts it. */
function highwater(...words: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', PROGRAM, ...words], { encoding: 'utf8', timeout: 60_000 });
  return { status, out: stdout, err: stderr };
}

describe('the program as a process', () => {
  test('a shipped scenario: everything on the standard output, status 0', () => {
    const { status, out, err } = highwater('run', 'min-isr-refusal');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain('NOT_ENOUGH_REPLICAS');
    expect(out).toMatch(/trace hash [0-9a-f]{16} .*\n\d+ claims hold, 0 fail\n$/);
  });

  test('claims that were not reached: status 1', () => {
    expect(highwater('run', 'first-look', '--until', '1s').status).toBe(1);
  });

  test('bad usage: one line on the standard error, no stack, status 2', () => {
    const { status, out, err } = highwater('run', 'no-such-lesson');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^highwater: there is neither a file nor a shipped scenario "no-such-lesson".*\n$/);
  });
});
