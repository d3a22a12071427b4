import { beforeEach, describe, expect, test, vi } from 'vitest';
import { readFile } from '../kernel/files.ts';
import { mapSet, emptyMap } from '../kernel/persistent-map.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { StepContext } from '../kernel/machine-contract.ts';
import type { LinkSettings, MachineCommand, MachineKind, MachineProfile, Surroundings, TraceRecord } from './contract.ts';
import { stateDigest } from './machine.ts';
import { acceptEvent, acceptPacket, checkpointRunner, newOutput, newRunner, nextEventUs, restoreRunner, runEvent, type Runner } from './runner.ts';

/** A program for these tests: what it does on each input is given by the test; what it was told is its state. */
type Effect = SystemEffect<never, never>;
type Input = SystemInput<{ kind: string; text: string; sizeBytes: number }, { text: string }>;
interface Told {
  readonly atUs: number;
  readonly what: string;
}
type Program = (input: Input | { type: 'init' }, context: StepContext) => Effect[];
const programs = new Map<string, Program>();

vi.mock('./process-kinds.ts', () => {
  const runProgram = (host: string, before: readonly Told[], input: Input | { type: 'init' }, context: StepContext): object => {
    const state = { host, told: [...before, { atUs: context.nowUs, what: describeInput(input) }] };
    return { state, effects: programs.get(host)?.(input, context) ?? [] };
  };
  return {
    initProcess: (_spec: unknown, start: { host: string }, context: StepContext) => runProgram(start.host, [], { type: 'init' }, context),
    stepProcess: (state: { host: string; told: Told[] }, input: Input, context: StepContext) => runProgram(state.host, state.told, input, context),
  };
});

function describeInput(input: Input | { type: 'init' }): string {
  switch (input.type) {
    case 'received':
      return `received ${input.message.text}`;
    case 'closed':
      return `closed ${input.reason}`;
    case 'timer':
      return `timer ${input.name}`;
    case 'diskDone':
      return `diskDone ${input.operation}`;
    default:
      return input.type;
  }
}

const PROFILE: MachineProfile = {
  processStartUs: 1000,
  loopbackUs: 10,
  restartDelayUs: 5_000_000,
  tcpRetransmitUs: 200_000,
  tcpGreatestRetransmitUs: 800_000,
  tcpUserTimeoutUs: 10_000_000,
  deviceFlushUs: 500,
  deviceBytesPerSecond: 1_000_000_000,
  deviceSeekUs: 4000,
  dirtyWritebackCentisecs: 100,
  dirtyExpireCentisecs: 300,
  dirtyBackgroundBytes: 0,
  dirtyBackgroundRatio: 10,
  dirtyBytes: 0,
  dirtyRatio: 20,
  memoryBytes: 8_000_000_000,
  readAheadKb: 128,
};
const LINK: LinkSettings = { latencyUs: 1000, jitterUs: 300, lossPerMillion: 0, bytesPerSecond: 1_000_000_000 };
const HOSTS = ['a', 'b', 'c'];

interface Net {
  runners: Runner[];
  traces: TraceRecord[];
}

function newNet(link: LinkSettings = LINK): Net {
  let ranks = emptyMap<number>();
  HOSTS.forEach((host, rank) => (ranks = mapSet(ranks, host, rank)));
  const kinds: MachineKind[] = HOSTS.map(() => 'broker');
  const surroundings: Surroundings = {
    ranks,
    hosts: HOSTS,
    kinds,
    links: { zookeeperToZookeeper: link, brokerToZookeeper: link, brokerToBroker: link, clientToBroker: link },
  };
  const runners = HOSTS.map((host, rank) =>
    newRunner({ spec: { rank, host, process: { kind: 'zooKeeper' } as never, profile: PROFILE }, seed: 5, epochMs: 0, surroundings }),
  );
  const net = { runners, traces: [] };
  HOSTS.forEach((_, rank) => command(net, rank, { type: 'start' }, 0));
  return net;
}

