import { crc32c } from '../src/engine/protocol/crc32c.ts';
import { buildBatch, readRecords, type RecordToWrite } from '../src/engine/protocol/record-batch.ts';
import { NO_CODECS } from '../src/engine/kernel/codecs.ts';
import kafkajsDecoder from 'kafkajs/src/protocol/decoder.js';
import kafkajsRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import kafkajsBatch from 'kafkajs/src/protocol/recordBatch/v0/index.js';
import kafkajsReadBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import { median, processorMs, shown, type Line } from './measure.ts';

const NOW_MS = 1_700_000_000_000;
const RECORDS = 100;
const VALUE = '{"order":123456,"what":"order placed","city":"Seoul","amount":42}';
const BATCHES_A_ROUND = 300;
const ROUNDS = 31;
const CRC_BYTES = 1 << 16;
const CRC_REPEATS = 256;

const allocate = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes);

/** Batches encoded and decoded beside kafkajs, the same records. Rounds of both, in turn. */
export async function measureBatches(say: (text: string) => void): Promise<readonly Line[]> {
  const encoding = await alternately(encodeOurs, encodeTheirs);
  const bytes = encodeOurs();
  const decoding = await alternately(
    () => decodeOurs(bytes),
    () => decodeTheirs(bytes),
  );
  say(
    `batches of ${RECORDS} records, ${bytes.length} bytes: encoded in ${perBatchUs(encoding.oursMs)} µs, kafkajs ${perBatchUs(encoding.theirsMs)} µs; decoded in ${perBatchUs(decoding.oursMs)} µs, kafkajs ${perBatchUs(decoding.theirsMs)} µs`,
  );
  return [
    { name: 'encoding batches, times kafkajs', value: encoding.ratio, unit: '×', limit: { atLeast: 5 } },
    { name: 'decoding batches, times kafkajs', value: decoding.ratio, unit: '×', limit: { atLeast: 5 } },
  ];
}

/** CRC-32C of a large batch beside a loop over one table, in a process that has done nothing else. */
export async function measureCrc(say: (text: string) => void): Promise<readonly Line[]> {
  const data = Uint8Array.from({ length: CRC_BYTES }, (_, i) => (i * 31) & 255);
  if (crc32c(data) !== byteTableCrc(data)) throw new Error('the two CRCs differ');
  const crc = await alternately(
    () => crc32c(data),
    () => byteTableCrc(data),
    CRC_REPEATS,
  );
  const gigabytes = (CRC_BYTES * CRC_REPEATS) / 1e9 / (crc.oursMs / 1000);
  say(`CRC-32C: ${shown(gigabytes)} GB/s, ${shown(crc.ratio)} times a byte-table loop`);
  return [
    { name: 'CRC-32C: the better of GB/s and a third of times a byte-table loop', value: Math.max(gigabytes, crc.ratio / 3), unit: '', limit: { atLeast: 1 } },
  ];
}

function perBatchUs(ms: number): string {
  return shown((ms * 1000) / BATCHES_A_ROUND);
}

interface Pair {
  readonly oursMs: number;
  readonly theirsMs: number;
  /** How many times faster ours is: the median of what each pair of rounds says. */
  readonly ratio: number;
}

async function alternately(ours: () => unknown, theirs: () => unknown, repeats = BATCHES_A_ROUND): Promise<Pair> {
  const pairs: { oursMs: number; theirsMs: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const oursMs = await cost(ours, repeats);
    pairs.push({ oursMs, theirsMs: await cost(theirs, repeats) });
  }
  // The first rounds are slower on either side: code is still being compiled.
  const warm = pairs.slice(Math.floor(ROUNDS / 4));
  return {
    oursMs: median(warm.map((pair) => pair.oursMs)),
    theirsMs: median(warm.map((pair) => pair.theirsMs)),
    ratio: median(warm.map((pair) => pair.theirsMs / pair.oursMs)),
  };
}

/** kafkajs answers with promises: they are awaited one after the other, as its producer does. */
async function cost(work: () => unknown, repeats: number): Promise<number> {
  const first = work();
  if (!(first instanceof Promise)) {
    return processorMs(() => {
      for (let i = 0; i < repeats; i++) work();
    });
  }
  await first;
  const beganMs = process.cpuUsage();
  for (let i = 0; i < repeats; i++) await work();
  const { user, system } = process.cpuUsage(beganMs);
  return (user + system) / 1000;
}

const encoder = new TextEncoder();
const keys = Array.from({ length: RECORDS }, (_, i) => encoder.encode(`key-${i % 12}`));
const value = encoder.encode(VALUE);
const records: readonly RecordToWrite[] = keys.map((key, i) => ({ timestamp: NOW_MS + i, key, value, headers: [] }));

function encodeOurs(): Uint8Array {
  return buildBatch(records, { baseOffset: 0 }, allocate);
}

const theirKeys = keys.map((key) => Buffer.from(key));
const theirValue = Buffer.from(value);

async function encodeTheirs(): Promise<unknown> {
  return kafkajsBatch.RecordBatch({
    firstTimestamp: NOW_MS,
    maxTimestamp: NOW_MS + RECORDS - 1,
    lastOffsetDelta: RECORDS - 1,
    records: theirKeys.map((key, i) => kafkajsRecord({ offsetDelta: i, timestampDelta: i, key, value: theirValue, headers: {} })),
  });
}

function decodeOurs(bytes: Uint8Array): unknown {
  const read = readRecords(bytes, NO_CODECS);
  if (!read.ok || read.records.length !== RECORDS) throw new Error('a batch that was built must be read');
  return read;
}

async function decodeTheirs(bytes: Uint8Array): Promise<unknown> {
  const read = await kafkajsReadBatch(new kafkajsDecoder(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)));
  if (read.records.length !== RECORDS) throw new Error('kafkajs must read the same batch');
  return read;
}

const TABLE = Int32Array.from({ length: 256 }, (_, i) => {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78;
  return crc;
});

function byteTableCrc(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] as number)) & 255] as number);
  return ~crc >>> 0;
}
