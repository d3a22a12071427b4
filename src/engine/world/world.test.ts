import { describe, expect, test } from 'vitest';
import type { Command } from './command.ts';
import type { Scenario } from './scenario.ts';
import { profileProblems, timingProfile } from './timing-profile.ts';
import { issueCommand, newWorld, runUntil, traceHash } from './world.ts';
import { runnerOf, type World } from './world-state.ts';

const SCENARIO: Scenario = {
  format: 1,
  name: 'world-test',
  title: { en: 'A world', ko: '세계' },
  seed: 5,
  cluster: {
    mode: 'zookeeper',
    zookeeperServers: 1,
    brokers: [{ brokerId: 1 }, { brokerId: 2 }],
    brokerConfigs: {},
    timing: 'kafka',
    epochMs: 1_700_000_000_000,
    topics: [{ topic: 'orders', partitionCount: 1, replicationFactor: 2 }],
    producers: [{ name: 'p', config: { configs: {}, topic: 'orders', recordsPerSecond: 5, keyCount: 2, valueBytes: 10 } }],
    consumers: [],
  },
  commands: [],
  claims: [],
  untilMs: 20_000,
};

function worldAt(atUs: number): World {
  const world = newWorld(SCENARIO);
  runUntil(world, atUs, {});
  return world;
}

function refusal(world: World, command: Command): string | null {
  const outcome = issueCommand(world, command);
  return outcome.ok ? null : outcome.reason;
}

describe('commands', () => {
  test.each<[string, Command]>([
    ['a machine that is not there', { type: 'killProcess', machine: 'b9' }],
    ['start of what runs', { type: 'start', machine: 'b1' }],
    ['resume of what is not paused', { type: 'resumeProcess', machine: 'b1' }],
    ['a link to itself', { type: 'cutLink', from: 'b1', to: 'b1' }],
    ['heal of a link that is whole', { type: 'healLink', from: 'b1', to: 'b2' }],
    ['a broker id that is taken', { type: 'addBroker', brokerId: 2 }],
    ['a client name that is taken', { type: 'addConsumer', name: 'p', config: { configs: {}, topic: 'orders' } }],
    ['records through what is no producer', { type: 'produce', client: 'b1', topic: 'orders', key: null, value: 'x', partition: null } as unknown as Command],
    [
      'a config that no producer starts with',
      { type: 'addProducer', name: 'q', config: { configs: { acks: '2' }, topic: 'orders', recordsPerSecond: 1, keyCount: 1, valueBytes: 1 } },
    ],
  ])('[R3] %s is refused in a sentence, and changes nothing', (_, command) => {
    const world = worldAt(5_000_000);
    const [hash, count] = [traceHash(world), world.runners.length];
    expect(refusal(world, command)).toMatch(/\w+ .*\w[.]?$/);
    expect([traceHash(world), world.runners.length, world.commands.length]).toEqual([hash, count, 0]);
  });

  test('[R3] killing what is dead is refused; starting it again is not', () => {
    const world = worldAt(5_000_000);
    expect(refusal(world, { type: 'killProcess', machine: 'b2' })).toBeNull();
    runUntil(world, 5_100_000, {});
    expect(refusal(world, { type: 'killProcess', machine: 'b2' })).toMatch(/b2/);
    expect(refusal(world, { type: 'start', machine: 'b2' })).toBeNull();
    runUntil(world, 60_000_000, {});
    expect(runnerOf(world, 'b2')?.state.process.status).toBe('running');
  });
});

describe('order and time', () => {
  test('[R1] windows cut anywhere give the same hash', () => {
    const whole = worldAt(8_000_000);
    const cut = newWorld(SCENARIO);
    let n = 0;
    runUntil(cut, 8_000_000, {}, (from, to) => from + 1 + ((n++ * 7919) % Math.max(1, to - from)));
    expect(traceHash(cut)).toBe(traceHash(whole));
    expect(n).toBeGreaterThan(100);
  });

  test('[R2] what is told comes in order of time, then of rank, then of step', () => {
    const world = newWorld(SCENARIO);
    const told: { atUs: number; rank: number; step: number }[] = [];
    runUntil(world, 6_000_000, { trace: ({ id }) => told.push({ atUs: id.atUs, rank: id.machine, step: id.step }) });
    const sorted = told.toSorted((a, b) => a.atUs - b.atUs || a.rank - b.rank || a.step - b.step);
    expect(told.length).toBeGreaterThan(50);
    expect(told).toEqual(sorted);
  });

  test('[R5] both timing profiles fit; one whose session is shorter than its round trips is refused with the reason', () => {
    for (const name of ['classroom', 'kafka'] as const) expect(profileProblems(timingProfile(name))).toEqual([]);
    const bad = { ...timingProfile('classroom'), brokerConfigs: { ...timingProfile('classroom').brokerConfigs, 'zookeeper.session.timeout.ms': '900' } };
    expect(profileProblems(bad)).toContain('zookeeper.session.timeout.ms within 2 to 20 ticks');
  });
});
