/** Counts checks and says each. */
export class Checks {
  passed = 0;
  failed = 0;

  /** `problem` null: it holds. */
  check(title: string, problem: string | null): void {
    if (problem === null) this.passed += 1;
    else this.failed += 1;
    say(problem === null ? `  ok      ${title}` : `  FAILED  ${title}\n          ${problem.split('\n').join('\n          ')}`);
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Where two texts part, or null. */
export function difference(theirs: string, ours: string): string | null {
  if (theirs === ours) return null;
  const their = theirs.split('\n');
  const our = ours.split('\n');
  const at = their.findIndex((line, i) => line !== our[i]);
  const line = at < 0 ? their.length : at;
  return `line ${line + 1} differs\nKafka:     ${their[line] ?? '(the end)'}\nHighwater: ${our[line] ?? '(the end)'}`;
}
