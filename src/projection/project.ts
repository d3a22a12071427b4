import { resolveLogDirs } from '../engine/broker/logs/log-dirs.ts';
import type { ProducerState } from '../engine/client/producer/producer-state.ts';
import { arrayGet } from '../engine/kernel/persistent-array.ts';
import { mapEntries, mapGet, mapValues } from '../engine/kernel/persistent-map.ts';
import type { Ghosts } from '../engine/invariants/invariant.ts';
import { INVARIANT_IDS } from '../engine/invariants/invariant.ts';
import type { ProcessState } from '../engine/machine/process-kinds.ts';
import type { Runner } from '../engine/machine/runner.ts';
import { BROKER_CONFIG_DEFAULTS } from '../engine/broker/broker-config.ts';
import { isCut } from '../engine/world/commands.ts';
import type { KafkaServerState } from '../engine/process/kafka-server-state.ts';
import type { World } from '../engine/world/world-state.ts';
import { messagesOf } from './messages.ts';
import { diskOf, divergence, replicasOfFiles, replicasOfRunning } from './replica-rows.ts';
import { committedTree, topicsOf, truthOf } from './truth.ts';
import type {
  AdminView,
  BelievedLeader,
  CompressionView,
  BrokerView,
  ConfigView,
  ConsumerView,
  EnsembleView,
  EventView,
  InvariantView,
  LinkView,
  PartitionView,
  ProcessView,
  ProducerView,
  ReplicaView,
  RunView,
  View,
  ZooKeeperServerView,
} from './view.ts';

/** What a projection needs besides the world. */
export interface ProjectionInput {
  readonly world: World;
  readonly ghosts: Ghosts;
  readonly events: readonly EventView[];
}

/** The whole view of a world at this moment: a pure function of engine state and trace. */
export function projectView(input: ProjectionInput): View {
  const { world } = input;
  const tree = committedTree(world);
  const { topics, partitions } = topicsOf(tree);
  const brokers = markDivergence(
    world.runners.flatMap((runner) => brokerOf(runner, partitions)),
    partitions,
  );
  return {
    nowUs: world.nowUs,
    run: runOf(world),
    ensemble: ensembleOf(world),
    truth: truthOf(tree),
    topics,
    partitions,
    brokers,
    producers: world.runners.flatMap(producerOf),
    consumers: world.runners.flatMap(consumerOf),
    admins: world.runners.flatMap(adminOf),
    links: linksOf(world),
    ...messagesOf(world),
    events: input.events,
    invariants: invariantsOf(input.ghosts),
    configs: configsOf(world),
  };
}

function runOf(world: World): RunView {
  const { scenario } = world;
  const acks = scenario.cluster.producers[0]?.config.configs['acks'] ?? 'all';
  const minIsr = scenario.cluster.topics[0]?.configs?.['min.insync.replicas'] ?? '1';
  return {
    scenario: scenario.name,
    title: scenario.title,
    facts: `acks=${acks}, min.insync.replicas=${minIsr}`,
    mode: 'zookeeper',
    timing: scenario.cluster.timing,
    seed: world.seed,
    text: scenario.text ?? { en: '', ko: '' },
  };
}

function processOf(runner: Runner): ProcessView {
  const { power, process } = runner.state;
  if (power === 'off') return 'off';
  switch (process.status) {
    case 'starting':
    case 'paused':
    case 'killed':
      return process.status;
    case 'running':
      return isStopping(process.state) ? 'stopping' : isJoining(process.state) ? 'starting' : 'running';
    case 'exited':
    case 'off':
      return 'stopped';
  }
}

function isStopping(state: ProcessState | null): boolean {
  if (state?.kind !== 'kafka') return false;
  const { name } = state.state.phase;
  return name === 'controlledShutdown' || name === 'stopping' || name === 'closing';
}

/** A broker takes part once ZooKeeper has its registration; while it reads its logs it is `recovering`. */
function isJoining(state: ProcessState | null): boolean {
  return state?.kind === 'kafka' && (state.state.phase.name === 'starting' || state.state.phase.name === 'registering');
}