let commandCount = 0;
function command(net: Net, rank: number, what: MachineCommand, atUs: number): void {
  acceptEvent(net.runners[rank] as Runner, { atUs, class: 0, source: -1, sequence: commandCount++, input: { type: 'command', command: what } });
}

/** One event at a time in the order (time, rank). */
function run(net: Net, untilUs: number): void {
  for (;;) {
    const runner = net.runners.reduce((first, other) => (nextEventUs(other) < nextEventUs(first) ? other : first));
    if (nextEventUs(runner) >= untilUs) return;
    const output = newOutput();
    runEvent(runner, output);
    for (const packet of output.packets) acceptPacket(net.runners[packet.to] as Runner, packet);
    net.traces.push(...output.traces);
  }
}

function told(net: Net, rank: number): string[] {
  return toldWithTimes(net, rank).map((entry) => entry.what);
}
function toldWithTimes(net: Net, rank: number): Told[] {
  return (net.runners[rank]?.state.process.state as unknown as { told: Told[] } | null)?.told ?? [];
}
const data = (text: string): never => ({ kind: 'test', text, sizeBytes: 100 }) as never;
const connect = (host: string): Effect => ({ type: 'connect', owner: 'me', connection: 100, host, port: 9 });
const listen: Effect = { type: 'listen', port: 9 };

beforeEach(() => {
  programs.clear();
  commandCount = 0;
});

/** `a` connects to `b` and says hello when connected; `b` listens and answers. */
function helloPrograms(): void {
  programs.set('a', (input) =>
    input.type === 'init'
      ? [{ type: 'setTimer', owner: 'me', name: 'go', atUs: 5000 }]
      : input.type === 'timer' && input.name === 'go'
        ? [connect('b')]
        : input.type === 'connected'
          ? [{ type: 'send', connection: 100, message: data('hello') }]
          : [],
  );
  programs.set('b', (input) =>
    input.type === 'init' ? [listen] : input.type === 'received' ? [{ type: 'send', connection: input.connection, message: data('welcome') }] : [],
  );
}

