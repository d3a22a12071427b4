import { playOn, warm } from './engine-speed.ts';
import { median, processorMs, shown, type Line } from './measure.ts';

const PAIRS = 250;

/**
 * What the trace hash costs. Two runs of the same scenario go on in turn, slice by slice, one folding and one not, and either goes first as
 * often as the other. Two slices so near in time met the same machine: the cost is the median of what each pair says.
 */
export function measureTraceHash(timing: 'classroom' | 'kafka', say: (text: string) => void): Line {
  const [warmUpSeconds, seconds] = timing === 'kafka' ? [60, 1] : [600, 6];
  const hashed = warm({ timing, warmUpSeconds }, { unchecked: true });
  const plain = warm({ timing, warmUpSeconds }, { unchecked: true, unhashed: true });
  const hashedMs: number[] = [];
  const plainMs: number[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const first = i % 2 === 0;
    if (first) hashedMs.push(processorMs(() => playOn(hashed, seconds)));
    plainMs.push(processorMs(() => playOn(plain, seconds)));
    if (!first) hashedMs.push(processorMs(() => playOn(hashed, seconds)));
  }
  if (hashed.world.stepCount !== plain.world.stepCount) throw new Error('leaving the hash out changed the run');
  const shares = hashedMs.map((ms, i) => 1 - (plainMs[i] ?? Number.NaN) / ms);
  say(`trace hash, ${timing}: a slice takes ${shown(median(hashedMs))} ms with it, ${shown(median(plainMs))} ms without`);
  return { name: `${timing}: trace hash, of the run`, value: 100 * median(shares), unit: '%', limit: { below: 5 } };
}