function ensembleOf(world: World): EnsembleView {
  const servers: ZooKeeperServerView[] = [];
  let inQuorumCount = 0;
  for (const runner of world.runners) {
    if (runner.environment.spec.process.kind !== 'zooKeeper') continue;
    const process = runner.state.process.state;
    const state = process?.kind === 'zooKeeper' ? process.state : null;
    const role = state === null ? 'none' : state.phase;
    if (state?.leading?.stage === 'broadcast') inQuorumCount = 1 + state.leading.learners.filter((learner) => learner.upToDate).length;
    servers.push({
      host: runner.environment.spec.host,
      serverId: runner.environment.spec.process.config.myid,
      process: processOf(runner),
      role,
      epoch: state?.currentEpoch ?? 0,
      lastZxid: state?.tree.lastZxid ?? 0,
    });
  }
  return { servers, inQuorumCount };
}

function brokerOf(runner: Runner, partitions: readonly PartitionView[]): BrokerView[] {
  const { spec } = runner.environment;
  if (spec.process.kind !== 'kafka') return [];
  const { process, disk } = runner.state;
  const state = process.state?.kind === 'kafka' ? process.state.state : null;
  const broker = state?.broker ?? null;
  const logDirs = resolveLogDirs(spec.process.config.configs);
  const replicas: readonly ReplicaView[] = broker === null ? replicasOfFiles(disk, logDirs, partitions) : replicasOfRunning(broker, disk, partitions);
  const view: BrokerView = {
    host: spec.host,
    brokerId: spec.process.config.brokerId,
    rack: spec.process.config.rack,
    process: processOf(runner),
    processSinceUs: process.statusSinceUs,
    recovering: state?.phase.name === 'recovering',
    isController: state?.controller.active !== null && state !== null,
    session: sessionOf(state),
    disk: diskOf(disk),
    logDirs: logDirs.map((dir) => dir.path),
    replicas,
  };
  return [view];
}

/** A session id of zeros belongs to one that has expired, or, before the broker was ever registered, to none yet. */
function sessionOf(state: KafkaServerState | null): BrokerView['session'] {
  const status = state?.session.status ?? 'closed';
  if (state === null || status === 'closed') return 'none';
  if (status === 'connected' || status === 'closing') return 'connected';
  return /^0+$/.test(state.session.sessionId) && state.registeredSessionId !== null ? 'expired' : 'connecting';
}

/** Marks where replicas part from the log of the leader that the cluster has. */
function markDivergence(brokers: readonly BrokerView[], partitions: readonly PartitionView[]): BrokerView[] {
  const leaders = new Map<string, ReplicaView>();
  for (const part of partitions) {
    const leader = brokers.find((broker) => broker.brokerId === part.leader)?.replicas.find((replica) => replica.key === part.key);
    if (leader !== undefined) leaders.set(part.key, leader);
  }
  return brokers.map((broker) => ({
    ...broker,
    replicas: broker.replicas.map((replica) => {
      const leader = leaders.get(replica.key);
      return leader === undefined || leader === replica ? replica : { ...replica, divergedFrom: divergence(replica, leader) };
    }),
  }));
}

function producerOf(runner: Runner): ProducerView[] {
  const { spec } = runner.environment;
  if (spec.process.kind !== 'producer') return [];
  const { config } = spec.process;
  const state = runner.state.process.state?.kind === 'producer' ? runner.state.process.state.state : null;
  const settings = state?.settings;
  const queued = state === null ? [] : mapValues(state.queues).flat();
  const leaders: BelievedLeader[] =
    state === null
      ? []
      : mapValues(state.metadata.topics).flatMap((topic) =>
          topic.partitions.map((part) => ({ key: `${topic.name}-${part.partition}`, leader: part.leader, leaderEpoch: part.leaderEpoch })),
        );
  const acks = config.configs['acks'] === '0' ? 0 : config.configs['acks'] === '1' ? 1 : -1;
  return [
    {
      host: spec.host,
      name: spec.host,
      process: processOf(runner),
      acks,
      idempotent: false,
      topic: config.workload.topic,
      inFlightCount: state?.requests.size ?? 0,
      maxInFlightPerConnection: settings?.maxInFlight ?? 5,
      compression: compressionOf(state),
      waitingRecordCount: queued.reduce((sum, batch) => sum + batch.records.length, 0) + (state?.blocked.length ?? 0),
      leaders,
      acknowledgedCount: state?.acknowledged ?? 0,
      failedCount: state?.failed ?? 0,
      lastError: null,
    },
  ];
}

