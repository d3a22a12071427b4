/** One file of the folder that is checked. */
export interface GoldenFile {
  /** Below the folder, with `/` between names. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Another file of the folder; null when there is none or it cannot be read. */
  readonly other: (path: string) => Uint8Array | null;
  /** Paths of the files in the same part of the folder, this one included, sorted. */
  readonly beside: () => readonly string[];
}

/** Where a checker says what it found. */
export interface Report {
  readonly pass: () => void;
  /** `place` tells where in the file: `[3].crc`. */
  readonly fail: (place: string, problem: string) => void;
  /** What was left out, and why; counts neither way. */
  readonly note: (text: string) => void;
}

/** Checks the files that it knows by their path. */
export interface Checker {
  readonly knows: (path: string) => boolean;
  readonly check: (file: GoldenFile, report: Report) => void;
}

/** A file or a part of it that is not what its name promises. Caught for each place, so that one damaged row stands alone. */
export class BadInput extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadInput';
  }
}

/** Runs one check: passes when nothing was found, fails with the first problem or with whatever was thrown. */
export function checkPlace(report: Report, place: string, check: () => string | null): void {
  let problem: string | null;
  try {
    problem = check();
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  if (problem === null) report.pass();
  else report.fail(place, problem);
}

/** The first difference of a list of `[what, expected, actual]`, in words; null when all agree. */
export function firstDifference(pairs: readonly (readonly [string, unknown, unknown])[]): string | null {
  for (const [what, expected, actual] of pairs) {
    const [wanted, found] = [show(expected), show(actual)];
    if (wanted !== found) return `${what}: expected ${shorten(wanted)}, got ${shorten(found)}`;
  }
  return null;
}

function show(value: unknown): string {
  return JSON.stringify(value instanceof Uint8Array ? hexOf(value) : value) ?? 'nothing';
}

const SHOWN = 160;
function shorten(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}... (${text.length} characters)`;
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}
