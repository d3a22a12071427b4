import { splitWords } from '../arguments.ts';
import { UsageProblem } from '../output.ts';

/** What kafka-dump-log.sh can be asked for, as far as it makes sense here. */
export interface DumpOptions {
  readonly files: readonly string[];
  readonly printDataLog: boolean;
  readonly deepIteration: boolean;
  readonly skipRecordMetadata: boolean;
  readonly verifyIndexOnly: boolean;
  readonly indexSanityCheck: boolean;
  readonly maxMessageSize: number;
  readonly maxBytes: number;
}

export const MAX_INT = 2_147_483_647;
const DEFAULT_MAX_MESSAGE_SIZE = 5 * 1024 * 1024;
const DECODERS = ['--offsets-decoder', '--transaction-log-decoder', '--cluster-metadata-decoder', '--remote-log-metadata-decoder'];
const DECODER_CLASSES = ['--key-decoder-class', '--value-decoder-class'];
/** What Kafka uses when no class is named. */
const STRING_DECODER = 'org.apache.kafka.tools.api.StringDecoder';

/** Reads `dump-log`'s arguments: files as plain words or after `--files`, separated by commas, and the options of Kafka's tool. */
export function parseDumpOptions(words: readonly string[]): DumpOptions {
  const { plain, options } = splitWords(words, {
    withValue: ['--files', '--max-bytes', '--max-message-size', ...DECODER_CLASSES],
    without: ['--print-data-log', '--deep-iteration', '--skip-record-metadata', '--verify-index-only', '--index-sanity-check', ...DECODERS],
  });
  for (const name of DECODERS) {
    if (options.has(name)) throw new UsageProblem(`${name} is not offered here: --print-data-log prints keys and values as text`);
  }
  for (const name of DECODER_CLASSES) {
    const given = options.get(name);
    if (given !== undefined && given !== STRING_DECODER)
      throw new UsageProblem(`${name} names a Java class, of which only ${STRING_DECODER} is known here, not ${JSON.stringify(given)}`);
  }
  const files = [...(options.get('--files')?.split(',') ?? []), ...plain];
  if (files.length === 0) throw new UsageProblem('dump-log needs a file, such as 00000000000000000000.log');
  const printDataLog = options.has('--print-data-log') || DECODER_CLASSES.some((name) => options.has(name));
  return {
    files,
    printDataLog,
    deepIteration: printDataLog || options.has('--deep-iteration'),
    skipRecordMetadata: options.has('--skip-record-metadata'),
    verifyIndexOnly: options.has('--verify-index-only'),
    indexSanityCheck: options.has('--index-sanity-check'),
    maxMessageSize: parseSize(options.get('--max-message-size'), '--max-message-size') ?? DEFAULT_MAX_MESSAGE_SIZE,
    maxBytes: parseSize(options.get('--max-bytes'), '--max-bytes') ?? MAX_INT,
  };
}

function parseSize(text: string | undefined, name: string): number | null {
  if (text === undefined) return null;
  const size = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(size <= MAX_INT)) throw new UsageProblem(`${name} is a number of bytes from 0 to ${MAX_INT}, not ${JSON.stringify(text)}`);
  return size;
}
