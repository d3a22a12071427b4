import { describe, expect, test } from 'vitest';
import { differenceOfHosts, HOST_SEEDS, hostRunOf, playHostRun, type HostReport } from './host-runs.ts';

const runs = HOST_SEEDS.map(hostRunOf);

describe('one scenario, one trace hash', () => {
  test('there are enough runs, with every kind of trouble', () => {
    expect(runs.length).toBeGreaterThanOrEqual(20);
    const kinds = new Set(runs.flatMap((run) => run.commands.map(({ command }) => command.type)));
    for (const kind of ['killProcess', 'powerOff', 'start', 'stopProcess', 'pauseProcess', 'resumeProcess', 'cutLink', 'healLink', 'slowLink'] as const)
      expect(kinds).toContain(kind);
    for (const run of runs)
      expect(run.commands.filter(({ command }) => command.type === 'powerOff').length, `power cuts of seed ${run.seed}`).toBeGreaterThan(0);
  });

  for (const run of runs) {
    test(`seed ${run.seed}: windows cut anywhere, gone on from a checkpoint, or one event at a time: equal hashes and equal states`, () => {
      const reference = playHostRun(run, { digests: true });
      expect(reference.taken).toBe(run.commands.length);
      expect(differenceOfHosts(run, reference, playHostRun(run, { digests: true, cuts: 1, restored: true }))).toBeNull();
      expect(differenceOfHosts(run, reference, playHostRun(run, { digests: true, cuts: 2, eventByEvent: true }))).toBeNull();
    });
  }

  test('a difference is told with its seed, its machine and the first mark that shows it', () => {
    const run = hostRunOf(1);
    const reference = playHostRun(run);
    const marks = reference.marks.map((mark, i) => (i < 3 ? mark : { ...mark, lanes: mark.lanes.map((lanes, rank) => (rank === 4 ? { a: 0, b: 0 } : lanes)) }));
    const spoilt: HostReport = { ...reference, marks };
    expect(differenceOfHosts(run, reference, spoilt)).toBe('seed 1: b2 differs first, at the mark 16 s');
  });
});