describe('connections', () => {
  test('[R2] a handshake, a message and an answer take a latency each, in order', () => {
    helloPrograms();
    const net = newNet();
    run(net, 1_000_000);
    expect(told(net, 0)).toEqual(['init', 'timer go', 'connected', 'received welcome']);
    expect(told(net, 1)).toEqual(['init', 'accepted', 'received hello']);
    const [, , connected, welcome] = toldWithTimes(net, 0);
    expect(connected?.atUs).toBeGreaterThanOrEqual(7000);
    expect(connected?.atUs).toBeLessThan(7700);
    expect((welcome?.atUs ?? 0) - (connected?.atUs ?? 0)).toBeGreaterThanOrEqual(2000);
  });

  test('[R4] nobody listens: refused; SIGKILL: the peer learns it; unknown host: refused', () => {
    programs.set('a', (input) =>
      input.type === 'init'
        ? [{ type: 'setTimer', owner: 'me', name: 'go', atUs: 5000 }]
        : input.type === 'timer'
          ? [connect('b'), { type: 'connect', owner: 'me', connection: 101, host: 'nowhere', port: 1 }]
          : [],
    );
    const net = newNet();
    run(net, 100_000);
    expect(told(net, 0)).toEqual(['init', 'timer go', 'closed refused', 'closed refused']);
    helloPrograms();
    const second = newNet();
    command(second, 1, { type: 'kill' }, 50_000);
    run(second, 100_000);
    expect(told(second, 0).at(-1)).toBe('closed closed');
    expect(second.runners[1]?.state.process.status).toBe('killed');
  });

  test('[R3] a cut holds what is sent and healing delivers it in order; a cut for too long resets', () => {
    helloPrograms();
    const sendTen: Program = (input) =>
      input.type === 'connected'
        ? [{ type: 'setTimer', owner: 'me', name: 'burst', atUs: 30_000 }]
        : input.type === 'timer' && input.name === 'burst'
          ? Array.from({ length: 10 }, (_, i): Effect => ({ type: 'send', connection: 100, message: data(`m${i}`) }))
          : [];
    const hello = programs.get('a') as Program;
    programs.set('a', (input, context) => [...hello(input, context).filter((effect) => effect.type !== 'send'), ...sendTen(input, context)]);
    const net = newNet();
    command(net, 0, { type: 'setLink', to: 1, cut: true, settings: null }, 20_000);
    command(net, 0, { type: 'setLink', to: 1, cut: false, settings: null }, 700_000);
    run(net, 650_000);
    expect(told(net, 1)).toEqual(['init', 'accepted']);
    run(net, 5_000_000);
    expect(told(net, 1).slice(2)).toEqual(Array.from({ length: 10 }, (_, i) => `received m${i}`));
    const second = newNet();
    command(second, 0, { type: 'setLink', to: 1, cut: true, settings: null }, 20_000);
    run(second, 20_000_000);
    expect(told(second, 0).at(-1)).toBe('closed timeout');
    expect(second.traces.map((record) => record.event.type)).toContain('ConnectionClosed');
  });

  test('[R5] a power cut says nothing; what is sent into it meets a reset after power comes back', () => {
    helloPrograms();
    const net = newNet();
    command(net, 1, { type: 'powerOff', exactDevice: null, torn: false }, 50_000);
    run(net, 500_000);
    expect(told(net, 0).at(-1)).toBe('received welcome');
    programs.set('a', (input) => (input.type === 'diskDone' ? [{ type: 'send', connection: 100, message: data('anyone?') }] : []));
    acceptEvent(net.runners[0] as Runner, {
      atUs: 600_000,
      class: 2,
      source: 0,
      sequence: 999,
      input: { type: 'flushDone', owner: 'me', operation: 1, path: 'x', image: null, incarnation: 1, boot: 0 },
    });
    command(net, 1, { type: 'start' }, 900_000);
    run(net, 800_000);
    expect(told(net, 0).at(-1)).toBe('diskDone 1');
    run(net, 2_000_000);
    expect(told(net, 0).at(-1)).toBe('closed reset');
  });

  test('[R4] SIGSTOP keeps sockets open: what arrives waits and is handled at SIGCONT', () => {
    helloPrograms();
    const net = newNet();
    command(net, 1, { type: 'pause' }, 4000);
    run(net, 300_000);
    expect(told(net, 0).at(-1)).toBe('connected');
    expect(told(net, 1)).toEqual(['init']);
    command(net, 1, { type: 'resume' }, 300_000);
    run(net, 400_000);
    expect(told(net, 1)).toEqual(['init', 'accepted', 'received hello']);
    expect(told(net, 0).at(-1)).toBe('received welcome');
  });
});

