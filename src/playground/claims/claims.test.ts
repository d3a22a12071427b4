import { beforeAll, describe, expect, test } from 'vitest';
import type { Claim } from '../../engine/world/claim.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import { newPlayer, playUntil } from '../../host/in-process/player.ts';
import { projectView } from '../../projection/project.ts';
import { acks1LosesData } from '../scenarios/acks1-loses-data.ts';
import { minIsrRefusal } from '../scenarios/min-isr-refusal.ts';
import { claimWords } from './claim-words.ts';
import type { Evidence } from './evidence.ts';
import { judge } from './judge.ts';
import { passed, playScenario, type ScenarioRun } from './play-scenario.ts';

const payments0 = { topic: 'payments', partition: 0 } as const;
const ended = { atMs: acks1LosesData.untilMs } as const;
const KILLED_MS = acks1LosesData.commands.find(({ command }) => command.type === 'killProcess')?.atMs ?? 0;

function withClaims(scenario: Scenario, claims: readonly Claim[]): Scenario {
  return { ...scenario, claims };
}

/** What each claim came to, in a run of the lesson in which a record is lost. */
function judged(claims: readonly Claim[], scenario: Scenario = acks1LosesData): boolean[] {
  return playScenario(withClaims(scenario, claims)).claims.map(({ judgement }) => judgement?.holds === true);
}

describe('when a claim is judged', () => {
  test('[R1] a claim stands just before its instant: a kill at that instant has not happened, a microsecond later it has', () => {
    const killed = { type: 'process', machine: 'b1' } as const;
    const count = { type: 'traceCount', event: 'ProcessKilled', where: { host: 'b1' } } as const;
    expect(
      judged([
        { ...killed, atMs: KILLED_MS, is: 'running' },
        { ...killed, atMs: KILLED_MS + 0.001, is: 'killed' },
        { ...count, atMs: KILLED_MS, atMost: 0 },
        { ...count, atMs: KILLED_MS + 0.001, atLeast: 1 },
        { ...count, sinceMs: KILLED_MS, atMs: KILLED_MS + 1, atLeast: 1 },
        { ...count, sinceMs: KILLED_MS + 0.001, atMs: KILLED_MS + 1, atMost: 0 },
      ]),
    ).toEqual([true, true, true, true, true, true]);
  });

  test('[R1] claims in any order of time are judged each at its own, and change nothing of the run', () => {
    const plain = playScenario(withClaims(acks1LosesData, []));
    const many = playScenario(
      withClaims(acks1LosesData, [
        { type: 'leader', ...ended, ...payments0, leader: 2 },
        { type: 'leader', atMs: KILLED_MS, ...payments0, leader: 1 },
        { type: 'leader', atMs: 29_123.457, ...payments0, leader: 1 },
      ]),
    );
    expect(many.claims.map(({ judgement }) => judgement?.holds)).toEqual([true, true, true]);
    expect(many.traceHash).toBe(plain.traceHash);
  });
});

