import type { Claim } from '../../engine/world/claim.ts';
import type { Scenario } from '../../engine/world/scenario.ts';

type Problem = { readonly path: string; readonly reason: string } | null;

/** Names that a run of this scenario can come to have. */
interface Known {
  readonly untilMs: number;
  readonly topics: ReadonlySet<string>;
  readonly brokers: ReadonlySet<number>;
  readonly machines: ReadonlySet<string>;
  readonly clients: ReadonlySet<string>;
}

/** Why a claim of this scenario could never be judged, or would hold whatever happens: a time outside the run, a name that nothing bears. */
export function claimProblem(scenario: Scenario): Problem {
  const known = knownOf(scenario);
  for (const [i, claim] of scenario.claims.entries()) {
    const problem = timeProblem(known, claim) ?? nameProblem(known, claim);
    if (problem !== null) return { path: `claims[${i}].${problem.path}`, reason: problem.reason };
  }
  return null;
}

function knownOf(scenario: Scenario): Known {
  const { cluster } = scenario;
  const topics = new Set(cluster.topics.map((one) => one.topic));
  const brokers = new Set(cluster.brokers.map((one) => one.brokerId));
  const clients = new Set(['admin', ...[...cluster.producers, ...cluster.consumers].map((one) => one.name)]);
  for (const { command } of scenario.commands) {
    if (command.type === 'createTopic') topics.add(command.topic);
    if (command.type === 'addBroker') brokers.add(command.brokerId);
    if (command.type === 'addProducer' || command.type === 'addConsumer') clients.add(command.name);
  }
  const servers = Array.from({ length: cluster.zookeeperServers }, (_, i) => `zk${i + 1}`);
  return { untilMs: scenario.untilMs, topics, brokers, clients, machines: new Set([...clients, ...servers, ...[...brokers].map((id) => `b${id}`)]) };
}

function timeProblem(known: Known, claim: Claim): Problem {
  if (claim.atMs > known.untilMs) return { path: 'atMs', reason: `is ${claim.atMs}, but the scenario ends at ${known.untilMs}` };
  if ('sinceMs' in claim && claim.sinceMs !== undefined && claim.sinceMs >= claim.atMs) return { path: 'sinceMs', reason: `is not before atMs, ${claim.atMs}` };
  return claim.type === 'highWatermarkUnchanged' && claim.fromMs >= claim.atMs ? { path: 'fromMs', reason: `is not before atMs, ${claim.atMs}` } : null;
}

function nameProblem(known: Known, claim: Claim): Problem {
  const fields = claim as { readonly topic?: string; readonly brokerId?: number; readonly client?: string; readonly machine?: string };
  return (
    namesProblem(known, fields, '') ??
    patternsOf(claim)
      .map(({ path, where }) => namesProblem(known, where, path))
      .find((problem) => problem !== null) ??
    null
  );
}

function patternsOf(claim: Claim): { path: string; where: Readonly<Record<string, unknown>> }[] {
  if (claim.type === 'traceCount') return [{ path: 'where.', where: claim.where ?? {} }];
  return claim.type === 'inOrder' ? claim.events.map((one, i) => ({ path: `events[${i}].where.`, where: one.where ?? {} })) : [];
}

function namesProblem(
  known: Known,
  fields: { readonly topic?: unknown; readonly brokerId?: unknown; readonly client?: unknown; readonly machine?: unknown; readonly host?: unknown },
  path: string,
): Problem {
  const { topic, brokerId, client, machine, host } = fields;
  if (typeof topic === 'string' && !known.topics.has(topic)) return { path: `${path}topic`, reason: `nothing creates a topic named ${JSON.stringify(topic)}` };
  if (typeof brokerId === 'number' && brokerId >= 0 && !known.brokers.has(brokerId))
    return { path: `${path}brokerId`, reason: `there is no broker ${brokerId}` };
  if (typeof client === 'string' && !known.clients.has(client)) return { path: `${path}client`, reason: `there is no client named ${JSON.stringify(client)}` };
  for (const [name, value] of Object.entries({ machine, host }))
    if (typeof value === 'string' && !known.machines.has(value))
      return { path: `${path}${name}`, reason: `there is no machine named ${JSON.stringify(value)}` };
  return null;
}
