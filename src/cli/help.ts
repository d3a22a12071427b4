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
    '      --disk-out DIR writes what is on every machine’s disk at the end into DIR/b1, DIR/zk1, ...: as its page cache shows it, so what',
    '                     a power cut would take is there too. Kafka’s own tools read these files. DIR must be empty, or not be yet.',
    '',
    '  npm run -s highwater -- dump-log <file>... [--print-data-log] [--deep-iteration] [--skip-record-metadata] [--max-bytes N]',
    '      Prints a .log, .index, .timeindex, .txnindex or .snapshot as kafka-dump-log.sh does, with the options of Kafka’s tool.',
    '      --print-data-log        keys and values too; implies --deep-iteration, which prints each record and not only each batch.',
    '      --verify-index-only     holds the entries of an index against its .log, printing only what is wrong.',
    '      --index-sanity-check    makes only the check that a broker makes when it starts.',
    '      --files a,b             as in Kafka’s tool; the same as naming the files. --max-message-size N is known too.',
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
