/** What Chromium must record for `scriptPerFrameMs`. */
export const TRACE_CATEGORIES = ['devtools.timeline', 'disabled-by-default-devtools.timeline', '__metadata'];

/** Everything in which the page's own code runs on a thread, collecting its garbage included. They nest; the outermost counts. */
const SCRIPT = new Set([
  'FunctionCall',
  'EvaluateScript',
  'FireAnimationFrame',
  'TimerFire',
  'EventDispatch',
  'RunMicrotasks',
  'FireIdleCallback',
  'HandlePostMessage',
  'MinorGC',
  'MajorGC',
  'V8.GCScavenger',
  'V8.GCIncrementalMarking',
  'V8.GCFinalizeMC',
]);

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** The thread's own time and how much of it passed: waiting for a processor does not count. */
  readonly tts?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * Milliseconds of script on the page's main thread for each frame: from one animation frame to the next, so that the messages
 * from Workers handled between two frames count too. It is the thread's own time: a machine that gives the processor to somebody
 * else in the middle of a frame does not make the page's code slower.
 */
export function scriptPerFrameMs(traceJson: string): number[] {
  const { traceEvents } = JSON.parse(traceJson) as { readonly traceEvents: readonly TraceEvent[] };
  const main = mainThread(traceEvents);
  const events = traceEvents.filter((event) => event.pid === main.pid && event.tid === main.tid && event.ph === 'X').toSorted((a, b) => a.ts - b.ts);
  const starts = frameStarts(events);
  const spent = starts.map(() => 0);
  let frame = -1;
  let coveredUs = 0;
  for (const event of events) {
    if (!SCRIPT.has(event.name)) continue;
    while (frame + 1 < starts.length && (starts[frame + 1] ?? 0) <= event.ts) frame += 1;
    if (event.ts < coveredUs) continue;
    if (frame >= 0) spent[frame] = (spent[frame] ?? 0) + (event.tdur ?? event.dur ?? 0) / 1000;
    coveredUs = event.ts + (event.dur ?? 0);
  }
  return spent.slice(0, -1);
}

/** The renderer's main thread that had most animation frames. */
function mainThread(events: readonly TraceEvent[]): { pid: number; tid: number } {
  const counts = new Map<string, { pid: number; tid: number; count: number }>();
  for (const { name, pid, tid } of events) {
    if (name !== 'FireAnimationFrame') continue;
    const known = counts.get(`${pid}/${tid}`) ?? { pid, tid, count: 0 };
    counts.set(`${pid}/${tid}`, { ...known, count: known.count + 1 });
  }
  const most = [...counts.values()].toSorted((a, b) => b.count - a.count)[0];
  if (most === undefined) throw new Error('no animation frame in the trace');
  return most;
}

/** Several callbacks of one frame follow one another at once; a new frame is at least this far from the last callback's start. */
const LEAST_FRAME_US = 5_000;

function frameStarts(events: readonly TraceEvent[]): number[] {
  const starts: number[] = [];
  let lastUs = -Infinity;
  for (const { name, ts } of events) {
    if (name !== 'FireAnimationFrame') continue;
    if (ts - lastUs >= LEAST_FRAME_US) starts.push(ts);
    lastUs = ts;
  }
  return starts;
}
