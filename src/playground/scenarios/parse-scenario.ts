import { configProblem } from '../../engine/world/config-problem.ts';
import type { ClusterSpec, Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { timingProfile } from '../../engine/world/timing-profile.ts';
import { claimProblem } from './claim-problem.ts';
import { jsonProblem } from './json-problem.ts';
import { claimParser } from './parse-claim.ts';
import {
  assignment,
  commandParser,
  configs,
  consumerSpec,
  instantMs,
  LIMITS,
  machineName,
  partitionCount,
  producerSpec,
  replicationFactor,
} from './parse-command.ts';
import { demanding, integer, list, object, oneOf, optional, refuse, text, type Parsed, type Parser } from './schema.ts';

const MOST_MACHINES = 50;
export const MOST_COMMANDS = 10_000;
/** Of a scenario file, in characters. */
export const MOST_SCENARIO_CHARS = 2_000_000;

const inBothLanguages = (most: number): Parser<{ readonly en: string; readonly ko: string }> => object({ en: text({ most }), ko: text({ most }) });
const timedCommand: Parser<TimedCommand> = object({ atMs: instantMs, command: commandParser });

const topicSpec = object({
  topic: text({ least: 1, most: LIMITS.nameChars }),
  partitionCount,
  replicationFactor,
  configs: optional(configs),
  assignment: optional(assignment),
});

const clusterParser: Parser<ClusterSpec> = demanding(
  object({
    mode: oneOf('zookeeper'),
    zookeeperServers: oneOf(1, 3, 5),
    brokers: list(object({ brokerId: integer({ least: 0, most: LIMITS.brokerId }), rack: optional(text({ least: 1, most: 60 })) }), MOST_MACHINES),
    brokerConfigs: configs,
    timing: oneOf('classroom', 'kafka'),
    epochMs: integer({ least: 0, most: 8_640_000_000_000_000 }),
    topics: list(topicSpec, 200),
    producers: list(object({ name: machineName, config: producerSpec }), MOST_MACHINES),
    consumers: list(object({ name: machineName, config: consumerSpec }), MOST_MACHINES),
  }),
  (cluster) =>
    cluster.brokers.length === 0 ? { path: 'brokers', reason: 'a cluster has at least one broker' } : (machineProblem(cluster) ?? configsProblem(cluster)),
);

/** Machines are named by host, so no two may share a name, and clients may not take the names of servers. */
function machineProblem(cluster: ClusterSpec): { path: string; reason: string } | null {
  const taken = new Set(['admin']);
  for (let myid = 1; myid <= cluster.zookeeperServers; myid++) taken.add(`zk${myid}`);
  for (const [i, broker] of cluster.brokers.entries()) {
    if (taken.has(`b${broker.brokerId}`)) return { path: `brokers[${i}].brokerId`, reason: `there are two brokers ${broker.brokerId}` };
    taken.add(`b${broker.brokerId}`);
  }
  for (const kind of ['producers', 'consumers'] as const) {
    for (const [i, client] of cluster[kind].entries()) {
      if (taken.has(client.name)) return { path: `${kind}[${i}].name`, reason: `there is another machine named ${JSON.stringify(client.name)}` };
      taken.add(client.name);
    }
  }
  return null;
}

/** What brokers and clients would refuse to start with, in Kafka's words. */
function configsProblem(cluster: ClusterSpec): { path: string; reason: string } | null {
  const profile = timingProfile(cluster.timing);
  const broker = configProblem('broker', cluster.brokerConfigs, profile.brokerConfigs);
  if (broker !== null) return { path: `brokerConfigs.${broker.name}`, reason: broker.reason };
  for (const kind of ['producers', 'consumers'] as const) {
    for (const [i, client] of cluster[kind].entries()) {
      const problem = configProblem(kind === 'producers' ? 'producer' : 'consumer', client.config.configs);
      if (problem !== null) return { path: `${kind}[${i}].config.configs.${problem.name}`, reason: problem.reason };
    }
  }
  return null;
}

/** Formats rise by one; old ones keep being read. */
const format: Parser<1> = (value, path) =>
  typeof value === 'number' && Number.isInteger(value) && value > 1
    ? refuse(path, `this scenario is of format ${value}, which a newer version of Highwater wrote; this one knows format 1`)
    : oneOf(1)(value, path);

export const scenarioParser: Parser<Scenario> = demanding(
  object({
    format,
    name: demanding(text({ least: 1, most: 60 }), (name) =>
      /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ? null : { path: '', reason: 'a name has small letters, digits and single hyphens between them' },
    ),
    title: inBothLanguages(200),
    seed: integer({ least: 0, most: 4_294_967_295 }),
    cluster: clusterParser,
    commands: list(timedCommand, MOST_COMMANDS),
    text: optional(inBothLanguages(LIMITS.textChars)),
    claims: list(claimParser, 1000),
    untilMs: instantMs,
  }),
  claimProblem,
);

/** A scenario from outside, checked whole. Whether the cluster can be built so is Kafka's to say, when it runs. */
export function parseScenario(value: unknown): Parsed<Scenario> {
  return scenarioParser(value, '');
}

/** A scenario as a file holds it. */
export function parseScenarioText(source: string): Parsed<Scenario> {
  if (source.length > MOST_SCENARIO_CHARS) return refuse('', `the file has ${source.length} characters, at most ${MOST_SCENARIO_CHARS} are allowed`);
  const problem = jsonProblem(source);
  if (problem !== null) return refuse('', `line ${problem.line}, column ${problem.column}: this is no JSON: ${problem.reason}`);
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    return refuse('', `this is no JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`);
  }
  return parseScenario(value);
}
