import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INVARIANT_IDS } from '../../engine/invariants/invariant.ts';
import type { Command } from '../../engine/world/command.ts';
import { builtInScenario, builtInScenarios } from './built-in-scenarios.ts';
import { firstLook } from './first-look.ts';
import { parseCommand, COMMAND_PARSERS } from './parse-command.ts';
import { parseScenario, parseScenarioText } from './parse-scenario.ts';

describe('a command from outside', () => {
  test.each<Command>([
    { type: 'siteReload', flushSequences: { b1: 3, zk1: 0 } },
    { type: 'killProcess', machine: 'b1' },
    { type: 'cutLink', from: 'b1', to: 'zk2', oneWay: true },
    { type: 'slowLink', from: 'b1', to: 'b2', latencyMs: 0.5, lossPercent: 1.25 },
    { type: 'addBroker', brokerId: 4, rack: 'r1' },
    {
      type: 'addProducer',
      name: 'producer-2',
      config: { configs: { acks: '1' }, topic: 'orders', recordsPerSecond: 2.5, keyCount: 0, valueBytes: 10, recordCount: 9 },
    },
    {
      type: 'createTopic',
      topic: 'no such/topic name',
      partitionCount: 3,
      replicationFactor: 3,
      assignment: { 0: [1, 2] },
      configs: { 'retention.ms': '1000' },
    },
    { type: 'electLeaders', electionType: 'UNCLEAN', topic: 'orders', partition: 0 },
    { type: 'produce', client: 'producer-1', topic: 'orders', partition: null, key: null, value: '한글' },
  ])('[R1] $type comes back as it was', (command) => {
    expect(parseCommand(structuredClone(command))).toEqual({ ok: true, value: command });
  });

  test.each<[unknown, string, RegExp]>([
    [{ type: 'explode' }, 'type', /no a command named "explode"|no .* named "explode"/],
    [{ type: 'toString' }, 'type', /named "toString"/],
    [{ type: '__proto__' }, 'type', /named "__proto__"/],
    [{}, 'type', /nothing/],
    [null, '', /null/],
    [[], '', /a list/],
    [{ type: 'killProcess' }, 'machine', /missing/],
    [{ type: 'killProcess', machine: '' }, 'machine', /empty/],
    [{ type: 'killProcess', machine: 'b1', hard: true }, 'hard', /not a known field/],
    [{ type: 'killProcess', machine: 7 }, 'machine', /expected text, got 7/],
    [{ type: 'cutLink', from: 'b1', to: 'b2', oneWay: 'yes' }, 'oneWay', /true or false, got "yes"/],
    [{ type: 'slowLink', from: 'b1', to: 'b2', latencyMs: 0 }, 'latencyMs', /0.001 to 60000, got 0/],
    [{ type: 'slowLink', from: 'b1', to: 'b2', latencyMs: NaN }, 'latencyMs', /expected a number/],
    [{ type: 'addBroker', brokerId: 1.5 }, 'brokerId', /whole number, got 1.5/],
    [{ type: 'electLeaders', electionType: 'CLEAN', topic: 'orders', partition: 0 }, 'electionType', /"PREFERRED" or "UNCLEAN", got "CLEAN"/],
    [{ type: 'createTopic', topic: 'orders', assignment: { 0: [1, 'two'] } }, 'assignment["0"][1]', /got "two"/],
    [{ type: 'createTopic', topic: 'orders', configs: { 'retention.ms': 1000 } }, 'configs["retention.ms"]', /expected text/],
  ])('[R2] %j is refused at "%s"', (value, path, reason) => {
    const parsed = parseCommand(value);
    expect(parsed).toMatchObject({ ok: false, path, reason: expect.stringMatching(reason) });
  });

  test('[R3] a field named __proto__ is a field like any other, never a prototype', () => {
    const parsed = parseCommand(JSON.parse('{"type":"createTopic","topic":"t","configs":{"__proto__":"x"}}'));
    expect(parsed.ok && parsed.value.type === 'createTopic' && Object.keys(parsed.value.configs ?? {})).toEqual(['__proto__']);
    expect(parseCommand(JSON.parse('{"type":"killProcess","machine":"b1","__proto__":{}}'))).toMatchObject({ ok: false, path: '__proto__' });
  });

  test('[R3] any JSON is refused or taken whole, never half', () => {
    const types = Object.keys(COMMAND_PARSERS);
    const near = fc
      .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom('machine', 'from', 'to', 'topic', 'partition', 'x'), fc.jsonValue({ maxDepth: 2 })))
      .map(([type, fields]) => ({ type, ...fields }));
    fc.assert(
      fc.property(fc.oneof(near, fc.jsonValue()), (value) => {
        const parsed = parseCommand(value);
        if (parsed.ok) expect(parsed.value).toEqual(value);
        else expect(parsed.reason).not.toBe('');
      }),
      { numRuns: 400 },
    );
  });
});