function compressionOf(state: ProducerState | null): CompressionView | null {
  if (state === null || state.settings.compression.codec === 'none') return null;
  const { recordBytes, compressedBytes, cpuUs } = state.compressed;
  return { codec: state.settings.compression.codec, recordBytes, compressedBytes, cpuUs };
}

function consumerOf(runner: Runner): ConsumerView[] {
  const { spec } = runner.environment;
  if (spec.process.kind !== 'consumer') return [];
  const state = runner.state.process.state?.kind === 'consumer' ? runner.state.process.state.state : null;
  const parts = state === null ? [] : mapEntries(state.partitions);
  const leaderOf = (topic: string, partition: number): number =>
    state === null ? -1 : (mapGet(state.metadata.topics, topic)?.partitions[partition]?.leader ?? -1);
  return [
    {
      host: spec.host,
      name: spec.host,
      process: processOf(runner),
      group: null,
      lastError: null,
      consumedCount: parts.reduce((sum, [, part]) => sum + part.consumed, 0),
      positions: parts.map(([key, part]) => ({
        key,
        position: part.position,
        highWatermark: part.position === null ? null : part.highWatermark,
        leader: leaderOf(part.topic, part.partition),
      })),
    },
  ];
}

function adminOf(runner: Runner): AdminView[] {
  const { spec } = runner.environment;
  return spec.process.kind === 'admin' ? [{ host: spec.host, name: spec.host, process: processOf(runner) }] : [];
}

function linksOf(world: World): LinkView[] {
  const links: LinkView[] = [];
  world.runners.forEach((a, rank) => {
    for (const b of world.runners.slice(rank + 1)) {
      const there = isCut(a, b);
      const back = isCut(b, a);
      const slow = isSlow(a, b);
      if (!there && !back && !slow) continue;
      links.push({ a: a.environment.spec.host, b: b.environment.spec.host, cut: there && back ? 'both' : there ? 'aToB' : back ? 'bToA' : 'no', slow });
    }
  });
  return links;
}

function isSlow(a: Runner, b: Runner): boolean {
  const rank = b.environment.spec.rank;
  const link = arrayGet(a.state.links, rank);
  if (link === null || link === undefined) return false;
  const { zookeeperToZookeeper, brokerToZookeeper, brokerToBroker, clientToBroker } = a.environment.surroundings.links;
  return link.settings.latencyUs > Math.max(zookeeperToZookeeper.latencyUs, brokerToZookeeper.latencyUs, brokerToBroker.latencyUs, clientToBroker.latencyUs);
}

function invariantsOf(ghosts: Ghosts): InvariantView[] {
  return INVARIANT_IDS.map((id) => {
    const breach = ghosts.breaches.find((one) => one.invariant === id);
    return { id, holds: breach === undefined, detail: breach?.detail ?? '', brokenAtUs: breach?.at.atUs ?? null };
  });
}

/** What was set, by the timing profile or the scenario, beside Kafka's own value. */
function configsOf(world: World): ConfigView[] {
  const configs: ConfigView[] = [];
  const add = (of: string, texts: Readonly<Record<string, string>>, source: ConfigView['source'], defaults: Readonly<Record<string, string>>): void => {
    for (const [name, value] of Object.entries(texts)) configs.push({ of, name, value, kafkaDefault: defaults[name] ?? null, source });
  };
  const { cluster } = world.scenario;
  add('broker', world.profile.brokerConfigs, 'timing', BROKER_CONFIG_DEFAULTS);
  add('broker', cluster.brokerConfigs, 'scenario', BROKER_CONFIG_DEFAULTS);
  for (const topic of cluster.topics) add(`topic ${topic.topic}`, topic.configs ?? {}, 'scenario', BROKER_CONFIG_DEFAULTS);
  for (const producer of cluster.producers) add(producer.name, { ...world.profile.producerConfigs, ...producer.config.configs }, 'scenario', {});
  return configs;
}
