import { deflateSync, Inflate } from 'fflate';
import { concatBytes, utf8Decode, utf8Encode } from '../../engine/kernel/bytes.ts';
import { builtInScenario } from '../scenarios/built-in-scenarios.ts';
import { commandParser } from '../scenarios/parse-command.ts';
import { MOST_COMMANDS, scenarioParser } from '../scenarios/parse-scenario.ts';
import { demanding, integer, list, nullable, object, oneOf, refuse, text, type Parser } from '../scenarios/schema.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import { fromBase64Url, toBase64Url } from './base64url.ts';
import { indexOutOfOrder, LINK_LIMITS, LinkProblem, type SharedRun } from './shared-run.ts';

const CHECKSUM_BYTES = 4;
/** Deflate grows a byte to about a thousand at most, so a slice of this many cannot exhaust memory before it is counted. */
const INFLATE_SLICE_BYTES = 1024;

const instantUs = integer({ least: 0, most: LINK_LIMITS.instantUs });

/** A built-in scenario by name, or a whole one. */
const scenarioOrName: Parser<Scenario> = (value, path) => {
  if (typeof value !== 'string') return scenarioParser(value, path);
  const scenario = builtInScenario(value);
  return scenario === undefined ? refuse(path, `there is no scenario named ${JSON.stringify(value.slice(0, 60))}`) : { ok: true, value: scenario };
};

const hash = demanding(text({ most: 16 }), (value) => (/^[0-9a-f]{16}$/.test(value) ? null : { path: '', reason: 'expected 16 hexadecimal digits' }));

const packedRun: Parser<SharedRun> = demanding(
  object({
    scenario: scenarioOrName,
    seed: integer({ least: 0, most: 4_294_967_295 }),
    script: oneOf('played', 'replaced'),
    commands: list(object({ atUs: instantUs, command: commandParser }), MOST_COMMANDS),
    momentUs: instantUs,
    engineVersion: nullable(integer({ least: 0, most: 1_000_000 })),
    traceHash: nullable(hash),
  }),
  (run) => {
    const late = indexOutOfOrder(run.commands);
    return late < 0 ? null : { path: `commands[${late}].atUs`, reason: 'is earlier than the command before it' };
  },
);

/** The part after `#/1/~`: a CRC-32 of the JSON and the JSON deflated, as base64url. */
export function writePacked(run: SharedRun, scenario: Scenario | string): string {
  const { seed, script, commands, momentUs, engineVersion, traceHash } = run;
  const json = utf8Encode(JSON.stringify({ scenario, seed, script, commands, momentUs, engineVersion, traceHash }));
  return toBase64Url(concatBytes([checksumOf(json), deflateSync(json, { level: 9 })]));
}

/** Reads what `writePacked` wrote; `start` is its position in the link. Throws `LinkProblem`. */
export function readPacked(source: string, start: number): SharedRun {
  const bytes = fromBase64Url(source, start);
  if (bytes.length <= CHECKSUM_BYTES) throw new LinkProblem(start + source.length, 'the link has been cut off');
  const json = inflate(bytes.subarray(CHECKSUM_BYTES), start);
  const checksum = checksumOf(json);
  if (checksum.some((byte, i) => byte !== bytes[i])) throw new LinkProblem(start, 'the link has been damaged on its way: its checksum is wrong');
  const parsed = packedRun(parseJson(json, start), '');
  if (!parsed.ok) throw new LinkProblem(start, `${parsed.path === '' ? 'the run' : parsed.path} ${parsed.reason}`);
  return parsed.value;
}

function inflate(deflated: Uint8Array, start: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  let ended = false;
  const inflater = new Inflate((part, final) => {
    parts.push(part.slice());
    sizeBytes += part.length;
    ended ||= final;
  });
  for (let at = 0; at < deflated.length; at += INFLATE_SLICE_BYTES) {
    const end = Math.min(deflated.length, at + INFLATE_SLICE_BYTES);
    try {
      inflater.push(deflated.slice(at, end), end === deflated.length);
    } catch {
      throw new LinkProblem(start, 'the link has been damaged on its way: it cannot be decompressed');
    }
    if (sizeBytes > LINK_LIMITS.jsonBytes) throw new LinkProblem(start, `the link holds more than ${LINK_LIMITS.jsonBytes} bytes`);
  }
  if (!ended) throw new LinkProblem(start, 'the link has been cut off');
  return concatBytes(parts);
}

function parseJson(json: Uint8Array, start: number): unknown {
  try {
    return JSON.parse(utf8Decode(json));
  } catch {
    throw new LinkProblem(start, 'the link does not hold a run');
  }
}

/** CRC-32 as in gzip, big-endian. */
function checksumOf(bytes: Uint8Array): Uint8Array {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const word = ~crc;
  return Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);
}