describe('a scenario from outside', () => {
  test.each(builtInScenarios.map((scenario) => [scenario.name, scenario] as const))('[R4] %s is a scenario that may come from outside', (name, scenario) => {
    expect(parseScenarioText(JSON.stringify(scenario))).toEqual({ ok: true, value: scenario });
    expect(builtInScenario(name)).toBe(scenario);
  });

  test.each(builtInScenarios.map((scenario) => [scenario.name, scenario] as const))(
    '[R5] %s names machines that are there, in order of time, and claims within its length',
    (_, scenario) => {
      const { cluster } = scenario;
      const hosts = [
        'admin',
        ...[1, 2, 3, 4, 5].slice(0, cluster.zookeeperServers).map((id) => `zk${id}`),
        ...cluster.brokers.map((broker) => `b${broker.brokerId}`),
        ...cluster.producers.map((one) => one.name),
        ...cluster.consumers.map((one) => one.name),
      ];
      for (const { command } of scenario.commands) {
        if ('machine' in command) expect(hosts).toContain(command.machine);
        if (command.type === 'produce') expect(hosts).toContain(command.client);
      }
      const times = scenario.commands.map((timed) => timed.atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      for (const claim of scenario.claims) expect(claim.atMs).toBeLessThanOrEqual(scenario.untilMs);
      expect(scenario.claims.some((claim) => claim.type === 'invariantsHold')).toBe(INVARIANT_IDS.length > 0);
      expect(scenario.text?.en.split('\n\n').length).toBe(scenario.text?.ko.split('\n\n').length);
    },
  );

  test('[R5] built-in scenarios have names of their own', () => {
    expect(new Set(builtInScenarios.map((scenario) => scenario.name)).size).toBe(builtInScenarios.length);
  });

  test.each<[string, (scenario: Record<string, unknown>) => void, string, RegExp]>([
    ['a newer format', (s) => (s['format'] = 2), 'format', /format 2, which a newer version/],
    ['no format at all', (s) => (s['format'] = '1'), 'format', /expected 1, got "1"/],
    ['an unknown field', (s) => (s['speed'] = 2), 'speed', /not a known field/],
    ['a name with spaces', (s) => (s['name'] = 'My run'), 'name', /small letters/],
    ['a missing language', (s) => (s['title'] = { en: 'x' }), 'title.ko', /missing/],
    [
      'a wrong command',
      (s) =>
        (s['commands'] = [
          { atMs: 1, command: { type: 'start', machine: 'b1' } },
          { atMs: 2, command: { type: 'start' } },
        ]),
      'commands[1].command.machine',
      /missing/,
    ],
    ['a time before the start', (s) => (s['commands'] = [{ atMs: -1, command: { type: 'start', machine: 'b1' } }]), 'commands[0].atMs', /got -1/],
    ['a wrong claim', (s) => (s['claims'] = [{ type: 'hope', atMs: 1 }]), 'claims[0].type', /named "hope"/],
    ['a claim after the end', (s) => (s['claims'] = [{ type: 'invariantsHold', atMs: 40_001 }]), 'claims[0].atMs', /ends at 40000/],
    [
      'a claim of a span without length',
      (s) => (s['claims'] = [{ type: 'refused', sinceMs: 5000, atMs: 5000, error: 'X' }]),
      'claims[0].sinceMs',
      /not before atMs/,
    ],
    ['a claim that asks for nothing', (s) => (s['claims'] = [{ type: 'traceCount', atMs: 1, event: 'LogTruncated' }]), 'claims[0]', /atLeast or atMost/],
    ['a claim that is always so', (s) => (s['claims'] = [{ type: 'acknowledged', atMs: 1, atLeast: 0 }]), 'claims[0].atLeast', /always so/],
    ['a claim that nothing can fulfil', (s) => (s['claims'] = [{ type: 'acknowledged', atMs: 1, atLeast: 2, atMost: 1 }]), 'claims[0].atLeast', /above atMost/],
    [
      'a claim of an event that no machine tells',
      (s) => (s['claims'] = [{ type: 'traceCount', atMs: 1, event: 'LogTruncate', atMost: 0 }]),
      'claims[0].event',
      /no event named "LogTruncate"/,
    ],
    [
      'a field that the event has not',
      (s) => (s['claims'] = [{ type: 'traceCount', atMs: 1, event: 'LogTruncated', where: { broker: 1 }, atMost: 0 }]),
      'claims[0].where.broker',
      /no such field; it has host, brokerId/,
    ],
    [
      'a value that the field cannot have',
      (s) => (s['claims'] = [{ type: 'traceCount', atMs: 1, event: 'LogTruncated', where: { brokerId: '1' }, atMost: 0 }]),
      'claims[0].where.brokerId',
      /expected a number, got "1"/,
    ],
    [
      'a word that the field cannot hold',
      (s) => (s['claims'] = [{ type: 'traceCount', atMs: 1, event: 'LeaderElected', where: { strategy: 'dirty' }, atMost: 0 }]),
      'claims[0].where.strategy',
      /"offline" or .*"unclean"/,
    ],
    [
      'a claim of a topic that nothing creates',
      (s) => (s['claims'] = [{ type: 'traceCount', atMs: 1, event: 'LogTruncated', where: { topic: 'order' }, atMost: 0 }]),
      'claims[0].where.topic',
      /nothing creates a topic named "order"/,
    ],
    [
      'a claim of a broker that is not there',
      (s) => (s['claims'] = [{ type: 'replica', atMs: 1, topic: 'orders', partition: 0, brokerId: 4, role: 'leader' }]),
      'claims[0].brokerId',
      /no broker 4/,
    ],
    [
      'an order with a machine that is not there',
      (s) =>
        (s['claims'] = [
          {
            type: 'inOrder',
            atMs: 1,
            events: [
              { event: 'ProcessKilled', where: { host: 'b1' } },
              { event: 'ProcessKilled', where: { host: 'b9' } },
            ],
          },
        ]),
      'claims[0].events[1].where.host',
      /no machine named "b9"/,
    ],
    ['no brokers', (s) => (s['cluster'] = { ...firstLook.cluster, brokers: [] }), 'cluster.brokers', /at least one/],
    [
      'a broker config that is no number',
      (s) => (s['cluster'] = { ...firstLook.cluster, brokerConfigs: { 'num.partitions': 'many' } }),
      'cluster.brokerConfigs.num.partitions',
      /Not a number of type INT/,
    ],
    [
      'a producer config out of range',
      (s) =>
        (s['cluster'] = {
          ...firstLook.cluster,
          producers: [{ name: 'p', config: { configs: { acks: '2' }, topic: 't', recordsPerSecond: 1, keyCount: 1, valueBytes: 1 } }],
        }),
      'cluster.producers[0].config.configs.acks',
      /must be one of: all, -1, 0, 1/,
    ],
    ['two ZooKeeper servers', (s) => (s['cluster'] = { ...firstLook.cluster, zookeeperServers: 2 }), 'cluster.zookeeperServers', /1 or 3 or 5/],
    [
      'a broker twice',
      (s) => (s['cluster'] = { ...firstLook.cluster, brokers: [{ brokerId: 1 }, { brokerId: 1 }] }),
      'cluster.brokers[1].brokerId',
      /two brokers 1/,
    ],
    [
      'a client named as a server',
      (s) => (s['cluster'] = { ...firstLook.cluster, consumers: [{ name: 'zk1', config: { configs: {}, topic: 't' } }] }),
      'cluster.consumers[0].name',
      /another machine/,
    ],
  ])('[R6] %s is refused where it stands', (_, spoil, path, reason) => {
    const scenario: Record<string, unknown> = { ...structuredClone(firstLook) };
    spoil(scenario);
    expect(parseScenario(scenario)).toMatchObject({ ok: false, path, reason: expect.stringMatching(reason) });
  });

  test('[R6] text that is no JSON, too long or as deep as the sea is refused', () => {
    expect(parseScenarioText('{"format": 1,')).toMatchObject({ ok: false, reason: expect.stringContaining('no JSON') });
    expect(parseScenarioText(' '.repeat(2_000_001))).toMatchObject({ ok: false, reason: expect.stringContaining('at most') });
    expect(parseScenarioText('['.repeat(500_000) + ']'.repeat(500_000)).ok).toBe(false);
    expect(parseScenarioText(`{"format":${'['.repeat(500_000)}${']'.repeat(500_000)}}`).ok).toBe(false);
  });
});
