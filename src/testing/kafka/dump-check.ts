import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli } from '../../cli/cli.ts';
import { runProgram } from './java-process.ts';
import { difference, type Checks } from './report.ts';
import { ALL_CODECS, writeSegments } from './written-segments.ts';

const GOLDENS = fileURLToPath(new URL('../goldens/segments/', import.meta.url));
const DUMP_MS = 120_000;
const DUMPED = /\.(log|index|timeindex|txnindex|snapshot)$/;

const OPTIONS: readonly (readonly string[])[] = [
  ['--print-data-log'],
  [],
  ['--deep-iteration'],
  ['--print-data-log', '--skip-record-metadata'],
  ['--verify-index-only'],
  ['--index-sanity-check'],
  ['--max-bytes', '3000'],
];

/** Kafka's own DumpLogSegments and ours over the same files: both must print the same, and complain of the same. */
export function checkDumps(classPath: string, folder: string, checks: Checks): void {
  for (const codec of ALL_CODECS) {
    const files = writeSegments(codec, join(folder, `written-${codec}`)).filter((path) => DUMPED.test(path));
    for (const options of codec === 'none' || codec === 'zstd' ? OPTIONS : OPTIONS.slice(0, 1))
      compareDumps(`${files.length} files of our own, codec ${codec}, ${options.join(' ') || 'no option'}`, { classPath, files, options }, checks);
  }
  for (const topic of readdirSync(GOLDENS).filter((name) => statSync(join(GOLDENS, name)).isDirectory())) {
    const files = readdirSync(join(GOLDENS, topic))
      .filter((name) => DUMPED.test(name))
      .map((name) => join(GOLDENS, topic, name));
    compareDumps(`${files.length} recorded files of ${topic}`, { classPath, files, options: ['--print-data-log'] }, checks);
  }
  checkSpoiltFiles(classPath, folder, checks);
}

interface Dump {
  readonly classPath: string;
  readonly files: readonly string[];
  readonly options: readonly string[];
}

function compareDumps(title: string, dump: Dump, checks: Checks): void {
  const theirs = theirDump(dump);
  const ours = ourDump(dump);
  checks.check(`dump-log: ${title}`, difference(theirs.out, ours.out) ?? difference(theirs.err, ours.err));
}

function theirDump({ classPath, files, options }: Dump): { readonly out: string; readonly err: string } {
  const words = [
    '-Dfile.encoding=UTF-8',
    '-Dsun.stdout.encoding=UTF-8',
    '-cp',
    classPath,
    'kafka.tools.DumpLogSegments',
    '--files',
    files.join(','),
    ...options,
  ];
  const { status, out, err } = runProgram('java', words, { timeoutMs: DUMP_MS });
  if (status === null) return { out: `no end after ${DUMP_MS} ms`, err };
  // Kafka's tool says which class failed where; the stack is nobody's contract.
  const said = err.split('\n').filter((line) => !/^SLF4J|^\[main\] |^\t|^Caused by|^ {4}|^$/.test(line));
  return { out, err: said.join('\n') };
}

function ourDump({ files, options }: Dump): { readonly out: string; readonly err: string } {
  const out: string[] = [];
  const err: string[] = [];
  runCli(['dump-log', '--files', files.join(','), ...options], { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { out: out.map((line) => `${line}\n`).join(''), err: err.join('\n') };
}

type Spoil = (bytes: Uint8Array) => Uint8Array;

const flipped =
  (at: number): Spoil =>
  (bytes) =>
    bytes.map((byte, i) => (i === at ? byte ^ 2 : byte));

const SPOILT: readonly (readonly [string, string, Spoil])[] = [
  ['a flipped bit in a record', 'g-none-0/00000000000000000120.log', flipped(900)],
  ['a batch length of nothing', 'g-none-0/00000000000000000120.log', (bytes) => bytes.map((byte, i) => (i >= 8 && i < 12 ? 0 : byte))],
  ['a cut log', 'g-none-0/00000000000000000120.log', (bytes) => bytes.slice(0, 1700)],
  ['a wrong offset in an index', 'g-none-0/00000000000000000120.index', flipped(3)],
  ['a position beyond the log', 'g-none-0/00000000000000000120.index', flipped(4)],
  ['a wrong time in a time index', 'g-none-0/00000000000000000120.timeindex', flipped(7)],
  ['a cut snapshot', 'g-txn-0/00000000000000000004.snapshot', (bytes) => bytes.slice(0, 60)],
  ['a flipped bit in a snapshot', 'g-txn-0/00000000000000000004.snapshot', flipped(30)],
  ['a transaction index of another version', 'g-txn-0/00000000000000000004.txnindex', flipped(34)],
];

function checkSpoiltFiles(classPath: string, folder: string, checks: Checks): void {
  SPOILT.forEach(([title, path, spoil], i) => {
    const to = join(folder, `spoilt-${i}`);
    mkdirSync(to, { recursive: true });
    const from = join(GOLDENS, dirname(path));
    for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
    const file = join(to, path.slice(path.indexOf('/') + 1));
    const bytes = spoil(new Uint8Array(readFileSync(join(GOLDENS, path))));
    writeFileSync(file, bytes);
    compareDumps(title, { classPath, files: [file], options: ['--print-data-log'] }, checks);
  });
}
