/** Why a text is no JSON, and where: browsers and Node word it differently and often leave out the place. */
export interface JsonProblem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

interface Scan {
  readonly text: string;
  at: number;
}

/** A list or object that is open. */
interface Open {
  readonly end: '}' | ']';
  /** Nothing stands in it yet, so it may end at once. */
  fresh: boolean;
  readonly names: Set<string>;
}

class NotJson extends Error {}

/**
 * The first place where `text` departs from JSON, or null. A name that stands twice in one object is a problem, too, as one of the two
 * values would be dropped in silence. Iterative, so that no depth of nesting can exhaust the stack.
 */
export function jsonProblem(text: string): JsonProblem | null {
  const scan: Scan = { text, at: 0 };
  try {
    scanDocument(scan);
    return null;
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    const before = text.slice(0, scan.at).split('\n');
    return { line: before.length, column: (before.at(-1) ?? '').length + 1, reason: error.message };
  }
}

function scanDocument(scan: Scan): void {
  const stack: Open[] = [];
  let expectsValue = true;
  for (;;) {
    skipBlanks(scan);
    const top = stack.at(-1);
    const next = scan.text[scan.at];
    if (top !== undefined && next === top.end && (!expectsValue || top.fresh)) {
      scan.at += 1;
      stack.pop();
      expectsValue = false;
    } else if (expectsValue) {
      if (top?.end === '}') scanName(scan, top.names);
      if (top !== undefined) top.fresh = false;
      const opened = scanValue(scan);
      if (opened !== null) stack.push(opened);
      expectsValue = opened !== null;
    } else if (top !== undefined) {
      expectOne(scan, ',', `a comma or ${top.end}`);
      expectsValue = true;
    } else if (next !== undefined) {
      fail('something follows after the end');
    } else {
      return;
    }
  }
}

function skipBlanks(scan: Scan): void {
  while (scan.at < scan.text.length && ' \t\n\r'.includes(scan.text[scan.at] ?? '')) scan.at += 1;
}

function scanName(scan: Scan, names: Set<string>): void {
  if (scan.text[scan.at] !== '"') fail(`expected a name in double quotes, got ${shown(scan)}`);
  const start = scan.at;
  const name = scanText(scan);
  if (names.has(name)) {
    scan.at = start;
    fail(`the name ${JSON.stringify(name.slice(0, 60))} stands twice in one object`);
  }
  names.add(name);
  skipBlanks(scan);
  expectOne(scan, ':', 'a colon');
  skipBlanks(scan);
}

const WORD = /(?:true|false|null)(?![\w])/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y;

function scanValue(scan: Scan): Open | null {
  const first = scan.text[scan.at];
  if (first === '{' || first === '[') {
    scan.at += 1;
    return { end: first === '{' ? '}' : ']', fresh: true, names: new Set() };
  }
  if (first === '"') {
    scanText(scan);
    return null;
  }
  for (const pattern of [WORD, NUMBER]) {
    pattern.lastIndex = scan.at;
    const found = pattern.exec(scan.text);
    if (found === null) continue;
    scan.at += found[0].length;
    return null;
  }
  return fail(`expected a value, got ${shown(scan)}`);
}

function scanText(scan: Scan): string {
  let end = scan.at + 1;
  while (end < scan.text.length && scan.text[end] !== '"') {
    if (scan.text.charCodeAt(end) < 0x20) {
      scan.at = end;
      fail('a text holds a line break or another control character');
    }
    end += scan.text[end] === '\\' ? 2 : 1;
  }
  if (end >= scan.text.length) fail('a text in double quotes does not end');
  const value = textOf(scan.text.slice(scan.at, end + 1));
  scan.at = end + 1;
  return value;
}

function textOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return fail('a text has a wrong escape in it');
  }
}

function expectOne(scan: Scan, char: string, what: string): void {
  if (scan.text[scan.at] !== char) fail(`expected ${what}, got ${shown(scan)}`);
  scan.at += 1;
}

function shown(scan: Scan): string {
  const next = /^(?:\w{1,20}|.)/su.exec(scan.text.slice(scan.at, scan.at + 40))?.[0];
  return next === undefined ? 'the end' : JSON.stringify(next);
}

function fail(reason: string): never {
  throw new NotJson(reason);
}
