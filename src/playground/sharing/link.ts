import { assert } from '../../engine/kernel/assert.ts';
import { builtInScenario } from '../scenarios/built-in-scenarios.ts';
import { readPacked, writePacked } from './packed-link.ts';
import { quoted } from './readable-command.ts';
import { readReadable, writeReadable } from './readable-link.ts';
import { indexOutOfOrder, LINK_LIMITS, LinkProblem, type DecodedLink, type EncodedLink, type SharedRun } from './shared-run.ts';

export const LINK_VERSION = 1;

/**
 * The fragment of a link to a moment of a run, `#` included: in words while it is short, compressed when it is long. A
 * built-in scenario goes by its name, any other one whole.
 */
export function encodeLink(run: SharedRun): EncodedLink {
  assert(indexOutOfOrder(run.commands) < 0, 'commands in the order of their times');
  const builtIn = isBuiltIn(run);
  const readable = builtIn ? writeReadable(run) : null;
  const head = `#/${LINK_VERSION}/`;
  if (readable !== null && head.length + readable.length <= LINK_LIMITS.readableChars) return { ok: true, link: head + readable };
  const link = `${head}~${writePacked(run, builtIn ? run.scenario.name : run.scenario)}`;
  const decoded = link.length <= LINK_LIMITS.chars ? decodeLink(link) : null;
  if (decoded === null)
    return { ok: false, reason: `The link would have ${link.length} characters; at most ${LINK_LIMITS.chars} are allowed. Save the run as a file instead.` };
  return decoded.ok ? { ok: true, link } : { ok: false, reason: `The run does not fit in a link: ${decoded.reason}. Save it as a file instead.` };
}

/** Reads the fragment of a link, `#` included. What cannot be read whole is refused, with the place and the reason. */
export function decodeLink(link: string): DecodedLink {
  try {
    if (link.length > LINK_LIMITS.chars)
      throw new LinkProblem(LINK_LIMITS.chars, `the link has ${link.length} characters, at most ${LINK_LIMITS.chars} are allowed`);
    const head = /^#\/(\d{1,9})\//.exec(link);
    if (head === null) throw new LinkProblem(0, `expected a link such as #/${LINK_VERSION}/first-look, got ${quoted(link)}`);
    const version = Number(head[1]);
    return { ok: true, run: readVersion(version, link, head[0].length) };
  } catch (error) {
    if (error instanceof LinkProblem) return { ok: false, position: error.position, reason: error.message };
    throw error;
  }
}

/** One case a format; an older format is read by its own reader and brought up to the present one. */
function readVersion(version: number, link: string, start: number): SharedRun {
  switch (version) {
    case 1:
      return link.charAt(start) === '~' ? readPacked(link.slice(start + 1), start + 1) : readReadable(link.slice(start), start);
    default:
      throw new LinkProblem(
        2,
        version > LINK_VERSION ? `the link has format ${version}, which a newer version of this page made` : `there is no link format ${version}`,
      );
  }
}

/** The same data as the built-in scenario of its name, and not only the same name. */
function isBuiltIn(run: SharedRun): boolean {
  const scenario = builtInScenario(run.scenario.name);
  return scenario !== undefined && (scenario === run.scenario || JSON.stringify(scenario) === JSON.stringify(run.scenario));
}