describe('timers and order', () => {
  test('[R7] setting a timer again replaces it, cancelling removes it, a dead process gets none', () => {
    programs.set('a', (input) =>
      input.type === 'init'
        ? [
            { type: 'setTimer', owner: 'me', name: 'once', atUs: 10_000 },
            { type: 'setTimer', owner: 'me', name: 'once', atUs: 20_000 },
            { type: 'setTimer', owner: 'me', name: 'never', atUs: 15_000 },
            { type: 'cancelTimer', owner: 'me', name: 'never' },
            { type: 'setTimer', owner: 'me', name: 'late', atUs: 90_000 },
          ]
        : [],
    );
    const net = newNet();
    command(net, 0, { type: 'kill' }, 50_000);
    run(net, 49_000);
    expect(toldWithTimes(net, 0).map((entry) => [entry.what, entry.atUs])).toEqual([
      ['init', 1000],
      ['timer once', 20_000],
    ]);
    command(net, 0, { type: 'start' }, 60_000);
    run(net, 95_000);
    expect(told(net, 0)).toEqual(['init', 'timer once', 'timer once', 'timer late'].filter((_, i) => i !== 2));
  });

  test('[R7] a timer moved time and again keeps one event in the heap, and fires at its last time, in its last place', () => {
    programs.set('a', (input, context) => {
      if (input.type === 'init') return [{ type: 'setTimer', owner: 'me', name: 'tick', atUs: 2000 }];
      if (input.type !== 'timer') return [];
      if (input.name !== 'tick' || context.nowUs >= 50_000) return [];
      return [
        { type: 'setTimer', owner: 'me', name: 'deadline', atUs: context.nowUs + 30_000 },
        // Set after the deadline at the same instant: comes after it.
        { type: 'setTimer', owner: 'me', name: 'follower', atUs: context.nowUs + 30_000 },
        { type: 'cancelTimer', owner: 'me', name: 'gone' },
        { type: 'setTimer', owner: 'me', name: 'gone', atUs: context.nowUs + 1500 },
        { type: 'setTimer', owner: 'me', name: 'tick', atUs: context.nowUs + 1000 },
      ];
    });
    const net = newNet();
    run(net, 49_500);
    expect(net.runners[0]?.heap.items.length).toBe(4);
    expect(net.runners[0]?.state.stepCount).toBeLessThan(55);
    run(net, 200_000);
    const fired = toldWithTimes(net, 0).filter((entry) => entry.what !== 'timer tick');
    expect(fired.map((entry) => [entry.what, entry.atUs])).toEqual([
      ['init', 1000],
      ['timer gone', 50_500],
      ['timer deadline', 79_000],
      ['timer follower', 79_000],
    ]);
    expect(net.runners[0]?.heap.items.length).toBe(0);
    expect(net.runners[0]?.state.process.timers).toEqual([]);
  });

  test('[R8] the same run gives the same hash; loss and jitter come from the seed; one more byte changes it', () => {
    const lossy: LinkSettings = { ...LINK, lossPerMillion: 200_000 };
    const hashes = [1, 2, 3].map((variant) => {
      helloPrograms();
      if (variant === 3)
        programs.set('b', (input) =>
          input.type === 'init'
            ? [listen]
            : input.type === 'received'
              ? [{ type: 'send', connection: input.connection, message: { kind: 'test', text: 'welcome', sizeBytes: 101 } as never }]
              : [],
        );
      const net = newNet(lossy);
      run(net, 10_000_000);
      return net.runners.map((runner) => runner.state.lanes);
    });
    expect(hashes[0]).toEqual(hashes[1]);
    expect(hashes[0]).not.toEqual(hashes[2]);
  });

  test('[R8] a checkpoint goes on to the very same state, and the original is not disturbed', () => {
    helloPrograms();
    const net = newNet();
    run(net, 6500);
    const options = { seed: 5, epochMs: 0, surroundings: (net.runners[0] as Runner).environment.surroundings };
    const copy: Net = { runners: net.runners.map((runner) => restoreRunner(options, structuredClone(checkpointRunner(runner)))), traces: [] };
    run(net, 1_000_000);
    run(copy, 1_000_000);
    expect(copy.runners.map((runner) => stateDigest(runner.state))).toEqual(net.runners.map((runner) => stateDigest(runner.state)));
  });
});