describe('a false claim', () => {
  const all: readonly (readonly [Claim, RegExp])[] = [
    [{ type: 'leader', ...ended, ...payments0, leader: 1 }, /leader 2, leader epoch 1/],
    [{ type: 'leader', ...ended, ...payments0, leader: 2, leaderEpoch: 0 }, /leader epoch 1/],
    [{ type: 'leader', atMs: 1000, ...payments0, leader: 1 }, /no partition payments-0/],
    [{ type: 'isr', ...ended, ...payments0, isr: [1, 2] }, /ISR 2, 1/],
    [{ type: 'isr', ...ended, ...payments0, isr: [1], anyOrder: true }, /ISR 2, 1/],
    [{ type: 'replica', ...ended, ...payments0, brokerId: 3, role: 'follower' }, /broker 3 has no replica/],
    [{ type: 'replica', ...ended, ...payments0, brokerId: 1, role: 'follower', leader: 1 }, /role follower, leader 2/],
    [{ type: 'highWatermark', ...ended, ...payments0, atLeast: 6 }, /high watermark 5/],
    [{ type: 'highWatermark', ...ended, ...payments0, brokerId: 1, atMost: 4 }, /high watermark 5/],
    [{ type: 'highWatermarkUnchanged', fromMs: KILLED_MS, ...ended, ...payments0 }, /from 3 to 5/],
    [{ type: 'logEquals', ...ended, ...payments0, records: ['a0', 'a1', 'a2', 'lost0', 'lost1'] }, /broker 1 holds a0, a1, a2, lost0, b0; broker 2/],
    [{ type: 'logEquals', ...ended, ...payments0, brokerId: 3, records: [] }, /broker 3 has no such log/],
    [{ type: 'logsAgree', atMs: KILLED_MS + 2000, ...payments0 }, /broker 1 does not run/],
    [{ type: 'recordLost', ...ended, ...payments0, value: 'lost0' }, /broker 1, 2 has it/],
    [{ type: 'recordLost', ...ended, ...payments0, value: 'z9' }, /never acknowledged/],
    [{ type: 'acknowledged', ...ended, topic: 'payments', atMost: 5 }, /6 acknowledged/],
    [{ type: 'acknowledged', ...ended, acks: -1, atLeast: 1 }, /0 acknowledged/],
    [{ type: 'consumed', ...ended, ...payments0, client: 'consumer-1', atLeast: 6 }, /position 5/],
    [{ type: 'consumed', atMs: 1000, ...payments0, client: 'consumer-1', atMost: 5 }, /no position yet/],
    [{ type: 'controller', ...ended, brokerId: -1 }, /controller \d, controller epoch/],
    [{ type: 'controller', ...ended, epochAtLeast: 9 }, /controller epoch 1/],
    [{ type: 'liveBrokers', ...ended, brokerIds: [2, 3] }, /1, 2, 3/],
    [{ type: 'zooKeeperQuorum', ...ended, holds: false }, /zk3 leads a majority/],
    [{ type: 'zooKeeperQuorum', ...ended, holds: true, leader: 1 }, /zk3/],
    [{ type: 'process', ...ended, machine: 'b1', is: 'killed' }, /running/],
    [{ type: 'traceCount', ...ended, event: 'LogTruncated', where: { brokerId: 1 }, atMost: 0 }, /1 times/],
    [{ type: 'traceCount', ...ended, event: 'RecordsConsumed', where: { values: 'lost1' }, atLeast: 1 }, /0 times/],
    [{ type: 'inOrder', ...ended, events: [{ event: 'LogTruncated' }, { event: 'ProcessKilled' }] }, /the first 1, then no ProcessKilled/],
    [{ type: 'refused', ...ended, error: 'NOT_ENOUGH_REPLICAS' }, /no error at all/],
    [{ type: 'inOrder', sinceMs: KILLED_MS, ...ended, events: [{ event: 'LogTruncated' }, { event: 'LogTruncated' }] }, /the first 1/],
    [{ type: 'commandRefused', ...ended, command: 'killProcess' }, /no such command was refused/],
    [{ type: 'noAcknowledgedRecordLost', ...ended }, /lost \(payments-0, 4: lost1\)/],
    [{ type: 'noAcknowledgedRecordLost', ...ended, acks: -1 }, /nothing was acknowledged/],
    [{ type: 'promiseVoided', ...ended, ...payments0, kind: 'unclean election' }, /no promise was voided/],
  ];
  let run: ScenarioRun;
  beforeAll(() => {
    run = playScenario(
      withClaims(
        acks1LosesData,
        all.map(([claim]) => claim),
      ),
    );
  });

  test.each(all.map(([claim, found], i) => [claimWords(claim).en, i, found] as const))('[R2] [R3] %s', (_, i, found) => {
    expect(run.claims[i]?.judgement?.holds).toBe(false);
    expect(run.claims[i]?.judgement?.found.en).toMatch(found);
    expect(run.claims[i]?.judgement?.found.ko).not.toBe('');
  });

  test('[R5] one of them is enough for the run to fail', () => {
    expect(passed(run)).toBe(false);
  });
});

