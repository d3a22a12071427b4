import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deflateSync } from 'fflate';
import type { Command } from '../../engine/world/command.ts';
import { builtInScenarios } from '../scenarios/built-in-scenarios.ts';
import { firstLook } from '../scenarios/first-look.ts';
import { toBase64Url } from './base64url.ts';
import { decodeLink, encodeLink } from './link.ts';
import { readTime, writeTime } from './readable-link.ts';
import { LINK_LIMITS, type SharedRun } from './shared-run.ts';

const RUN: SharedRun = {
  scenario: firstLook,
  seed: 7,
  script: 'played',
  commands: [
    { atUs: 8_000_000, command: { type: 'killProcess', machine: 'b1' } },
    { atUs: 9_250_000, command: { type: 'cutLink', from: 'b2', to: 'zk1', oneWay: true } },
    { atUs: 9_250_000, command: { type: 'produce', client: 'producer-1', topic: 'orders', partition: null, key: 'a&b', value: 'x=(1);y' } },
  ],
  momentUs: 12_500_000,
  engineVersion: 1,
  traceHash: '00ff00ff12345678',
};

describe('readable links', () => {
  test('[R1] a short run is a link that a person can read, and it comes back as it was', () => {
    const encoded = encodeLink(RUN);
    expect(encoded).toEqual({
      ok: true,
      link: '#/1/first-look?seed=7&do=8s:killProcess(b1)&do=9.25s:cutLink(from=b2;to=zk1;oneWay=true)&do=9.25s:produce(client=producer-1;topic=orders;key=a%26b;value=x%3D%281%29%3By)&t=12.5s&v=1&hash=00ff00ff12345678',
    });
    expect(encoded.ok && decodeLink(encoded.link)).toEqual({ ok: true, run: RUN });
  });

  test('[R1] what is left out has its default, so a link can be typed', () => {
    expect(decodeLink('#/1/first-look')).toEqual({
      ok: true,
      run: { scenario: firstLook, seed: firstLook.seed, script: 'played', commands: [], momentUs: 0, engineVersion: null, traceHash: null },
    });
    expect(decodeLink('#/1/first-look?t=1500ms&script=off')).toMatchObject({ ok: true, run: { momentUs: 1_500_000, script: 'replaced' } });
  });

  test('[R1] a link ends with a letter or digit, so that no reader of messages cuts off its end', () => {
    for (const run of [RUN, { ...RUN, traceHash: null }, { ...RUN, traceHash: null, engineVersion: null }]) {
      const encoded = encodeLink(run);
      expect(encoded.ok && encoded.link).toMatch(/[a-z0-9]$/);
    }
  });

  test.each<[string, number, RegExp]>([
    ['', 0, /such as #\/1\/first-look/],
    ['first-look', 0, /expected a link/],
    ['#/2/first-look', 2, /newer version/],
    ['#/0/first-look', 2, /no link format 0/],
    ['#/1/last-look', 4, /no scenario named "last-look"; there are first-look, /],
    ['#/1/__proto__', 4, /no scenario/],
    ['#/1/first-look?', 15, /expected seed=/],
    ['#/1/first-look?speed=2', 15, /got "speed=2"/],
    ['#/1/first-look?seed=7&seed=8', 27, /twice/],
    ['#/1/first-look?seed=-7', 20, /whole number/],
    ['#/1/first-look?seed=4294967296', 20, /up to 4294967295/],
    ['#/1/first-look?t=soon', 17, /a time such as/],
    ['#/1/first-look?t=1.5us', 17, /finer than a microsecond/],
    ['#/1/first-look?t=86401s', 17, /past the end of a day/],
    ['#/1/first-look?hash=XYZ', 20, /16 hexadecimal/],
    ['#/1/first-look?script=on', 22, /can only be off/],
    ['#/1/first-look?do=killProcess(b1)', 18, /a time and a command/],
    ['#/1/first-look?do=1s:explode(b1)', 21, /no command named "explode"/],
    ['#/1/first-look?do=1s:killProcess()', 21, /machine is missing/],
    ['#/1/first-look?do=1s:killProcess(b1', 21, /such as killProcess\(b1\)/],
    ['#/1/first-look?do=1s:cutLink(from=b1;to=b2;hard=true)', 43, /is none of from, to, oneWay/],
    ['#/1/first-look?do=1s:cutLink(from=b1;from=b2)', 37, /from is given twice/],
    ['#/1/first-look?do=1s:cutLink(from=b1;to=b2;oneWay=yes)', 50, /true or false/],
    ['#/1/first-look?do=1s:addBroker(brokerId=four)', 40, /expected a number/],
    ['#/1/first-look?do=1s:killProcess(%E0%A4%A)', 33, /percent-encoded/],
    ['#/1/first-look?do=2s:start(b1)&do=1s:start(b2)', 34, /earlier than the one before/],
    ['#/1/first-look?do=1s:electLeaders(electionType=CLEAN;topic=orders;partition=0)', 21, /electionType expected "PREFERRED"/],
  ])('[R2] %s is refused at %i', (link, position, reason) => {
    expect(decodeLink(link)).toEqual({ ok: false, position, reason: expect.stringMatching(reason) });
  });

  test('[R3] any instant within a day is written exactly', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (drawn) => {
        const instantUs = drawn % (LINK_LIMITS.instantUs + 1);
        expect(readTime(writeTime(instantUs), 0)).toBe(instantUs);
      }),
    );
  });
});

