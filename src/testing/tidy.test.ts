import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { engineFindings, testTitles } from './source-rules.ts';

/** What the linter cannot say. Each rule is first shown to be able to fail. */

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const THIS = relative(ROOT, fileURLToPath(import.meta.url));
const MOST_LINES = 450;
/** Generated or recorded, not written. */
const NOT_OURS = ['src/engine/protocol/generated', 'src/testing/goldens'];

function filesUnder(folder: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync(join(ROOT, folder)).toSorted()) {
    const path = `${folder}/${name}`;
    if (NOT_OURS.includes(path)) continue;
    if (statSync(join(ROOT, path)).isDirectory()) found.push(...filesUnder(path));
    else found.push(path);
  }
  return found;
}

const FILES = ['src', 'e2e', 'bench', '.ci'].flatMap(filesUnder).filter((path) => path !== THIS);
const SOURCES = FILES.filter((path) => ['.ts', '.tsx', '.mjs', '.cjs'].includes(extname(path)));
const TEXTS = FILES.filter((path) => ['.ts', '.tsx', '.mjs', '.cjs', '.md', '.css', '.html', '.json', ''].includes(extname(path)));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const isTest = (path: string): boolean => /\.test\.tsx?$|test-support\.ts$|\/test-[a-z-]+\.ts$/.test(path);

/** Words that say that something is not finished, or that a rule is switched off. */
const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|expect-error|nocheck)|(eslint|oxlint)-disable/;
/** Folders of somebody's machine. `/tmp/kafka-logs` and `/tmp/zookeeper` are Kafka's own defaults. */
const MACHINE_PATH = /(?<![\w.*])\/(work|home|root|Users|mnt)\/[\w.-]|(?<![\w.])\/tmp\/(?!kafka-logs|zookeeper)/;

function linesMatching(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

describe('every file', () => {
  test('[T1] there are files to check', () => {
    expect(SOURCES.length).toBeGreaterThan(100);
    expect(SOURCES.filter((path) => path.startsWith('src/engine/')).length).toBeGreaterThan(50);
  });

  test(`[T2] has at most ${MOST_LINES} lines`, () => {
    expect(SOURCES.filter((path) => read(path).split('\n').length > MOST_LINES)).toEqual([]);
  });

  test('[T3] is finished, and switches no rule off', () => {
    for (const bad of ['// TODO: later', '// @ts-ignore', '/* oxlint-disable */', 'FIXME']) expect(bad).toMatch(UNFINISHED);
    expect(linesMatching(TEXTS, UNFINISHED)).toEqual([]);
  });

  test("[T4] names no folder of somebody's machine", () => {
    for (const bad of ['see /work/main', "'/home/me/x'", '/tmp/out.json', '(/root/.npm)']) expect(bad).toMatch(MACHINE_PATH);
    for (const good of ['/tmp/kafka-logs', '/brokers/ids', 'src/host/workers/x.ts', '/usr/bin/chromium']) expect(good).not.toMatch(MACHINE_PATH);
    expect(linesMatching(TEXTS, MACHINE_PATH)).toEqual([]);
  });

  test('[T5] has a name in kebab case, or PascalCase for a component', () => {
    const odd = SOURCES.filter((path) => {
      const name = basename(path).replace(/(\.(test|spec|test-support|config))?\.[a-z]+$/, '');
      return !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && !(path.endsWith('.tsx') && /^[A-Z][A-Za-z0-9]*$/.test(name));
    });
    expect(odd).toEqual([]);
  });
});

describe('the lock file', () => {
  test('[T6] has every package that a system may need, so that a fresh clone installs anywhere', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { optionalDependencies?: Record<string, string> }> };
    const lacking = Object.entries(packages).flatMap(([path, one]) =>
      Object.keys(one.optionalDependencies ?? {}).flatMap((name) =>
        Object.keys(packages).some((other) => other.endsWith(`node_modules/${name}`)) ? [] : [`${path}: ${name}`],
      ),
    );
    expect(Object.keys(packages).length).toBeGreaterThan(100);
    expect(lacking).toEqual([]);
  });
});

