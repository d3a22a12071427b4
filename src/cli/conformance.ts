import { compareTexts } from '../engine/kernel/order.ts';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkPlace, type Checker, type GoldenFile } from './conformance/checker.ts';
import { messagesChecker } from './conformance/messages.ts';
import { producedChecker } from './conformance/produced.ts';
import { recordBatchesChecker } from './conformance/record-batches.ts';
import { requestsChecker } from './conformance/requests.ts';
import { segmentIndexChecker, segmentTextChecker } from './conformance/segment-files.ts';
import { segmentDumpChecker, segmentLogChecker } from './conformance/segments.ts';
import { timelinesChecker } from './conformance/timelines.ts';
import { partitionerChecker, replicaPlacementChecker, varintsChecker } from './conformance/vectors.ts';

/** Who checks what. The first that knows a file takes it; a part of the engine that can check more adds its line here. */
export const CHECKERS: readonly Checker[] = [
  messagesChecker,
  partitionerChecker,
  varintsChecker,
  replicaPlacementChecker,
  recordBatchesChecker,
  requestsChecker,
  segmentLogChecker,
  segmentDumpChecker,
  segmentIndexChecker,
  segmentTextChecker,
  producedChecker,
  timelinesChecker,
];

/** Files that hold no facts to check. */
const PROSE = ['README.md'];

export interface Conformance {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Holds the engine against the facts recorded in `folder`, file by file: each failure is printed with its place, then
 * what was not checked, and at last `N passed, N failed`. Nothing that stands in the folder, or does not, makes it throw; a
 * folder in which nothing could be checked is a failure.
 */
export function runConformance(folder: string, print: (line: string) => void, checkers: readonly Checker[] = CHECKERS): Conformance {
  const total = { passed: 0, failed: 0 };
  const listed = listFiles(folder);
  for (const problem of listed.problems) {
    print(`FAIL ${problem}`);
    total.failed += 1;
  }
  const unknown: string[] = [];
  for (const path of listed.paths) {
    const checker = checkers.find((one) => one.knows(path));
    if (checker === undefined) {
      if (!PROSE.includes(path)) unknown.push(path);
      continue;
    }
    const found = checkFile(folder, path, { checker, print, paths: listed.paths });
    total.passed += found.passed;
    total.failed += found.failed;
  }
  for (const line of summarize(unknown)) print(`not checked yet: ${line}`);
  if (total.passed + total.failed === 0) {
    print(`FAIL ${folder}: nothing in it could be checked`);
    total.failed += 1;
  }
  print(`${total.passed} passed, ${total.failed} failed`);
  return total;
}

function checkFile(
  folder: string,
  path: string,
  how: { readonly checker: Checker; readonly print: (line: string) => void; readonly paths: readonly string[] },
): Conformance {
  const { checker, print } = how;
  const found = { passed: 0, failed: 0 };
  const notes: string[] = [];
  const report = {
    pass: (): void => {
      found.passed += 1;
    },
    fail: (place: string, problem: string): void => {
      found.failed += 1;
      print(`FAIL ${path} ${place}: ${problem}`);
    },
    note: (text: string): void => {
      notes.push(text);
    },
  };
  const bytes = readOrProblem(join(folder, path));
  if (typeof bytes === 'string') report.fail('file', bytes);
  else runChecker(checker, { path, bytes, other: (name) => otherFile(folder, name), beside: () => siblings(how.paths, path) }, report);
  if (found.passed + found.failed > 0) print(`${path}: ${found.passed} passed, ${found.failed} failed`);
  for (const text of notes) print(`  ${path}: ${text}`);
  return found;
}

/** What the checker itself throws is about the file as a whole, such as JSON that cannot be parsed. */
function runChecker(checker: Checker, file: GoldenFile, report: Parameters<Checker['check']>[1]): void {
  checkPlace({ ...report, pass: () => undefined }, 'file', () => {
    checker.check(file, report);
    return null;
  });
}

function siblings(paths: readonly string[], path: string): readonly string[] {
  const part = path.slice(0, path.lastIndexOf('/') + 1);
  return paths.filter((each) => each.startsWith(part) && !each.slice(part.length).includes('/'));
}

function otherFile(folder: string, name: string): Uint8Array | null {
  const bytes = readOrProblem(join(folder, name));
  return typeof bytes === 'string' ? null : bytes;
}

/** The bytes of a file, or why there are none. */
function readOrProblem(path: string): Uint8Array | string {
  try {
    return readFileSync(path);
  } catch (error) {
    return `cannot be read: ${messageOf(error)}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Listing {
  /** Files below the folder, sorted. */
  readonly paths: readonly string[];
  readonly problems: readonly string[];
}

function listFiles(folder: string): Listing {
  const paths: string[] = [];
  const problems: string[] = [];
  const visit = (below: string): void => {
    try {
      for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
        const path = below === '' ? entry.name : `${below}/${entry.name}`;
        if (entry.isDirectory()) visit(path);
        else if (entry.isFile() || isLinkToFile(join(folder, path))) paths.push(path);
        else problems.push(`${path}: neither a file nor a folder`);
      }
    } catch (error) {
      problems.push(`${below === '' ? folder : below}: ${whyNoFolder(join(folder, below)) ?? messageOf(error)}`);
    }
  };
  if (folder === '') return { paths, problems: ['no folder was given'] };
  visit('');
  return { paths: paths.sort(compareTexts), problems };
}

/** Links to folders are not followed, as they may lead in a circle. */
function isLinkToFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function whyNoFolder(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'there is no such folder';
  return stats.isDirectory() ? null : 'this is not a folder';
}

/** One line a folder, with the only file's name or the number of files. */
function summarize(paths: readonly string[]): readonly string[] {
  const byFolder = new Map<string, string[]>();
  for (const path of paths) {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]);
  }
  return [...byFolder].map(([folder, files]) =>
    files.length === 1 ? (files[0] ?? folder) : `${folder} (${files.map((file) => file.slice(folder.length)).join(', ')})`,
  );
}
