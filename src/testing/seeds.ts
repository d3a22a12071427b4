import { expect, test } from 'vitest';
import { playSeed, type SeedReport } from './play-seed.ts';

/** Seeds that once failed, and why: they stay. */
export const STORIES: { readonly [seed: number]: string } = {
  6: 'a broker was still stopping when everything healed, and nobody started it afterwards',
  33: 'a leader lost its tail and went on in the same epoch; a longer follower failed for good',
  50: 'the same, but the followers fitted on: replicas differ in silence below the high watermark',
  77: 'the same with min.insync.replicas out of reach afterwards',
  85: 'the same after ZooKeeper had no majority',
};

/** The tests of some seeds. They are in several files because a file is played by one thread. */
export function demandSeeds(from: number, to: number): void {
  const reports: SeedReport[] = [];
  test.each(Array.from({ length: to - from + 1 }, (_, i) => from + i))(
    '[R1] seed %i: trouble heals, and nothing that was promised is lost without a named fault',
    (seed) => {
      const report = playSeed(seed);
      reports.push(report);
      expect(complaintOf(report)).toBe('');
    },
  );

  test(`[R2] seeds ${from} to ${to} make every kind of trouble, and at most one in ten ends in what Kafka cannot heal`, () => {
    const kinds = new Set(reports.flatMap((report) => report.commands.map((command) => command.type)));
    expect([...kinds]).toEqual(
      expect.arrayContaining([
        'cutLink',
        'failDisk',
        'healLink',
        'killProcess',
        'pauseProcess',
        'powerOff',
        'resumeProcess',
        'slowLink',
        'start',
        'stopProcess',
      ]),
    );
    expect(Math.min(...reports.map((report) => report.commands.length))).toBeGreaterThanOrEqual(3);
    expect(reports.filter((report) => report.rewritten.length > 0).length).toBeLessThanOrEqual(reports.length / 10);
  });
}

/** Nothing when all is well; else what is wrong, how to play it again, and the last lines of the trace. */
export function complaintOf(report: SeedReport): string {
  if (report.problems.length === 0) return '';
  const story = STORIES[report.seed];
  return [
    `seed ${report.seed}${story === undefined ? '' : ` (once: ${story})`}:`,
    ...report.problems.map((problem) => `  ${problem}`),
    `play it again: npm run -s highwater -- seed ${report.seed}`,
    ...report.lastLines,
  ].join('\n');
}
