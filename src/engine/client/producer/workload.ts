import { utf8Encode } from '../../kernel/bytes.ts';
import { below } from '../../kernel/random.ts';
import type { InstantUs } from '../../kernel/units.ts';
import { sendRecord } from './accumulator.ts';
import type { Work } from './producer-state.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const NO_HEADERS: readonly never[] = [];
const SECOND_US = 1_000_000;

/** Makes the records that are due, evenly spaced and without drift; while send() blocks, the application makes none. Returns when the next is due. */
export function generateRecords(work: Work): InstantUs {
  const { workload } = work.state.config;
  if (workload.recordsPerSecond <= 0) return Infinity;
  const { nowUs } = work.scope.context;
  // What was not made while blocked is not made up for: the application was waiting, and its grid starts anew.
  if (work.state.blocked.length > 0) {
    if (work.state.grid !== null) work.state.grid = null;
    return Infinity;
  }
  let grid = work.state.grid ?? { sinceUs: work.state.generated === 0 ? nowUs : nowUs + intervalsUs(1, workload.recordsPerSecond), count: 0 };
  while (mayMake(work) && work.state.blocked.length === 0) {
    const dueUs = grid.sinceUs + intervalsUs(grid.count, workload.recordsPerSecond);
    if (dueUs > nowUs) {
      work.state.grid = grid;
      return dueUs;
    }
    makeRecord(work);
    grid = { sinceUs: grid.sinceUs, count: grid.count + 1 };
  }
  work.state.grid = null;
  return Infinity;
}

/** Whole microseconds that `count` intervals take: rounded once, so that nothing adds up. */
function intervalsUs(count: number, recordsPerSecond: number): number {
  return Math.floor((count * SECOND_US) / recordsPerSecond);
}

function mayMake(work: Work): boolean {
  const { workload } = work.state.config;
  return workload.recordCount === undefined || work.state.generated < workload.recordCount;
}

function makeRecord(work: Work): void {
  const { workload } = work.state.config;
  const { context } = work.scope;
  const allocate = (sizeBytes: number): Uint8Array => context.allocate(sizeBytes);
  const number = work.state.generated;
  const key = workload.keyCount > 0 ? utf8Encode(`key-${below(context.draw('workload-key'), workload.keyCount)}`, allocate) : null;
  const value = valueText(work.state.incarnation, number, workload.valueBytes);
  work.state.generated = number + 1;
  sendRecord(work, {
    topic: workload.topic,
    partition: null,
    record: { timestamp: context.nowMs, key, value: utf8Encode(value, allocate), headers: NO_HEADERS },
    value,
  });
}

/** `v-17`, in a second run of the process `v2-17`, and then letters up to the size wanted: unique in a producer, and compressible like text. */
function valueText(incarnation: number, number: number, sizeBytes: number): string {
  const name = incarnation === 1 ? `v-${number}` : `v${incarnation}-${number}`;
  return name.length < sizeBytes ? name + lettersOf(sizeBytes - name.length) : name;
}

/** Runs of letters by length; a cache of pure values, one for each number of digits in a value's name. */
const letters: (string | undefined)[] = [];

function lettersOf(length: number): string {
  let run = letters[length];
  if (run === undefined) {
    run = LETTERS.repeat(Math.ceil(length / LETTERS.length)).slice(0, length);
    letters[length] = run;
  }
  return run;
}
