import { CODEC_NAMES, type CodecName, type Codecs } from '../../engine/kernel/codecs.ts';
import { utf8Encode } from '../../engine/kernel/bytes.ts';
import { buildBatch, compressBatch, readRecords } from '../../engine/protocol/record-batch.ts';

/** What one codec makes of some records. */
export interface CodecResult {
  readonly codec: CodecName;
  /** Of all batches, headers included: what goes over the wire and onto the disk. */
  readonly bytes: number;
  readonly batchCount: number;
  /** Milliseconds on this device, for all batches: median of several runs. Null for `none`, which does nothing. */
  readonly compressMs: number | null;
  readonly openMs: number | null;
}

export interface Comparison {
  readonly recordCount: number;
  readonly results: readonly CodecResult[];
}

export interface ComparisonInput {
  /** One record a line; empty lines are left out. */
  readonly text: string;
  readonly recordsPerBatch: number;
}

const TIMESTAMP_MS = 1_700_000_000_000;
/** Runs go on until this much time has passed, so that a short text is measured as well as a long one. */
const MEASURE_MS = 60;
/** Code that has just been loaded is slow: this long every codec works before it is measured. */
const WARM_UP_MS = 60;
/** A text that is shorter is measured as often as it takes to be as long as this, so that what a call costs does not hide what a byte costs. */
const MEASURED_BYTES = 256 * 1024;
const MOST_RUNS = 50;
const LEAST_SAMPLE_MS = 4;
const MOST_REPEATS = 4096;
/** As much text as is compared; the rest is left out. */
export const MOST_COMPARED_CHARACTERS = 1_000_000;

const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);

/**
 * The lines of a text as records, in batches as a producer would make them, by each of Kafka's codecs: how small, and how long it takes here.
 * What was compressed is opened again and compared; `now` gives milliseconds.
 */
export function compareCodecs({ text, recordsPerBatch }: ComparisonInput, codecs: Codecs, now: () => number): Comparison {
  const lines = text
    .slice(0, MOST_COMPARED_CHARACTERS)
    .split('\n')
    .filter((line) => line !== '');
  const batches: Uint8Array[] = [];
  for (let at = 0; at < lines.length; at += recordsPerBatch) batches.push(batchOf(lines.slice(at, at + recordsPerBatch), at));
  return { recordCount: lines.length, results: CODEC_NAMES.map((codec) => tryCodec(codec, batches, { codecs, now })) };
}

function batchOf(lines: readonly string[], baseOffset: number): Uint8Array {
  const records = lines.map((line, i) => ({ timestamp: TIMESTAMP_MS + baseOffset + i, key: null, value: utf8Encode(line), headers: [] }));
  return buildBatch(records, { baseOffset }, allocate);
}

function tryCodec(codec: CodecName, batches: readonly Uint8Array[], { codecs, now }: { readonly codecs: Codecs; readonly now: () => number }): CodecResult {
  const context = { codecs, allocate };
  const compressed = batches.map((batch) => compressBatch(batch, { codec, level: null }, context));
  compressed.forEach((batch, i) => {
    const [read, plain] = [readRecords(batch, codecs), readRecords(batches[i] ?? batch, codecs)];
    if (!read.ok || !plain.ok || read.records.length !== plain.records.length) throw new Error(`${codec} does not give back what it was given`);
  });
  const bytes = compressed.reduce((sum, batch) => sum + batch.length, 0);
  if (codec === 'none') return { codec, bytes, batchCount: batches.length, compressMs: null, openMs: null };
  const plainBytes = batches.reduce((sum, batch) => sum + batch.length, 0);
  const repeats = Math.max(1, Math.ceil(MEASURED_BYTES / Math.max(1, plainBytes)));
  return {
    codec,
    bytes,
    batchCount: batches.length,
    compressMs: measuredMs(batches, (batch) => compressBatch(batch, { codec, level: null }, context), { repeats, now }),
    openMs: measuredMs(compressed, (batch) => readRecords(batch, codecs), { repeats, now }),
  };
}

/** Milliseconds for all batches, once the code is warm. */
function measuredMs(batches: readonly Uint8Array[], work: (batch: Uint8Array) => void, how: { readonly repeats: number; readonly now: () => number }): number {
  const { repeats, now } = how;
  const all = (): void => {
    for (let i = 0; i < repeats; i++) batches.forEach(work);
  };
  const warmMs = now() + WARM_UP_MS;
  do all();
  while (now() < warmMs);
  return medianMs(all, now) / repeats;
}

function medianMs(work: () => void, now: () => number): number {
  const times: number[] = [];
  const endMs = now() + MEASURE_MS;
  let repeats = 1;
  do {
    const beganMs = now();
    for (let i = 0; i < repeats; i++) work();
    const elapsedMs = now() - beganMs;
    // A browser's clock is coarse: what is shorter than a few of its ticks is done several times.
    if (elapsedMs < LEAST_SAMPLE_MS && repeats < MOST_REPEATS) repeats *= 2;
    else times.push(elapsedMs / repeats);
  } while (times.length === 0 || (now() < endMs && times.length < MOST_RUNS));
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}
