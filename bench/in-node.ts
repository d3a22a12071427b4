import { measureEngine, measureWatched } from './engine-speed.ts';
import type { Line } from './measure.ts';
import { measureBatches, measureCrc } from './batches.ts';
import { measureMemory } from './memory.ts';
import { measureTraceHash } from './trace-hash.ts';

/** One measurement in this process, named on the command line: what it says goes to stdout, and its lines, as JSON, in the last one. */
const MEASUREMENTS: Readonly<Record<string, (say: (text: string) => void) => readonly Line[] | Promise<readonly Line[]>>> = {
  classroom: (say) => measureEngine('classroom', say),
  kafka: (say) => measureEngine('kafka', say),
  'watched-classroom': (say) => [measureWatched('classroom', say)],
  'watched-kafka': (say) => [measureWatched('kafka', say)],
  'hash-classroom': (say) => [measureTraceHash('classroom', say)],
  'hash-kafka': (say) => [measureTraceHash('kafka', say)],
  memory: measureMemory,
  batches: measureBatches,
  crc: measureCrc,
};

const measure = MEASUREMENTS[process.argv[2] ?? ''];
if (measure === undefined) throw new Error(`one of ${Object.keys(MEASUREMENTS).join(', ')}`);
const lines = await measure((text) => process.stdout.write(`${text}\n`));
process.stdout.write(`${JSON.stringify(lines)}\n`);
