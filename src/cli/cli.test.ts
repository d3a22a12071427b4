import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Scenario } from '../engine/world/scenario.ts';
import { builtInScenarios } from '../playground/scenarios/built-in-scenarios.ts';
import { firstLook } from '../playground/scenarios/first-look.ts';
import { parseDuration } from './arguments.ts';
import { runCli } from './cli.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'highwater-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program as a function: its lines and its exit status. */
function run(...words: readonly string[]): { status: number; out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const status = runCli(words, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { status, out, err };
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
}

/** A short run of three machines' start, enough to look at the program. */
const short: Scenario = { ...firstLook, untilMs: 3000, claims: [{ type: 'zooKeeperQuorum', atMs: 3000, holds: true }] };

describe('run', () => {
  test('a scenario that keeps its claims: narration, claims, hash, status 0', () => {
    const { status, out, err } = run('run', file('short.json', short));
    expect({ status, err }).toEqual({ status: 0, err: [] });
    expect(out).toContain('A first look (first-look)');
    expect(out).toContainEqual(expect.stringMatching(/^ +\d\.\d{3} s {2}zk3 leads the ensemble in epoch 1/));
    expect(out).toContain('  holds  At 3 s, a ZooKeeper server leads a majority.');
    expect(out.at(-2)).toMatch(/^trace hash [0-9a-f]{16} \(engine version \d+, \d+ steps\)$/);
    expect(out.at(-1)).toBe('1 claims hold, 0 fail');
  });

  test('in Korean', () => {
    const { status, out } = run('run', file('short.json', short), '--lang', 'ko');
    expect(status).toBe(0);
    expect(out).toContain('  맞음  3초에 과반수를 이끄는 ZooKeeper 서버가 있습니다.');
    expect(out.at(-1)).toBe('주장 1개가 맞고 0개가 틀립니다');
  });

  test('a false claim: what was found instead, status 1', () => {
    const { status, out } = run('run', file('false.json', { ...short, claims: [{ type: 'zooKeeperQuorum', atMs: 3000, holds: true, leader: 1 }] }));
    expect(status).toBe(1);
    expect(out).toContain('  FAILS  At 3 s, zk1 leads a majority.');
    expect(out).toContain('         found: zk3 leads a majority');
    expect(out.at(-1)).toBe('0 claims hold, 1 fail');
  });

  test('a refused command that no claim speaks of: status 1', () => {
    const { status, out } = run('run', file('refused.json', { ...short, commands: [{ atMs: 1000, command: { type: 'resumeProcess', machine: 'b1' } }] }));
    expect(status).toBe(1);
    expect(out.at(-1)).toBe('1 claims hold, 0 fail; 1 command was refused that no claim speaks of');
  });

  test('--until ends sooner: the claims beyond are said to be unjudged, status 1', () => {
    const { status, out } = run('run', 'first-look', '--until=1500ms');
    expect(status).toBe(1);
    expect(out.at(-1)).toMatch(/^0 claims hold, 0 fail, \d+ lie beyond the end/);
  });

  test('--seed and --trace: another run, every event as JSON', () => {
    const plain = run('run', file('short.json', short));
    const traced = run('run', '--trace', '--seed', '1', file('short.json', short));
    expect(traced.out.at(-2)).toBe(plain.out.at(-2));
    expect(traced.out.filter((line) => / zk1 \{"type":"ZooKeeperVoted"/.test(line)).length).toBeGreaterThan(0);
    expect(run('run', '--seed=2', file('short.json', short)).out.at(-2)).not.toBe(plain.out.at(-2));
  });

  test('texts of a scenario cannot steer the terminal', () => {
    const { out } = run(
      'run',
      file('escape.json', { ...short, untilMs: 1, claims: [], title: { en: 'a\u001b[2Jb', ko: '' }, text: { en: 'bell \u0007', ko: '' } }),
    );
    expect(out.join('\n')).not.toMatch(/[^\P{Cc}\n]/u);
    expect(out[0]).toContain('[2Jb');
  });

  test.each([
    ['no JSON', '{"format": 1,\n oops}', /line 2, column 2: this is no JSON: expected a name in double quotes, got "oops"/],
    ['an empty file', '', /line 1, column 1: this is no JSON: expected a value, got the end/],
    ['an unknown field', { ...short, speed: 3 }, /bad\.json: speed is not a known field/],
    ['a newer format', { ...short, format: 2 }, /bad\.json: format .*format 2, which a newer version of Highwater wrote/],
    [
      'a wrong command',
      { ...short, commands: [{ atMs: 1, command: { type: 'killProcess', machine: 7 } }] },
      /commands\[0\]\.command\.machine expected text, got 7/,
    ],
    [
      'an event that is none',
      { ...short, claims: [{ type: 'traceCount', atMs: 1, event: 'Boom', atLeast: 1 }] },
      /claims\[0\]\.event there is no event named "Boom"/,
    ],
    ['no text at all', new Uint8Array([0xff, 0xfe, 0]), /this is no UTF-8 text/],
  ])('%s: one sentence with place and reason, status 2', (_, content, sentence) => {
    const { status, out, err } = run('run', file('bad.json', content));
    expect({ status, out }).toEqual({ status: 2, out: [] });
    expect(err).toEqual([expect.stringMatching(sentence)]);
  });
});

describe('bad usage', () => {
  test.each([
    [[], /expected run, dump-log, conformance or seed/],
    [['play'], /no command "play"/],
    [['run'], /needs a scenario/],
    [['run', 'first-look', 'min-isr-refusal'], /one scenario/],
    [['run', 'last-look'], /neither a file nor a shipped scenario "last-look"; shipped are first-look, /],
    [['run', 'first-look', '--fast'], /no option "--fast" here; there are --until, /],
    [['run', 'first-look', '--until'], /--until needs a value/],
    [['run', 'first-look', '--until', 'later'], /such as 60s, 1500ms or 2m, not "later"/],
    [['run', 'first-look', '--until', '60'], /not "60"/],
    [['run', 'first-look', '--until', '25h'], /longer than a day/],
    [['run', 'first-look', '--seed', '1.5'], /whole number from 0/],
    [['run', 'first-look', '--seed', '4294967296'], /whole number from 0/],
    [['run', 'first-look', '--seed', '1', '--seed', '2'], /--seed is given twice/],
    [['run', 'first-look', '--lang', 'de'], /en or ko/],
    [['run', 'first-look', '--trace=yes'], /--trace takes no value/],
    [['conformance'], /needs a folder/],
    [['conformance', 'a', 'b'], /one folder/],
    [['seed'], /needs a number/],
    [['seed', 'x'], /whole number/],
  ])('%j: status 2, nothing on the standard output', (words, sentence) => {
    const { status, out, err } = run(...words);
    expect({ status, out }).toEqual({ status: 2, out: [] });
    expect(err).toEqual([expect.stringMatching(sentence)]);
  });

  test.each([
    ['60s', 60_000],
    ['1500ms', 1500],
    ['2m', 120_000],
    ['1.5s', 1500],
    ['0.001ms', 0.001],
    ['0s', 0],
  ])('%s is a time', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

describe('the other commands', () => {
  test('--help names every command and every shipped scenario', () => {
    const { status, out, err } = run('--help');
    expect({ status, err }).toEqual({ status: 0, err: [] });
    for (const word of [
      'run <scenario>',
      'dump-log <file>',
      '--disk-out',
      'conformance <folder>',
      'seed N',
      '--until',
      '--seed',
      '--trace',
      '--lang',
      ...builtInScenarios.map((scenario) => scenario.name),
    ])
      expect(out.join('\n')).toContain(word);
    expect(run('run', '--help').out).toEqual(out);
  });

  test('conformance: facts that hold, facts that do not, nothing to check', () => {
    const goldens = run('conformance', new URL('../testing/goldens', import.meta.url).pathname);
    expect(goldens.status).toBe(0);
    expect(goldens.out.at(-1)).toMatch(/^[1-9]\d* passed, 0 failed$/);
    expect(run('conformance', folder).status).toBe(1);
    expect(run('conformance', folder).out.at(-1)).toBe('0 passed, 1 failed');
  });

  test('seed: the faults are told, and whether all was healed', () => {
    const { status, out } = run('seed', '1');
    expect(status).toBe(0);
    expect(out).toContainEqual(expect.stringMatching(/SIGKILL|SIGSTOP|SIGTERM|lost power|is cut/));
    expect(out.at(-2)).toMatch(/^trace hash [0-9a-f]{16}$/);
    expect(out.at(-1)).toBe('seed 1: healed, and no invariant was broken');
  });
});

describe('--disk-out', () => {
  test('[R5] every machine’s files at their full size; what dump-log reads; nothing is overwritten', () => {
    const target = join(folder, 'disks');
    const scenario = file('disks.json', { ...firstLook, claims: [] });
    const { status, out } = run('run', scenario, '--disk-out', target);
    expect(status).toBe(0);
    expect(out).toContainEqual(expect.stringMatching(/disks\/b1: \d+ files, \d+ bytes$/));
    expect(readdirSync(target).sort()).toEqual(['b1', 'b2', 'b3', 'zk1', 'zk2', 'zk3']);
    expect(readFileSync(join(target, 'b1/meta.properties'), 'utf8')).toMatch(/broker\.id=1\n/);
    const logs = readdirSync(join(target, 'b1'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.log'));
    expect(logs.length).toBeGreaterThan(0);
    for (const log of logs) expect(run('dump-log', join(target, 'b1', log), '--print-data-log').out.join('\n')).not.toMatch(/invalid|isvalid: false/);
    expect(statSync(join(target, 'b1', (logs[0] ?? '').replace('.log', '.index'))).size).toBe(10 * 1024 * 1024);
    const again = run('run', scenario, '--disk-out', target);
    expect(again).toMatchObject({ status: 2, out: [], err: [expect.stringMatching(/the folder is not empty, and nothing in it is overwritten/)] });
    expect(run('run', scenario, '--disk-out', scenario)).toMatchObject({ status: 2, out: [], err: [expect.stringMatching(/this is no folder/)] });
  });
});