describe('compressed links', () => {
  const long: SharedRun = {
    ...RUN,
    commands: Array.from({ length: 200 }, (_, i) => ({
      atUs: i * 100_000,
      command: { type: i % 2 === 0 ? 'killProcess' : 'start', machine: 'b1' } as Command,
    })),
  };
  const own: SharedRun = { ...RUN, commands: [], scenario: { ...firstLook, name: 'my-own', text: { en: 'Mine', ko: '내 것' } } };

  test('[R4] a long run is compressed and comes back as it was', () => {
    const encoded = encodeLink(long);
    expect(encoded.ok && encoded.link).toMatch(/^#\/1\/~[A-Za-z0-9_-]{100,2000}$/);
    expect(encoded.ok && decodeLink(encoded.link)).toEqual({ ok: true, run: long });
  });

  test("[R4] a scenario of one's own travels whole, also one that only has the name of a built-in one", () => {
    for (const run of [own, { ...own, scenario: { ...own.scenario, name: 'first-look' } }]) {
      const encoded = encodeLink(run);
      expect(encoded.ok && decodeLink(encoded.link)).toEqual({ ok: true, run });
    }
  });

  test('[R4] commands that cannot be written in words make a compressed link', () => {
    const commands: Command[] = [
      { type: 'siteReload', flushSequences: { b1: 4 } },
      { type: 'addProducer', name: 'producer-2', config: { configs: { acks: '1' }, topic: 'orders', recordsPerSecond: 1, keyCount: 0, valueBytes: 4 } },
      { type: 'createTopic', topic: 'x', configs: { 'cleanup.policy': 'compact' } },
      { type: 'produce', client: 'producer-1', topic: 'orders', partition: 0, key: null, value: 'lone \ud800 surrogate' },
    ];
    for (const command of commands) {
      const run: SharedRun = { ...RUN, commands: [{ atUs: 1, command }] };
      const encoded = encodeLink(run);
      expect(encoded.ok && encoded.link.startsWith('#/1/~')).toBe(true);
      expect(encoded.ok && decodeLink(encoded.link)).toEqual({ ok: true, run });
    }
  });

  test('[R5] one changed character anywhere is noticed', () => {
    const encoded = encodeLink(own);
    if (!encoded.ok) throw new Error(encoded.reason);
    const start = '#/1/~'.length;
    for (let at = start; at < encoded.link.length; at += 3) {
      const other = encoded.link.charAt(at) === 'A' ? 'B' : 'A';
      const damaged = encoded.link.slice(0, at) + other + encoded.link.slice(at + 1);
      const decoded = decodeLink(damaged);
      if (decoded.ok) expect(decoded.run).toEqual(own);
      else expect(decoded.position).toBeGreaterThanOrEqual(start);
    }
    expect(decodeLink(encoded.link.slice(0, -5)).ok).toBe(false);
    expect(decodeLink(`${encoded.link}.`)).toMatchObject({ ok: false });
  });

  test('[R6] a run too large for a link is told so, nothing is left out', () => {
    const many = Array.from({ length: 9000 }, (_, i) => ({
      atUs: i * 997,
      command: {
        type: 'produce',
        client: 'producer-1',
        topic: 'orders',
        partition: 0,
        key: null,
        value: `${(i * 2654435761) % 4294967296}-${(i * 40503) % 65537}-${i}`,
      } as Command,
    }));
    expect(encodeLink({ ...RUN, commands: many })).toMatchObject({ ok: false, reason: expect.stringMatching(/characters; at most 65536/) });
    expect(decodeLink(`#/1/${'a'.repeat(LINK_LIMITS.chars)}`)).toMatchObject({ ok: false, position: LINK_LIMITS.chars });
  });

  test('[R6] a small link that holds a flood of bytes is refused before it fills the memory', () => {
    const bomb = deflateSync(new Uint8Array(40_000_000).fill(32), { level: 9 });
    const link = `#/1/~${toBase64Url(Uint8Array.of(0, 0, 0, 0, ...bomb))}`;
    expect(link.length).toBeLessThan(LINK_LIMITS.chars);
    expect(decodeLink(link)).toMatchObject({ ok: false, reason: expect.stringMatching(/more than 1000000 bytes/) });
  });
});

describe('links from anywhere', () => {
  const commandArbitrary: fc.Arbitrary<Command> = fc.oneof(
    fc.record({
      type: fc.constantFrom('killProcess' as const, 'powerOff' as const, 'start' as const),
      machine: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
    }),
    fc.record({
      type: fc.constant('slowLink' as const),
      from: fc.constant('b1'),
      to: fc.constant('b2'),
      latencyMs: fc.double({ min: 0.001, max: 60_000, noNaN: true }),
    }),
    fc.record({
      type: fc.constant('produce' as const),
      client: fc.constant('p'),
      topic: fc.string({ maxLength: 9 }),
      partition: fc.option(fc.nat(9)),
      key: fc.option(fc.string()),
      value: fc.string({ unit: 'binary' }),
    }),
  );
  const runArbitrary: fc.Arbitrary<SharedRun> = fc.record({
    scenario: fc.constantFrom(...builtInScenarios),
    seed: fc.nat(4_294_967_295),
    script: fc.constantFrom('played' as const, 'replaced' as const),
    commands: fc
      .array(fc.record({ atUs: fc.nat(60_000_000), command: commandArbitrary }), { maxLength: 8 })
      .map((commands) => commands.toSorted((a, b) => a.atUs - b.atUs)),
    momentUs: fc.nat(90_000_000),
    engineVersion: fc.option(fc.nat(1000)),
    traceHash: fc.option(fc.constant('0123456789abcdef')),
  });

  test('[R7] any run comes back as it was', () => {
    fc.assert(
      fc.property(runArbitrary, (run) => {
        const encoded = encodeLink(run);
        expect(encoded.ok && decodeLink(encoded.link)).toEqual({ ok: true, run });
      }),
      { numRuns: 200 },
    );
  });

  test('[R7] a link changed in any way is read whole or refused with a place inside it', () => {
    const change = fc.record({
      at: fc.nat(),
      length: fc.nat(5),
      insert: fc.string({ maxLength: 5, unit: fc.constantFrom(...'~=&?:;()%,.#/0a9sZ -_é\ud83d') }),
    });
    fc.assert(
      fc.property(runArbitrary, fc.array(change, { minLength: 1, maxLength: 4 }), (run, changes) => {
        const encoded = encodeLink(run);
        if (!encoded.ok) throw new Error(encoded.reason);
        let link = encoded.link;
        for (const one of changes) {
          const at = one.at % (link.length + 1);
          link = link.slice(0, at) + one.insert + link.slice(at + one.length);
        }
        const decoded = decodeLink(link);
        if (decoded.ok) {
          const again = encodeLink(decoded.run);
          expect(again.ok && decodeLink(again.link)).toEqual(decoded);
        } else {
          expect(decoded.reason).not.toBe('');
          expect(decoded.position).toBeGreaterThanOrEqual(0);
          expect(decoded.position).toBeLessThanOrEqual(link.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
