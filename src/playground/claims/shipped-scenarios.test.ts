import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Claim } from '../../engine/world/claim.ts';
import { ENGINE_VERSION } from '../engine-version.ts';
import { builtInScenarios } from '../scenarios/built-in-scenarios.ts';
import { claimWords } from './claim-words.ts';
import { falseVersion } from './false-claims.test-support.ts';
import { passed, playScenario } from './play-scenario.ts';

const GOLDEN = JSON.parse(readFileSync(new URL('../golden-hashes.json', import.meta.url), 'utf8')) as {
  engineVersion: number;
  traceHashes: Record<string, string>;
};
const RENEW = 'If the engine is meant to behave otherwise now: npm run goldens';

describe.each(builtInScenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
  test('[R4] keeps every claim, and its trace hash is the recorded one', () => {
    const run = playScenario(scenario);
    const broken = run.claims
      .filter(({ judgement }) => judgement?.holds !== true)
      .map(({ claim, judgement }) => `${claimWords(claim).en} Found: ${judgement?.found.en}`);
    expect(broken).toEqual([]);
    expect(passed(run)).toBe(true);
    expect(run.traceHash, `the trace hash of ${name}. ${RENEW}`).toBe(GOLDEN.traceHashes[name]);
  });

  test('[R4] none of its claims, made false, would hold', () => {
    const opposites = scenario.claims.map(falseVersion).filter((claim): claim is Claim => claim !== null);
    expect(opposites.length).toBeGreaterThan(10);
    const run = playScenario({ ...scenario, claims: opposites });
    expect(run.claims.filter(({ judgement }) => judgement?.holds !== false).map(({ claim }) => claimWords(claim).en)).toEqual([]);
  });

  test('[R6] says each claim in both languages, in one sentence, without a hole', () => {
    for (const claim of scenario.claims) {
      const { en, ko } = claimWords(claim);
      expect(en).toMatch(/^(At|By|From|Up to) .*\.$/);
      expect(ko).toMatch(/^\d.*[.]$/);
      expect(en + ko).not.toMatch(/undefined|null|NaN|\[object|\([이은을과으]\)/);
    }
  });
});

test('[R4] hashes are recorded for the scenarios that are shipped, for this engine version', () => {
  expect(Object.keys(GOLDEN.traceHashes).toSorted()).toEqual(builtInScenarios.map((scenario) => scenario.name).toSorted());
  expect(GOLDEN.engineVersion).toBe(ENGINE_VERSION);
});
