import { builtInScenarios } from '../playground/scenarios/built-in-scenarios.ts';

/** What `--help` prints. */
export function helpLines(): readonly string[] {
  return [
    'Highwater without a page: Apache Kafka, played in this terminal.',
    '',
    '  npm run -s highwater -- run <scenario> [--until 60s] [--seed N] [--trace] [--lang en|ko]',
    '      Plays a scenario and tells what happens, which of its claims hold, and the trace hash.',
    '      <scenario>     a file, or the name of a shipped one:',
    `                     ${builtInScenarios.map((scenario) => scenario.name).join(', ')}`,
    '      --until 60s    plays to this moment of virtual time, not to the scenario’s own end (ms, s, m or h).',
    '                     Claims that lie later are not judged, and count as not held.',
    '      --seed N       another seed: other delays, other chances. Claims were made for the scenario’s own.',
    '      --trace        every event of the engine as well, one a line.',
    '      --lang ko      in Korean.',
    '',
    '  npm run -s highwater -- conformance <folder>',
    '      Holds the engine against facts recorded from real Kafka, and ends with "N passed, N failed".',
    '',
    '  npm run -s highwater -- seed N [--lang en|ko]',
    '      Plays one run of random kills, cuts, pauses and power cuts, heals it, and tells what is not as it must be.',
    '',
    '  npm run -s highwater -- --help',
    '',
    'Exit status: 0 when everything holds; 1 when something does not; 2 when the command or the scenario cannot be understood.',
  ];
}
