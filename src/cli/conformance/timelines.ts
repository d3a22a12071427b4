import { parseTimeline } from '../timelines/timeline.ts';
import { playTimeline } from '../timelines/play-timeline.ts';
import type { Checker } from './checker.ts';

/** Timelines recorded from a real cluster: what was done to it is done to ours, and what followed must follow. */
export const timelinesChecker: Checker = {
  knows: (path) => path.endsWith('.jsonl') && path.split('/').includes('timelines'),
  check(file, report) {
    playTimeline(parseTimeline(file.path, new TextDecoder().decode(file.bytes)), report);
  },
};