describe('claims of safety', () => {
  function evidenceAtEnd(ghosts: Evidence['ghosts']): Evidence {
    const player = newPlayer(acks1LosesData);
    playUntil(player, 1000);
    const view = projectView({ world: player.world, ghosts: player.checker.ghosts, events: [] });
    return { world: player.world, view, viewAt: () => view, trace: [], ghosts, refusals: [] };
  }
  const at = { atUs: 1, machine: 0, step: 1 };

  test('[R2] a broken invariant and a voided promise are seen', () => {
    const broken = evidenceAtEnd({
      breaches: [{ invariant: 'one-leader-an-epoch', at, detail: 'two leaders' }],
      losses: [{ at, kind: 'unclean election', partition: 'payments-0', fromOffset: 4 }],
      cleanedBelow: new Map(),
    });
    expect(judge({ type: 'invariantsHold', ...ended }, broken)).toMatchObject({ holds: false, found: { en: 'one-leader-an-epoch: two leaders' } });
    expect(judge({ type: 'promiseVoided', ...ended, ...payments0, kind: 'unclean election' }, broken).holds).toBe(true);
    expect(judge({ type: 'promiseVoided', ...ended, ...payments0, kind: 'power cut of every in-sync copy' }, broken)).toMatchObject({
      holds: false,
      found: { en: 'payments-0: unclean election' },
    });
    expect(judge({ type: 'invariantsHold', ...ended }, evidenceAtEnd({ breaches: [], losses: [], cleanedBelow: new Map() })).holds).toBe(true);
  });

  test('[R5] a breach or a claim not reached fails the run', () => {
    const run = playScenario(withClaims(minIsrRefusal, [{ type: 'invariantsHold', atMs: 2000 }]), { untilMs: 3000 });
    expect(passed(run)).toBe(true);
    expect(passed({ ...run, breaches: [{ invariant: 'committed-prefix', at, detail: 'x' }] })).toBe(false);
    const short = playScenario(withClaims(minIsrRefusal, [{ type: 'invariantsHold', atMs: 2000 }]), { untilMs: 1000 });
    expect(short.claims[0]?.judgement).toBeNull();
    expect(passed(short)).toBe(false);
  });
});

describe('refused commands', () => {
  const refusals: Scenario = {
    ...minIsrRefusal,
    commands: [
      { atMs: 1000, command: { type: 'resumeProcess', machine: 'b1' } },
      { atMs: 30_000, command: { type: 'createTopic', topic: 'orders', partitionCount: 1, replicationFactor: 1 } },
    ],
    untilMs: 40_000,
  };

  test('[R5] a refusal that no claim speaks of fails the run, in our words or in Kafka’s', () => {
    const run = playScenario(withClaims(refusals, []));
    expect(run.unexpected.map((one) => [one.command, one.reason])).toEqual([
      ['resumeProcess', expect.stringContaining('only a paused process can be resumed')],
      ['createTopic', expect.stringContaining('TopicExistsException')],
    ]);
    expect(passed(run)).toBe(false);
  });

  test('[R5] one that a claim speaks of is part of the lesson', () => {
    const run = playScenario(
      withClaims(refusals, [
        { type: 'commandRefused', atMs: 2000, command: 'resumeProcess', because: 'paused' },
        { type: 'refused', atMs: 40_000, error: 'TopicExistsException', client: 'admin' },
      ]),
    );
    expect(run.unexpected).toEqual([]);
    expect(passed(run)).toBe(true);
    expect(judged([{ type: 'commandRefused', atMs: 2000, command: 'resumeProcess', because: 'of the weather' }], refusals)).toEqual([false]);
    expect(judged([{ type: 'commandRefused', atMs: 40_000, sinceMs: 2000, command: 'resumeProcess' }], refusals)).toEqual([false]);
  });
});
