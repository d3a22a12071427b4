import { utf8Encode } from '../../kernel/bytes.ts';
import { below } from '../../kernel/random.ts';
import type { InstantUs } from '../../kernel/units.ts';
import { sendRecord } from './accumulator.ts';
import type { Work } from './producer-state.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const SECOND_US = 1_000_000;

/** Makes the records that are due, evenly spaced and without drift; while send() blocks, the application makes none. Returns when the next is due. */
export function generateRecords(work: Work): InstantUs {
  const { workload } = work.state.config;
  if (workload.recordsPerSecond <= 0) return Infinity;
  const { nowUs } = work.scope.context;
  let dueUs = work.state.nextGenerationUs ?? nowUs;
  while (dueUs <= nowUs && work.state.blocked.length === 0 && mayMake(work)) {
    makeRecord(work);
    dueUs += Math.floor(SECOND_US / workload.recordsPerSecond);
    work.state = { ...work.state, nextGenerationUs: dueUs };
  }
  if (!mayMake(work)) return Infinity;
  // What was not made while blocked is not made up for: the application was waiting.
  if (work.state.blocked.length > 0) work.state = { ...work.state, nextGenerationUs: Math.max(dueUs, nowUs) };
  return work.state.blocked.length > 0 ? Infinity : dueUs;
}

function mayMake(work: Work): boolean {
  const { workload } = work.state.config;
  return workload.recordCount === undefined || work.state.generated < workload.recordCount;
}

function makeRecord(work: Work): void {
  const { workload } = work.state.config;
  const number = work.state.generated;
  const key = workload.keyCount > 0 ? utf8Encode(`key-${below(work.scope.context.draw('workload-key'), workload.keyCount)}`) : null;
  const value = valueText(number, workload.valueBytes);
  work.state = { ...work.state, generated: number + 1 };
  sendRecord(work, { topic: workload.topic, partition: null, record: { timestamp: work.scope.context.nowMs, key, value: utf8Encode(value), headers: [] }, value });
}

/** `v-17` and then letters up to the size wanted: unique in a producer, and compressible like text. */
function valueText(number: number, sizeBytes: number): string {
  let text = `v-${number}`;
  while (text.length < sizeBytes) text += LETTERS.slice(0, Math.min(LETTERS.length, sizeBytes - text.length));
  return text;
}
