import { playOn, warm } from './engine-speed.ts';
import { quantile, shown, processorMs, type Line } from './measure.ts';

const SLICES = 60;

/**
 * What the trace hash costs. Two runs of the same scenario go on in turn, slice by slice, one folding and one not; the cost is
 * told from the processor time of a quick slice of each, since whatever else the machine does only adds.
 */
export function measureTraceHash(timing: 'classroom' | 'kafka', say: (text: string) => void): Line {
  const [warmUpSeconds, seconds] = timing === 'kafka' ? [20, 3] : [150, 20];
  const hashed = warm({ timing, warmUpSeconds }, { unchecked: true });
  const plain = warm({ timing, warmUpSeconds }, { unchecked: true, unhashed: true });
  const hashedMs: number[] = [];
  const plainMs: number[] = [];
  for (let i = 0; i < SLICES; i++) {
    const first = i % 2 === 0;
    if (first) hashedMs.push(processorMs(() => playOn(hashed, seconds)));
    plainMs.push(processorMs(() => playOn(plain, seconds)));
    if (!first) hashedMs.push(processorMs(() => playOn(hashed, seconds)));
  }
  if (hashed.world.stepCount !== plain.world.stepCount) throw new Error('leaving the hash out changed the run');
  const [with_, without] = [quantile(hashedMs, 0.25), quantile(plainMs, 0.25)];
  say(`trace hash, ${timing}: a slice takes ${shown(with_)} ms with it, ${shown(without)} ms without`);
  return { name: `${timing}: trace hash, of the run`, value: 100 * (1 - without / with_), unit: '%', limit: { below: 5 } };
}
