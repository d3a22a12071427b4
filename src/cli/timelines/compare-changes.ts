import type { Report } from '../conformance/checker.ts';
import type { ZnodeChange, ZnodeData } from './timeline.ts';

/** Something that was done to the cluster, in recorded and in played time. */
export interface Cause {
  readonly recordedMs: number;
  readonly playedMs: number;
  readonly isStart: boolean;
}

export interface Changes {
  readonly recorded: readonly ZnodeChange[];
  readonly played: readonly ZnodeChange[];
  readonly causes: readonly Cause[];
  /** Played time at which the recording ended; what comes later was not seen by it. */
  readonly endMs: number;
}

/** The recording looked every 25 ms on a small shared machine: what was written over at once may not be in it. */
const FLEETING_MS = 400;
/** `golden/README.md`: 1.5 s where nothing has to be waited for, more where a JVM starts; a session's end hangs on when it was last heard of. */
const QUICK_MS = 1500;
const START_MS = 5000;
const WAITED_MS = 9000;
/** Whoever waited this long waited for a time-out. */
const TIMEOUT_MS = 5000;
/** Two recorded changes so far apart must come in this order; of brokers that start at once either may be the faster. */
const ORDER_MS = 200;
const STARTED_ORDER_MS = 2000;

/** Holds every recorded change against those that came when it was played: the same, in the same order, in about the time, and no others. */
export function compareChanges(changes: Changes, report: Report): void {
  const paths = [...new Set(changes.recorded.map((change) => change.path))];
  const matches: { readonly recorded: ZnodeChange; readonly played: ZnodeChange }[] = [];
  for (const path of paths) {
    const recorded = changes.recorded.filter((change) => change.path === path);
    const played = changes.played.filter((change) => change.path === path);
    const found = matchPath(path, recorded, { played, changes }, report);
    matches.push(...found);
  }
  for (const match of matches) checkTime(match, changes, report);
  checkOrder(matches, changes, report);
}

interface Match {
  readonly recorded: ZnodeChange;
  readonly played: ZnodeChange;
}

/** The recorded changes of one path are a part of the played ones, and what is not among them was written over at once. */
function matchPath(
  path: string,
  recorded: readonly ZnodeChange[],
  run: { readonly played: readonly ZnodeChange[]; readonly changes: Changes },
  report: Report,
): readonly Match[] {
  const { played, changes } = run;
  const matches: Match[] = [];
  const base = { recorded: recorded[0]?.data ?? null, played: played[0]?.data ?? null };
  let at = 0;
  for (const [index, change] of recorded.entries()) {
    const next = played.findIndex(
      (other, i) => i >= at && agrees(path, { recorded: change.data, played: other.data }, { base, previous: recorded[index - 1]?.data ?? null }),
    );
    if (next < 0) {
      report.fail(`${path} at ${change.ms} ms`, `expected ${JSON.stringify(change.data)}; after ${show(played, at - 1)} came ${show(played, at)}`);
      return matches;
    }
    for (let i = at; i < next; i++) checkFleeting(path, played, { index: i, endMs: changes.endMs, report });
    matches.push({ recorded: change, played: played[next] as ZnodeChange });
    report.pass();
    at = next + 1;
  }
  for (let i = at; i < played.length; i++) checkFleeting(path, played, { index: i, endMs: changes.endMs, report });
  return matches;
}

function show(changes: readonly ZnodeChange[], index: number): string {
  const change = changes[index];
  return change === undefined ? 'nothing' : `${JSON.stringify(change.data)} at ${Math.round(change.ms)} ms`;
}

function checkFleeting(path: string, played: readonly ZnodeChange[], where: { readonly index: number; readonly endMs: number; readonly report: Report }): void {
  const { index, endMs, report } = where;
  const change = played[index];
  const next = played[index + 1];
  if (change === undefined || change.ms >= endMs || (next !== undefined && next.ms - change.ms <= FLEETING_MS)) return;
  report.fail(path, `was ${JSON.stringify(change.data)} at ${Math.round(change.ms)} ms, which was not recorded`);
}

/** Equal as data; epochs of controllers count from the first, and who of several wins the race for `/controller` is chance. */
function agrees(
  path: string,
  data: { readonly recorded: ZnodeData; readonly played: ZnodeData },
  known: { readonly base: { readonly recorded: ZnodeData; readonly played: ZnodeData }; readonly previous: ZnodeData },
): boolean {
  if (path === '/controller_epoch') return Number(data.recorded) - Number(known.base.recorded) === Number(data.played) - Number(known.base.played);
  if (path === '/controller') return (data.recorded === null) === (data.played === null);
  return canonical(data.recorded) === canonical(data.played);
}

/** A state znode also names the controller's epoch, which is compared at `/controller_epoch`. */
function canonical(data: ZnodeData): string {
  return JSON.stringify(data, (key, value: unknown) => {
    if (key === 'controller_epoch') return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/** How long after what was done last it came, here and there. */
function checkTime(match: Match, changes: Changes, report: Report): void {
  const cause = changes.causes.findLast((one) => one.recordedMs <= match.recorded.ms);
  if (cause === undefined) return;
  const recordedMs = match.recorded.ms - cause.recordedMs;
  const playedMs = match.played.ms - cause.playedMs;
  const boundMs = recordedMs > TIMEOUT_MS ? WAITED_MS : cause.isStart ? START_MS : QUICK_MS;
  if (Math.abs(recordedMs - playedMs) <= boundMs) report.pass();
  else
    report.fail(
      `${match.recorded.path} at ${match.recorded.ms} ms`,
      `came ${Math.round(playedMs)} ms after what was done before it, recorded: ${recordedMs} ms`,
    );
}

/** Changes of different znodes keep their order where the recording could tell it. */
function checkOrder(matches: readonly Match[], changes: Changes, report: Report): void {
  const inOrder = [...matches].sort((a, b) => a.recorded.ms - b.recorded.ms);
  for (const [index, match] of inOrder.entries()) {
    const started = changes.causes.findLast((cause) => cause.recordedMs <= match.recorded.ms)?.isStart === true;
    const apartMs = started ? STARTED_ORDER_MS : ORDER_MS;
    const earlier = inOrder.slice(0, index).find((other) => match.recorded.ms - other.recorded.ms >= apartMs && other.played.ms > match.played.ms);
    if (earlier !== undefined)
      report.fail(
        `${match.recorded.path} at ${match.recorded.ms} ms`,
        `came before ${earlier.recorded.path} of ${earlier.recorded.ms} ms, which was recorded first`,
      );
  }
}
