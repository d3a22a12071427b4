import { resolve } from 'node:path';
import { printable, type Io } from '../output.ts';
import { JavaProblem } from './java-problem.ts';

type Pair = readonly [bigint, bigint];

export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The number that a segment's file is named after. */
export function startOffsetOf(path: string): bigint {
  const digits = fileName(path).split('.')[0] ?? '';
  if (!/^[+-]?\d{1,20}$/.test(digits)) throw new JavaProblem('java.lang.NumberFormatException', `For input string: "${digits}"`);
  return BigInt(digits);
}

/** Where a dump writes, and what it keeps to say at its end. */
export class DumpReport {
  private readonly io: Io;
  private readonly mismatches = new Map<string, Pair[]>();
  private readonly gaps = new Map<string, Pair[]>();
  private readonly wrongTimes = new Map<string, Pair[]>();
  private readonly timesBack = new Map<string, Pair[]>();
  private readonly notFound = new Map<string, Pair[]>();

  constructor(io: Io) {
    this.io = io;
  }

  out(line: string): void {
    this.io.out(this.io.isTerminal === true ? printable(line) : line);
  }

  err(line: string): void {
    this.io.err(printable(line));
  }

  /** An entry of an offset index that points at a batch of another last offset. The latest is told first. */
  mismatch(path: string, indexOffset: bigint, logOffset: bigint): void {
    listOf(this.mismatches, path).unshift([indexOffset, logOffset]);
  }

  /** An offset that does not follow the one before, as after compaction. The latest is told first. */
  nonConsecutive(path: string, first: bigint, second: bigint): void {
    listOf(this.gaps, path).unshift([first, second]);
  }

  wrongTime(path: string, indexTimestamp: bigint, logTimestamp: bigint): void {
    listOf(this.wrongTimes, path).push([indexTimestamp, logTimestamp]);
  }

  timeBack(path: string, indexTimestamp: bigint, previous: bigint): void {
    listOf(this.timesBack, path).push([indexTimestamp, previous]);
  }

  offsetNotFound(path: string, indexOffset: bigint, logOffset: bigint): void {
    listOf(this.notFound, path).push([indexOffset, logOffset]);
  }

  /** What was found wrong, in the order in which Kafka's tool tells it. True if there was anything. */
  printErrors(): boolean {
    this.print(this.mismatches, 'Mismatches in :', ([index, log]) => `  Index offset: ${index}, log offset: ${log}`);
    this.print(this.wrongTimes, 'Found timestamp mismatch in :', ([index, log]) => `  Index timestamp: ${index}, log timestamp: ${log}`);
    this.print(
      this.timesBack,
      'Found out of order timestamp in :',
      ([index, before]) => `  Index timestamp: ${index}, Previously indexed timestamp: ${before}`,
    );
    for (const pairs of this.notFound.values()) {
      this.err('The following indexed offsets are not found in the log.');
      for (const [index, log] of pairs) this.err(`Indexed offset: ${index}, found log offset: ${log}`);
    }
    this.print(this.gaps, 'Non-consecutive offsets in ', ([first, second]) => `  ${first} is followed by ${second}`);
    return [this.mismatches, this.wrongTimes, this.timesBack, this.notFound].some((one) => one.size > 0);
  }

  private print(found: ReadonlyMap<string, readonly Pair[]>, title: string, text: (pair: Pair) => string): void {
    for (const [path, pairs] of found) {
      this.err(`${title}${path}`);
      for (const pair of pairs) this.err(text(pair));
    }
  }
}

function listOf(map: Map<string, Pair[]>, path: string): Pair[] {
  const key = resolve(path);
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}
