import { assert } from '../kernel/assert.ts';
import type { MachineRank } from '../kernel/units.ts';
import type { MachineKind, MachineSpec } from '../machine/contract.ts';
import type { ProcessSpec } from '../machine/process-kinds.ts';
import type { Command, ConsumerSpec, ProducerSpec } from './command.ts';
import type { Scenario } from './scenario.ts';
import { timingProfile, type TimingProfile } from './timing-profile.ts';
import type { World } from './world-state.ts';

/** The machine from which topics are created and described. */
export const ADMIN_HOST = 'admin';
export const BROKER_PORT = 9092;

export interface BuiltMachine {
  readonly kind: MachineKind;
  readonly machine: MachineSpec;
}

export interface BuiltCluster {
  readonly profile: TimingProfile;
  readonly machines: readonly BuiltMachine[];
}

/** The machines of a scenario in order of rank: ensemble, brokers, admin client, producers, consumers. */
export function buildCluster(scenario: Scenario): BuiltCluster {
  const { cluster } = scenario;
  const profile = timingProfile(cluster.timing);
  assert([1, 3, 5].includes(cluster.zookeeperServers), `1, 3 or 5 ZooKeeper servers, got ${cluster.zookeeperServers}`);
  const machines: BuiltMachine[] = [];
  const add = (kind: MachineKind, host: string, process: ProcessSpec): void => {
    machines.push({ kind, machine: { rank: machines.length, host, process, profile: profileOf(profile, kind) } });
  };
  for (let myid = 1; myid <= cluster.zookeeperServers; myid++) add('zookeeper', `zk${myid}`, zooKeeperProcess(scenario, profile, myid));
  for (const broker of cluster.brokers) add('broker', brokerHost(broker.brokerId), brokerProcess(scenario, profile, broker));
  add('client', ADMIN_HOST, adminProcess(scenario, profile));
  for (const producer of cluster.producers) add('client', producer.name, producerProcess(scenario, profile, producer));
  for (const consumer of cluster.consumers) add('client', consumer.name, consumerProcess(scenario, profile, consumer));
  return { profile, machines };
}

export function brokerHost(brokerId: number): string {
  return `b${brokerId}`;
}

/** Client programs start at once: there is no JVM to wait for on the learner's side. */
function profileOf(profile: TimingProfile, kind: MachineKind): TimingProfile['machine'] {
  return kind === 'broker' ? profile.machine : { ...profile.machine, processStartUs: Math.floor(profile.machine.processStartUs / 4) };
}

/** The machine that a topology command adds, or null for other commands. */
export function machineOfTopologyCommand(world: World, command: Command): BuiltMachine | null {
  const rank: MachineRank = world.runners.length;
  const { scenario, profile } = world;
  switch (command.type) {
    case 'addBroker':
      return built('broker', { rank, host: brokerHost(command.brokerId), process: brokerProcess(scenario, profile, command), profile: profile.machine });
    case 'addProducer':
      return built('client', { rank, host: command.name, process: producerProcess(scenario, profile, command), profile: profileOf(profile, 'client') });
    case 'addConsumer':
      return built('client', { rank, host: command.name, process: consumerProcess(scenario, profile, command), profile: profileOf(profile, 'client') });
    default:
      return null;
  }
}

function built(kind: MachineKind, machine: MachineSpec): BuiltMachine {
  return { kind, machine };
}

function zooKeeperProcess(scenario: Scenario, profile: TimingProfile, myid: number): ProcessSpec {
  const servers = zooKeeperHosts(scenario).map((host, i) => ({ id: i + 1, host }));
  return { kind: 'zooKeeper', config: { myid, servers, ...profile.zookeeper } };
}

function zooKeeperHosts(scenario: Scenario): string[] {
  return Array.from({ length: scenario.cluster.zookeeperServers }, (_, i) => `zk${i + 1}`);
}

function brokerProcess(scenario: Scenario, profile: TimingProfile, broker: { readonly brokerId: number; readonly rack?: string }): ProcessSpec {
  const configs = { ...profile.brokerConfigs, ...scenario.cluster.brokerConfigs };
  return {
    kind: 'kafka',
    config: {
      brokerId: broker.brokerId,
      rack: broker.rack ?? null,
      host: brokerHost(broker.brokerId),
      port: BROKER_PORT,
      zookeeperServers: zooKeeperHosts(scenario),
      configs,
    },
  };
}

/** Clients are given every broker of the scenario as bootstrap servers. */
function bootstrapOf(scenario: Scenario): { host: string; port: number }[] {
  return scenario.cluster.brokers.map((broker) => ({ host: brokerHost(broker.brokerId), port: BROKER_PORT }));
}

function adminProcess(scenario: Scenario, profile: TimingProfile): ProcessSpec {
  const { brokers, topics } = scenario.cluster;
  return {
    kind: 'admin',
    config: { clientId: ADMIN_HOST, bootstrap: bootstrapOf(scenario), configs: profile.adminConfigs, setUp: { brokerCount: brokers.length, topics } },
  };
}

function producerProcess(scenario: Scenario, profile: TimingProfile, producer: { readonly name: string; readonly config: ProducerSpec }): ProcessSpec {
  const { configs, ...workload } = producer.config;
  return {
    kind: 'producer',
    config: { clientId: producer.name, bootstrap: bootstrapOf(scenario), configs: { ...profile.producerConfigs, ...configs }, workload },
  };
}

function consumerProcess(scenario: Scenario, profile: TimingProfile, consumer: { readonly name: string; readonly config: ConsumerSpec }): ProcessSpec {
  const { configs, ...assigned } = consumer.config;
  return {
    kind: 'consumer',
    config: { clientId: consumer.name, bootstrap: bootstrapOf(scenario), configs: { ...profile.consumerConfigs, ...configs }, ...assigned },
  };
}
