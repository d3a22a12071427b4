import type { DeviceBatch } from '../src/host/storage/contract.ts';
import { DISK_CASES } from '../src/host/storage/disk-contract.ts';
import { openIndexedDbDisk } from '../src/host/storage/indexed-db-disk.ts';
import { openRuns } from '../src/host/storage/open-runs.ts';

/** What the storage journeys call in a real browser; the spec bundles this file into an empty page. */

const LINE_BYTES = 700;

/** The content that line `n` of the journal must have. */
function lineOf(n: number): Uint8Array {
  return Uint8Array.from({ length: LINE_BYTES }, (_, i) => (n * 13 + i) & 255);
}

function batchOf(n: number): DeviceBatch {
  return {
    writes: [
      { op: 'append', path: 'journal.log', bytes: lineOf(n) },
      { op: 'put', path: 'checkpoint.tmp', bytes: Uint8Array.of(n & 255, n >> 8) },
      { op: 'rename', from: 'checkpoint.tmp', to: 'checkpoint' },
    ],
    flushSequence: n + 1,
    atUs: n,
    durability: 'relaxed',
  };
}

async function openDisk(name: string): ReturnType<typeof openIndexedDbDisk> {
  return openIndexedDbDisk(name);
}

/** Runs every rule of the port; the failures, each with its title. */
export async function runDiskCases(): Promise<{ readonly count: number; readonly failures: readonly string[] }> {
  let number = 0;
  const failures: string[] = [];
  const harness = {
    async open(name: string) {
      const opened = await openDisk(name);
      if (!opened.ok) throw new Error(opened.problem.message);
      return opened.store;
    },
  };
  for (const one of DISK_CASES) {
    try {
      await one.run(harness, () => `case-${++number}`);
    } catch (error) {
      failures.push(`${one.title}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { count: DISK_CASES.length, failures };
}

/** Commits batch after batch and never stops by itself. */
export async function writeForEver(name: string): Promise<void> {
  const opened = await openDisk(name);
  if (!opened.ok) throw new Error(opened.problem.message);
  const { flushSequence } = await opened.store.load();
  for (let n = flushSequence; ; n++) await opened.store.commit(batchOf(n));
}

/** How many batches survived, and what is wrong with them. */
export async function inspect(name: string): Promise<{ readonly batches: number; readonly wrong: string | null }> {
  const opened = await openDisk(name);
  if (!opened.ok) return { batches: -1, wrong: opened.problem.message };
  const { files, flushSequence } = await opened.store.load();
  await opened.store.close();
  if (flushSequence === 0) return { batches: 0, wrong: files.length === 0 ? null : 'files before the first batch' };
  const [checkpoint, journal, ...others] = files;
  const last = flushSequence - 1;
  if (others.length > 0 || checkpoint?.path !== 'checkpoint' || journal?.path !== 'journal.log')
    return { batches: flushSequence, wrong: `files ${files.map((file) => file.path).join(', ')}` };
  if (checkpoint.bytes[0] !== (last & 255) || checkpoint.bytes[1] !== last >> 8) return { batches: flushSequence, wrong: 'the checkpoint' };
  if (journal.bytes.length !== flushSequence * LINE_BYTES) return { batches: flushSequence, wrong: `a journal of ${journal.bytes.length} bytes` };
  for (let n = 0; n <= last; n++) {
    const line = journal.bytes.subarray(n * LINE_BYTES, (n + 1) * LINE_BYTES);
    if (lineOf(n).some((byte, i) => byte !== line[i])) return { batches: flushSequence, wrong: `line ${n}` };
  }
  return { batches: flushSequence, wrong: null };
}

/** Opens the list of runs and keeps it for as long as the page lives. */
export async function takeRuns(): Promise<string> {
  const opened = await openRuns({ locks: navigator.locks });
  return opened.ok ? 'opened' : opened.problem.kind;
}