describe('the engine', () => {
  const engine = SOURCES.filter((path) => path.startsWith('src/engine/') && !isTest(path) && !path.startsWith('src/engine/protocol/generate/'));

  test.each([
    ['for (const key in table) use(key);', 'for-in: the order is not chosen'],
    ['export const x = 2 ** 3;', 'the operator **'],
    ['export const x = Math.random();', 'Math.random'],
    ['export const x = Math.sqrt(2);', 'Math.sqrt'],
    ['export const x = Date.now();', 'Date'],
    ['export const x = new Date(0);', 'Date'],
    ['export function f(): number { return performance.now(); }', 'performance'],
    ['export async function f() { return 1; }', 'asynchrony'],
    ['export const x = names.sort();', 'a sort without comparator'],
    ["export const x = 'a'.localeCompare('b');", 'localeCompare'],
    ['export const x = (1).toLocaleString();', 'toLocaleString'],
    ['let count = 0; export const next = () => count;', 'a variable of the module that can change'],
    ['export default 1;', 'a default export'],
    ["export * from './x.ts';", 'a barrel: export * from'],
    ['export const later = (f: () => void) => setTimeout(f, 1);', 'setTimeout'],
  ])('[T7] a source with %j is found', (source, problem) => {
    expect(engineFindings(source).map((finding) => finding.problem)).toEqual([problem]);
  });

  test('[T7] what only looks like it is not found', () => {
    const source =
      'interface A { readonly process: ProcessState }\nexport function f(fetch: A): A { return fetch; }\nexport const x = (a: A) => [a.process, { process: 1 }, Math.floor(1), [2].sort((p, q) => p - q)];\nswitch (1) { default: break; }';
    expect(engineFindings(source)).toEqual([]);
  });

  test('[T7] is pure, synchronous, and chooses every order', () => {
    expect(engine.length).toBeGreaterThan(50);
    expect(findingsIn(engine, engineFindings)).toEqual([]);
  });

  test('[T10] lists every simplification in FIDELITY.md, those of READMEs too, and lists no file that has none', () => {
    const readmes = FILES.filter((path) => path.startsWith('src/engine/') && basename(path) === 'README.md');
    const simplified = [...engine, ...readmes].filter((path) => read(path).includes('`Simplified:`'));
    const listed = [...read('src/FIDELITY.md').matchAll(/`(src\/[^`]+(?:\.ts|\/README\.md))`/g)].map((match) => match[1] ?? '');
    expect(simplified.length).toBeGreaterThan(10);
    expect([...new Set(listed)].toSorted()).toEqual(simplified.toSorted());
  });

  test('[T8] has a README with numbered rules in every folder', () => {
    const folders = readdirSync(join(ROOT, 'src/engine')).filter((name) => statSync(join(ROOT, 'src/engine', name)).isDirectory());
    const without = folders.filter((folder) => !FILES.includes(`src/engine/${folder}/README.md`) || !/\*\*R1\*\*/.test(read(`src/engine/${folder}/README.md`)));
    expect(without).toEqual([]);
  });
});

describe('tests', () => {
  test('[T9] beside the code carry the number of a rule that their README has', () => {
    expect(testTitles("test('[R1] a', () => {}); test.each([1])('b %s', () => {}); describe('c', () => { it('d', f); });").map((one) => one.title)).toEqual([
      '[R1] a',
      'b %s',
      'd',
    ]);
    const strays = FILES.filter((path) => /^src\/(engine|host|playground|projection)\/.*\.test\.ts$/.test(path)).flatMap((path) => {
      const rules = rulesFor(path);
      return testTitles(read(path)).flatMap(({ line, title }) =>
        title === '%s' || numbersOf(title).some((rule) => rules.has(rule)) ? [] : [`${path}:${line}: ${title}`],
      );
    });
    expect(strays).toEqual([]);
  });
});

function numbersOf(title: string): string[] {
  return [...title.matchAll(/\[(R\d+)\]/g)].map((match) => match[1] ?? '');
}

/** Rules of the nearest README above a file. */
function rulesFor(path: string): ReadonlySet<string> {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    if (!FILES.includes(`${folder}/README.md`)) continue;
    return new Set([...read(`${folder}/README.md`).matchAll(/\*\*(R\d+)\*\*/g)].map((match) => match[1] ?? ''));
  }
  return new Set();
}

function findingsIn(paths: readonly string[], check: (source: string) => { readonly line: number; readonly problem: string }[]): string[] {
  return paths.flatMap((path) => check(read(path)).map((finding) => `${path}:${finding.line}: ${finding.problem}`));
}