describe('disk', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const files = (net: Net): string[] =>
    ['log', 'checkpoint', 'checkpoint.tmp'].map((path) => `${path}:${[...(readFile((net.runners[0] as Runner).state.disk.cache, path) ?? ['none'])].join('')}`);

  test('[R4] SIGKILL keeps the page cache; [R5] a power cut keeps what was flushed and at most a prefix of the rest', () => {
    programs.set('a', (input) =>
      input.type === 'init'
        ? [
            { type: 'append', path: 'log', bytes: bytes(1, 2) },
            { type: 'flush', owner: 'me', operation: 7, path: 'log' },
            { type: 'setTimer', owner: 'me', name: 'more', atUs: 100_000 },
          ]
        : input.type === 'timer'
          ? [{ type: 'append', path: 'log', bytes: bytes(3, 4) }]
          : [],
    );
    const net = newNet();
    run(net, 200_000);
    expect(told(net, 0)).toEqual(['init', 'diskDone 7', 'timer more']);
    command(net, 0, { type: 'kill' }, 200_000);
    run(net, 300_000);
    expect(files(net)[0]).toBe('log:1234');
    command(net, 0, { type: 'powerOff', exactDevice: null, torn: false }, 300_000);
    run(net, 400_000);
    expect(files(net)[0]).toMatch(/^log:12(34?)?$/);
    const exact = newNet();
    run(exact, 200_000);
    command(exact, 0, { type: 'powerOff', exactDevice: (exact.runners[0] as Runner).state.disk.flushSequence, torn: false }, 300_000);
    run(exact, 400_000);
    expect(files(exact)[0]).toBe('log:12');
  });

  test('[R6] a checkpoint written by tmp, flush and rename is whole or old after a power cut at any moment', () => {
    const replaceCheckpoint = (value: number): Effect[] => [
      { type: 'replace', path: 'checkpoint.tmp', bytes: bytes(value, value, value) },
      { type: 'flush', owner: 'me', operation: value, path: 'checkpoint.tmp' },
      { type: 'rename', from: 'checkpoint.tmp', to: 'checkpoint' },
      { type: 'setTimer', owner: 'me', name: 'next', atUs: 0 },
    ];
    const seen = new Set<string>();
    for (let cutUs = 1500; cutUs < 30_000; cutUs += 137) {
      let value = 0;
      programs.set('a', (input, context) =>
        input.type === 'init' || input.type === 'timer'
          ? replaceCheckpoint(++value).map((effect) => (effect.type === 'setTimer' ? { ...effect, atUs: context.nowUs + 3000 } : effect))
          : [],
      );
      const net = newNet();
      command(net, 0, { type: 'powerOff', exactDevice: null, torn: false }, cutUs);
      run(net, cutUs + 1000);
      const left = files(net)[1] ?? '';
      expect(left).toMatch(/^checkpoint:(none|(\d)\2\2|101010)$/);
      seen.add(left);
    }
    expect(seen.size).toBeGreaterThan(4);
  });

  test('[R6] a cut is durable with the next fsync of any file: a log never grows back beyond its flushed checkpoint', () => {
    for (let cutUs = 50_500; cutUs < 53_000; cutUs += 211) {
      programs.set('a', (input) =>
        input.type === 'init'
          ? [
              { type: 'append', path: 'log', bytes: bytes(1, 2, 3) },
              { type: 'flush', owner: 'me', operation: 1, path: 'log' },
              { type: 'setTimer', owner: 'me', name: 'cut', atUs: 50_000 },
            ]
          : input.type === 'timer'
            ? [
                { type: 'resize', path: 'log', sizeBytes: 1 },
                { type: 'replace', path: 'checkpoint.tmp', bytes: bytes(7) },
                { type: 'flush', owner: 'me', operation: 2, path: 'checkpoint.tmp' },
                { type: 'rename', from: 'checkpoint.tmp', to: 'checkpoint' },
              ]
            : [],
      );
      const net = newNet();
      command(net, 0, { type: 'powerOff', exactDevice: null, torn: false }, cutUs);
      run(net, cutUs + 1000);
      const [log, checkpoint] = files(net);
      if (checkpoint === 'checkpoint:7') expect(log).toBe('log:1');
      else expect(['log:1', 'log:123']).toContain(log);
    }
  });

  test('[R5] write-back makes dirty files durable after their time, and rests when nothing is dirty', () => {
    programs.set('a', (input) => (input.type === 'init' ? [{ type: 'append', path: 'log', bytes: bytes(5, 6) }] : []));
    const net = newNet();
    run(net, 2_900_000);
    expect(readFile((net.runners[0] as Runner).state.disk.device, 'log')).toEqual(bytes());
    run(net, 5_000_000);
    expect(readFile((net.runners[0] as Runner).state.disk.device, 'log')).toEqual(bytes(5, 6));
    expect(nextEventUs(net.runners[0] as Runner)).toBe(Infinity);
  });
});
